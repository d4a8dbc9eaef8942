"""Writes smt.json: trees, direct proofs in them and what must be refused."""

from collections.abc import Mapping
from hashlib import sha256
from itertools import count
from typing import Any

from hub.ibc.commitment import acknowledgement_path, commitment_path, receipt_path
from hub.ibc.identifiers import ClientId
from hub.proofs.errors import ProofError
from hub.proofs.smt import verify_membership, verify_non_membership
from hub.quantities import Hash, Sequence
from tests.unit import reference_tree as reference
from tests.vectors.writing import label, write

CLIENT = ClientId("quorum-0")


def paths(number: int) -> dict[bytes, bytes]:
    """Commitments, receipts and acknowledgements in turn."""
    found = {}
    for sequence in range(1, number + 1):
        make = (commitment_path, receipt_path, acknowledgement_path)[sequence % 3]
        found[make(CLIENT, Sequence(sequence))] = b"\x01" if make is receipt_path else label(f"value {sequence}")
    return found


def near(path: bytes, bits: int) -> bytes:
    """A path whose hash agrees with that of ``path`` in just so many bits."""
    wanted = int.from_bytes(sha256(path).digest(), "big")
    for sequence in count(1):
        candidate = receipt_path(ClientId("quorum-1"), Sequence(sequence))
        if 256 - (wanted ^ int.from_bytes(sha256(candidate).digest(), "big")).bit_length() == bits:
            return candidate
    raise AssertionError


ONE, TWO, MANY = paths(1), paths(2), paths(40)
FIRST = next(iter(MANY))
DEEP = {**paths(3), near(FIRST, 17): b"\x01"}
HIDDEN = {b"\x08account": b"balance", b"\x02validators": b"set", **paths(2)}
TREES: list[tuple[str, Mapping[bytes, bytes]]] = [
    ("one leaf", ONE),
    ("two leaves", TWO),
    ("forty leaves", MANY),
    ("seventeen bits in common", DEEP),
    ("entries of which only hashes stand in the tree", HIDDEN),
]


def root_of(entries: Mapping[bytes, bytes]) -> Hash:
    return Hash(reference.subtree(reference.state_leaves(entries)))


def proof_of(entries: Mapping[bytes, bytes], path: bytes) -> bytes:
    leaves = reference.state_leaves(entries)
    siblings, end = reference.way(leaves, sha256(path).digest())
    if end is None:
        return reference.encode(siblings, b"\x00")
    if end == sha256(path).digest():
        return reference.encode(siblings, b"\x01")
    for key, value in entries.items():
        hidden = key[0] < ord("@")
        shown = b"\x00" + sha256(key).digest() if hidden else key
        if sha256(shown).digest() == end:
            held = sha256(sha256(value).digest() if hidden else value).digest()
            return reference.encode(siblings, b"\x02" + end + held)
    raise AssertionError


def proofs(name: str, entries: Mapping[bytes, bytes]) -> list[dict[str, Any]]:
    root = root_of(entries)
    present = [path for path in entries if path[0] >= ord("@")]
    absent = [receipt_path(ClientId("quorum-1"), Sequence(sequence)) for sequence in range(1, 6)] + [near(FIRST, 12)]
    return [
        case(f"{name}: {kind} {index}", root, path, entries.get(path), proof_of(entries, path), None)
        for kind, some in (("present", present[:8]), ("absent", absent))
        for index, path in enumerate(some)
        if kind == "present" or path not in entries
    ]


def hostile() -> list[dict[str, Any]]:
    root, path, value = root_of(MANY), FIRST, MANY[FIRST]
    proof = proof_of(MANY, path)
    other = next(p for p in MANY if p != path)
    siblings, _ = reference.way(reference.state_leaves(MANY), sha256(path).digest())
    depth = len(siblings)
    ours = sha256(path).digest() + sha256(value).digest()
    unrelated = sha256(other).digest() + sha256(MANY[other]).digest()
    beside = near(path, 9)
    pair, sister = {path: value, beside: b"\x01"}, sha256(beside).digest() + sha256(b"\x01").digest()
    bitmap = 2 + (depth + 7) // 8
    absent = next(
        p
        for p in (receipt_path(ClientId("quorum-1"), Sequence(n)) for n in range(1, 1000))
        if proof_of(MANY, p)[-65:-64] == b"\x02"
    )
    absence = proof_of(MANY, absent)
    zeroed = reference.encode(siblings, b"\x01")
    return [
        case("the empty proof", root, path, value, b"", "MalformedTreeProof"),
        case("the zero root (Nomad 2022)", Hash(bytes(32)), path, value, proof, "EmptyTreeRoot"),
        case("the zero root shows no absence", Hash(bytes(32)), path, None, b"\x00\x00\x00", "EmptyTreeRoot"),
        case("nothing at the root", root, path, None, b"\x00\x00\x00", "TreeRootMismatch"),
        case("another value", root, path, b"\x02", proof, "TreeRootMismatch"),
        case("another path", root, other, MANY[other], proof, "TreeRootMismatch"),
        case("another path, the same value", root, other, value, proof, "TreeRootMismatch"),
        case("another root", root_of(TWO), path, value, proof, "TreeRootMismatch"),
        case("absence shown by a proof of presence", root, path, None, proof, "NotANonMembershipProof"),
        case("presence shown by a proof of absence", root, absent, b"\x01", absence, "NotAMembershipProof"),
        case("absence of what is there: empty", root, path, None, proof[:-1] + b"\x00", "TreeRootMismatch"),
        case("absence of what is there: itself", root, path, None, proof[:-1] + b"\x02" + ours, "UnrelatedNeighbour"),
        case("a leaf of elsewhere", root, path, None, proof[:-1] + b"\x02" + unrelated, "UnrelatedNeighbour"),
        case(
            "the leaf beside it",
            root_of(pair),
            path,
            None,
            proof_of(pair, path)[:-1] + b"\x02" + sister,
            "UnrelatedNeighbour",
        ),
        case("an unknown end", root, path, value, proof[:-1] + b"\x03", "MalformedTreeProof"),
        case("cut short", root, path, value, proof[:-1], "MalformedTreeProof"),
        case("a byte more", root, path, value, proof + b"\x00", "MalformedTreeProof"),
        case("a sibling less", root, path, value, proof[:bitmap] + proof[bitmap + 32 :], "MalformedTreeProof"),
        case("depth 257", root, path, value, b"\x01\x01" + bytes(33) + b"\x01", "MalformedTreeProof"),
        case("a bit beyond the depth", root, path, value, beyond(proof, depth), "MalformedTreeProof"),
        case("an empty sibling written out", root, path, value, written_out(zeroed, depth), "MalformedTreeProof"),
        case(
            "an inner node as the leaf", root, path, value, reference.encode(siblings[:-1], b"\x01"), "TreeRootMismatch"
        ),
        case("the leaf of another, cut short", root, absent, None, absence[:-1], "MalformedTreeProof"),
        case("the leaf of another, a byte more", root, absent, None, absence + b"\x00", "MalformedTreeProof"),
    ]


def beyond(proof: bytes, depth: int) -> bytes:
    """The bitmap's first bit below the depth set, and a sibling for it."""
    width = (depth + 7) // 8
    assert depth % 8
    bits = int.from_bytes(proof[2 : 2 + width], "big") | 1 << (width * 8 - 1 - depth)
    return proof[:2] + bits.to_bytes(width, "big") + proof[2 + width : -1] + b"\x11" * 32 + proof[-1:]


def written_out(proof: bytes, depth: int) -> bytes:
    """The first sibling replaced by 32 zero bytes, with its bit set."""
    at = 2 + (depth + 7) // 8
    return proof[:at] + bytes(32) + proof[at + 32 :]


def case(  # noqa: PLR0917 -- a row of a table
    name: str, root: Hash, path: bytes, value: bytes | None, proof: bytes, error: str | None
) -> dict[str, Any]:
    try:
        if value is None:
            verify_non_membership(root, path, proof)
        else:
            verify_membership(root, path, value, proof)
        found = None
    except ProofError as refusal:
        found = type(refusal).__name__
    assert found == error, f"{name}: {found} instead of {error}"
    return {"name": name, "root": root, "path": path, "value": value, "proof": proof, "error": error}


def vectors() -> dict[str, Any]:
    return {
        "about": "direct proofs in the state tree (docs/protocol.md, section 6); value null: nothing is there; "
        "error null means accepted",
        "trees": [
            {
                "name": name,
                "root": root_of(entries),
                "entries": [{"key": key, "value": value} for key, value in entries.items()],
            }
            for name, entries in TREES
        ],
        "cases": [*(entry for name, entries in TREES for entry in proofs(name, entries)), *hostile()],
    }


if __name__ == "__main__":
    write("smt", vectors())
