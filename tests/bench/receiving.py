"""Packets of an EVM chain, proven to a hub and committed, on one core.

What is timed is all that a node does between the bytes of a transaction and its durable block: protobuf decoded,
signature and nonce checked, header signatures recovered, trie proofs verified, receipts and acknowledgements written,
events, batch, tree and block made, everything written and synced. Batches of 50 packets, each with a header of its own
that 4 of 5 attestors signed; five batches a block, since a block lets out at most 256 acknowledgements a counterparty.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hub import messages as m
from hub.ibc.identifiers import PortId
from hub.ibc.lanes import LaneRecord, encode_records
from hub.ibc.packet import Packet
from hub.messages import AnyMessage
from hub.quantities import Sequence as Number
from hub.quantities import UnixSeconds
from hub.state.context import Context
from tests.bench.attested import AttestedChain, Storage
from tests.bench.figures import Measured
from tests.bench.ledgers import Stopwatch, Took, read_block, relaying, write_block
from tests.bench.own_process import in_own_process, resident_mb
from tests.bench.showing import Screen
from tests.bench.states import GENESIS, SIZES, States, copied
from tests.unit.node_world import OPERATOR, SOMEONE, START, sign

PORT = PortId("null")
BATCH = 50
BATCHES_A_BLOCK = 5
WARMING, COUNTED = 10, 40
"""Blocks."""
VALUE_BYTES = 100


@dataclass(frozen=True, slots=True)
class Run:
    """What came of receiving."""

    packets: int
    took: Took
    resident_mb: float


def run(screen: Screen, states: States) -> dict[str, Measured]:
    """Every figure of the group."""
    figures: dict[str, Measured] = {}
    runs: dict[str, Run] = {}
    load = states.folder / "packets"
    with screen.step("hub.recv: proving packets in a storage trie"):
        in_own_process(write_load, load)
    for name, keys in SIZES.items():
        path = states.of(keys, screen)
        with screen.step(f"hub.recv: receiving at {keys:,} keys"):
            runs[name] = in_own_process(receive, path, load)
    for name, one in runs.items():
        note = f"{one.took.cpu / one.packets * 1e6:,.0f} us of CPU a packet"
        figures[f"hub.recv.packets_per_s.{name}"] = Measured(one.packets / one.took.total, one.packets, note)
    figures["hub.rss_mb"] = Measured(runs["1m"].resident_mb, 1)
    screen.took("us a packet", {name: (one.packets, one.took) for name, one in runs.items()})
    return figures


def write_load(folder: Path) -> None:
    """The blocks' transactions, signed, a file a block."""
    chain = AttestedChain(0, GENESIS.hash(), PORT, "1", "bytes")
    size = BATCH * BATCHES_A_BLOCK
    count = size * (WARMING + COUNTED)
    records = [LaneRecord(1, Number(n), UnixSeconds(START + 3600), _value(n)) for n in range(1, count + 1)]
    storage = Storage(chain.packets(records))
    folder.mkdir()
    write_block(folder, 0, [sign(OPERATOR, 0, *chain.joining(), of=GENESIS)])
    for block in range(WARMING + COUNTED):
        signed = []
        for part in range(BATCHES_A_BLOCK):
            nonce = block * BATCHES_A_BLOCK + part
            some = records[nonce * BATCH : (nonce + 1) * BATCH]
            proof = chain.proof(storage, START, chain.packet_slots(record.sequence for record in some))
            message: AnyMessage = m.ReceivePackets(chain.here, encode_records(some), proof)
            signed.append(sign(SOMEONE, nonce, message, of=GENESIS))
        write_block(folder, block + 1, signed)


def receive(state: Path, load: Path) -> Run:
    """All transactions of the load through a ledger over a copy of the state."""
    import hub.node  # noqa: F401, PLC0415  -- a node has all of it in memory

    with copied(state) as (ledger, store):
        relaying(ledger).ports.register(PORT, NullApplication())
        watch = Stopwatch(ledger, store)
        for block in range(WARMING + 1):
            watch.make_block(read_block(load, block))
        watch.forget()
        for block in range(WARMING + 1, WARMING + 1 + COUNTED):
            watch.make_block(read_block(load, block))
        return Run(COUNTED * BATCHES_A_BLOCK * BATCH, watch.took(), resident_mb())


class NullApplication:
    """Does nothing and answers at once."""

    def accepts(self, source_port: PortId) -> bool:
        return source_port == PORT

    def on_receive(self, ctx: Context, packet: Packet) -> bytes | None:
        return b"\x01"

    def on_acknowledge(self, ctx: Context, packet: Packet, acknowledgement: bytes) -> None: ...

    def on_timeout(self, ctx: Context, packet: Packet) -> None: ...


def _value(number: int) -> bytes:
    return b"".join(sha256(b"value %d %d" % (number, part)).digest() for part in range(4))[:VALUE_BYTES]
