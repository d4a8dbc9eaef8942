"""``ichub client``: the hub's light clients."""

from typing import Annotated, assert_never

import typer

from console.amounts import address_text, moment
from console.home import find_home
from console.options import Home, Hub, Json
from console.output import Output
from console.session import hub_of, run
from hub.answers import ClientInfo
from hub.clients import attested_evm, quorum
from hub.proofs.quorum import SignerSet

app = typer.Typer(help="The hub's light clients: what it believes of other chains, and by whom.", no_args_is_help=True)


@app.command("list")
def list_(home: Home = None, hub: Hub = None, json: Json = False) -> None:
    """List the light clients with what they believe.

    Example: ichub client list
    """

    async def work() -> None:
        async with hub_of(find_home(home), hub) as connection:
            rows = [_row(client) for client in await connection.clients()]
        output.rows("clients", rows, "The hub has no clients yet: `ichub chain add` registers a chain.")

    output = Output(json)
    run(work())


@app.command()
def show(
    client: Annotated[str, typer.Argument(help="The client's identifier, as attested-0.")],
    home: Home = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """Show one light client: its status, its latest point, its signers and what it is pinned to.

    Example: ichub client show attested-0
    """

    async def work() -> None:
        async with hub_of(find_home(home), hub) as connection:
            info = await connection.client(client)
        output.record("", _row(info) | _config_row(info))

    output = Output(json)
    run(work())


def _row(info: ClientInfo) -> dict[str, object]:
    return {
        "client": info.client,
        "kind": info.kind,
        "status": info.status.value,
        "height": info.height,
        "time": moment(info.time),
        "counterparty": info.counterparty_client,
    }


def _config_row(info: ClientInfo) -> dict[str, object]:
    row: dict[str, object] = {"evm_chain_id": info.evm_chain_id, "client_contract": address_text(info.client_contract)}
    match info.config:
        case attested_evm.Config() as config:
            return row | {
                "router": address_text(config.router),
                "router_code_hash": config.router_code_hash,
                "finality": config.finality_rule,
                "threshold": f"{config.threshold} of {len(config.attestors.members)}",
                "attestors": _members(config.attestors),
                "epoch": config.attestors.epoch,
                "trusting_period_seconds": config.trusting_period,
                "max_clock_drift_seconds": config.max_clock_drift,
            }
        case quorum.Config() as config:
            return row | {
                "chain": config.chain,
                "genesis_hash": config.genesis_hash,
                "validators": _members(config.validators),
                "epoch": config.validators.epoch,
                "trusting_period_seconds": config.trusting_period,
                "max_clock_drift_seconds": config.max_clock_drift,
            }
        case _:
            assert_never(info.config)


def _members(signers: SignerSet) -> list[str]:
    return [f"{address_text(member.address)} (power {member.power})" for member in signers.members]
