"""What this attestor has ever signed, synced to the disk before any signature leaves: never two hashes at one number.

It also remembers that a chain was halted, so that a restart does not forget that history changed under it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.evm.errors import AlreadySigned, ChainHalted
from hub.engine.guard import begin_file
from hub.quantities import Address, Epoch, Hash, Height
from relayers.errors import GuardUnusable

_VERSION = 1
_SCHEMA = f"""
CREATE TABLE headers (
    scope BLOB NOT NULL, number INTEGER NOT NULL, block_hash BLOB NOT NULL, PRIMARY KEY (scope, number)
) WITHOUT ROWID;
CREATE TABLE set_changes (
    scope BLOB NOT NULL, epoch INTEGER NOT NULL, next_set_hash BLOB NOT NULL, PRIMARY KEY (scope, epoch)
) WITHOUT ROWID;
CREATE TABLE halts (
    scope BLOB PRIMARY KEY, number INTEGER NOT NULL, signed_hash BLOB NOT NULL, found_hash BLOB NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""
KEPT = 100_000
"""Numbers that are remembered a client; below the oldest of them nothing is signed any more."""


@dataclass(frozen=True, slots=True)
class GuardScope:
    """Whose signatures these are, and for what."""

    attestor: Address
    hub_genesis_hash: Hash
    client: str

    def key(self) -> bytes:
        return bytes(self.attestor) + bytes(self.hub_genesis_hash) + self.client.encode()


class AttestorGuard:
    """One SQLite file; several processes may hold it."""

    def __init__(self, path: Path, *, begin: bool = True) -> None:
        """Open; with ``begin`` also begin where there is none. Raises GuardUnusable.

        A new guard has seen nothing: never begin one for a key that has signed already.
        """
        if not begin and not path.exists():
            raise GuardUnusable(str(path), "it is gone, and what was signed is not known: bring it back, or a new key")
        try:
            if not path.exists():
                begin_file(path, _SCHEMA)
            with ExitStack() as unless_kept:
                database = unless_kept.enter_context(
                    closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10))
                )
                database.execute("PRAGMA synchronous = FULL")
                version = database.execute("PRAGMA user_version").fetchone()[0]
                if version != _VERSION:
                    raise GuardUnusable(str(path), f"its version is {version}, {_VERSION} is known")
                unless_kept.pop_all()
            self._database = database
        except (OSError, sqlite3.DatabaseError) as error:
            raise GuardUnusable(str(path), str(error)) from error

    def nearest(self, scope: GuardScope, number: Height) -> tuple[Height, Hash] | None:
        """The signed header to compare the chain with before ``number`` is signed.

        It is the next one at or above it (which then must be its descendant), else the highest.
        """
        key = (scope.key(),)
        row = self._database.execute(
            "SELECT number, block_hash FROM headers WHERE scope = ? AND number >= ? ORDER BY number LIMIT 1",
            (*key, number),
        ).fetchone()
        row = (
            row
            or self._database.execute(
                "SELECT number, block_hash FROM headers WHERE scope = ? ORDER BY number DESC LIMIT 1", key
            ).fetchone()
        )
        return None if row is None else (Height(row[0]), Hash(row[1]))

    def admit_header(self, scope: GuardScope, number: Height, block_hash: Hash) -> None:
        """Write down that this header is about to be signed; raises AlreadySigned for another hash or a forgotten
        number.
        """
        with self._transaction():
            self._refuse_halted(scope)
            row = self._database.execute(
                "SELECT block_hash FROM headers WHERE scope = ? AND number = ?", (scope.key(), number)
            ).fetchone()
            if row is not None:
                if row[0] != block_hash:
                    raise AlreadySigned(scope.client, number, row[0])
                return
            if number < self._floor(scope):
                raise AlreadySigned(scope.client, number, b"")
            self._database.execute("INSERT INTO headers VALUES (?, ?, ?)", (scope.key(), number, bytes(block_hash)))

    def admit_set_change(self, scope: GuardScope, epoch: Epoch, next_set_hash: Hash) -> None:
        """As ``admit_header``, for the hand-over of an epoch."""
        with self._transaction():
            self._refuse_halted(scope)
            row = self._database.execute(
                "SELECT next_set_hash FROM set_changes WHERE scope = ? AND epoch = ?", (scope.key(), epoch)
            ).fetchone()
            if row is not None and row[0] != next_set_hash:
                raise AlreadySigned(scope.client, epoch, row[0])
            self._database.execute(
                "INSERT OR IGNORE INTO set_changes VALUES (?, ?, ?)", (scope.key(), epoch, bytes(next_set_hash))
            )

    def halt(self, scope: GuardScope, number: Height, signed_hash: Hash, found_hash: Hash) -> ChainHalted:
        """Sign nothing for this client any more; answers the error to raise."""
        with self._transaction():
            self._database.execute(
                "INSERT OR IGNORE INTO halts VALUES (?, ?, ?, ?)",
                (scope.key(), number, bytes(signed_hash), bytes(found_hash)),
            )
        return ChainHalted(scope.client, number, signed_hash, found_hash)

    def halted(self, scope: GuardScope) -> ChainHalted | None:
        """Why nothing is signed for this client, if so."""
        row = self._database.execute(
            "SELECT number, signed_hash, found_hash FROM halts WHERE scope = ?", (scope.key(),)
        ).fetchone()
        return None if row is None else ChainHalted(scope.client, Height(row[0]), row[1], row[2])

    def close(self) -> None:
        self._database.close()

    def _refuse_halted(self, scope: GuardScope) -> None:
        if (halted := self.halted(scope)) is not None:
            raise halted

    def _floor(self, scope: GuardScope) -> int:
        """Give up the oldest numbers beyond what is kept; below the answer nothing new is signed."""
        row = self._database.execute(
            "SELECT number FROM headers WHERE scope = ? ORDER BY number DESC LIMIT 1 OFFSET ?", (scope.key(), KEPT - 1)
        ).fetchone()
        if row is None:
            return 0
        self._database.execute("DELETE FROM headers WHERE scope = ? AND number < ?", (scope.key(), row[0]))
        return int(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk has ended it already
                self._database.execute("ROLLBACK")
            raise
