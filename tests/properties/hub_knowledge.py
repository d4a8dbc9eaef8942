"""What can be known of a hub between two ledgers: which packets are where, and what has become of them."""

from collections import Counter
from typing import Any

from hub.events import (
    AcknowledgementWritten,
    EscrowSettled,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
    ServiceCalled,
    ServiceResulted,
)
from hub.services import requests
from tests.unit.hub_world import World


class Knowledge:
    """Worked out anew from what the chains have made known."""

    def know(self, world: World) -> None:
        """Begin with nothing but the world."""
        self.hub, self.a, self.b = world.hub, world.a, world.b
        self.b_answers: dict[int, bytes] = {}
        self.seen_events = 0
        self.counts: Counter[tuple[Any, ...]] = Counter()
        self.codes: dict[bytes, int] = {}

    def _take_note(self) -> None:
        """Of what has happened since the last time; each thing happens at most once."""
        for event in self.hub.events[self.seen_events :]:
            match event:
                case PacketReceived() | PacketAcknowledged() | PacketTimedOut() | AcknowledgementWritten():
                    self.counts[type(event), event.source_client, event.sequence] += 1
                case ServiceCalled() | ServiceResulted() | EscrowSettled():
                    self.counts[type(event), event.request_id] += 1
            if isinstance(event, ServiceResulted):
                self.codes[event.request_id] = event.code
        self.seen_events = len(self.hub.events)
        assert not [key for key, count in self.counts.items() if count > 1]

    def _packet_keys(self, kind: type[Any]) -> list[tuple[Any, ...]]:
        return [key for key in self.counts if key[0] is kind]

    def _received_from_a(self) -> set[int]:
        return {s for _, client, s in self._packet_keys(PacketReceived) if client == self.a.hub_client}

    def _undelivered(self) -> list[int]:
        done = self._received_from_a() | self.a.gateway.timeouts
        return [s for s, sent in self.a.sent.items() if s not in done and sent.timeout > self.hub.now]

    def _late_calls(self) -> list[int]:
        done = self._received_from_a() | self.a.gateway.timeouts
        return [s for s, sent in self.a.sent.items() if s not in done and sent.timeout <= self.hub.now]

    def _sent_to_b(self) -> list[PacketSent]:
        return [event for event in self.hub.events if isinstance(event, PacketSent)]

    def _ended_at_b(self) -> set[int]:
        kinds = (PacketAcknowledged, PacketTimedOut)
        return {s for kind in kinds for _, client, s in self._packet_keys(kind) if client == self.b.client}

    def _live_requests(self) -> list[PacketSent]:
        return [sent for sent in self._sent_to_b() if sent.sequence not in self._ended_at_b()]

    def _requests_on_their_way(self) -> list[PacketSent]:
        received = {packet.sequence for packet in self.b.gateway.received} | self.b_answers.keys()
        return [
            sent
            for sent in self._live_requests()
            if sent.sequence not in received and sent.timeout > max(self.b.time + 1, self.hub.now)
        ]

    def _late_requests(self) -> list[PacketSent]:
        received = {packet.sequence for packet in self.b.gateway.received} | self.b_answers.keys()
        return [s for s in self._live_requests() if s.sequence not in received and s.timeout <= self.hub.now]

    def _unshown_answers(self) -> list[PacketSent]:
        return [sent for sent in self._live_requests() if sent.sequence in self.b_answers]

    def _acknowledged_to_a(self) -> dict[int, bytes]:
        return {
            event.sequence: event.acknowledgement
            for event in self.hub.events
            if isinstance(event, AcknowledgementWritten) and event.destination_client == self.a.client
        }

    def _unlearned(self) -> list[int]:
        return [sequence for sequence in self._acknowledged_to_a() if sequence not in self.a.gateway.results]

    def _open_for_account(self) -> list[bytes]:
        return [r.request_id for r in requests.requests(self.hub.state) if r.is_open and not r.client]

    def _open_commitments(self) -> list[bytes]:
        return [
            key
            for state, client in ((self.hub.state, self.b.client), (self.a.state, self.a.hub_client))
            for key, _ in state.scan(client.encode() + b"\x01", client.encode() + b"\x02")
        ]
