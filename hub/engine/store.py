"""The node's disk: the state, its tree, the blocks and their indexes, in RocksDB, written once a block and synced.

A block is two steps. ``prepare`` computes the app root that the state will have, before there is a header; ``commit``
writes all of the block in one synced batch, after which it may be acknowledged. A process that is killed at any instant
leaves the block before or the whole block, nothing between.

Readers take a ``view``: the state of one committed height, with its proofs, while the writer goes on. One thread
writes; any thread reads.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Self, cast
from weakref import WeakSet

import rocksdict
import structlog

from hub.engine import cells as names
from hub.engine.database import create_database, open_database, synced
from hub.engine.errors import BackupExists, BackupFailed, StalePreparation, StoreUnwritable
from hub.engine.view import View
from hub.proofs.smt import key_hash, leaf_hash, stands_in_tree, value_hash
from hub.quantities import Hash, Height
from hub.state.errors import BlockNotFound, EmptyTree, HeightNotRetained
from hub.state.tree import PAGE, Cache, Change, update_tree

log = structlog.get_logger("store")

COMMIT_STEPS = ("begun", "assembled", "written", "applied")
"""What the hook of a commit hears: nothing is done; the batch is in memory; it is durable; memory has caught up."""

_PRUNE_EVERY = 32
"""Heights whose undo records are dropped together: every dropped range costs readers a little until it is compacted."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """``retained``: for how many blocks behind the latest the state can still be read and proven, at least. Under full
    load a second makes several hundred; what a block of a hundred changed keys keeps for it is 180 kB among a hundred
    thousand keys, so that 1,024 of them are at most some 200 MB.

    ``cache_bytes``: for pages of the tree. ``at_step``: called with each of COMMIT_STEPS, for fault injection.
    """

    retained: int = 1_024
    cache_bytes: int = 64 * 2**20
    at_step: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a block does to the state, and the app root to which that leads. Valid until the next commit."""

    app_root: Hash
    follows: Height | None
    """The latest height when it was prepared, None before the genesis."""
    writes: Mapping[bytes, bytes | None]
    before: Mapping[bytes, bytes | None]


class Store:
    """One directory, held by one process."""

    def __init__(self, database: rocksdict.Rdict, options: StoreOptions) -> None:
        """Use ``create`` or ``open``."""
        self._database = database
        self._options = options
        self._scans: WeakSet[_Scan] = WeakSet()
        self._copying = Lock()
        self._cache = Cache(options.cache_bytes)
        self._cache.fill(self.scan(PAGE, PAGE + b"\xff"))
        self._synced = synced()
        height = database.get(names.META_HEIGHT)
        self._height = None if height is None else Height(int.from_bytes(height, "big"))
        self._newest = self._height or Height(0)
        self._oldest = Height(int.from_bytes(database.get(names.META_OLDEST) or b"", "big"))

    @classmethod
    def create(cls, path: Path, genesis: Hash, options: StoreOptions | None = None) -> Self:
        """A store with no block yet, for the chain of this genesis hash.

        Raises StoreExists, StoreInUse, StoreUnreadable, StoreUnwritable.
        """
        return cls(create_database(path, genesis), options or StoreOptions())

    @classmethod
    def open(cls, path: Path, genesis: Hash, options: StoreOptions | None = None) -> Self:
        """Raises StoreMissing, StoreInUse, StoreUnreadable, StoreUnwritable, UnknownStoreFormat, AnotherGenesis."""
        return cls(open_database(path, genesis), options or StoreOptions())

    def close(self) -> None:
        """No view or iterator of it may be used after; whoever still holds one does not keep the directory."""
        with self._copying:
            for scan in list(self._scans):
                scan.end()
            try:
                self._database.close()
            except Exception as error:  # rocksdict raises nothing more precise, and has let the directory go
                # After a write that failed it says so again. What was committed is on the disk: nothing is lost.
                log.warning("the store did not close as it should", detail=str(error))

    # --- writing: one thread ---

    def prepare(
        self, changes: Mapping[bytes, bytes | None], known: Mapping[bytes, bytes | None] = MappingProxyType({})
    ) -> Prepared:
        """The app root after ``changes`` (None deletes) to the latest state; nothing is written. Raises EmptyTree.

        ``known``: what has been read of the latest state already, and need not be looked up again.
        """
        writes: dict[bytes, bytes | None] = {}
        before: dict[bytes, bytes | None] = {}
        leaves: list[Change] = []
        unread = [key for key in changes if key not in known]
        found = self._database.get([names.ENTRY + key for key in unread]) or []
        looked_up = dict(zip(unread, found, strict=True))
        for key, new in changes.items():
            if new == (old := known[key] if key in known else looked_up[key]):
                continue
            writes[names.ENTRY + key] = new
            before[names.ENTRY + key] = old
            if not stands_in_tree(key):
                continue
            hashed = key_hash(key)
            leaves.append((hashed, None if new is None else leaf_hash(hashed, value_hash(key, new))))
            if old is None:
                writes[names.LEAF_KEY + hashed] = key
            elif new is None:
                writes[names.LEAF_KEY + hashed] = None
                before[names.LEAF_KEY + hashed] = key
        old_root = self._database.get(names.ROOT_HASH)
        root = old_root
        if leaves:
            leaves.sort()
            update = update_tree(self._database.get, self._cache, leaves)
            writes.update(update.writes)
            before.update(update.before)
            root = writes[names.ROOT_HASH] = update.root
            before[names.ROOT_HASH] = old_root
        if root is None:
            raise EmptyTree
        return Prepared(Hash(root), self._height, writes, before)

    def commit(
        self,
        prepared: Prepared,
        *,
        height: Height,
        block: bytes,
        tx_index: Iterable[tuple[bytes, int]] = (),
        event_keys: Iterable[tuple[bytes, int]] = (),
    ) -> None:
        """Write the block and all that it changed, durably. The first is height 0, each next one higher.

        ``tx_index``: transaction hashes and their places in the block. ``event_keys``: index keys and the places of the
        events that stand under them. Raises StalePreparation; ValueError for a height out of order; StoreUnwritable:
        nothing more can be committed until the store is opened again, and the block may be there then.
        """
        if prepared.follows != self._height:
            raise StalePreparation(str(prepared.follows), str(self._height))
        if height != (0 if self._height is None else self._height + 1):
            raise ValueError(f"block {height} cannot follow {self._height}")
        at_step = self._options.at_step
        at_step("begun")
        batch = self._batch(prepared, height)
        batch.put(names.BLOCK + names.u64(height), block)
        for transaction_hash, index in tx_index:
            batch.put(names.TRANSACTION + transaction_hash, names.place(height, index))
        for index_key, position in event_keys:
            batch.put(names.event_prefix(index_key) + names.place(height, position), b"\x01")
        oldest = self._drop_undo(batch, height)
        at_step("assembled")
        # Readers must look for this block's undo record before any of its cells can be seen (hub/engine/view.py).
        self._newest, self._oldest = height, oldest
        self._write(batch)
        at_step("written")
        self._height = height
        for cell, data in prepared.writes.items():
            if cell.startswith(PAGE):
                self._cache.put(cell, data)
        at_step("applied")

    def _write(self, batch: rocksdict.WriteBatch) -> None:
        try:
            self._database.write(batch, self._synced)
        except Exception as error:  # rocksdict raises nothing more precise
            raise StoreUnwritable(str(error)) from error

    def _batch(self, prepared: Prepared, height: Height) -> rocksdict.WriteBatch:
        batch = rocksdict.WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        for cell, data in prepared.writes.items():
            if data is None:
                delete(cell)
            else:
                put(cell, data)
        undo = names.undo_prefix(height)
        # There is no height before the genesis that anyone could ask for.
        for cell, data in prepared.before.items() if height else ():
            put(undo + cell, data or b"")
        put(names.META_HEIGHT, names.u64(height))
        return batch

    def _drop_undo(self, batch: rocksdict.WriteBatch, height: Height) -> Height:
        """Drop what has left the window, now and then; the oldest height that can still be read."""
        oldest = Height(height - self._options.retained)
        if oldest < self._oldest + _PRUNE_EVERY:
            return self._oldest
        batch.delete_range(names.undo_prefix(self._oldest), names.undo_prefix(Height(oldest + 1)))
        batch.put(names.META_OLDEST, names.u64(oldest))
        return oldest

    # --- reading: any thread ---

    @property
    def height(self) -> Height | None:
        """The latest committed height, None before the genesis."""
        return self._height

    @property
    def newest(self) -> Height:
        """No cell is of a higher block; there may be none of this one yet."""
        return self._newest

    @property
    def oldest(self) -> Height:
        """The oldest height whose state can be read and proven."""
        return self._oldest

    def view(self, height: Height | None = None) -> View:
        """The state of a committed height, the latest by default; raises BlockNotFound, HeightNotRetained."""
        latest = self._height
        if latest is None or (height is not None and not 0 <= height <= latest):
            raise BlockNotFound(Height(0) if height is None else height)
        if height is not None and height < self._oldest:
            raise HeightNotRetained(height, self._oldest)
        return View(self, latest if height is None else height)

    def block(self, height: Height) -> bytes:
        """Raises BlockNotFound."""
        data = self._database.get(names.BLOCK + names.u64(height)) if height >= 0 else None
        if data is None:
            raise BlockNotFound(height)
        return bytes(data)

    def transaction(self, transaction_hash: bytes) -> tuple[Height, int] | None:
        """Where it stands: height and index; None if it never came into a block."""
        data = self._database.get(names.TRANSACTION + transaction_hash)
        return None if data is None else names.read_place(data)

    def events(self, index_key: bytes, start: tuple[Height, int] = (Height(0), 0)) -> Iterator[tuple[Height, int]]:
        """Height and position of every event under ``index_key`` from ``start`` on, in order, as of now."""
        prefix = names.event_prefix(index_key)
        for cell, _ in self.scan(prefix + names.place(*start), prefix + b"\xff" * 12):
            yield names.read_place(cell[len(prefix) :])

    def get(self, cell: bytes) -> bytes | None:
        """A cell as it is now."""
        data: bytes | None = self._database.get(cell)
        return data

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Cells with ``start <= cell < end`` in order, as they are when this is called."""
        # No upper bound in the read options: rocksdict frees it while the iterator still uses it.
        scan = _Scan(cast(Iterator[tuple[bytes, bytes]], self._database.items(from_key=start)), end)
        self._scans.add(scan)
        return scan

    def backup(self, path: Path) -> None:
        """A copy of the store as it is now, while it runs: open it as any store. Raises BackupExists, BackupFailed.

        On the same file system it takes no room at first: files that do not change any more are linked.
        """
        if path.exists():
            raise BackupExists(str(path))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._copying:
                rocksdict.Checkpoint(self._database).create_checkpoint(str(path))
        except Exception as error:  # rocksdict raises nothing more precise
            raise BackupFailed(str(path), str(error)) from error


class _Scan:
    """Cells in order up to ``end``. RocksDB keeps its directory as long as an iterator of it lives, closed or not."""

    def __init__(self, cells: Iterator[tuple[bytes, bytes]], end: bytes) -> None:
        self._cells: Iterator[tuple[bytes, bytes]] | None = cells
        self._end = end

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[bytes, bytes]:
        if (cells := self._cells) is None:
            raise ValueError("the store has been closed")
        item = next(cells)
        if item[0] >= self._end:
            raise StopIteration
        return item

    def end(self) -> None:
        self._cells = None
