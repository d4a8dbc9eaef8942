"""Private values: some organisations alone keep them; the ledger has their salted hashes, who keeps them and how long.

A value never enters a contract, for all nodes see what does. Its owner gives ``sha256(salt ‖ value)``, the salt being
32 random bytes, and hands value and salt to the organisations on another way. Whoever has both can prove the value.
"""

from hashlib import sha256
from typing import Any, overload

import msgspec

from adapters.permissioned.ledger.contracts.errors import KeyRefused, RecordNotFound, Refused
from adapters.permissioned.ledger.contracts.events import PrivateHashWritten, PrivateValueDue
from adapters.permissioned.ledger.contracts.ground import Ground
from adapters.permissioned.ledger.contracts.keys import KeyPart, encode_key, key_text
from adapters.permissioned.ledger.contracts.values import Record
from adapters.permissioned.ledger.identities import organisation_id
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.quantities import Hash, Seconds, UnixSeconds
from hub.state.branch import StateReader
from hub.state.collections import text
from hub.state.context import Context

SALT_BYTES = 32
MAX_ORGANISATIONS = 32
MAX_PERIOD = Seconds(10 * 366 * 86_400)
MAX_DUE = 256
"""Values that fall due in one block; what is left over falls to the next."""


class PrivateHash(Record, frozen=True):
    """What the ledger knows of a private value. ``key``: as a person reads it."""

    key: str
    salted_hash: bytes
    organisations: tuple[str, ...]
    """Who keeps the value, sorted."""
    purge_at: int
    """When they delete it, in Unix seconds; the hash stays."""


class _Due(msgspec.Struct, frozen=True, array_like=True):
    contract: str
    collection: str
    key: str
    salted_hash: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PrivateHash).decode
_decode_due = msgspec.msgpack.Decoder(_Due).decode


def salted_hash(salt: bytes, value: bytes) -> Hash:
    """What the ledger has of a private value; the salt has 32 bytes, else ValueError."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return Hash(sha256(salt + value).digest())


class PrivateCollection:
    """A map from keys to private values, in the class of a contract."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "PrivateCollection": ...
    @overload
    def __get__(self, instance: Any, owner: type) -> "PrivateHashes": ...
    def __get__(self, instance: Any, owner: type) -> "PrivateCollection | PrivateHashes":
        return self if instance is None else PrivateHashes(self.name, instance.ground)


class PrivateHashes:
    """The hashes of a private collection, in one invocation."""

    __slots__ = ("_ground", "_name")

    def __init__(self, name: str, ground: Ground) -> None:
        self._name = name
        self._ground = ground

    def __repr__(self) -> str:
        return self._name

    def find(self, *key: KeyPart) -> PrivateHash | None:
        """What is known of a value, None if nothing is. Raises KeyRefused, BoundExceeded."""
        data = self._ground.get(LedgerRoom.PRIVATE_HASHES, self._place(key))
        return None if data is None else _decode(data)

    def get(self, *key: KeyPart) -> PrivateHash:
        """What is known of a value. Raises RecordNotFound, KeyRefused, BoundExceeded."""
        found = self.find(*key)
        if found is None:
            raise RecordNotFound(self._name, key_text(key))
        return found

    def put(self, *key: KeyPart, salted_hash: bytes, organisations: tuple[str, ...], keep_for: Seconds) -> PrivateHash:
        """Note a value that the organisations keep, in the place of the one that has the key.

        Raises Refused, InvalidOrganisationId, KeyRefused, BoundExceeded.
        """
        if len(salted_hash) != 32:
            raise Refused("a salted hash has 32 bytes")
        keepers = tuple(sorted(map(organisation_id, organisations)))
        if not 1 <= len(keepers) <= MAX_ORGANISATIONS or len(dict.fromkeys(keepers)) != len(keepers):
            raise Refused(f"1 to {MAX_ORGANISATIONS} organisations keep a private value, each named once")
        if not 1 <= keep_for <= MAX_PERIOD:
            raise Refused(f"a private value is kept for 1 to {MAX_PERIOD} seconds")
        ground, place = self._ground, self._place(key)
        if (old := self.find(*key)) is not None:
            ground.set_due(UnixSeconds(old.purge_at), place, None)
        noted = PrivateHash(key_text(key), salted_hash, keepers, ground.time + keep_for)
        ground.put(LedgerRoom.PRIVATE_HASHES, place, _encode(noted))
        due = _Due(ground.contract, self._name, noted.key, salted_hash)
        ground.set_due(UnixSeconds(noted.purge_at), place, _encode(due))
        ground.tell(PrivateHashWritten(ground.contract, self._name, noted.key, salted_hash, keepers, noted.purge_at))
        return noted

    def _place(self, key: tuple[KeyPart, ...]) -> bytes:
        if not key:
            raise KeyRefused(self._name, "it has at least one part")
        return text(self._name) + encode_key(self._name, key)


def private_hash(state: StateReader, contract: str, collection: str, key: tuple[KeyPart, ...]) -> PrivateHash | None:
    """What the ledger knows of a private value: for who keeps values, and who proves one. Raises KeyRefused."""
    data = state.get(bytes((LedgerRoom.PRIVATE_HASHES,)) + private_place(contract, collection, key))
    return None if data is None else _decode(data)


def private_place(contract: str, collection: str, key: tuple[KeyPart, ...]) -> bytes:
    """Where a private value's hash stands, as no other's does. Raises KeyRefused."""
    return text(contract) + text(collection) + encode_key(collection, key)


def next_due(state: StateReader) -> UnixSeconds | None:
    """When the next private value falls due."""
    for key, _ in state.scan(bytes((LedgerRoom.PRIVATE_PURGES,)), bytes((LedgerRoom.PRIVATE_PURGES + 1,))):
        return UnixSeconds(int.from_bytes(key[1:9], "big"))
    return None


def end_block(ctx: Context) -> None:
    """Tell which private values are to be deleted now: those due by the block's time, at most MAX_DUE."""
    room = bytes((LedgerRoom.PRIVATE_PURGES,))
    end = room + (ctx.time + 1).to_bytes(8, "big")
    due = []
    for key, data in ctx.state.scan(room, end):
        due.append((key, _decode_due(data)))
        if len(due) == MAX_DUE:
            break
    for key, value in due:
        ctx.state.delete(key)
        ctx.emit(PrivateValueDue(value.contract, value.collection, value.key, value.salted_hash))
