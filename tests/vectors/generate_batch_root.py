"""Writes batch_root.json: batches, their roots and Merkle paths, hostile paths, and RFC 6962 roots of records."""

from hashlib import sha256
from typing import Any

from hub.ibc.commitment import acknowledgement_path, commitment_path
from hub.ibc.identifiers import ClientId
from hub.proofs.errors import BatchError
from hub.proofs.merkle import batch_path, batch_root, record_root, verify_batch_entry
from hub.quantities import Sequence
from tests.unit.reference_tree import batch as reference_root
from tests.vectors.writing import label, write

SIZES = (1, 2, 3, 4, 5, 7, 8, 11, 256)
CLIENT = ClientId("attested-0")

ENTRIES = [
    (
        (commitment_path if number % 3 else acknowledgement_path)(CLIENT, Sequence(number + 1)),
        label(f"commitment {number}"),
    )
    for number in range(256)
]


def batches() -> list[dict[str, Any]]:
    found = []
    for size in SIZES:
        entries = ENTRIES[:size]
        root = batch_root(entries)
        assert root == reference_root(entries)
        shown = range(size) if size <= 11 else (0, 1, 127, 128, 254, 255)
        found.append(
            {
                "count": size,
                "root": root,
                "paths": [{"index": index, "siblings": list(batch_path(entries, index))} for index in shown],
            }
        )
    return found


def hostile() -> list[dict[str, Any]]:
    entries = ENTRIES[:5]
    root, (path, commitment) = batch_root(entries), entries[3]
    siblings = list(batch_path(entries, 3))
    last, one = list(batch_path(entries, 4)), batch_root(ENTRIES[:1])
    flipped = [siblings[0], bytes((siblings[1][0] ^ 1,)) + siblings[1][1:], siblings[2]]
    inner = siblings[1]
    return [
        case("valid", root, path, commitment, 3, 5, siblings, None),
        case("valid: the promoted last entry", root, *entries[4], 4, 5, last, None),
        case("valid: alone", one, *ENTRIES[0], 0, 1, [], None),
        case("index is the count", root, path, commitment, 5, 5, siblings, "BatchIndexOutOfRange"),
        case(
            "index beyond the count (Hyperbridge 2026)", root, path, commitment, 7, 5, siblings, "BatchIndexOutOfRange"
        ),
        case("count is zero", root, path, commitment, 0, 0, [], "EmptyBatch"),
        case("the zero root (Nomad 2022)", bytes(32), path, commitment, 3, 5, siblings, "BatchMismatch"),
        case("count is 257", root, path, commitment, 3, 257, siblings, "InvalidBatch"),
        case("another index", root, path, commitment, 2, 5, siblings, "BatchMismatch"),
        case("another count of the same shape", root, path, commitment, 3, 6, siblings, "BatchMismatch"),
        case("another count, longer", root, path, commitment, 3, 4, siblings, "MalformedBatchPath"),
        case("path too short", root, path, commitment, 3, 5, siblings[:-1], "MalformedBatchPath"),
        case("path too long", root, path, commitment, 3, 5, [*siblings, bytes(32)], "MalformedBatchPath"),
        case("a sibling for the promoted entry", root, *entries[4], 4, 5, [bytes(32), *last], "MalformedBatchPath"),
        case("no path", root, path, commitment, 3, 5, [], "MalformedBatchPath"),
        case("one bit of a sibling", root, path, commitment, 3, 5, flipped, "BatchMismatch"),
        case("siblings swapped", root, path, commitment, 3, 5, siblings[::-1], "BatchMismatch"),
        case("another path", root, entries[2][0], commitment, 3, 5, siblings, "BatchMismatch"),
        case("another commitment", root, path, entries[2][1], 3, 5, siblings, "BatchMismatch"),
        case("another batch's root", one, path, commitment, 3, 5, siblings, "BatchMismatch"),
        case("an inner node as an entry", root, path, inner, 1, 3, siblings[1:], "BatchMismatch"),
    ]


def case(  # noqa: PLR0917 -- a row of a table
    name: str,
    root: bytes,
    path: bytes,
    commitment: bytes,
    index: int,
    count: int,
    siblings: list[bytes],
    error: str | None,
) -> dict[str, Any]:
    try:
        verify_batch_entry(root, path, commitment, index=index, count=count, siblings=siblings)
        found = None
    except BatchError as refusal:
        found = type(refusal).__name__
    assert found == error, f"{name}: {found} instead of {error}"
    return {
        "name": name,
        "root": root,
        "path": path,
        "commitment": commitment,
        "index": index,
        "count": count,
        "siblings": siblings,
        "error": error,
    }


def records() -> list[dict[str, Any]]:
    hashes = [sha256(f"record {number}".encode()).digest() for number in range(9)]
    return [{"records": hashes[:size], "root": record_root(hashes[:size])} for size in range(10)]


def vectors() -> dict[str, Any]:
    return {
        "about": "batch roots and RFC 6962 roots (docs/protocol.md, sections 5 and 7); error null means accepted",
        "entries": [{"path": path, "commitment": commitment} for path, commitment in ENTRIES],
        "batches": batches(),
        "cases": hostile(),
        "records": records(),
    }


if __name__ == "__main__":
    write("batch_root", vectors())
