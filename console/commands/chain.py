"""``ichub chain``: the chains that a hub connects."""

from pathlib import Path
from typing import Annotated

import typer

from console.amounts import address_text, moment
from console.chains import ChainFile, chain_path, find_chain, known_chains
from console.exits import Misused
from console.home import find_home, read_password
from console.options import Home, Hub, Json, Key, PasswordFile
from console.output import Output
from console.session import hub_of, run, signer_of
from hub.answers import ClientInfo
from hub.clients import attested_evm

app = typer.Typer(help="Chains: connect one, list them, show one.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What the chain is called here: small letters, digits and -.")],
    rpc: Annotated[list[str], typer.Option(help="URL of a JSON-RPC endpoint; may be given several times.")],
    payer: Annotated[str, typer.Option(help="The key of the home that pays for the contracts on the chain.")],
    attestor: Annotated[
        list[str] | None, typer.Option(help="ADDRESS@HOST:PORT of an attestor; may be given several times.")
    ] = None,
    attestor_file: Annotated[
        list[Path] | None,
        typer.Option(help="The configuration of an attestor on this machine: it counts as one, and is told the chain."),
    ] = None,
    relayer_file: Annotated[
        list[Path] | None, typer.Option(help="The configuration of a relayer on this machine that shall carry it.")
    ] = None,
    attestor_certificate: Annotated[
        Path | None,
        typer.Option(help="For relayers: who signed the attestors' certificates, in one file. None: plain text."),
    ] = None,
    finality: Annotated[str, typer.Option(help="When a block is final: depth:N, safe or finalized.")] = "finalized",
    threshold: Annotated[int, typer.Option(min=0, help="Attestors that must sign; 0: more than two thirds.")] = 0,
    trusting_period: Annotated[
        int, typer.Option(min=1, help="Seconds without news until nothing is believed.")
    ] = 1_209_600,
    replacement_delay: Annotated[int, typer.Option(min=0, help="Seconds that a client's replacement waits.")] = 86_400,
    accept_single_operator: Annotated[
        bool, typer.Option("--accept-single-operator", help="Connect to a hub that one operator runs alone.")
    ] = False,
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Connect an EVM chain: deploys router, light client and gateway on it, registers it at the hub, and tells the
    attestors' and relayers' files, which they read again by themselves.

    Example: ichub chain add polygon --rpc https://… --payer deployer --attestor 0xAb…@a1.example:9100 --attestor …
    """
    from console.orders import ChainOrder, carry_out  # noqa: PLC0415  # it takes long, the others do without

    output = Output(json)
    place = find_home(home)
    if chain_path(place, name).exists():
        raise Misused(f"there is a chain {name!r} already in {place.path}/chains: choose another name")
    order = ChainOrder(
        name=name,
        endpoints=rpc,
        finality=finality,
        attestors=attestor or (),
        attestor_files=attestor_file or (),
        relayer_files=relayer_file or (),
        attestor_certificate=attestor_certificate,
        threshold=threshold,
        trusting_period=trusting_period,
        replacement_delay=replacement_delay,
        accept_single_operator=accept_single_operator,
    )
    operator = signer_of(place, key, password_file)
    private_key = place.keystore.open(payer, read_password(place, password_file))
    chain = run(carry_out(order, place, hub, operator=operator, payer=private_key, report=output.note))
    output.done(f"connected {name} as {chain.client_at_hub}; gateway {chain.gateway}", **_file_row(chain))


@app.command("list")
def list_(home: Home = None, hub: Hub = None, json: Json = False) -> None:
    """List the connected chains: what the hub believes of each, and where it is reached from here.

    Example: ichub chain list
    """
    output = Output(json)
    place = find_home(home)

    async def work() -> list[ClientInfo]:
        async with hub_of(place, hub) as connection:
            return list(await connection.clients())

    files = {chain.client_at_hub: chain for chain in known_chains(place)}
    rows = [_row(info, files.get(info.client)) for info in run(work())]
    output.rows("chains", rows, "No chains yet: `ichub chain add` connects one.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The chain's name here, or its client at the hub, as attested-0.")],
    home: Home = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """Show one chain: its contracts, its endpoints, and what the hub believes of it.

    Example: ichub chain show a
    """
    output = Output(json)
    place = find_home(home)
    chain = find_chain(place, name)

    async def work() -> ClientInfo:
        async with hub_of(place, hub) as connection:
            return await connection.client(chain.client_at_hub)

    output.record("", _file_row(chain) | _row(run(work()), chain))


def _row(info: ClientInfo, chain: ChainFile | None) -> dict[str, object]:
    config = info.config
    return {
        "chain": chain.name if chain else "",
        "client": info.client,
        "status": info.status.value,
        "chain_id": config.chain_id if isinstance(config, attested_evm.Config) else info.evm_chain_id,
        "proven_height": info.height,
        "proven_time": moment(info.time),
        "router": address_text(config.router) if isinstance(config, attested_evm.Config) else "",
    }


def _file_row(chain: ChainFile) -> dict[str, object]:
    return {
        "name": chain.name,
        "gateway": chain.gateway,
        "quorum_client": chain.quorum_client,
        "client_of_hub": chain.client_of_hub,
        "finality": chain.finality,
        "endpoints": list(chain.endpoints),
    }
