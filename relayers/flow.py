"""What is known of the packets that go one way between two chains: a fold over events, in whatever order they are
learned.

Nothing here is kept on a disk. A relayer that starts empty learns it again from the chains; learning an event twice, or
a later one before an earlier one (the backlog is read behind the live traffic), changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from adapters.chain import PacketEvent
from hub.events import AcknowledgementWritten, PacketAcknowledged, PacketReceived, PacketSent, PacketTimedOut
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.quantities import Height, Sequence


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A packet that waits at its source for an acknowledgement or a timeout."""

    packet: Packet
    height: Height
    """Of the source's block that committed it."""
    lane: int
    """Its number at the source."""
    backlog: bool
    """Found while reading old blocks: it must not hold up live traffic."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement that was written at the destination."""

    acknowledgement: bytes
    height: Height
    """Of the destination's block that committed it."""


class SequenceSet:
    """Numbers that mostly rise without gaps: all up to a floor, and a few beyond."""

    __slots__ = ("_beyond", "_floor")

    def __init__(self, numbers: Iterable[Sequence] = ()) -> None:
        self._floor = 0
        self._beyond: set[int] = set()
        for number in numbers:
            self.add(number)

    def add(self, number: Sequence) -> None:
        if number > self._floor:
            self._beyond.add(number)
            while self._floor + 1 in self._beyond:
                self._floor += 1
                self._beyond.remove(self._floor)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and (1 <= number <= self._floor or number in self._beyond)


@dataclass(slots=True)
class Flow:
    """One way, from ``source`` (that chain's client) to ``destination`` (the other chain's client)."""

    source: ClientId
    destination: ClientId
    outgoing: dict[Sequence, Outgoing] = field(default_factory=dict)
    received: set[Sequence] = field(default_factory=set)
    """Received at the destination, of those not settled."""
    answers: dict[Sequence, Answer] = field(default_factory=dict)
    settled: SequenceSet = field(default_factory=SequenceSet)
    """Acknowledged or timed out at the source: nothing is left to do."""

    def learn(self, event: PacketEvent, height: Height, *, backlog: bool = False) -> bool:
        """Take in one event that became certain at ``height`` of the chain where it happened; whether it was one of
        this flow.
        """
        if (event.source_client, event.destination_client) != (self.source, self.destination):
            return False
        if event.sequence not in self.settled:
            self._learn(event, height, backlog)
        return True

    def settle(self, sequence: Sequence) -> None:
        """Nothing is left to do for a packet: its commitment is gone from the source."""
        self.outgoing.pop(sequence, None)
        self.answers.pop(sequence, None)
        self.received.discard(sequence)
        self.settled.add(sequence)

    def _learn(self, event: PacketEvent, height: Height, backlog: bool) -> None:
        sequence = event.sequence
        match event:
            case PacketSent():
                self.outgoing.setdefault(sequence, Outgoing(packet_of(event), height, event.lane, backlog))
            case PacketReceived():
                self.received.add(sequence)
            case AcknowledgementWritten(acknowledgement=acknowledgement):
                self.received.add(sequence)
                self.answers.setdefault(sequence, Answer(acknowledgement, height))
            case PacketAcknowledged() | PacketTimedOut():
                self.settle(sequence)
            case _:
                assert_never(event)


def packet_of(event: PacketSent) -> Packet:
    """The packet that was sent."""
    payload = Payload(
        PortId(event.source_port), PortId(event.destination_port), event.version, event.encoding, event.value
    )
    return Packet(
        event.sequence, ClientId(event.source_client), ClientId(event.destination_client), event.timeout, payload
    )
