"""The relayer's plan: what follows from what both ends say, and from nothing else."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.chain import PacketEvent
from hub.clients.base import ProvenPoint
from hub.events import AcknowledgementWritten, PacketAcknowledged, PacketReceived, PacketSent, PacketTimedOut
from hub.ibc.identifiers import ClientId
from hub.quantities import Amount, Gas, Hash, Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from hub.services.payload import Call, InputEncoding, Request
from relayers.flow import Flow, SequenceSet
from relayers.plan import (
    BATCH_GAS,
    PACKET_GAS,
    WORTH_A_BATCH,
    Bounds,
    Kind,
    Side,
    Task,
    chain_batches,
    halves,
    hub_batches,
    tasks_of,
    time_wanted,
    wants_update,
)

A, B = ClientId("quorum-0"), ClientId("attested-0")
WIDE = Bounds(packets=100, bytes=10**6)


def sent(sequence: int, timeout: int = 1000, value: bytes = b"v") -> PacketSent:
    return PacketSent(A, B, PacketSequence(sequence), UnixSeconds(timeout), "p", "p", "1", "e", value, 1)


def received(sequence: int) -> PacketReceived:
    return PacketReceived(A, B, PacketSequence(sequence))


def answered(sequence: int, acknowledgement: bytes = b"ok") -> AcknowledgementWritten:
    return AcknowledgementWritten(A, B, PacketSequence(sequence), acknowledgement)


def acknowledged(sequence: int) -> PacketAcknowledged:
    return PacketAcknowledged(A, B, PacketSequence(sequence))


def timed_out(sequence: int) -> PacketTimedOut:
    return PacketTimedOut(A, B, PacketSequence(sequence))


def side(height: int = 100, time: int = 500, now: int | None = None) -> Side:
    return Side(ProvenPoint(Height(height), UnixSeconds(time)), UnixSeconds(time if now is None else now))


def flow_of(*events: tuple[PacketEvent, int], backlog: bool = False) -> Flow:
    flow = Flow(A, B)
    for event, height in events:
        assert flow.learn(event, Height(height), backlog=backlog)
    return flow


def planned(
    flow: Flow, source: Side | None = None, destination: Side | None = None
) -> list[tuple[str, Kind, PacketSequence]]:
    there, here = tasks_of(flow, source or side(), destination or side())
    return [("there", task.kind, task.packet.sequence) for task in there] + [
        ("here", task.kind, task.packet.sequence) for task in here
    ]


RECEIVE_IT, ANSWER_IT = [("there", Kind.RECEIVE, 1)], [("here", Kind.ACKNOWLEDGE, 1)]
EXPIRE_IT = [("here", Kind.TIME_OUT, 1)]
SENT, RECEIVED, ANSWERED = (sent(1), 5), (received(1), 7), (answered(1), 9)
CASES: dict[str, tuple[list[tuple[PacketEvent, int]], Side, Side, list[tuple[str, Kind, int]]]] = {
    "sent and final": ([(sent(1), 100)], side(100), side(), RECEIVE_IT),
    "sent, not final yet": ([(sent(1), 101)], side(100), side(), []),
    "overdue there, not proven yet": ([SENT], side(), side(time=500, now=1000), []),
    "in the last second": ([SENT], side(), side(time=999), RECEIVE_IT),
    "provably overdue": ([SENT], side(), side(time=1000), EXPIRE_IT),
    "the source's own clock says nothing": ([SENT], side(time=5000), side(time=999), RECEIVE_IT),
    "received: the answer comes later": ([SENT, RECEIVED], side(), side(time=2000), []),
    "answered": ([SENT, (answered(1), 100)], side(), side(100), ANSWER_IT),
    "answered, not provable yet": ([SENT, (answered(1), 101)], side(), side(100), []),
    "answered in time, seen late": ([SENT, ANSWERED], side(), side(time=5000), ANSWER_IT),
    "acknowledged": ([SENT, ANSWERED, (acknowledged(1), 9)], side(), side(), []),
    "timed out": ([SENT, (timed_out(1), 9)], side(), side(time=5000), []),
    "an answer to a packet that is not known yet": ([ANSWERED], side(), side(), []),
}


@pytest.mark.parametrize(("events", "source", "destination", "expected"), CASES.values(), ids=CASES.keys())
def test_what_follows(
    events: list[tuple[PacketEvent, int]], source: Side, destination: Side, expected: list[tuple[str, Kind, int]]
) -> None:
    assert planned(flow_of(*events), source, destination) == expected


@pytest.mark.parametrize("end", [acknowledged(1), timed_out(1)])
def test_the_order_in_which_it_is_learned_does_not_matter(end: PacketEvent) -> None:
    events: list[PacketEvent] = [sent(1), received(1), answered(1), end]
    for some in range(1, 5):
        results = {str(planned(flow_of(*((event, 5) for event in order)))) for order in permutations(events[:some])}
        assert len(results) == 1


def test_events_of_other_clients_are_not_learned() -> None:
    flow = Flow(A, B)
    assert not flow.learn(PacketSent(B, A, PacketSequence(1), UnixSeconds(9), "p", "p", "1", "e", b"v", 1), Height(1))
    assert not flow.learn(PacketReceived(A, A, PacketSequence(1)), Height(1))
    assert not flow.outgoing


@given(st.lists(st.integers(1, 40)))
def test_a_set_of_sequences_is_a_set(numbers: list[int]) -> None:
    made = SequenceSet(map(PacketSequence, numbers))
    assert {number for number in range(45) if number in made} == set(numbers)
    assert made.runs == len({number for number in numbers if number - 1 not in made})


def tasks(*heights: int, backlog: bool = False, kind: Kind = Kind.RECEIVE, size: int = 10) -> list[Task]:
    flow = flow_of(*((sent(n, value=b"v" * size), height) for n, height in enumerate(heights, 1)), backlog=backlog)
    return [replace(task, kind=kind) for task in tasks_of(flow, side(10**6), side())[0]]


def test_what_one_block_holds_goes_together_and_stragglers_with_each_other() -> None:
    batches = chain_batches(tasks(5, 5, 5, 5, 6, 7, 7), set(), WIDE)
    assert [(batch.height, len(batch.tasks)) for batch in batches] == [(5, WORTH_A_BATCH), (None, 3)]
    alone = chain_batches(tasks(9), set(), WIDE)
    assert [(batch.height, len(batch.tasks)) for batch in alone] == [(9, 1)]


def test_live_traffic_goes_first_and_the_backlog_a_batch_at_a_time() -> None:
    live = tasks(*[5] * 30)
    old = [replace(task, backlog=True) for task in tasks(*[4] * 30)]
    bounds = Bounds(packets=10, bytes=10**6)
    batches = chain_batches(old + live, set(), bounds)
    assert [batch.tasks[0].backlog for batch in batches] == [False, False, False, True]
    at_hub = hub_batches(old + live, set(), bounds)
    assert [batch.tasks[0].backlog for batch in at_hub] == [False, False, False, True]
    assert {batch.kind for batch in at_hub} == {Kind.RECEIVE}


def test_timeouts_and_deliveries_are_never_in_one_transaction() -> None:
    late = tasks(1, 1, kind=Kind.TIME_OUT)
    due = tasks(1, 1, 1, 1)
    for batch in chain_batches(late + due, set(), WIDE):
        assert len({task.kind is Kind.TIME_OUT for task in batch.tasks}) == 1
    assert len(chain_batches(late + due, set(), WIDE)) == 2


def test_what_is_blocked_is_left_out() -> None:
    some = tasks(5, 5, 5)
    blocked = {some[1].key}
    assert [task.packet.sequence for batch in chain_batches(some, blocked, WIDE) for task in batch.tasks] == [1, 3]
    assert [task.packet.sequence for batch in hub_batches(some, blocked, WIDE) for task in batch.tasks] == [1, 3]


@pytest.mark.parametrize("backlog", [False, True])
@pytest.mark.parametrize("kind", Kind)
def test_what_its_application_fails_goes_alone_and_last(kind: Kind, backlog: bool) -> None:
    some = [
        replace(one, kind=kind if one.packet.sequence in {2, 3} else Kind.RECEIVE, backlog=backlog)
        for one in tasks(*[5] * 6)
    ]
    alone = {some[1].key, some[2].key}
    for batches in (chain_batches(some, set(), WIDE, alone), hub_batches(some, set(), WIDE, alone)):
        assert [[task.packet.sequence for task in batch.tasks] for batch in batches] == [[1, 4, 5, 6], [2]]
    blocked = {some[1].key}
    for batches in (chain_batches(some, blocked, WIDE, alone), hub_batches(some, blocked, WIDE, alone)):
        assert [task.packet.sequence for task in batches[-1].tasks] == [3]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 6), st.booleans(), st.sampled_from(Kind), st.integers(0, 50), st.integers(0, 3_000_000)
        ),
        max_size=40,
    ),
    st.integers(1, 8),
    st.integers(1, 100),
    st.integers(400_000, 5_000_000),
)
def test_every_batch_is_bounded_and_every_live_task_in_one(
    made: list[tuple[int, bool, Kind, int, int]], packets: int, size: int, gas: int
) -> None:
    plain = tasks(*[height for height, *_ in made])
    all_tasks = [
        replace(task, backlog=backlog, kind=kind, acknowledgement=b"a" * extra, application_gas=asked)
        for task, (_, backlog, kind, extra, asked) in zip(plain, made, strict=True)
    ]
    bounds = Bounds(packets, size, gas)
    for batches in (hub_batches(all_tasks, set(), bounds), chain_batches(all_tasks, set(), bounds)):
        held = [task for batch in batches for task in batch.tasks]
        assert len({task.key for task in held}) == len(held)
        assert {task.key for task in all_tasks if not task.backlog} <= {task.key for task in held}
        for batch in batches:
            assert 1 <= len(batch.tasks) <= packets
            if len(batch.tasks) > 1:
                assert sum(task.size for task in batch.tasks) <= size
                asked = sum(task.application_gas * 64 / 63 + PACKET_GAS for task in batch.tasks)
                assert asked + BATCH_GAS <= gas


def test_packets_that_ask_for_much_gas_do_not_share_a_transaction() -> None:
    """Each alone fits the chain's block; together the router would refuse them all for too little gas."""
    some = [replace(task, application_gas=5_000_000) for task in tasks(*[5] * 6)]
    batches = chain_batches(some, set(), Bounds(50, 10**6, 15_000_000))
    assert [len(batch.tasks) for batch in batches] == [2, 2, 2]
    assert [len(batch.tasks) for batch in chain_batches(some, set(), Bounds(50, 10**6))] == [6]
    huge = [replace(task, application_gas=10**9) for task in tasks(5, 5)]
    assert [len(batch.tasks) for batch in chain_batches(huge, set(), Bounds(50, 10**6, 15_000_000))] == [1, 1]


@pytest.mark.parametrize("more", [0, 1])
def test_the_gas_bound_is_met_to_the_unit(more: int) -> None:
    """Of what is there a call passes on 63/64 (EIP-150): 63,000 at hand need 64,000 in the transaction."""
    pair = [replace(task, application_gas=63_000) for task in tasks(5, 5)]
    needed = BATCH_GAS + 2 * (PACKET_GAS + 64_000)
    batches = chain_batches(pair, set(), Bounds(50, 10**6, needed - more))
    assert [len(batch.tasks) for batch in batches] == ([1, 1] if more else [2])


def test_the_gas_that_a_packet_asks_for_is_read_from_its_payload() -> None:
    call = Call("echo", b"\x01" * 20, UnixSeconds(9), Amount(1), Gas(70_000), InputEncoding.ABI, b"")
    request = Request(
        Hash(b"\x02" * 32), "echo", b"\x03" * 20, B, b"\x01" * 20, UnixSeconds(9), Gas(80_000), InputEncoding.ABI, b""
    )
    for payload, value, port, gas in (
        (Call, call.encode(), "service", 70_000),
        (Request, request.encode(), "service", 80_000),
        (Call, request.encode(), "service", 0),  # what cannot be read asks for nothing that could be known
        (Request, b"", "service", 0),
        (Request, request.encode(), "transfer", 0),
        (None, request.encode(), "service", 0),
    ):
        flow = Flow(A, B, payload=payload)
        event = PacketSent(A, B, PacketSequence(1), UnixSeconds(1000), port, port, "1", "e", value, 1)
        flow.learn(event, Height(5))
        ((task,), _) = tasks_of(flow, side(), side())
        assert task.application_gas == gas
        flow.learn(answered(1), Height(6))
        (_, (task,)) = tasks_of(flow, side(), side())
        assert (task.kind, task.application_gas) == (Kind.ACKNOWLEDGE, gas)


def test_halving_finds_every_task() -> None:
    some = tuple(tasks(*range(1, 8)))
    found: list[Task] = []

    def halve(part: tuple[Task, ...]) -> None:
        if len(part) == 1:
            found.extend(part)
        else:
            for half in halves(part):
                assert len(half) < len(part)
                halve(half)

    halve(some)
    assert found == list(some)


def test_a_side_is_asked_for_its_time_only_for_an_overdue_packet() -> None:
    flow = flow_of((sent(1, timeout=1000), 5), (sent(2, timeout=1010), 5), (sent(3, timeout=990), 5))
    flow.learn(received(3), Height(6))

    def wanted(time: int, now: int) -> int | None:
        return time_wanted(flow, side(time=time), UnixSeconds(now))

    assert wanted(time=900, now=999) is None
    assert wanted(time=900, now=1000) == 1000
    assert wanted(time=999, now=1020) == 1000
    assert wanted(time=1000, now=1009) is None
    assert wanted(time=1000, now=1010) == 1010
    assert wanted(time=1010, now=1020) is None
    flow.learn(received(1), Height(6))
    assert wanted(time=900, now=1000) is None


def test_a_client_is_updated_at_half_its_trusting_period() -> None:
    believed = ProvenPoint(Height(10), UnixSeconds(1000))
    assert not wants_update(believed, 100, UnixSeconds(1050))
    assert wants_update(believed, 100, UnixSeconds(1051))


@settings(max_examples=60)
@given(st.lists(st.integers(1, 4), max_size=30))
def test_following_the_plan_settles_every_packet_once(moves: list[int]) -> None:
    """Ends that obey ICS-4, a relayer that does what the plan says in any order: nothing is left or done twice."""
    flow = flow_of(*((sent(number, timeout=600 + number), 5) for number in range(1, 5)))
    got: dict[int, bool] = {}
    ended: dict[int, str] = {}
    now = 590
    for hint in [*moves, *[1, 2, 3, 4] * 12]:
        there, here = tasks_of(flow, side(), side(time=now))
        for task in [one for one in there + here if one.packet.sequence == hint]:
            number = task.packet.sequence
            match task.kind:
                case Kind.RECEIVE:
                    assert now < task.packet.timeout
                    assert number not in got
                    got[number] = True
                    flow.learn(answered(number), Height(6))
                case Kind.ACKNOWLEDGE:
                    assert number in got
                    assert ended.setdefault(number, "acknowledged") == "acknowledged"
                    flow.learn(acknowledged(number), Height(7))
                case Kind.TIME_OUT:
                    assert number not in got
                    assert now >= task.packet.timeout
                    assert ended.setdefault(number, "timed out") == "timed out"
                    flow.learn(timed_out(number), Height(7))
        now += 1
    assert set(ended) == {1, 2, 3, 4}
    assert not flow.outgoing
    assert not flow.answers
    assert not flow.received
