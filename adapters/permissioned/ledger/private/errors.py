"""What keeping private values refuses.

PrivateError
├── PrivateValueUnknown
├── PrivateValueDiffers
├── PrivateValueTooLarge
├── PrivateValueOver
├── PrivateValueMissing
├── NotKeptHere
├── NotANodeOf
└── PrivateStoreUnusable
"""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import StatusName
from hub.quantities import UnixSeconds


@dataclass(eq=False)
class PrivateError(LedgerError):
    """A private value cannot be taken or given."""

    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class PrivateValueUnknown(PrivateError):
    status: ClassVar[StatusName] = "NOT_FOUND"
    contract: str
    collection: str
    key: str
    template: ClassVar[str] = (
        "the ledger has no hash of a private value {key} in {contract}'s {collection}: the contract must note it first"
    )


@dataclass(eq=False)
class PrivateValueDiffers(PrivateError):
    status: ClassVar[StatusName] = "INVALID_ARGUMENT"
    salted_hash: bytes
    template: ClassVar[str] = (
        "value and salt do not give the hash {salted_hash} that stands on the ledger: they are not what was noted there"
    )


@dataclass(eq=False)
class PrivateValueTooLarge(PrivateError):
    status: ClassVar[StatusName] = "INVALID_ARGUMENT"
    size: int
    limit: int
    template: ClassVar[str] = "the value has {size} bytes, {limit} are allowed: keep it elsewhere, and its hash here"


@dataclass(eq=False)
class PrivateValueOver(PrivateError):
    purge_at: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the value was to be kept until {purge_at} and it is {now}: it is not kept any more"


@dataclass(eq=False)
class PrivateValueMissing(PrivateError):
    status: ClassVar[StatusName] = "NOT_FOUND"
    salted_hash: bytes
    template: ClassVar[str] = (
        "the value of hash {salted_hash} was not given to this node: have it sent here, or ask another node"
    )


@dataclass(eq=False)
class NotKeptHere(PrivateError):
    organisations: str
    template: ClassVar[str] = "this node keeps nothing for {organisations}: send the value to a node of theirs"


@dataclass(eq=False)
class NotANodeOf(PrivateError):
    organisation: str
    target: str
    why: str
    template: ClassVar[str] = (
        "nothing is given to {target}, for it is no node of {organisation} ({why}): name another, or have that enrol"
    )


@dataclass(eq=False)
class PrivateStoreUnusable(PrivateError):
    status: ClassVar[StatusName] = "DATA_LOSS"
    path: str
    detail: str
    template: ClassVar[str] = (
        "the store of private values {path} cannot be used ({detail}): restore it, or move it away and ask others for "
        "the values again"
    )
