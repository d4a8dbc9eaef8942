"""The application on port ``service`` of the ledger: what the service gateway is on an EVM chain.

A call goes out as a packet to the hub and ends once, with a result or with a proven timeout. A request comes in for a
contract, which answers at once or later. Whatever a contract does costs only itself: its failure is an answer (500),
and an outcome that it does not take is kept, to be tried again by anyone.
"""

from typing import Protocol

import msgspec

from adapters.permissioned.ledger.identities import ContractName
from adapters.permissioned.ledger.service import calls
from adapters.permissioned.ledger.service.calls import CallState, OutgoingCall, PendingRequest
from adapters.permissioned.ledger.service.errors import (
    AnswerTooLong,
    CallNotFound,
    CallTooLong,
    CodeRefused,
    DeadlinePassed,
    NoHub,
    NothingToRetry,
    RequestUnknown,
)
from adapters.permissioned.ledger.service.events import (
    CallbackFailed,
    CallEnded,
    CallSent,
    RequestAnswered,
    RequestServed,
)
from hub.clients.registry import Clients
from hub.errors import HubError
from hub.ibc import client_lifecycle
from hub.ibc.channel import Channel, Route
from hub.ibc.commitment import ERROR_ACKNOWLEDGEMENT
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import MAX_ACKNOWLEDGEMENT_BYTES, MAX_TIMEOUT_SECONDS, Packet
from hub.quantities import Amount, Gas, Hash, UnixSeconds
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.errors import ServiceError
from hub.services.payload import Call, InputEncoding, Request, Result, ResultCode, packet_request_id
from hub.state.branch import StateReader
from hub.state.context import Context

replace = msgspec.structs.replace

MAX_DUE = 64
"""Requests that a block closes unanswered; the next block goes on."""
_FROM_CONTRACTS = (ResultCode.ANSWERED, ResultCode.INPUT_REFUSED, ResultCode.PROVIDER_FAILED)


class Contracts(Protocol):
    """What the gateway asks of the ledger's contracts."""

    def provides(self, state: StateReader, contract: str) -> bool:
        """Whether an active contract of that name answers requests."""
        ...

    def serve(self, ctx: Context, request: Request) -> Result | None:
        """Ask a contract, whose failure is its answer; None: it answers later."""
        ...

    def expire_request(self, ctx: Context, contract: ContractName, request_id: bytes) -> None:
        """A request that the contract took is not to be answered any more."""
        ...

    def deliver_result(self, ctx: Context, contract: ContractName, call_id: bytes, result: Result) -> None:
        """Raises HubError where the contract does not take it."""
        ...

    def deliver_timeout(self, ctx: Context, contract: ContractName, call_id: bytes) -> None:
        """Raises HubError where the contract does not take it."""
        ...


class ServiceGateway:
    """Implements ``hub.ibc.ports.Application``, and ``Services`` of the contracts' runtime."""

    def __init__(self, clients: Clients, channel: Channel) -> None:
        self._clients = clients
        self._channel = channel
        self._contracts: Contracts | None = None

    def serve_with(self, contracts: Contracts) -> None:
        """Put the contracts behind the gateway: each of the two needs the other."""
        self._contracts = contracts

    # --- calls that go out ---

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
    ) -> Hash:
        """Call a service behind the hub; the identifier of the call, which is the hub's of the request as well.

        ``caller``: ``organisation/name`` or a contract's name, in ASCII. The hub must accept the call within a day, and
        by the deadline. Raises NoHub, DeadlinePassed, CallTooLong, MalformedPayload, PacketError, ClientError.
        """
        if deadline <= ctx.time:
            raise DeadlinePassed(deadline, ctx.time)
        client, name = self.hub_client(ctx.state), caller.decode("ascii")
        value = Call(service, caller, deadline, fee_cap, Gas(0), encoding, data).encode()
        most = self._clients.max_value_bytes(ctx.state, client)
        if len(value) > most:
            raise CallTooLong(len(value), most)
        timeout = UnixSeconds(min(deadline, ctx.time + MAX_TIMEOUT_SECONDS))
        sequence = self._channel.send(ctx, self, Route(client, PORT, PORT, VERSION, ENCODING), timeout, value)
        call_id = packet_request_id(self._clients.counterparty(ctx.state, client).client, sequence)
        calls.put_call(ctx.state, OutgoingCall(call_id, name, service, encoding, client, sequence, deadline))
        ctx.emit(CallSent(call_id, name, service, sequence, deadline))
        return call_id

    def hub_client(self, state: StateReader) -> ClientId:
        """The ledger's client of its hub: the one that has a counterparty. Raises NoHub."""
        for client, _ in client_lifecycle.counterparties(state, self._clients):
            return client
        raise NoHub

    def retry(self, ctx: Context, call_id: bytes) -> None:
        """Give a contract once more the outcome that it did not take.

        Raises CallNotFound, NothingToRetry, and what the contract is refused for.
        """
        record = calls.call(ctx.state, call_id)
        if record is None:
            raise CallNotFound(call_id)
        if not record.callback_failed:
            raise NothingToRetry(call_id)
        self._tell(ctx, record)
        calls.forget_call(ctx.state, record)

    def on_acknowledge(self, ctx: Context, packet: Packet, acknowledgement: bytes) -> None:
        record = self._sent(ctx.state, packet)
        if acknowledgement == ERROR_ACKNOWLEDGEMENT:
            result = Result(ResultCode.INPUT_REFUSED, message="the hub could not read the call")
        else:
            try:
                result = Result.decode(acknowledgement)
            except ServiceError as error:
                result = Result(ResultCode.PROVIDER_FAILED, message=f"the hub's answer cannot be read: {error}")
        self._end(
            ctx,
            replace(
                record,
                state=CallState.RESULTED,
                code=result.code.value,
                output=result.output,
                message=result.message,
            ),
        )

    def on_timeout(self, ctx: Context, packet: Packet) -> None:
        message = "the call never reached the hub"
        self._end(ctx, replace(self._sent(ctx.state, packet), state=CallState.TIMED_OUT, message=message))

    # --- requests that come in ---

    def accepts(self, source_port: PortId) -> bool:
        """Only the hub's service module speaks for callers of other chains."""
        return source_port == PORT

    def on_receive(self, ctx: Context, packet: Packet) -> bytes | None:
        request = Request.decode(packet.payload.value)
        contract, result = _name(request.provider), self._serve(ctx, request)
        code = 0 if result is None else result.code.value
        ctx.emit(
            RequestServed(request.request_id, contract, request.service, request.caller_client, request.caller, code)
        )
        if result is not None:
            return result.encode()
        pending = PendingRequest(
            request_id=request.request_id,
            contract=ContractName(contract),
            service=request.service,
            caller_client=request.caller_client,
            caller=request.caller,
            client=packet.destination_client,
            sequence=packet.sequence,
            encoding=request.input_encoding,
            deadline=request.deadline,
            input=request.input,
        )
        calls.put_request(ctx.state, pending)
        return None

    def answer(self, ctx: Context, contract: ContractName, request_id: bytes, result: Result) -> None:
        """Answer a request that was put off, once. Raises RequestUnknown, CodeRefused, AnswerTooLong."""
        record = calls.request(ctx.state, request_id)
        if record is None or record.contract != contract:
            raise RequestUnknown(contract, request_id)
        if result.code not in _FROM_CONTRACTS:
            raise CodeRefused(result.code.value)
        size = len(result.encode())
        if size > MAX_ACKNOWLEDGEMENT_BYTES:
            raise AnswerTooLong(size, MAX_ACKNOWLEDGEMENT_BYTES)
        self._acknowledge(ctx, record, result)

    def end_block(self, ctx: Context) -> None:
        """Close requests that no contract has answered, long after an answer could matter to anyone."""
        for record in calls.due_requests(ctx.state, ctx.time, MAX_DUE):
            self._behind().expire_request(ctx, record.contract, record.request_id)
            self._acknowledge(ctx, record, Result(ResultCode.NO_ANSWER, message="the contract never answered"))

    def next_due(self, state: StateReader) -> UnixSeconds | None:
        """When a block must be made to close a request."""
        return calls.next_due(state)

    # --- inside ---

    def _acknowledge(self, ctx: Context, record: PendingRequest, result: Result) -> None:
        """Give a request that was put off its one answer."""
        calls.forget_request(ctx.state, record)
        self._channel.write_acknowledgement(ctx, self, PORT, record.client, record.sequence, data=result.encode())
        ctx.emit(RequestAnswered(record.request_id, record.contract, result.code.value))

    def _serve(self, ctx: Context, request: Request) -> Result | None:
        """What the contract answers; whatever it did is dropped where that is a failure."""
        contracts, name = self._behind(), _name(request.provider)
        if not contracts.provides(ctx.state, name):
            return Result(ResultCode.NOT_AVAILABLE, message="no such contract provides services here")
        if calls.request(ctx.state, request.request_id) is not None:
            return Result(ResultCode.PROVIDER_FAILED, message="a request of that identifier waits for its answer")
        if ctx.time >= request.deadline:
            return Result(ResultCode.NO_ANSWER, message="the deadline passed before the contract was reached")
        inner = ctx.branch()
        result = contracts.serve(inner, request)
        if result is not None and len(result.encode()) > MAX_ACKNOWLEDGEMENT_BYTES:
            return Result(ResultCode.PROVIDER_FAILED, message="the contract's answer is too long")
        if result is None or result.code is ResultCode.ANSWERED:
            inner.keep()
        return result

    def _end(self, ctx: Context, record: OutgoingCall) -> None:
        """Give a call its one outcome; a contract's callback can fail, its outcome cannot be lost."""
        ctx.emit(CallEnded(record.call_id, record.caller, record.code, record.message))
        if "/" in record.caller:  # a member's: it reads the record
            calls.put_call(ctx.state, record)
            return
        inner = ctx.branch()
        try:
            self._tell(inner, record)
        except HubError as error:
            reason = str(error) or error.reason()  # a contract may refuse without a word
            ctx.emit(CallbackFailed(record.call_id, record.caller, reason))
            calls.put_call(ctx.state, replace(record, callback_failed=reason))
        else:
            inner.keep()
            calls.forget_call(ctx.state, record)

    def _tell(self, ctx: Context, record: OutgoingCall) -> None:
        contract = ContractName(record.caller)
        if record.state is CallState.TIMED_OUT:
            self._behind().deliver_timeout(ctx, contract, record.call_id)
        else:
            result = Result(ResultCode(record.code), record.output, record.message)
            self._behind().deliver_result(ctx, contract, record.call_id, result)

    def _sent(self, state: StateReader, packet: Packet) -> OutgoingCall:
        call_id = packet_request_id(packet.destination_client, packet.sequence)
        record = calls.call(state, call_id)
        if record is None:
            raise CallNotFound(call_id)
        return record

    def _behind(self) -> Contracts:
        if self._contracts is None:
            raise RuntimeError("the gateway was put together without contracts")
        return self._contracts


def _name(provider: bytes) -> str:
    """A provider's bytes as the name of a contract; what cannot be one is the name of none."""
    return provider.decode("ascii", "replace")
