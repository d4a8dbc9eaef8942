"""Self-made TLS: an authority of the node's own, a server certificate, and one for clients that must show who they are.

Elliptic curve P-256, SHA-256, X.509 v3. Whoever has certificates of a company's authority puts those in the same files.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from console.exits import Misused
from console.keystore import write_private

VALID_FOR = timedelta(days=825)
"""The longest that common TLS clients accept."""
AUTHORITY_VALID_FOR = timedelta(days=3650)
CLOCK_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where a node's certificates and their keys stand."""

    directory: Path

    @property
    def authority(self) -> Path:
        return self.directory / "ca.pem"

    @property
    def authority_key(self) -> Path:
        return self.directory / "ca.key"

    @property
    def server(self) -> Path:
        return self.directory / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.directory / "server.key"

    @property
    def client(self) -> Path:
        return self.directory / "client.pem"

    @property
    def client_key(self) -> Path:
        return self.directory / "client.key"


def make_certificates(directory: Path, hosts: Sequence[str], now: datetime | None = None) -> TlsFiles:
    """Write an authority, a server certificate for ``hosts`` (names or addresses) and a client certificate."""
    files = TlsFiles(directory)
    began = (now or datetime.now(UTC)) - CLOCK_SLACK
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Interchain Hub authority")
    authority = sign_authority(authority_name, authority_key, began)
    write_pair(files.authority, files.authority_key, authority, authority_key)
    for path, key_path, name, usage, names in (
        (files.server, files.server_key, "Interchain Hub node", ExtendedKeyUsageOID.SERVER_AUTH, tuple(hosts)),
        (files.client, files.client_key, "Interchain Hub client", ExtendedKeyUsageOID.CLIENT_AUTH, ()),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = certificate_builder(_name(name), authority_name, key.public_key(), began, VALID_FOR)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([alternative_name(host) for host in names]), critical=False
            )
        write_pair(path, key_path, builder.sign(authority_key, hashes.SHA256()), key)
    return files


def expires_at(path: Path) -> datetime:
    """When a certificate ends; raises Misused for a file that holds none."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        raise Misused(f"{path} is no PEM certificate: make a new set with `ichub init --renew-certificates`") from error


def sign_authority(name: x509.Name, key: ec.EllipticCurvePrivateKey, began: datetime) -> x509.Certificate:
    """A root that signs leaves and revocation lists."""
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = certificate_builder(name, name, key.public_key(), began, AUTHORITY_VALID_FOR)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256())


def certificate_builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, began: datetime, valid_for: timedelta
) -> x509.CertificateBuilder:
    """A certificate with a random serial number, to which extensions are added."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + valid_for)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def alternative_name(host: str) -> x509.GeneralName:
    """A name or an address, as a certificate has it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def write_pair(path: Path, key_path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """As PEM, the key for its owner only."""
    write_private(
        key_path,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
