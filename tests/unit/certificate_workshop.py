"""A workshop of certificates and revocation lists: valid ones, and the same with one thing changed.

Keys come from labels and signatures are deterministic (RFC 6979), so that every run makes the same bytes.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from adapters.permissioned.ledger.genesis import FoundingValidator
from adapters.permissioned.ledger.member_key import MemberKey
from hub.quantities import UnixSeconds
from hub.signer import Signer

NOW = UnixSeconds(1_800_000_000)
DAY = 24 * 3600
YEAR = 365 * DAY
SHA256 = hashes.SHA256()
ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}

Extension: TypeAlias = tuple[x509.ExtensionType, bool]


def key_of(label: str, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    """The private key that goes with a label, P-256 unless another curve is named."""
    return ec.derive_private_key(int.from_bytes(sha256(label.encode()).digest()[:24], "big"), curve or ec.SECP256R1())


def name(**parts: str) -> x509.Name:
    """A name of attributes in the order given: ``name(O="bank-a", CN="ann")``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of values that RFC 5280 bounds
        attributes = [
            x509.NameAttribute(getattr(_Attributes, part), value, _validate=False) for part, value in parts.items()
        ]
    return x509.Name(attributes)


class _Attributes:
    O = NameOID.ORGANIZATION_NAME  # noqa: E741  # the attributes' own short names (RFC 4514)
    OU = NameOID.ORGANIZATIONAL_UNIT_NAME
    CN = NameOID.COMMON_NAME
    C = NameOID.COUNTRY_NAME
    E = NameOID.EMAIL_ADDRESS


def usage(**chosen: bool) -> x509.KeyUsage:
    """A key usage with only the bits given."""
    bits = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(bits | chosen))


@dataclass(frozen=True)
class Certified:
    """A certificate, its key, and who signed it."""

    key: Any
    certificate: x509.Certificate
    subject: x509.Name

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class Draft:
    """All of a certificate before it is signed. ``with_`` changes a thing, ``signed`` makes it."""

    subject: x509.Name
    key: Any
    issuer: x509.Name
    issuer_key: Any
    serial: int
    not_before: int
    not_after: int
    extensions: tuple[Extension, ...]
    algorithm: Any = field(default_factory=hashes.SHA256)

    def with_(self, **changes: Any) -> "Draft":
        return replace(self, **changes)

    def with_extension(self, extension: x509.ExtensionType, critical: bool = False) -> "Draft":
        """The extension in place of the one of its kind, or added."""
        kept = tuple(entry for entry in self.extensions if entry[0].oid != extension.oid)
        return replace(self, extensions=(*kept, (extension, critical)))

    def without(self, kind: type[x509.ExtensionType]) -> "Draft":
        return replace(self, extensions=tuple(e for e in self.extensions if not isinstance(e[0], kind)))

    def signed(self) -> Certified:
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(self.issuer)
            .public_key(self.key.public_key())
            .serial_number(self.serial)
            .not_valid_before(moment(self.not_before))
            .not_valid_after(moment(self.not_after))
        )
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical)
        deterministic = True if isinstance(self.issuer_key, ec.EllipticCurvePrivateKey) else None
        return Certified(
            self.key, builder.sign(self.issuer_key, self.algorithm, ecdsa_deterministic=deterministic), self.subject
        )


def founding(chain_id: str, member: Certified, checkpoint: Signer, power: int = 1) -> FoundingValidator:
    """A member as a validator of a genesis to be."""
    return MemberKey.of([member.der], member.key).found(chain_id, checkpoint, power)


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def serial_of(label: str) -> int:
    return int.from_bytes(sha256(b"serial" + label.encode()).digest()[:8], "big") >> 1 | 1


def root(label: str = "bank-a root", **changes: Any) -> Draft:
    """A self-signed authority, good for ten years."""
    key = changes.pop("key", None) or key_of(label)
    return Draft(
        subject=name(CN=label),
        key=key,
        issuer=name(CN=label),
        issuer_key=key,
        serial=serial_of(label),
        not_before=NOW - YEAR,
        not_after=NOW + 9 * YEAR,
        extensions=(
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (usage(key_cert_sign=True, crl_sign=True), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        ),
    ).with_(**changes)


def intermediate(issuer: Certified, label: str = "bank-a issuing", **changes: Any) -> Draft:
    """An authority under another, good for five years."""
    key = changes.pop("key", None) or key_of(label)
    return (
        root(label, key=key)
        .with_(
            issuer=issuer.subject,
            issuer_key=issuer.key,
            not_before=NOW - 30 * DAY,
            not_after=NOW + 5 * YEAR,
        )
        .with_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()))
        .with_(**changes)
    )


def leaf(
    issuer: Certified, organisation: str = "bank-a", member: str = "ann", role: str = "member", **changes: Any
) -> Draft:
    """A member's certificate, good for two years."""
    label = f"{organisation}/{member}"
    key = changes.pop("key", None) or key_of(label)
    return Draft(
        subject=name(O=organisation, OU=role, CN=member),
        key=key,
        issuer=issuer.subject,
        issuer_key=issuer.key,
        serial=serial_of(label),
        not_before=NOW - DAY,
        not_after=NOW + 2 * YEAR,
        extensions=(
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False),
        ),
    ).with_(**changes)


def unknown_extension(critical: bool = True) -> Extension:
    """One that nobody knows."""
    return x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), critical


@dataclass(frozen=True)
class ListDraft:
    """All of a revocation list before it is signed."""

    issuer: x509.Name
    key: Any
    serials: Sequence[int]
    this_update: int
    next_update: int
    extensions: tuple[Extension, ...]
    entry_extensions: tuple[Extension, ...] = ()
    algorithm: Any = field(default_factory=hashes.SHA256)

    def with_(self, **changes: Any) -> "ListDraft":
        return replace(self, **changes)

    def with_extension(self, extension: x509.ExtensionType, critical: bool = False) -> "ListDraft":
        kept = tuple(entry for entry in self.extensions if entry[0].oid != extension.oid)
        return replace(self, extensions=(*kept, (extension, critical)))

    def without(self, kind: type[x509.ExtensionType]) -> "ListDraft":
        return replace(self, extensions=tuple(e for e in self.extensions if not isinstance(e[0], kind)))

    def signed(self) -> bytes:
        """Its DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuer)
            .last_update(moment(self.this_update))
            .next_update(moment(self.next_update))
        )
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical)
        for serial in self.serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment(self.this_update))
            for extension, critical in self.entry_extensions:
                entry = entry.add_extension(extension, critical)
            builder = builder.add_revoked_certificate(entry.build())
        deterministic = True if isinstance(self.key, ec.EllipticCurvePrivateKey) else None
        crl = builder.sign(self.key, self.algorithm, ecdsa_deterministic=deterministic)
        return crl.public_bytes(serialization.Encoding.DER)


def revocations(issuer: Certified, number: int, *revoked: Certified, at: int = NOW - DAY) -> ListDraft:
    """An authority's full list, number ``number``, of the certificates given."""
    return ListDraft(
        issuer=issuer.subject,
        key=issuer.key,
        serials=[entry.certificate.serial_number for entry in revoked],
        this_update=at,
        next_update=at + 7 * DAY,
        extensions=(
            (x509.CRLNumber(number), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False),
        ),
    )


# --- what no builder makes: DER taken apart, one element changed, and signed again ---


def elements(der: bytes) -> list[bytes]:
    """The elements of one DER sequence, each with its tag and length."""
    found, at = [], der_header(der)
    while at < len(der):
        end = at + der_header(der[at:]) + der_length(der[at:])
        found.append(der[at:end])
        at = end
    return found


def der_header(element: bytes) -> int:
    """How many bytes an element's tag and length have."""
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)


def der_length(element: bytes) -> int:
    """How many bytes an element's content has."""
    header = der_header(element)
    return int.from_bytes(element[2:header], "big") if element[1] & 0x80 else element[1]


def der_of(tag: int, content: bytes) -> bytes:
    """One element."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sign_again(der: bytes, key: ec.EllipticCurvePrivateKey, changed: dict[int, bytes]) -> bytes:
    """A certificate or list with elements of its signed part replaced (empty: left out), signed anew with SHA-256."""
    signed, algorithm, _ = elements(der)
    parts = [changed.get(index, part) for index, part in enumerate(elements(signed))]
    body = der_of(0x30, b"".join(parts))
    signature = key.sign(body, ec.ECDSA(SHA256, deterministic_signing=True))
    return der_of(0x30, body + algorithm + der_of(0x03, b"\x00" + signature))


def mirrored(der: bytes, curve: str = "secp256r1") -> bytes:
    """The same certificate with the mirror of its signature (r, n - s), which verifies as well."""
    signed, algorithm, signature = elements(der)
    r, s = elements(signature[der_header(signature) + 1 :])
    number = ORDERS[curve] - int.from_bytes(s[2:], "big")
    mirror = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return der_of(0x30, signed + algorithm + der_of(0x03, b"\x00" + der_of(0x30, r + der_of(0x02, mirror))))
