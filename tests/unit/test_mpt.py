"""Batches of proofs in Merkle-Patricia tries, against tries built the plain way, and hostile ones."""

import random

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.proofs.errors import MalformedTrieNode, MissingTrieNode, RepeatedTrieNode, TrieError, UnusedTrieNode
from hub.proofs.keccak import keccak256
from hub.proofs.mpt import EMPTY_TRIE, nibbles, proven_paths, proven_values
from hub.quantities import Hash
from tests.unit.reference_trie import ReferenceTrie, secure

PATHS = st.binary(min_size=1, max_size=3).map(nibbles)
VALUES = st.binary(min_size=1, max_size=40)


def path(digits: str) -> bytes:
    """A path of nibbles from hex digits."""
    return bytes(int(digit, 16) for digit in digits)


SHAPES = ReferenceTrie(
    {
        path("a1b2"): b"a leaf",
        path("a1b3"): b"its sibling, long enough not to be embedded in its parent",
        path("a1"): b"the value of a branch",
        path("c0ffee"): b"e",
        path("c0ffe0"): b"0",
        path("c0fff0"): b"another, long enough not to be embedded in its parent......",
    }
)
SHAPE_CASES = [
    ("a leaf", "a1b2", b"a leaf"),
    ("the value of a branch", "a1", b"the value of a branch"),
    ("an embedded leaf", "c0ffee", b"e"),
    ("an empty slot of the root", "b", None),
    ("an empty slot further down", "c0ffe1", None),
    ("an empty slot under an extension", "a1c", None),
    ("a leaf that diverges at its end", "c0fff1", None),
    ("a leaf that is longer", "c0ff", None),
    ("a path beyond a leaf", "a1b2a1", None),
    ("an extension that diverges", "c1ffee", None),
    ("a path that ends in an extension", "c", None),
    ("a path that ends at a branch without a value", "a1b", None),
]


@pytest.mark.parametrize(("shape", "digits", "expected"), SHAPE_CASES)
def test_each_shape_alone(shape: str, digits: str, expected: bytes | None) -> None:
    asked = path(digits)
    assert proven_paths(SHAPES.root, [asked], SHAPES.proof(asked)) == {asked: expected}


def test_all_shapes_in_one_batch_send_each_node_once() -> None:
    asked = [path(digits) for _, digits, _ in SHAPE_CASES]
    assert proven_paths(SHAPES.root, asked, SHAPES.proof(*asked)) == {path(d): v for _, d, v in SHAPE_CASES}


@given(st.dictionaries(PATHS, VALUES, max_size=40), st.lists(PATHS, max_size=10))
@settings(max_examples=200)
def test_any_trie_proves_just_what_it_holds(entries: dict[bytes, bytes], others: list[bytes]) -> None:
    trie = ReferenceTrie(entries)
    asked = [*list(entries)[:10], *others]
    assert proven_paths(trie.root, asked, trie.proof(*asked)) == {one: entries.get(one) for one in asked}


def test_secure_keys_of_a_large_trie() -> None:
    """Branches of sixteen hashes stand at the top of it."""
    entries = {number.to_bytes(32, "big"): rlp.encode(number.to_bytes(4, "big").lstrip(b"\0")) for number in range(900)}
    trie = secure(entries)
    asked = [number.to_bytes(32, "big") for number in range(880, 920)]
    proof = trie.proof(*(nibbles(keccak256(key)) for key in asked))
    assert any(len(node) == 532 for node in proof)
    assert proven_values(trie.root, asked, proof) == {key: entries.get(key) for key in asked}


@pytest.mark.parametrize("nodes", [[], [b"\x80"]])
def test_an_empty_trie_holds_nothing(nodes: list[bytes]) -> None:
    assert proven_values(EMPTY_TRIE, [b"key"], nodes) == {b"key": None}


def test_an_empty_proof_proves_nothing() -> None:
    with pytest.raises(MissingTrieNode):
        proven_paths(SHAPES.root, [path("b")], [])


def test_a_zero_root_proves_nothing() -> None:
    with pytest.raises(MissingTrieNode):
        proven_paths(Hash(bytes(32)), [path("b")], SHAPES.proof(path("b")))


def test_a_root_that_is_no_hash_proves_nothing() -> None:
    with pytest.raises(MalformedTrieNode):
        proven_paths(Hash(b""), [path("b")], SHAPES.proof(path("b")))


def test_another_trie_s_proof_is_refused() -> None:
    asked = path("a1b2")
    other = ReferenceTrie({asked: b"a leaf", path("a1b3"): b"something else"})
    with pytest.raises(MissingTrieNode):
        proven_paths(SHAPES.root, [asked], other.proof(asked))


def test_a_node_that_no_path_needs_is_refused() -> None:
    with pytest.raises(UnusedTrieNode):
        proven_paths(SHAPES.root, [path("a1b2")], SHAPES.proof(path("a1b2"), path("c0fff0")))


def test_a_node_beside_an_empty_trie_is_refused() -> None:
    with pytest.raises(UnusedTrieNode):
        proven_values(EMPTY_TRIE, [b"key"], SHAPES.proof(path("b")))


def test_a_node_is_refused_where_nothing_is_asked() -> None:
    with pytest.raises(UnusedTrieNode):
        proven_paths(SHAPES.root, [], SHAPES.proof(path("b")))


def test_a_node_sent_twice_is_refused() -> None:
    proof = SHAPES.proof(path("a1b2"))
    with pytest.raises(RepeatedTrieNode):
        proven_paths(SHAPES.root, [path("a1b2")], [*proof, proof[0]])


def test_a_node_left_out_is_missed() -> None:
    asked = path("a1b3")
    proof = SHAPES.proof(asked)
    assert len(proof) > 2
    for left_out in range(len(proof)):
        with pytest.raises(MissingTrieNode):
            proven_paths(SHAPES.root, [asked], proof[:left_out] + proof[left_out + 1 :])


@pytest.mark.parametrize("digits", ["a1b3", "c0ffe1", "b"])
def test_each_byte_of_a_proof_matters(digits: str) -> None:
    asked = path(digits)
    proof = SHAPES.proof(asked)
    flips = random.Random(7)
    for at, node in enumerate(proof):
        for place in range(len(node)):
            flipped = bytearray(node)
            flipped[place] ^= flips.randrange(1, 256)
            with pytest.raises(TrieError):
                proven_paths(SHAPES.root, [asked], [*proof[:at], bytes(flipped), *proof[at + 1 :]])


def test_the_order_of_nodes_does_not_matter() -> None:
    asked = path("a1b3")
    assert proven_paths(SHAPES.root, [asked], SHAPES.proof(asked)[::-1])[asked]


@pytest.mark.parametrize(
    ("attack", "node"),
    [
        ("three items", [b"\x20", b"value", b""]),
        ("one item", [b"\x20"]),
        ("sixteen items", [b""] * 16),
        ("no path", [b"", b"value"]),
        ("a path that is a list", [[b"\x20"], b"value"]),
        ("an unknown prefix", [b"\x40", b"value"]),
        ("a padding that is not zero", [b"\x21\xaa", b"value"]),
        ("an extension without a path", [b"\x00", bytes(32)]),
        ("an extension to nothing", [b"\x1a", b""]),
        ("a leaf without a value", [b"\x3a", b""]),
        ("a leaf that holds a list", [b"\x3a", [b"value"]]),
        ("a child that is no hash", [b"\x1a", b"\x01" * 31]),
        ("a child that is too long", [b"\x1a", b"\x01" * 33]),
        ("an embedded child of 32 bytes", [b"\x1a", [b"\x3b", b"v" * 29]]),
        ("an embedded child of more", [b"\x1a", [b"\x3b", b"v" * 32]]),
        ("an embedded child that is no node", [b"\x1a", [b"v"]]),
        ("a branch whose value is a list", [*([b""] * 16), [b"value"]]),
    ],
)
def test_a_root_that_is_no_node_is_refused(attack: str, node: list[bytes]) -> None:
    """Even the hash of such a thing proves nothing, should a chain ever commit to it."""
    encoded = rlp.encode(node)
    with pytest.raises(MalformedTrieNode):
        proven_paths(Hash(keccak256(encoded)), [path("ab")], [encoded])


def test_a_branch_with_a_value_is_read_item_by_item() -> None:
    """One child fewer and a value in the last place: the same length and the same first bytes as a full branch."""
    children = [keccak256(bytes((digit,))) for digit in range(15)]
    node = rlp.encode([*children, b"", b"v" * 32])
    assert len(node) == 532
    root = Hash(keccak256(node))
    assert proven_paths(root, [path("f"), b""], [node]) == {path("f"): None, b"": b"v" * 32}
