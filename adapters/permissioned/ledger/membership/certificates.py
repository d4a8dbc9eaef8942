"""One certificate by itself: its bytes, version, serial number, key, extensions, and whom it names.

``cryptography`` parses; what it lets pass and we do not is checked here, each rule by a name of its own. Certificates
are X.509 version 3 (RFC 5280), in DER and nothing after it, with keys on P-256 or P-384 and signed by ECDSA.
"""

import warnings
from calendar import timegm
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NewType, TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier, SignatureAlgorithmOID

from adapters.permissioned.ledger.errors import NamingError
from adapters.permissioned.ledger.identities import (
    Fingerprint,
    MemberName,
    MemberRole,
    OrganisationId,
    fingerprint,
    member_name,
    organisation_id,
)
from adapters.permissioned.ledger.membership.errors import (
    AuthorityAsMember,
    CertificateMalformed,
    CertificateTooLarge,
    InvalidSerialNumber,
    NotAnAuthority,
    SubjectUnreadable,
    UnknownCriticalExtension,
    WeakKey,
    WeakSignatureHash,
    WrongCertificateVersion,
    WrongCurve,
    WrongKeyType,
    WrongKeyUsage,
)
from hub.quantities import Hash, UnixSeconds

MAX_CERTIFICATE_BYTES = 8 * 1024
SERIAL_BYTES = 20
"""The most that a serial number has, its sign bit counted (RFC 5280, section 4.1.2.2)."""

AuthorityId = NewType("AuthorityId", Hash)
"""sha256 of an authority's subject, whatever its strings are encoded as, and public key: a renewed certificate is the
same authority, for names are compared by their values (RFC 5280, section 7.1), and so are the issuers of lists."""

PARSING_FAULTS = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""All that ``cryptography`` raises for bytes that it cannot read."""

SIGNATURE_ALGORITHMS = frozenset(
    (
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    )
)
_CURVES = (ec.SECP256R1, ec.SECP384R1)
_LEAST_EC_BITS = 256
_LEAST_RSA_BITS = 2048
_UNDERSTOOD = frozenset(
    (
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.NameConstraints.oid,
        x509.SubjectAlternativeName.oid,
    )
)
"""Extensions that may be critical: those that are checked."""

E = TypeVar("E", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate whose form is sound. ``kind`` is "member" or "authority", for messages."""

    der: bytes
    kind: str
    parsed: x509.Certificate
    subject: x509.Name
    issuer: x509.Name
    extensions: x509.Extensions
    key: ec.EllipticCurvePublicKey
    fingerprint: Fingerprint
    authority_id: AuthorityId
    """What it is known by where it signs others."""
    content_hash: Hash
    """sha256 of what is signed: the same for all encodings that its one signature could be given."""

    @property
    def serial(self) -> bytes:
        """Big-endian, 20 bytes."""
        return self.parsed.serial_number.to_bytes(SERIAL_BYTES, "big")

    @property
    def valid_from(self) -> UnixSeconds:
        return seconds(self.parsed.not_valid_before_utc)

    @property
    def valid_until(self) -> UnixSeconds:
        """From here on it is not valid any more."""
        return seconds(self.parsed.not_valid_after_utc)

    def extension(self, kind: type[E]) -> E | None:
        try:
            return self.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    def is_issued_by(self, issuer: "Certificate") -> bool:
        """Whether ``issuer`` has the name that is given as the issuer's, and its key the signature."""
        if self.issuer != issuer.subject:
            return False
        try:
            self.parsed.verify_directly_issued_by(issuer.parsed)
        except (InvalidSignature, *PARSING_FAULTS):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a member's certificate names."""

    organisation: OrganisationId
    name: MemberName
    role: MemberRole


@lru_cache(maxsize=1024)
def read_authority(der: bytes) -> Certificate:
    """An authority's certificate, root or intermediate; raises CertificateError."""
    certificate = _read(der, "authority")
    constraints = certificate.extension(x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise NotAnAuthority
    usage = certificate.extension(x509.KeyUsage)
    if usage is None or not usage.key_cert_sign:
        raise WrongKeyUsage("authority", "its key usage lacks keyCertSign")
    allowed = certificate.extension(x509.ExtendedKeyUsage)
    if allowed is not None and not {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(
        allowed
    ):
        raise WrongKeyUsage("authority", "its extended key usage lacks clientAuth")
    return certificate


@lru_cache(maxsize=1024)
def read_member(der: bytes) -> tuple[Certificate, Subject]:
    """A member's certificate and whom it names; raises CertificateError."""
    certificate = _read(der, "member")
    constraints = certificate.extension(x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise AuthorityAsMember
    usage = certificate.extension(x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise WrongKeyUsage("member", "its key usage lacks digitalSignature")
    if usage.key_cert_sign:
        raise AuthorityAsMember
    allowed = certificate.extension(x509.ExtendedKeyUsage)
    if allowed is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in allowed:
        raise WrongKeyUsage("member", "its extended key usage lacks clientAuth")
    return certificate, _subject(certificate.subject)


def _subject(subject: x509.Name) -> Subject:
    """Exactly one O, one OU and one CN, whatever their order."""
    values: dict[ObjectIdentifier, str] = {}
    for attribute in subject:
        if attribute.oid in values or not isinstance(attribute.value, str):
            raise SubjectUnreadable("each attribute stands in it once, as text")
        values[attribute.oid] = attribute.value
    if set(values) != {NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME}:
        raise SubjectUnreadable("it has one O (organisation), one OU (role) and one CN (name), and nothing else")
    try:
        organisation = organisation_id(values[NameOID.ORGANIZATION_NAME])
        name = member_name(values[NameOID.COMMON_NAME])
    except NamingError as error:
        raise SubjectUnreadable(str(error)) from error
    unit = values[NameOID.ORGANIZATIONAL_UNIT_NAME]
    if unit not in [role.value for role in MemberRole]:
        raise SubjectUnreadable(f"its OU is a role: {', '.join(MemberRole)}")
    return Subject(organisation, name, MemberRole(unit))


def _read(der: bytes, kind: str) -> Certificate:
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise CertificateTooLarge(len(der), MAX_CERTIFICATE_BYTES)
    _check_head(der, kind)
    try:
        with quiet():
            parsed = x509.load_der_x509_certificate(der)
            subject, issuer, extensions = parsed.subject, parsed.issuer, parsed.extensions
            exact = parsed.public_bytes(serialization.Encoding.DER) == der and der[-len(parsed.signature) - 1] == 0
            dates = (parsed.not_valid_before_utc, parsed.not_valid_after_utc)
    except PARSING_FAULTS as error:
        raise CertificateMalformed(kind, "it cannot be read as X.509 in DER") from error
    if not exact:
        raise CertificateMalformed(kind, "its encoding is not exact")
    if not (subject.rdns and issuer.rdns):
        raise CertificateMalformed(kind, "its subject or issuer is empty")
    if dates[0] >= dates[1]:
        raise CertificateMalformed(kind, "it ends before it begins")
    key = _key(parsed, kind)
    if parsed.signature_algorithm_oid not in SIGNATURE_ALGORITHMS:
        raise WeakSignatureHash(kind)
    check_critical(extensions, _UNDERSTOOD, kind)
    return Certificate(
        der=der,
        kind=kind,
        parsed=parsed,
        subject=subject,
        issuer=issuer,
        extensions=extensions,
        key=key,
        fingerprint=fingerprint(der),
        authority_id=AuthorityId(Hash(sha256(_name_bytes(subject) + _key_bytes(key)).digest())),
        content_hash=Hash(sha256(parsed.tbs_certificate_bytes).digest()),
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Bytes that the library warns of are judged by our rules, the same on a node that turns warnings into errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def seconds(moment: datetime) -> UnixSeconds:
    """A moment in UTC, in whole numbers all the way."""
    return UnixSeconds(timegm(moment.utctimetuple()))


def check_critical(extensions: x509.Extensions, understood: frozenset[ObjectIdentifier], kind: str) -> None:
    """Raises UnknownCriticalExtension."""
    for extension in extensions:
        if extension.critical and extension.oid not in understood:
            raise UnknownCriticalExtension(kind, extension.oid.dotted_string)


def _key(parsed: x509.Certificate, kind: str) -> ec.EllipticCurvePublicKey:
    try:
        key = parsed.public_key()
    except PARSING_FAULTS as error:
        raise WrongKeyType(kind, "unknown") from error
    match key:
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, _CURVES):
            return key
        case ec.EllipticCurvePublicKey():
            if key.curve.key_size < _LEAST_EC_BITS:
                raise WeakKey(kind, key.curve.name, key.curve.key_size)
            raise WrongCurve(kind, key.curve.name)
        case rsa.RSAPublicKey() | dsa.DSAPublicKey():
            kind_of_key = "RSA" if isinstance(key, rsa.RSAPublicKey) else "DSA"
            if key.key_size < _LEAST_RSA_BITS:
                raise WeakKey(kind, kind_of_key, key.key_size)
            raise WrongKeyType(kind, kind_of_key)
        case _:
            raise WrongKeyType(kind, type(key).__name__.removesuffix("PublicKey"))


def _name_bytes(name: x509.Name) -> bytes:
    """The same for equal names."""
    values = [sorted((attribute.oid.dotted_string, attribute.value) for attribute in rdn) for rdn in name.rdns]
    return msgspec.msgpack.encode(values)


def _key_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _check_head(der: bytes, kind: str) -> None:
    """Version and serial number, which stand first, before any library makes something of them.

    ``SEQUENCE { SEQUENCE { [0] { INTEGER version }, INTEGER serial, …``
    """
    at = _content(der, _content(der, 0, 0x30, kind), 0x30, kind)
    if der[at : at + 5] != b"\xa0\x03\x02\x01\x02":
        raise WrongCertificateVersion(kind)
    at += 5
    length = der[at + 1] if len(der) > at + 1 else 0
    serial = der[at + 2 : at + 2 + length]
    if der[at : at + 1] != b"\x02" or not 1 <= length <= SERIAL_BYTES or len(serial) != length:
        raise InvalidSerialNumber(kind)
    if serial[0] & 0x80 or not any(serial):
        raise InvalidSerialNumber(kind)


def _content(der: bytes, at: int, tag: int, kind: str) -> int:
    """Where the content of the element at ``at`` begins."""
    if len(der) < at + 2 or der[at] != tag:
        raise CertificateMalformed(kind, "it cannot be read as X.509 in DER")
    return at + 2 + (der[at + 1] & 0x7F if der[at + 1] & 0x80 else 0)
