"""``ichub ledger proposal``: what organisations decide by vote."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger.answers import ProposalInfo
from adapters.permissioned.ledger.contracts.installed import find_installed
from adapters.permissioned.ledger.messages import Vote
from console.amounts import moment
from console.commands.ledger.hub_connection import replace_client
from console.commands.ledger.options import As, Home
from console.commands.ledger.proposing import DAY, ValidFor, propose, warn_of_power
from console.consortium import read_authorities
from console.exits import Misused
from console.ledger_session import ledger_of
from console.options import Json
from console.output import Output
from console.session import run

app = typer.Typer(
    help="Proposals: organisations decide who belongs, which contracts run, every parameter.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(help="The proposal's number, as `ichub ledger proposal list` shows it.")]
Contract = Annotated[str, typer.Argument(help="A contract's name, as `ichub ledger contract list` shows it.")]


@app.command("list")
def list_proposals(home: Home = None, member: As = None, json: Json = False) -> None:
    """List all proposals, with what became of them.

    Example: ichub ledger proposal list
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.proposals()
        Output(json).rows("Proposals", [_row(one) for one in found], "no proposals yet")

    run(work())


@app.command()
def show(number: Number, home: Home = None, member: As = None, json: Json = False) -> None:
    """Show a proposal, its action in full, and who voted how.

    Example: ichub ledger proposal show 1
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.proposal(number)
        output = Output(json)
        votes = [f"{one.organisation}/{one.name}: {'yes' if one.approve else 'no'}" for one in found.ballots]
        output.record(f"Proposal {number}", {**_row(found), "fields": _fields(found.action), "votes": votes})
        warn_of_power(output, found)

    run(work())


@app.command()
def vote(
    number: Number,
    approve: Annotated[bool | None, typer.Option("--yes/--no", help="For or against.", show_default=False)] = None,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Cast the vote of an admin's organisation, once a proposal.

    Example: ichub ledger proposal vote 1 --yes --as customs/admin
    """
    if approve is None:
        raise Misused(f"say how: --yes or --no; `ichub ledger proposal show {number}` tells what it is about")
    output = Output(json)

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            await ledger.submit([Vote(number, approve)])
            found = await ledger.proposal(number)
        warn_of_power(output, found)
        outcome, yes = found.outcome.name.lower(), f"{found.approving} of {found.organisations}"
        text = f"voted; proposal {number} is {outcome}, {yes} for it"
        output.done(text, **_row(found))

    run(work())


@app.command("add-organisation")
def add_organisation(
    organisation: Annotated[str, typer.Argument(help="Its identifier.")],
    authority: Annotated[Path, typer.Option(help="Its root authority's certificate, PEM.")],
    name: Annotated[str, typer.Option(help="As people call it. Default: its identifier.")] = "",
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose that an organisation joins.

    Example: ichub ledger proposal add-organisation port --authority port-ca.pem
    """
    ders = read_authorities(authority)
    propose(a.AddOrganisation(organisation, name or organisation, ders), valid_for, home, member, json)


@app.command("remove-organisation")
def remove_organisation(
    organisation: Annotated[str, typer.Argument(help="Its identifier.")],
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose that an organisation leaves: its members act no more.

    Example: ichub ledger proposal remove-organisation port
    """
    propose(a.RemoveOrganisation(organisation), valid_for, home, member, json)


@app.command("add-authority")
def add_authority(
    organisation: Annotated[str, typer.Argument(help="Whose authority it is.")],
    certificate: Annotated[Path, typer.Argument(metavar="CERT", help="The authority's certificate, PEM.")],
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose another certificate authority of an organisation, or a renewed certificate of one.

    Example: ichub ledger proposal add-authority bank-a bank-a-ca-2.pem
    """
    found = read_authorities(certificate)
    if len(found) != 1:
        raise Misused(f"{certificate} holds {len(found)} certificates: propose each by itself, the root first")
    propose(a.AddAuthority(organisation, found[0]), valid_for, home, member, json)


@app.command("remove-authority")
def remove_authority(
    authority: Annotated[str, typer.Argument(metavar="AUTHORITY_ID", help="As `ichub ledger ca list` shows it.")],
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose that a certificate authority is removed: what it signed counts no more.

    Example: ichub ledger proposal remove-authority 0x5f3c...
    """
    if not re.fullmatch("0x[0-9a-fA-F]{64}", authority):
        raise Misused(f"{authority} is no authority's identifier (0x and 64 hex digits): see `ichub ledger ca list`")
    identifier = bytes.fromhex(authority[2:])
    propose(a.RemoveAuthority(identifier), valid_for, home, member, json)


@app.command("activate-contract")
def activate_contract(
    contract: Annotated[
        str,
        typer.Argument(help="A contract that is installed here, as NAME; NAME.VERSION for an earlier one beside it."),
    ],
    policy: Annotated[str, typer.Option(help="Whose endorsement its transactions need.")] = "any member",
    upgrade: Annotated[bool, typer.Option("--upgrade", help="In the place of the version that is active.")] = False,
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose that the contract that is installed here becomes active, pinned by its package's hash.

    Example: ichub ledger proposal activate-contract documents --policy "2 of (bank-a, bank-b, customs)"
    """
    package = find_installed().get(contract)
    if package is None:
        raise Misused(f"{contract} is not installed here: `ichub ledger contract list` shows what is active")
    kind = a.UpgradeContract if upgrade else a.ActivateContract
    propose(kind(package.shape.name, package.shape.version, package.hash, policy), valid_for, home, member, json)


@app.command("change-policy")
def change_policy(
    contract: Contract,
    policy: Annotated[str, typer.Argument(help='Such as "any member" or "bank-a and (customs or port)".')],
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose another endorsement policy for a contract.

    Example: ichub ledger proposal change-policy documents "bank-a and bank-b"
    """
    propose(a.ChangePolicy(contract, policy), valid_for, home, member, json)


@app.command("retire-contract")
def retire_contract(
    contract: Contract,
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose that nobody invokes a contract any more; its data stays.

    Example: ichub ledger proposal retire-contract documents
    """
    propose(a.RetireContract(contract), valid_for, home, member, json)


@app.command("change-parameters")
def change_parameters(
    changes: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="All take effect together.")],
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose other values of parameters; `ichub ledger query parameters` shows them.

    Example: ichub ledger proposal change-parameters votes_numerator=2 votes_denominator=3
    """
    propose(a.ChangeParameters(tuple(map(_change, changes))), valid_for, home, member, json)


app.command("replace-client")(replace_client)


def _change(text: str) -> a.ParameterChange:
    name, _, value = text.partition("=")
    if not (name and value.isascii() and value.isdigit()):
        raise Misused(f"{text} is no change of a parameter: write its name, = and a whole number")
    return a.ParameterChange(name, int(value))


def _row(one: ProposalInfo) -> dict[str, object]:
    return {
        "number": one.number,
        "action": type(one.action).__name__,
        "by": f"{one.organisation}/{one.name}",
        "outcome": one.outcome.name.lower(),
        "yes": one.approving,
        "no": one.against,
        "of": one.organisations,
        "open_until": moment(one.expiry),
        "message": one.message,
    }


def _fields(action: a.Action) -> list[str]:
    return [f"{name}: {_text(value)}" for name, value in msgspec.structs.asdict(action).items()]


def _text(value: object) -> str:
    match value:
        case bytes() if len(value) > 32:  # a certificate, most likely: known by its fingerprint
            return f"0x{sha256(value).hexdigest()} (sha256 of {len(value)} bytes)"
        case bytes():
            return "0x" + value.hex()
        case a.ParameterChange(name, new):
            return f"{name} = {new}"
        case tuple():
            return ", ".join(map(_text, value)) or "none"
        case msgspec.Struct():
            fields = ", ".join(f"{name} {_text(one)}" for name, one in msgspec.structs.asdict(value).items())
            return f"{type(value).__name__}: {fields}"
        case _:
            return str(value)
