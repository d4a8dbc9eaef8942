"""What this validator has ever signed, kept outside the node's store: no restored backup can make it sign twice.

One block hash a height, in a small SQLite file that is synced to the disk before any signature leaves. A height is
signed only if

- it was signed before with just this hash, or
- a signed height at or above it stands in this node's chain with just the hash that was signed, so that the block is
  its ancestor, or
- it is above all signed heights, and the highest of them stands in this node's chain with just the hash that was
  signed.

So a node whose store is older than its guard, or forked from it, signs nothing that another chain could be built upon.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from hub.engine.errors import CheckpointWithheld, GuardDamaged, GuardExists, GuardMissing
from hub.quantities import Address, Hash, Height

HashAt = Callable[[Height], Hash | None]
"""The hash of this node's own block at a height, None where it has none."""

_VERSION = 1
_SCHEMA = f"""
CREATE TABLE signed (
    validator BLOB NOT NULL, genesis BLOB NOT NULL, height INTEGER NOT NULL, block_hash BLOB NOT NULL,
    PRIMARY KEY (validator, genesis, height)
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""


class Guard:
    """The signatures of one validator on one chain. Several processes may hold the same file."""

    def __init__(self, path: Path, validator: Address, genesis: Hash) -> None:
        """Open an existing guard; raises GuardMissing, GuardDamaged."""
        self._key = (bytes(validator), bytes(genesis))
        self._database = _opened(path)
        self._one_at_a_time = Lock()

    @classmethod
    def create(cls, path: Path, validator: Address, genesis: Hash) -> "Guard":
        """Begin a guard that has seen nothing: at a chain's genesis only. Raises GuardExists."""
        if path.exists():
            raise GuardExists(str(path))
        begin_file(path, _SCHEMA)
        return cls(path, validator, genesis)

    def admit(self, height: Height, block_hash: Hash, hash_at: HashAt) -> None:
        """Write down, durably, that this block is about to be signed; raises CheckpointWithheld."""
        with self._one_at_a_time, self._transaction():
            if self._must_refuse(height, block_hash, hash_at):
                raise CheckpointWithheld(height, block_hash)
            self._database.execute(
                "INSERT OR IGNORE INTO signed VALUES (?, ?, ?, ?)", (*self._key, height, bytes(block_hash))
            )

    def highest(self) -> Height | None:
        """The highest height ever signed."""
        found = self._nearest("MAX(height)", 0)
        return None if found is None else found[0]

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Kept whole and synced, or dropped; no other process comes between."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk has ended it already
                self._database.execute("ROLLBACK")
            raise

    def _must_refuse(self, height: Height, block_hash: Hash, hash_at: HashAt) -> bool:
        above = self._nearest("MIN(height)", height)
        if above is not None and above[0] == height:
            return above[1] != block_hash
        anchor = above or self._nearest("MAX(height)", 0)
        return anchor is not None and hash_at(anchor[0]) != anchor[1]

    def _nearest(self, which: str, at_least: int) -> tuple[Height, Hash] | None:
        row = self._database.execute(
            f"SELECT {which}, block_hash FROM signed WHERE validator = ? AND genesis = ? AND height >= ?",  # noqa: S608
            (*self._key, at_least),
        ).fetchone()
        return None if row[0] is None else (Height(row[0]), Hash(row[1]))


def begin_file(path: Path, schema: str) -> None:
    """A new file of its owner's alone, whole or not at all: one that was cut short could be a guard that lost all."""
    fresh = path.with_name(path.name + ".new")
    for left in (fresh, fresh.with_name(fresh.name + "-journal")):
        left.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as database:
        database.executescript(f"BEGIN EXCLUSIVE;{schema}COMMIT;")
    fresh.rename(path)


def highest_signed(path: Path, genesis: Hash) -> Height | None:
    """The highest height of a chain that any validator has signed by the guard there; raises GuardMissing,
    GuardDamaged.
    """
    with closing(_opened(path)) as database:
        row = database.execute("SELECT MAX(height) FROM signed WHERE genesis = ?", (bytes(genesis),)).fetchone()
    return None if row[0] is None else Height(row[0])


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise GuardMissing(str(path))
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        database.execute("PRAGMA synchronous = FULL")
        version = database.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        database.close()
        raise GuardDamaged(str(path), str(error)) from error
    if version != _VERSION:
        database.close()
        raise GuardDamaged(str(path), f"its version is {version}, {_VERSION} is known")
    return database
