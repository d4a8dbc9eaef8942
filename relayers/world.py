"""All that one relayer knows of the hub, one chain, and the packets between them. Rebuilt from both whenever it is in
doubt.
"""

import asyncio
from collections.abc import Iterable
from time import monotonic

from adapters.chain import Observed, PacketEvent
from hub.answers import EventRecord
from hub.clients.base import ProvenPoint
from hub.ibc.identifiers import ClientId
from hub.quantities import Height, UnixSeconds
from relayers.flow import Flow
from relayers.plan import Side, Task, tasks_of

_NOWHERE = Side(ProvenPoint(Height(0), UnixSeconds(0)), UnixSeconds(0))


class World:
    """Both flows, both sides; wakes who waits for news."""

    def __init__(self, client_at_hub: ClientId, client_of_hub: ClientId) -> None:
        self.to_hub = Flow(client_of_hub, client_at_hub)
        self.to_chain = Flow(client_at_hub, client_of_hub)
        self.hub = _NOWHERE
        self.chain = _NOWHERE
        self.hub_is_known = asyncio.Event()
        """Set once the hub's open packets have been listed."""
        self._news = [asyncio.Event(), asyncio.Event()]
        self._first_seen: dict[tuple[str, int], float] = {}

    def learn_from_hub(self, records: Iterable[EventRecord], *, backlog: bool = False) -> None:
        """Take in the hub's events; those of other chains are passed over."""
        for record in records:
            if isinstance(record.event, PacketEvent):
                self._learn(record.event, record.height, backlog)
        self.wake()

    def learn_from_chain(self, observed: Iterable[Observed], *, backlog: bool = False) -> None:
        """Take in the chain's final events.

        An old answer to a packet that does not stand open at the hub is of no use: it was carried before.
        """
        for entry in observed:
            sent_by_hub = entry.event.source_client == self.to_chain.source
            if backlog and sent_by_hub and entry.event.sequence not in self.to_chain.outgoing:
                continue
            self._learn(entry.event, entry.height, backlog)
        self.wake()

    def settle(self, task: Task) -> None:
        """Nothing is left to do for a task's packet: another relayer was there first."""
        self.flow_of(task).settle(task.packet.sequence)
        self._first_seen.pop((task.packet.source_client, task.packet.sequence), None)

    def see_hub(self, point: ProvenPoint) -> None:
        """The hub's newest block, which is final as soon as it stands."""
        if point.height > self.hub.proven.height:
            self.hub = Side(point, point.time)
            self.wake()

    def see_chain(self, final: ProvenPoint, latest: ProvenPoint) -> None:
        self.chain = Side(final, latest.time)
        self.wake()

    def tasks_for_hub(self) -> list[Task]:
        """Receipts of the chain's packets; acknowledgements and timeouts of the hub's."""
        return tasks_of(self.to_hub, self.chain, self.hub)[0] + tasks_of(self.to_chain, self.hub, self.chain)[1]

    def tasks_for_chain(self) -> list[Task]:
        """Receipts of the hub's packets; acknowledgements and timeouts of the chain's."""
        return tasks_of(self.to_chain, self.hub, self.chain)[0] + tasks_of(self.to_hub, self.chain, self.hub)[1]

    def age_s(self, task: Task) -> float:
        """How long ago a packet was first seen here."""
        key = (task.packet.source_client, task.packet.sequence)
        return monotonic() - self._first_seen.get(key, monotonic())

    def oldest_s(self, flow: Flow) -> float:
        """How long ago the oldest open packet of a flow was first seen here; 0 where none is open."""
        now = monotonic()
        return max(
            (now - self._first_seen.get((flow.source, sequence), now) for sequence in flow.outgoing), default=0.0
        )

    def now(self) -> UnixSeconds:
        """The later of both sides' times."""
        return max(self.hub.now, self.chain.now)

    def flow_of(self, task: Task) -> Flow:
        return self.to_hub if task.packet.source_client == self.to_hub.source else self.to_chain

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

    def _learn(self, event: PacketEvent, height: Height, backlog: bool) -> None:
        for flow in (self.to_hub, self.to_chain):
            if flow.learn(event, height, backlog=backlog):
                key = (flow.source, event.sequence)
                if event.sequence in flow.outgoing:
                    self._first_seen.setdefault(key, monotonic())
                elif event.sequence in flow.settled:
                    self._first_seen.pop(key, None)
