"""Results and money: how a request ends.

accepted ── answer from the provider ──────────────► result, and paid on a valid 200, else refunded
         ── its packet timed out, proven ──────────► 504, refunded
         ── due, provider is a hub account ────────► 504, refunded
         ── due, provider on another chain ────────► 504, the escrow waits ── late valid 200 ──► paid
                                                                         ── other answer ───► refunded
                                                                         ── timeout, proven ► refunded
                                                                         ── due again ──────► refunded by rule
"""

from typing import Protocol

import msgspec

from hub.accounts import money
from hub.events import EscrowSettled, ServiceResulted
from hub.ibc.identifiers import ClientId
from hub.ibc.packet import MAX_ACKNOWLEDGEMENT_BYTES
from hub.parameters import Parameters
from hub.quantities import MAX_U64, Sequence, UnixSeconds
from hub.services.definitions import definition
from hub.services.errors import ServiceError, ServiceNotFound
from hub.services.payload import Result, ResultCode
from hub.services.requests import Escrow, ServiceRequest, store
from hub.services.transcode import convert
from hub.state.branch import StateReader
from hub.state.context import Context

MAX_OUTPUT_BYTES = MAX_ACKNOWLEDGEMENT_BYTES - len(Result(ResultCode.ANSWERED).encode())
"""What fits a result without a message: as on the chains of providers, output and message share the room."""

_FROM_PROVIDERS = (ResultCode.ANSWERED, ResultCode.INPUT_REFUSED, ResultCode.NOT_AVAILABLE, ResultCode.PROVIDER_FAILED)


class Answers(Protocol):
    """The way back to a caller on another chain."""

    def write_answer(self, ctx: Context, client: ClientId, sequence: Sequence, data: bytes) -> None:
        """Acknowledge the call's packet."""
        ...


def translate(state: StateReader, record: ServiceRequest, result: Result) -> Result:
    """A provider's answer as the caller reads it; raises ServiceError where a 200's output breaks the schema."""
    if result.code is not ResultCode.ANSWERED:
        return Result(result.code, message=result.message)
    offered = definition(state, record.service)
    if offered is None:
        raise ServiceNotFound(record.service)
    room = MAX_OUTPUT_BYTES - len(result.message.encode())
    output = convert(offered.output, result.output, record.encoding, record.caller_encoding, room)
    return Result(ResultCode.ANSWERED, output, result.message)


def answered(ctx: Context, answers: Answers, record: ServiceRequest, result: Result) -> None:
    """The provider's chain has shown its answer: in time or late, it settles the money."""
    if result.code not in _FROM_PROVIDERS:
        result = Result(ResultCode.PROVIDER_FAILED, message=f"the provider's chain answered {result.code.value}")
    try:
        final = translate(ctx.state, record, result)
    except ServiceError as error:
        final = Result(ResultCode.PROVIDER_FAILED, message=f"the provider's output is refused: {error}")
    end(ctx, answers, record, final)


def fell_due(ctx: Context, answers: Answers, parameters: Parameters, record: ServiceRequest) -> None:
    """Nobody has answered by the deadline and its grace; or nobody has proven anything long after it."""
    if record.is_open and record.client:
        again = UnixSeconds(min(ctx.time + parameters.settlement_time_limit, MAX_U64))
        result = Result(ResultCode.NO_ANSWER, message="no answer in time; the fee waits for proof")
        store(ctx.state, record, msgspec.structs.replace(_resulted(ctx, answers, record, result), due=again))
    else:
        end(ctx, answers, record, Result(ResultCode.NO_ANSWER, message="no answer in time"))


def end(ctx: Context, answers: Answers, record: ServiceRequest, result: Result) -> None:
    """Close what is still open of a request, for good; what was decided before stays as it is."""
    after = _resulted(ctx, answers, record, result) if record.is_open else record
    if record.escrow is Escrow.HELD:
        escrow = Escrow.PAID if result.code is ResultCode.ANSWERED else Escrow.REFUNDED
        recipient = record.payee if escrow is Escrow.PAID else record.payer
        money.release(ctx.state, recipient, record.fee)
        ctx.emit(EscrowSettled(record.request_id, recipient, record.fee, escrow is Escrow.PAID))
        after = msgspec.structs.replace(after, escrow=escrow)
    store(ctx.state, record, after)


def _resulted(ctx: Context, answers: Answers, record: ServiceRequest, result: Result) -> ServiceRequest:
    """Give a call its one result."""
    ctx.emit(ServiceResulted(record.request_id, result.code.value, result.output, result.message))
    if record.caller_client:
        answers.write_answer(ctx, record.caller_client, record.call_sequence, result.encode())
        return msgspec.structs.replace(record, code=result.code.value, input=b"")
    return msgspec.structs.replace(
        record, code=result.code.value, input=b"", output=result.output, message=result.message
    )
