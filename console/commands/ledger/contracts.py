"""``ichub ledger contract`` and ``history``: contracts, and who changed what."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from adapters.permissioned.ledger.contracts.installed import read_sources
from adapters.permissioned.ledger.contracts.linter import lint_package
from adapters.permissioned.ledger.messages import InvokeContract
from console.amounts import moment
from console.commands.ledger.options import As, Home
from console.exits import CheckFailed, Misused
from console.ledger_session import ledger_of
from console.options import Json
from console.output import Output
from console.session import run

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
    json: Json = False,
) -> None:
    """Invoke a method by a transaction of a member.

    Example: ichub ledger contract invoke documents revoke '{"document_hash": "0x…", "reason": "lost"}'
    """
    invoke_and_tell(contract, method, arguments.encode(), home, member, json)


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
    contract: str, method: str, arguments: bytes, home: Path | None, member: str | None, as_json: bool
) -> None:
    """Invoke, and say where it stands."""

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            receipt = await ledger.submit([InvokeContract(contract, method, arguments)])
        text = f"done: {contract}.{method} stands in block {receipt.height}"
        Output(as_json).done(text, height=receipt.height, transaction=receipt.hash)

    run(work())


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
