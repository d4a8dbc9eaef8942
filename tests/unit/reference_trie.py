"""A Merkle-Patricia trie built the slow and plain way, to check the verifier against (yellow paper, appendix D)."""

from collections.abc import Mapping
from typing import Any

import rlp

from hub.proofs.keccak import keccak256
from hub.proofs.mpt import EMPTY_TRIE, nibbles
from hub.quantities import Hash


class ReferenceTrie:
    """A trie over paths of nibbles; keeps every node, so that it can prove any path."""

    def __init__(self, entries: Mapping[bytes, bytes]) -> None:
        self._nodes: dict[bytes, bytes] = {}
        self._root = _structure(sorted(entries.items()), 0, self._nodes)
        encoded = b"\x80" if self._root is None else rlp.encode(self._root)
        self.root = Hash(keccak256(encoded))
        self._nodes[self.root] = encoded

    def nodes_on(self, path: bytes) -> list[bytes]:
        """The hashed nodes from the root towards ``path``, as eth_getProof gives them."""
        if self._root is None:
            return []
        found = [self._nodes[self.root]]
        node: Any = self._root
        while node is not None:
            node, path = _step(node, path)
            if isinstance(node, bytes):
                found.append(self._nodes[node])
                node = rlp.decode(self._nodes[node])
        return found

    def proof(self, *paths: bytes) -> list[bytes]:
        """The nodes that these paths need, each once."""
        return list(dict.fromkeys(node for path in paths for node in self.nodes_on(path)))


def secure(entries: Mapping[bytes, bytes]) -> ReferenceTrie:
    """A trie as Ethereum keeps state and storage: by the keccak of each key."""
    return ReferenceTrie({nibbles(keccak256(key)): value for key, value in entries.items()})


def storage_value(word: bytes) -> bytes:
    """A storage word as the trie keeps it."""
    return bytes(rlp.encode(word.lstrip(b"\x00")))


def account(storage_root: Hash, code_hash: Hash) -> bytes:
    """An account as the state trie keeps it."""
    return bytes(rlp.encode([1, 0, storage_root, code_hash]))


def _structure(entries: list[tuple[bytes, bytes]], at: int, nodes: dict[bytes, bytes]) -> Any:
    if not entries:
        return None
    if len(entries) == 1:
        path, value = entries[0]
        return [_hex_prefix(path[at:], leaf=True), value]
    first, last = entries[0][0], entries[-1][0]
    shared = next((i for i, (a, b) in enumerate(zip(first[at:], last[at:], strict=False)) if a != b), None)
    if shared is None:
        shared = min(len(first), len(last)) - at
    if shared:
        below = _reference(_structure(entries, at + shared, nodes), nodes)
        return [_hex_prefix(first[at : at + shared], leaf=False), below]
    here = entries[0][1] if len(first) == at else b""
    rest = entries[1:] if len(first) == at else entries
    slots = [[entry for entry in rest if entry[0][at] == digit] for digit in range(16)]
    return [*(_reference(_structure(slot, at + 1, nodes), nodes) for slot in slots), here]


def _reference(node: Any, nodes: dict[bytes, bytes]) -> Any:
    if node is None:
        return b""
    encoded = rlp.encode(node)
    if len(encoded) < 32:
        return node
    digest = keccak256(encoded)
    nodes[digest] = encoded
    return digest


def _step(node: Any, path: bytes) -> tuple[Any, bytes]:
    """The child towards ``path``, as a hash or an embedded list, and what is left; None where the way ends."""
    if len(node) == 17:
        child = node[path[0]] if path else b""
        return (child or None), path[1:]
    own, leaf = _undo_hex_prefix(node[0])
    if leaf or not path.startswith(own):
        return None, path
    return node[1], path[len(own) :]


def _hex_prefix(path: bytes, *, leaf: bool) -> bytes:
    flag = (2 if leaf else 0) + len(path) % 2
    digits = [flag, *path] if len(path) % 2 else [flag, 0, *path]
    return bytes(16 * a + b for a, b in zip(digits[::2], digits[1::2], strict=True))


def _undo_hex_prefix(encoded: bytes) -> tuple[bytes, bool]:
    digits = nibbles(encoded)
    return digits[1 if digits[0] % 2 else 2 :], digits[0] >= 2


assert ReferenceTrie({}).root == EMPTY_TRIE
