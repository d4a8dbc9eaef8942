"""What the ledger refuses about calls and requests.

GatewayError
├── NoHub                  the ledger is connected to no hub
├── CallNotFound
├── NothingToRetry
├── RequestUnknown
├── CodeRefused
├── AnswerTooLong
├── CallTooLong
└── DeadlinePassed
"""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import StatusName
from hub.quantities import UnixSeconds


@dataclass(eq=False)
class GatewayError(LedgerError):
    """A call or a request broke a rule."""

    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


@dataclass(eq=False)
class NoHub(GatewayError):
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"
    template: ClassVar[str] = (
        "the ledger is connected to no hub: the organisations must vote for a client of it and its counterparty"
    )


@dataclass(eq=False)
class CallNotFound(GatewayError):
    status: ClassVar[StatusName] = "NOT_FOUND"
    call_id: bytes
    template: ClassVar[str] = "there is no call {call_id}: see yours with `ichub ledger query calls`"


@dataclass(eq=False)
class NothingToRetry(GatewayError):
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"
    call_id: bytes
    template: ClassVar[str] = "call {call_id} has no callback that failed: nothing is to be done again"


@dataclass(eq=False)
class RequestUnknown(GatewayError):
    status: ClassVar[StatusName] = "NOT_FOUND"
    contract: str
    request_id: bytes
    template: ClassVar[str] = "contract {contract} has no request {request_id} that waits for an answer"


@dataclass(eq=False)
class CodeRefused(GatewayError):
    code: int
    template: ClassVar[str] = "a provider answers 200, 400 or 500, not {code}"


@dataclass(eq=False)
class AnswerTooLong(GatewayError):
    size: int
    limit: int
    template: ClassVar[str] = "the answer has {size} bytes, {limit} fit an acknowledgement"


@dataclass(eq=False)
class CallTooLong(GatewayError):
    size: int
    limit: int
    template: ClassVar[str] = "the call has {size} bytes, the hub takes {limit}: send less, or a hash of it"


@dataclass(eq=False)
class DeadlinePassed(GatewayError):
    deadline: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the deadline {deadline} is not after the block's time {now}: ask for a later one"
