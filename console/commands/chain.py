"""``ichub chain``: the chains that a hub connects."""

from pathlib import Path
from typing import Annotated

import typer

from console.amounts import address_text, moment
from console.chains import KnownChain, LedgerFile, chain_path, find_chain, known_chains
from console.exits import Misused
from console.home import find_home, read_password
from console.ledger_home import find_ledger_home
from console.options import Home, Hub, Json, Key, PasswordFile
from console.output import Output
from console.session import hub_of, open_key, run, signer_of
from hub.answers import ClientInfo
from hub.clients import attested_evm
from hub.clients.attested_evm import MAX_FINALITY_TIME

app = typer.Typer(help="Chains: connect one, list them, show one.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What the chain is called here: small letters, digits and -.")],
    rpc: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="An EVM chain's JSON-RPC endpoint; may be given several times."),
    ] = None,
    payer: Annotated[
        str, typer.Option(help="The key of the home that pays for the contracts on the chain.", show_default=False)
    ] = "",
    attestor: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS@HOST:PORT", help="An attestor; may be given several times.")
    ] = None,
    attestor_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="The configuration of an attestor on this machine: it counts as one, and is told the chain.",
        ),
    ] = None,
    relayer_file: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The configuration of a relayer on this machine that shall carry it."),
    ] = None,
    attestor_certificate: Annotated[
        Path | None,
        typer.Option(help="For relayers: who signed the attestors' certificates, in one file. None: plain text."),
    ] = None,
    finality: Annotated[str, typer.Option(help="When a block is final: depth:N, safe or finalized.")] = "finalized",
    finality_time: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_FINALITY_TIME,
            help="Seconds that a block takes at most to become final. Left out, it is measured, and you are told.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[int, typer.Option(min=0, help="Attestors that must sign; 0: more than two thirds.")] = 0,
    trusting_period: Annotated[
        int, typer.Option(min=1, help="Seconds without news until nothing is believed.")
    ] = 1_209_600,
    replacement_delay: Annotated[int, typer.Option(min=0, help="Seconds that a client's replacement waits.")] = 86_400,
    accept_single_operator: Annotated[
        bool, typer.Option("--accept-single-operator", help="Connect what one operator runs alone, hub or ledger.")
    ] = False,
    ledger: Annotated[
        Path | None,
        typer.Option(help="A permissioned ledger instead: the home of a node or member of it.", show_default=False),
    ] = None,
    member: Annotated[
        str,
        typer.Option("--as", metavar="ORG/NAME", help="As whom the ledger is asked. Default: its home's member."),
    ] = "",
    relayer_member: Annotated[
        str, typer.Option("--relayer-as", metavar="ORG/NAME", help="As whom relayers write on the ledger.")
    ] = "",
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Connect an EVM chain: deploys router, light client and gateway on it, registers it at the hub, and tells the
    attestors' and relayers' files, which they read again by themselves.

    With --ledger a permissioned ledger: its organisations vote on their client of the hub and on the lanes. The admins
    whose keys are in the ledger's home propose and vote; where others must vote too, it says so and stops, and goes on
    when it is run again.

    The hub promises results by how long the chain takes to make a block final: without --finality-time that is
    measured, and nothing else is done.

    Example: ichub chain add polygon --rpc https://… --payer deployer --attestor 0xAb…@a1.example:9100 --attestor …
    --finality-time 1200

    Example: ichub chain add trade --ledger /srv/ledger --relayer-file relayer/config.toml --relayer-as port/relayer
    """
    from console.orders import ChainOrder, LedgerOrder, carry_out, carry_out_ledger  # noqa: PLC0415  # it takes long

    output = Output(json)
    place = find_home(home)
    if chain_path(place, name).exists():
        raise Misused(f"there is a chain {name!r} already in {place.path}/chains: choose another name")
    operator = signer_of(output, place, key, password_file)
    if ledger is not None:
        if rpc or payer or attestor or attestor_file or finality_time is not None:
            raise Misused(
                "a ledger has no --rpc, --payer, --attestor or --finality-time: leave them out, or leave out --ledger"
            )
        if relayer_file and not relayer_member:
            raise Misused("say as which member of the ledger the relayers write: --relayer-as ORG/NAME")
        there = find_ledger_home(ledger)
        wanted = LedgerOrder(
            name=name,
            place=there,
            member=member or there.config().member,
            relayer_files=relayer_file or (),
            relayer_member=relayer_member,
            trusting_period=trusting_period,
            accept_single_operator=accept_single_operator,
        )

        async def joined() -> LedgerFile:
            async with hub_of(place, hub) as connection:
                return await carry_out_ledger(wanted, place, connection, operator=operator, report=output.note)

        added = run(joined())
        output.done(f"connected {name} as {added.client_at_hub}", **_file_row(added))
        return
    if not rpc or not payer:
        raise Misused("say where the chain is reached and who pays there: --rpc URL --payer KEY; or --ledger HOME")
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
        finality_time=finality_time,
    )
    private_key = open_key(output, place.keystore, payer, read_password(place, password_file))
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
    if not json:  # with its address it is no table on 80 columns
        rows = [{name: value for name, value in row.items() if name != "router"} for row in rows]
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


def _row(info: ClientInfo, chain: KnownChain | None) -> dict[str, object]:
    config = info.config
    return {
        "chain": chain.name if chain else "",
        "client": info.client,
        "status": info.status.value,
        "chain_id": config.chain_id if isinstance(config, attested_evm.Config) else config.chain,
        "proven_height": info.height,
        "proven_time": moment(info.time),
        "finality_time_seconds": info.finality_time,
        "router": address_text(config.router) if isinstance(config, attested_evm.Config) else "",
    }


def _file_row(chain: KnownChain) -> dict[str, object]:
    if isinstance(chain, LedgerFile):
        return {
            "name": chain.name,
            "kind": "permissioned ledger",
            "client_of_hub": chain.client_of_hub,
            "node": chain.target,
            "asked_with": chain.certificate,
        }
    return {
        "name": chain.name,
        "gateway": chain.gateway,
        "quorum_client": chain.quorum_client,
        "client_of_hub": chain.client_of_hub,
        "finality": chain.finality,
        "endpoints": list(chain.endpoints),
    }
