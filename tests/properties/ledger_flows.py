"""What can be known of packets between chains: which are on their way, and what has become of each."""

from collections import Counter
from collections.abc import Iterable

from hub.events import (
    AcknowledgementWritten,
    Event,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketStep,
    PacketTimedOut,
)


class Flow:
    """The packets from one client to its counterparty, as both chains have made them known. Each thing happens once."""

    def __init__(self) -> None:
        self.sent: dict[int, PacketSent] = {}
        self.received: set[int] = set()
        self.answers: dict[int, bytes] = {}
        self.acknowledged: set[int] = set()
        self.timed_out: set[int] = set()

    def note(self, event: PacketStep) -> None:
        """Fails where a packet is sent, received, answered or ended twice, or received and timed out."""
        number = int(event.sequence)
        match event:
            case PacketSent():
                assert number not in self.sent
                self.sent[number] = event
            case PacketReceived():
                assert number in self.sent
                assert number not in self.received
                self.received.add(number)
            case AcknowledgementWritten():
                assert number in self.received
                assert number not in self.answers
                self.answers[number] = event.acknowledgement
            case PacketAcknowledged():
                assert number in self.answers
                assert number not in self.acknowledged
                self.acknowledged.add(number)
            case PacketTimedOut():
                assert number not in self.timed_out
                self.timed_out.add(number)
        assert not self.timed_out & (self.received | self.acknowledged)

    @property
    def ended(self) -> set[int]:
        return self.acknowledged | self.timed_out

    def undelivered(self, now: int) -> list[PacketSent]:
        """What may still be received, by the other side's time."""
        return [s for n, s in self.sent.items() if n not in self.received | self.ended and s.timeout > now]

    def late(self, now: int) -> list[PacketSent]:
        """What can be received no more, and whose sender has not been told."""
        return [s for n, s in self.sent.items() if n not in self.received | self.ended and s.timeout <= now]

    def unlearned(self) -> list[PacketSent]:
        """What was answered, and whose sender has not been told."""
        return [s for n, s in self.sent.items() if n in self.answers and n not in self.ended]

    def open(self) -> list[PacketSent]:
        """What its sender waits for."""
        return [s for n, s in self.sent.items() if n not in self.ended]

    def answers_to(self, sent: Iterable[PacketSent]) -> list[bytes]:
        return [self.answers[one.sequence] for one in sent]


class Flows:
    """All of them, by the two clients."""

    def __init__(self) -> None:
        self._flows: dict[tuple[str, str], Flow] = {}
        self._seen: Counter[str] = Counter()

    def between(self, source_client: str, destination_client: str) -> Flow:
        return self._flows.setdefault((source_client, destination_client), Flow())

    def note(self, chain: str, events: list[Event]) -> list[Event]:
        """Take in what a chain has made known since it was asked last; that part of its events."""
        new = events[self._seen[chain] :]
        self._seen[chain] = len(events)
        for event in new:
            if isinstance(event, PacketStep):
                self.between(event.source_client, event.destination_client).note(event)
        return new
