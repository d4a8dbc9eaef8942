"""What happens to calls and requests, made known."""

from hub.events import Event
from hub.quantities import Sequence, UnixSeconds


class CallSent(Event, frozen=True):
    """A member or a contract called a service; ``call_id`` is the hub's identifier of the request as well."""

    call_id: bytes
    caller: str
    service: str
    sequence: Sequence
    deadline: UnixSeconds


class CallEnded(Event, frozen=True):
    """A call has its outcome: the code of its result, or 0 where it never reached the hub."""

    call_id: bytes
    caller: str
    code: int
    message: str


class CallbackFailed(Event, frozen=True):
    """The calling contract did not take its outcome, which is kept: anyone may have it tried again."""

    call_id: bytes
    contract: str
    reason: str


class RequestServed(Event, frozen=True):
    """A caller of another chain asked a contract. ``code`` 0: it answers later."""

    request_id: bytes
    contract: str
    service: str
    caller_client: str
    caller: bytes
    code: int


class RequestAnswered(Event, frozen=True):
    """A contract answered a request that it had put off; ``code`` 504: it never did, and the request was closed."""

    request_id: bytes
    contract: str
    code: int
