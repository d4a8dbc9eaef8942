"""All that one relayer knows of the hub, one chain, and the packets between them. Rebuilt from both whenever it is in
doubt.
"""

import asyncio
from collections.abc import Iterable
from time import monotonic

from adapters.chain import Observed, PacketEvent, SenderEvent
from hub.answers import EventRecord
from hub.clients.base import ProvenPoint
from hub.ibc.identifiers import ClientId
from hub.quantities import Height, Sequence, UnixSeconds
from hub.services.payload import Call, Request
from relayers.flow import Flow
from relayers.plan import Kind, Side, Task, TaskKey, tasks_of

_NOWHERE = Side(ProvenPoint(Height(0), UnixSeconds(0)), UnixSeconds(0))


class World:
    """Both flows, both sides; wakes who waits for news.

    Which flow an event belongs to is decided by where it happened, for both clients may have the same name.
    """

    def __init__(self, client_at_hub: ClientId, client_of_hub: ClientId) -> None:
        self.to_hub = Flow(client_of_hub, client_at_hub, payload=Call)
        self.to_chain = Flow(client_at_hub, client_of_hub, payload=Request)
        self.hub = _NOWHERE
        self.chain = _NOWHERE
        self.hub_is_known = asyncio.Event()
        """Set once the hub's open packets have been listed."""
        self.read_up_to = Height(0)
        """The chain's newest block that was read."""
        self.all_is_read = asyncio.Event()
        """Set once nothing below that is left to read."""
        self._news = [asyncio.Event(), asyncio.Event()]
        self._first_seen: dict[tuple[bool, int], float] = {}
        """By whether the packet goes to the hub, and its sequence."""

    def learn_from_hub(self, records: Iterable[EventRecord], *, backlog: bool = False) -> None:
        """Take in the hub's events; those of other chains are passed over."""
        for record in records:
            if isinstance(record.event, PacketEvent):
                flow = self.to_chain if isinstance(record.event, SenderEvent) else self.to_hub
                self._learn(flow, record.event, record.height, backlog)
        self.wake()

    def learn_from_chain(self, observed: Iterable[Observed], *, backlog: bool = False) -> None:
        """Take in the chain's final events.

        An old answer to a packet that does not stand open at the hub is of no use: it was carried before.
        """
        for entry in observed:
            event = entry.event
            if isinstance(event, PacketEvent):
                flow = self.to_hub if isinstance(event, SenderEvent) else self.to_chain
                if not backlog or flow is self.to_hub or event.sequence in flow.outgoing:
                    self._learn(flow, event, entry.height, backlog)
        self.wake()

    def settle_at_hub(self, task: Task) -> None:
        """Nothing is left to do for a packet of a task for the hub: another relayer was there first."""
        flow = self.flow_at_hub(task)
        flow.settle(task.packet.sequence)
        self._first_seen.pop(self._key(flow, task.packet.sequence), None)

    def see_hub(self, point: ProvenPoint) -> None:
        """The hub's newest block, which is final as soon as it stands."""
        if point.height > self.hub.proven.height:
            self.hub = Side(point, point.time)
            self.wake()

    def see_chain(self, final: ProvenPoint, latest: ProvenPoint) -> None:
        self.chain = Side(final, latest.time)
        self.wake()

    def settled_up_to(self, needed_from: Height | None) -> Height:
        """The chain's newest block up to which nothing happened that is still open, once all is read.

        ``needed_from``: the lowest block that the chain needs at this moment to prove what may still have to be proven.
        """
        sent = (outgoing.height for outgoing in self.to_hub.outgoing.values())
        answered = (answer.height for answer in self.to_chain.answers.values())
        still_open = [*sent, *answered, *self.to_chain.received.values()]
        if needed_from is not None:
            still_open.append(needed_from)
        return Height(min([self.read_up_to, *(height - 1 for height in still_open)]))

    def tasks_for_hub(self) -> list[Task]:
        """Receipts of the chain's packets; acknowledgements and timeouts of the hub's."""
        return tasks_of(self.to_hub, self.chain, self.hub)[0] + tasks_of(self.to_chain, self.hub, self.chain)[1]

    def tasks_for_chain(self) -> list[Task]:
        """Receipts of the hub's packets; acknowledgements and timeouts of the chain's."""
        return tasks_of(self.to_chain, self.hub, self.chain)[0] + tasks_of(self.to_hub, self.chain, self.hub)[1]

    def age_s(self, flow: Flow, sequence: Sequence) -> float:
        """How long ago a packet of a flow was first seen here."""
        now = monotonic()
        return now - self._first_seen.get(self._key(flow, sequence), now)

    def oldest_s(self, flow: Flow) -> float:
        """How long ago the oldest open packet of a flow was first seen here; 0 where none is open."""
        return max((self.age_s(flow, sequence) for sequence in flow.outgoing), default=0.0)

    def now(self) -> UnixSeconds:
        """The later of both sides' times."""
        return max(self.hub.now, self.chain.now)

    def flow_at_hub(self, task: Task) -> Flow:
        """The flow of a task that is done at the hub."""
        return self.to_hub if task.kind is Kind.RECEIVE else self.to_chain

    def flow_at_chain(self, task: Task) -> Flow:
        """The flow of a task that is done at the chain."""
        return self.to_chain if task.kind is Kind.RECEIVE else self.to_hub

    def open_at_hub(self, key: TaskKey) -> bool:
        """Whether the packet of a task that is done at the hub has not been settled at its source."""
        _, kind, sequence = key
        return sequence in (self.to_hub if kind is Kind.RECEIVE else self.to_chain).outgoing

    def open_at_chain(self, key: TaskKey) -> bool:
        """The same of a task that is done at the chain."""
        _, kind, sequence = key
        return sequence in (self.to_chain if kind is Kind.RECEIVE else self.to_hub).outgoing

    def wake(self) -> None:
        for event in self._news:
            event.set()

    async def news(self, listener: int, at_most_s: float) -> None:
        """Wait until something was learned, but not longer than that."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._news[listener].wait()
        except TimeoutError:
            pass
        self._news[listener].clear()

    def _learn(self, flow: Flow, event: PacketEvent, height: Height, backlog: bool) -> None:
        if flow.learn(event, height, backlog=backlog):
            if event.sequence in flow.outgoing:
                self._first_seen.setdefault(self._key(flow, event.sequence), monotonic())
            elif event.sequence in flow.settled:
                self._first_seen.pop(self._key(flow, event.sequence), None)

    def _key(self, flow: Flow, sequence: Sequence) -> tuple[bool, int]:
        return flow is self.to_hub, sequence
