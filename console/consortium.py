"""The certificates of a ledger's organisations, where this machine keeps their authorities.

ORGANISATION/
  ca.pem, ca.key              its root authority
  ca.crl                      its newest revocation list, DER, once it has revoked anyone
  members/NAME.pem, NAME.key  its members', who they are by O (organisation), OU (role) and CN (name)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.permissioned.ledger.identities import MemberName, MemberRole, OrganisationId
from console.certificates import (
    CLOCK_SLACK,
    VALID_FOR,
    alternative_name,
    certificate_builder,
    sign_authority,
    write_pair,
)
from console.exits import Misused


@dataclass(frozen=True, slots=True)
class OrganisationFolder:
    """Where one organisation's certificates stand."""

    path: Path
    organisation: OrganisationId

    @property
    def authority(self) -> Path:
        return self.path / "ca.pem"

    @property
    def authority_key(self) -> Path:
        return self.path / "ca.key"

    @property
    def revocations(self) -> Path:
        return self.path / "ca.crl"

    def member(self, name: str) -> tuple[Path, Path]:
        """A member's certificate and key."""
        return self.path / "members" / f"{name}.pem", self.path / "members" / f"{name}.key"

    def make_authority(self) -> None:
        """A root authority of the organisation's own; raises Misused where it has one."""
        if self.authority_key.exists():
            raise Misused(f"{self.organisation} has an authority already: {self.authority}")
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.organisation} authority")])
        write_pair(self.authority, self.authority_key, sign_authority(name, key, _began()), key)

    def certify(self, name: MemberName, role: MemberRole, hosts: Sequence[str] = ()) -> tuple[Path, Path]:
        """A new key and certificate for a member; with ``hosts`` it serves there as well. Raises Misused."""
        certificate, key_path = self.member(name)
        if key_path.exists():
            raise Misused(f"{key_path} exists: remove it first if {self.organisation}/{name} is to have a new key")
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._sign(key.public_key(), name, role, hosts)
        certificate.parent.mkdir(exist_ok=True, mode=0o700)
        write_pair(certificate, key_path, signed, key)
        return certificate, key_path

    def sign_request(self, request: Path, name: MemberName, role: MemberRole, *, replace: bool = False) -> Path:
        """A certificate for whoever made a signing request (PEM); the key stays where it is.

        Raises Misused, also where the member has a certificate here that is not to be replaced.
        """
        try:
            read = x509.load_pem_x509_csr(request.read_bytes())
        except (OSError, ValueError) as error:
            raise Misused(f"{request} is no certificate signing request in PEM ({error}): make one anew") from error
        key = read.public_key()
        if not (
            isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES) and read.is_signature_valid
        ):
            raise Misused(f"{request} is not signed with a key on P-256 or P-384: make one anew")
        certificate, _ = self.member(name)
        if certificate.exists() and not replace:
            raise Misused(
                f"{certificate} exists: --force puts the new certificate in its place; the old one stays good until it "
                f"is revoked (`ichub ledger member revoke {self.organisation}/{name}`, before it is replaced)"
            )
        signed = self._sign(key, name, role, ()).public_bytes(serialization.Encoding.PEM)
        certificate.parent.mkdir(exist_ok=True, mode=0o700)
        certificate.write_bytes(signed)
        return certificate

    def revoke(self, certificate: Path) -> Path:
        """Revoke a certificate that the authority signed (PEM): a newer list, which names all that was revoked before,
        too. The ledger learns of it by `UpdateRevocations`. Raises Misused.
        """
        authority, key = self._open()
        try:
            known = x509.load_der_x509_crl(self.revocations.read_bytes()) if self.revocations.exists() else None
            revoked = x509.load_pem_x509_certificate(certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise Misused(f"{certificate} or {self.revocations} cannot be read ({error}): give PEM and DER") from error
        if revoked.issuer != authority.subject:
            raise Misused(f"{certificate} is not of {self.organisation}'s authority: only who signed it can revoke it")
        number = 1 if known is None else known.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
        now = datetime.now(UTC).replace(microsecond=0)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.subject)
            .last_update(now)
            .next_update(now + _LIST_VALID_FOR)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        serials = {revoked.serial_number: now} | {one.serial_number: one.revocation_date_utc for one in known or ()}
        for serial, since in serials.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
            builder = builder.add_revoked_certificate(entry)
        self.revocations.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
        return self.revocations

    def _sign(
        self, key: ec.EllipticCurvePublicKey, name: MemberName, role: MemberRole, hosts: Sequence[str]
    ) -> x509.Certificate:
        authority, authority_key = self._open()
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role.value),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
        builder = (
            certificate_builder(subject, authority.subject, key, _began(), VALID_FOR)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_SIGNING, critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
        )
        if hosts:
            names = x509.SubjectAlternativeName([alternative_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    def _open(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        if not self.authority_key.exists():
            raise Misused(
                f"the authority's key of {self.organisation} is not here ({self.authority_key}): let its keeper sign a "
                "request, with `ichub ledger enrol ORG/NAME --request FILE`"
            )
        key = serialization.load_pem_private_key(self.authority_key.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Misused(f"{self.authority_key} is no elliptic curve key: an authority's is on P-256 or P-384")
        return x509.load_pem_x509_certificate(self.authority.read_bytes()), key


def read_authorities(path: Path) -> tuple[bytes, ...]:
    """Certificates in PEM, as DER in the order of the file; raises Misused."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Misused(f"{path} holds no certificates in PEM ({error}): give the organisation's authority") from error
    return tuple(one.public_bytes(serialization.Encoding.DER) for one in found)


_CURVES = ec.SECP256R1, ec.SECP384R1
_LIST_VALID_FOR = timedelta(days=30)


def _began() -> datetime:
    return datetime.now(UTC) - CLOCK_SLACK


_SIGNING = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
