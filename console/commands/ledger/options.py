"""What the commands of a ledger share: its home, as whom they act, and the connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger.client import LedgerClient
from console.exits import Misused
from console.ledger_home import LedgerHome, find_ledger_home

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


@asynccontextmanager
async def ledger_of(home: Path | None, member: str | None) -> AsyncIterator[LedgerClient]:
    """A connection as a member whose certificate is in the home; raises Misused, HubError."""
    place = find_ledger_home(home)
    async with await connect(place, who(place, member)) as client:
        yield client


async def connect(place: LedgerHome, member: str) -> LedgerClient:
    """Raises Misused, HubError."""
    certificate, key = place.member_files(member)
    return await LedgerClient.connect(
        place.config().ledger, authorities=place.authorities, certificate=certificate, key=key
    )


def who(place: LedgerHome, member: str | None) -> str:
    """As whom; raises Misused."""
    name = member or place.config().member
    if not name:
        raise Misused("say who acts: --as ORG/NAME, or `member` in config.toml")
    return name
