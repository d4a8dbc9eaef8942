"""The state tree of a chain of our own: its hashes and direct proofs (docs/protocol.md, section 6; ICS-23 SmtSpec).

A leaf stands at the shallowest place where it is alone; the way to it is the bits of ``H(key)``, the first bit first.
"""

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from hub.proofs.errors import (
    EmptyTreeRoot,
    MalformedTreeProof,
    NotAMembershipProof,
    NotANonMembershipProof,
    TreeRootMismatch,
    UnrelatedNeighbour,
)
from hub.quantities import Hash

EMPTY = bytes(32)
"""The hash of a place with nothing below it."""

MAX_DEPTH = 256

LEAF_PREFIX, INNER_PREFIX = b"\x00", b"\x01"
_HIDDEN = b"\x00"
_FIRST_LETTER = 0x40
INDEXES = 0x05
"""The first byte of an index's keys, a room (hub/state/collections.py): they follow from what is in the tree."""


def stands_in_tree(key: bytes) -> bool:
    """Whether an entry of the state is one of its tree: all are, but for the indexes (docs/adr/0019)."""
    return key[0] != INDEXES


def tree_entry(key: bytes, value: bytes) -> tuple[bytes, bytes]:
    """The key and the value with which a state's entry stands in the tree.

    IBC paths stand as they are: they begin with a letter, and every other key of the state begins below 0x40
    (hub/state/collections.py). Of any other entry only hashes stand there, so that a neighbour in someone's proof
    shows nothing.
    """
    return tree_key(key), value if key[0] >= _FIRST_LETTER else sha256(value).digest()


def tree_key(key: bytes) -> bytes:
    """The key with which a state's entry stands in the tree; see ``tree_entry``."""
    return key if key[0] >= _FIRST_LETTER else _HIDDEN + sha256(key).digest()


def key_hash(key: bytes) -> bytes:
    """Where an entry of the state stands: ``H`` of its key in the tree."""
    if key[0] >= _FIRST_LETTER:
        return sha256(key).digest()
    return sha256(_HIDDEN + sha256(key).digest()).digest()


def value_hash(key: bytes, value: bytes) -> bytes:
    """``H`` of the value with which an entry of the state stands in the tree."""
    digest = sha256(value).digest()
    return digest if key[0] >= _FIRST_LETTER else sha256(digest).digest()


def leaf_hash(hashed_key: bytes, hashed_value: bytes) -> bytes:
    """``H(0x00‖H(key)‖H(value))``."""
    return sha256(LEAF_PREFIX + hashed_key + hashed_value).digest()


def inner_hash(left: bytes, right: bytes) -> bytes:
    """``H(0x01‖left‖right)``."""
    return sha256(INNER_PREFIX + left + right).digest()


class EndKind(IntEnum):
    """In what the way to a key ends."""

    EMPTY = 0
    LEAF = 1
    OTHER_LEAF = 2


@dataclass(frozen=True, slots=True)
class OtherLeaf:
    """The leaf that stands where ours would: ``H(key)`` and ``H(value)``."""

    key_hash: bytes
    value_hash: bytes


@dataclass(frozen=True, slots=True)
class DirectProof:
    """The way to a key: the siblings from the root down, and what it ends in."""

    siblings: tuple[bytes, ...]
    kind: EndKind
    other: OtherLeaf | None = None
    """Exactly for OTHER_LEAF."""

    def encode(self) -> bytes:
        """As it travels: empty siblings are left out, a bitmap says which."""
        depth = len(self.siblings)
        bits = 0
        for sibling in self.siblings:
            bits = bits << 1 | (sibling != EMPTY)
        width = (depth + 7) // 8
        bitmap = (bits << (width * 8 - depth)).to_bytes(width, "big")
        parts = [depth.to_bytes(2, "big"), bitmap, *(s for s in self.siblings if s != EMPTY), bytes((self.kind,))]
        if self.other is not None:
            parts += (self.other.key_hash, self.other.value_hash)
        return b"".join(parts)


def decode_proof(data: bytes) -> DirectProof:
    """The proof in ``data``, in its one encoding; raises MalformedTreeProof."""
    depth = int.from_bytes(data[:2], "big")
    if len(data) < 3 or depth > MAX_DEPTH:
        raise MalformedTreeProof(f"it begins with a depth of 0 to {MAX_DEPTH}")
    width = (depth + 7) // 8
    at = 2 + width
    bits = int.from_bytes(data[2:at], "big")
    padding = width * 8 - depth
    kind_at = at + 32 * bits.bit_count()
    if len(data) <= kind_at:
        raise MalformedTreeProof("it is cut short")
    if bits & ((1 << padding) - 1):
        raise MalformedTreeProof("its bitmap names siblings below its depth")
    siblings = []
    for level in range(depth):
        sibling = EMPTY
        if bits >> (width * 8 - 1 - level) & 1:
            sibling, at = data[at : at + 32], at + 32
            if sibling == EMPTY:
                raise MalformedTreeProof("an empty sibling is left out")
        siblings.append(sibling)
    if data[kind_at] > EndKind.OTHER_LEAF:
        raise MalformedTreeProof("it ends in an empty place, the leaf or another leaf: 0, 1 or 2")
    kind = EndKind(data[kind_at])
    if len(data) != kind_at + (65 if kind is EndKind.OTHER_LEAF else 1):
        raise MalformedTreeProof("it is cut short, or something follows it")
    end = data[kind_at + 1 :]
    return DirectProof(tuple(siblings), kind, OtherLeaf(end[:32], end[32:]) if end else None)


def verify_membership(root: Hash, path: bytes, value: bytes, proof: bytes) -> None:
    """``value`` stands at ``path``, an IBC path, under ``root``.

    Raises EmptyTreeRoot, MalformedTreeProof, NotAMembershipProof, TreeRootMismatch.
    """
    decoded = _decode_under(root, proof)
    if decoded.kind is not EndKind.LEAF:
        raise NotAMembershipProof(path)
    hashed = sha256(path).digest()
    _verify_way(root, hashed, decoded, leaf_hash(hashed, sha256(value).digest()))


def verify_non_membership(root: Hash, path: bytes, proof: bytes) -> None:
    """Nothing stands at ``path``, an IBC path, under ``root``.

    Raises EmptyTreeRoot, MalformedTreeProof, NotANonMembershipProof, UnrelatedNeighbour, TreeRootMismatch.
    """
    decoded = _decode_under(root, proof)
    if decoded.kind is EndKind.LEAF:
        raise NotANonMembershipProof(path)
    hashed = sha256(path).digest()
    end, other = EMPTY, decoded.other
    if other is not None:
        if other.key_hash == hashed or _common_bits(other.key_hash, hashed) < len(decoded.siblings):
            raise UnrelatedNeighbour(path)
        end = leaf_hash(other.key_hash, other.value_hash)
    _verify_way(root, hashed, decoded, end)


def _decode_under(root: bytes, proof: bytes) -> DirectProof:
    if root == EMPTY:
        raise EmptyTreeRoot()
    return decode_proof(proof)


def _common_bits(first: bytes, second: bytes) -> int:
    return MAX_DEPTH - (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_length()


def _verify_way(root: bytes, hashed_key: bytes, proof: DirectProof, node: bytes) -> None:
    way = int.from_bytes(hashed_key, "big")
    for depth in range(len(proof.siblings) - 1, -1, -1):
        sibling = proof.siblings[depth]
        turns_right = way >> (MAX_DEPTH - 1 - depth) & 1
        node = inner_hash(sibling, node) if turns_right else inner_hash(node, sibling)
    if node != root:
        raise TreeRootMismatch(root, node)
