"""``ichub keys``: the home's keystore."""

from pathlib import Path
from typing import Annotated

import typer

from console.amounts import read_text
from console.exits import Misused
from console.home import find_home, read_password
from console.keystore import KeyEntry
from console.options import Home, Json, PasswordFile
from console.output import Output
from console.session import open_key

app = typer.Typer(
    help="Keys of the home: encrypted V3 keystores, for hub accounts, validators, attestors and EVM chains.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="The key's name: small letters, digits and -.")]


@app.command()
def new(name: Name, home: Home = None, password_file: PasswordFile = None, json: Json = False) -> None:
    """Make a new random key. Keep a copy of its file and of the password: nobody can restore them.

    Example: ichub keys new treasury
    """
    output = Output(json)
    place = find_home(home)
    password = read_password(find_home(home), password_file, new=True)
    with output.progress("encrypting the key"):
        entry = place.keystore.create(name, password)
    output.done(f"made {entry.name}: {entry.address} ({entry.path})", **_row(entry))


@app.command("list")
def list_(home: Home = None, json: Json = False) -> None:
    """List the keys of the home with their addresses.

    Example: ichub keys list --json
    """
    entries = find_home(home).keystore.entries()
    Output(json).rows("keys", [_row(entry) for entry in entries], "No keys yet: `ichub keys new NAME` makes one.")


@app.command()
def show(
    name: Name,
    home: Home = None,
    private: Annotated[
        bool, typer.Option("--private", help="Also print the private key. Whoever sees it owns it.")
    ] = False,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Show a key's address and file; with --private the key itself.

    Example: ichub keys show operator
    """
    output, place = Output(json), find_home(home)
    row = _row(place.keystore.entry(name))
    if private:
        row["private_key"] = "0x" + open_key(output, place.keystore, name, read_password(place, password_file)).hex()
    output.record("", row)


@app.command("import")
def import_(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(help="A file with the private key in hex; standard input where it is left out.")
    ] = None,
    home: Home = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Take a private key in (32 bytes in hex). It is read from a file or standard input, never from the command line,
    where other users of the machine could see it.

    Example: ichub keys import treasury key.txt
    """
    output = Output(json)
    try:
        private_key = bytes.fromhex(read_text(file).strip().removeprefix("0x"))
    except ValueError as error:
        raise Misused("the private key is not hex: give 64 hex digits") from error
    if len(private_key) != 32 or not 0 < int.from_bytes(private_key, "big") < _CURVE_ORDER:
        raise Misused("that is no private key: give 64 hex digits, above zero and below the curve's order")
    password = read_password(find_home(home), password_file, new=True)
    with output.progress("encrypting the key"):
        entry = find_home(home).keystore.add(name, private_key, password)
    output.done(f"took in {entry.name}: {entry.address} ({entry.path})", **_row(entry))


_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def _row(entry: KeyEntry) -> dict[str, str]:
    return {"name": entry.name, "address": entry.address, "file": str(entry.path)}
