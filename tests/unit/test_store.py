"""The store: commits, views of past heights, proofs, indexes, and readers beside the writer."""

import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from hub.engine import cells
from hub.engine.errors import StalePreparation
from hub.engine.store import Store, StoreOptions
from hub.proofs.ics23 import ExistenceProof, NonExistenceProof
from hub.proofs.smt import inner_hash, key_hash, leaf_hash, value_hash
from hub.quantities import Height
from hub.state.errors import BlockNotFound, EmptyTree, HeightNotRetained
from tests.unit.stored_chain import GENESIS, Chain, Changes, check_proof, commit


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.create(tmp_path / "store", GENESIS, StoreOptions(retained=40))
    yield opened
    opened.close()


def test_every_retained_height_reads_and_proves_as_it_was(tmp_path: Path) -> None:
    path, options = tmp_path / "store", StoreOptions(retained=40)
    chain = Chain(Store.create(path, GENESIS, options), seed=1)
    for height in range(120):
        chain.block()
        if height % 23 == 0:
            chain.store.close()
            chain.store = Store.open(path, GENESIS, options)
        if height % 30 == 29:
            for past in range(chain.store.oldest, height + 1):
                chain.check(past)
    assert 119 - 40 - 32 <= chain.store.oldest <= 119 - 40
    leaf_keys = [key for _, key in chain.store.scan(cells.LEAF_KEY, cells.LEAF_KEY + b"\xff" * 33)]
    assert sorted(leaf_keys) == sorted(key for key in chain.states[-1] if key[0] != 5)
    chain.store.close()


def test_a_height_that_is_gone_or_to_come_is_refused(store: Store) -> None:
    with pytest.raises(BlockNotFound):
        store.view()
    chain = Chain(store, seed=2)
    for _ in range(100):
        chain.block()
    early = store.view(store.oldest)
    for height in (-1, 100):
        with pytest.raises(BlockNotFound):
            store.view(Height(height))
    with pytest.raises(HeightNotRetained):
        store.view(Height(store.oldest - 1))
    for _ in range(40):
        chain.block()
    for read in (
        lambda: early.get(b"\x01"),
        lambda: early.scan(b"", b"\xff"),
        lambda: early.prove(b"q"),
        lambda: early.app_root,
    ):
        with pytest.raises(HeightNotRetained):
            read()


def test_undo_records_do_not_pile_up(store: Store) -> None:
    chain = Chain(store, seed=3)
    for _ in range(150):
        chain.block()
    heights = {int.from_bytes(cell[1:9], "big") for cell, _ in store.scan(cells.UNDO, cells.UNDO + b"\xff")}
    assert min(heights) == store.oldest + 1


def test_the_root_is_known_before_the_block_and_preparing_changes_nothing(store: Store) -> None:
    commit(store, {b"quorum-0": b"1"})
    before = list(store.scan(b"", b"\xff"))
    first, second = store.prepare({b"quorum-1": b"2"}), store.prepare({b"quorum-2": b"3"})
    assert list(store.scan(b"", b"\xff")) == before
    assert first.app_root != second.app_root
    store.commit(second, height=Height(1), block=b"")
    assert store.view().app_root == second.app_root
    with pytest.raises(StalePreparation):
        store.commit(first, height=Height(2), block=b"")
    again = store.prepare({b"quorum-1": b"2"})
    with pytest.raises(ValueError, match="cannot follow"):
        store.commit(again, height=Height(3), block=b"")
    store.commit(again, height=Height(2), block=b"")


def test_what_is_known_of_the_state_is_not_looked_up_and_changes_nothing_of_what_is_prepared(store: Store) -> None:
    commit(store, {b"quorum-0": b"1", b"quorum-1": b"2", b"\x08x": b"3"})
    changes: Changes = {b"quorum-0": b"9", b"quorum-1": None, b"quorum-2": b"4", b"\x08x": b"3", b"\x08y": None}
    known = {key: store.view().get(key) for key in changes}
    expected = store.prepare(changes)
    for left_out in (*changes, None):
        some = {key: value for key, value in known.items() if key != left_out}
        assert store.prepare(changes, some) == expected
    store.commit(store.prepare(changes, known), height=Height(1), block=b"")
    assert {key: store.view().get(key) for key in changes} == {**known, **changes}
    assert {key: store.view(Height(0)).get(key) for key in changes} == known
    seen: list[bytes] = []
    database = store._database
    store._database = cast(Any, _Spied(database, seen))
    try:
        store.prepare({b"quorum-0": b"8", b"quorum-7": b"7"}, {b"quorum-0": b"9"})
    finally:
        store._database = database
    assert cells.ENTRY + b"quorum-7" in seen
    assert cells.ENTRY + b"quorum-0" not in seen


class _Spied:
    """A database that notes what is looked up."""

    def __init__(self, database: Any, seen: list[bytes]) -> None:
        self._database = database
        self._seen = seen

    def get(self, cells: bytes | list[bytes]) -> Any:
        self._seen += cells if isinstance(cells, list) else [cells]
        return self._database.get(cells)


def test_a_block_that_changes_nothing_keeps_the_root(store: Store) -> None:
    with pytest.raises(EmptyTree):
        store.prepare({})
    root = commit(store, {b"quorum-0": b"1", b"\x08x": b"2"})
    assert commit(store, {}) == root
    assert commit(store, {b"quorum-0": b"1", b"\x09absent": None}) == root
    assert commit(store, {b"\x05index": b"entry"}) == root
    prepared = store.prepare({b"quorum-0": b"1"})
    assert not prepared.writes
    with pytest.raises(EmptyTree):
        store.prepare({b"quorum-0": None, b"\x08x": None, b"\x05index": b"another"})


def test_blocks_transactions_and_events_are_found(store: Store) -> None:
    for height in range(5):
        commit(
            store,
            {b"key": b"%d" % height},
            tx_index=[(sha256(b"%d %d" % (height, index)).digest(), index) for index in range(3)],
            event_keys=[(b"packet", 1), (b"packet", 7), (b"packets", 2), (b"\xff" * 300, height)],
        )
    assert [store.block(Height(height)) for height in range(5)] == [b"block %d" % height for height in range(5)]
    for height in (-1, 5):
        with pytest.raises(BlockNotFound):
            store.block(Height(height))
    assert store.transaction(sha256(b"3 2").digest()) == (3, 2)
    assert store.transaction(sha256(b"3 3").digest()) is None
    assert list(store.events(b"packet")) == [(height, at) for height in range(5) for at in (1, 7)]
    assert list(store.events(b"packet", (Height(3), 7))) == [(3, 7), (4, 1), (4, 7)]
    assert list(store.events(b"packets", (Height(4), 0))) == [(4, 2)]
    assert list(store.events(b"\xff" * 300)) == [(height, height) for height in range(5)]
    assert not list(store.events(b"pack"))


def test_a_scan_is_of_the_moment_when_it_began(store: Store) -> None:
    commit(store, {b"\x08%03d" % number: b"old" for number in range(300)})
    view = store.view()
    scan = view.scan(b"\x08", b"\x09")
    assert next(scan) == (b"\x08000", b"old")
    commit(store, {b"\x08%03d" % number: [None, b"new"][number % 2] for number in range(400)})
    assert [value for _, value in scan] == [b"old"] * 299
    assert list(view.scan(b"\x08", b"\x09")) == [(b"\x08%03d" % number, b"old") for number in range(300)]
    assert len(list(store.view().scan(b"\x08", b"\x09"))) == 200


def test_many_scans_at_once_end_where_they_should(store: Store) -> None:
    commit(store, {bytes((room, number)): b"v" for room in range(1, 9) for number in range(40)})
    view = store.view()
    scans = {room: view.scan(bytes((room,)), bytes((room, 20))) for room in range(1, 9)}
    assert {room: len(list(scan)) for room, scan in scans.items()} == dict.fromkeys(range(1, 9), 20)


def test_readers_see_one_height_while_the_writer_goes_on(tmp_path: Path) -> None:
    """Every state holds the same number under many keys; a reader that mixed two heights would see two numbers."""
    store = Store.create(tmp_path / "store", GENESIS, StoreOptions(retained=2000))
    keys = [b"quorum-0\x01%03d" % number for number in range(20)] + [b"\x08%03d" % number for number in range(20)]
    commit(store, dict.fromkeys(keys, b"\x01"))
    done, faults, checks = threading.Event(), [], [0, 0, 0]

    def read(reader: int) -> None:
        random = Random(reader)
        try:
            while not done.is_set():
                view = store.view()
                number = view.get(keys[0])
                assert {view.get(key) for key in keys} == {number}
                assert {value for _, value in view.scan(b"\x08", b"\x09")} == {number}
                check_proof(view, random.choice(keys))
                assert number == (view.height + 1).to_bytes(2, "big").lstrip(b"\x00")
                checks[reader] += 1
        except BaseException as fault:
            faults.append(fault)

    readers = [threading.Thread(target=read, args=(number,)) for number in range(3)]
    for reader in readers:
        reader.start()
    while min(checks) < 20 and not faults and (store.height or 0) < 1500:
        number = ((store.height or 0) + 2).to_bytes(2, "big").lstrip(b"\x00")
        commit(store, dict.fromkeys(keys, number))
    done.set()
    for reader in readers:
        reader.join()
    store.close()
    assert not faults
    assert min(checks) > 0


class Interposed:
    """A database that is read just before and just after a block appears in it."""

    def __init__(self, database: Any, read: Callable[[], None]) -> None:
        self._database = database
        self._read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def write(self, *arguments: object) -> None:
        self._read()
        self._database.write(*arguments)
        self._read()


def test_a_view_holds_while_the_next_block_appears(store: Store) -> None:
    keys = [b"quorum-0\x01%03d" % number for number in range(50)]
    root = commit(store, dict.fromkeys(keys, b"old"))
    view, reads = store.view(), list[int]()

    def read() -> None:
        reads.append(store.height or 0)
        assert view.app_root == root
        assert {view.get(key) for key in keys} == {value for _, value in view.scan(b"q", b"r")} == {b"old"}
        check_proof(view, keys[7])

    store._database = cast(Any, Interposed(store._database, read))
    commit(store, {**dict.fromkeys(keys, b"new"), keys[7]: None})
    assert reads == [0, 0]


def fold(proof: ExistenceProof) -> bytes:
    node = leaf_hash(sha256(proof.key).digest(), sha256(proof.value).digest())
    for step in proof.path:
        node = sha256(step.prefix + node + step.suffix).digest()
    return node


def test_ics23_proofs(store: Store) -> None:
    state = {b"quorum-0\x01%02d" % number: b"c" * 32 for number in range(60)} | {b"\x08a": b"secret", b"\x09b": b"2"}
    root = commit(store, dict(state))
    view = store.view()
    for key, value in state.items():
        proof = view.prove_ics23(key)
        assert isinstance(proof, ExistenceProof)
        assert fold(proof) == root
        assert (proof.key, proof.value) == (
            (key, value) if key[0] >= 0x40 else (b"\x00" + sha256(key).digest(), sha256(value).digest())
        )
    order = sorted(key_hash(key) for key in state)
    for number in range(100):
        absent = b"quorum-9\x02%02d" % number
        proof = view.prove_ics23(absent)
        assert isinstance(proof, NonExistenceProof)
        assert proof.key == absent
        for neighbour, expected in (
            (proof.left, max((key for key in order if key < key_hash(absent)), default=None)),
            (proof.right, min((key for key in order if key > key_hash(absent)), default=None)),
        ):
            assert (neighbour and sha256(neighbour.key).digest()) == expected
            assert neighbour is None or fold(neighbour) == root
    assert b"secret" not in b"".join(view.prove_ics23(b"quorum-9\x02%02d" % n).__repr__().encode() for n in range(100))


def test_one_leaf_is_proven(store: Store) -> None:
    root = commit(store, {b"quorum-0\x01": b"1"})
    assert (
        root == leaf_hash(key_hash(b"quorum-0\x01"), value_hash(b"quorum-0\x01", b"1")) != inner_hash(bytes(32), root)
    )
    check_proof(store.view(), b"quorum-0\x01")
    check_proof(store.view(), b"quorum-0\x02")
