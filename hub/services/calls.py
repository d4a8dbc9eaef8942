"""Calls: what the hub takes on. What is accepted gets exactly one result; all else is refused at once, and by name."""

from dataclasses import dataclass
from typing import Protocol

from hub.accounts import money
from hub.accounts.errors import InsufficientFunds
from hub.events import RequestForwarded, ServiceCalled
from hub.ibc.identifiers import ClientId
from hub.ibc.light_clients import LightClients
from hub.parameters import Parameters
from hub.quantities import MAX_U64, Address, Amount, Hash, Sequence, UnixSeconds
from hub.services import rates
from hub.services.bindings import Binding, choose
from hub.services.definitions import definition
from hub.services.errors import (
    DeadlineElapsed,
    DeadlineTooFar,
    FeeNotCovered,
    InputRefused,
    MalformedPayload,
    ServiceError,
    ServiceNotFound,
)
from hub.services.payload import InputEncoding, Request
from hub.services.requests import ServiceRequest, store
from hub.services.schema import ServiceSchema
from hub.services.transcode import convert
from hub.services.ways import request_timeout, way_to
from hub.state.branch import StateReader
from hub.state.context import Context


class RequestSender(Protocol):
    """The way to a provider on another chain."""

    def max_value_bytes(self, state: StateReader, client: ClientId) -> int:
        """The longest request there."""
        ...

    def send_request(self, ctx: Context, client: ClientId, timeout: UnixSeconds, data: bytes) -> Sequence:
        """Commit the request's packet."""
        ...


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A call and who made it, proven: a contract (``caller_client``, its packet's sequence) or a hub account.

    ``wanted``: the binding's client and provider, None for any.
    """

    request_id: Hash
    service: str
    caller_client: ClientId
    caller: bytes
    call_sequence: Sequence
    payer: Address
    wanted: tuple[str, bytes] | None
    encoding: InputEncoding
    input: bytes
    fee_cap: Amount
    deadline: UnixSeconds


def accept(
    ctx: Context, clients: LightClients, sender: RequestSender, parameters: Parameters, call: IncomingCall
) -> None:
    """Take on a call: its fee goes into escrow, and its request to the provider. Raises CallRefused.

    To be run on a branch, for what fails late has written already.
    """
    offered = definition(ctx.state, call.service)
    if offered is None:
        raise ServiceNotFound(call.service)
    _validate_deadline(ctx, parameters, call)
    binding = choose(
        ctx, clients, parameters, call.service, wanted=call.wanted, deadline=call.deadline, fee_cap=call.fee_cap
    )
    _put_at_stake(ctx, parameters, call, binding)  # first: nobody has a costly schema judged for nothing
    data = _input(offered.input, call, binding)
    sequence = _forward(ctx, sender, call, binding, data) if binding.client else Sequence(0)
    grace = binding.grace(way_to(ctx.state, clients, parameters, binding.client))
    store(ctx.state, None, _record(call, binding, data, sequence, UnixSeconds(min(call.deadline + grace, MAX_U64))))
    ctx.emit(_called(call, binding, data))
    if binding.client:
        ctx.emit(RequestForwarded(call.request_id, binding.client, sequence))


def _validate_deadline(ctx: Context, parameters: Parameters, call: IncomingCall) -> None:
    latest = UnixSeconds(ctx.time + parameters.call_time_limit)
    if call.deadline > latest:
        raise DeadlineTooFar(call.deadline, latest)
    if call.deadline <= ctx.time:
        raise DeadlineElapsed(call.deadline, ctx.time)


def _input(schema: ServiceSchema, call: IncomingCall, binding: Binding) -> bytes:
    try:
        return convert(schema, call.input, call.encoding, binding.encoding)
    except ServiceError as error:
        raise InputRefused(str(error)) from error


def _put_at_stake(ctx: Context, parameters: Parameters, call: IncomingCall, binding: Binding) -> None:
    """Into escrow, counted for every client whose word decides what becomes of it."""
    for client in sorted({call.caller_client, binding.client} - {""}):
        rates.count(ctx.state, parameters, ClientId(client), binding.price, ctx.time)
    try:
        money.hold(ctx.state, call.payer, binding.price)
    except InsufficientFunds as error:
        raise FeeNotCovered(call.payer, error.balance, binding.price) from error


def _forward(ctx: Context, sender: RequestSender, call: IncomingCall, binding: Binding, data: bytes) -> Sequence:
    """Send the request on; its packet times out at the deadline at the latest."""
    request = Request(
        call.request_id,
        call.service,
        binding.provider,
        call.caller_client,
        call.caller,
        call.deadline,
        binding.gas_limit,
        binding.encoding,
        data,
    )
    try:
        value = request.encode()
    except MalformedPayload as error:
        raise InputRefused(str(error)) from error
    most = sender.max_value_bytes(ctx.state, binding.client)
    if len(value) > most:
        raise InputRefused(f"the request has {len(value)} bytes, the provider's chain takes {most}")
    return sender.send_request(ctx, binding.client, request_timeout(call.deadline, ctx.time), value)


def _record(call: IncomingCall, binding: Binding, data: bytes, sequence: Sequence, due: UnixSeconds) -> ServiceRequest:
    return ServiceRequest(
        request_id=call.request_id,
        service=call.service,
        caller_client=call.caller_client,
        caller=call.caller,
        call_sequence=call.call_sequence,
        payer=call.payer,
        client=binding.client,
        provider=binding.provider,
        payee=binding.payee,
        request_sequence=sequence,
        fee=binding.price,
        deadline=call.deadline,
        due=due,
        caller_encoding=call.encoding,
        encoding=binding.encoding,
        input=data,
    )


def _called(call: IncomingCall, binding: Binding, data: bytes) -> ServiceCalled:
    return ServiceCalled(
        call.request_id,
        call.service,
        call.caller_client,
        call.caller,
        call.call_sequence,
        binding.client,
        binding.provider,
        binding.price,
        call.deadline,
        binding.encoding.value,
        data,
    )
