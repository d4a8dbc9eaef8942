"""Private values on this node's disk: one file beside the ledger's store, which never sees them.

A value stands under the record for which it was given, and its salted hash: the hash alone is public, and whoever notes
it once more, for another record, must not be given the value for that. What is deleted is overwritten in the file.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from adapters.permissioned.ledger.private.errors import PrivateStoreUnusable
from hub.quantities import Hash, UnixSeconds

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept_values (
    place BLOB, salted_hash BLOB, salt BLOB NOT NULL, value BLOB NOT NULL, purge_at INTEGER NOT NULL,
    keepers TEXT NOT NULL,
    PRIMARY KEY (place, salted_hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_values_due ON kept_values (purge_at);
"""
_MAX_TIME = 2**63 - 1
WRITE_STEPS = ("begun", "changed", "written")
"""What the hook of a change hears, after ``put`` or ``purge``: nothing is done; it is not durable yet; it is.

A purge in which nothing is due has the first alone.
"""


class KeptValue(NamedTuple):
    """A value, its salt, and the organisations that it was meant for when it was given."""

    value: bytes
    salt: bytes
    keepers: tuple[str, ...]


class PrivateStore:
    """Used from any thread. Raises PrivateStoreUnusable. ``at_step``: called with each step, for fault injection."""

    def __init__(self, path: Path, at_step: Callable[[str], None] = lambda _: None) -> None:
        self._path = path
        self._at_step = at_step
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            with ExitStack() as unless_kept:
                database = unless_kept.enter_context(
                    closing(sqlite3.connect(path, check_same_thread=False, isolation_level=None))
                )
                database.execute("PRAGMA secure_delete = ON")
                database.execute("PRAGMA synchronous = FULL")
                database.executescript(_SCHEMA)
                unless_kept.pop_all()
            self._database = database
        except (OSError, sqlite3.Error) as error:
            raise PrivateStoreUnusable(str(path), str(error)) from error

    def put(self, place: bytes, salted_hash: Hash, kept: KeptValue, purge_at: UnixSeconds) -> None:
        """Keep a value, durably; given again, by who has it, it is for the keepers of then, and with a later time for
        longer. ``place``: of its record, by ``contracts.private.private_place``.
        """
        self._change(
            "put",
            "INSERT INTO kept_values VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (place, salted_hash)"
            " DO UPDATE SET keepers = excluded.keepers, purge_at = max(purge_at, excluded.purge_at)"
            " RETURNING 1",
            place,
            salted_hash,
            kept.salt,
            kept.value,
            min(purge_at, _MAX_TIME),
            ",".join(kept.keepers),
        )

    def get(self, place: bytes, salted_hash: bytes) -> KeptValue | None:
        """What was given for just this record under just this hash."""
        query = "SELECT value, salt, keepers FROM kept_values WHERE place = ? AND salted_hash = ?"
        with self._asking() as database:
            rows = database.execute(query, (place, salted_hash)).fetchall()
        return KeptValue(rows[0][0], rows[0][1], tuple(rows[0][2].split(","))) if rows else None

    def purge(self, now: UnixSeconds) -> int:
        """Delete what was to be kept until now or earlier; how many."""
        statement = "DELETE FROM kept_values WHERE purge_at <= ? RETURNING 1"
        return self._change("purge", statement, min(now, _MAX_TIME))

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _change(self, what: str, statement: str, *values: bytes | int | str) -> int:
        """Do it in one durable step; how many values were changed."""
        with self._asking() as database:
            self._at_step(f"{what} begun")
            database.execute("BEGIN IMMEDIATE")
            with database:  # commits, or takes all back
                changed = len(database.execute(statement, values).fetchall())
                if changed:
                    self._at_step(f"{what} changed")
            if changed:
                self._at_step(f"{what} written")
        return changed

    @contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._database
        except sqlite3.Error as error:
            raise PrivateStoreUnusable(str(self._path), str(error)) from error


def copy_values(store: Path, destination: Path) -> None:
    """All values as they are now, into a new file that is its owner's alone, while a node uses the store or not.

    Raises PrivateStoreUnusable.
    """
    try:
        os.close(os.open(destination, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(destination)) as copy:
            source.backup(copy)
    except (OSError, sqlite3.Error) as error:
        raise PrivateStoreUnusable(str(store), str(error)) from error
