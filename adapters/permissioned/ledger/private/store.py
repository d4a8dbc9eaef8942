"""Private values on this node's disk: one file beside the ledger's store, which never sees them.

A value stands under its salted hash. What is deleted is overwritten in the file.
"""

import sqlite3
import threading
from pathlib import Path
from typing import NamedTuple

from adapters.permissioned.ledger.private.errors import PrivateStoreUnusable
from hub.quantities import Hash, UnixSeconds

_SCHEMA = """
CREATE TABLE IF NOT EXISTS private_values (
    salted_hash BLOB PRIMARY KEY, salt BLOB NOT NULL, value BLOB NOT NULL, purge_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS private_values_due ON private_values (purge_at);
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

    def put(self, salted_hash: Hash, kept: KeptValue, purge_at: UnixSeconds) -> None:
        """Keep a value, durably; the same again with a later time extends it."""
        self._execute(
            "INSERT INTO private_values VALUES (?, ?, ?, ?)"
            " ON CONFLICT (salted_hash) DO UPDATE SET purge_at = max(purge_at, excluded.purge_at)",
            salted_hash,
            kept.salt,
            kept.value,
            min(purge_at, _MAX_TIME),
        )

    def get(self, salted_hash: bytes) -> KeptValue | None:
        rows = self._execute("SELECT value, salt FROM private_values WHERE salted_hash = ?", salted_hash)
        return KeptValue(*rows[0]) if rows else None

    def purge(self, now: UnixSeconds) -> int:
        """Delete what was to be kept until now or earlier; how many."""
        gone = self._execute("DELETE FROM private_values WHERE purge_at <= ? RETURNING 1", min(now, _MAX_TIME))
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
