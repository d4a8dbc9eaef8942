"""Packets as they are followed from outside: what the hub's events say of each, folded into one line."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace

from hub.answers import BlockEvents, EventRecord
from hub.client import HubClient
from hub.events import AcknowledgementWritten, PacketAcknowledged, PacketReceived, PacketSent, PacketTimedOut
from hub.quantities import Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence

PACKET_EVENTS = (PacketSent, PacketReceived, AcknowledgementWritten, PacketAcknowledged, PacketTimedOut)

_STATE = {
    PacketSent: "sent",
    PacketReceived: "received",
    AcknowledgementWritten: "answered",
    PacketAcknowledged: "acknowledged",
    PacketTimedOut: "timed out",
}
FINISHED = {"acknowledged", "timed out"}


@dataclass(frozen=True, slots=True)
class PacketLine:
    """A packet, and the last thing that the hub saw of it."""

    source_client: str
    destination_client: str
    sequence: int
    outward: bool
    """Whether the hub sent it."""
    state: str
    began_height: Height
    began_time: UnixSeconds
    height: Height
    time: UnixSeconds

    @property
    def seconds(self) -> int:
        """From the first thing that the hub saw of it to the last."""
        return self.time - self.began_time

    @property
    def in_flight(self) -> bool:
        """Whether the hub still waits for something: an answer to give, or an acknowledgement to learn."""
        return self.state in {"sent", "received"}


@dataclass(frozen=True, slots=True)
class PacketName:
    """A packet, as the hub sees it."""

    client: str
    inward: bool
    sequence: PacketSequence

    def __str__(self) -> str:
        return f"{self.client}/{'in' if self.inward else 'out'}/{self.sequence}"


PacketKey = tuple[bool, str, str, int]
"""Whether the hub sent it, its clients, its number. Both clients of a ledger and the hub may have the same name."""


class PacketBook:
    """All packets seen since some height, kept up to date block by block."""

    def __init__(self) -> None:
        self.lines: dict[PacketKey, PacketLine] = {}

    def add(self, block: BlockEvents) -> None:
        for record in block.events:
            self._add(record, block.time)

    def _add(self, record: EventRecord, time: UnixSeconds) -> None:
        event = record.event
        if not isinstance(event, PACKET_EVENTS):
            return
        outward = isinstance(event, PacketSent | PacketAcknowledged | PacketTimedOut)
        name = (event.source_client, event.destination_client, event.sequence)
        key = (outward, *name)
        state = _STATE[type(event)]
        known = self.lines.get(key)
        if known is None:
            self.lines[key] = PacketLine(*name, outward, state, record.height, time, record.height, time)
        else:
            self.lines[key] = replace(known, state=state, height=record.height, time=time)

    def in_flight(self) -> list[PacketLine]:
        return [line for line in self.lines.values() if line.in_flight]


async def recent_blocks(
    hub: HubClient, first: Height, last: Height, kinds: Iterable[type] = PACKET_EVENTS
) -> AsyncIterator[BlockEvents]:
    """The blocks with events from ``first`` to ``last``."""
    async for block in hub.watch(first, tuple(kinds)):
        if block.height > last:
            return
        yield block
        if block.height == last:
            return
