"""The state tree's proofs in the form of ICS-23 (``SmtSpec``), for those who verify with its libraries.

Their protobuf encoding is in hub/engine/ics23.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.proofs.smt import INNER_PREFIX, tree_entry


@dataclass(frozen=True, slots=True)
class InnerOp:
    """``H(prefix ‖ child ‖ suffix)``."""

    prefix: bytes
    suffix: bytes


@dataclass(frozen=True, slots=True)
class ExistenceProof:
    """``value`` stands at ``key``, as they are in the tree. ``path``: from the leaf up."""

    key: bytes
    value: bytes
    path: tuple[InnerOp, ...]


@dataclass(frozen=True, slots=True)
class NonExistenceProof:
    """Nothing stands at ``key``: its neighbours in order of ``H(key)`` stand side by side. One at most is None."""

    key: bytes
    left: ExistenceProof | None
    right: ExistenceProof | None


def existence_proof(key: bytes, value: bytes, key_hash: bytes, siblings: Sequence[bytes]) -> ExistenceProof:
    """The proof of an entry of the state from its siblings, from the root down."""
    tree_key, tree_value = tree_entry(key, value)
    way = int.from_bytes(key_hash, "big")
    path = []
    for depth in range(len(siblings) - 1, -1, -1):
        turns_right = way >> (255 - depth) & 1
        sibling = siblings[depth]
        path.append(InnerOp(INNER_PREFIX + sibling, b"") if turns_right else InnerOp(INNER_PREFIX, sibling))
    return ExistenceProof(tree_key, tree_value, tuple(path))
