"""Packets of an EVM chain and of a ledger, proven to a hub and committed, on one core.

What is timed is all that a node does between the bytes of a transaction and its durable block: protobuf decoded,
signature and nonce checked, header signatures recovered, proofs verified, receipts and acknowledgements written,
events, batch, tree and block made, everything written and synced. Batches of 50 packets, each with a header that 4 of
5 attestors signed and storage proofs, or with a checkpoint that 4 of 5 validators signed, of a block whose own batch
they are; five batches a block, since a block lets out at most 256 acknowledgements a counterparty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from typing import Self

from hub import messages as m
from hub.ibc.identifiers import PortId
from hub.ibc.lanes import LaneRecord, encode_records
from hub.ibc.packet import Packet
from hub.messages import AnyMessage
from hub.quantities import Sequence as Number
from hub.quantities import UnixSeconds
from hub.state.context import Context
from tests.bench.attested import AttestedChain, Storage
from tests.bench.checkpointed import CheckpointedChain
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
ROUNDS = 3
"""Of all kinds in turns: the speed of a shared machine changes by the second, and one beside another is what counts."""
VALUE_BYTES = 100


@dataclass(frozen=True, slots=True)
class Run:
    """What came of receiving."""

    packets: int
    took: Took
    resident_mb: float

    def __add__(self, other: Self) -> "Run":
        return Run(self.packets + other.packets, self.took + other.took, max(self.resident_mb, other.resident_mb))

    def rate(self) -> Measured:
        """Packets a second."""
        note = f"{self.took.cpu / self.packets * 1e6:,.0f} us of CPU a packet"
        return Measured(self.packets / self.took.total, self.packets, note)


def run(screen: Screen, states: States) -> dict[str, Measured]:
    """Every figure of the group."""
    evm, ledger = states.folder / "evm-packets", states.folder / "ledger-packets"
    with screen.step("hub.recv: proving packets in a storage trie"):
        in_own_process(write_evm_load, evm)
    with screen.step("hub.recv: proving packets in batches"):
        in_own_process(write_ledger_load, ledger)
    runs: dict[str, Run] = {}
    kinds = {"10k": (evm, "10k"), "1m": (evm, "1m"), "ledger, 1m": (ledger, "1m")}
    paths = {size: states.of(SIZES[size], screen) for size in ("10k", "1m")}
    for turn in range(1, ROUNDS + 1):
        for name, (load, size) in kinds.items():
            with screen.step(f"hub.recv: receiving at {name} keys, {turn} of {ROUNDS}"):
                one = in_own_process(receive, paths[size], load)
            runs[name] = runs[name] + one if name in runs else one
    screen.took("us a packet", {name: (one.packets, one.took) for name, one in runs.items()})
    return {
        "hub.recv.packets_per_s.10k": runs["10k"].rate(),
        "hub.recv.packets_per_s.1m": runs["1m"].rate(),
        "hub.recv.ledger.packets_per_s": runs["ledger, 1m"].rate(),
        "hub.rss_mb": Measured(runs["1m"].resident_mb, 1),
    }


def write_evm_load(folder: Path) -> None:
    """The blocks' transactions, signed, a file a block: a header of its own and storage proofs for each batch."""
    chain, records = AttestedChain(0, GENESIS.hash(), PORT, "1", "bytes"), _records()
    storage = Storage(chain.packets(record for block in records for batch in block for record in batch))

    def deliveries() -> Iterator[list[AnyMessage]]:
        for block in records:
            yield [
                m.ReceivePackets(
                    chain.here,
                    encode_records(batch),
                    chain.proof(storage, START, chain.packet_slots(record.sequence for record in batch)),
                )
                for batch in block
            ]

    _write_load(folder, chain.joining(), deliveries())


def write_ledger_load(folder: Path) -> None:
    """The same of a chain of our own: a checkpoint of its own and the block's batch for each batch."""
    chain = CheckpointedChain(GENESIS.hash(), PORT, "1", "bytes")

    def deliveries() -> Iterator[list[AnyMessage]]:
        for block in _records():
            yield [m.ReceivePackets(chain.here, encode_records(batch), chain.proof(batch, START)) for batch in block]

    _write_load(folder, chain.joining(), deliveries())


def _records() -> list[list[list[LaneRecord]]]:
    """Packets by block and batch."""
    numbers = count(1)
    return [
        [
            [LaneRecord(1, Number(n), UnixSeconds(START + 3600), _value(n)) for n in islice(numbers, BATCH)]
            for _ in range(BATCHES_A_BLOCK)
        ]
        for _ in range(WARMING + COUNTED)
    ]


def _write_load(folder: Path, joining: list[AnyMessage], deliveries: Iterator[list[AnyMessage]]) -> None:
    folder.mkdir()
    write_block(folder, 0, [sign(OPERATOR, 0, *joining, of=GENESIS)])
    nonces = count()
    for number, messages in enumerate(deliveries, 1):
        write_block(folder, number, [sign(SOMEONE, next(nonces), message, of=GENESIS) for message in messages])


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
