"""Packets as the console folds them from the hub's events."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from console import output
from console.commands.packet import life_rows, name_of, show_life
from console.output import Output
from console.packets import PacketBook, PacketName
from console.trace import Life, LifeStep, describe, packets_of
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


def test_a_life_is_a_table_on_80_columns_with_its_transactions_whole_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = StringIO()
    monkeypatch.setattr(output, "_stdout", Console(width=80, file=shown, highlight=False))
    first, second = b"\x01" * 32, b"\x02" * 32
    evening = UnixSeconds(1795651199)  # 2026-11-25 23:59:59
    steps = (
        LifeStep(evening, "a", Height(31), 0, first, "attested-0/in/1", "packet sent"),
        LifeStep(UnixSeconds(evening + 2), "hub", Height(16), 0, second, "attested-0/in/1", "packet received"),
        LifeStep(UnixSeconds(evening + 2), "hub", Height(16), 1, second, "", "call of quote-b accepted"),
    )
    show_life(Output(False), life_rows(Life((), None, steps)))
    title, heads, *lines = [line.rstrip() for line in shown.getvalue().splitlines() if line.strip()]
    assert (title, heads.split()) == ("2026-11-25 (UTC)", ["time", "seconds", "place", "height", "packet", "what"])
    assert lines[0].split() == ["23:59:59", "0", "a", "31", "attested-0/in/1", "packet", "sent"]
    assert lines[1].split()[:2] == ["2026-11-26", "2"]  # its time is below it
    assert lines[-2:] == [f"a 31    0x{first.hex()}", f"hub 16  0x{second.hex()}"]
