"""What the packet handlers, and the applications above them, ask of the light clients of all kinds."""

from typing import Any, Protocol

from hub.clients.base import Claims, ClientStatus, ProvenPoint
from hub.clients.counterparty import Counterparty
from hub.ibc.identifiers import ClientId
from hub.quantities import Seconds, UnixSeconds
from hub.state.branch import Branch, StateReader


class LightClients(Protocol):
    """Implemented by ``hub.clients.registry.Clients``, which says what each does and raises."""

    def counterparty(self, state: StateReader, client: ClientId) -> Counterparty: ...

    def max_value_bytes(self, state: StateReader, client: ClientId) -> int: ...

    def status(self, state: StateReader, client: ClientId, now: UnixSeconds) -> ClientStatus: ...

    def latest(self, state: StateReader, client: ClientId) -> ProvenPoint: ...

    def finality_time(self, state: StateReader, client: ClientId) -> Seconds: ...

    def verify(self, state: Branch, client: ClientId, proof: Any, claims: Claims, now: UnixSeconds) -> ProvenPoint: ...
