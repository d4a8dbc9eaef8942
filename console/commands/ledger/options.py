"""The options that the commands of a ledger share: its home, as whom they act, and who signs with them."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="ICHUB_LEDGER_HOME",
        help="The ledger node's home. Default: ~/.ichub-ledger, or the devnet's where that does not exist.",
        show_default=False,
    ),
]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="ORG/NAME", help="Who acts. Default: the configuration's member.", show_default=False),
]
Endorse = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ORG/NAME",
        help="Who endorses it, by a key in this home; several times.",
        show_default=False,
    ),
]
DraftFile = Annotated[
    Path | None,
    typer.Option(
        "--draft",
        metavar="FILE",
        help="Send nothing: write it, signed, for others to `ichub ledger endorse`.",
        show_default=False,
    ),
]


class Signing(NamedTuple):
    """Who signs what a command asks for, and where it then goes: to the ledger, or into a draft."""

    home: Path | None
    member: str | None
    endorse: list[str] | None = None
    draft: Path | None = None
