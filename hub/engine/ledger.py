"""The chain of one node: blocks made by the state machine, kept by the store, and read by anyone.

One thread makes blocks; all else reads, from any thread, what is committed. Nothing here waits or knows asyncio.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog

from hub.block import BlockHeader, TransactionResult
from hub.engine.errors import ExecutionFault, ReplayDiffers
from hub.engine.ics23 import encode_commitment_proof
from hub.engine.recent import RecentBlocks
from hub.engine.records import BlockRecord, DecodeEvent, DecodeTransaction, PlacedEvent, RecordDecoder, encode_record
from hub.engine.store import Store
from hub.engine.view import View
from hub.errors import HubError, NodeFault
from hub.events import packet_key
from hub.machine import Machine
from hub.quantities import Hash, Height, Sequence, UnixSeconds
from hub.state.branch import Remembered
from hub.transaction import SignedTransaction
from hub.validators import validators

log = structlog.get_logger("ledger")


@dataclass(frozen=True, slots=True)
class Head:
    """The latest committed block."""

    height: Height
    time: UnixSeconds
    hash: Hash
    app_root: Hash

    @classmethod
    def of(cls, header: BlockHeader) -> "Head":
        return cls(header.height, header.time, header.hash(), header.app_root)


@dataclass(frozen=True, slots=True)
class ChainKind:
    """A kind of chain as an engine takes it: its state machine, and how its transactions and events are read.

    The machine is given only what this very chain's ``decode_transaction`` made.
    """

    machine: Machine[Any]
    decode_transaction: DecodeTransaction
    decode_event: DecodeEvent


@dataclass(frozen=True, slots=True)
class MadeBlock:
    """A block that was committed just now. ``left_out``: what may not stand in it, and why."""

    head: Head
    record: BlockRecord
    left_out: tuple[tuple[SignedTransaction, HubError], ...]


class Ledger:
    """What has happened. ``head`` and ``state`` move together, once a block, after its durable commit."""

    def __init__(self, kind: ChainKind, store: Store) -> None:
        """Begins the chain where the store is empty."""
        self.machine = kind.machine
        self._kind = kind
        self._store = store
        self._record = RecentBlocks(store.block, RecordDecoder(kind.decode_event))
        if store.height is None:
            self._begin()
        head, view = self._at(self.record(store.height or Height(0)))
        self._latest = head, view, Remembered(view)

    @property
    def head(self) -> Head:
        return self._latest[0]

    @property
    def state(self) -> View:
        """The state after the latest block. Take it once for all that must agree."""
        return self._latest[1]

    @property
    def remembered(self) -> Remembered:
        """``state`` for what admission and the next block read alike: accounts, certificates, clients."""
        return self._latest[2]

    @property
    def oldest_height(self) -> Height:
        """The oldest height whose state can still be read and proven."""
        return self._store.oldest

    # --- reading ---

    def record(self, height: Height) -> BlockRecord:
        """A block; raises BlockNotFound."""
        return self._record(height)

    def inclusion(self, transaction_hash: Hash) -> tuple[Height, UnixSeconds, int, TransactionResult] | None:
        """Where a transaction stands and what came of it, if it stands anywhere."""
        place = self._store.transaction(transaction_hash)
        if place is None:
            return None
        height, index = place
        record = self.record(height)
        return height, record.header.time, index, record.results[index]

    def packet_steps(self, source_client: str, destination_client: str, sequence: Sequence) -> tuple[PlacedEvent, ...]:
        """All events of one packet, in order."""
        return self.events_under(packet_key(source_client, destination_client, sequence))

    def events_under(self, index_key: bytes) -> tuple[PlacedEvent, ...]:
        """All events under one key (``Event.index_key``), in order."""
        return tuple(self.event(height, index) for height, index in self._store.events(index_key))

    def event_places(
        self, index_key: bytes, start: tuple[Height, int] = (Height(0), 0)
    ) -> Iterator[tuple[Height, int]]:
        """Where the events under one key (``Event.index_key``) are, from ``start`` on, in order."""
        return self._store.events(index_key, start)

    def event(self, height: Height, index: int) -> PlacedEvent:
        """The block's event at this place; raises BlockNotFound, LookupError."""
        for event in self.record(height).events():
            if event.index == index:
                return event
        raise LookupError(f"the index names event {index} of block {height}, which has none")

    def prove(self, height: Height, paths: list[bytes]) -> tuple[Hash, list[tuple[bytes | None, bytes]]]:
        """The app root at a height, and what stands at each path with its direct proof.

        Raises BlockNotFound, HeightNotRetained.
        """
        view = self._store.view(height)
        proven = [(view.get(path), view.prove(path).encode()) for path in paths]
        return view.app_root, proven

    def prove_ics23(self, height: Height, paths: list[bytes]) -> tuple[Hash, list[tuple[bytes | None, bytes]]]:
        """As ``prove``, with ICS-23 proofs in their protobuf encoding."""
        view = self._store.view(height)
        proven = [(view.get(path), encode_commitment_proof(view.prove_ics23(path))) for path in paths]
        return view.app_root, proven

    def check(self, signed: SignedTransaction, now: UnixSeconds) -> None:
        """Whether a transaction may wait for a block; raises AccountError, ProofError."""
        self.machine.check(self.remembered, signed, now)

    def simulate(self, signed: SignedTransaction, now: UnixSeconds) -> TransactionResult:
        """What would come of it in the next block."""
        head, state, _ = self._latest
        return self.machine.simulate(state, signed, now, head.hash)

    def next_due(self) -> UnixSeconds | None:
        """When a block must be made even without transactions; 0: at once."""
        return self.machine.next_due(self.state)

    # --- writing ---

    def make_block(self, transactions: list[SignedTransaction], time: UnixSeconds) -> MadeBlock:
        """Execute and commit the next block; it is durable when this returns."""
        head, _, state = self._latest
        signers = validators(state)
        block = self.machine.begin(state, Height(head.height + 1), time, head.hash)
        left_out: list[tuple[SignedTransaction, HubError]] = []
        for signed in transactions:
            try:
                block.apply(signed)
            except HubError as error:
                left_out.append((signed, error))
            except NodeFault as fault:
                log.error("a transaction cannot be executed here", transaction=signed.hash.hex(), detail=str(fault))
                left_out.append((signed, fault.told))
            except Exception as error:
                log.exception("a transaction failed to execute", transaction=signed.hash.hex())
                left_out.append((signed, ExecutionFault(type(error).__name__)))
        outcome = block.finish()
        prepared = self._store.prepare(outcome.changes, state.values)
        record = BlockRecord.of(self.machine.header(outcome, prepared.app_root), outcome, signers)
        self._store.commit(
            prepared,
            height=record.header.height,
            block=encode_record(record),
            tx_index=[(result.hash, index) for index, result in enumerate(record.results)],
            event_keys=record.index(),
        )
        head, view = self._at(record)
        self._latest = head, view, state.after(outcome.changes, view)
        return MadeBlock(head, record, tuple(left_out))

    def _begin(self) -> None:
        prepared = self._store.prepare(self.machine.genesis_changes())
        header = self.machine.genesis_header(prepared.app_root)
        record = BlockRecord(header, (), (), (), (), self.machine.genesis_validators)
        self._store.commit(prepared, height=Height(0), block=encode_record(record))

    def _at(self, record: BlockRecord) -> tuple[Head, View]:
        head = Head.of(record.header)
        return head, self._store.view(head.height)

    # --- replay ---

    def replay(self, into: Store, last: Height | None = None) -> Iterator[Height]:
        """Execute all blocks from the genesis again, into an empty store, comparing every root and every event.

        Gives each height as it is done. Raises ReplayDiffers.
        """
        again = Ledger(self._kind, into)
        self._compare(again.record(Height(0)))
        yield Height(0)
        for height in range(1, (self.head.height if last is None else last) + 1):
            stored = self.record(Height(height))
            transactions = [self._kind.decode_transaction(body, signature) for body, signature in stored.transactions]
            made = again.make_block(transactions, stored.header.time)
            self._compare(made.record)
            yield Height(height)

    def _compare(self, again: BlockRecord) -> None:
        stored = self.record(again.header.height)
        for name in BlockHeader.__struct_fields__:
            if getattr(stored.header, name) != getattr(again.header, name):
                raise ReplayDiffers(again.header.height, name)
        for name in BlockRecord.__struct_fields__:
            if getattr(stored, name) != getattr(again, name):
                raise ReplayDiffers(again.header.height, name)

    def verify_last(self, blocks: int) -> None:
        """Check that the latest blocks hang together and that their stored contents give their roots.

        Raises ReplayDiffers. Executes nothing: that is what ``replay`` is for.
        """
        first = max(0, self.head.height - blocks + 1)
        for height in range(self.head.height, first - 1, -1):
            record = self.record(Height(height))
            for name, computed in record.roots().items():
                if getattr(record.header, name) != computed:
                    raise ReplayDiffers(height, name)
            if height and record.header.parent_hash != self.record(Height(height - 1)).header.hash():
                raise ReplayDiffers(height, "parent_hash")
        if self.state.app_root != self.head.app_root:
            raise ReplayDiffers(self.head.height, "app_root")
