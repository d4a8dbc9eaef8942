"""Blocks of a chain of our own: the header, what came of the transactions, and what the counterparties are to learn."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

import msgspec

from hub.events import Event, encode_event
from hub.ibc.identifiers import ClientId
from hub.proofs.errors import MalformedHeader, UnknownHeaderVersion
from hub.proofs.merkle import batch_root, record_root
from hub.quantities import Epoch, Hash, Height, UnixSeconds
from hub.transaction import SignedTransaction

HEADER_VERSION = 1
GENESIS_PARENT = Hash(bytes(32))
_HEADER_BYTES = 2 + 32 + 8 + 8 + 7 * 32


class BlockHeader(msgspec.Struct, frozen=True, array_like=True):
    """A block in 274 bytes (docs/protocol.md, section 7). Height 0 is the genesis, with no transactions."""

    version: int
    genesis_hash: Hash
    height: Height
    time: UnixSeconds
    parent_hash: Hash
    tx_root: Hash
    result_root: Hash
    event_root: Hash
    app_root: Hash
    validator_set_hash: Hash
    next_validator_set_hash: Hash

    def encode(self) -> bytes:
        return b"".join(
            (
                self.version.to_bytes(2, "big"),
                self.genesis_hash,
                self.height.to_bytes(8, "big"),
                self.time.to_bytes(8, "big"),
                self.parent_hash,
                self.tx_root,
                self.result_root,
                self.event_root,
                self.app_root,
                self.validator_set_hash,
                self.next_validator_set_hash,
            )
        )

    @staticmethod
    def decode(data: bytes) -> "BlockHeader":
        """The header in ``data``; raises UnknownHeaderVersion, and MalformedHeader for another size.

        The version is read first: a header of another one may have another size.
        """
        version = int.from_bytes(data[:2], "big")
        if len(data) >= 2 and version != HEADER_VERSION:
            raise UnknownHeaderVersion(version, HEADER_VERSION)
        if len(data) != _HEADER_BYTES:
            raise MalformedHeader("its encoding", f"has {_HEADER_BYTES} bytes")
        hashes = [Hash(data[at : at + 32]) for at in range(50, _HEADER_BYTES, 32)]
        height, time = int.from_bytes(data[34:42], "big"), int.from_bytes(data[42:50], "big")
        return BlockHeader(HEADER_VERSION, Hash(data[2:34]), Height(height), UnixSeconds(time), *hashes)

    def hash(self) -> Hash:
        return Hash(sha256(self.encode()).digest())


class ResultCode(IntEnum):
    """What came of a transaction in a block."""

    OK = 0
    NO_OP = 1
    """All of it had been done before; nothing changed but the nonce."""
    REFUSED = 2
    """A rule was broken; nothing changed but the nonce."""


class TransactionResult(msgspec.Struct, frozen=True, array_like=True):
    """What came of a transaction. ``message``: the index of the refused message, 0 where none was.

    ``reason``, ``text`` and ``values`` are those of the HubError, empty for OK and NO_OP; what is long is cut
    (hub/machine.py). Events stand under the event root, not in the result's encoding.
    """

    hash: Hash
    code: ResultCode
    message: int = 0
    reason: str = ""
    text: str = ""
    values: tuple[tuple[str, str], ...] = ()
    events: tuple[Event, ...] = ()

    def encode(self) -> bytes:
        """Canonical: msgpack of ``[hash, code, message, reason, text, [[name, value], ...]]``."""
        return _encode((self.hash, int(self.code), self.message, self.reason, self.text, self.values))


@dataclass(frozen=True, slots=True)
class Batch:
    """What a block shows the counterparty of ``client``: at most 256 (path, commitment), in order, and their root."""

    client: ClientId
    entries: tuple[tuple[bytes, Hash], ...]
    root: Hash


@dataclass(frozen=True, slots=True)
class BlockOutcome:
    """An executed block that waits for its app root. ``end_events``: what fell due, after all transactions' events.

    ``batches``: one for each client that has entries, in order of the clients' identifiers; any other batch is empty.
    """

    height: Height
    time: UnixSeconds
    parent_hash: Hash
    changes: Mapping[bytes, bytes | None]
    transactions: tuple[SignedTransaction, ...]
    results: tuple[TransactionResult, ...]
    end_events: tuple[Event, ...]
    batches: tuple[Batch, ...]
    epoch: Epoch
    """Of the set that signs this block."""
    validator_set_hash: Hash
    next_validator_set_hash: Hash

    @property
    def events(self) -> tuple[Event, ...]:
        """All of the block's events in order."""
        return (*(event for result in self.results for event in result.events), *self.end_events)


def batch(client: ClientId, entries: tuple[tuple[bytes, Hash], ...]) -> Batch:
    """The batch of these entries for one counterparty."""
    return Batch(client, entries, batch_root(entries))


def transaction_root(hashes: list[Hash]) -> Hash:
    """The root over transaction hashes, each ``H(body ‖ signature)``."""
    return record_root(hashes)


def result_root(results: tuple[TransactionResult, ...]) -> Hash:
    return record_root([Hash(sha256(result.encode()).digest()) for result in results])


def event_root(events: tuple[Event, ...]) -> Hash:
    return record_root([Hash(sha256(encode_event(event)).digest()) for event in events])


_encode = msgspec.msgpack.Encoder().encode
