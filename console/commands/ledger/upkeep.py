"""``ichub ledger doctor``, ``backup`` and ``restore``: the upkeep of a node's home."""

from pathlib import Path
from typing import Annotated

import typer

from console.backups import ledger_holdings, make_backup, restore_backup
from console.checks import Check, told
from console.commands.ledger.options import As, Home
from console.commands.restore import told as told_restored
from console.ledger_diagnosis import local_checks, remote_checks, replay_check
from console.ledger_home import LedgerHome, find_ledger_home
from console.options import Json
from console.output import Output
from console.session import run


def doctor(
    home: Home = None,
    member: As = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the node.")] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Also execute all blocks again and compare; the node must be stopped.")
    ] = False,
    json: Json = False,
) -> None:
    """Check the home's configuration, keys, certificates and guard, and what the node says of itself: its ledger and
    clock, the member's enrolment, contracts, revocation lists. Exit code 5 where something is not well.

    Example: ichub ledger doctor
    """
    output, place = Output(json), find_ledger_home(home)
    with output.progress("looking"):
        checks = [*local_checks(place, member), *([] if offline else run(_asked(place, member)))]
    if replay:
        with output.progress("executing all blocks again"):
            checks.append(replay_check(place))
    told(checks, output)


def backup(
    destination: Annotated[Path, typer.Argument(help="A new folder.")], home: Home = None, json: Json = False
) -> None:
    """Copy the node's blocks and state and its private values while it runs (or not). Keys and the signer's guard are
    not in it: keep copies of the keys apart, and never bring an old guard back. Private values are purged in time where
    the node keeps them, in no backup: delete it in time.

    Example: ichub ledger backup /backups/ledger-monday
    """
    output = Output(json)
    with output.progress("copying"):
        note = make_backup(ledger_holdings(find_ledger_home(home)), destination.absolute())
    output.done(f"{destination} holds {note.chain_id} up to height {note.height}", height=note.height)


def restore(
    source: Annotated[Path, typer.Argument(help="A folder that `ichub ledger backup` made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move what is there aside.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Put a backup's blocks, state and private values into a home whose node is stopped. Keys, certificates and guard
    stay: the node signs nothing until it has caught up with what its guard has seen. An empty home gets genesis and
    configuration, too. What is moved aside holds private values that nothing purges: delete it in time.

    Example: ichub ledger restore /backups/ledger-monday --replace
    """
    output = Output(json)
    with output.progress("copying"):
        restored = restore_backup(ledger_holdings(find_ledger_home(home)), source.absolute(), replace=replace)
    output.done(told_restored(restored), height=restored.note.height)


async def _asked(home: LedgerHome, member: str | None) -> list[Check]:
    return [check async for check in remote_checks(home, member)]
