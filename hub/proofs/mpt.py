"""Proofs in Ethereum's secure Merkle-Patricia tries (yellow paper, appendix D), for many keys of one trie at a time.

Nodes come as one list without repetition. Each is hashed once and decoded once, when a key first needs it; a node that
no key needs makes the whole invalid, so that what is sent is what is proven.
"""

import re
from collections.abc import Iterable

from hub.proofs.errors import MalformedTrieNode, MissingTrieNode, RepeatedTrieNode, UnusedTrieNode
from hub.proofs.keccak import keccak256
from hub.proofs.rlp import NestedList, decode_list, list_start
from hub.quantities import Hash

EMPTY_TRIE = Hash(keccak256(b"\x80"))
"""The root of a trie without entries."""

_NIBBLES = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))
_HASHES_OR_NOTHING = re.compile(rb"(?:\xa0(.{32})|\x80)" * 16 + rb"\x80", re.DOTALL)
"""A branch as it nearly always is: each child a hash or nothing, and no value. Read so, it costs a tenth."""

_Branch = list[bytes]
"""Sixteen children and a value; each child empty, a hash, or an embedded node."""

_Short = tuple[bytes, bytes, bool]
"""A leaf or an extension: its nibbles, its value or child, and whether it is a leaf."""


def proven_values(root: Hash, keys: Iterable[bytes], nodes: Iterable[bytes]) -> dict[bytes, bytes | None]:
    """What stands under each key, which the trie keeps by its keccak; see ``proven_paths``."""
    paths = {nibbles(keccak256(key)): key for key in keys}
    return {paths[path]: value for path, value in proven_paths(root, paths, nodes).items()}


def proven_paths(root: Hash, paths: Iterable[bytes], nodes: Iterable[bytes]) -> dict[bytes, bytes | None]:
    """What stands at each path of nibbles: bytes as the trie keeps them, None where it is proven that nothing does.

    Raises TrieError: a node missing, malformed, repeated, or needed by no path.
    """
    trie = _Trie(nodes)
    values = {path: trie.value(root, path) for path in paths}
    trie.refuse_unused()
    return values


def needed_nodes(root: Hash, keys: Iterable[bytes], nodes: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those of ``nodes`` on the way to some key, in their order: a proof of fewer keys, from one of more.

    Raises TrieError: a node missing, malformed or repeated.
    """
    nodes = tuple(nodes)
    trie = _Trie(nodes)
    for key in keys:
        trie.value(root, nibbles(keccak256(key)))
    return tuple(node for node in nodes if not trie.is_waiting(node))


def nibbles(key: bytes) -> bytes:
    """A key as a path: one byte for each half byte."""
    return key.hex().encode().translate(_NIBBLES)


class _Trie:
    """The nodes of one proof: waiting until a path first comes by, decoded from then on."""

    __slots__ = ("_decoded", "_waiting")

    def __init__(self, nodes: Iterable[bytes]) -> None:
        self._waiting: dict[bytes, bytes] = {}
        self._decoded: dict[bytes, _Branch | _Short] = {}
        for node in nodes:
            digest = keccak256(node)
            if digest in self._waiting:
                raise RepeatedTrieNode(digest)
            self._waiting[digest] = node

    def value(self, root: Hash, path: bytes) -> bytes | None:
        if root == EMPTY_TRIE:
            self._waiting.pop(root, None)  # some nodes prove an empty trie by the encoding of nothing
            return None
        decoded = self._decoded
        reference: bytes = root
        at = 0
        while True:
            node = decoded.get(reference) or self._node(reference, path)
            if isinstance(node, tuple):
                own, reference, is_leaf = node
                if is_leaf:
                    return reference if path[at:] == own else None
                if not path.startswith(own, at):
                    return None
                at += len(own)
            elif at == len(path):
                return node[16] or None
            else:
                reference = node[path[at]]
                at += 1
                if not reference:
                    return None

    def is_waiting(self, node: bytes) -> bool:
        """Whether no path has come by a node."""
        return keccak256(node) in self._waiting

    def refuse_unused(self) -> None:
        for digest in self._waiting:
            raise UnusedTrieNode(digest)

    def _node(self, reference: bytes, path: bytes) -> _Branch | _Short:
        """A node that no path has come by before."""
        if isinstance(reference, NestedList):
            if len(reference) >= 32:
                raise MalformedTrieNode("a node of 32 bytes or more is named by its hash, not embedded")
            return _decode(reference)
        if len(reference) != 32:
            raise MalformedTrieNode("a child is nothing, a hash or an embedded node")
        encoded = self._waiting.pop(reference, None)
        if encoded is None:
            raise MissingTrieNode(reference, path)
        node = self._decoded[reference] = _decode(encoded)
        return node


def _decode(encoded: bytes) -> _Branch | _Short:
    if usual := _HASHES_OR_NOTHING.fullmatch(encoded, list_start(encoded)):
        return [*usual.groups(b""), b""]
    items = decode_list(encoded)
    if len(items) == 17 and not isinstance(items[16], NestedList):
        return items
    if len(items) != 2 or isinstance(items[0], NestedList) or not items[0]:
        raise MalformedTrieNode("it has neither seventeen items nor a path and one more")
    return _decode_short(nibbles(items[0]), items[1])


def _decode_short(prefixed: bytes, target: bytes) -> _Short:
    """Undo the hex-prefix encoding (appendix C): 0 and 1 extension, 2 and 3 leaf; odd ones carry a nibble at once."""
    flag = prefixed[0]
    if flag > 3 or (flag & 1 == 0 and prefixed[1]):
        raise MalformedTrieNode("the path's prefix is none of the four")
    own, is_leaf = prefixed[1 if flag & 1 else 2 :], flag >= 2
    if not target or (is_leaf and isinstance(target, NestedList)):
        raise MalformedTrieNode("a leaf holds a value and an extension a child")
    if not own and not is_leaf:
        raise MalformedTrieNode("an extension has a path")
    return own, target, is_leaf
