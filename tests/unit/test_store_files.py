"""A store's files: whose they are, what of them is cut short or damaged, and their backups."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.engine import cells
from hub.engine.database import synced
from hub.engine.errors import (
    AnotherGenesis,
    BackupExists,
    BackupFailed,
    StoreExists,
    StoreInUse,
    StoreMissing,
    StoreUnreadable,
    UnknownStoreFormat,
)
from hub.engine.store import Store, StoreOptions
from hub.quantities import Hash
from hub.state.errors import TreeDamaged
from tests.unit.stored_chain import GENESIS, Chain, commit


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.create(tmp_path / "store", GENESIS, StoreOptions(retained=40))
    yield opened
    opened.close()


def test_a_store_belongs_to_one_genesis_one_process_and_one_format(tmp_path: Path) -> None:
    path = tmp_path / "a store"
    with pytest.raises(StoreMissing):
        Store.open(path, GENESIS)
    assert not path.exists()
    store = Store.create(path, GENESIS)
    commit(store, {b"key": b"value"})
    with pytest.raises(StoreInUse):
        Store.open(path, GENESIS)
    store.close()
    with pytest.raises(StoreExists):
        Store.create(path, GENESIS)
    with pytest.raises(AnotherGenesis):
        Store.open(path, Hash(b"\x08" * 32))
    again = Store.open(path, GENESIS)
    again._database.put(cells.META_FORMAT, (cells.FORMAT + 1).to_bytes(4, "big"))
    again.close()
    with pytest.raises(UnknownStoreFormat) as refusal:
        Store.open(path, GENESIS)
    assert (refusal.value.found, refusal.value.known) == (cells.FORMAT + 1, cells.FORMAT)


def test_who_still_holds_a_scan_of_a_closed_store_does_not_keep_it_in_use(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store", GENESIS)
    commit(store, {b"one": b"1", b"two": b"2"})
    scan, state = store.scan(b"", b"\xff"), store.view().scan(b"", b"\xff")
    next(scan)
    assert next(state) == (b"one", b"1")
    store.close()
    Store.open(tmp_path / "store", GENESIS).close()
    for held in (scan, state):
        with pytest.raises(ValueError, match="closed"):
            next(held)


def test_a_store_whose_creation_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store = Store.create(path, GENESIS)
    store._database.delete(cells.META_FORMAT, synced())
    store.close()
    with pytest.raises(StoreMissing):
        Store.open(path, GENESIS)
    Store.create(path, GENESIS).close()
    Store.open(path, GENESIS).close()


@pytest.mark.parametrize("current", [b"nonsense", b"MANIFEST-999999\n"])
def test_a_damaged_store_is_refused(tmp_path: Path, current: bytes) -> None:
    path = tmp_path / "BLOCKS"  # has a LOCK in its name, and in its folder
    store = Store.create(path, GENESIS)
    commit(store, {b"key": b"value"})
    store.close()
    (path / "CURRENT").write_bytes(current)
    with pytest.raises(StoreUnreadable):
        Store.open(path, GENESIS)


def test_a_tree_without_a_cell_is_refused(store: Store) -> None:
    commit(store, {b"quorum-0\x01%03d" % number: b"v" for number in range(200)})
    lost = next(cell for cell, _ in store.scan(b"b", b"c"))
    store._database.delete(lost)
    view = store.view()
    with pytest.raises(TreeDamaged):
        [view.prove(b"quorum-0\x01%03d" % number) for number in range(200)]


def test_a_backup_of_a_running_store_is_a_store(tmp_path: Path, store: Store) -> None:
    chain = Chain(store, seed=4)
    for _ in range(30):
        chain.block()
    backup = tmp_path / "backups" / "one"
    store.backup(backup)
    with pytest.raises(BackupExists):
        store.backup(backup)
    with pytest.raises(BackupFailed):
        store.backup(backup / "CURRENT" / "below a file")
    kept = len(chain.roots)
    for _ in range(60):
        chain.block()
    restored = Chain(Store.open(backup, GENESIS, StoreOptions(retained=40)), seed=5)
    restored.states, restored.roots = chain.states[:kept], chain.roots[:kept]
    assert restored.store.height == kept - 1
    for _ in range(5):
        restored.block()
    for height in range(restored.store.oldest, kept + 5):
        restored.check(height)
    restored.store.close()
