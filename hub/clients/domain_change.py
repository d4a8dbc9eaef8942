"""How the domain of a counterparty's checkpoints changes: announced, carried out after a delay, remembered.

The counterparty's client of us may be replaced by one at another address: checkpoints for the old one's EIP-712 domain
prove nothing there. Every height has one domain for each counterparty, for ever: the new one from the block on that
carries the change out. So all validators sign the same, whenever and however often they are asked.
"""

from collections.abc import Iterator

import msgspec

from hub.clients.counterparty import Counterparty, counterparty_of, put_domain
from hub.clients.errors import DomainChangeNotRipe, DomainChangeNotScheduled, DomainUnchanged
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import Domain
from hub.quantities import MAX_U64, Height, Seconds, UnixSeconds
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room, text, u64


class DomainChange(msgspec.Struct, frozen=True, array_like=True):
    """The domain that is to come, and from when."""

    ripe_at: UnixSeconds
    domain: Domain


class FormerDomain(msgspec.Struct, frozen=True, array_like=True):
    """A domain that was, and the last height whose checkpoint is valid in it."""

    last_height: Height
    domain: Domain


_CHANGES = Records(Room.DOMAIN_CHANGES, DomainChange)
_FORMER = Records(Room.FORMER_DOMAINS, FormerDomain, remembered=64)
"""By client and last height."""


def schedule_domain_change(
    state: Branch, client: ClientId, domain: Domain, now: UnixSeconds, delay: Seconds
) -> UnixSeconds:
    """Announce another domain; a second announcement takes the first one's place.

    Gives the time from which it may be applied; raises CounterpartyNotRegistered, DomainUnchanged.
    """
    if counterparty_of(state, client).domain == domain:
        raise DomainUnchanged(client)
    ripe_at = UnixSeconds(min(now + delay, MAX_U64))
    _CHANGES.put(state, text(client), DomainChange(ripe_at, domain))
    return ripe_at


def scheduled_domain_change(state: StateReader, client: ClientId) -> DomainChange | None:
    """What is announced for a counterparty, if anything."""
    return _CHANGES.get(state, text(client))


def apply_domain_change(state: Branch, client: ClientId, height: Height, now: UnixSeconds) -> Counterparty:
    """Let the checkpoints from ``height`` on be for the announced domain.

    Raises DomainChangeNotScheduled, DomainChangeNotRipe.
    """
    change = _scheduled(state, client)
    if now < change.ripe_at:
        raise DomainChangeNotRipe(client, change.ripe_at, now)
    last = Height(height - 1)
    key = text(client) + u64(last)
    if not _FORMER.has(state, key):  # a second change in one block: what the first one set was valid nowhere
        _FORMER.put(state, key, FormerDomain(last, counterparty_of(state, client).domain))
    _CHANGES.delete(state, text(client))
    return put_domain(state, client, change.domain)


def cancel_domain_change(state: Branch, client: ClientId) -> None:
    """Take back what is announced; raises DomainChangeNotScheduled."""
    _scheduled(state, client)
    _CHANGES.delete(state, text(client))


def former_domains(state: StateReader, client: ClientId) -> Iterator[FormerDomain]:
    """The domains that were, in order of their last heights."""
    return (former for _, former in _FORMER.scan(state, text(client)))


def domain_at(state: StateReader, client: ClientId, height: Height) -> Domain:
    """In which the checkpoint of a height is valid; raises CounterpartyNotRegistered."""
    for former in former_domains(state, client):
        if height <= former.last_height:
            return former.domain
    return counterparty_of(state, client).domain


def _scheduled(state: StateReader, client: ClientId) -> DomainChange:
    change = scheduled_domain_change(state, client)
    if change is None:
        raise DomainChangeNotScheduled(client)
    return change
