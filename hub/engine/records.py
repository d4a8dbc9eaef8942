"""A block as a node keeps it: all that it takes to execute it again, and all that anyone may ask of it afterwards."""

from collections.abc import Callable, Iterator
from hashlib import sha256

import msgspec

from hub.answers import EventRecord
from hub.block import (
    Batch,
    BlockHeader,
    BlockOutcome,
    TransactionResult,
    event_root,
    result_root,
    transaction_root,
)
from hub.events import (
    AcknowledgementWritten,
    AnyEvent,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
)
from hub.ibc.identifiers import ClientId
from hub.messages import SignedTransaction
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.proofs.quorum import SignerSet
from hub.quantities import Hash

DecodeTransaction = Callable[[bytes, bytes], SignedTransaction]
"""Body and signature as they were sent to the transaction; raises HubError. Given in: an engine knows no protobuf."""


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
    end_events: tuple[AnyEvent, ...]
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

    def events_of(self, transaction: int) -> tuple[EventRecord, ...]:
        """The events of the transaction at this index."""
        first = sum(len(result.events) for result in self.results[:transaction])
        result = self.results[transaction]
        return tuple(
            EventRecord(self.header.height, index, result.hash, event)
            for index, event in enumerate(result.events, first)
        )

    def events(self) -> Iterator[EventRecord]:
        """All events, each with its place and its transaction."""
        index = 0
        for result in self.results:
            for event in result.events:
                yield EventRecord(self.header.height, index, result.hash, event)
                index += 1
        for event in self.end_events:
            yield EventRecord(self.header.height, index, b"", event)
            index += 1

    def index(self) -> Iterator[tuple[bytes, int]]:
        """Under which keys which of the block's events are to be found."""
        for record in self.events():
            match record.event:
                case (
                    PacketSent(source_client=source, destination_client=destination, sequence=sequence)
                    | PacketReceived(source_client=source, destination_client=destination, sequence=sequence)
                    | AcknowledgementWritten(source_client=source, destination_client=destination, sequence=sequence)
                    | PacketAcknowledged(source_client=source, destination_client=destination, sequence=sequence)
                    | PacketTimedOut(source_client=source, destination_client=destination, sequence=sequence)
                ):
                    yield packet_key(source, destination, sequence), record.index

    def roots(self) -> dict[str, Hash]:
        """The header's roots, from the block's contents."""
        return {
            "tx_root": transaction_root(
                [Hash(sha256(body + signature).digest()) for body, signature in self.transactions]
            ),
            "result_root": result_root(self.results),
            "event_root": event_root(tuple(record.event for record in self.events())),
            "validator_set_hash": self.validators.hash(),
        }

    def batch(self, client: ClientId) -> Batch:
        """What the block shows this counterparty, perhaps nothing."""
        for batch in self.batches:
            if batch.client == client:
                return Batch(client, batch.entries, batch.root)
        return Batch(client, (), EMPTY_BATCH_ROOT)


def packet_key(source_client: str, destination_client: str, sequence: int) -> bytes:
    """Where a packet's events are found; a client's name has no zero byte."""
    return b"\x00".join((source_client.encode(), destination_client.encode(), sequence.to_bytes(8, "big")))


encode_record = msgspec.msgpack.Encoder().encode
decode_record = msgspec.msgpack.Decoder(BlockRecord).decode
