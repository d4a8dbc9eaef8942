"""The state tree and the batch tree once more, as plainly as docs/protocol.md says them: slow, and independent."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from eth_hash.backends.pysha3 import keccak256

EMPTY = bytes(32)
Leaves = Mapping[bytes, bytes]
"""``H(key)`` to leaf hash."""


def bit(key_hash: bytes, depth: int) -> int:
    return int(format(key_hash[depth // 8], "08b")[depth % 8])


def subtree(leaves: Leaves, depth: int = 0) -> bytes:
    """The hash of all leaves below a place at ``depth``."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return next(iter(leaves.values()))
    sides = [{key: leaf for key, leaf in leaves.items() if bit(key, depth) == side} for side in (0, 1)]
    return sha256(b"\x01" + subtree(sides[0], depth + 1) + subtree(sides[1], depth + 1)).digest()


def way(leaves: Leaves, key_hash: bytes, depth: int = 0) -> tuple[list[bytes], bytes | None]:
    """The siblings from the root down, and ``H(key)`` of the leaf in which the way ends, None for an empty place."""
    if len(leaves) < 2:
        return [], next(iter(leaves), None)
    mine = {key: leaf for key, leaf in leaves.items() if bit(key, depth) == bit(key_hash, depth)}
    other = {key: leaf for key, leaf in leaves.items() if bit(key, depth) != bit(key_hash, depth)}
    siblings, end = way(mine, key_hash, depth + 1)
    return [subtree(other, depth + 1), *siblings], end


def path_leaves(entries: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The leaves of IBC paths and the values under them."""
    return {
        sha256(path).digest(): sha256(b"\x00" + sha256(path).digest() + sha256(value).digest()).digest()
        for path, value in entries.items()
    }


def state_leaves(entries: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The leaves of a state: IBC paths as they are, indexes not at all, any other entry as hashes."""
    shown = {}
    for key, value in entries.items():
        if key[0] >= ord("@"):
            shown[key] = value
        elif key[0] != 5:
            shown[b"\x00" + sha256(key).digest()] = sha256(value).digest()
    return path_leaves(shown)


def encode(siblings: Sequence[bytes], end: bytes) -> bytes:
    """A direct proof as it travels; ``end``: its kind and what follows."""
    marks = "".join("0" if sibling == EMPTY else "1" for sibling in siblings)
    marks += "0" * (-len(marks) % 8)
    bitmap = bytes(int(marks[at : at + 8], 2) for at in range(0, len(marks), 8))
    return len(siblings).to_bytes(2, "big") + bitmap + b"".join(s for s in siblings if s != EMPTY) + end


def batch(entries: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The batch root, from the top down: the left part of a tree is the largest power of two below its size."""
    leaves = [keccak256(b"\x00" + keccak256(path) + commitment) for path, commitment in entries]
    return keccak256(b"\x02" + len(leaves).to_bytes(4, "big") + _halves(leaves))


def _halves(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << ((len(leaves) - 1).bit_length() - 1)
    return keccak256(b"\x01" + _halves(leaves[:left]) + _halves(leaves[left:]))
