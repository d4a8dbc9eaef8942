"""The service model as an application: what stands behind port ``service``, and what transactions ask of it."""

from hub.ibc.channel import Channel, Route
from hub.ibc.commitment import ERROR_ACKNOWLEDGEMENT
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.light_clients import LightClients
from hub.ibc.packet import Packet
from hub.messages import CallService, RespondService
from hub.parameters import parameters
from hub.quantities import Address, Hash, Sequence, UnixSeconds
from hub.services import calls, requests, settlement
from hub.services.calls import IncomingCall
from hub.services.errors import (
    AlreadyResulted,
    CallRefused,
    NotTheProvider,
    RequestNotFound,
    ResponseRefused,
    ServiceError,
)
from hub.services.payload import (
    MAX_MESSAGE_BYTES,
    Call,
    Request,
    Result,
    ResultCode,
    account_request_id,
    caller_account,
    input_encoding,
    packet_request_id,
    result_code,
)
from hub.state.branch import StateReader
from hub.state.context import Context

PORT = PortId("service")
VERSION = "service-1"
ENCODING = "application/x-interchain-service"
MAX_DUE = 256
"""Requests decided at one block's end; what is left over falls to the next block."""

_FROM_ACCOUNTS = (ResultCode.ANSWERED, ResultCode.INPUT_REFUSED, ResultCode.PROVIDER_FAILED)


class ServiceApplication:
    """Implements ``hub.ibc.ports.Application``."""

    def __init__(self, clients: LightClients, channel: Channel) -> None:
        self._clients = clients
        self._channel = channel

    def accepts(self, source_port: PortId) -> bool:
        """Only the service gateway of another chain speaks for its callers."""
        return source_port == PORT

    def on_receive(self, ctx: Context, packet: Packet) -> bytes | None:
        """A call from a contract: accepted, and acknowledged later with its result; or refused by a result at once."""
        call = Call.decode(packet.payload.value)
        client = packet.destination_client
        incoming = IncomingCall(
            request_id=packet_request_id(client, packet.sequence),
            service=call.service,
            caller_client=client,
            caller=call.caller,
            call_sequence=packet.sequence,
            payer=caller_account(client, call.caller),
            wanted=None,
            encoding=call.input_encoding,
            input=call.input,
            fee_cap=call.fee_cap,
            deadline=call.deadline,
        )
        inner = ctx.branch()
        try:
            calls.accept(inner, self._clients, self, parameters(ctx.state), incoming)
        except CallRefused as refusal:
            return Result(ResultCode(refusal.code), message=str(refusal)).encode()
        inner.keep()
        return None

    def on_acknowledge(self, ctx: Context, packet: Packet, acknowledgement: bytes) -> None:
        """A provider's chain has answered."""
        record = self._sent(ctx, packet)
        if acknowledgement == ERROR_ACKNOWLEDGEMENT:
            result = Result(ResultCode.PROVIDER_FAILED, message="the provider's chain could not read the request")
        else:
            try:
                result = Result.decode(acknowledgement)
            except ServiceError as error:
                result = Result(ResultCode.PROVIDER_FAILED, message=f"the provider's answer cannot be read: {error}")
        settlement.answered(ctx, self, record, result)

    def on_timeout(self, ctx: Context, packet: Packet) -> None:
        """The request never reached the provider's chain."""
        record = self._sent(ctx, packet)
        result = Result(ResultCode.NO_ANSWER, message="the request did not reach the provider's chain in time")
        settlement.end(ctx, self, record, result)

    def call(self, ctx: Context, account: Address, nonce: int, index: int, message: CallService) -> None:
        """A call from a hub account, message ``index`` of its transaction; raises CallRefused, UnknownInputEncoding."""
        incoming = IncomingCall(
            request_id=account_request_id(account, nonce, index),
            service=message.service,
            caller_client=ClientId(""),
            caller=account,
            call_sequence=Sequence(0),
            payer=account,
            wanted=(message.client, message.provider) if message.client or message.provider else None,
            encoding=input_encoding(message.input_encoding),
            input=message.input,
            fee_cap=message.fee_cap,
            deadline=message.deadline,
        )
        calls.accept(ctx, self._clients, self, parameters(ctx.state), incoming)

    def respond(self, ctx: Context, account: Address, message: RespondService) -> None:
        """The answer of a provider that is a hub account.

        An output that breaks the schema is refused, and the request stays open: there is time to answer better.
        Raises RequestNotFound, NotTheProvider, AlreadyResulted, ResponseRefused, UnknownResultCode, ServiceError.
        """
        record = requests.request(ctx.state, message.request_id)
        if record is None:
            raise RequestNotFound(message.request_id)
        if record.client or record.provider != account:
            raise NotTheProvider(message.request_id)
        if not record.is_open:
            raise AlreadyResulted(message.request_id, record.code)
        code = result_code(message.code)
        if code not in _FROM_ACCOUNTS:
            raise ResponseRefused("a provider answers 200, 400 or 500")
        if len(message.message.encode()) > MAX_MESSAGE_BYTES:
            raise ResponseRefused(f"a message has at most {MAX_MESSAGE_BYTES} bytes")
        if code is not ResultCode.ANSWERED and message.output:
            raise ResponseRefused("only a 200 has an output")
        result = Result(code, message.output, message.message)
        settlement.end(ctx, self, record, settlement.translate(ctx.state, record, result))

    def end_block(self, ctx: Context) -> None:
        """Decide what has fallen due."""
        for request_id in requests.due(ctx.state, ctx.time, MAX_DUE):
            record = requests.request(ctx.state, request_id)
            if record is None:
                raise RequestNotFound(request_id)
            settlement.fell_due(ctx, self, parameters(ctx.state), record)

    def max_value_bytes(self, state: StateReader, client: ClientId) -> int:
        return self._clients.max_value_bytes(state, client)

    def send_request(self, ctx: Context, client: ClientId, timeout: UnixSeconds, data: bytes) -> Sequence:
        return self._channel.send(ctx, self, Route(client, PORT, PORT, VERSION, ENCODING), timeout, data)

    def write_answer(self, ctx: Context, client: ClientId, sequence: Sequence, data: bytes) -> None:
        self._channel.write_acknowledgement(ctx, self, PORT, client, sequence, data=data)

    def _sent(self, ctx: Context, packet: Packet) -> requests.ServiceRequest:
        request_id = Request.decode(packet.payload.value).request_id
        record = requests.request(ctx.state, Hash(request_id))
        if record is None:
            raise RequestNotFound(request_id)
        return record
