"""The live table: what it says of chains, packets and latencies."""

from console.chains import ChainFile
from console.devnet.table import Watching, chain_row
from hub.answers import BlockEvents, EventRecord
from hub.events import AnyEvent, PacketReceived, PacketSent, ServiceCalled, ServiceResulted
from hub.ibc.identifiers import ClientId
from hub.quantities import Amount, Height, Sequence, UnixSeconds

CHAIN = ChainFile(
    name="a",
    chain_id=31337,
    endpoints=("http://127.0.0.1:8545",),
    finality="safe",
    client_at_hub="attested-0",
    client_of_hub="quorum-0",
    router="0x" + "11" * 20,
    quorum_client="0x" + "22" * 20,
    gateway="0x" + "33" * 20,
    first_height=5,
)


def _block(height: int, time: int, *events: AnyEvent) -> BlockEvents:
    records = tuple(EventRecord(Height(height), index, b"", event) for index, event in enumerate(events))
    return BlockEvents(Height(height), UnixSeconds(time), records)


def _called(name: bytes) -> ServiceCalled:
    return ServiceCalled(
        name,
        "quote",
        ClientId("attested-0"),
        b"x",
        Sequence(1),
        ClientId("attested-1"),
        b"y",
        Amount(5),
        UnixSeconds(99),
        1,
        b"",
    )


def test_latencies_are_from_the_call_to_its_result() -> None:
    watching = Watching()
    watching.add(_block(1, 100, _called(b"1"), _called(b"2")))
    watching.add(_block(2, 103, ServiceResulted(b"1", 200, b"", "")))
    watching.add(_block(3, 109, ServiceResulted(b"2", 504, b"", "")))
    assert list(watching.latencies) == [3, 9]
    assert watching.results == {200: 1, 504: 1}
    assert watching.calls == {}


def test_a_chain_shows_what_is_on_its_way() -> None:
    watching = Watching()
    sent = PacketSent(
        ClientId("attested-0"),
        ClientId("quorum-0"),
        Sequence(4),
        UnixSeconds(9),
        "service",
        "service",
        "service-1",
        "x",
        b"v",
        1,
    )
    watching.add(_block(1, 100, sent, PacketReceived(ClientId("quorum-0"), ClientId("attested-0"), Sequence(7))))
    row = chain_row(CHAIN, 17, None, watching.packets)
    assert (row["height"], row["to hub"], row["from hub"]) == (17, 1, 1)
    assert chain_row(CHAIN, None, None, watching.packets)["height"] == "silent"
