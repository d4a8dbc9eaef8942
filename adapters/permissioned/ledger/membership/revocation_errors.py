"""Which revocation lists are not taken. Messages are part of results, as all of membership's (``errors``)."""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import StatusName
from hub.quantities import UnixSeconds


@dataclass(eq=False)
class RevocationError(LedgerError):
    """A certificate revocation list is not taken (RFC 5280, section 5)."""

    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


@dataclass(eq=False)
class RevocationListTooLarge(RevocationError):
    size: int
    limit: int
    unit: str
    template: ClassVar[str] = "the revocation list has {size} {unit}, {limit} are allowed"


@dataclass(eq=False)
class RevocationListMalformed(RevocationError):
    rule: str
    template: ClassVar[str] = "the revocation list is malformed: {rule}"


@dataclass(eq=False)
class RevocationListOfStranger(RevocationError):
    template: ClassVar[str] = "no authority that is registered here has the name of the revocation list's issuer"


@dataclass(eq=False)
class RevocationListForged(RevocationError):
    template: ClassVar[str] = "the revocation list is not signed by the authority that it names"


@dataclass(eq=False)
class RevocationNotPermitted(RevocationError):
    template: ClassVar[str] = "the authority's certificate does not let it sign revocation lists: cRLSign is missing"


@dataclass(eq=False)
class RevocationListOutdated(RevocationError):
    """Older than, or another of the same number as, the one that is known."""

    number: str
    known: str
    template: ClassVar[str] = "revocation list number {number} comes after number {known}: only a newer one is taken"


@dataclass(eq=False)
class RevocationListFromThePast(RevocationError):
    this_update: UnixSeconds
    known: UnixSeconds
    template: ClassVar[str] = "the revocation list was made at {this_update}, before the one that is known ({known})"


@dataclass(eq=False)
class RevocationListFromTheFuture(RevocationError):
    this_update: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the revocation list is made for {this_update} and it is {now}: send it then"
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class DeltaRevocationList(RevocationError):
    template: ClassVar[str] = "the revocation list tells only what changed: send the full one"


@dataclass(eq=False)
class IndirectRevocationList(RevocationError):
    template: ClassVar[str] = "the revocation list speaks for other authorities: each signs its own"


@dataclass(eq=False)
class PartialRevocationList(RevocationError):
    template: ClassVar[str] = "the revocation list covers a part of what its authority issued: send the full one"
