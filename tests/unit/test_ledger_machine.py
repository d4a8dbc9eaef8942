"""The ledger's state machine: who may send what, what votes do, and calls across chains with real proofs."""

import dataclasses
import json
from hashlib import sha256
from typing import Any

import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.events import ContractInvoked, RecordWritten
from adapters.permissioned.ledger.contracts.interface import (
    LATER,
    Amount,
    Answer,
    Collection,
    Context,
    Contract,
    Later,
    Nothing,
    Record,
    Refused,
    ServiceContext,
    UnixSeconds,
    View,
    query,
    service,
    transaction,
)
from adapters.permissioned.ledger.events import ProposalFailed, ProposalPassed
from adapters.permissioned.ledger.genesis import LedgerGenesis
from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.identities import ContractName, fingerprint
from adapters.permissioned.ledger.machine import LedgerMachine
from adapters.permissioned.ledger.membership.errors import CertificateExpired
from adapters.permissioned.ledger.messages import SignedTransaction
from adapters.permissioned.ledger.refusals import InvalidLedgerGenesis, NotTheAuthor, SignedTwice
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
from adapters.permissioned.ledger.transactions import MemberSignature, decode_signatures, encode_signatures
from hub import messages as hub_messages
from hub.accounts.accounts import account
from hub.block import ResultCode
from hub.errors import HubError
from hub.events import AcknowledgementWritten, PacketSent, ServiceResulted
from hub.ibc.identifiers import ClientId
from hub.ibc.packet import Packet, Payload
from hub.quantities import Address, Gas, Hash, Seconds, Sequence
from hub.services.application import PORT
from hub.services.payload import InputEncoding, Request, Result, caller_account
from hub.services.payload import ResultCode as Code
from hub.state.branch import Branch, MemoryState
from hub.state.collections import Room
from hub.state.context import Context as CoreContext
from tests.unit import certificate_workshop as workshop
from tests.unit.hub_chain import CONSUMER, MEMBER, PROVIDER, HubChain, tree_of
from tests.unit.hub_world import bind, define, one
from tests.unit.member_ledger import ORGANISATIONS, MemberLedger
from tests.vectors.generate_quorum import ADDRESSES

ANN, BEN = "bank-a/ann", "bank-b/ben"


class Note(Record, frozen=True):
    text: str


class Kept(Record, frozen=True):
    text: str
    by: str = ""


class Held(Record, frozen=True):
    request: bytes


class Desk(Contract, name="desk", version=1):
    """Keeps notes, answers requests at once or later, and calls a service."""

    notes = Collection("notes", Kept, key=("text",))
    held = Collection("held", Held, key=("request",))

    @transaction
    def write(self, ctx: Context, note: Note) -> Nothing:
        self.notes.put(Kept(note.text, ctx.member.member))
        return Nothing()

    @query
    def read(self, ctx: View, note: Note) -> Kept:
        return self.notes.get(note.text)

    @transaction
    def relent(self, _ctx: Context, note: Note) -> Nothing:
        self.notes.delete(note.text)
        return Nothing()

    @transaction
    def ask(self, ctx: Context, note: Note) -> Nothing:
        ctx.call("echo", note, deadline=UnixSeconds(ctx.time + 300), fee_cap=Amount(100))
        return Nothing()

    @transaction
    def release(self, ctx: Context, held: Held) -> Nothing:
        ctx.answer(held.request, Note("at last"))
        return Nothing()

    @service("desk-note", "says a note again")
    def say(self, ctx: ServiceContext, note: Note) -> Note | Later:
        if note.text == "later":
            self.held.put(Held(ctx.request_id))
            return LATER
        if note.text == "never":
            raise Refused("not that one")
        return Note(note.text + "!")

    def on_result(self, ctx: Context, call_id: bytes, answer: Answer) -> None:
        if self.notes.has("stubborn"):
            raise Refused("not now")
        if self.notes.has("mute"):
            raise Refused("")
        self.notes.put(Kept(f"answered {answer.code}"))

    def on_timeout(self, ctx: Context, call_id: bytes) -> None:
        self.notes.put(Kept("unheard"))


@pytest.fixture
def ledger() -> MemberLedger:
    return MemberLedger(Desk, enrolled=[ANN, BEN])


def changed(**values: int) -> a.ChangeParameters:
    return a.ChangeParameters(tuple(a.ParameterChange(name, value) for name, value in values.items()))


def note(ledger: MemberLedger, text: str) -> bytes:
    place = ledger.state, ledger.now, ledger.header.height
    argument = b'{"text":"%s"}' % text.encode()
    asked = {"contract": ContractName("desk"), "method": "read", "arguments": argument}
    return ledger.machine.runtime.query(*place, **asked, caller=None)  # type: ignore[arg-type]


class TestTransactions:
    def test_a_member_writes_and_all_read(self, ledger: MemberLedger) -> None:
        assert ledger.invoke(ANN, "desk", "write", Note("hello")).code is ResultCode.OK
        assert note(ledger, "hello") == b'{"by":"bank-a/ann","text":"hello"}'

    def test_the_same_certificate_enrolled_again_changes_nothing(self, ledger: MemberLedger) -> None:
        der = ledger.members[ANN].der
        assert ledger.do(ANN, m.EnrolMember(der, ())).code is ResultCode.NO_OP

    def test_an_auditor_writes_nothing(self, ledger: MemberLedger) -> None:
        ledger.issue("customs/eve", "auditor")
        with pytest.raises(HubError) as refused:
            ledger.enrol("customs/eve", "auditor")
        assert refused.value.reason() == "AUDITOR_WRITES"

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"chain_id": "another"}, "WRONG_CHAIN_ID"),
            ({"nonce": 0}, "NONCE_USED"),
            ({"nonce": 7}, "NONCE_TOO_HIGH"),
            ({"expiry": workshop.NOW}, "TRANSACTION_EXPIRED"),
            ({"expiry": workshop.NOW + 10**6}, "EXPIRY_TOO_FAR"),
            ({"messages": ()}, "MALFORMED_TRANSACTION"),
            ({"fee": 1}, "MALFORMED_TRANSACTION"),
            ({"gas_limit": 1}, "MALFORMED_TRANSACTION"),
        ],
    )
    def test_what_may_not_stand_in_a_block(self, ledger: MemberLedger, changes: dict[str, Any], reason: str) -> None:
        before = dict(ledger.state.scan(b"", b"\xff" * 40))
        with pytest.raises(HubError) as refused:
            ledger.block(ledger.sign(ANN, m.InvokeContract("desk", "write", b'{"text":"x"}'), **changes))
        assert refused.value.reason() == reason
        assert dict(ledger.state.scan(b"", b"\xff" * 40)) == before

    def test_only_the_author_signs_first(self, ledger: MemberLedger) -> None:
        signed = ledger.sign(ANN, m.InvokeContract("desk", "write", b'{"text":"x"}'))
        with pytest.raises(NotTheAuthor):
            ledger.block(ledger.signed(signed.transaction, [BEN, ANN]))
        with pytest.raises(SignedTwice):
            ledger.block(ledger.signed(signed.transaction, [ANN, ANN]))

    def test_each_byte_of_the_signatures_counts(self, ledger: MemberLedger) -> None:
        signed = ledger.sign(ANN, m.InvokeContract("desk", "write", b'{"text":"x"}'), endorsers=[BEN])
        for at in range(0, len(signed.signature), 7):
            flipped = bytearray(signed.signature)
            flipped[at] ^= 1
            with pytest.raises(HubError):
                ledger.block(_again(signed, bytes(flipped)))
        assert decode_signatures(signed.signature)[0] == MemberSignature(
            fingerprint(ledger.members[ANN].der), decode_signatures(signed.signature)[0].signature
        )

    def test_a_signature_for_another_ledger(self, ledger: MemberLedger) -> None:
        other = MemberLedger(Desk, enrolled=[ANN], chain_id="trade-test", time=workshop.NOW - 1)
        signed = other.sign(ANN, m.InvokeContract("desk", "write", b'{"text":"x"}'), nonce=1)
        with pytest.raises(HubError) as refused:
            ledger.block(signed)
        assert refused.value.reason() == "WRONG_MEMBER_SIGNATURE"

    def test_a_stranger_may_enrol_with_a_valid_certificate_alone(self, ledger: MemberLedger) -> None:
        stranger = workshop.root("a stranger's root").signed()
        ledger.members["port/dan"] = workshop.leaf(stranger, "port", "dan").signed()
        with pytest.raises(HubError):
            ledger.do("port/dan", m.EnrolMember(ledger.members["port/dan"].der, ()))
        ledger.enrol("port/dan")
        joined = m.InvokeContract("desk", "write", b'{"text":"x"}')
        assert ledger.try_("port/dan", m.EnrolMember(ledger.members["port/dan"].der, ()), joined).reason == (
            "ENROLMENT_NOT_ALONE"
        )

    def test_a_revoked_member_acts_no_more(self, ledger: MemberLedger) -> None:
        crl = workshop.revocations(ledger.roots[ORGANISATIONS[0]], 1, ledger.members[ANN]).signed()
        ledger.do(BEN, m.UpdateRevocations(crl))
        with pytest.raises(HubError) as refused:
            ledger.invoke(ANN, "desk", "write", Note("x"))
        assert refused.value.reason() == "CERTIFICATE_REVOKED"
        assert ledger.do(BEN, m.UpdateRevocations(crl)).code is ResultCode.NO_OP

    def test_a_member_whose_certificate_has_ended_acts_no_more(self, ledger: MemberLedger) -> None:
        """Neither as an author nor as an endorser, from the very second on, whatever was signed before."""
        ends = UnixSeconds(ledger.now + 100)
        ledger.enrol("customs/cy", not_after=ends)
        write = m.InvokeContract("desk", "write", b'{"text":"x"}')
        alone, endorsed = ledger.sign("customs/cy", write), ledger.sign(ANN, write, endorsers=["customs/cy"])
        before = dict(ledger.state.scan(b"", b"\xff" * 40))
        for signed in (alone, endorsed):
            with pytest.raises(CertificateExpired):
                ledger.block(signed, advance=ends - ledger.now)
            assert dict(ledger.state.scan(b"", b"\xff" * 40)) == before
        (result,) = ledger.block(alone, advance=ends - ledger.now - 1).results
        assert result.code is ResultCode.OK

    def test_replay_gives_the_same_blocks(self, ledger: MemberLedger) -> None:
        ledger.invoke(ANN, "desk", "write", Note("hello"))
        ledger.decide(a.ChangePolicy("desk", "bank-a and bank-b"))
        machine = LedgerMachine(ledger.machine.genesis, ledger.installed)
        state, parent = MemoryState(), Hash(bytes(32))
        state.apply(machine.genesis_changes())
        parent = machine.genesis_header(tree_of(state).root).hash()
        for header, transactions in ledger.blocks:
            block = machine.begin(state, header.height, header.time, parent)
            for signed in transactions:
                block.apply(signed)
            outcome = block.finish()
            state.apply(outcome.changes)
            assert machine.header(outcome, tree_of(state).root) == header
            parent = header.hash()


class TestVotes:
    def test_a_policy_asks_for_endorsements(self, ledger: MemberLedger) -> None:
        assert one(ledger.decide(a.ChangePolicy("desk", "bank-a and bank-b")).events, ProposalPassed)
        assert ledger.invoke(ANN, "desk", "write", Note("x")).reason == "ENDORSEMENT_MISSING"
        assert ledger.invoke(ANN, "desk", "write", Note("x"), endorsers=[BEN]).code is ResultCode.OK

    def test_only_admins_propose_and_vote(self, ledger: MemberLedger) -> None:
        number = ledger.propose(a.RetireContract("desk"))
        for message in (m.Propose(a.RetireContract("desk"), Seconds(3600)), m.Vote(number, True)):
            assert ledger.try_(ANN, message).reason == "MEMBER_ROLE_REFUSED"
            with pytest.raises(HubError):
                ledger.machine.check(ledger.state, ledger.sign(ANN, message), ledger.now)

    @pytest.mark.parametrize(
        ("action", "reason"),
        [
            (a.RetireContract("no-such"), "CONTRACT_NOT_ACTIVE"),
            (changed(no_such=1), "ACTION_REFUSED"),
            (changed(votes_numerator=2), "ACTION_REFUSED"),
            (changed(votes_denominator=3), "ACTION_REFUSED"),
            (changed(votes_numerator=0), "ACTION_REFUSED"),
            (changed(votes_numerator=1, votes_denominator=2**64 - 1), "ACTION_REFUSED"),
            (changed(replacement_delay=366 * 86_400 + 1), "ACTION_REFUSED"),
            (changed(), "ACTION_REFUSED"),
            (a.ChangeParameters((a.ParameterChange("votes_numerator", 1),) * 2), "ACTION_REFUSED"),
            (a.ActivateContract("Not a name", 1, Hash(bytes(32)), "any member"), "INVALID_CONTRACT_NAME"),
            (a.ActivateContract("x" * 300, 1, Hash(bytes(32)), "any member"), "INVALID_CONTRACT_NAME"),
            (a.UpgradeContract("", 1, Hash(bytes(32)), "any member"), "INVALID_CONTRACT_NAME"),
            (a.ProposeValidators(((Address(b"\x01" * 20), 1),)), "ACTION_REFUSED"),
            (a.RemoveOrganisation("nobody"), "ORGANISATION_UNKNOWN"),
            (a.Connect(hub_messages.ApplyClientReplacement("quorum-9")), "REPLACEMENT_NOT_SCHEDULED"),
        ],
    )
    def test_an_action_that_is_refused_fails_its_proposal(
        self, ledger: MemberLedger, action: a.Action, reason: str
    ) -> None:
        failed = one(ledger.decide(action).events, ProposalFailed)
        assert failed.reason == reason

    def test_a_parameter_and_an_organisation(self, ledger: MemberLedger) -> None:
        ledger.decide(changed(votes_numerator=2, votes_denominator=3))
        number = ledger.propose(a.RetireContract("desk"))
        for organisation in ("bank-a", "bank-b"):
            assert not [
                e for e in ledger.do(f"{organisation}/chief", m.Vote(number, True)).events if "Passed" in str(e)
            ]
        ledger.decide(a.RemoveOrganisation("bank-b"))
        with pytest.raises(HubError) as refused:
            ledger.invoke(BEN, "desk", "write", Note("x"))
        assert refused.value.reason() in {"ORGANISATION_REMOVED", "AUTHORITY_REMOVED"}
        root = workshop.root("insurer root").signed()
        ledger.decide(a.AddOrganisation("insurer", "Insurer", (root.der,)))
        ledger.members["insurer/ida"] = workshop.leaf(root, "insurer", "ida").signed()
        ledger.do("insurer/ida", m.EnrolMember(ledger.members["insurer/ida"].der, ()))
        assert ledger.invoke("insurer/ida", "desk", "write", Note("x")).code is ResultCode.OK

    def test_a_proposal_expires_by_a_block_of_its_own(self, ledger: MemberLedger) -> None:
        number = ledger.propose(a.RetireContract("desk"))
        due = ledger.machine.next_due(ledger.state)
        assert due == ledger.now + 3600
        ledger.block(advance=3600)
        found = proposals.proposal(ledger.state, number)
        assert found is not None
        assert found.outcome is proposals.Outcome.EXPIRED
        assert ledger.machine.next_due(ledger.state) is None


class TestGenesis:
    def test_what_is_written_is_read(self, ledger: MemberLedger) -> None:
        genesis = ledger.machine.genesis
        assert LedgerGenesis.from_json(genesis.to_json()) == genesis

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b'"chain_id":"trade-test"', b'"chain_id":""'),
            (b'"devnet":true', b'"devnet":1'),
            (b'"votes_denominator":"2"', b'"votes_denominator":"1"'),
            (b'"votes_denominator":"2"', b'"no_such":"2"'),
            (b'["bank-a","BANK-A"', b'["bank-b","BANK-A"'),
            (b'"validators":[["0x', b'"validators":[["1x'),
            (b'"time"', b'"tme"'),
            (b'"0x', b'"0y'),
        ],
    )
    def test_one_thing_wrong(self, ledger: MemberLedger, old: bytes, new: bytes) -> None:
        text = ledger.machine.genesis.to_json()
        assert old in text
        with pytest.raises(InvalidLedgerGenesis):
            LedgerGenesis.from_json(text.replace(old, new, 1))

    @pytest.mark.parametrize(
        ("list_of", "rule"),
        [("organisations", "each once"), ("validators", "each once"), ("contracts", "each once"), ("", "a key stands")],
    )
    def test_nothing_stands_twice(self, ledger: MemberLedger, list_of: str, rule: str) -> None:
        text = ledger.machine.genesis.to_json()
        if list_of:
            raw = json.loads(text)
            raw[list_of].append(raw[list_of][0])
            text = json.dumps(raw).encode()
        else:
            text = text.replace(b'"devnet":', b'"devnet":false,"devnet":', 1)
        with pytest.raises(InvalidLedgerGenesis, match=rule):
            LedgerGenesis.from_json(text)


@pytest.fixture
def connected(ledger: MemberLedger) -> MemberLedger:
    hub = HubChain(time=workshop.NOW)
    hub.block(advance=ledger.now - hub.now)
    ledger.connect(hub)
    return ledger


def offer(ledger: MemberLedger) -> None:
    """The desk's service at the hub, for hub accounts to call."""
    ledger.hub.do(MEMBER, define("desk-note"))
    bound = ("desk-note", ledger.client, b"desk", InputEncoding.JSON, Amount(5), Gas(1), 10, 60)
    ledger.hub.do(MEMBER, hub_messages.BindService(*bound))


def call_desk(ledger: MemberLedger, text: str) -> PacketSent:
    """A hub account calls; the packet that goes on to the ledger."""
    data = b'{"text":"%s"}' % text.encode()
    deadline = UnixSeconds(ledger.hub.now + 300)
    message = hub_messages.CallService("desk-note", "", b"", InputEncoding.JSON, data, Amount(50), deadline)
    return one(ledger.hub.do(CONSUMER, message).events, PacketSent)


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


def _again(signed: SignedTransaction, signature: bytes) -> SignedTransaction:
    return SignedTransaction(signed.body, signature, sha256(signed.body + signature).digest(), signed.transaction)


def test_signatures_travel_as_they_are() -> None:
    given = (MemberSignature(fingerprint(b"a"), b"x" * 64), MemberSignature(fingerprint(b"b"), b""))
    assert decode_signatures(encode_signatures(given)) == given
    for data in (b"", encode_signatures(given)[:-1], encode_signatures(given) + b"x"):
        with pytest.raises(HubError):
            decode_signatures(data)


def test_the_money_of_callers_is_their_own(connected: MemberLedger) -> None:
    assert account(connected.hub.state, caller_account(connected.client, b"desk")).balance == 0
    assert Result(Code.ANSWERED).code is Code.ANSWERED
