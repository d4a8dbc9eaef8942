"""``ichub attestor``: vouch for a chain's headers."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from console.amounts import address_text, parse_hex
from console.exits import Misused
from console.logs import JsonLogs, log_to_stderr
from console.members import CONFIG, make_attestor
from console.options import Json
from console.output import Output
from hub.quantities import Hash
from relayers.attestor_config import load_attestor_config
from relayers.attestor_service import run_attestor

app = typer.Typer(help="Attestors: sign headers of chains that they have seen themselves.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The attestor's folder, with its config.toml.")]


@app.command()
def init(
    folder: Folder,
    genesis: Annotated[str, typer.Option(help="The hub's genesis hash: `ichub init` and `ichub doctor` print it.")],
    listen: Annotated[str, typer.Option(help="Where relayers ask for signatures.")] = "127.0.0.1:18506",
    monitor: Annotated[str, typer.Option(help="Where metrics and health are served.")] = "127.0.0.1:18510",
    json: Json = False,
) -> None:
    """Make an attestor's folder: a new key, certificates, a configuration, and a chains file that names no chain yet.

    Example: ichub attestor init /srv/attestor --genesis 0x12ab…
    """
    genesis_hash = parse_hex(genesis, "a genesis hash")
    if len(genesis_hash) != 32:
        raise Misused("a genesis hash is 0x and 64 hex digits: `ichub doctor` at the hub prints it")
    output = Output(json)
    with output.progress("encrypting the key"):
        made = make_attestor(folder, listen, monitor, Hash(genesis_hash), devnet=False)
    address = address_text(made.attestor.address)
    output.done(f"made {folder}, attestor {address}: `ichub attestor start {folder}` runs it", address=address)


@app.command()
def start(folder: Folder, json: JsonLogs = False) -> None:
    """Sign until Ctrl-C or SIGTERM. The chains file is read again whenever it changes.

    Example: ichub attestor start /srv/attestor
    """
    log_to_stderr(as_json=json)
    asyncio.run(run_attestor(load_attestor_config(folder / CONFIG if folder.is_dir() else folder)))
