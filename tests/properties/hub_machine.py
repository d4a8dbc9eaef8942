"""A hub between two ledgers or two EVM chains, driven by honest and hostile relayers in any order; what must hold after
every step.

Every step is something that anyone can do. Whatever is forged must be refused and change nothing; whatever is repeated
must be a no-op; and at the end, clients begun anew, one honest relayer must be able to bring everything to its end.
"""

from collections import Counter
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub import messages as m
from hub.accounts import money
from hub.app import App
from hub.block import ResultCode
from hub.errors import HubError
from hub.events import (
    AcknowledgementWritten,
    EscrowSettled,
    Event,
    PacketAcknowledged,
    PacketSent,
    PacketTimedOut,
)
from hub.ibc.commitment import ERROR_ACKNOWLEDGEMENT
from hub.ibc.identifiers import ClientId
from hub.ibc.lanes import LaneRecord, decode_records, encode_records
from hub.ibc.packet import Packet
from hub.messages import AnyMessage
from hub.quantities import Amount, UnixSeconds
from hub.services import requests
from hub.services.application import PORT
from hub.services.payload import Result
from hub.services.payload import ResultCode as Code
from hub.state.branch import MemoryState
from hub.state.collections import Room
from hub.state.context import Context
from tests.properties.hub_succession import Succession
from tests.unit.attested_ledger import AttestedLedger
from tests.unit.hub_chain import CONSUMER, MEMBER, PARAMETERS, PROVIDER, RELAYER, genesis, tree_of
from tests.unit.hub_world import World, abi_text, bind, call, hub_call
from tests.unit.ledger_chain import Ledger, echo
from tests.vectors.generate_quorum import ADDRESSES

PANIC = b"\x39 written by an application that failed"
BEHAVIOURS = ("echo", "fails", "lies", "panics", "later")
replace = msgspec.structs.replace


class HubMachine(Succession, RuleBasedStateMachine):
    kind: type[Ledger] = Ledger
    """What the hub stands between: by what its clients believe both."""

    def __init__(self) -> None:
        super().__init__()
        self.know(World(self.kind))
        self.hub.do(PROVIDER, bind("", provider=ADDRESSES[PROVIDER], encoding=2, price=Amount(3), grace_seconds=5))
        self.behaviour = "echo"
        self.b.gateway.behave = self._behave
        self.later: list[int] = []
        self.sent_messages: list[AnyMessage] = []

    # --- what consumers and providers do ---

    @rule(
        deadline=st.sampled_from((45, 60, 200, 2000)),
        timeout=st.sampled_from((20, 60, 300, 3000)),
        fee_cap=st.sampled_from((2, 5, 100)),
        text=st.sampled_from(("hello", "", "x" * 65)),
        service=st.sampled_from(("echo", "echo", "nothing")),
    )
    def contract_calls(self, deadline: int, timeout: int, fee_cap: int, text: str, service: str) -> None:
        wanted = call(
            deadline=UnixSeconds(self.hub.now + deadline),
            fee_cap=Amount(fee_cap),
            input=abi_text(text),
            service=service,
        )
        self.a.call(wanted, timeout)

    @rule(value=st.binary(min_size=1, max_size=40), timeout=st.sampled_from((60, 3000)))
    def contract_sends_what_is_no_call(self, value: bytes, timeout: int) -> None:
        self.a.send(value, timeout)

    @rule(deadline=st.sampled_from((45, 200)), wanted=st.booleans())
    def account_calls(self, deadline: int, wanted: bool) -> None:
        provider = {"client": self.b.client, "provider": b"\xbb" * 20} if wanted else {}
        self._try(CONSUMER, hub_call(deadline=UnixSeconds(self.hub.now + deadline), **provider))

    @rule(behaviour=st.sampled_from(BEHAVIOURS))
    def provider_changes(self, behaviour: str) -> None:
        self.behaviour = behaviour

    @precondition(lambda self: self._open_for_account())
    @rule(data=st.data(), code=st.sampled_from((200, 400, 500, 504)), who=st.sampled_from((PROVIDER, MEMBER)))
    def account_answers(self, data: st.DataObject, code: int, who: int) -> None:
        request_id = data.draw(st.sampled_from(self._open_for_account()))
        output = b'{"text":"hi"}' if code == 200 else b""
        result = self._try(who, m.RespondService(request_id, code, output, ""))
        assert (result.code is ResultCode.OK) == (who == PROVIDER and code != 504)

    @precondition(lambda self: self.later)
    @rule()
    def provider_answers_later(self) -> None:
        sequence = self.later.pop(0)
        data = Result(Code.ANSWERED, abi_text("late")).encode()
        ctx = self.b.begin()
        channel = self.b.channel
        channel.write_acknowledgement(ctx, self.b.gateway, PORT, self.b.hub_client, sequence, data=data)  # type: ignore[arg-type]
        self._note_answers(self.b.end(ctx))

    # --- what honest relayers do ---

    @precondition(lambda self: self._undelivered())
    @rule(data=st.data())
    def relay_calls(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self._undelivered()), min_size=1, max_size=4))
        self._send(self.a.receive_message(*chosen), honest=True)

    @precondition(lambda self: self._requests_on_their_way())
    @rule(data=st.data())
    def relay_requests(self, data: st.DataObject) -> None:
        self._take_in(data.draw(st.lists(st.sampled_from(self._requests_on_their_way()), min_size=1, max_size=3)))

    @precondition(lambda self: self._unshown_answers())
    @rule(data=st.data())
    def relay_answers(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self._unshown_answers()), min_size=1, max_size=3))
        self._send(self.b.acknowledge_message(chosen, [self.b_answers[s.sequence] for s in chosen]), honest=True)

    @precondition(lambda self: self._unlearned())
    @rule()
    def relay_results(self) -> None:
        sequences = self._unlearned()[:3]
        self.a.learn(sequences, [self._acknowledged_to_a()[sequence] for sequence in sequences])

    @precondition(lambda self: self._late_requests())
    @rule()
    def relay_timeouts_of_requests(self) -> None:
        self.b.block()
        self._send(self.b.timeout_message(*self._late_requests()), honest=True)

    @precondition(lambda self: self._late_calls())
    @rule()
    def relay_timeouts_of_calls(self) -> None:
        self.a.give_up(*self._late_calls())

    @rule(seconds=st.sampled_from((0, 30)))
    def relay_everything(self, seconds: int) -> None:
        self._carry_all()
        self.hub.block(advance=seconds)

    @rule(ledger=st.sampled_from(("a", "b")))
    def relay_headers(self, ledger: str) -> None:
        chain = getattr(self, ledger)
        chain.block()
        self._send(chain.news(), honest=True)

    @rule(seconds=st.sampled_from((0, 1, 10, 30, 100, 400, 1500)))
    def time_passes(self, seconds: int) -> None:
        self.hub.block(advance=seconds)

    @precondition(lambda self: self.hub.app.next_due(self.hub.state))
    @rule()
    def time_comes_to_what_is_due(self) -> None:
        due = self.hub.app.next_due(self.hub.state)
        assert due is not None
        self.hub.block(advance=max(due - self.hub.now, 0))

    # --- what hostile relayers do ---

    @precondition(lambda self: self.sent_messages)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        self._send(data.draw(st.sampled_from(self.sent_messages)))

    @precondition(lambda self: self.a.sent)
    @rule(data=st.data(), change=st.sampled_from(("value", "sequence", "timeout", "client", "proof")))
    def forge_a_call(self, data: st.DataObject, change: str) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.a.sent)))
        received = sequence in self._received_from_a()
        message = self._forged(self.a.receive_message(sequence), change, self.b.client)
        assert self._try(RELAYER, message).code is not ResultCode.OK or received

    @precondition(lambda self: self._requests_on_their_way())
    @rule(data=st.data(), answer=st.sampled_from((b"\x01\x00\xc8\x00\x00\x00\x00", ERROR_ACKNOWLEDGEMENT)))
    def forge_an_answer(self, data: st.DataObject, answer: bytes) -> None:
        sent = data.draw(st.sampled_from(self._requests_on_their_way()))
        self.b.block()
        assert self._try(RELAYER, self.b.acknowledge_message([sent], [answer])).code is ResultCode.REFUSED

    @precondition(lambda self: self._unshown_answers())
    @rule(data=st.data())
    def forge_a_timeout(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from(self._unshown_answers()))
        self.b.block()
        assert self._try(RELAYER, self.b.timeout_message(sent)).code is ResultCode.REFUSED

    @precondition(lambda self: self._live_requests())
    @rule(data=st.data())
    def time_out_too_early(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from(self._live_requests()))
        message = self.b.timeout_message(sent)
        early = self.b.dated(message.proof, UnixSeconds(sent.timeout - 1))
        assert self._try(RELAYER, replace(message, proof=early)).code is ResultCode.REFUSED
        shorter = LaneRecord(self.b.hub_outward, sent.sequence, UnixSeconds(sent.timeout - 1), sent.value)
        forged = replace(message, records=encode_records([shorter]), proof=early)
        assert self._try(RELAYER, forged).code is ResultCode.REFUSED

    @precondition(lambda self: self._acknowledged_to_a())
    @rule(data=st.data())
    def forge_a_result(self, data: st.DataObject) -> None:
        sequence = data.draw(st.sampled_from(sorted(self._acknowledged_to_a())))
        try:
            self.a.learn([sequence], [Result(Code.ANSWERED, b"forged").encode()])
        except HubError:
            return
        assert sequence in self.a.gateway.results

    @rule()
    def steal(self) -> None:
        assert self._try(RELAYER, m.Transfer(ADDRESSES[RELAYER], Amount(1))).code is ResultCode.REFUSED

    # --- what must hold ---

    @invariant()
    def each_thing_happens_at_most_once(self) -> None:
        self._take_note()
        assert self.b.state.get(PANIC) is None
        received = Counter(packet.sequence for packet in self.b.gateway.received)
        assert not [sequence for sequence, count in received.items() if count > 1]

    @invariant()
    def nothing_is_both_received_and_timed_out(self) -> None:
        assert not self._received_from_a() & self.a.gateway.timeouts
        timed_out = {
            sequence for kind, client, sequence in self._packet_keys(PacketTimedOut) if client == self.b.client
        }
        assert not timed_out & {packet.sequence for packet in self.b.gateway.received}
        acknowledged = {s for _, client, s in self._packet_keys(PacketAcknowledged) if client == self.b.client}
        assert not timed_out & acknowledged

    @invariant()
    def every_call_has_its_result_in_time(self) -> None:
        for record in requests.requests(self.hub.state):
            assert record.is_open == (record.request_id not in self.codes)
            assert not record.is_open or self.hub.now < record.due
            assert record.is_open or record.code == self.codes[record.request_id]
            assert record.is_open or record.client or record.escrow is not requests.Escrow.HELD
            if not record.is_open and record.escrow is not requests.Escrow.HELD:
                assert self.counts[EscrowSettled, record.request_id] == 1

    @invariant()
    def money_is_conserved(self) -> None:
        self.hub.check_money()
        assert money.supply(self.hub.state) == genesis().balances[0][1]

    # --- the end: one honest relayer is enough, and a replay gives the same ---

    def teardown(self) -> None:
        try:
            self._finish()
            self._check_finished()
            self._check_replay()
        finally:
            super().teardown()

    def _finish(self) -> None:
        self._begin_anew()
        for _ in range(3):
            self._carry_all()
            self.hub.block(advance=400)
        while self.later:
            self.provider_answers_later()
        for seconds in (2100, PARAMETERS.settlement_time_limit, 1):
            self.hub.block(advance=seconds)
            self._carry_all()
        self.hub.block()

    def _carry_all(self) -> None:
        if undelivered := self._undelivered():
            self._send(self.a.receive_message(*undelivered))
        if on_their_way := self._requests_on_their_way():
            self._take_in(on_their_way)
        if unshown := self._unshown_answers():
            self._send(self.b.acknowledge_message(unshown, [self.b_answers[s.sequence] for s in unshown]))
        if late := self._late_requests():
            self.b.block()
            self._send(self.b.timeout_message(*late))
        if unlearned := self._unlearned():
            self.a.learn(unlearned, [self._acknowledged_to_a()[sequence] for sequence in unlearned])
        if late_calls := self._late_calls():
            self.a.give_up(*late_calls)

    def _check_finished(self) -> None:
        self.each_thing_happens_at_most_once()
        assert money.escrowed(self.hub.state) == 0
        assert all(record.is_finished for record in requests.requests(self.hub.state))
        assert self.a.gateway.results.keys() | self.a.gateway.timeouts == self.a.sent.keys()
        assert not self.a.gateway.results.keys() & self.a.gateway.timeouts
        assert not self._open_commitments()
        for room in (Room.PENDING_PACKETS, Room.OUTBOX, Room.SERVICE_DUE):
            assert not list(self.hub.state.scan(bytes((room,)), bytes((room + 1,))))
        assert self.hub.app.next_due(self.hub.state) is None

    def _check_replay(self) -> None:
        app, state = App(genesis()), MemoryState()
        state.apply(app.genesis_changes())
        parent, events = app.genesis_header(tree_of(state).root), list[Event]()
        for number, (header, transactions) in enumerate(self.hub.blocks):
            block = app.begin(state, header.height, header.time, parent.hash())
            for signed in transactions:
                block.apply(signed)
            outcome = block.finish()
            state.apply(outcome.changes)
            events += outcome.events
            # A tree for every tenth block is proof enough: a difference in the state stays, or shows in the events.
            last = number == len(self.hub.blocks) - 1
            root = tree_of(state).root if number % 10 == 0 or last else header.app_root
            parent = app.header(outcome, root)
            assert parent == header
        assert events == self.hub.events

    # --- how it is done ---

    def _behave(self, ctx: Context, packet: Packet) -> bytes | None:
        match self.behaviour:
            case "echo":
                return echo(packet)
            case "fails":
                return Result(Code.PROVIDER_FAILED, message="no").encode()
            case "lies":
                return Result(Code.ANSWERED, b"this is no ABI").encode()
            case "panics":
                ctx.state.put(PANIC, b"\x01")
                raise HubError
            case _:
                self.later.append(packet.sequence)
                return None

    def _take_in(self, sent: list[PacketSent]) -> None:
        try:
            self._note_answers(self.b.take_in(*sent))
        except HubError as error:
            assert error.reason() == "TIMEOUT_ELAPSED"  # noqa: PT017 -- another reason is a fault

    def _note_answers(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, AcknowledgementWritten):
                self.b_answers[event.sequence] = event.acknowledgement

    def _forged(self, message: m.ReceivePackets, change: str, other: ClientId) -> AnyMessage:
        record = decode_records(message.records)[0]
        match change:
            case "value":
                record = LaneRecord(record.lane, record.sequence, record.timeout, record.value + b"x")
            case "sequence":
                record = LaneRecord(
                    record.lane, type(record.sequence)(record.sequence + 1000), record.timeout, record.value
                )
            case "timeout":
                later = UnixSeconds(record.timeout + 5000)
                record = LaneRecord(record.lane, record.sequence, later, record.value)
            case "client":
                message = replace(message, client=other)
            case _:
                message = replace(message, proof=self.a.forged(message.proof))
        return replace(message, records=encode_records([record]))


class AttestedHubMachine(HubMachine):
    kind = AttestedLedger
