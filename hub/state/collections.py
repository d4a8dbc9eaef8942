"""Typed keyed maps over the byte-keyed state.

Every collection has a one-byte room of its own (``Room``), so that no key can be read as another's. IBC paths stand
outside the rooms as they are: they begin with a letter, a room is below 0x40.
Records are msgspec structs, ``array_like``, as msgpack: one canonical encoding of each value.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum
from functools import lru_cache
from typing import Generic, TypeVar

import msgspec

from hub.proofs import smt
from hub.state.branch import Branch, StateReader

R = TypeVar("R")


class Room(IntEnum):
    """The first byte of a key. A number is never used for a second thing."""

    BLOCK_HASHES = 0x01
    VALIDATORS = 0x02
    PARAMETERS = 0x03
    HEAD = 0x04
    INDEXES = smt.INDEXES
    """Before the room of what is indexed: in the state, but not in its tree, for they follow from its records."""
    ACCOUNTS = 0x08
    ROLES = 0x09
    SUPPLY = 0x0A
    CLIENTS = 0x10
    CLIENT_STATES = 0x11
    CONSENSUS_STATES = 0x12
    CLIENT_COUNTERS = 0x13
    CLIENT_REPLACEMENTS = 0x14
    COUNTERPARTIES = 0x15
    DOMAIN_CHANGES = 0x16
    FORMER_DOMAINS = 0x17
    LANES = 0x18
    LANE_NUMBERS = 0x19
    NEXT_SEQUENCES = 0x1A
    PENDING_PACKETS = 0x1B
    OUTBOX = 0x1C
    SERVICE_DEFINITIONS = 0x20
    SERVICE_BINDINGS = 0x21
    SERVICE_REQUESTS = 0x22
    SERVICE_DUE = 0x24
    SERVICE_RATES = 0x25
    FEEDS = 0x28
    ROTATION_CHECKPOINTS = 0x30


def u64(number: int) -> bytes:
    """A number as a key part that sorts as the number does."""
    return number.to_bytes(8, "big")


@lru_cache(4096)
def text(value: str) -> bytes:
    """A string as a key part that no other string's is a prefix of: its length as one byte, then itself."""
    data = value.encode()
    return bytes((len(data),)) + data


class Records(Generic[R]):
    """A map from byte keys to records of one type, in one room."""

    __slots__ = ("_decode", "_encode", "_room")

    def __init__(self, room: IntEnum, record: type[R], *, remembered: int = 0) -> None:
        """``room``: one of ``Room``, or of the rooms that a chain has beside them. ``remembered``: how many decoded
        records are kept, for those that are read more often than written."""
        self._room = bytes((room,))
        decode: Callable[[bytes], R] = msgspec.msgpack.Decoder(record).decode
        self._decode = lru_cache(remembered)(decode) if remembered else decode
        self._encode = msgspec.msgpack.Encoder().encode

    def get(self, state: StateReader, key: bytes) -> R | None:
        data = state.get(self._room + key)
        return None if data is None else self._decode(data)

    def has(self, state: StateReader, key: bytes) -> bool:
        return state.get(self._room + key) is not None

    def put(self, state: Branch, key: bytes, record: R) -> None:
        state.put(self._room + key, self._encode(record))

    def delete(self, state: Branch, key: bytes) -> None:
        state.delete(self._room + key)

    def scan(self, state: StateReader, prefix: bytes = b"", after: bytes | None = None) -> Iterator[tuple[bytes, R]]:
        """Keys (without the room) and records under ``prefix``, in key order, beyond ``after`` where it is given."""
        start = self._room + (prefix if after is None else max(prefix, after + b"\x00"))
        for key, data in state.scan(start, _end(self._room + prefix)):
            yield key[1:], self._decode(data)


def _end(prefix: bytes) -> bytes:
    """The first key beyond all that begin with ``prefix``."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes((stripped[-1] + 1,))
