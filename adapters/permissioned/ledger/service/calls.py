"""The state's records of calls that went out and of requests that wait for an answer."""

from collections.abc import Iterator
from enum import IntEnum

import msgspec

from adapters.permissioned.ledger.identities import ContractName
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.ibc.identifiers import ClientId
from hub.quantities import MAX_U64, Hash, Seconds, Sequence, UnixSeconds
from hub.services.payload import InputEncoding
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, text, u64

ANSWER_TIME_LIMIT = Seconds(60 * 24 * 3600)
"""How long after its deadline a request can still be answered: longer than a binding's grace at the hub (30 days at
most) and the time for which the fee waits for proof there (a week)."""


class CallState(IntEnum):
    """How far a call has come."""

    WAITING = 1
    RESULTED = 2
    """Its result has come, whatever its code."""
    TIMED_OUT = 3
    """It never reached the hub, proven."""


class OutgoingCall(msgspec.Struct, frozen=True, array_like=True):
    """A call of a member (``organisation/name``) or of a contract. A contract's is kept until its callback took it.

    ``callback_failed``: why the contract did not take the outcome, empty where it did or has not been asked yet.
    """

    call_id: Hash
    caller: str
    service: str
    encoding: InputEncoding
    client: ClientId
    sequence: Sequence
    deadline: UnixSeconds
    state: CallState = CallState.WAITING
    code: int = 0
    output: bytes = b""
    message: str = ""
    callback_failed: str = ""


class PendingRequest(msgspec.Struct, frozen=True, array_like=True):
    """A request that a contract answers later."""

    request_id: Hash
    contract: ContractName
    service: str
    caller_client: ClientId
    caller: bytes
    client: ClientId
    sequence: Sequence
    encoding: InputEncoding
    deadline: UnixSeconds
    input: bytes

    @property
    def due(self) -> UnixSeconds:
        """When it is closed unanswered."""
        return UnixSeconds(min(self.deadline + ANSWER_TIME_LIMIT, MAX_U64))


_CALLS = Records(LedgerRoom.CONTRACT_CALLS, OutgoingCall)
_OUT, _CALLERS, _IN, _DUE_IN = b"o", b"c", b"i", b"d"
_REQUESTS = Records(LedgerRoom.CONTRACT_CALLS, PendingRequest)
_OF_CALLER = Records(LedgerRoom.CONTRACT_CALLS, int)
_DUE = Records(LedgerRoom.CONTRACT_CALLS, int)


def call(state: StateReader, call_id: bytes) -> OutgoingCall | None:
    """The call of that identifier, if there is one."""
    return _CALLS.get(state, _OUT + call_id)


def calls_of(state: StateReader, caller: str, after: bytes | None = None) -> Iterator[OutgoingCall]:
    """The calls of one member or contract, by identifier, beyond ``after``."""
    prefix = _CALLERS + text(caller)
    for key, _ in _OF_CALLER.scan(state, prefix, None if after is None else prefix + after):
        found = call(state, key[len(prefix) :])
        if found is not None:
            yield found


def put_call(state: Branch, record: OutgoingCall) -> None:
    _CALLS.put(state, _OUT + record.call_id, record)
    _OF_CALLER.put(state, _CALLERS + text(record.caller) + record.call_id, 1)


def forget_call(state: Branch, record: OutgoingCall) -> None:
    """Its contract has taken the outcome: the events tell the rest."""
    _CALLS.delete(state, _OUT + record.call_id)
    _OF_CALLER.delete(state, _CALLERS + text(record.caller) + record.call_id)


def request(state: StateReader, request_id: bytes) -> PendingRequest | None:
    """The request of that identifier, if it waits for an answer."""
    return _REQUESTS.get(state, _IN + request_id)


def requests(state: StateReader, after: bytes | None = None) -> Iterator[PendingRequest]:
    """All that wait for an answer, by identifier, beyond ``after``."""
    return (record for _, record in _REQUESTS.scan(state, _IN, None if after is None else _IN + after))


def put_request(state: Branch, record: PendingRequest) -> None:
    _REQUESTS.put(state, _IN + record.request_id, record)
    _DUE.put(state, _due_key(record), 1)


def forget_request(state: Branch, record: PendingRequest) -> None:
    _REQUESTS.delete(state, _IN + record.request_id)
    _DUE.delete(state, _due_key(record))


def due_requests(state: StateReader, now: UnixSeconds, limit: int) -> list[PendingRequest]:
    """Those to be closed unanswered, the earliest first, at most ``limit``."""
    found: list[PendingRequest] = []
    for key, _ in _DUE.scan(state, _DUE_IN):
        if len(found) == limit or int.from_bytes(key[1:9], "big") > now:
            break
        if (record := request(state, key[9:])) is not None:
            found.append(record)
    return found


def next_due(state: StateReader) -> UnixSeconds | None:
    """When the next request is closed unanswered."""
    for key, _ in _DUE.scan(state, _DUE_IN):
        return UnixSeconds(int.from_bytes(key[1:9], "big"))
    return None


def _due_key(record: PendingRequest) -> bytes:
    return _DUE_IN + u64(record.due) + record.request_id
