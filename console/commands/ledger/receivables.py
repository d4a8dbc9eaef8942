"""``ichub ledger receivable``: register, pledge, release and settle receivables, each financed once at the most."""

from typing import Annotated

import msgspec
import typer

from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.receivables.records import ById, Listing, Pledge, Standing, Standings, Transfer
from console.amounts import moment, parse_hex
from console.commands.ledger.invoking import invoke_and_tell, query_and_show, query_pages
from console.commands.ledger.options import As, DraftFile, Endorse, Home, Signing
from console.exits import Misused
from console.ledger_session import ledger_of
from console.options import Json
from console.output import Output
from console.session import run

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
    home: Home = None, member: As = None, endorse: Endorse = None, draft: DraftFile = None, json: Json = False,
) -> None:  # fmt: skip
    """Register an invoice or receivable, once among all banks; says its ID, and what is much like it.

    Example: ichub ledger receivable register --seller 9131X --buyer 9144Y --number A-17 --amount 125000 --currency CNY
    --date 2026-03-01
    """
    invoke_and_tell(
        "receivables",
        "register",
        _terms(seller, buyer, number, amount, currency, date),
        Signing(home, member, endorse, draft),
        json,
        then="check",
    )


@app.command()
def check(
    seller: Seller, buyer: Buyer, number: Number, amount: Minor, currency: Currency, date: Issued,
    home: Home = None, member: As = None, json: Json = False,
) -> None:  # fmt: skip
    """Ask what registering would give: the ID, its state, its near-duplicates. Nothing is kept.

    Example: ichub ledger receivable check --seller 9131X --buyer 9144Y --number A-17 --amount 125000 --currency CNY
    --date 2026-03-01
    """
    query_and_show(
        "receivables", "check", _terms(seller, buyer, number, amount, currency, date), Signing(home, member), json
    )


@app.command()
def pledge(
    receivable: Id,
    acknowledge: Annotated[
        list[str] | None,
        typer.Option(metavar="0xID", help="A pledged near-duplicate that the bank has looked at; several times."),
    ] = None,
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    draft: DraftFile = None,
    json: Json = False,
) -> None:
    """Finance a receivable, as the only bank.

    Example: ichub ledger receivable pledge 0x5d… --as bank-a/ann
    """
    seen = tuple(_id(one) for one in acknowledge or ())
    asked = Pledge(_id(receivable), seen)
    invoke_and_tell("receivables", "pledge", write_json(asked), Signing(home, member, endorse, draft), json)


@app.command()
def release(
    receivable: Id,
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    draft: DraftFile = None,
    json: Json = False,
) -> None:
    """Finance it no more: it was not paid, and another bank may.

    Example: ichub ledger receivable release 0x5d… --as bank-a/ann
    """
    invoke_and_tell("receivables", "release", _by_id(receivable), Signing(home, member, endorse, draft), json)


@app.command()
def transfer(
    receivable: Id,
    to: Annotated[str, typer.Option(metavar="ORG", help="The bank that takes it over, and must sign too.")],
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    draft: DraftFile = None,
    json: Json = False,
) -> None:
    """Hand the pledge to another bank, which signs too.

    With --endorse where its key is in this home, else with --draft and `ichub ledger endorse` at its own.

    Example: ichub ledger receivable transfer 0x5d… --to bank-b --draft transfer.json
    """
    asked = Transfer(_id(receivable), to)
    invoke_and_tell("receivables", "transfer", write_json(asked), Signing(home, member, endorse, draft), json)


@app.command()
def discharge(
    receivable: Id,
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    draft: DraftFile = None,
    json: Json = False,
) -> None:
    """Say that it is settled, for good.

    Example: ichub ledger receivable discharge 0x5d… --as bank-a/ann
    """
    invoke_and_tell("receivables", "discharge", _by_id(receivable), Signing(home, member, endorse, draft), json)


@app.command()
def status(receivable: Id, home: Home = None, member: As = None, json: Json = False) -> None:
    """Tell what a receivable is, as far as one's organisation may know.

    Example: ichub ledger receivable status 0x5d…
    """
    query_and_show("receivables", "status", _by_id(receivable), Signing(home, member), json)


@app.command("held")
def list_held(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """List what one's own organisation finances, the oldest first.

    Example: ichub ledger receivable held --as bank-a/ann
    """

    async def work() -> list[Standing]:
        found: list[Standing] = []
        async with ledger_of(home, member) as ledger:
            async for page in query_pages(ledger, "receivables", "held", Listing, Standings):
                found += page.receivables
                if len(found) >= limit:
                    break
        return found[:limit]

    rows = [
        {"receivable": one.receivable_id, "since": moment(one.since), "acknowledged": one.acknowledged}
        for one in run(work())
    ]
    Output(json).rows("Held", rows, "none: `ichub ledger receivable pledge 0xID` finances one")


def _id(text: str) -> bytes:
    found = parse_hex(text, "a receivable's ID")
    if len(found) != 32:
        raise Misused(f"{text} is no receivable's ID: it has 32 bytes, as registering or checking it told")
    return found


def _by_id(text: str) -> bytes:
    return write_json(ById(_id(text)))


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
