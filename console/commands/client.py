"""``ichub client``: the hub's light clients."""

from typing import Annotated, assert_never

import msgspec
import typer

from console.amounts import address_text, moment
from console.chains import find_evm_chain, write_chain
from console.exits import Misused
from console.home import find_home, read_password
from console.options import Home, Hub, Json, Key, MaxClockDrift, PasswordFile, TrustingPeriod
from console.output import Output
from console.replacing import Changes, members_text, replacement
from console.session import hub_of, open_key, run, signer_of
from hub.answers import ClientInfo
from hub.clients import attested_evm, quorum
from hub.clients.attested_evm import MAX_FINALITY_TIME
from hub.messages import AnyMessage, ApplyClientReplacement, CancelClientReplacement
from hub.quantities import Seconds

app = typer.Typer(help="The hub's light clients: what it believes of other chains, and by whom.", no_args_is_help=True)

Client = Annotated[str, typer.Argument(help="The client's identifier, as attested-0.")]


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
    client: Client,
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


@app.command()
def replace(
    client: Client,
    apply: Annotated[
        bool, typer.Option("--apply", help="Carry out what was announced, once its delay is over.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Take back what was announced.")] = False,
    member: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS[=POWER]", help="An attestor or validator; several times. Default: as now."),
    ] = None,
    epoch: Annotated[
        int | None, typer.Option(min=1, help="Default: the next for attestors, as now for others.")
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(min=1, help="Attestors that must sign. Default: as now, or more than two thirds.")
    ] = None,
    finality: Annotated[str | None, typer.Option(help="depth:N, safe or finalized. Default: as now.")] = None,
    finality_time: Annotated[
        int | None,
        typer.Option(min=0, max=MAX_FINALITY_TIME, help="Seconds that a block takes to become final. Default: as now."),
    ] = None,
    trusting_period: TrustingPeriod = None,
    max_clock_drift: MaxClockDrift = None,
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Let a client that is frozen, expired or stranded begin anew under its identifier: announced first, carried out
    with --apply once the hub's delay is over. Counterparty, packets and sequences stay, and so does the chain with its
    router: another one gets a client of its own, `ichub chain add`. An operator may.

    Example: ichub client replace attested-0 --member 0xAb… --member 0xCd… --member 0xEf…
    """
    output = Output(json)
    place = find_home(home)
    changes = Changes(
        members=member or (),
        epoch=epoch,
        threshold=threshold,
        finality=finality,
        finality_time=finality_time,
        trusting_period=trusting_period,
        max_clock_drift=max_clock_drift,
    )
    if apply + cancel + (changes != Changes()) > 1:
        raise Misused("announce, --apply and --cancel are three steps: give one of them alone")
    signer = signer_of(output, place, key, password_file)

    async def work() -> ClientInfo:
        async with hub_of(place, hub) as connection:
            message: AnyMessage
            if apply:
                message = ApplyClientReplacement(client)
            elif cancel:
                message = CancelClientReplacement(client)
            else:
                message = replacement(await connection.client(client), changes)
            await connection.submit([message], signer)
            return await connection.client(client)

    info = run(work())
    if apply:
        output.done(f"{client} has begun anew", **_row(info))
    elif cancel:
        output.done(f"{client} stays as it is", **_row(info))
    else:
        when = moment(info.replaceable_from)
        output.done(f"{client} may begin anew from {when} on: `ichub client replace {client} --apply`", **_row(info))


@app.command("replace-at-chain")
def replace_at_chain(
    chain: Annotated[str, typer.Argument(help="The chain's name here, or its client at the hub, as attested-0.")],
    payer: Annotated[
        str, typer.Option(help="The key of the home that pays on the chain; it has the CLIENT_ROLE there.")
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Stay until both delays are over and all is done.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Take back what was announced, at both ends.")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Replace the client although it is active.")] = False,
    trusting_period: TrustingPeriod = None,
    max_clock_drift: MaxClockDrift = None,
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Replace an EVM chain's client of the hub that is frozen or expired: deploys another, announces it at the chain's
    router and at the hub, and lets both pass on to it once their delays are over. Packets, sequences and lanes stay.

    It does what can be done now and says what it waits for: run it again then, from anywhere, or let it --wait. An
    operator of the hub may, who has the router's CLIENT_ROLE.

    Example: ichub client replace-at-chain polygon --payer deployer --wait
    """
    from console.client_at_chain import Lifetimes, replacing_at  # noqa: PLC0415  # it takes long

    if cancel and (wait or anew or trusting_period is not None or max_clock_drift is not None):
        raise Misused("--cancel takes back what was announced: give it alone")
    output = Output(json)
    place = find_home(home)
    file = find_evm_chain(place, chain)
    lifetimes = Lifetimes(
        None if trusting_period is None else Seconds(trusting_period),
        None if max_clock_drift is None else Seconds(max_clock_drift),
    )
    operator = signer_of(output, place, key, password_file)
    private_key = open_key(output, place.keystore, payer, read_password(place, password_file))

    async def work() -> dict[str, object]:
        async with (
            hub_of(place, hub) as connection,
            replacing_at(file, connection, operator, private_key, output.note) as replacing,
        ):
            return await (replacing.cancel() if cancel else replacing.go_on(anew=anew, wait=wait, lifetimes=lifetimes))

    row = run(work())
    present = str(row["quorum_client"])
    if present != file.quorum_client:
        write_chain(place, msgspec.structs.replace(file, quorum_client=present))
    if cancel:
        output.done(f"{file.name} keeps its client of the hub", **row)
    elif row["waits"]:
        again = f"`ichub client replace-at-chain {chain} --payer {payer}`"
        output.done(f"{file.name} waits {row['waits']}; then run {again} again", **row)
    elif not row["changed"]:
        output.done(f"{file.name}'s client of the hub is active, nothing is to be done; --anew replaces it", **row)
    else:
        output.done(f"{file.name} believes the hub by {present} from now on", **row)


def _row(info: ClientInfo) -> dict[str, object]:
    return {
        "client": info.client,
        "kind": info.kind,
        "status": info.status.value,
        "height": info.height,
        "time": moment(info.time),
        "counterparty": info.counterparty_client,
        "replaceable_from": moment(info.replaceable_from),
    }


def _config_row(info: ClientInfo) -> dict[str, object]:
    row: dict[str, object] = {
        "evm_chain_id": info.evm_chain_id,
        "client_contract": address_text(info.client_contract),
        "finality_time_seconds": info.finality_time,
    }
    if (coming := info.scheduled_domain) is not None:
        row["next_client_contract" if coming.client_contract else "next_salt"] = coming.client_contract or coming.salt
        row["next_applicable_from"] = moment(coming.applicable_from)
    match info.config:
        case attested_evm.Config() as config:
            return row | {
                "router": address_text(config.router),
                "router_code_hash": config.router_code_hash,
                "finality": config.finality_rule,
                "threshold": f"{config.threshold} of {len(config.attestors.members)}",
                "attestors": members_text(config.attestors),
                "epoch": config.attestors.epoch,
                "trusting_period_seconds": config.trusting_period,
                "max_clock_drift_seconds": config.max_clock_drift,
            }
        case quorum.Config() as config:
            return row | {
                "chain": config.chain,
                "genesis_hash": config.genesis_hash,
                "validators": members_text(config.validators),
                "epoch": config.validators.epoch,
                "trusting_period_seconds": config.trusting_period,
                "max_clock_drift_seconds": config.max_clock_drift,
            }
        case _:
            assert_never(info.config)
