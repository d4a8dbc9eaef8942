"""The end: one honest relayer is enough for every call's one outcome, and a replay of the blocks gives the same."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.machine import LedgerMachine as StateMachine
from adapters.permissioned.ledger.service import calls
from adapters.permissioned.ledger.service.calls import CallState
from hub.accounts import money
from hub.app import App
from hub.services import requests
from hub.services.payload import InputEncoding, Result, packet_request_id
from hub.services.schema import ServiceSchema
from hub.services.transcode import convert
from hub.state.branch import MemoryState
from hub.state.collections import Room
from tests.properties.ledger_deeds import CARRIERS, Deeds
from tests.properties.ledger_world import MEMBERS, OF_A_REFUSAL, Held, Mood, definition, new_clerk
from tests.unit import certificate_workshop as workshop
from tests.unit.certificate_workshop import Certified
from tests.unit.hub_chain import PARAMETERS, tree_of
from tests.unit.indexed import indexes, indexes_by_records

MOST_APART = 3000
"""Seconds between the clocks: beyond an hour, a client takes a header to be from the future."""


class Ending(Deeds):
    def begin(self) -> None:
        self.revoked_certificates: dict[str, list[Certified]] = {}
        self.renewals = 0
        super().begin()

    # --- what it takes to come to an end ---

    def pass_time(self, at_hub: int, at_ledger: int) -> None:
        """On either clock, which are never too far from each other for a header to be believed."""
        apart = self.hub.now + at_hub - self.ledger.now - at_ledger
        at_ledger += max(0, apart - MOST_APART)
        at_hub += max(0, -apart - MOST_APART)
        self.hub.block(advance=at_hub)
        self.ledger.block(advance=at_ledger)
        self.note()

    def activate_all(self) -> None:
        for name in sorted({"clerk", "documents", "receivables"} - self.active):
            package = self.ledger.installed[name]
            self.decided(a.ActivateContract(name, package.shape.version, package.hash, "any member"))
            self.active.add(name)

    def renew(self, member: str) -> None:
        """A new certificate, with which the member is the same member."""
        self.renewals += 1
        certified = self.ledger.issue(member, serial=workshop.serial_of(f"{member} {self.renewals}"))
        self.revoked.discard(member)
        self.at_ledger(member, m.EnrolMember(certified.der, ()), honest=True)

    def failed_callbacks(self) -> list[bytes]:
        return [one.call_id for one in calls.calls_of(self.ledger.state, "clerk") if one.callback_failed]

    def finish(self) -> None:
        self.activate_all()
        for member in sorted(self.revoked):
            self.renew(member)
        self.invoke(MEMBERS[0], "clerk", "be_kind", Mood("stubborn"))
        for _ in range(3):
            self.carry_all()
            self.pass_time(400, 400)
        for waiting in list(calls.requests(self.ledger.state)):
            self.invoke(MEMBERS[0], "clerk", "release", Held(waiting.request_id))
        for seconds in (2100, PARAMETERS.settlement_time_limit, 1):
            self.carry_all()
            self.pass_time(seconds, seconds)
        self.carry_all()
        for call_id in self.failed_callbacks():
            self.at_ledger(CARRIERS[0], m.RetryCallback(call_id), honest=True)
        self.pass_time(1, 1)

    # --- what holds then ---

    def check_finished(self) -> None:
        assert money.escrowed(self.hub.state) == 0
        assert all(record.is_finished for record in requests.requests(self.hub.state))
        self._check_packets()
        self._check_consumers()
        self._check_callers_of_the_ledger()
        assert not [key for key, value in self.ledger.state.scan(b"", b"\xff") if OF_A_REFUSAL.encode() in key + value]
        assert indexes(self.ledger.state) == indexes_by_records(self.ledger.state)
        assert self.hub.app.next_due(self.hub.state) is None
        assert self.ledger.machine.next_due(self.ledger.state) is None
        for chain in (self.hub, self.ledger):
            for room in (Room.PENDING_PACKETS, Room.OUTBOX, Room.SERVICE_DUE):
                assert not list(chain.state.scan(bytes((room,)), bytes((room + 1,))))

    def _check_packets(self) -> None:
        """Each was either acknowledged or timed out; no commitment is left on any chain."""
        for flow in (self.consumer, self.outward, self.inward):
            assert not flow.open()
            assert not flow.acknowledged & flow.timed_out
            assert flow.acknowledged == flow.received
        for state, client in (
            (self.hub.state, self.ledger.client),
            (self.hub.state, self.a.client),
            (self.ledger.state, self.ledger.hub_client),
            (self.a.state, self.a.hub_client),
        ):
            prefix = client.encode() + b"\x01"
            assert not list(state.scan(prefix, client.encode() + b"\x02"))

    def _check_consumers(self) -> None:
        """Each of their calls has one outcome, which is the ledger's own answer where it was answered."""
        gateway = self.a.gateway
        assert gateway.results.keys() | gateway.timeouts == self.a.sent.keys()
        assert not gateway.results.keys() & gateway.timeouts
        answers = dict(self._answers_of_the_ledger())
        for sequence, acknowledgement in gateway.results.items():
            request_id = self.request_id(self.consumer.sent[sequence])
            result = Result.decode(acknowledgement)
            assert result.code.value == self.codes.get(
                request_id, result.code.value
            )  # what is refused at once has none
            if result.code.value == 200:
                service, answer = answers[request_id]
                offered = definition(service)
                schema = ServiceSchema(offered.output_json_schema, offered.output_abi)
                assert answer.code.value == 200
                assert convert(schema, answer.output, InputEncoding.JSON, InputEncoding.ABI) == result.output

    def _answers_of_the_ledger(self) -> Iterator[tuple[bytes, tuple[str, Result]]]:
        for sequence, sent in self.inward.sent.items():
            if sequence in self.inward.answers:
                asked = self.asked(sent)
                yield asked.request_id, (asked.service, Result.decode(self.inward.answers[sequence]))

    def _check_callers_of_the_ledger(self) -> None:
        """Members read their outcomes, the clerk was told each of its own once; all are the hub's."""
        sent = {key for kind, key in self.counts if kind == "CallSent"}
        assert sent == {key for kind, key in self.counts if kind == "CallEnded"}
        told = dict(self.told)
        for member in MEMBERS:
            for record in calls.calls_of(self.ledger.state, member):
                assert record.state is not CallState.WAITING
                told[record.call_id] = record.code
        assert told.keys() == sent
        answered = {
            packet_request_id(self.ledger.client, self.outward.sent[number].sequence): Result.decode(answer).code.value
            for number, answer in self.outward.answers.items()
        }
        assert {call_id: code for call_id, code in told.items() if code} == answered
        assert answered.items() >= {item for item in self.codes.items() if item[0] in sent}
        assert not list(calls.calls_of(self.ledger.state, "clerk"))
        assert not list(calls.requests(self.ledger.state))

    # --- and again, from the blocks alone ---

    def check_replay(self) -> None:
        installed = dict(self.ledger.installed) | {"clerk": self.world.first_clerk}

        def swap(number: int) -> None:
            if number == self.swapped:
                installed["clerk"] = new_clerk()

        _replay(StateMachine(self.ledger.machine.genesis, installed), self.ledger.blocks, self.ledger.events, swap)
        _replay(App(self.hub.app.genesis), self.hub.blocks, self.hub.events, lambda _: None)


def _replay(machine: Any, blocks: Sequence[Any], events: list[Any], before: Callable[[int], None]) -> None:
    """``before``: what is done to the node before a block."""
    state, found = MemoryState(), []
    state.apply(machine.genesis_changes())
    parent = machine.genesis_header(tree_of(state).root)
    for number, (header, transactions) in enumerate(blocks):
        before(number)
        block = machine.begin(state, header.height, header.time, parent.hash())
        for signed in transactions:
            block.apply(signed)
        outcome = block.finish()
        state.apply(outcome.changes)
        found += outcome.events
        # A tree for every tenth block is proof enough: a difference in the state stays, or shows in the events.
        last = number == len(blocks) - 1
        root = tree_of(state).root if number % 10 == 0 or last else header.app_root
        parent = machine.header(outcome, root)
        assert parent == header
    assert found == events
