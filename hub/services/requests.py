"""Requests: the calls that the hub has accepted, what each holds in escrow, and when each falls due."""

from collections.abc import Iterator
from enum import IntEnum

import msgspec

from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Amount, Hash, Sequence, UnixSeconds
from hub.services.payload import InputEncoding
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room, u64


class Escrow(IntEnum):
    """Where a request's fee is."""

    HELD = 1
    PAID = 2
    """To the provider."""
    REFUNDED = 3
    """To the caller."""


class ServiceRequest(msgspec.Struct, frozen=True, array_like=True):
    """A call that was accepted: it gets exactly one result, and its fee is settled exactly once.

    ``caller_client`` is empty for a hub account, ``client`` where the provider is one. ``input`` is as the provider
    reads it, in ``encoding``, and is dropped with the result. ``code`` is 0 until there is a result; its output is in
    ``caller_encoding``, and kept only for callers that are hub accounts: all others have it from their acknowledgement.
    ``due``: when the result, and after it the escrow, is decided without an answer.
    """

    request_id: Hash
    service: str
    caller_client: ClientId
    caller: bytes
    call_sequence: Sequence
    payer: Address
    client: ClientId
    provider: bytes
    payee: Address
    request_sequence: Sequence
    fee: Amount
    deadline: UnixSeconds
    due: UnixSeconds
    caller_encoding: InputEncoding
    encoding: InputEncoding
    input: bytes
    escrow: Escrow = Escrow.HELD
    code: int = 0
    output: bytes = b""
    message: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the result is still to come."""
        return self.code == 0

    @property
    def is_finished(self) -> bool:
        """Whether nothing is to come any more."""
        return not self.is_open and self.escrow is not Escrow.HELD


_REQUESTS = Records(Room.SERVICE_REQUESTS, ServiceRequest)
_DUE = Records(Room.SERVICE_DUE, int)


def request(state: StateReader, request_id: bytes) -> ServiceRequest | None:
    """The request of that identifier, if there is one."""
    return _REQUESTS.get(state, request_id)


def requests(state: StateReader, after: bytes | None = None) -> Iterator[ServiceRequest]:
    """All requests by identifier, beyond ``after``."""
    return (record for _, record in _REQUESTS.scan(state, after=after))


def store(state: Branch, before: ServiceRequest | None, now: ServiceRequest) -> None:
    """Write a request, and when it falls due; ``before``: as it stood."""
    if before is not None and (before.due != now.due or now.is_finished):
        _DUE.delete(state, _due_key(before))
    if not now.is_finished and (before is None or before.due != now.due):
        _DUE.put(state, _due_key(now), 1)
    _REQUESTS.put(state, now.request_id, now)


def due(state: StateReader, now: UnixSeconds, limit: int) -> list[Hash]:
    """Requests that have fallen due, the earliest first, at most ``limit``."""
    found: list[Hash] = []
    for key, _ in _DUE.scan(state):
        if len(found) == limit or int.from_bytes(key[:8], "big") > now:
            break
        found.append(Hash(key[8:]))
    return found


def next_due(state: StateReader) -> UnixSeconds | None:
    """When the next request falls due."""
    for key, _ in _DUE.scan(state):
        return UnixSeconds(int.from_bytes(key[:8], "big"))
    return None


def _due_key(record: ServiceRequest) -> bytes:
    return u64(record.due) + record.request_id
