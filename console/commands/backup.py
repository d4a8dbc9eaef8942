"""``ichub backup``: copy a node's store."""

from pathlib import Path
from typing import Annotated

import typer

from console.backups import hub_holdings, make_backup
from console.home import find_home
from console.options import Home, Json
from console.output import Output


def backup(
    destination: Annotated[Path, typer.Argument(help="A new folder.")], home: Home = None, json: Json = False
) -> None:
    """Copy the node's blocks and state while it runs (or not). Keys and the signer's guard are not in it: keep
    copies of the keys apart, and never bring an old guard back.

    Example: ichub backup /backups/hub-monday
    """
    output = Output(json)
    with output.progress("copying"):
        note = make_backup(hub_holdings(find_home(home)), destination.absolute())
    output.done(f"{destination} holds {note.chain_id} up to height {note.height}", height=note.height)
