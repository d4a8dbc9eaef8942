"""``ichub ledger contract``: contracts, what is invoked of them and asked."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger.contracts.installed import read_sources
from adapters.permissioned.ledger.contracts.linter import lint_package
from console.commands.ledger.invoking import invoke_and_tell, query_and_show
from console.commands.ledger.options import As, DraftFile, Endorse, Home, Signing
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
    contract: Annotated[str, typer.Argument(help="Its name.")],
    method: Annotated[str, typer.Argument(help="One of its methods (docs/contracts.md).")],
    arguments: Arguments = "{}",
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    draft: DraftFile = None,
    json: Json = False,
) -> None:
    """Invoke a method by a transaction of a member.

    Example: ichub ledger contract invoke documents revoke '{"document_hash": "0x…", "reason": "lost"}'

    What others must sign too: ichub ledger contract invoke receivables transfer '{"receivable_id": "0x…", "to":
    "bank-b"}' --endorse bank-b/admin
    """
    invoke_and_tell(contract, method, arguments.encode(), Signing(home, member, endorse, draft), json)


@app.command()
def query(
    contract: Annotated[str, typer.Argument(help="Its name.")],
    method: Annotated[str, typer.Argument(help="One of its methods (docs/contracts.md).")],
    arguments: Arguments = "{}",
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Ask a contract; nothing is changed.

    Example: ichub ledger contract query documents by_issuer '{"name": "bank-a"}'
    """
    query_and_show(contract, method, arguments.encode(), Signing(home, member), json)
