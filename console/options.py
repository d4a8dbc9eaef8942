"""The options that several commands share, so that they read and mean the same everywhere."""

from pathlib import Path
from typing import Annotated, Any

import typer

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="ICHUB_HOME",
        help="The node's home. Default: ~/.ichub, or the running devnet's where that does not exist.",
        show_default=False,
    ),
]


def new_home_option(default: str, variable: str) -> Any:
    """``--home`` of a command that makes a home."""
    return typer.Option("--home", envvar=variable, help=f"The home to make. Default: {default}.", show_default=False)


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables; errors too, on stderr.")]
Hub = Annotated[
    str | None,
    typer.Option(
        "--hub",
        envvar="ICHUB_HUB",
        metavar="HOST:PORT",
        help="The hub to talk to. Default: the home's configuration.",
        show_default=False,
    ),
]
Key = Annotated[
    str | None,
    typer.Option("--key", help="The key of the home that signs. Default: the configuration's.", show_default=False),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        envvar="ICHUB_PASSWORD_FILE",
        help="Where the keys' password stands. Default: the configuration's, else it is asked for.",
        show_default=False,
    ),
]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Give up after so many seconds (exit code 4).")]
TrustingPeriod = Annotated[int | None, typer.Option(min=1, help="Seconds. Default: as now.")]
MaxClockDrift = Annotated[int | None, typer.Option(min=0, help="Seconds. Default: as now.")]
