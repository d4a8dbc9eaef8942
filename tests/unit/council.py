"""Organisations that propose and vote, and an action that writes down that it was carried out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import pytest

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.errors import LedgerError
from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.governance.proposals import (
    Outcome,
    Proposal,
    Threshold,
)
from adapters.permissioned.ledger.identities import Identity, MemberRole, OrganisationId, fingerprint, member_name
from adapters.permissioned.ledger.membership import organisations
from adapters.permissioned.ledger.membership.errors import (
    OrganisationExists,
)
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.ibc.identifiers import ClientId
from hub.quantities import Hash, Height, Seconds, UnixSeconds
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context
from tests.unit import certificate_workshop as workshop

START = UnixSeconds(1_800_000_000)
HOUR = Seconds(3600)
HALF, TWO_THIRDS = Threshold(1, 2), Threshold(2, 3)
MARK = b"\x3fwhat was done"
"""A key of the state that the action of these tests writes to."""


def name_of(index: int) -> str:
    return f"org-{index}"


@cache
def root_of(organisation: str, years: int = 9) -> bytes:
    """Its certificate, DER."""
    ends = START + years * workshop.YEAR
    return workshop.root(f"{organisation} root", not_after=ends, serial=1_000 + years).signed().der


def join(ctx: Context, organisation: str, display_name: str, years: int = 9) -> None:
    """With a root of its own, as all do."""
    organisations.admit_organisation(ctx, organisation, display_name, [root_of(organisation, years)])


class Council:
    """``size`` organisations, org-0 to org-…, whose proposals write their action down."""

    def __init__(self, size: int, threshold: Threshold = HALF) -> None:
        self.ctx = Context(Branch(MemoryState()), Height(1), START)
        self.threshold = threshold
        self.done: list[bytes] = []
        for index in range(size):
            join(self.ctx, name_of(index), f"Organisation {index}")
        self.ctx.events.clear()

    @staticmethod
    def admin(index: int, name: str = "ann", role: MemberRole = MemberRole.ADMIN) -> Identity:
        text = f"{name_of(index)}/{name}/{role}"
        return Identity(OrganisationId(name_of(index)), member_name(name), role, fingerprint(text.encode()))

    def at(self, time: int) -> "Council":
        self.ctx.time = UnixSeconds(time)
        return self

    def propose(self, by: int = 0, action: bytes = b"act", valid_for: int = HOUR) -> int:
        return proposals.propose(self.ctx, self.admin(by), action, Seconds(valid_for))

    def vote(self, number: int, *voters: int, approve: bool = True, name: str = "ann") -> Outcome:
        for voter in voters:
            proposals.vote(
                self.ctx,
                self.admin(voter, name),
                number,
                approve,
                threshold=self.threshold,
                carry_out=self.carry_out,
            )
        return self[number].outcome

    def carry_out(self, ctx: Context, action: bytes) -> None:
        ctx.state.put(MARK, action)
        ctx.emit(events.OrganisationAdded("carried", "out"))
        ctx.post(ClientId("quorum-0"), b"path", Hash(bytes(32)))
        self.done.append(action)
        if action.startswith(b"refuse"):
            raise OrganisationExists("org-0")
        if action.startswith(b"remove "):
            organisations.remove_organisation(ctx, action[7:].decode())
        if action.startswith(b"add "):
            join(ctx, action[4:].decode(), "Once more")

    def __getitem__(self, number: int) -> Proposal:
        found = proposals.proposal(self.ctx.state, number)
        assert found is not None
        return found

    @contextmanager
    def refuses(self, error: type[LedgerError]) -> Iterator[None]:
        before = (dict(self.ctx.changes()), list(self.ctx.events), list(self.done))
        with pytest.raises(LedgerError) as raised:
            yield
        assert type(raised.value) is error, raised.value
        assert (dict(self.ctx.changes()), self.ctx.events, self.done) == before
        str(raised.value)

    def due(self) -> Sequence[bytes]:
        room = bytes((LedgerRoom.PROPOSALS_DUE,))
        return [key for key, _ in self.ctx.state.scan(room, bytes((LedgerRoom.PROPOSALS_DUE + 1,)))]
