"""Private values on this node's disk: one file beside the ledger's store, which never sees them.

A value stands under the record for which it was given, and its salted hash: the hash alone is public, and whoever notes
it once more, for another record, must not be given the value for that. What is deleted is overwritten in the file.
"""

import sqlite3
import threading
from pathlib import Path
from typing import NamedTuple

from adapters.permissioned.ledger.private.errors import PrivateStoreUnusable
from hub.quantities import Hash, UnixSeconds

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept_values (
    place BLOB, salted_hash BLOB, salt BLOB NOT NULL, value BLOB NOT NULL, purge_at INTEGER NOT NULL,
    PRIMARY KEY (place, salted_hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_values_due ON kept_values (purge_at);
"""
_MAX_TIME = 2**63 - 1


class KeptValue(NamedTuple):
    """A value and its salt."""

    value: bytes
    salt: bytes


class PrivateStore:
    """Used from any thread. Raises PrivateStoreUnusable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA secure_delete = ON")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise PrivateStoreUnusable(str(path), str(error)) from error

    def put(self, place: bytes, salted_hash: Hash, kept: KeptValue, purge_at: UnixSeconds) -> None:
        """Keep a value, durably; the same again with a later time extends it. ``place``: of its record, by
        ``contracts.private.private_place``.
        """
        self._execute(
            "INSERT INTO kept_values VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (place, salted_hash) DO UPDATE SET purge_at = max(purge_at, excluded.purge_at)",
            place,
            salted_hash,
            kept.salt,
            kept.value,
            min(purge_at, _MAX_TIME),
        )

    def get(self, place: bytes, salted_hash: bytes) -> KeptValue | None:
        """What was given for just this record under just this hash."""
        query = "SELECT value, salt FROM kept_values WHERE place = ? AND salted_hash = ?"
        rows = self._execute(query, place, salted_hash)
        return KeptValue(*rows[0]) if rows else None

    def purge(self, now: UnixSeconds) -> int:
        """Delete what was to be kept until now or earlier; how many."""
        gone = self._execute("DELETE FROM kept_values WHERE purge_at <= ? RETURNING 1", min(now, _MAX_TIME))
        return len(gone)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _execute(self, statement: str, *values: bytes | int) -> list[tuple[bytes, bytes]]:
        try:
            with self._lock:
                return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise PrivateStoreUnusable(str(self._path), str(error)) from error
