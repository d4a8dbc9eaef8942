"""``ichub relayer``: carry packets."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from console.home import find_home
from console.keystore import Keystore
from console.logs import JsonLogs, log_to_stderr
from console.members import CONFIG, make_relayer
from console.options import Home, Json
from console.output import Output
from relayers.config import load_relayer_config
from relayers.run import run_relayer

app = typer.Typer(help="Relayers: carry packets and pay the gas; trusted by nobody.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The relayer's folder, with its config.toml.")]


@app.command()
def init(
    folder: Folder,
    monitor: Annotated[str, typer.Option(help="Where metrics and health are served.")] = "127.0.0.1:18505",
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a relayer's folder: a new key, and a configuration for the home's hub. `ichub chain add --relayer-file`
    tells it of chains; fund its key on each of them.

    Example: ichub relayer init /srv/relayer
    """
    place = find_home(home)
    config = place.config()
    authority = place.resolve(config.tls.authority)
    output = Output(json)
    with output.progress("encrypting the key"):
        path = make_relayer(folder, monitor, config.client.hub, authority if config.tls.enabled else None)
    address = Keystore(folder).entry("relayer").address
    output.done(
        f"made {path}, relayer {address}: fund it on each chain; `ichub relayer start {folder}` runs it",
        config=str(path),
        address=address,
    )


@app.command()
def start(folder: Folder, json: JsonLogs = False) -> None:
    """Carry packets until Ctrl-C or SIGTERM. All that it must know is read from the chains: what is on its disk besides
    key and configuration only spares it old blocks, and may be lost.

    Example: ichub relayer start /srv/relayer
    """
    log_to_stderr(as_json=json)
    asyncio.run(run_relayer(load_relayer_config(folder / CONFIG if folder.is_dir() else folder)))
