"""Packets as the console folds them from the hub's events."""

from typing import Any

from console.commands.packet import name_of
from console.packets import PacketBook, PacketName
from console.trace import describe, packets_of
from hub.answers import BlockEvents, EventRecord
from hub.events import (
    AcknowledgementWritten,
    AnyEvent,
    EscrowSettled,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
    ServiceResulted,
)
from hub.quantities import Address, Amount, Height, Sequence, UnixSeconds

IN = ("quorum-0", "attested-0", Sequence(3))
OUT = ("attested-1", "quorum-0", Sequence(7))


def _block(height: int, *events: AnyEvent) -> BlockEvents:
    records = tuple(EventRecord(Height(height), index, b"", event) for index, event in enumerate(events))
    return BlockEvents(Height(height), UnixSeconds(1000 + 2 * height), records)


def _sent(ends: tuple[str, str, Sequence]) -> PacketSent:
    return PacketSent(*ends, UnixSeconds(9999), "service", "service", "service-1", "x", b"v", 1)


def test_a_packet_is_in_flight_until_the_hub_needs_nothing_more_of_it() -> None:
    book = PacketBook()
    book.add(_block(1, PacketReceived(*IN), _sent(OUT)))
    assert {line.sequence for line in book.in_flight()} == {3, 7}
    book.add(_block(4, PacketAcknowledged(*OUT), AcknowledgementWritten(*IN, b"a")))
    assert book.in_flight() == []
    inward, outward = book.lines[False, *IN], book.lines[True, *OUT]
    assert (inward.state, outward.state) == ("answered", "acknowledged")
    assert (inward.began_height, inward.height, inward.seconds) == (1, 4, 6)


def test_a_timeout_ends_a_packet() -> None:
    book = PacketBook()
    book.add(_block(1, _sent(OUT)))
    book.add(_block(2, PacketTimedOut(*OUT)))
    assert book.lines[True, *OUT].state == "timed out"
    assert book.in_flight() == []


def test_a_packet_is_named_by_the_hubs_own_client() -> None:
    book = PacketBook()
    book.add(_block(1, PacketReceived(*IN), _sent(OUT)))
    assert [str(name_of(line)) for line in book.lines.values()] == ["attested-0/in/3", "attested-1/out/7"]


def test_a_packet_first_seen_at_its_end_has_its_direction() -> None:
    book = PacketBook()
    book.add(_block(1, PacketAcknowledged(*OUT), AcknowledgementWritten(*IN, b"a")))
    assert [line.outward for line in book.lines.values()] == [True, False]


def test_a_calls_packets_are_those_that_there_are() -> None:
    class Request:
        caller_client, call_sequence, client, request_sequence = "attested-0", Sequence(3), "attested-1", Sequence(7)

    request: Any = Request()
    assert packets_of(request) == [
        PacketName("attested-0", True, Sequence(3)),
        PacketName("attested-1", False, Sequence(7)),
    ]
    request.caller_client = ""
    assert [str(packet) for packet in packets_of(request)] == ["attested-1/out/7"]
    request.client = ""
    assert packets_of(request) == []


def test_results_and_money_are_told_in_words() -> None:
    assert describe(ServiceResulted(b"", 504, b"", "no answer in time")) == "result 504: no answer in time"
    settled = EscrowSettled(b"", Address(bytes(20)), Amount(5), True)
    assert describe(settled) == "5 paid to the provider"
