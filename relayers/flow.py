"""What is known of the packets that go one way between two chains: a fold over events, in whatever order they are
learned.

Nothing here is kept on a disk. A relayer that starts again learns it from the chains; learning an event twice, or a
later one before an earlier one (the backlog is read behind the live traffic), changes nothing.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from adapters.chain import PacketEvent
from hub.events import AcknowledgementWritten, PacketAcknowledged, PacketReceived, PacketSent, PacketTimedOut
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.quantities import Height, Sequence
from hub.services.application import PORT
from hub.services.errors import ServiceError
from hub.services.payload import Call, Request


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
    application_gas: int = 0
    """What it asks for the code of its application on the chain."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement that was written at the destination."""

    acknowledgement: bytes
    height: Height
    """Of the destination's block that committed it."""


class SequenceSet:
    """Numbers that mostly rise without gaps, kept as the runs that they form."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, numbers: Iterable[Sequence] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for number in numbers:
            self.add(number)

    @property
    def runs(self) -> int:
        """How many there are, which is what it takes to keep them."""
        return len(self._firsts)

    def add(self, number: Sequence) -> None:
        place = bisect_right(self._firsts, number)
        if place and number <= self._lasts[place - 1]:
            return
        follows = bool(place) and self._lasts[place - 1] == number - 1
        precedes = place < len(self._firsts) and self._firsts[place] == number + 1
        if follows and precedes:
            self._lasts[place - 1] = self._lasts.pop(place)
            del self._firsts[place]
        elif follows:
            self._lasts[place - 1] = number
        elif precedes:
            self._firsts[place] = number
        else:
            self._firsts.insert(place, number)
            self._lasts.insert(place, number)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        place = bisect_right(self._firsts, number)
        return bool(place) and number <= self._lasts[place - 1]


@dataclass(slots=True)
class Flow:
    """One way, from ``source`` (that chain's client) to ``destination`` (the other chain's client)."""

    source: ClientId
    destination: ClientId
    outgoing: dict[Sequence, Outgoing] = field(default_factory=dict)
    received: dict[Sequence, Height] = field(default_factory=dict)
    """Received at the destination, of those not settled: in which of its blocks."""
    answers: dict[Sequence, Answer] = field(default_factory=dict)
    settled: SequenceSet = field(default_factory=SequenceSet)
    """Acknowledged or timed out at the source: nothing is left to do."""
    payload: type[Call] | type[Request] | None = None
    """What packets on port ``service`` carry this way: the chain's calls, or the hub's requests."""
    highest: Sequence = Sequence(0)  # noqa: RUF009  # a number
    """Of the packets that are known to have been sent."""

    def learn(self, event: PacketEvent, height: Height, *, backlog: bool = False) -> bool:
        """Take in one event that became certain at ``height`` of the chain where it happened; whether it was one of
        this flow.
        """
        if (event.source_client, event.destination_client) != (self.source, self.destination):
            return False
        if isinstance(event, PacketSent):
            self.highest = max(self.highest, event.sequence)
        if event.sequence not in self.settled:
            self._learn(event, height, backlog)
        return True

    def settle(self, sequence: Sequence) -> None:
        """Nothing is left to do for a packet: its commitment is gone from the source."""
        self.outgoing.pop(sequence, None)
        self.answers.pop(sequence, None)
        self.received.pop(sequence, None)
        self.settled.add(sequence)

    def _learn(self, event: PacketEvent, height: Height, backlog: bool) -> None:
        sequence = event.sequence
        match event:
            case PacketSent():
                packet = packet_of(event)
                gas = self._application_gas(packet)
                self.outgoing.setdefault(sequence, Outgoing(packet, height, event.lane, backlog, gas))
            case PacketReceived():
                self.received.setdefault(sequence, height)
            case AcknowledgementWritten(acknowledgement=acknowledgement):
                self.received.setdefault(sequence, height)
                self.answers.setdefault(sequence, Answer(acknowledgement, height))
            case PacketAcknowledged() | PacketTimedOut():
                self.settle(sequence)
            case _:
                assert_never(event)

    def _application_gas(self, packet: Packet) -> int:
        """For the provider's code, or the consumer's callback; nothing is known of what cannot be read."""
        if self.payload is None or packet.payload.source_port != PORT:
            return 0
        try:
            return self.payload.decode(packet.payload.value).gas_limit
        except ServiceError:
            return 0


def packet_of(event: PacketSent) -> Packet:
    """The packet that was sent."""
    payload = Payload(
        PortId(event.source_port), PortId(event.destination_port), event.version, event.encoding, event.value
    )
    return Packet(
        event.sequence, ClientId(event.source_client), ClientId(event.destination_client), event.timeout, payload
    )
