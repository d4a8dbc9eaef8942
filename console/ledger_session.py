"""What most commands of a ledger begin with: its home, and a connection as a member of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.permissioned.ledger.client import LedgerClient
from console.exits import Misused, Unreachable
from console.ledger_home import LedgerHome, find_ledger_home
from hub.rpc.errors import HubUnreachable


@asynccontextmanager
async def ledger_of(home: Path | None, member: str | None) -> AsyncIterator[LedgerClient]:
    """A connection as a member whose certificate is in the home; raises Misused, HubError."""
    place = find_ledger_home(home)
    async with await connect(place, who(place, member)) as client:
        yield client


async def connect(place: LedgerHome, member: str) -> LedgerClient:
    """Raises Misused, Unreachable, HubError."""
    certificate, key = place.member_files(member)
    target = place.config().ledger
    try:
        return await LedgerClient.connect(target, authorities=place.authorities, certificate=certificate, key=key)
    except HubUnreachable as error:
        raise Unreachable(
            f"{error}; start it with `ichub ledger start`, a devnet with `ichub devnet`, or name another by `ledger` "
            f"in {place.config_file}",
            error.reason(),
            **error.values(),
        ) from error


def who(place: LedgerHome, member: str | None) -> str:
    """As whom; raises Misused."""
    name = member or place.config().member
    if not name:
        raise Misused("say who acts: --as ORG/NAME, or `member` in config.toml")
    return name
