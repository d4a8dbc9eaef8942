"""Calls across chains, with real proofs in both directions: a ledger's contracts and members, and a hub."""

import dataclasses

import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.events import ContractInvoked, RecordWritten
from adapters.permissioned.ledger.contracts.interface import Amount, UnixSeconds
from adapters.permissioned.ledger.rooms import LedgerRoom
from adapters.permissioned.ledger.service import calls
from adapters.permissioned.ledger.service.calls import CallState
from adapters.permissioned.ledger.service.events import (
    CallbackFailed,
    CallEnded,
    CallSent,
    RequestAnswered,
    RequestServed,
)
from hub import messages as hub_messages
from hub.accounts.accounts import account
from hub.block import ResultCode
from hub.events import AcknowledgementWritten, PacketSent, ServiceResulted
from hub.ibc.commitment import ERROR_ACKNOWLEDGEMENT
from hub.ibc.errors import InvalidPacket
from hub.ibc.identifiers import ClientId
from hub.ibc.packet import Packet, Payload
from hub.quantities import Sequence
from hub.services.application import PORT, ServiceApplication
from hub.services.payload import InputEncoding, Request, Result, caller_account
from hub.services.payload import ResultCode as Code
from hub.state.branch import Branch
from hub.state.collections import Room
from hub.state.context import Context as CoreContext
from tests.unit import certificate_workshop as workshop
from tests.unit.desk import ANN, BEN, Desk, Held, Note, call_desk, note, offer
from tests.unit.hub_chain import CONSUMER, MEMBER, PROVIDER, HubChain
from tests.unit.hub_world import bind, define, one
from tests.unit.member_ledger import MemberLedger
from tests.vectors.generate_quorum import ADDRESSES


@pytest.fixture
def ledger() -> MemberLedger:
    return MemberLedger(Desk, enrolled=[ANN, BEN])


@pytest.fixture
def connected(ledger: MemberLedger) -> MemberLedger:
    hub = HubChain(time=workshop.NOW)
    hub.block(advance=ledger.now - hub.now)
    ledger.connect(hub)
    return ledger


class TestAcrossChains:
    @pytest.mark.parametrize(
        ("text", "code", "output"),
        [("hi", 200, b'{"text":"hi!"}'), ("never", 400, b"")],
    )
    def test_a_contract_answers_at_once(self, connected: MemberLedger, text: str, code: int, output: bytes) -> None:
        offer(connected)
        sent = call_desk(connected, text)
        taken = connected.take_in(sent)
        served = one(taken.events, RequestServed)
        assert (served.code, served.caller_client, served.caller) == (code, "", ADDRESSES[CONSUMER])
        answer = one(taken.events, AcknowledgementWritten).acknowledgement
        resulted = one(connected.answer_to_hub(sent, answer).events, ServiceResulted)
        assert (resulted.code, resulted.output) == (code, output)

    def test_a_contract_answers_later(self, connected: MemberLedger) -> None:
        offer(connected)
        sent = call_desk(connected, "later")
        taken = connected.take_in(sent)
        assert not [event for event in taken.events if isinstance(event, AcknowledgementWritten)]
        (waiting,) = calls.requests(connected.state)
        result = connected.invoke(ANN, "desk", "release", Held(waiting.request_id))
        answer = one(result.events, AcknowledgementWritten).acknowledgement
        assert not list(calls.requests(connected.state))
        resulted = one(connected.answer_to_hub(sent, answer).events, ServiceResulted)
        assert (resulted.code, resulted.output) == (200, b'{"text":"at last"}')
        assert connected.invoke(ANN, "desk", "release", Held(waiting.request_id)).code is ResultCode.REFUSED

    def test_what_is_answered_late_is_answered(self, connected: MemberLedger) -> None:
        offer(connected)
        connected.take_in(call_desk(connected, "later"))
        (waiting,) = calls.requests(connected.state)
        connected.block(advance=waiting.due - connected.now - 1)
        result = connected.invoke(ANN, "desk", "release", Held(waiting.request_id))
        assert one(result.events, RequestAnswered).code == 200
        assert connected.machine.next_due(connected.state) is None

    def test_what_is_never_answered_is_closed_and_leaves_nothing(self, connected: MemberLedger) -> None:
        offer(connected)
        sent = call_desk(connected, "later")
        before = of_calls(connected)
        connected.take_in(sent)
        (waiting,) = calls.requests(connected.state)
        assert waiting.due == waiting.deadline + calls.ANSWER_TIME_LIMIT
        assert connected.machine.next_due(connected.state) == waiting.due
        assert connected.block(advance=waiting.due - connected.now - 1).end_events == ()
        closed = connected.block(advance=1)
        assert one(closed.end_events, RequestAnswered) == RequestAnswered(waiting.request_id, "desk", Code.NO_ANSWER)
        result = Result.decode(one(closed.end_events, AcknowledgementWritten).acknowledgement)
        assert (result.code, result.message) == (Code.NO_ANSWER, "the contract never answered")
        assert closed.batches[0].entries
        assert of_calls(connected) == before
        assert connected.machine.gateway.next_due(connected.state) is None
        late = connected.invoke(ANN, "desk", "release", Held(waiting.request_id))
        assert (late.code, late.reason) == (ResultCode.REFUSED, "REQUEST_NOT_PENDING")

    def test_a_hub_that_gives_two_requests_one_name_is_refused_the_second(self, connected: MemberLedger) -> None:
        """Each would be kept in the other's place: one packet never acknowledged, and blocks made for it for ever."""
        offer(connected)
        sent = call_desk(connected, "later")
        connected.take_in(sent)
        (waiting,) = calls.requests(connected.state)
        request = dataclasses.replace(Request.decode(sent.value), deadline=UnixSeconds(waiting.deadline + 1))
        payload = Payload(PORT, PORT, sent.version, sent.encoding, request.encode())
        source, here = ClientId(sent.source_client), ClientId(sent.destination_client)
        again = Packet(Sequence(sent.sequence + 1), source, here, sent.timeout, payload)
        ctx = CoreContext(Branch(connected.state), connected.header.height, connected.now)
        answer = connected.machine.gateway.on_receive(ctx, again)
        assert answer is not None
        assert Result.decode(answer).code is Code.PROVIDER_FAILED
        assert not [key for key in ctx.changes() if key[0] == LedgerRoom.CONTRACT_CALLS]

    def test_a_block_closes_so_many_and_the_next_goes_on(self, connected: MemberLedger) -> None:
        offer(connected)
        connected.hub.do(CONSUMER, *[hub_call_later(connected.hub.now + 300)] * 64)
        connected.hub.do(CONSUMER, *[hub_call_later(connected.hub.now + 200)] * 2)
        sent = [event for event in connected.hub.events if isinstance(event, PacketSent)]
        connected.do("port/chief", connected.receive_here(*sent))
        waiting = list(calls.requests(connected.state))
        assert len(waiting) == 66
        assert connected.machine.gateway.next_due(connected.state) == min(one.due for one in waiting)
        connected.block(advance=max(one.due for one in waiting) - connected.now)
        left = list(calls.requests(connected.state))
        assert len(left) == 2
        assert {one.deadline for one in left} == {max(one.deadline for one in waiting)}
        assert connected.machine.next_due(connected.state) is not None
        connected.block()
        assert list(calls.requests(connected.state)) == []

    def test_no_such_contract(self, connected: MemberLedger) -> None:
        offer(connected)
        connected.decide(a.RetireContract("desk"))
        taken = connected.take_in(call_desk(connected, "hi"))
        assert one(taken.events, RequestServed).code == Code.NOT_AVAILABLE

    def _serve_echo(self, ledger: MemberLedger) -> None:
        """A hub account provides ``echo``, and the ledger's callers have money at the hub."""
        hub = ledger.hub
        hub.do(MEMBER, define("echo"))
        hub.do(PROVIDER, bind("", encoding=InputEncoding.JSON, provider=ADDRESSES[PROVIDER]))
        for caller in (b"desk", b"bank-a/ann"):
            hub.do(CONSUMER, hub_messages.Transfer(caller_account(ledger.client, caller), Amount(200)))

    def _answered(self, ledger: MemberLedger, sent: PacketSent, request_id: bytes) -> bytes:
        hub = ledger.hub
        accepted = ledger.bring_to_hub(sent)
        assert accepted.code is ResultCode.OK, accepted.text
        message = hub_messages.RespondService(request_id, 200, b'{"text":"back"}', "")
        return one(hub.do(PROVIDER, message).events, AcknowledgementWritten).acknowledgement

    def test_a_member_calls_a_service(self, connected: MemberLedger) -> None:
        self._serve_echo(connected)
        deadline = UnixSeconds(connected.now + 300)
        message = m.CallService("echo", InputEncoding.JSON, b'{"text":"out"}', Amount(100), deadline)
        events = connected.do(ANN, message).events
        called, sent = one(events, CallSent), one(events, PacketSent)
        answer = self._answered(connected, sent, called.call_id)
        assert connected.learn(sent, answer).code is ResultCode.OK
        record = calls.call(connected.state, called.call_id)
        assert record is not None
        assert (record.state, record.code, record.output) == (CallState.RESULTED, 200, b'{"text":"back"}')
        assert [one.call_id for one in calls.calls_of(connected.state, ANN)] == [called.call_id]
        assert connected.learn(sent, answer).code is ResultCode.NO_OP

    def test_a_call_that_the_hub_cannot_read_is_its_caller_s_fault(
        self, connected: MemberLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As an EVM chain's gateway tells it: the error acknowledgement says nothing itself."""

        def unreadable(*_: object) -> None:
            raise InvalidPacket("it cannot be read")

        monkeypatch.setattr(ServiceApplication, "on_receive", unreadable)
        deadline = UnixSeconds(connected.now + 300)
        message = m.CallService("echo", InputEncoding.JSON, b'{"text":"out"}', Amount(100), deadline)
        events = connected.do(ANN, message).events
        called, sent = one(events, CallSent), one(events, PacketSent)
        answer = one(connected.bring_to_hub(sent).events, AcknowledgementWritten).acknowledgement
        assert answer == ERROR_ACKNOWLEDGEMENT
        assert connected.learn(sent, answer).code is ResultCode.OK
        record = calls.call(connected.state, called.call_id)
        assert record is not None
        assert (record.state, record.code, record.output) == (CallState.RESULTED, 400, b"")

    def test_a_contract_calls_and_its_callback_can_be_tried_again(self, connected: MemberLedger) -> None:
        self._serve_echo(connected)
        connected.invoke(ANN, "desk", "write", Note("stubborn"))
        events = connected.invoke(ANN, "desk", "ask", Note("out")).events
        called, sent = one(events, CallSent), one(events, PacketSent)
        learnt = connected.learn(sent, self._answered(connected, sent, called.call_id))
        assert one(learnt.events, CallEnded).code == 200
        assert one(learnt.events, CallbackFailed).reason == "not now"
        assert connected.try_(BEN, m.RetryCallback(called.call_id)).code is ResultCode.REFUSED
        assert calls.call(connected.state, called.call_id) is not None
        connected.invoke(ANN, "desk", "relent", Note("stubborn"))
        assert connected.try_(BEN, m.RetryCallback(called.call_id)).code is ResultCode.OK
        assert note(connected, "answered 200")
        assert calls.call(connected.state, called.call_id) is None
        assert connected.try_(BEN, m.RetryCallback(called.call_id)).reason == "CALL_NOT_FOUND"

    def test_an_outcome_that_is_refused_without_a_word_can_be_tried_again_too(self, connected: MemberLedger) -> None:
        self._serve_echo(connected)
        connected.invoke(ANN, "desk", "write", Note("mute"))
        events = connected.invoke(ANN, "desk", "ask", Note("out")).events
        called, sent = one(events, CallSent), one(events, PacketSent)
        learnt = connected.learn(sent, self._answered(connected, sent, called.call_id))
        assert one(learnt.events, CallbackFailed).reason == "REFUSED"
        connected.invoke(ANN, "desk", "relent", Note("mute"))
        assert connected.try_(BEN, m.RetryCallback(called.call_id)).code is ResultCode.OK

    def test_what_a_callback_writes_is_put_down_to_no_caller(self, connected: MemberLedger) -> None:
        """A record's history goes by the invocation that is told after the change."""
        self._serve_echo(connected)
        events = connected.invoke(ANN, "desk", "ask", Note("out")).events
        called, sent = one(events, CallSent), one(events, PacketSent)
        learning = connected.acknowledge_here([sent], [self._answered(connected, sent, called.call_id)])
        events = connected.do(BEN, learning, m.InvokeContract("desk", "write", b'{"text":"mine"}')).events
        told = [event for event in events if isinstance(event, RecordWritten | ContractInvoked)]
        assert [type(event) for event in told] == [RecordWritten, ContractInvoked] * 2
        callers = [(event.method, event.caller, event.writes) for event in told if isinstance(event, ContractInvoked)]
        assert callers == [("on_result", "", 1), ("write", BEN, 1)]

    def test_a_contract_is_told_the_result(self, connected: MemberLedger) -> None:
        self._serve_echo(connected)
        events = connected.invoke(ANN, "desk", "ask", Note("out")).events
        called, sent = one(events, CallSent), one(events, PacketSent)
        connected.learn(sent, self._answered(connected, sent, called.call_id))
        assert note(connected, "answered 200")
        assert calls.call(connected.state, called.call_id) is None
        assert connected.try_(BEN, m.RetryCallback(called.call_id)).reason == "CALL_NOT_FOUND"

    def test_a_call_that_never_reaches_the_hub_times_out(self, connected: MemberLedger) -> None:
        events = connected.invoke(ANN, "desk", "ask", Note("out")).events
        sent = one(events, PacketSent)
        connected.hub.block(advance=400)
        connected.block(advance=int(connected.hub.now - connected.now))
        assert connected.give_up(sent).code is ResultCode.OK
        assert note(connected, "unheard")


def hub_call_later(deadline: int) -> hub_messages.CallService:
    data = b'{"text":"later"}'
    return hub_messages.CallService("desk-note", "", b"", InputEncoding.JSON, data, Amount(50), UnixSeconds(deadline))


def of_calls(ledger: MemberLedger) -> list[bytes]:
    """The keys of what is kept for calls and requests, and for packets that are not acknowledged."""
    rooms = (LedgerRoom.CONTRACT_CALLS, Room.PENDING_PACKETS)
    return [key for room in rooms for key, _ in ledger.state.scan(bytes((room,)), bytes((room + 1,)))]


def test_the_money_of_callers_is_their_own(connected: MemberLedger) -> None:
    assert account(connected.hub.state, caller_account(connected.client, b"desk")).balance == 0
    assert Result(Code.ANSWERED).code is Code.ANSWERED
