"""PrivateDataService: values whose hashes stand on the ledger, for the organisations that keep them."""

# ruff: noqa: N802  # gRPC gives the methods their names

from collections.abc import Collection
from typing import Any

from interchain.ledger.v1 import answer_pb2
from interchain.ledger.v1 import private_data_service_pb2 as pb

from adapters.permissioned.ledger.answers import PrivateValue
from adapters.permissioned.ledger.contracts.keys import KeyPart, key_text
from adapters.permissioned.ledger.contracts.private import (
    SALT_BYTES,
    PrivateHash,
    private_hash,
    private_place,
    salted_hash,
)
from adapters.permissioned.ledger.identities import OrganisationId, contract_name
from adapters.permissioned.ledger.private.errors import (
    NotKeptHere,
    PrivateValueDiffers,
    PrivateValueMissing,
    PrivateValueOver,
    PrivateValueTooLarge,
    PrivateValueUnknown,
)
from adapters.permissioned.ledger.private.store import KeptValue, PrivateStore
from adapters.permissioned.ledger.rpc.access import Access
from hub.engine.ledger import Ledger
from hub.engine.threads import in_thread
from hub.history import head
from hub.quantities import Hash, UnixSeconds
from hub.rpc.errors import InvalidArgument, MissingField, WrongLength
from hub.rpc.pages import MAX_NAME_BYTES
from hub.rpc.wire import refuse_unknown_fields, to_proto

MAX_VALUE_BYTES = 1024 * 1024
MAX_KEY_PARTS = 16


class PrivateData:
    """``keeps_for``: the organisations for which this node keeps values."""

    def __init__(
        self, ledger: Ledger, access: Access, store: PrivateStore, keeps_for: Collection[OrganisationId]
    ) -> None:
        self._ledger = ledger
        self._access = access
        self._store = store
        self._keeps_for = frozenset(keeps_for)

    async def PutPrivateValue(self, request: Any, context: Any) -> Any:
        place, noted = self._noted(request)
        self._access.admit_keeper("PrivateDataService/PutPrivateValue", context, noted.organisations)
        if self._keeps_for.isdisjoint(noted.organisations):
            raise NotKeptHere(", ".join(noted.organisations))
        if not _is_proven(request, noted):
            raise PrivateValueDiffers(noted.salted_hash)
        purge_at = self._still_kept(noted)
        kept = KeptValue(request.value, request.salt, noted.organisations)
        await in_thread(self._store.put, place, Hash(noted.salted_hash), kept, purge_at)
        return pb.PutPrivateValueResponse(purge_at_unix_seconds=purge_at)

    async def GetPrivateValue(self, request: Any, context: Any) -> Any:
        place, noted = self._noted(request)
        self._access.admit_keeper("PrivateDataService/GetPrivateValue", context, noted.organisations)
        purge_at = self._still_kept(noted)
        kept = await in_thread(self._store.get, place, noted.salted_hash)
        if kept is None:
            raise PrivateValueMissing(noted.salted_hash)
        self._access.admit_keeper("PrivateDataService/GetPrivateValue", context, kept.keepers)
        value = PrivateValue(kept.value, Hash(kept.salt), Hash(noted.salted_hash), noted.organisations, purge_at)
        return pb.GetPrivateValueResponse(value=to_proto(value, answer_pb2.PrivateValue))

    async def ProvePrivateValue(self, request: Any, _context: Any) -> Any:
        return pb.ProvePrivateValueResponse(proven=_is_proven(request, self._noted(request)[1]))

    def _noted(self, request: Any) -> tuple[bytes, PrivateHash]:
        """The value's place, and what the ledger knows of it.

        Raises PrivateValueUnknown, KeyRefused, InvalidArgument.
        """
        refuse_unknown_fields(request)
        contract, collection, key = contract_name(request.contract), request.collection, _key(request)
        if not 1 <= len(collection.encode()) <= MAX_NAME_BYTES:
            raise InvalidArgument("collection", "name a private collection of the contract")
        noted = private_hash(self._ledger.state, contract, collection, key)
        if noted is None:
            raise PrivateValueUnknown(contract, collection, key_text(key))
        return private_place(contract, collection, key), noted

    def _still_kept(self, noted: PrivateHash) -> UnixSeconds:
        """Until when; raises PrivateValueOver."""
        purge_at, now = UnixSeconds(noted.purge_at), head(self._ledger.state).time
        if now >= purge_at:
            raise PrivateValueOver(purge_at, now)
        return purge_at


def _is_proven(request: Any, noted: PrivateHash) -> bool:
    """Raises WrongLength, PrivateValueTooLarge."""
    if len(request.salt) != SALT_BYTES:
        raise WrongLength("salt", SALT_BYTES, len(request.salt))
    if len(request.value) > MAX_VALUE_BYTES:
        raise PrivateValueTooLarge(len(request.value), MAX_VALUE_BYTES)
    return salted_hash(request.salt, request.value) == noted.salted_hash


def _key(request: Any) -> tuple[KeyPart, ...]:
    """Raises InvalidArgument, MissingField."""
    if not 1 <= len(request.key) <= MAX_KEY_PARTS:
        raise InvalidArgument("key", f"it has 1 to {MAX_KEY_PARTS} parts")
    parts: list[KeyPart] = []
    for part in request.key:
        name = part.WhichOneof("key_part")
        if name is None:
            raise MissingField("key.key_part")
        parts.append(getattr(part, name))
    return tuple(parts)
