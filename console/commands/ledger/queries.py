"""``ichub ledger query``: what a node says of its ledger."""

import typer

from console.amounts import address_text, moment
from console.commands.ledger.calls import call_row
from console.commands.ledger.options import As, Home
from console.ledger_session import ledger_of
from console.options import Json
from console.output import Output
from console.session import run

app = typer.Typer(help="What the ledger says of itself.", no_args_is_help=True)


@app.command()
def status(home: Home = None, member: As = None, json: Json = False) -> None:
    """Height, time, roots and validators.

    Example: ichub ledger query status
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found, signers = await ledger.status(), await ledger.validators()
        row = {
            "chain": found.chain_id,
            "height": found.height,
            "time": moment(found.time),
            "genesis_hash": found.genesis_hash,
            "app_root": found.app_root,
            "engine": f"{found.engine} (one operator)" if found.engine == "embedded" else found.engine,
            "validators": [f"{one.organisation}: {address_text(one.address)}, power {one.power}" for one in signers],
        }
        Output(json).record("Ledger", row)

    run(work())


@app.command()
def parameters(home: Home = None, member: As = None, json: Json = False) -> None:
    """What the organisations may change by vote; delays are in seconds.

    Example: ichub ledger query parameters
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            Output(json).record("Parameters", await ledger.parameters())

    run(work())


@app.command()
def calls(home: Home = None, member: As = None, json: Json = False) -> None:
    """The calls that a member made to services of other chains, with their results.

    Example: ichub ledger query calls --as bank-a/ann
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.calls()
        Output(json).rows("Calls", [call_row(one) for one in found], "no calls yet: `ichub ledger call SERVICE INPUT`")

    run(work())
