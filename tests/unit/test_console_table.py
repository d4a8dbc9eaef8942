"""The live table: what it says of chains, packets and latencies."""

from console.chains import ChainFile, LedgerFile
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


def _sent(source: ClientId, destination: ClientId) -> PacketSent:
    route = ("service", "service", "service-1", "x")
    return PacketSent(source, destination, Sequence(4), UnixSeconds(9), *route, b"v", 1)


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
    watching.add(
        _block(
            1,
            100,
            _sent(ClientId("attested-0"), ClientId("quorum-0")),
            PacketReceived(ClientId("quorum-0"), ClientId("attested-0"), Sequence(7)),
        )
    )
    row = chain_row(CHAIN, 17, None, watching.packets)
    assert (row["height"], row["to hub"], row["from hub"]) == (17, 1, 1)
    assert chain_row(CHAIN, None, None, watching.packets)["height"] == "silent"


def test_a_ledger_that_shares_its_clients_name_has_its_own_packets_alone() -> None:
    ledger = LedgerFile("trade", "trade-1", "localhost:18600", "ca", "pem", "key", "quorum-0", "quorum-0")
    watching = Watching()
    here, a = ClientId("quorum-0"), ClientId("attested-0")
    watching.add(_block(1, 100, _sent(a, here), PacketReceived(here, a, Sequence(7)), _sent(here, here)))
    watching.add(_block(2, 101, PacketReceived(here, here, Sequence(4))))
    row = chain_row(ledger, 3, None, watching.packets)
    assert (row["id"], row["to hub"], row["from hub"]) == ("trade-1", 1, 1)
