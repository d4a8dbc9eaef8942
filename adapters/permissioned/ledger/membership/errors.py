"""What membership refuses. Messages are part of results, on which all nodes must agree: no library's words in them."""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import StatusName
from hub.quantities import UnixSeconds


@dataclass(eq=False)
class CertificateError(LedgerError):
    """A certificate, or the path to its root authority, does not hold (RFC 5280, section 6). ``certificate`` is which:
    "member", or "authority" for any above it."""

    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


# --- the form of one certificate ---


@dataclass(eq=False)
class CertificateTooLarge(CertificateError):
    size: int
    limit: int
    template: ClassVar[str] = "the certificate has {size} bytes, {limit} are allowed"


@dataclass(eq=False)
class CertificateMalformed(CertificateError):
    certificate: str
    rule: str
    template: ClassVar[str] = "the {certificate}'s certificate is malformed: {rule}"


@dataclass(eq=False)
class WrongCertificateVersion(CertificateError):
    certificate: str
    template: ClassVar[str] = "the {certificate}'s certificate is not X.509 version 3: have it issued anew"


@dataclass(eq=False)
class InvalidSerialNumber(CertificateError):
    certificate: str
    template: ClassVar[str] = (
        "the serial number of the {certificate}'s certificate is refused: it is a positive number of at most 20 bytes"
    )


@dataclass(eq=False)
class UnknownCriticalExtension(CertificateError):
    """``certificate``: "member", "authority" or "revocation list"."""

    certificate: str
    oid: str
    template: ClassVar[str] = "the {certificate}'s critical extension {oid} is not understood here"


@dataclass(eq=False)
class WrongKeyType(CertificateError):
    certificate: str
    kind: str
    template: ClassVar[str] = "the {certificate}'s key is of type {kind}: use an elliptic curve key, P-256 or P-384"


@dataclass(eq=False)
class WeakKey(CertificateError):
    certificate: str
    kind: str
    bits: int
    template: ClassVar[str] = "the {certificate}'s {kind} key of {bits} bits is weak: use P-256 or P-384"


@dataclass(eq=False)
class WrongCurve(CertificateError):
    certificate: str
    curve: str
    template: ClassVar[str] = "the {certificate}'s key is on the curve {curve}: use P-256 or P-384"


@dataclass(eq=False)
class WeakSignatureHash(CertificateError):
    """``certificate``: "member", "authority" or "revocation list"."""

    certificate: str
    template: ClassVar[str] = "the {certificate} is signed otherwise than by ECDSA with SHA-256, SHA-384 or SHA-512"


@dataclass(eq=False)
class SubjectUnreadable(CertificateError):
    rule: str
    template: ClassVar[str] = "the certificate's subject names no member: {rule}"


@dataclass(eq=False)
class WrongKeyUsage(CertificateError):
    certificate: str
    rule: str
    template: ClassVar[str] = "the {certificate}'s certificate is not meant for this: {rule}"


@dataclass(eq=False)
class AuthorityAsMember(CertificateError):
    template: ClassVar[str] = "this is an authority's certificate: a member needs one of its own"


# --- the path ---


@dataclass(eq=False)
class CertificateExpired(CertificateError):
    certificate: str
    valid_until: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the {certificate}'s certificate ended at {valid_until} and it is {now}: renew it"
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class CertificateNotYetValid(CertificateError):
    certificate: str
    valid_from: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the {certificate}'s certificate begins at {valid_from} and it is {now}: wait for it"
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class SelfSigned(CertificateError):
    template: ClassVar[str] = "the certificate is signed by its own key: have it issued by the organisation's authority"


@dataclass(eq=False)
class WrongAuthority(CertificateError):
    organisation: str
    template: ClassVar[str] = (
        "no authority of {organisation} signed the certificate: have it issued by one, and send the intermediates along"
    )


@dataclass(eq=False)
class NotAnAuthority(CertificateError):
    template: ClassVar[str] = "the certificate's issuer is no authority: its basic constraints do not say so"


@dataclass(eq=False)
class PathTooLong(CertificateError):
    intermediates: int
    limit: int
    template: ClassVar[str] = "the path has {intermediates} intermediate authorities where {limit} are allowed"


@dataclass(eq=False)
class NameConstraintBroken(CertificateError):
    """``kind`` is DNS, e-mail or IP."""

    kind: str
    template: ClassVar[str] = "the certificate has a {kind} name that an authority above it must not certify"


@dataclass(eq=False)
class UnsupportedNameConstraint(CertificateError):
    template: ClassVar[str] = "an authority's name constraints are of other kinds than DNS, e-mail and IP names"


@dataclass(eq=False)
class PathRefused(CertificateError):
    """The library that validates paths refuses one in which no other rule is broken."""

    template: ClassVar[str] = "the certificate's path to its root authority does not hold (RFC 5280, section 6)"


@dataclass(eq=False)
class TooManyIntermediates(CertificateError):
    given: int
    limit: int
    template: ClassVar[str] = "{given} intermediate certificates came along, {limit} are allowed: send only the path"


@dataclass(eq=False)
class SerialReused(CertificateError):
    serial: str
    template: ClassVar[str] = (
        "the authority has issued another certificate with serial number {serial}: it must issue this one anew"
    )
    status: ClassVar[StatusName] = "ALREADY_EXISTS"


# --- the registry ---


@dataclass(eq=False)
class MembershipError(LedgerError):
    """A rule of who is registered and who may act was broken."""


@dataclass(eq=False)
class OrganisationUnknown(MembershipError):
    organisation: str
    template: ClassVar[str] = "there is no organisation {organisation}: it joins by vote"
    status: ClassVar[StatusName] = "NOT_FOUND"


@dataclass(eq=False)
class OrganisationRemoved(MembershipError):
    organisation: str
    template: ClassVar[str] = "the organisation {organisation} was removed by vote"
    status: ClassVar[StatusName] = "PERMISSION_DENIED"


@dataclass(eq=False)
class OrganisationExists(MembershipError):
    organisation: str
    template: ClassVar[str] = "the organisation {organisation} is registered"
    status: ClassVar[StatusName] = "ALREADY_EXISTS"


@dataclass(eq=False)
class InvalidDisplayName(MembershipError):
    rule: str
    template: ClassVar[str] = "the organisation's name is refused: {rule}"
    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


@dataclass(eq=False)
class TooManyOrganisations(MembershipError):
    limit: int
    template: ClassVar[str] = "there are {limit} organisations, more are not allowed"
    status: ClassVar[StatusName] = "RESOURCE_EXHAUSTED"


@dataclass(eq=False)
class LastOrganisation(MembershipError):
    organisation: str
    template: ClassVar[str] = "{organisation} is the last organisation: nobody would be left to vote"
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class RootMissing(MembershipError):
    organisation: str
    template: ClassVar[str] = (
        "{organisation} has no root authority and would be counted in votes that it cannot cast: give its root's "
        "certificate as well"
    )
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class AuthorityUnknown(MembershipError):
    authority: bytes
    template: ClassVar[str] = "there is no authority {authority}: it joins by vote"
    status: ClassVar[StatusName] = "NOT_FOUND"


@dataclass(eq=False)
class AuthorityRemoved(MembershipError):
    authority: bytes
    template: ClassVar[str] = "the authority {authority} was removed by vote: have the certificate issued by another"
    status: ClassVar[StatusName] = "PERMISSION_DENIED"


@dataclass(eq=False)
class LastAuthority(MembershipError):
    authority: bytes
    organisation: str
    template: ClassVar[str] = (
        "{authority} is the last root authority of {organisation}, whose members could act no more: "
        "add another one first, or remove the organisation"
    )
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class AuthorityExists(MembershipError):
    authority: bytes
    organisation: str
    template: ClassVar[str] = "the authority {authority} is registered for {organisation}"
    status: ClassVar[StatusName] = "ALREADY_EXISTS"


@dataclass(eq=False)
class AuthorityOfAnother(MembershipError):
    authority: bytes
    organisation: str
    template: ClassVar[str] = "the authority {authority} belongs to {organisation}: no other organisation may use it"
    status: ClassVar[StatusName] = "PERMISSION_DENIED"


@dataclass(eq=False)
class TooManyAuthorities(MembershipError):
    organisation: str
    limit: int
    template: ClassVar[str] = "{organisation} has {limit} authorities, more are not allowed: remove one first"
    status: ClassVar[StatusName] = "RESOURCE_EXHAUSTED"


@dataclass(eq=False)
class CertificateUnknown(MembershipError):
    fingerprint: bytes
    template: ClassVar[str] = "no member is enrolled with the certificate {fingerprint}: enrol first"
    status: ClassVar[StatusName] = "UNAUTHENTICATED"


@dataclass(eq=False)
class CertificateRevoked(MembershipError):
    """``by``: the authority whose list names the certificate itself, or one on its path."""

    fingerprint: bytes
    by: bytes
    template: ClassVar[str] = "the certificate {fingerprint}, or one above it, was revoked by the authority {by}"
    status: ClassVar[StatusName] = "PERMISSION_DENIED"


@dataclass(eq=False)
class MemberRoleRefused(MembershipError):
    member: str
    role: str
    needed: str
    template: ClassVar[str] = "{member} acts as {role}, this is for: {needed}"
    status: ClassVar[StatusName] = "PERMISSION_DENIED"


@dataclass(eq=False)
class MalformedMemberSignature(MembershipError):
    rule: str
    template: ClassVar[str] = "the signature is malformed: {rule}"
    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


@dataclass(eq=False)
class WrongMemberSignature(MembershipError):
    fingerprint: bytes
    template: ClassVar[str] = "the signature is not by the key of the certificate {fingerprint}: sign with that key"
    status: ClassVar[StatusName] = "UNAUTHENTICATED"


# --- validators ---


@dataclass(eq=False)
class ValidatorKeyTaken(MembershipError):
    address: bytes
    member: str
    template: ClassVar[str] = "the checkpoint key {address} is bound to {member}: make a key of your own"
    status: ClassVar[StatusName] = "ALREADY_EXISTS"


@dataclass(eq=False)
class InvalidValidatorKey(MembershipError):
    address: bytes
    template: ClassVar[str] = "{address} is not a checkpoint key's address: it has 20 bytes, not all of them zero"
    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


@dataclass(eq=False)
class ValidatorKeyNotOwned(MembershipError):
    address: bytes
    recovered: bytes
    template: ClassVar[str] = (
        "the proof for the checkpoint key {address} is signed by {recovered}: sign it with that key"
    )
    status: ClassVar[StatusName] = "UNAUTHENTICATED"
