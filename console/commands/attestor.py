"""``ichub attestor``: vouch for a chain's headers."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from console.members import CONFIG
from relayers.attestor import run_attestor
from relayers.attestor_config import load_attestor_config

app = typer.Typer(help="Attestors: sign headers of chains that they have seen themselves.", no_args_is_help=True)


@app.command()
def start(
    folder: Annotated[Path, typer.Argument(help="The attestor's folder, with its config.toml; or that file itself.")],
) -> None:
    """Run an attestor until Ctrl-C or SIGTERM. Its chains file is read again whenever it changes.

    Example: ichub attestor start /srv/attestor
    """
    asyncio.run(run_attestor(load_attestor_config(folder / CONFIG if folder.is_dir() else folder)))
