"""``ichub restore``: put a backup back."""

from pathlib import Path
from typing import Annotated

import typer

from console.backups import Restored, hub_holdings, restore_backup
from console.home import find_home
from console.options import Home, Json
from console.output import Output


def restore(
    source: Annotated[Path, typer.Argument(help="A folder that `ichub backup` made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move the store that is there aside.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Put a backup's blocks and state into a home whose node is stopped. Keys, configuration and guard stay: the node
    signs nothing until it has caught up with what its guard has seen. An empty home gets the genesis and configuration.

    Example: ichub restore /backups/hub-monday --replace
    """
    output = Output(json)
    with output.progress("copying"):
        restored = restore_backup(hub_holdings(find_home(home)), source.absolute(), replace=replace)
    output.done(told(restored), height=restored.note.height)


def told(restored: Restored) -> str:
    """What was put back, in a sentence."""
    aside = f"; what was there is in {' and '.join(map(str, restored.moved))}" if restored.moved else ""
    return f"restored {restored.note.chain_id} at height {restored.note.height}{aside}"
