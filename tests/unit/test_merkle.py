"""Batch roots and record roots against the vectors and against a tree written from the top down."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.proofs.errors import (
    BatchError,
    BatchIndexOutOfRange,
    BatchMismatch,
    EmptyBatch,
    InvalidBatch,
    MalformedBatchPath,
    RecordRootMismatch,
)
from hub.proofs.merkle import (
    EMPTY_BATCH_ROOT,
    RecordStep,
    Side,
    batch_path,
    batch_root,
    record_path,
    record_root,
    verify_batch,
    verify_batch_entry,
    verify_record,
)
from hub.quantities import Hash
from tests.unit.reference_tree import batch as reference_root
from tests.vectors import generate_batch_root
from tests.vectors.writing import plain, read, unhex

VECTORS = read("batch_root")
ENTRIES = [(unhex(entry["path"]), unhex(entry["commitment"])) for entry in VECTORS["entries"]]


def test_the_vectors_are_those_of_their_generator() -> None:
    assert plain(generate_batch_root.vectors()) == VECTORS


@pytest.mark.parametrize("vector", VECTORS["batches"], ids=lambda vector: vector["count"])
def test_batches(vector: dict[str, str | list[dict[str, str | list[str]]]]) -> None:
    count = int(str(vector["count"]))
    root = unhex(str(vector["root"]))
    assert batch_root(ENTRIES[:count]) == root
    verify_batch(root, ENTRIES[:count])
    for path in vector["paths"]:
        assert isinstance(path, dict)
        index, siblings = int(str(path["index"])), tuple(map(unhex, path["siblings"]))
        assert batch_path(ENTRIES[:count], index) == siblings
        verify_batch_entry(root, *ENTRIES[index], index=index, count=count, siblings=siblings)


@pytest.mark.parametrize("vector", VECTORS["cases"], ids=lambda vector: vector["name"])
def test_paths(vector: dict[str, str]) -> None:
    def verify() -> None:
        verify_batch_entry(
            unhex(vector["root"]),
            unhex(vector["path"]),
            unhex(vector["commitment"]),
            index=int(vector["index"]),
            count=int(vector["count"]),
            siblings=[unhex(sibling) for sibling in vector["siblings"]],
        )

    if vector["error"] is None:
        verify()
    else:
        with pytest.raises(BatchError) as refusal:
            verify()
        assert type(refusal.value).__name__ == vector["error"]


@pytest.mark.parametrize("vector", VECTORS["records"], ids=lambda vector: str(len(vector["records"])))
def test_records(vector: dict[str, str]) -> None:
    assert record_root([unhex(record) for record in vector["records"]]) == unhex(vector["root"])


def test_record_roots_are_those_of_rfc_6962() -> None:
    """The roots of certificate-transparency's reference test (merkletree_test.go) for its first leaves."""
    leaves = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243")]
    roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    ]
    assert [record_root(leaves[:size]).hex() for size in range(7)] == roots


@given(st.integers(1, 256), st.data())
@settings(max_examples=60)
def test_every_entry_of_every_batch_is_proven_at_its_place_only(count: int, data: st.DataObject) -> None:
    entries = ENTRIES[:count]
    root = batch_root(entries)
    assert root == reference_root(entries)
    index = data.draw(st.integers(0, count - 1))
    siblings = batch_path(entries, index)
    verify_batch_entry(root, *entries[index], index=index, count=count, siblings=siblings)
    elsewhere = data.draw(st.integers(0, 300).filter(lambda place: place != index))
    with pytest.raises(BatchError):
        verify_batch_entry(root, *entries[index], index=elsewhere, count=count, siblings=siblings)
    other = data.draw(st.integers(0, 300).filter(lambda size: size != count))
    with pytest.raises(BatchError):
        verify_batch_entry(root, *entries[index], index=index, count=other, siblings=siblings)


def test_each_bit_of_a_path_counts() -> None:
    entries, index = ENTRIES[:11], 9
    root, siblings = batch_root(entries), batch_path(entries, index)
    for at, sibling in enumerate(siblings):
        for byte in range(32):
            changed = bytearray(sibling)
            changed[byte] ^= 1 << byte % 8
            broken = (*siblings[:at], bytes(changed), *siblings[at + 1 :])
            with pytest.raises(BatchMismatch):
                verify_batch_entry(root, *entries[index], index=index, count=11, siblings=broken)


def test_a_whole_batch_is_refused_when_anything_differs() -> None:
    entries = ENTRIES[:5]
    root = batch_root(entries)
    path, commitment = entries[0]
    broken = {
        "one less": entries[:-1],
        "one more": ENTRIES[:6],
        "another order": entries[::-1],
        "another path": [(path + b"\x00", commitment), *entries[1:]],
        "another commitment": [(path, sha256(commitment).digest()), *entries[1:]],
        "one twice": [*entries, entries[-1]],
    }
    for batch in broken.values():
        with pytest.raises(BatchMismatch):
            verify_batch(root, batch)


@pytest.mark.parametrize("root", [EMPTY_BATCH_ROOT, b"\x01" * 32])
def test_an_empty_batch_proves_nothing(root: bytes) -> None:
    assert batch_root([]) == EMPTY_BATCH_ROOT
    with pytest.raises(EmptyBatch):
        verify_batch(root, [])
    with pytest.raises(EmptyBatch):
        verify_batch_entry(root, *ENTRIES[0], index=0, count=0, siblings=[])
    with pytest.raises(EmptyBatch):
        batch_path([], 0)


def test_what_no_batch_can_be() -> None:
    with pytest.raises(InvalidBatch):
        batch_root([*ENTRIES, ENTRIES[0]])
    with pytest.raises(InvalidBatch):
        batch_root([(b"path", b"31 bytes".ljust(31))])
    with pytest.raises(BatchIndexOutOfRange):
        batch_path(ENTRIES[:3], 3)
    with pytest.raises(BatchIndexOutOfRange):
        verify_batch_entry(bytes(32), *ENTRIES[0], index=-1, count=3, siblings=[])
    with pytest.raises(MalformedBatchPath):
        verify_batch_entry(bytes(32), *ENTRIES[0], index=0, count=2, siblings=[b"short"])


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True), st.data())
def test_a_record_is_proven_by_its_own_path_alone(records: list[bytes], data: st.DataObject) -> None:
    root = record_root(records)
    index = data.draw(st.integers(0, len(records) - 1))
    path = record_path(records, index)
    verify_record(root, records[index], path)
    other = data.draw(st.integers(0, len(records) - 1))
    if other != index:
        with pytest.raises(RecordRootMismatch):
            verify_record(root, records[other], path)


def test_nothing_of_a_record_path_can_be_changed() -> None:
    records = [sha256(bytes((number,))).digest() for number in range(11)]
    root, path = record_root(records), record_path(records, 6)
    other = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
    broken = [path[1:], path[:-1], path[::-1], (*path, path[-1]), ()]
    broken += [
        (*path[:at], RecordStep(other[step.side], step.sibling), *path[at + 1 :]) for at, step in enumerate(path)
    ]
    broken += [
        (*path[:at], RecordStep(step.side, Hash(sha256(step.sibling).digest())), *path[at + 1 :])
        for at, step in enumerate(path)
    ]
    for wrong in broken:
        with pytest.raises(RecordRootMismatch):
            verify_record(root, records[6], wrong)
    with pytest.raises(IndexError):
        record_path(records, 11)
