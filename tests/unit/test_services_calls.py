"""Service calls: what is refused at once, what is answered and paid, what happens when nobody answers."""

from collections.abc import Callable
from typing import Any

import pytest

from hub import messages as m
from hub.accounts import money
from hub.clients.quorum import Evidence, SignedElsewhere, Update
from hub.events import (
    AcknowledgementWritten,
    ApplicationFailed,
    EscrowSettled,
    PacketAcknowledged,
    PacketSent,
    RequestForwarded,
    ServiceCalled,
    ServiceResulted,
)
from hub.ibc.commitment import ERROR_ACKNOWLEDGEMENT
from hub.proofs.eip712 import SaltDomain
from hub.quantities import Hash, Seconds
from hub.services.payload import (
    Call,
    Request,
    Result,
    packet_request_id,
)
from hub.services.payload import ResultCode as Code
from tests.unit.hub_chain import OPERATOR, PARAMETERS, RELAYER, START
from tests.unit.hub_world import (
    CALLER,
    FUNDS,
    PRICE,
    PROVIDER_CONTRACT,
    World,
    abi_text,
    call,
    none_of,
    one,
)
from tests.vectors.writing import label

GRACE = 20


@pytest.fixture
def world() -> World:
    return World()


# --- a call from a contract ---


def test_a_call_is_accepted_escrowed_and_forwarded(world: World) -> None:
    sequence, events = world.accept()
    called, sent = one(events, ServiceCalled), one(events, PacketSent)
    assert called.request_id == packet_request_id(world.a.client, sequence)
    assert one(events, RequestForwarded).sequence == sent.sequence
    assert none_of(events, AcknowledgementWritten)
    assert world.balance(world.caller_account) == FUNDS - PRICE
    assert money.escrowed(world.hub.state) == PRICE
    request = Request.decode(sent.value)
    assert (request.caller_client, request.caller) == (world.a.client, CALLER)
    assert (request.service, request.provider, request.input) == ("echo", PROVIDER_CONTRACT, abi_text("hello"))
    assert sent.timeout == request.deadline == START + 1000


def test_a_200_reaches_the_caller_and_pays_the_provider(world: World) -> None:
    sequence, sent = world.forwarded()
    answer = world.answer(sent)
    events = world.settle(sent, answer)
    assert world.result(events) == Result(Code.ANSWERED, abi_text("hello"))
    assert one(events, EscrowSettled).paid
    assert world.balance(world.payee) == PRICE
    assert world.request().is_finished
    world.a.learn([sequence], [one(events, AcknowledgementWritten).acknowledgement])
    assert Result.decode(world.a.gateway.results[sequence]).code is Code.ANSWERED


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (Result(Code.INPUT_REFUSED, message="not so").encode(), 400, "not so"),
        (Result(Code.NOT_AVAILABLE, message="nobody here").encode(), 404, "nobody here"),
        (Result(Code.PROVIDER_FAILED, b"left out", message="reverted").encode(), 500, "reverted"),
        (Result(Code.FEE_NOT_COVERED, message="odd").encode(), 500, "the provider's chain answered 402"),
        (Result(Code.NO_ANSWER, message="odd").encode(), 500, "the provider's chain answered 504"),
        (Result(Code.ANSWERED, b"").encode(), 500, "the provider's output is refused"),
        (Result(Code.ANSWERED, abi_text("x" * 65)).encode(), 500, "the provider's output is refused"),
        (Result(Code.ANSWERED, abi_text("hello") + b"\0" * 32).encode(), 500, "the provider's output is refused"),
        (b"\x02", 500, "the provider's answer cannot be read"),
        (b"\x01\x00\xc8", 500, "the provider's answer cannot be read"),
        (b"\x01\x03\xe7\x00\x00\x00\x00", 500, "the provider's answer cannot be read"),
    ],
)
def test_any_other_answer_is_refunded(world: World, answer: bytes, code: int, message: str) -> None:
    world.b.gateway.behave = lambda ctx, packet: answer
    _, sent = world.forwarded()
    events = world.settle(sent, world.answer(sent))
    result = world.result(events)
    assert (result.code, result.output) == (code, b"")
    assert message in result.message
    assert not one(events, EscrowSettled).paid
    assert world.balance(world.caller_account) == FUNDS
    assert world.balance(world.payee) == 0


def test_a_relayers_chain_that_fails_to_read_is_a_500(world: World) -> None:
    def broken(ctx: Any, packet: Any) -> bytes:
        Call.decode(b"")
        raise AssertionError

    world.b.gateway.behave = broken
    _, sent = world.forwarded()
    answer = world.answer(sent)
    assert answer == ERROR_ACKNOWLEDGEMENT
    assert world.result(world.settle(sent, answer)).code is Code.PROVIDER_FAILED
    assert world.balance(world.caller_account) == FUNDS


REFUSED: list[tuple[str, Callable[[World], dict[str, Any]], int, str]] = [
    ("no such service", lambda w: {"service": "nothing"}, 404, "there is no service nothing"),
    ("not a name", lambda w: {"service": "no name!"}, 404, "there is no service"),
    ("an input that breaks the schema", lambda w: {"input": abi_text("x" * 65)}, 400, "the input is refused"),
    ("an input that is not ABI", lambda w: {"input": b"x"}, 400, "the input is refused"),
    ("no input", lambda w: {"input": b""}, 400, "the input is refused"),
    ("a deadline now", lambda w: {"deadline": w.hub.now + 1}, 400, "is over"),
    ("a deadline that the route cannot serve", lambda w: {"deadline": w.hub.now + 40}, 400, "cannot be met"),
    ("a deadline too far", lambda w: {"deadline": w.hub.now + 31 * 86_400}, 400, "too far ahead"),
    ("a deadline of all bits", lambda w: {"deadline": 2**64 - 1}, 400, "too far ahead"),
    ("a fee cap below the price", lambda w: {"fee_cap": PRICE - 1}, 402, "below the lowest price"),
    ("an account without money", lambda w: {"caller": b"\xcb" * 20}, 402, "fund it first"),
]


@pytest.mark.parametrize(("change", "code", "message"), [pytest.param(b, c, t, id=n) for n, b, c, t in REFUSED])
def test_a_call_is_refused_at_once(
    world: World, change: Callable[[World], dict[str, Any]], code: int, message: str
) -> None:
    before = world.hub.state.scan(b"\x20", b"\x28")
    kept = dict(before)
    _, events = world.accept(**change(world))
    result = world.result(events)
    assert result.code == code
    assert message in result.message
    assert none_of(events, ServiceCalled)
    assert none_of(events, PacketSent)
    assert dict(world.hub.state.scan(b"\x20", b"\x28")) == kept
    assert world.balance(world.caller_account) == FUNDS


def test_a_fee_cap_of_just_the_price_and_a_balance_of_just_the_price_are_enough(world: World) -> None:
    for _ in range(FUNDS // PRICE):
        one(world.accept(fee_cap=PRICE)[1], ServiceCalled)
    assert world.balance(world.caller_account) == 0
    assert world.result(world.accept(fee_cap=PRICE)[1]).code is Code.FEE_NOT_COVERED


def test_the_earliest_deadline_is_accepted(world: World) -> None:
    _, events = world.accept(deadline=world.hub.now + 1 + 30 + PARAMETERS.route_margin)
    one(events, ServiceCalled)


@pytest.mark.parametrize("value", [b"\x01", b"\x02" + b"x" * 80, call().encode() + b"", b"x" * 300])
def test_what_cannot_be_read_gets_the_error_acknowledgement(world: World, value: bytes) -> None:
    if value == call().encode():
        value = value[:40]
    sequence = world.a.send(value)
    events = world.hub.do(RELAYER, world.a.receive_message(sequence)).events
    assert one(events, AcknowledgementWritten).acknowledgement == ERROR_ACKNOWLEDGEMENT
    assert one(events, ApplicationFailed).sequence == sequence


def test_a_binding_to_a_frozen_chain_is_not_available(world: World) -> None:
    two = [world.b.checkpoint(block_hash=Hash(label(name))) for name in ("one", "two")]
    domain = SaltDomain(world.hub.app.genesis_hash)
    evidence = Evidence(*(SignedElsewhere(signed, domain) for signed in two))
    world.hub.do(RELAYER, m.ReportQuorumMisbehaviour(world.b.client, evidence))
    _, events = world.accept()
    assert world.result(events).code is Code.NOT_AVAILABLE


def test_a_binding_to_a_chain_whose_time_no_packet_can_outlast_is_not_available(world: World) -> None:
    """Its clock runs a day ahead, as its client allows: the deadline lies beyond, the latest timeout does not."""
    day, client = 86_400, world.b.client
    config = world.b.client_config(trusting_period=Seconds(7 * day), max_clock_drift=Seconds(2 * day))
    world.hub.do(OPERATOR, m.ScheduleQuorumReplacement(client, config))
    world.hub.do(OPERATOR, m.ApplyClientReplacement(client), advance=PARAMETERS.replacement_delay)
    world.b.block(advance=world.hub.now + day + 100 - world.b.time)
    world.hub.do(RELAYER, m.UpdateQuorumClient(client, Update(world.b.checkpoint())))
    _, events = world.accept(deadline=world.hub.now + 3 * day)
    assert world.result(events).code is Code.NOT_AVAILABLE


def test_an_answer_still_reaches_a_caller_whose_chain_is_frozen(world: World) -> None:
    _, sent = world.forwarded()
    two = [world.a.checkpoint(block_hash=Hash(label(name))) for name in ("one", "two")]
    domain = SaltDomain(world.hub.app.genesis_hash)
    evidence = Evidence(*(SignedElsewhere(signed, domain) for signed in two))
    world.hub.do(RELAYER, m.ReportQuorumMisbehaviour(world.a.client, evidence))
    assert world.result(world.settle(sent, world.answer(sent))).code is Code.ANSWERED


# --- nobody answers ---


def test_504_closes_the_result_and_not_the_money_and_a_late_200_pays(world: World) -> None:
    _, sent = world.forwarded(deadline=world.hub.now + 100)
    answer = world.answer(sent)
    due = world.request().due
    assert due == sent.timeout + GRACE
    assert world.hub.app.next_due(world.hub.state) == due
    assert none_of(world.pass_time(due - 1), ServiceResulted)
    events = world.pass_time(due)
    assert world.result(events).code is Code.NO_ANSWER
    assert none_of(events, EscrowSettled)
    assert money.escrowed(world.hub.state) == PRICE
    late = world.settle(sent, answer)
    assert none_of(late, ServiceResulted)
    assert none_of(late, AcknowledgementWritten)
    assert one(late, EscrowSettled).paid
    assert world.balance(world.payee) == PRICE
    assert world.request().code == Code.NO_ANSWER
    assert world.hub.app.next_due(world.hub.state) is None


@pytest.mark.parametrize("answer", [Result(Code.PROVIDER_FAILED).encode(), Result(Code.ANSWERED, b"bad").encode()])
def test_a_late_failure_refunds(world: World, answer: bytes) -> None:
    world.b.gateway.behave = lambda ctx, packet: answer
    _, sent = world.forwarded(deadline=world.hub.now + 100)
    world.answer(sent)
    world.pass_time(world.request().due)
    late = world.settle(sent, answer)
    assert not one(late, EscrowSettled).paid
    assert none_of(late, ServiceResulted)
    assert world.balance(world.caller_account) == FUNDS


def test_a_proven_timeout_is_a_504_and_refunds(world: World) -> None:
    _, sent = world.forwarded(deadline=world.hub.now + 100)
    world.pass_time(sent.timeout)
    world.b.block()
    events = world.hub.do(RELAYER, world.b.timeout_message(sent)).events
    assert world.result(events).code is Code.NO_ANSWER
    assert not one(events, EscrowSettled).paid
    assert world.balance(world.caller_account) == FUNDS
    assert none_of(world.pass_time(world.request().due), ServiceResulted)


def test_a_timeout_proven_after_the_504_refunds_only(world: World) -> None:
    _, sent = world.forwarded(deadline=world.hub.now + 100)
    world.pass_time(world.request().due)
    world.b.block()
    events = world.hub.do(RELAYER, world.b.timeout_message(sent)).events
    assert none_of(events, ServiceResulted)
    assert world.balance(world.caller_account) == FUNDS


def test_an_escrow_that_nobody_resolves_is_refunded_by_rule(world: World) -> None:
    _, sent = world.forwarded(deadline=world.hub.now + 100)
    answer = world.answer(sent)
    due = world.request().due
    world.pass_time(due)
    assert world.hub.app.next_due(world.hub.state) == due + PARAMETERS.settlement_time_limit
    assert none_of(world.pass_time(due + PARAMETERS.settlement_time_limit - 1), EscrowSettled)
    events = world.pass_time(due + PARAMETERS.settlement_time_limit)
    assert not one(events, EscrowSettled).paid
    assert none_of(events, ServiceResulted)
    assert world.balance(world.caller_account) == FUNDS
    world.accept(deadline=world.hub.now + 100)  # another call's money, which must not be touched
    later = world.settle(sent, answer)
    one(later, PacketAcknowledged)
    assert none_of(later, EscrowSettled)
    assert world.balance(world.payee) == 0


def test_the_packet_to_the_provider_times_out_within_a_day(world: World) -> None:
    _, events = world.accept(deadline=world.hub.now + 5 * 86_400)
    sent = one(events, PacketSent)
    assert sent.timeout == world.hub.now + 86_400
    assert Request.decode(sent.value).deadline > sent.timeout
