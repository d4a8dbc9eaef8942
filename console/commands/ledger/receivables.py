"""``ichub ledger receivable``: register, pledge, release and settle receivables, each financed once at the most."""

from typing import Annotated

import msgspec
import typer

from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.receivables.records import ById, Pledge
from console.amounts import parse_hex
from console.commands.ledger.invoking import invoke_and_tell, query_and_show
from console.commands.ledger.options import As, Endorse, Home
from console.options import Json

app = typer.Typer(help="Receivables: registered once among all banks, financed by one.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="0xID", help="The receivable, as registering or checking it told.")]
Seller = Annotated[str, typer.Option(help="The seller's registration number.")]
Buyer = Annotated[str, typer.Option(help="The buyer's registration number.")]
Number = Annotated[str, typer.Option(help="The invoice's number.")]
Minor = Annotated[int, typer.Option("--amount", help="In minor units: cents, fen.")]
Currency = Annotated[str, typer.Option(help="ISO 4217, such as CNY.")]
Issued = Annotated[str, typer.Option("--date", help="When it was issued, YYYY-MM-DD.")]


@app.command()
def register(
    seller: Seller, buyer: Buyer, number: Number, amount: Minor, currency: Currency, date: Issued,
    home: Home = None, member: As = None, endorse: Endorse = None, json: Json = False,
) -> None:  # fmt: skip
    """Register an invoice or receivable; `check` tells its ID and what is much like it.

    Example: ichub ledger receivable register --seller 9131X --buyer 9144Y --number A-17 --amount 125000 --currency CNY
    --date 2026-03-01
    """
    invoke_and_tell(
        "receivables", "register", _terms(seller, buyer, number, amount, currency, date), home, member, json, endorse
    )


@app.command()
def check(
    seller: Seller, buyer: Buyer, number: Number, amount: Minor, currency: Currency, date: Issued,
    home: Home = None, member: As = None, json: Json = False,
) -> None:  # fmt: skip
    """What registering would give: the ID, whether it is registered, and its near-duplicates. Nothing is kept.

    Example: ichub ledger receivable check --seller 9131X --buyer 9144Y --number A-17 --amount 125000 --currency CNY
    --date 2026-03-01
    """
    query_and_show("receivables", "check", _terms(seller, buyer, number, amount, currency, date), home, member, json)


@app.command()
def pledge(
    receivable: Id,
    acknowledge: Annotated[
        list[str] | None, typer.Option(help="A pledged near-duplicate that the bank has looked at; several times.")
    ] = None,
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    json: Json = False,
) -> None:
    """Finance a receivable, as the only bank.

    Example: ichub ledger receivable pledge 0x5d… --as bank-a/ann
    """
    seen = tuple(parse_hex(one, "a receivable's ID") for one in acknowledge or ())
    asked = Pledge(parse_hex(receivable, "a receivable's ID"), seen)
    invoke_and_tell("receivables", "pledge", write_json(asked), home, member, json, endorse)


@app.command()
def release(receivable: Id, home: Home = None, member: As = None, endorse: Endorse = None, json: Json = False) -> None:
    """Finance it no more; it was not paid, and another bank may.

    Example: ichub ledger receivable release 0x5d… --as bank-a/ann
    """
    invoke_and_tell("receivables", "release", _by_id(receivable), home, member, json, endorse)


@app.command()
def discharge(
    receivable: Id, home: Home = None, member: As = None, endorse: Endorse = None, json: Json = False
) -> None:
    """It is settled, for good.

    Example: ichub ledger receivable discharge 0x5d… --as bank-a/ann
    """
    invoke_and_tell("receivables", "discharge", _by_id(receivable), home, member, json, endorse)


@app.command()
def status(receivable: Id, home: Home = None, member: As = None, json: Json = False) -> None:
    """What a receivable is, as far as one's own organisation may know.

    Example: ichub ledger receivable status 0x5d…
    """
    query_and_show("receivables", "status", _by_id(receivable), home, member, json)


def _by_id(text: str) -> bytes:
    return write_json(ById(parse_hex(text, "a receivable's ID")))


def _terms(seller: str, buyer: str, number: str, amount: int, currency: str, date: str) -> bytes:
    """As JSON, to be read and refused by the contract: it names what is wrong."""
    fields = {
        "seller": seller,
        "buyer": buyer,
        "number": number,
        "amount": str(amount),
        "currency": currency,
        "issued_on": date,
    }
    return msgspec.json.encode(fields)
