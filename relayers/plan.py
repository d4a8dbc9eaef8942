"""What is to be done next between the hub and one chain: pure, from what both say, and nothing else.

It decides nothing that matters for safety: a wrong plan is refused by the chains. It is here that liveness is decided,
and that live traffic goes before the backlog, bounded, and that nothing is tried which is known to be refused.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, islice

from hub.clients.base import ProvenPoint
from hub.ibc.packet import Packet
from hub.quantities import Height, Sequence, UnixSeconds
from relayers.flow import Flow, Outgoing


class Kind(Enum):
    """What a task does where it is carried out."""

    RECEIVE = "receive"
    ACKNOWLEDGE = "acknowledge"
    TIME_OUT = "time_out"


TaskKey = tuple[str, Kind, Sequence]
"""The source client of the packet, what is done, the packet's sequence."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do with one packet."""

    kind: Kind
    packet: Packet
    lane: int
    """At the packet's source."""
    proven_at: Height
    """The first height of the other side at which it can be proven."""
    backlog: bool
    acknowledgement: bytes = b""
    application_gas: int = 0
    """What the packet asks for the code of its application on the chain: that much must be at hand."""

    @property
    def key(self) -> TaskKey:
        return self.packet.source_client, self.kind, self.packet.sequence

    @property
    def size(self) -> int:
        return len(self.packet.payload.value) + len(self.acknowledgement)


@dataclass(frozen=True, slots=True)
class Side:
    """A chain at this moment. ``proven`` is what the other side can be shown; ``now`` its own time, at its newest
    block.
    """

    proven: ProvenPoint
    now: UnixSeconds


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that one batch may hold."""

    packets: int
    bytes: int
    gas: int | None = None
    """Of a chain's transaction; None where gas is no matter."""


@dataclass(frozen=True, slots=True)
class HubBatch:
    """One message for the hub: tasks of one kind."""

    kind: Kind
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class ChainBatch:
    """One transaction for the chain. ``height``: the hub's block whose batch holds all tasks; None: proven against a
    newest state.
    """

    height: Height | None
    tasks: tuple[Task, ...]


BATCH_GAS = 300_000
"""For the transaction itself, its checkpoint, and what a contract keeps in reserve beside an application's gas."""
PACKET_GAS = 100_000
"""For one packet's way through the router and the gateway, which takes a fifth of it beside others, the most alone."""
WORTH_A_BATCH = 4
"""Fewer of one block are cheaper together with others, against the state, than as a transaction of their own."""


def tasks_of(flow: Flow, source: Side, destination: Side) -> tuple[list[Task], list[Task]]:
    """What can be done now at the destination and at the source, in order of sequence."""
    at_destination: list[Task] = []
    at_source: list[Task] = []
    for sequence in sorted(flow.outgoing):
        task = _next(flow, flow.outgoing[sequence], source, destination)
        if task is not None:
            (at_destination if task.kind is Kind.RECEIVE else at_source).append(task)
    return at_destination, at_source


def hub_batches(
    tasks: Collection[Task], blocked: Collection[TaskKey], bounds: Bounds, alone: Collection[TaskKey] = ()
) -> list[HubBatch]:
    """Messages for the hub: live before backlog, acknowledgements first because they free what others wait for.

    ``alone``: what its application failed before goes by itself, behind all others and one at a time.
    """
    doubtful, tasks = _doubtful(tasks, blocked, alone)
    batches: list[HubBatch] = []
    for backlog in (False, True):
        for kind in (Kind.ACKNOWLEDGE, Kind.RECEIVE, Kind.TIME_OUT):
            chosen = [task for task in tasks if task.backlog is backlog and task.kind is kind]
            parts = [HubBatch(kind, part) for part in _bounded(chosen, bounds)]
            batches += parts[:1] if backlog else parts
    return batches + [HubBatch(task.kind, (task,)) for task in doubtful[:1]]


def chain_batches(
    tasks: Collection[Task], blocked: Collection[TaskKey], bounds: Bounds, alone: Collection[TaskKey] = ()
) -> list[ChainBatch]:
    """Transactions for the chain: those of one hub block together; stragglers, timeouts and backlog against the newest
    state.

    Deliveries and timeouts are two functions of a chain, hence never in one batch. ``alone``: what its application
    failed before goes by itself, behind all others and one at a time: where it fails again, nothing is sent and nothing
    paid.
    """
    doubtful, free = _doubtful(tasks, blocked, alone)
    overdue = [task for task in free if task.kind is Kind.TIME_OUT]
    due = sorted((task for task in free if task.kind is not Kind.TIME_OUT), key=_proven_at)
    groups = [
        (height, tuple(group)) for height, group in groupby((task for task in due if not task.backlog), _proven_at)
    ]
    together = {height for height, group in groups if len(group) >= WORTH_A_BATCH or len(groups) == 1}
    batches = [
        ChainBatch(height, part) for height, group in groups if height in together for part in _bounded(group, bounds)
    ]
    stragglers = [task for height, group in groups if height not in together for task in group]
    live_overdue = [task for task in overdue if not task.backlog]
    batches += [ChainBatch(None, part) for some in (stragglers, live_overdue) for part in _bounded(some, bounds)]
    for backlog in ([task for task in some if task.backlog] for some in (overdue, due)):
        batches += [ChainBatch(None, part) for part in islice(_bounded(backlog, bounds), 1)]
    return batches + [ChainBatch(None, (task,)) for task in doubtful[:1]]


def halves(tasks: tuple[Task, ...]) -> tuple[tuple[Task, ...], tuple[Task, ...]]:
    """Split a batch that was refused, to find the task that spoils it."""
    middle = (len(tasks) + 1) // 2
    return tasks[:middle], tasks[middle:]


def time_wanted(flow: Flow, destination: Side, now: UnixSeconds) -> UnixSeconds | None:
    """The earliest timeout that has passed while the destination, where its packet has not been received, has no
    block yet that shows it; None where all is shown.
    """
    waited_for = (
        outgoing.packet.timeout
        for sequence, outgoing in flow.outgoing.items()
        if sequence not in flow.received and destination.proven.time < outgoing.packet.timeout <= now
    )
    return min(waited_for, default=None)


def wants_update(believed: ProvenPoint, trusting_seconds: int, now: UnixSeconds) -> bool:
    """Whether a client is half way to its expiry, by the later of both chains' times."""
    return (now - believed.time) * 2 > trusting_seconds


def _next(flow: Flow, outgoing: Outgoing, source: Side, destination: Side) -> Task | None:
    packet = outgoing.packet

    def task(kind: Kind, proven_at: Height, acknowledgement: bytes = b"") -> Task:
        return Task(kind, packet, outgoing.lane, proven_at, outgoing.backlog, acknowledgement, outgoing.application_gas)

    answer = flow.answers.get(packet.sequence)
    if answer is not None:
        if answer.height <= destination.proven.height:
            return task(Kind.ACKNOWLEDGE, answer.height, answer.acknowledgement)
    elif packet.sequence in flow.received:
        return None  # the application will answer later
    elif destination.proven.time >= packet.timeout:
        return task(Kind.TIME_OUT, destination.proven.height)
    elif destination.now < packet.timeout and outgoing.height <= source.proven.height:
        return task(Kind.RECEIVE, outgoing.height)
    return None


def _doubtful(
    tasks: Iterable[Task], blocked: Collection[TaskKey], alone: Collection[TaskKey]
) -> tuple[list[Task], list[Task]]:
    """What may be carried now: that which goes by itself, and all else."""
    free = [task for task in tasks if task.key not in blocked]
    return [task for task in free if task.key in alone], [task for task in free if task.key not in alone]


def _bounded(tasks: Iterable[Task], bounds: Bounds) -> Iterator[tuple[Task, ...]]:
    """Cut into batches within the bounds; a single task is never too large for a batch of its own."""
    part: list[Task] = []
    size, gas = 0, BATCH_GAS
    for task in tasks:
        full = len(part) == bounds.packets or size + task.size > bounds.bytes
        if part and (full or (bounds.gas is not None and gas + _gas(task) > bounds.gas)):
            yield tuple(part)
            part, size, gas = [], 0, BATCH_GAS
        part.append(task)
        size += task.size
        gas += _gas(task)
    if part:
        yield tuple(part)


def _gas(task: Task) -> int:
    """The most that a task takes of its transaction: a call passes on at most 63/64 of what is there (EIP-150)."""
    return PACKET_GAS + task.application_gas + -(-task.application_gas // 63)


def _proven_at(task: Task) -> Height:
    return task.proven_at
