"""A state with two organisations whose authorities are known, and the workshop that signs for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from adapters.permissioned.ledger.errors import LedgerError
from adapters.permissioned.ledger.identities import Identity
from adapters.permissioned.ledger.membership import organisations, registry, revocation
from hub.quantities import Height, UnixSeconds
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context
from tests.unit.certificate_workshop import NOW, Certified, Draft, intermediate, leaf, root


class MembershipWorld:
    """bank-a has a root and an issuing intermediate, bank-b a root."""

    def __init__(self) -> None:
        self.state = Branch(MemoryState())
        self.ctx = Context(self.state, Height(1), NOW)
        self.root = root().signed()
        self.issuing = intermediate(self.root).signed()
        self.other_root = root("bank-b root").signed()
        organisations.add_organisation(self.ctx, "bank-a", "Bank A")
        organisations.add_organisation(self.ctx, "bank-b", "Bank B")
        organisations.add_authority(self.ctx, "bank-a", self.root.der)
        organisations.add_authority(self.ctx, "bank-a", self.issuing.der)
        organisations.add_authority(self.ctx, "bank-b", self.other_root.der)
        self.ctx.events.clear()

    def at(self, time: int) -> "MembershipWorld":
        """The same, later or earlier."""
        self.ctx.time = UnixSeconds(time)
        return self

    def enrol(self, certified: Certified | Draft, *intermediates: Certified) -> Identity:
        made = certified.signed() if isinstance(certified, Draft) else certified
        return registry.enrol(self.ctx, made.der, [each.der for each in intermediates])

    def revoke(self, crl: bytes) -> None:
        revocation.update_revocations(self.ctx, crl)

    def authenticate(self, identity: Identity, time: int = NOW) -> Identity:
        return registry.authenticate(self.state, identity.fingerprint, UnixSeconds(time))

    def member(self, name: str = "ann", role: str = "member") -> Draft:
        """A member's certificate by bank-a's issuing authority."""
        return leaf(self.issuing, "bank-a", name, role)


@contextmanager
def refused(world: MembershipWorld, error: type[LedgerError]) -> Iterator[Callable[[], LedgerError]]:
    """The block is refused with just this error, and nothing has changed."""
    before, events = dict(world.state.changes), list(world.ctx.events)
    with pytest.raises(LedgerError) as raised:
        yield lambda: raised.value
    assert type(raised.value) is error, raised.value
    assert dict(world.state.changes) == before
    assert world.ctx.events == events
    str(raised.value)
