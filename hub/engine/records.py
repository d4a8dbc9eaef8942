"""A block as a node keeps it: all that it takes to execute it again, and all that anyone may ask of it afterwards."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

import msgspec

from hub.block import (
    Batch,
    BlockHeader,
    BlockOutcome,
    ResultCode,
    TransactionResult,
    event_root,
    result_root,
    transaction_root,
)
from hub.events import Event
from hub.ibc.identifiers import ClientId
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.proofs.quorum import SignerSet
from hub.quantities import Hash, Height
from hub.transaction import SignedTransaction

DecodeTransaction = Callable[[bytes, bytes], SignedTransaction]
"""Body and signature as they were sent to the transaction; raises HubError. Given in: an engine knows no protobuf."""

DecodeEvent = Callable[[bytes | msgspec.Raw], Event]
"""What ``encode_event`` wrote to the event. Given in: each kind of chain has events of its own."""


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """An event and where it happened: ``index`` is its place among the block's events, from 0.

    ``transaction_hash`` is empty for what fell due at the block's end.
    """

    height: Height
    index: int
    transaction_hash: bytes
    event: Event


class StoredBatch(msgspec.Struct, frozen=True, array_like=True):
    """What the block shows one counterparty."""

    client: ClientId
    root: Hash
    entries: tuple[tuple[bytes, Hash], ...]


class BlockRecord(msgspec.Struct, frozen=True, array_like=True):
    """``transactions``: body and signature of each, as they were sent. ``validators``: the set that signs the block."""

    header: BlockHeader
    transactions: tuple[tuple[bytes, bytes], ...]
    results: tuple[TransactionResult, ...]
    end_events: tuple[Event, ...]
    batches: tuple[StoredBatch, ...]
    validators: SignerSet

    @classmethod
    def of(cls, header: BlockHeader, outcome: BlockOutcome, validators: SignerSet) -> "BlockRecord":
        return cls(
            header,
            tuple((signed.body, signed.signature) for signed in outcome.transactions),
            outcome.results,
            outcome.end_events,
            tuple(StoredBatch(batch.client, batch.root, batch.entries) for batch in outcome.batches),
            validators,
        )

    def events_of(self, transaction: int) -> tuple[PlacedEvent, ...]:
        """The events of the transaction at this index."""
        first = sum(len(result.events) for result in self.results[:transaction])
        result = self.results[transaction]
        return tuple(
            PlacedEvent(self.header.height, index, result.hash, event)
            for index, event in enumerate(result.events, first)
        )

    def events(self) -> Iterator[PlacedEvent]:
        """All events, each with its place and its transaction."""
        index = 0
        for result in self.results:
            for event in result.events:
                yield PlacedEvent(self.header.height, index, result.hash, event)
                index += 1
        for event in self.end_events:
            yield PlacedEvent(self.header.height, index, b"", event)
            index += 1

    def bare_events(self) -> Iterator[Event]:
        """All events in their order, without their places."""
        return chain(chain.from_iterable(result.events for result in self.results), self.end_events)

    def index(self) -> Iterator[tuple[bytes, int]]:
        """Under which keys which of the block's events are to be found."""
        for index, event in enumerate(self.bare_events()):
            if (key := event.index_key()) is not None:
                yield key, index

    def roots(self) -> dict[str, Hash]:
        """The header's roots, from the block's contents."""
        return {
            "tx_root": transaction_root(
                [Hash(sha256(body + signature).digest()) for body, signature in self.transactions]
            ),
            "result_root": result_root(self.results),
            "event_root": event_root(tuple(self.bare_events())),
            "validator_set_hash": self.validators.hash(),
        }

    def batch(self, client: ClientId) -> Batch:
        """What the block shows this counterparty, perhaps nothing."""
        for batch in self.batches:
            if batch.client == client:
                return Batch(client, batch.entries, batch.root)
        return Batch(client, (), EMPTY_BATCH_ROOT)


encode_record = msgspec.msgpack.Encoder().encode


class RecordDecoder:
    """Reads what ``encode_record`` wrote, given how this chain's events are read."""

    def __init__(self, decode_event: DecodeEvent) -> None:
        self._event = decode_event

    def __call__(self, data: bytes) -> BlockRecord:
        stored = _decode_stored(data)
        return BlockRecord(
            stored.header,
            stored.transactions,
            tuple(
                TransactionResult(
                    one.hash, one.code, one.message, one.reason, one.text, one.values, self._all(one.events)
                )
                for one in stored.results
            ),
            self._all(stored.end_events),
            stored.batches,
            stored.validators,
        )

    def _all(self, events: tuple[msgspec.Raw, ...]) -> tuple[Event, ...]:
        return tuple(map(self._event, events))


class _StoredResult(msgspec.Struct, array_like=True):
    """``TransactionResult``, its events not read yet: which there are is known to the chain alone."""

    hash: Hash
    code: ResultCode
    message: int
    reason: str
    text: str
    values: tuple[tuple[str, str], ...]
    events: tuple[msgspec.Raw, ...]


class _StoredRecord(msgspec.Struct, array_like=True):
    header: BlockHeader
    transactions: tuple[tuple[bytes, bytes], ...]
    results: tuple[_StoredResult, ...]
    end_events: tuple[msgspec.Raw, ...]
    batches: tuple[StoredBatch, ...]
    validators: SignerSet


_decode_stored = msgspec.msgpack.Decoder(_StoredRecord).decode
