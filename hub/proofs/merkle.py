"""Merkle trees over lists: the batch root and the root of a block's records (docs/protocol.md, sections 5 and 7).

Both are built level by level, an odd node promoted unchanged: that is RFC 6962's split at the largest power of two.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from hashlib import sha256

import msgspec

from hub.proofs.errors import (
    BatchIndexOutOfRange,
    BatchMismatch,
    EmptyBatch,
    InvalidBatch,
    MalformedBatchPath,
    RecordRootMismatch,
)
from hub.proofs.keccak import keccak256
from hub.quantities import Hash

MAX_BATCH_ENTRIES = 256

EMPTY_BATCH_ROOT = Hash(bytes(32))
"""What a header's checkpoint shows where a block has no entries for the counterparty; it proves nothing."""

EMPTY_RECORD_ROOT = Hash(sha256(b"").digest())
"""RFC 6962's root of an empty list."""


class Side(Enum):
    """On which side of a node its sibling stands."""

    LEFT = "left"
    RIGHT = "right"


class RecordStep(msgspec.Struct, frozen=True, array_like=True):
    """One level of a record's way up. The side is told, for a record root does not say how many records there are."""

    side: Side
    sibling: Hash


_LEAF, _INNER, _ROOT = b"\x00", b"\x01", b"\x02"


def batch_leaf(path: bytes, commitment: bytes) -> bytes:
    """The leaf of one entry: ``K(0x00 ‖ K(path) ‖ commitment)``; a commitment has 32 bytes (InvalidBatch)."""
    if len(commitment) != 32:
        raise InvalidBatch(f"a commitment has 32 bytes, not {len(commitment)}")
    return keccak256(_LEAF + keccak256(path) + commitment)


def batch_root(entries: Sequence[tuple[bytes, bytes]]) -> Hash:
    """The root of (path, commitment) in order, EMPTY_BATCH_ROOT of none; raises InvalidBatch."""
    if not entries:
        return EMPTY_BATCH_ROOT
    return _seal(len(entries), _levels(_leaves(entries), _keccak_inner)[-1][0])


def batch_path(entries: Sequence[tuple[bytes, bytes]], index: int) -> tuple[bytes, ...]:
    """The Merkle path of entry ``index``: its siblings from the leaf up; none at a level where the node is promoted.

    Raises EmptyBatch, BatchIndexOutOfRange, InvalidBatch.
    """
    _check_index(index, len(entries))
    siblings = []
    for level in _levels(_leaves(entries), _keccak_inner)[:-1]:
        if (sibling := index ^ 1) < len(level):
            siblings.append(level[sibling])
        index >>= 1
    return tuple(siblings)


def verify_batch(root: bytes, entries: Sequence[tuple[bytes, bytes]]) -> None:
    """A whole batch, delivered with no path at all; raises EmptyBatch, InvalidBatch, BatchMismatch."""
    if not entries:
        raise EmptyBatch()
    if (computed := batch_root(entries)) != root:
        raise BatchMismatch(root, computed)


def verify_batch_entry(
    root: bytes, path: bytes, commitment: bytes, *, index: int, count: int, siblings: Sequence[bytes]
) -> None:
    """Entry ``index`` of the ``count`` under ``root`` is ``commitment`` at ``path``.

    Raises EmptyBatch, BatchIndexOutOfRange, InvalidBatch, MalformedBatchPath (too long, too short), BatchMismatch.
    """
    _check_index(index, count)
    node, used = batch_leaf(path, commitment), 0
    width = count
    while width > 1:
        if index ^ 1 < width:
            if used == len(siblings) or len(siblings[used]) != 32:
                raise MalformedBatchPath("it is too short, or a sibling has not 32 bytes")
            sibling = siblings[used]
            node = _keccak_inner(sibling, node) if index & 1 else _keccak_inner(node, sibling)
            used += 1
        index, width = index >> 1, (width + 1) >> 1
    if used != len(siblings):
        raise MalformedBatchPath(f"it has {len(siblings)} siblings, {used} are needed")
    if (computed := _seal(count, node)) != root:
        raise BatchMismatch(root, computed)


def record_root(records: Sequence[bytes]) -> Hash:
    """RFC 6962's Merkle tree hash over a block's transaction, result or event hashes; EMPTY_RECORD_ROOT of none."""
    if not records:
        return EMPTY_RECORD_ROOT
    return Hash(_record_levels(records)[-1][0])


def record_path(records: Sequence[bytes], index: int) -> tuple[RecordStep, ...]:
    """The way of record ``index`` (IndexError beyond the last) to the root, from the leaf up (RFC 9162, 2.1.3)."""
    if not 0 <= index < len(records):
        raise IndexError(index)
    steps = []
    for level in _record_levels(records)[:-1]:
        if (sibling := index ^ 1) < len(level):
            steps.append(RecordStep(Side.LEFT if index & 1 else Side.RIGHT, Hash(level[sibling])))
        index >>= 1
    return tuple(steps)


def verify_record(root: bytes, record: bytes, path: Sequence[RecordStep]) -> None:
    """``record``, a hash, stands somewhere in the list whose record root this is; raises RecordRootMismatch."""
    node = sha256(_LEAF + record).digest()
    for step in path:
        left, right = (step.sibling, node) if step.side is Side.LEFT else (node, step.sibling)
        node = _record_inner(left, right)
    if node != root:
        raise RecordRootMismatch(root, node)


def _record_levels(records: Sequence[bytes]) -> list[list[bytes]]:
    return _levels([sha256(_LEAF + record).digest() for record in records], _record_inner)


def _record_inner(left: bytes, right: bytes) -> bytes:
    return sha256(_INNER + left + right).digest()


def _check_index(index: int, count: int) -> None:
    if count == 0:
        raise EmptyBatch()
    if not 0 < count <= MAX_BATCH_ENTRIES:
        raise InvalidBatch(f"a batch has at most {MAX_BATCH_ENTRIES} entries, not {count}")
    if not 0 <= index < count:
        raise BatchIndexOutOfRange(index, count)


def _leaves(entries: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    if len(entries) > MAX_BATCH_ENTRIES:
        raise InvalidBatch(f"a batch has at most {MAX_BATCH_ENTRIES} entries, not {len(entries)}")
    return [batch_leaf(path, commitment) for path, commitment in entries]


def _levels(leaves: list[bytes], inner: Callable[[bytes, bytes], bytes]) -> list[list[bytes]]:
    """All levels from the leaves to the one node at the top."""
    levels = [leaves]
    while len(below := levels[-1]) > 1:
        above = [inner(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        if len(below) & 1:
            above.append(below[-1])
        levels.append(above)
    return levels


def _keccak_inner(left: bytes, right: bytes) -> bytes:
    return keccak256(_INNER + left + right)


def _seal(count: int, top: bytes) -> Hash:
    return Hash(keccak256(_ROOT + count.to_bytes(4, "big") + top))
