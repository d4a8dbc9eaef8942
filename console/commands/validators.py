"""``ichub validators``: who signs the hub's blocks, and how they hand over to others."""

from typing import Annotated

import typer
from eth_account import Account

from adapters.errors import ChainError
from console.chain_access import open_chain
from console.chains import KnownChain, known_chains
from console.home import NodeHome, find_home
from console.options import Home, Hub, Json, Key, PasswordFile
from console.output import Output
from console.replacing import next_members, rotation_summary
from console.session import hub_of, run, signer_of
from hub.accounts.errors import NoRotationPending
from hub.answers import Rotation
from hub.client import HubClient
from hub.errors import HubError
from hub.messages import ProposeValidatorSet, StoreRotationCheckpoint, WithdrawValidatorSet

app = typer.Typer(
    help="The validators that sign the hub's blocks. A new set is proposed; it takes over once the old one's hand-over "
    "is stored for every chain, and relayers then lead each chain's client on.",
    no_args_is_help=True,
)


@app.command()
def show(home: Home = None, hub: Hub = None, json: Json = False) -> None:
    """Show the validators, a set that is proposed, which chains' hand-over it waits for, and what chains believe.

    Example: ichub validators show
    """
    output = Output(json)
    place = find_home(home)

    async def work() -> tuple[Rotation, list[dict[str, object]]]:
        async with hub_of(place, hub) as connection:
            return await connection.rotation(), await _counterparties(place, connection)

    rotation, rows = run(work())
    if json:
        output.record("", rotation_summary(rotation) | {"counterparties": rows})
        return
    output.record("", rotation_summary(rotation))
    output.rows("counterparties", rows, "No chain is connected: a proposed set takes over at once.")


@app.command()
def propose(
    member: Annotated[
        list[str], typer.Argument(help="ADDRESS or ADDRESS=POWER of a validator, or the name of a key of the home.")
    ],
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Propose the next validator set; an operator may. The nodes of its members must already hold their keys
    (`next_validator` in config.toml): once it takes over, nobody else signs.

    Example: ichub validators propose 0x5FbD… 0xA1c2…=2
    """
    output = Output(json)
    place = find_home(home)
    members = next_members(place.keystore, member)
    signer = signer_of(output, place, key, password_file)

    async def work() -> Rotation:
        async with hub_of(place, hub) as connection:
            await connection.submit([ProposeValidatorSet(members)], signer)
            return await connection.rotation()

    rotation = run(work())
    if rotation.next_validators is None:
        output.done(
            f"epoch {rotation.validators.epoch} has begun: no chain was to be waited for", **rotation_summary(rotation)
        )
        return
    changing = f", and for the replacement of the client of {', '.join(rotation.changing)}" if rotation.changing else ""
    output.done(
        f"proposed for epoch {rotation.next_validators.epoch}; it waits for the hand-over for "
        f"{', '.join(rotation.missing)}: relayers bring it, or `ichub validators store`{changing}",
        **rotation_summary(rotation),
    )


@app.command()
def withdraw(
    home: Home = None, hub: Hub = None, key: Key = None, password_file: PasswordFile = None, json: Json = False
) -> None:
    """Take the proposed set back; an operator may. Look at `ichub validators show` afterwards: a chain that was handed
    over meanwhile must be given a new client.

    Example: ichub validators withdraw
    """
    output, place = Output(json), find_home(home)
    signer = signer_of(output, place, key, password_file)

    async def work() -> int:
        async with hub_of(place, hub) as connection:
            return (await connection.submit([WithdrawValidatorSet()], signer)).height

    height = run(work())
    output.done(f"withdrawn in block {height}: the present validators go on", height=height)


@app.command()
def store(
    home: Home = None, hub: Hub = None, key: Key = None, password_file: PasswordFile = None, json: Json = False
) -> None:
    """Bring the hub the hand-over of every chain that a rotation waits for, as relayers do. Anyone may.

    Example: ichub validators store
    """
    output = Output(json)
    place = find_home(home)
    signer = signer_of(output, place, key, password_file)

    async def work() -> Rotation:
        async with hub_of(place, hub) as connection:
            before = await connection.rotation()
            if before.next_validators is None:
                raise NoRotationPending
            for client in before.missing:
                message = StoreRotationCheckpoint(client, await connection.checkpoint(client))
                await connection.submit([message], signer)
                output.note(f"stored for {client}")
            return await connection.rotation()

    rotation = run(work())
    output.done(f"epoch {rotation.validators.epoch} signs", **rotation_summary(rotation))


async def _counterparties(home: NodeHome, hub: HubClient) -> list[dict[str, object]]:
    rotation = await hub.rotation()
    files = {chain.client_at_hub: chain for chain in known_chains(home)}
    rows: list[dict[str, object]] = []
    for info in await hub.clients():
        if not info.counterparty_client:
            continue
        handed = "stored" if info.client in rotation.stored else "waited for"
        if info.client in rotation.changing:
            handed += "; its client's replacement is waited for"
        chain = files.get(info.client)
        rows.append(
            {
                "client": info.client,
                "chain": chain.name if chain else "",
                "hand_over": handed if rotation.next_validators else "",
                "chain_believes_epoch": await _believed(chain, hub) if chain else "",
            }
        )
    return rows


async def _believed(chain: KnownChain, hub: HubClient) -> str:
    try:
        adapter = await open_chain(chain, hub, Account.create())
        try:
            return str((await adapter.hub_client()).epoch)
        finally:
            await adapter.close()
    except (ChainError, HubError) as error:
        return f"unknown: {error}"
