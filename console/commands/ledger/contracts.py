"""``ichub ledger contract`` and ``history``: contracts, and who changed what."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from adapters.permissioned.ledger.client import Endorse as Endorsing
from adapters.permissioned.ledger.contracts.errors import EndorsementMissing
from adapters.permissioned.ledger.contracts.installed import read_sources
from adapters.permissioned.ledger.contracts.linter import lint_package
from adapters.permissioned.ledger.contracts.policy import named_organisations, parse_policy
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.errors import CertificateUnknown
from adapters.permissioned.ledger.messages import InvokeContract
from adapters.permissioned.ledger.transactions import MemberSignature
from console.amounts import moment
from console.commands.ledger.options import As, Endorse, Home
from console.exits import CheckFailed, Misused, Refused
from console.ledger_home import find_ledger_home
from console.ledger_session import connect, ledger_of, who
from console.options import Json
from console.output import Output
from console.session import run
from hub.quantities import Hash

app = typer.Typer(help="Contracts: reviewed code, pinned by hash, active by vote.", no_args_is_help=True)

Arguments = Annotated[str, typer.Argument(help="The method's argument as JSON.")]


@app.command("list")
def list_contracts(home: Home = None, member: As = None, json: Json = False) -> None:
    """List the contracts that were ever voted for.

    Example: ichub ledger contract list
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.contracts()
        rows = [
            {"contract": one.contract, "version": one.version, "policy": one.policy, "retired": one.retired,
             "can_be_endorsed": one.can_be_endorsed, "package": one.package_hash}
            for one in found
        ]  # fmt: skip
        Output(json).rows("Contracts", rows, "no contracts yet: `ichub ledger proposal activate-contract NAME`")

    run(work())


@app.command()
def lint(folder: Annotated[Path, typer.Argument(help="The package's folder.")], json: Json = False) -> None:
    """Look through a contract's package for what nodes could not agree on. Exit code 5 where there is any.

    Example: ichub ledger contract lint ./meters
    """
    if not (folder / "__init__.py").is_file():
        raise Misused(f"{folder} is no Python package (it has no __init__.py): name the package's folder")
    findings = lint_package(read_sources(folder))
    rows = [{"file": one.path, "line": one.line, "rule": one.rule, "what": one.text} for one in findings]
    Output(json).rows("Findings", rows, "nothing was found")
    if findings:
        raise CheckFailed(f"{len(findings)} things to mend: a node refuses the package as it is")


@app.command()
def invoke(
    contract: Annotated[str, typer.Argument()],
    method: Annotated[str, typer.Argument()],
    arguments: Arguments = "{}",
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    json: Json = False,
) -> None:
    """Invoke a method by a transaction of a member.

    Example: ichub ledger contract invoke documents revoke '{"document_hash": "0x…", "reason": "lost"}'

    What others must sign too: ichub ledger contract invoke receivables transfer '{"receivable_id": "0x…", "to":
    "bank-b"}' --endorse bank-b/admin
    """
    invoke_and_tell(contract, method, arguments.encode(), home, member, json, endorse)


@app.command()
def query(
    contract: Annotated[str, typer.Argument()],
    method: Annotated[str, typer.Argument()],
    arguments: Arguments = "{}",
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Ask a contract; nothing is changed.

    Example: ichub ledger contract query documents by_issuer '{"name": "bank-a"}'
    """
    query_and_show(contract, method, arguments.encode(), home, member, json)


def history(
    contract: Annotated[str, typer.Argument()],
    collection: Annotated[str, typer.Argument()],
    key: Annotated[str, typer.Argument(help="The record's key; its parts joined by /.")],
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Show every change of a record: who, under which certificate, in which block, endorsed by whom.

    Example: ichub ledger history documents documents 0x2cf2…
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.history(contract, collection, key)
        rows = [
            {"block": one.height, "time": moment(one.time), "change": one.kind.name.lower(), "by": one.caller,
             "method": one.method, "signed_by": [f"{each.member} 0x{each.certificate.hex()}" for each in one.signers],
             "value_hash": one.value_hash, "transaction": one.transaction_hash}
            for one in found
        ]  # fmt: skip
        Output(json).rows(f"{contract}/{collection}/{key}", rows, "nothing has happened to it")

    run(work())


def invoke_and_tell(
    contract: str,
    method: str,
    arguments: bytes,
    home: Path | None,
    member: str | None,
    as_json: bool,
    endorse: list[str] | None,
) -> None:
    """Have it signed by all who endorse it, invoke, and say where it stands."""

    async def work() -> None:
        place = find_ledger_home(home)
        endorsers = [MemberKey.read(*place.member_files(name)) for name in endorse or ()]
        async with await connect(place, who(place, member)) as ledger:
            asked = [(one.fingerprint, _endorsing(one, ledger.genesis_hash)) for one in endorsers]
            with _endorsement_explained(endorsers):
                receipt = await ledger.submit([InvokeContract(contract, method, arguments)], endorse=asked)
        text = f"done: {contract}.{method} stands in block {receipt.height}"
        Output(as_json).done(text, height=receipt.height, transaction=receipt.hash)

    run(work())


def _endorsing(key: MemberKey, genesis_hash: Hash) -> Endorsing:
    async def sign(body: bytes) -> MemberSignature:
        return key.sign(genesis_hash, body)

    return sign


@contextmanager
def _endorsement_explained(endorsers: Sequence[MemberKey]) -> Iterator[None]:
    """Says whose signatures a policy could still count, and which endorser is not enrolled; raises Refused."""
    try:
        yield
    except EndorsementMissing as error:
        signed = error.endorsers.split(", ")
        missing = [name for name in named_organisations(parse_policy(error.policy)) if name not in signed]
        text = f"{error}, not of {', '.join(missing)}: add --endorse ORG/NAME for each that must sign"
        raise Refused(text, error.reason(), **error.values()) from error
    except CertificateUnknown as error:
        for one in endorsers:
            if one.fingerprint == error.fingerprint:
                text = f"{one.member} cannot endorse before it is enrolled: `ichub ledger enrol {one.member}`"
                raise Refused(text, error.reason(), **error.values()) from error
        raise


def query_and_show(
    contract: str, method: str, arguments: bytes, home: Path | None, member: str | None, as_json: bool
) -> None:
    """Ask, and show the answer field by field."""

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            answer: Any = msgspec.json.decode(await ledger.query(contract, method, arguments))
        told = answer if isinstance(answer, dict) else {"answer": answer}
        Output(as_json).record(f"{contract}.{method}", told if as_json else _for_people(told))

    run(work())


def _for_people(answer: dict[str, Any]) -> dict[str, Any]:
    """Times as dates, no bytes as nothing; within records what says nothing is left out."""
    return {name: _readable(name, value) for name, value in answer.items()}


def _readable(name: str, value: Any) -> Any:
    match value:
        case dict():
            inner = {field: _readable(field, one) for field, one in value.items()}
            return {field: one for field, one in inner.items() if one not in ("", [], {}) and one is not None}
        case list():
            return [_readable(name, one) for one in value]
        case "0x":
            return ""
        case str() if value.isdigit() and name.endswith(("_at", "_from", "_until")):
            return moment(int(value))
        case _:
            return value
