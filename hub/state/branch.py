"""The state as all core code sees it: byte keys to non-empty byte values, and branches, kept or dropped."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

from hub.state.errors import EmptyValue


class StateReader(Protocol):
    """A state at one moment."""

    def get(self, key: bytes) -> bytes | None:
        """The value under ``key``, None if there is none."""
        ...

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values, ``start <= key < end``, in byte order. Not to be written to while it runs."""
        ...


class Branch:
    """Writes kept in memory over a state that does not change meanwhile.

    ``keep`` hands them to the branch below; a branch that is simply forgotten changes nothing. The lowest branch of a
    block is committed by the engine from ``changes``.
    """

    __slots__ = ("_below", "_changes", "_order")

    def __init__(self, below: StateReader) -> None:
        self._below = below
        self._changes: dict[bytes, bytes | None] = {}
        self._order: list[bytes] | None = None

    def get(self, key: bytes) -> bytes | None:
        if key in self._changes:
            return self._changes[key]
        return self._below.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Write; raises EmptyValue."""
        if not value:
            raise EmptyValue(key)
        self._note(key)
        self._changes[key] = value

    def delete(self, key: bytes) -> None:
        """Remove; a key that is not there is left so."""
        self._note(key)
        self._changes[key] = None

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        order = self._sorted_keys()
        mine = order[bisect_left(order, start) : bisect_left(order, end)]
        at = 0
        for key, value in self._below.scan(start, end):
            while at < len(mine) and mine[at] < key:
                if (written := self._changes[mine[at]]) is not None:
                    yield mine[at], written
                at += 1
            if at == len(mine) or mine[at] != key:
                yield key, value
        for key in mine[at:]:
            if (written := self._changes[key]) is not None:
                yield key, written

    def branch(self) -> "Branch":
        """A branch of this one."""
        return Branch(self)

    def keep(self) -> None:
        """Hand all writes to the branch below and begin anew; the lowest branch cannot be kept (TypeError)."""
        if not isinstance(self._below, Branch):
            raise TypeError("the lowest branch is committed by the engine")
        for key, value in self._changes.items():
            self._below._note(key)
            self._below._changes[key] = value
        self._changes.clear()
        self._order = None

    @property
    def changes(self) -> Mapping[bytes, bytes | None]:
        """What was written since, None for a deletion, in the order of first writing."""
        return self._changes

    def _note(self, key: bytes) -> None:
        if self._order is not None and key not in self._changes:
            insort(self._order, key)

    def _sorted_keys(self) -> list[bytes]:
        if self._order is None:
            self._order = sorted(self._changes)
        return self._order


MOST_REMEMBERED = 100_000
"""Keys. Whoever sends much that is refused, and has as many looked up that are not there, takes ten megabytes until
the next block but one."""
MOST_REMEMBERED_BYTES = 64 * 2**20
"""Of the values under them."""


class Remembered:
    """A state that does not change meanwhile, each key of which is read at most once: from one block to the next.

    What is beyond ``MOST_REMEMBERED`` keys or ``MOST_REMEMBERED_BYTES`` is read as often as it is asked for. Several
    threads may read.
    """

    __slots__ = ("_before", "_below", "_size", "_values")

    def __init__(self, below: StateReader, before: Mapping[bytes, bytes | None] = MappingProxyType({})) -> None:
        """``before``: what is known of ``below`` without reading it."""
        self._below = below
        self._before = before
        self._values: dict[bytes, bytes | None] = {}
        self._size = 0

    def get(self, key: bytes) -> bytes | None:
        if key in self._values:
            return self._values[key]
        value = self._before[key] if key in self._before else self._below.get(key)
        if len(self._values) < MOST_REMEMBERED and self._size < MOST_REMEMBERED_BYTES:
            self._values[key] = value
            self._size += len(value or b"")
        return value

    def after(self, changes: Mapping[bytes, bytes | None], below: StateReader) -> "Remembered":
        """``below``, which is this state with ``changes``: what was read of this one is not read of it again."""
        before = self._values.copy()
        before.update((key, changes[key]) for key in before.keys() & changes.keys())
        return Remembered(below, before)

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        return self._below.scan(start, end)

    @property
    def values(self) -> Mapping[bytes, bytes | None]:
        """What has been read by key so far, None where there is nothing."""
        return self._values


class MemoryState:
    """A state held in a dict, for tests and for a genesis."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[bytes, bytes] | None = None) -> None:
        self._entries = dict(entries or {})

    def get(self, key: bytes) -> bytes | None:
        return self._entries.get(key)

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        yield from ((key, self._entries[key]) for key in sorted(self._entries) if start <= key < end)

    def apply(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Write a branch's changes."""
        for key, value in changes.items():
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = value
