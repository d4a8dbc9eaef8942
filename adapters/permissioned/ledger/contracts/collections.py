"""Typed collections of a contract: records by key, secondary indexes that keep in step, lists in pages.

    readings = Collection("readings", Reading, key=("meter", "day"), indexes={"by day": ("day",)})

A collection stands in the class of a contract and holds no data; read from an instance, it is what the contract may do
with it in this one invocation.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, overload

import msgspec

from adapters.permissioned.ledger.contracts.errors import (
    CollectionVersionUnknown,
    InvalidContract,
    KeyRefused,
    PageTokenRefused,
    RecordExists,
    RecordNotFound,
    ValueNotStorable,
)
from adapters.permissioned.ledger.contracts.events import RecordDeleted, RecordWritten
from adapters.permissioned.ledger.contracts.ground import DataRoom, Ground
from adapters.permissioned.ledger.contracts.keys import KeyPart, beyond, encode_key, key_text
from adapters.permissioned.ledger.contracts.values import Record, read_stored_form, stored_form, unsuitable
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.state.collections import Room, text

R = TypeVar("R", bound=Record)

MAX_PAGE = 500
"""Records on one page."""


class Page(Record, frozen=True):
    """Which part of a list: at most ``size`` records, beyond where the page that gave ``token`` ended."""

    size: int = 100
    token: bytes = b""


FIRST_PAGE = Page()


class Found(NamedTuple, Generic[R]):
    """A page of a list; ``next_token`` is empty on the last one."""

    records: tuple[R, ...]
    next_token: bytes


Index: TypeAlias = tuple[str, ...] | Callable[[Any], Iterable[tuple[KeyPart, ...]]]
"""Names of fields, or what gives all places of a record in the index."""


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """A record as it stands in the state: which version of its type, itself, and its places in the indexes, so that
    they can be taken away whatever the contract's code has become."""

    version: int
    record: msgspec.Raw
    entries: tuple[bytes, ...]


_encode = msgspec.msgpack.Encoder().encode
_read_stored = msgspec.msgpack.Decoder(_Stored).decode


@dataclass(frozen=True, slots=True)
class Earlier(Generic[R]):
    """How records of an earlier version are read: by their type then, and made what they are now."""

    kind: type[Any]
    convert: Callable[[Any], R]


class Collection(Generic[R]):
    """A map from keys to records of one type, in the class of a contract."""

    __slots__ = ("earlier", "indexes", "key", "kind", "name", "version")

    def __init__(
        self,
        name: str,
        kind: type[R],
        *,
        key: tuple[str, ...],
        indexes: Mapping[str, Index] | None = None,
        version: int = 1,
        earlier: Mapping[int, Earlier[R]] | None = None,
    ) -> None:
        """``key``: the fields that make the key; ``version``: of ``kind``, raised when it changes otherwise than by a
        field with a default at its end. Raises InvalidContract."""
        fields = kind.__struct_fields__
        named = [*key, *(field for index in (indexes or {}).values() if isinstance(index, tuple) for field in index)]
        if fault := unsuitable(kind):
            raise InvalidContract(name, fault)
        if not key or not set(named) <= set(fields):
            raise InvalidContract(name, f"a key and an index are made of the fields {', '.join(fields)}")
        self.name = name
        self.kind = kind
        self.key = key
        self.indexes = tuple((indexes or {}).items())
        self.version = version
        self.earlier = tuple((earlier or {}).items())

    @overload
    def __get__(self, instance: None, owner: type) -> "Collection[R]": ...
    @overload
    def __get__(self, instance: Any, owner: type) -> "Records[R]": ...
    def __get__(self, instance: Any, owner: type) -> "Collection[R] | Records[R]":
        return self if instance is None else Records(self, instance.ground)


class Records(Generic[R]):
    """The records of a collection, in one invocation. ``key`` is always the key's parts in their order."""

    __slots__ = ("_collection", "_ground")

    def __init__(self, collection: Collection[R], ground: Ground) -> None:
        self._collection = collection
        self._ground = ground

    def __repr__(self) -> str:
        return self._collection.name

    def find(self, *key: KeyPart) -> R | None:
        """The record, None if there is none. Raises KeyRefused, BoundExceeded."""
        data = self._read(self._primary(key))
        return None if data is None else self._decode(data)

    def get(self, *key: KeyPart) -> R:
        """The record. Raises RecordNotFound, KeyRefused, BoundExceeded."""
        record = self.find(*key)
        if record is None:
            raise RecordNotFound(self._collection.name, key_text(key))
        return record

    def has(self, *key: KeyPart) -> bool:
        """Whether there is a record. Raises KeyRefused, BoundExceeded."""
        return self._read(self._primary(key)) is not None

    def add(self, record: R) -> None:
        """Write a new record. Raises RecordExists, ValueNotStorable, KeyRefused, BoundExceeded."""
        key, primary = self._key_of(record)
        if self._read(primary) is not None:
            raise RecordExists(self._collection.name, key_text(key))
        self._write(key, primary, record, ())

    def put(self, record: R) -> None:
        """Write a record, in the place of the one that has its key.

        Raises ValueNotStorable, KeyRefused, BoundExceeded.
        """
        key, primary = self._key_of(record)
        data = self._read(primary)
        self._write(key, primary, record, () if data is None else _read_stored(data).entries)

    def delete(self, *key: KeyPart) -> None:
        """Remove a record. Raises RecordNotFound, KeyRefused, BoundExceeded."""
        primary = self._primary(key)
        data = self._read(primary)
        if data is None:
            raise RecordNotFound(self._collection.name, key_text(key))
        for entry in _read_stored(data).entries:
            self._ground.delete(Room.INDEXES, self._name() + entry + primary)
        self._ground.delete(LedgerRoom.CONTRACT_DATA, self._name() + primary)
        self._ground.tell(RecordDeleted(self._ground.contract, self._collection.name, key_text(key)))

    def range(
        self,
        *prefix: KeyPart,
        first: KeyPart | None = None,
        last: KeyPart | None = None,
        page: Page = FIRST_PAGE,
    ) -> Found[R]:
        """Records whose key begins with ``prefix`` and whose next part is from ``first`` to ``last``, in order of keys.

        Raises KeyRefused, PageTokenRefused, BoundExceeded.
        """
        found, token = self._scan(LedgerRoom.CONTRACT_DATA, self._name(), prefix, (first, last), page)
        return Found(tuple(map(self._decode, found)), token)

    def by(
        self,
        index: str,
        *prefix: KeyPart,
        first: KeyPart | None = None,
        last: KeyPart | None = None,
        page: Page = FIRST_PAGE,
    ) -> Found[R]:
        """Records whose place in the index begins with ``prefix`` and goes on from ``first`` to ``last``, in its order.

        Raises KeyRefused, PageTokenRefused, BoundExceeded.
        """
        if index not in dict(self._collection.indexes):
            raise KeyRefused(self._collection.name, f"it has no index {index}")
        found, token = self._scan(Room.INDEXES, self._name() + text(index), prefix, (first, last), page)
        records = []
        for key in found:
            data = self._read(key)
            if data is not None:
                records.append(self._decode(data))
        return Found(tuple(records), token)

    def _scan(
        self,
        room: DataRoom,
        place: bytes,
        prefix: tuple[KeyPart, ...],
        bounds: tuple[KeyPart | None, KeyPart | None],
        page: Page,
    ) -> tuple[list[bytes], bytes]:
        """The values of one page, and the token of the next: the rest, behind ``place``, of the last key."""
        name, (first, last) = self._collection.name, bounds
        if not 1 <= page.size <= MAX_PAGE:
            raise KeyRefused(name, f"a page has 1 to {MAX_PAGE} records")
        inside = place + encode_key(name, prefix)
        start = inside if first is None else inside + encode_key(name, (first,))
        end = beyond(inside if last is None else inside + encode_key(name, (last,)))
        if page.token:
            after = place + page.token + b"\x00"
            if not start <= after <= end:
                raise PageTokenRefused()
            start = after
        values: list[bytes] = []
        reached = b""
        if start < end:
            for key, value in self._ground.scan(room, start, end):
                if len(values) == page.size:
                    return values, reached
                values.append(value)
                reached = key[len(place) :]
        return values, b""

    def _read(self, primary: bytes) -> bytes | None:
        return self._ground.get(LedgerRoom.CONTRACT_DATA, self._name() + primary)

    def _write(self, key: tuple[KeyPart, ...], primary: bytes, record: R, old: tuple[bytes, ...]) -> None:
        collection, ground = self._collection, self._ground
        data, new = self._encode(record), self._places(record)
        # An entry's own key ends in the record's, so that many records may share a place.
        for entry in old:
            if entry not in new:
                ground.delete(Room.INDEXES, self._name() + entry + primary)
        for entry in new:
            if entry not in old:
                ground.put(Room.INDEXES, self._name() + entry + primary, primary)
        stored = _encode(_Stored(collection.version, msgspec.Raw(data), new))
        ground.put(LedgerRoom.CONTRACT_DATA, self._name() + primary, stored)
        ground.tell(RecordWritten(ground.contract, collection.name, key_text(key), sha256(data).digest()))

    def _encode(self, record: R) -> bytes:
        data = stored_form(self._collection.kind, record)
        if data is None:
            raise ValueNotStorable(self._collection.name, type(record).__name__)
        return data

    def _decode(self, data: bytes) -> R:
        collection, stored = self._collection, _read_stored(data)
        if stored.version == collection.version:
            return read_stored_form(collection.kind, stored.record)
        earlier = dict(collection.earlier).get(stored.version)
        if earlier is None:
            raise CollectionVersionUnknown(collection.name, stored.version)
        return earlier.convert(read_stored_form(earlier.kind, stored.record))

    def _places(self, record: R) -> tuple[bytes, ...]:
        """Where the record stands in the indexes, each place once."""
        name = self._collection.name
        found: dict[bytes, None] = {}
        for index, places in self._collection.indexes:
            each = (_fields(record, places),) if isinstance(places, tuple) else places(record)
            for parts in each:
                found[text(index) + encode_key(name, parts)] = None
        return tuple(found)

    def _key_of(self, record: R) -> tuple[tuple[KeyPart, ...], bytes]:
        """The key, and as it stands in the state."""
        if type(record) is not self._collection.kind:
            raise ValueNotStorable(self._collection.name, type(record).__name__)
        key = _fields(record, self._collection.key)
        return key, self._primary(key)

    def _name(self) -> bytes:
        return text(self._collection.name)

    def _primary(self, key: tuple[KeyPart, ...]) -> bytes:
        name = self._collection.name
        if len(key) != len(self._collection.key):
            raise KeyRefused(name, f"it is made of {', '.join(self._collection.key)}")
        return encode_key(name, key)


def _fields(record: Record, names: tuple[str, ...]) -> tuple[KeyPart, ...]:
    return tuple(getattr(record, name) for name in names)
