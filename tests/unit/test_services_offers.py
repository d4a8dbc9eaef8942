"""What is offered, at what price and risk, and what hub accounts do: definitions, bindings, the rate cap, answers."""

from collections.abc import Callable

import msgspec
import pytest

from hub import messages as m
from hub.accounts import money
from hub.accounts.accounts import account
from hub.block import ResultCode
from hub.events import (
    EscrowSettled,
    PacketSent,
    ServiceCalled,
    ServiceResulted,
)
from hub.ibc.packet import MAX_ACKNOWLEDGEMENT_BYTES
from hub.quantities import Amount, Gas, UnixSeconds
from hub.services import requests
from hub.services.payload import (
    InputEncoding,
    Request,
    Result,
    account_request_id,
)
from hub.services.payload import ResultCode as Code
from hub.services.requests import Escrow
from hub.services.settlement import MAX_OUTPUT_BYTES
from tests.unit.hub_chain import CONSUMER, MEMBER, OPERATOR, PARAMETERS, PROVIDER, RELAYER, START, SUPPLY
from tests.unit.hub_world import (
    FUNDS,
    PRICE,
    PROVIDER_CONTRACT,
    World,
    abi_text,
    bind,
    define,
    hub_call,
    none_of,
    one,
)
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.writing import label

GRACE = 20


@pytest.fixture
def world() -> World:
    return World()


# --- bindings ---


def test_the_cheapest_binding_that_can_serve_is_chosen(world: World) -> None:
    cheap, slow = b"\xb1" * 20, b"\xb2" * 20
    world.hub.do(MEMBER, bind(world.b.client, provider=cheap, price=Amount(7)))
    world.hub.do(MEMBER, bind(world.b.client, provider=slow, price=Amount(1), max_response_seconds=5000))
    _, events = world.accept()
    assert (one(events, ServiceCalled).provider, one(events, ServiceCalled).fee) == (cheap, 7)
    _, events = world.accept(deadline=world.hub.now + 6000)
    assert one(events, ServiceCalled).provider == slow


def test_binding_again_changes_ones_own_offer_for_calls_to_come(world: World) -> None:
    _, sent = world.forwarded()
    assert world.hub.do(MEMBER, bind(world.b.client)).code is ResultCode.NO_OP
    world.hub.do(MEMBER, bind(world.b.client, price=Amount(50)))
    assert world.hub.try_(PROVIDER, bind(world.b.client, price=Amount(1))).reason == "BINDING_NOT_OWNED"
    events = world.settle(sent, world.answer(sent))
    assert one(events, EscrowSettled).amount == PRICE
    assert one(world.accept()[1], ServiceCalled).fee == 50


BIND: list[tuple[str, int, Callable[[World], m.BindService], str]] = [
    ("no role", CONSUMER, lambda w: bind(w.b.client), "ROLE_MISSING"),
    ("no service", MEMBER, lambda w: bind(w.b.client, service="nothing"), "SERVICE_NOT_FOUND"),
    ("no client", MEMBER, lambda w: bind("quorum-9"), "CLIENT_NOT_FOUND"),
    ("no identifier", MEMBER, lambda w: bind("Q"), "INVALID_IDENTIFIER"),
    ("no gas", MEMBER, lambda w: bind(w.b.client, gas_limit=Gas(0)), "INVALID_BINDING"),
    ("too much gas", MEMBER, lambda w: bind(w.b.client, gas_limit=Gas(2**32)), "INVALID_BINDING"),
    ("too little grace", MEMBER, lambda w: bind(w.b.client, grace_seconds=GRACE - 1), "GRACE_TOO_SHORT"),
    ("no provider", MEMBER, lambda w: bind(w.b.client, provider=b""), "INVALID_BINDING"),
    ("a provider too long", MEMBER, lambda w: bind(w.b.client, provider=b"x" * 256), "INVALID_BINDING"),
    ("no time", MEMBER, lambda w: bind(w.b.client, max_response_seconds=0), "INVALID_BINDING"),
    ("a price beyond 64 bits", MEMBER, lambda w: bind(w.b.client, price=Amount(2**64)), "INVALID_BINDING"),
    ("another account", MEMBER, lambda w: bind("", provider=ADDRESSES[PROVIDER]), "INVALID_BINDING"),
    ("an encoding that is none", MEMBER, lambda w: bind(w.b.client, encoding=3), "UNKNOWN_INPUT_ENCODING"),
]


@pytest.mark.parametrize(("who", "message", "reason"), [pytest.param(w, b, r, id=n) for n, w, b, r in BIND])
def test_a_binding_is_refused(world: World, who: int, message: Callable[[World], m.BindService], reason: str) -> None:
    assert world.hub.try_(who, message(world)).reason == reason


def test_a_definition_is_refused(world: World) -> None:
    for broken, reason in (
        (define("echo"), "SERVICE_ALREADY_DEFINED"),
        (define("1name"), "INVALID_DEFINITION"),
        (define("x" * 71), "INVALID_DEFINITION"),
        (msgspec.structs.replace(define("x"), description="d" * 281), "INVALID_DEFINITION"),
        (msgspec.structs.replace(define("x"), tags=("t",) * 11), "INVALID_DEFINITION"),
        (define("x", input_json_schema="", input_abi=""), "SCHEMA_MISSING"),
        (define("x", input_abi="", output_json_schema=""), "ENCODINGS_DIFFER"),
        (define("x", input_abi="{}"), "INVALID_ABI"),
    ):
        assert world.hub.try_(MEMBER, broken).reason == reason
    assert world.hub.try_(CONSUMER, define("x")).reason == "ROLE_MISSING"
    world.hub.do(MEMBER, define("x" * 70))


def test_a_service_has_room_for_so_many_bindings(world: World) -> None:
    for number in range(63):
        world.hub.block(world.hub.sign(MEMBER, bind(world.b.client, provider=bytes((1, number)) * 10)))
    assert world.hub.try_(MEMBER, bind(world.b.client, provider=b"\x02" * 20)).reason == "INVALID_BINDING"
    world.hub.do(MEMBER, bind(world.b.client, price=Amount(9)))


# --- the rate cap ---


def test_m_stolen_keys_lose_no_more_than_the_rate_cap() -> None:
    world = World(parameters=msgspec.structs.replace(PARAMETERS, rate_cap=Amount(30)))
    codes = [world.accept()[1] for _ in range(5)]
    assert [none_of(events, ServiceCalled) for events in codes] == [False, False, False, True, True]
    result = world.result(codes[3])
    assert result.code is Code.FEE_NOT_COVERED
    assert world.a.client in result.message
    assert money.escrowed(world.hub.state) == 30
    window = PARAMETERS.rate_window
    world.hub.block(advance=window - world.hub.now % window)  # a round number of windows since 1970 is no beginning
    assert none_of(world.accept(deadline=UnixSeconds(world.hub.now + 500))[1], ServiceCalled)
    world.hub.block(advance=window)
    one(world.accept(deadline=UnixSeconds(world.hub.now + 500))[1], ServiceCalled)


def test_what_goes_to_a_chain_is_capped_as_well() -> None:
    world = World(parameters=msgspec.structs.replace(PARAMETERS, rate_cap=Amount(15)))
    assert world.hub.try_(MEMBER, bind(world.b.client, price=Amount(16))).reason == "INVALID_BINDING"
    world.hub.do(MEMBER, bind(world.b.client, price=Amount(15)))
    world.hub.do(CONSUMER, hub_call())
    refused = world.hub.try_(CONSUMER, hub_call())
    assert refused.reason == "RATE_CAP_REACHED"
    assert dict(refused.values)["client"] == world.b.client
    world.hub.do(PROVIDER, bind("", provider=ADDRESSES[PROVIDER], encoding=2, grace_seconds=0))
    world.hub.do(CONSUMER, hub_call(client="", provider=ADDRESSES[PROVIDER]))


# --- hub accounts ---


def hub_provider(world: World) -> None:
    world.hub.do(PROVIDER, bind("", provider=ADDRESSES[PROVIDER], encoding=2, price=Amount(3), grace_seconds=5))


def test_a_hub_account_answers_a_contract_and_the_hub_transcodes(world: World) -> None:
    hub_provider(world)
    _, events = world.accept()
    called = one(events, ServiceCalled)
    assert none_of(events, PacketSent)
    assert (called.client, called.provider, called.input) == ("", ADDRESSES[PROVIDER], b'{"text":"hello"}')
    assert world.request().input == b'{"text":"hello"}'
    answer = m.RespondService(called.request_id, 200, b'{"text": "hi"}', "")
    events = list(world.hub.do(PROVIDER, answer).events)
    assert world.result(events) == Result(Code.ANSWERED, abi_text("hi"))
    assert account(world.hub.state, ADDRESSES[PROVIDER]).balance == 3
    assert world.hub.try_(PROVIDER, answer).reason == "ALREADY_RESULTED"


RESPOND: list[tuple[str, int, Callable[[bytes], m.RespondService], str]] = [
    ("another account", MEMBER, lambda i: m.RespondService(i, 200, b'{"text":"x"}', ""), "NOT_THE_PROVIDER"),
    ("another request", PROVIDER, lambda i: m.RespondService(label("x"), 200, b"", ""), "REQUEST_NOT_FOUND"),
    ("no request", PROVIDER, lambda i: m.RespondService(b"", 200, b"", ""), "REQUEST_NOT_FOUND"),
    (
        "an output that breaks the schema",
        PROVIDER,
        lambda i: m.RespondService(i, 200, b'{"text":1}', ""),
        "SCHEMA_MISMATCH",
    ),
    ("a code that is the hub's", PROVIDER, lambda i: m.RespondService(i, 504, b"", ""), "RESPONSE_REFUSED"),
    ("a code that is none", PROVIDER, lambda i: m.RespondService(i, 201, b"", ""), "UNKNOWN_RESULT_CODE"),
    ("a failure with an output", PROVIDER, lambda i: m.RespondService(i, 500, b"x", ""), "RESPONSE_REFUSED"),
    ("a message too long", PROVIDER, lambda i: m.RespondService(i, 500, b"", "x" * 1025), "RESPONSE_REFUSED"),
]


@pytest.mark.parametrize(("who", "message", "reason"), [pytest.param(w, b, r, id=n) for n, w, b, r in RESPOND])
def test_a_response_is_refused_and_the_request_stays_open(
    world: World, who: int, message: Callable[[bytes], m.RespondService], reason: str
) -> None:
    hub_provider(world)
    called = one(world.accept()[1], ServiceCalled)
    assert world.hub.try_(who, message(called.request_id)).reason == reason
    assert world.request().is_open
    world.hub.do(PROVIDER, m.RespondService(called.request_id, 500, b"", "no"))


def test_nobody_answers_for_a_contract(world: World) -> None:
    _, events = world.accept()
    request_id = one(events, ServiceCalled).request_id
    assert world.hub.try_(PROVIDER, m.RespondService(request_id, 500, b"", "")).reason == "NOT_THE_PROVIDER"


def test_a_hub_account_does_not_answer_for_the_contract_of_the_same_address(world: World) -> None:
    world.hub.do(MEMBER, bind(world.b.client, provider=ADDRESSES[PROVIDER], price=Amount(1)))
    called = one(world.accept()[1], ServiceCalled)
    assert (called.client, called.provider) == (world.b.client, ADDRESSES[PROVIDER])
    answer = m.RespondService(called.request_id, 500, b"", "")
    assert world.hub.try_(PROVIDER, answer).reason == "NOT_THE_PROVIDER"


def test_a_silent_hub_account_is_a_504_and_refunds_at_once(world: World) -> None:
    hub_provider(world)
    world.accept(deadline=world.hub.now + 100)
    due = world.request().due
    events = world.pass_time(due)
    assert world.result(events).code is Code.NO_ANSWER
    assert not one(events, EscrowSettled).paid
    late = m.RespondService(world.request().request_id, 200, b'{"text":"x"}', "")
    assert world.hub.try_(PROVIDER, late).reason == "ALREADY_RESULTED"


def test_an_answer_in_the_block_in_which_it_is_due_counts(world: World) -> None:
    hub_provider(world)
    world.accept(deadline=world.hub.now + 100)
    request = world.request()
    answer = m.RespondService(request.request_id, 200, b'{"text":"x"}', "")
    world.hub.do(PROVIDER, answer, advance=request.due - world.hub.now)
    assert world.request().code == Code.ANSWERED


def test_a_call_from_a_hub_account_keeps_its_result(world: World) -> None:
    result = world.hub.do(CONSUMER, hub_call(client=world.b.client, provider=PROVIDER_CONTRACT))
    sent, called = one(result.events, PacketSent), one(result.events, ServiceCalled)
    nonce = account(world.hub.state, ADDRESSES[CONSUMER]).nonce - 1
    assert called.request_id == account_request_id(ADDRESSES[CONSUMER], nonce, 0)
    assert Request.decode(sent.value).caller_client == ""
    assert Request.decode(sent.value).caller == ADDRESSES[CONSUMER]
    events = world.settle(sent, world.answer(sent))
    assert one(events, ServiceResulted).output == b'{"text":"hello"}'
    kept = requests.request(world.hub.state, called.request_id)
    assert kept is not None
    assert (kept.code, kept.output, kept.escrow) == (200, b'{"text":"hello"}', Escrow.PAID)
    assert account(world.hub.state, ADDRESSES[CONSUMER]).balance == SUPPLY - FUNDS - PRICE


def test_a_call_from_a_hub_account_is_refused_by_name(world: World) -> None:
    for changes, reason in (
        ({"service": "nothing"}, "SERVICE_NOT_FOUND"),
        ({"client": world.a.client, "provider": PROVIDER_CONTRACT}, "NO_AVAILABLE_BINDING"),
        ({"provider": PROVIDER_CONTRACT}, "NO_AVAILABLE_BINDING"),
        ({"input": b"{}"}, "INPUT_REFUSED"),
        ({"input_encoding": 3}, "UNKNOWN_INPUT_ENCODING"),
        ({"fee_cap": Amount(9)}, "FEE_CAP_TOO_LOW"),
        ({"deadline": UnixSeconds(0)}, "DEADLINE_ELAPSED"),
    ):
        assert world.hub.try_(CONSUMER, hub_call(**changes)).reason == reason
    assert world.hub.try_(RELAYER, hub_call()).reason == "FEE_NOT_COVERED"
    # nobody has a schema judge what they cannot pay for
    assert world.hub.try_(RELAYER, hub_call(input=b"\xff")).reason == "FEE_NOT_COVERED"
    assert world.hub.try_(CONSUMER, hub_call(input=b"\xff")).reason == "INPUT_REFUSED"


def test_two_calls_in_one_transaction_are_two_requests(world: World) -> None:
    result = world.hub.do(CONSUMER, hub_call(), hub_call())
    ids = {event.request_id for event in result.events if isinstance(event, ServiceCalled)}
    assert len(ids) == 2


def test_an_input_too_large_for_the_providers_chain_is_refused(world: World) -> None:
    schema = '{"type":"string","maxLength":65535}'
    world.hub.do(
        MEMBER, define("big", input_json_schema=schema, output_json_schema=schema, input_abi="", output_abi="")
    )
    world.hub.do(MEMBER, bind(world.b.client, service="big", encoding=2))
    data = b'"' + b"x" * 65_500 + b'"'
    refused = world.hub.try_(CONSUMER, hub_call(service="big", input=data))
    assert refused.reason == "INPUT_REFUSED"
    assert "the provider's chain takes" in refused.text
    world.hub.do(CONSUMER, hub_call(service="big", input=b'"' + b"x" * 65_000 + b'"'))


def test_a_request_is_as_long_as_the_providers_chain_takes_and_no_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    length = len(one(world.hub.do(CONSUMER, hub_call()).events, PacketSent).value)
    monkeypatch.setattr("hub.clients.registry.MAX_VALUE_BYTES", length - 1)
    assert world.hub.try_(CONSUMER, hub_call()).reason == "INPUT_REFUSED"
    monkeypatch.setattr("hub.clients.registry.MAX_VALUE_BYTES", length)
    world.hub.do(CONSUMER, hub_call())


def test_an_output_that_fits_no_result_is_refused(world: World) -> None:
    schema = '{"type":"string","maxLength":65535}'
    world.hub.do(
        MEMBER, define("big", input_json_schema=schema, output_json_schema=schema, input_abi="", output_abi="")
    )
    world.hub.do(PROVIDER, bind("", service="big", provider=ADDRESSES[PROVIDER], encoding=2))
    called = one(world.hub.do(CONSUMER, hub_call(service="big", input=b'""')).events, ServiceCalled)
    for output, message in ((MAX_OUTPUT_BYTES + 1, ""), (MAX_OUTPUT_BYTES - 1023, "m" * 1024)):
        too_much = m.RespondService(called.request_id, 200, quoted(output), message)
        assert world.hub.try_(PROVIDER, too_much).reason == "DATA_TOO_LARGE"
    world.hub.do(PROVIDER, m.RespondService(called.request_id, 200, quoted(MAX_OUTPUT_BYTES - 1024), "m" * 1024))


@pytest.mark.parametrize("message", ["", "m", "é" * 512])
def test_the_longest_answer_of_a_chain_is_passed_on_and_paid(world: World, message: str) -> None:
    """What a provider's gateway takes as an answer, the hub does: 16,384 bytes, output and message together."""
    schema = '{"type":"string","maxLength":65535}'
    define_big = define("big", input_json_schema=schema, output_json_schema=schema, input_abi="", output_abi="")
    world.hub.do(MEMBER, define_big, bind(world.b.client, service="big", encoding=2))
    output = quoted(MAX_OUTPUT_BYTES - len(message.encode()))
    answer = Result(Code.ANSWERED, output, message).encode()
    assert len(answer) == MAX_ACKNOWLEDGEMENT_BYTES
    world.b.gateway.behave = lambda ctx, packet: answer
    _, sent = world.forwarded(service="big", input=b'""', input_encoding=InputEncoding.JSON)
    events = world.settle(sent, world.answer(sent))
    assert world.result(events) == Result(Code.ANSWERED, output, message)
    assert one(events, EscrowSettled).paid


def quoted(length: int) -> bytes:
    """A JSON string of so many bytes."""
    return b'"' + b"x" * (length - 2) + b'"'


def test_what_falls_due_together_is_decided_over_several_blocks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.services.application.MAX_DUE", 2)
    hub_provider(world)
    world.hub.do(CONSUMER, *[hub_call(deadline=UnixSeconds(START + 200)) for _ in range(5)])
    counts = [len([e for e in world.pass_time(START + 300 + n) if isinstance(e, ServiceResulted)]) for n in range(4)]
    assert counts == [2, 2, 1, 0]


def test_the_operator_cannot_touch_money(world: World) -> None:
    assert world.hub.try_(OPERATOR, m.Transfer(ADDRESSES[OPERATOR], Amount(1))).reason == "INSUFFICIENT_FUNDS"


def test_encodings_are_numbers_in_events(world: World) -> None:
    called = one(world.accept()[1], ServiceCalled)
    assert type(called.input_encoding) is int
    assert called.input_encoding == InputEncoding.ABI
