"""What a contract does beyond its own collections: events, calls of services, answers to requests."""

from typing import Protocol

import msgspec

from adapters.permissioned.ledger.contracts.errors import (
    MAX_REASON_CHARACTERS,
    BoundExceeded,
    ContractFailed,
    MethodNotFound,
    QueryWrites,
    Refused,
    RequestNotPending,
    WrongResultType,
)
from adapters.permissioned.ledger.contracts.events import ContractEvent
from adapters.permissioned.ledger.contracts.ground import Ground
from adapters.permissioned.ledger.contracts.interface import Kind
from adapters.permissioned.ledger.contracts.plain_text import is_name
from adapters.permissioned.ledger.contracts.shape import Method, Shape
from adapters.permissioned.ledger.contracts.values import Record, same_when_read, write_json
from adapters.permissioned.ledger.identities import ContractName
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.quantities import Amount, UnixSeconds
from hub.services.errors import ServiceError
from hub.services.payload import InputEncoding, Request, Result, ResultCode
from hub.services.settlement import MAX_OUTPUT_BYTES
from hub.services.transcode import convert
from hub.state.branch import Branch
from hub.state.collections import text
from hub.state.context import Context


class Services(Protocol):
    """The way to other chains that the runtime is given: the gateway on port ``service``."""

    def call(
        self,
        ctx: Context,
        caller: bytes,
        service: str,
        *,
        encoding: InputEncoding,
        data: bytes,
        deadline: UnixSeconds,
        fee_cap: Amount,
    ) -> bytes:
        """Send a call to the hub; its identifier. ``caller``: the contract's name. Raises HubError."""
        ...

    def answer(self, ctx: Context, contract: ContractName, request_id: bytes, result: Result) -> None:
        """Answer a request that ``Runtime.serve`` left open. Raises HubError."""
        ...


class _Pending(msgspec.Struct, frozen=True, array_like=True):
    """A request that a contract took, to be answered later."""

    service: str
    encoding: InputEncoding


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Pending).decode


def note_request(ground: Ground, request: Request) -> None:
    """Keep what it takes to answer later, on the contract's own ground."""
    ground.put(
        LedgerRoom.CONTRACT_CALLS, request.request_id, _encode(_Pending(request.service, request.input_encoding))
    )


def forget_request(state: Branch, contract: ContractName, request_id: bytes) -> None:
    """The contract cannot answer it any more."""
    state.delete(bytes((LedgerRoom.CONTRACT_CALLS,)) + text(contract) + request_id)


def service_output(contract: ContractName, method: Method, data: bytes, encoding: InputEncoding) -> bytes:
    """A service's output, given as JSON, as its caller reads it; raises ContractFailed where it fits no schema or no
    acknowledgement: that is the contract's fault, not the caller's."""
    if method.definition is None:
        raise MethodNotFound(contract, Kind.SERVICE, method.name)
    try:
        return convert(method.definition.output, data, InputEncoding.JSON, encoding, MAX_OUTPUT_BYTES)
    except ServiceError as error:
        raise ContractFailed(contract, method.name, type(error).__name__) from error


class InvocationWorld:
    """Implements ``interface.World`` for one invocation."""

    __slots__ = ("_ctx", "_ground", "_services", "_shape")

    def __init__(self, shape: Shape, ground: Ground, ctx: Context | None, services: Services) -> None:
        self._shape = shape
        self._ground = ground
        self._ctx = ctx
        self._services = services

    def emit(self, kind: str, data: Record) -> None:
        """Raises Refused, WrongResultType, BoundExceeded."""
        ctx, encoded = self._writing(), self._encode("emit", data)
        self._ground.meter.spend("events")
        self._ground.meter.spend("event_bytes", len(encoded))
        if not isinstance(kind, str) or not is_name(kind):
            raise Refused("an event's kind is a letter and up to 63 letters, digits, _ and -")
        ctx.emit(ContractEvent(self._ground.contract, kind, encoded))

    def call(self, service: str, data: Record, deadline: UnixSeconds, fee_cap: Amount) -> bytes:
        """Raises WrongResultType, BoundExceeded, HubError."""
        ctx, encoded = self._writing(), self._encode("call", data)
        self._ground.meter.spend("calls")
        self._ground.meter.spend("event_bytes", len(encoded))
        caller = self._ground.contract.encode()
        return self._services.call(
            ctx, caller, service, encoding=InputEncoding.JSON, data=encoded, deadline=deadline, fee_cap=fee_cap
        )

    def answer(self, request_id: bytes, output: Record) -> None:
        """Raises RequestNotPending, MethodNotFound, WrongResultType, ContractFailed, BoundExceeded, HubError."""
        ctx, pending = self._writing(), self._take(request_id)
        method = self._shape.method(Kind.SERVICE, pending.service)
        if type(output) is not method.result:
            raise WrongResultType(self._ground.contract, method.name, method.result.__name__, type(output).__name__)
        encoded = self._encode(method.name, output)
        self._ground.meter.spend("result_bytes", len(encoded))
        data = service_output(self._ground.contract, method, encoded, pending.encoding)
        self._services.answer(ctx, self._ground.contract, request_id, Result(ResultCode.ANSWERED, data))

    def decline(self, request_id: bytes, reason: str) -> None:
        """Raises RequestNotPending, BoundExceeded, HubError."""
        ctx = self._writing()
        self._take(request_id)
        if len(reason) > MAX_REASON_CHARACTERS:
            raise BoundExceeded(self._ground.contract, "reason_characters", MAX_REASON_CHARACTERS)
        result = Result(ResultCode.INPUT_REFUSED, message=reason)
        self._services.answer(ctx, self._ground.contract, request_id, result)

    def _take(self, request_id: bytes) -> _Pending:
        """The request, which is not open any more."""
        self._ground.meter.spend("calls")
        data = self._ground.get(LedgerRoom.CONTRACT_CALLS, request_id)
        if data is None:
            raise RequestNotPending(self._ground.contract, request_id)
        self._ground.delete(LedgerRoom.CONTRACT_CALLS, request_id)
        return _decode(data)

    def _writing(self) -> Context:
        self._ground.meter.check()
        if self._ctx is None:
            raise QueryWrites(self._ground.contract)
        return self._ctx

    def _encode(self, place: str, value: Record) -> bytes:
        if not isinstance(value, Record) or not same_when_read(type(value), value):
            raise WrongResultType(self._ground.contract, place, "Record", type(value).__name__)
        return write_json(value)
