"""What the state keeps of organisations, authorities, members and revocations."""

from enum import IntEnum
from functools import cached_property

import msgspec

from adapters.permissioned.ledger.identities import Identity, MemberName, MemberRole, OrganisationId, fingerprint
from adapters.permissioned.ledger.membership.certificates import AuthorityId
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.quantities import Hash, Height, UnixSeconds
from hub.state.collections import Records


class Standing(IntEnum):
    """Where an authority stands. None is ever forgotten: history is to be verified later."""

    REGISTERED = 1
    """By the genesis or by vote."""
    LEARNED = 2
    """An intermediate that a registered authority signed and that came along with an enrolment."""
    REMOVED = 3
    """By vote; only a vote brings it back."""


class Organisation(msgspec.Struct, frozen=True, array_like=True):
    """``authorities``: those of its own that are not removed, in the order in which they came.

    ``stay``: how often it has joined; its votes of an earlier stay count no more.
    """

    id: OrganisationId
    display_name: str
    authorities: tuple[AuthorityId, ...]
    joined_at: UnixSeconds
    removed: bool = False
    stay: int = 1


class Authority(msgspec.Struct, frozen=True, array_like=True):
    """A certificate authority, root or intermediate, of the one organisation that it belongs to for good."""

    organisation: OrganisationId
    certificate: bytes
    """DER, the newest one."""
    standing: Standing
    since: UnixSeconds


class PathLink(msgspec.Struct, frozen=True, array_like=True):
    """One signature on a path: by whom, under which serial number (20 bytes, big-endian)."""

    issuer: AuthorityId
    serial: bytes


class MemberCertificate(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """An enrolled certificate. It stays when it has ended or was revoked, with all that is needed to verify it."""

    organisation: OrganisationId
    name: MemberName
    role: MemberRole
    certificates: tuple[bytes, ...]
    """Its own DER, then those of the authorities above it, the root's last."""
    path: tuple[PathLink, ...]
    """Its own link first, the one to the root last."""
    valid_from: UnixSeconds
    valid_until: UnixSeconds
    """The end of the first to end on the path; from here on it is not valid."""
    enrolled_at: UnixSeconds
    enrolled_in: Height

    @property
    def certificate(self) -> bytes:
        return self.certificates[0]

    @cached_property
    def identity(self) -> Identity:
        return Identity(self.organisation, self.name, self.role, fingerprint(self.certificate))


class RevocationList(msgspec.Struct, frozen=True, array_like=True):
    """The newest list of an authority. ``number`` has 20 bytes, big-endian."""

    number: bytes
    this_update: UnixSeconds
    next_update: UnixSeconds
    revoked: int

    def is_stale(self, now: UnixSeconds) -> bool:
        """Whether a newer one should be there by now; it is said, and locks nobody out."""
        return now >= self.next_update


ORGANISATIONS = Records(LedgerRoom.ORGANISATIONS, Organisation, remembered=256)
"""By ``text(id)``."""
AUTHORITIES = Records(LedgerRoom.AUTHORITIES, Authority, remembered=1024)
"""By AuthorityId."""
CERTIFICATES = Records(LedgerRoom.CERTIFICATES, MemberCertificate, remembered=8192)
"""By fingerprint."""
MEMBERS = Records(LedgerRoom.MEMBERS, UnixSeconds)
"""When enrolled, by ``text(organisation) ‖ text(name) ‖ fingerprint``."""
ISSUED_SERIALS = Records(LedgerRoom.ISSUED_SERIALS, Hash)
"""The hash of the signed content, by ``AuthorityId ‖ serial``."""
REVOCATION_LISTS = Records(LedgerRoom.REVOCATION_LISTS, RevocationList, remembered=1024)
"""By AuthorityId."""
REVOKED_SERIALS = Records(LedgerRoom.REVOKED_SERIALS, UnixSeconds)
"""The time of the block that first brought it, by ``AuthorityId ‖ serial``."""
