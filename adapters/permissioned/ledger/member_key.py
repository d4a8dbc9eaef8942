"""A member's certificate and its key: what it connects with, signs with and enrols with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.permissioned.ledger.genesis import FoundingValidator
from adapters.permissioned.ledger.identities import Fingerprint, MemberId, fingerprint, member_id
from adapters.permissioned.ledger.membership.certificates import read_member
from adapters.permissioned.ledger.membership.errors import CertificateMalformed, WrongKeyType
from adapters.permissioned.ledger.membership.signatures import sign
from adapters.permissioned.ledger.membership.validator_keys import founding_digest, founding_statement
from adapters.permissioned.ledger.transactions import MemberSignature, preimage
from hub.quantities import Hash
from hub.signer import Signer


@dataclass(frozen=True, slots=True)
class MemberKey:
    """``certificate`` and ``intermediates`` are DER; the latter lead from it to a registered authority."""

    certificate: bytes
    intermediates: tuple[bytes, ...]
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def read(cls, certificate: Path, key: Path, password: bytes | None = None) -> "MemberKey":
        """From PEM files, the member's certificate before its intermediates. Raises CertificateError, OSError, and
        ValueError or TypeError for a key that the password does not open.
        """
        try:
            chain = x509.load_pem_x509_certificates(certificate.read_bytes())
        except ValueError as error:
            raise CertificateMalformed("member", f"{certificate} holds no certificate in PEM") from error
        opened = serialization.load_pem_private_key(key.read_bytes(), password)
        if not isinstance(opened, ec.EllipticCurvePrivateKey):
            raise WrongKeyType("member", type(opened).__name__.removesuffix("PrivateKey"))
        ders = [one.public_bytes(serialization.Encoding.DER) for one in chain]
        return cls.of(ders, opened)

    @classmethod
    def of(cls, chain: Sequence[bytes], key: ec.EllipticCurvePrivateKey) -> "MemberKey":
        """Raises CertificateError, also where the key is not the certificate's."""
        if not chain:
            raise CertificateMalformed("member", "there is none")
        if read_member(chain[0])[0].key != key.public_key():
            raise CertificateMalformed("member", "it is not the certificate of this key")
        return cls(chain[0], tuple(chain[1:]), key)

    @property
    def fingerprint(self) -> Fingerprint:
        return fingerprint(self.certificate)

    @property
    def member(self) -> MemberId:
        """``organisation/name``, as the certificate says."""
        _, subject = read_member(self.certificate)
        return member_id(subject.organisation, subject.name)

    def sign(self, genesis_hash: Hash, body: bytes) -> MemberSignature:
        """The member's signature over a transaction's body."""
        return MemberSignature(self.fingerprint, sign(self.key, preimage(genesis_hash, body)))

    def found(self, chain_id: str, checkpoint: Signer, power: int) -> FoundingValidator:
        """This member as a validator of a genesis to be, with the key by which it signs checkpoints."""
        statement = founding_statement(chain_id, self.member, checkpoint.address)
        return FoundingValidator(
            checkpoint.address,
            power,
            (self.certificate, *self.intermediates),
            sign(self.key, statement),
            checkpoint.sign(founding_digest(statement)),
        )
