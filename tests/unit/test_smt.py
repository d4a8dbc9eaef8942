"""Direct proofs in the state tree: the vectors, and every way to damage one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.proofs.errors import ProofError
from hub.proofs.smt import (
    EMPTY,
    DirectProof,
    EndKind,
    OtherLeaf,
    decode_proof,
    key_hash,
    leaf_hash,
    tree_entry,
    value_hash,
    verify_membership,
    verify_non_membership,
)
from hub.quantities import Hash
from tests.unit import reference_tree as reference
from tests.vectors import generate_smt
from tests.vectors.writing import plain, read, unhex

VECTORS = read("smt")
ACCEPTED = [vector for vector in VECTORS["cases"] if vector["error"] is None]


def verify(vector: dict[str, Any], proof: bytes) -> None:
    root, path = Hash(unhex(vector["root"])), unhex(vector["path"])
    if vector["value"] is None:
        verify_non_membership(root, path, proof)
    else:
        verify_membership(root, path, unhex(vector["value"]), proof)


def test_the_vectors_are_those_of_their_generator() -> None:
    assert plain(generate_smt.vectors()) == VECTORS


@pytest.mark.parametrize("vector", VECTORS["cases"], ids=lambda vector: vector["name"])
def test_proofs(vector: dict[str, str]) -> None:
    if vector["error"] is None:
        verify(vector, unhex(vector["proof"]))
    else:
        with pytest.raises(ProofError) as refusal:
            verify(vector, unhex(vector["proof"]))
        assert type(refusal.value).__name__ == vector["error"]


@pytest.mark.parametrize("vector", ACCEPTED, ids=lambda vector: vector["name"])
def test_each_byte_of_a_valid_proof_counts(vector: dict[str, str]) -> None:
    proof = unhex(vector["proof"])
    for at in range(len(proof)):
        for flip in (0x01, 0x80, 0xFF):
            with pytest.raises(ProofError):
                verify(vector, proof[:at] + bytes((proof[at] ^ flip,)) + proof[at + 1 :])


@pytest.mark.parametrize("vector", ACCEPTED, ids=lambda vector: vector["name"])
def test_a_proof_has_one_encoding_and_one_length(vector: dict[str, str]) -> None:
    proof = unhex(vector["proof"])
    assert decode_proof(proof).encode() == proof
    for end in range(len(proof)):
        with pytest.raises(ProofError):
            verify(vector, proof[:end])
    for more in (b"\x00", b"\x01", bytes(32)):
        with pytest.raises(ProofError):
            verify(vector, proof + more)


@pytest.mark.parametrize("vector", ACCEPTED, ids=lambda vector: vector["name"])
def test_a_proof_shows_nothing_else(vector: dict[str, str]) -> None:
    proof = unhex(vector["proof"])
    present = vector["value"] is not None
    changes: list[dict[str, Any]] = [
        {"value": None if present else "0x01"},
        {"root": "0x" + "00" * 32},
        {"root": vector["root"][:-1] + ("1" if vector["root"][-1] == "0" else "0")},
    ]
    # One empty place is in the way of many paths: only a proof of presence is bound to a single one.
    changes += [{"path": vector["path"] + "00"}, {"value": vector["value"] + "00"}] if present else []
    for change in changes:
        changed: dict[str, Any] = {**vector, **change}
        with pytest.raises(ProofError):
            verify(changed, proof)


siblings = st.lists(st.one_of(st.just(EMPTY), st.binary(min_size=32, max_size=32)), max_size=256).map(tuple)
ends = st.one_of(
    st.tuples(st.sampled_from([EndKind.EMPTY, EndKind.LEAF]), st.none()),
    st.tuples(
        st.just(EndKind.OTHER_LEAF),
        st.builds(OtherLeaf, st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32)),
    ),
)


@given(siblings, ends)
@settings(max_examples=60)
def test_encoding_and_decoding(ways: tuple[bytes, ...], end: tuple[EndKind, OtherLeaf | None]) -> None:
    proof = DirectProof(ways, *end)
    assert decode_proof(proof.encode()) == proof


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_whatever_decodes_encodes_to_itself(data: bytes) -> None:
    try:
        proof = decode_proof(data)
    except ProofError:
        return
    assert proof.encode() == data


def test_how_entries_stand_in_the_tree() -> None:
    for key, value in (
        (b"quorum-0\x01" + bytes(8), b"c" * 32),
        (b"\x08account", b"balance"),
        (b"@", b"v"),
        (b"?", b"v"),
    ):
        in_tree = tree_entry(key, value)
        assert (in_tree == (key, value)) == (key[0] >= 0x40)
        assert reference.state_leaves({key: value}) == {key_hash(key): leaf_hash(key_hash(key), value_hash(key, value))}
        assert reference.path_leaves({in_tree[0]: in_tree[1]}) == reference.state_leaves({key: value})
