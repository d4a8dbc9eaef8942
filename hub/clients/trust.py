"""How long a light client is believed (ICS-2): the same for every kind."""

from typing import Protocol

from hub.clients.base import ClientStatus, ProvenPoint
from hub.clients.errors import ClientHasExpired, ClientIsFrozen
from hub.ibc.identifiers import ClientId
from hub.quantities import Seconds, UnixSeconds


class TrustingConfig(Protocol):
    """The part of a configuration that says how long news stays news."""

    @property
    def trusting_period(self) -> Seconds: ...


class Trusted(Protocol):
    """What a kind's record says of its own standing."""

    @property
    def config(self) -> TrustingConfig: ...

    @property
    def created(self) -> UnixSeconds: ...

    @property
    def frozen(self) -> bool: ...

    @property
    def latest(self) -> ProvenPoint: ...


def status_of(record: Trusted, now: UnixSeconds) -> ClientStatus:
    """Expired once nothing newer was proven for the trusting period, counted from creation until there is news."""
    if record.frozen:
        return ClientStatus.FROZEN
    if max(record.created, record.latest.time) + record.config.trusting_period <= now:
        return ClientStatus.EXPIRED
    return ClientStatus.ACTIVE


def require_active(client: ClientId, record: Trusted, now: UnixSeconds) -> None:
    """Raises ClientIsFrozen, ClientHasExpired."""
    match status_of(record, now):
        case ClientStatus.ACTIVE:
            return
        case ClientStatus.FROZEN:
            raise ClientIsFrozen(client)
        case ClientStatus.EXPIRED:
            raise ClientHasExpired(client, record.latest.time)
