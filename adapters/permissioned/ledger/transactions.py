"""Which transactions of the ledger may stand in a block, and who stands behind one (docs/protocol.md, section 12).

The author signs, and members of other organisations may endorse: the same bytes, each with the key of a certificate
that is enrolled. Who they are is in their certificates alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import msgspec

from adapters.permissioned.ledger.identities import Fingerprint, Identity, OrganisationId, fingerprint
from adapters.permissioned.ledger.membership import registry
from adapters.permissioned.ledger.membership.errors import CertificateUnknown
from adapters.permissioned.ledger.membership.signatures import verify_signature
from adapters.permissioned.ledger.messages import EnrolMember, SignedTransaction, Transaction
from adapters.permissioned.ledger.refusals import AuditorWrites, NotTheAuthor, SignedTwice
from hub.accounts.errors import MalformedTransaction
from hub.accounts.transactions import validate_envelope, validate_nonce
from hub.quantities import Hash, Height, UnixSeconds
from hub.state.branch import Branch, StateReader
from hub.state.context import Context
from hub.transaction import size_of

MAX_SIGNATURES = 32
_DOMAIN = b"\x19Interchain Ledger Transaction:\n"


class MemberSignature(msgspec.Struct, frozen=True, array_like=True):
    """By the key of which certificate, and ``r ‖ s``; without the latter where a transaction is only tried out."""

    certificate: Fingerprint
    signature: bytes


@dataclass(frozen=True, slots=True)
class Signers:
    """Who stands behind a transaction."""

    author: Identity
    endorsers: tuple[Identity, ...]

    @property
    def organisations(self) -> tuple[OrganisationId, ...]:
        """Of all of them, in order, each once."""
        return tuple(sorted({one.organisation for one in (self.author, *self.endorsers)}))


def preimage(genesis_hash: Hash, body: bytes) -> bytes:
    """What is signed: the body as it is sent, for this ledger's genesis alone."""
    return _DOMAIN + genesis_hash + sha256(body).digest()


def encode_signatures(signatures: Iterable[MemberSignature]) -> bytes:
    """The author's first: for each the certificate's fingerprint, a length byte, ``r ‖ s``."""
    return b"".join(one.certificate + bytes((len(one.signature),)) + one.signature for one in signatures)


@lru_cache(4096)
def decode_signatures(data: bytes) -> tuple[MemberSignature, ...]:
    """Raises MalformedTransaction."""
    signatures: list[MemberSignature] = []
    at = 0
    while at < len(data):
        if len(signatures) == MAX_SIGNATURES:
            raise MalformedTransaction(f"it has more than {MAX_SIGNATURES} signatures")
        head = data[at : at + 33]
        end = at + 33 + (head[32] if len(head) == 33 else 0)
        if len(head) < 33 or end > len(data):
            raise MalformedTransaction("its signatures are cut short")
        signatures.append(MemberSignature(Fingerprint(Hash(head[:32])), data[at + 33 : end]))
        at = end
    if not signatures:
        raise MalformedTransaction("it has no signature")
    return tuple(signatures)


def validate(
    state: StateReader, signed: SignedTransaction, genesis: tuple[str, Hash], now: UnixSeconds, lead: int
) -> None:
    """Whether it may stand in a block made now; its nonce at most ``lead`` ahead. ``genesis``: chain ID and hash.

    Raises AccountError, CertificateError, MembershipError, TransactionRefused.
    """
    validate_envelope(signed.transaction, size_of(signed), genesis[0], now)
    validate_nonce(state, signed.transaction, lead)
    if sha256(signed.body + signed.signature).digest() != signed.hash:
        raise MalformedTransaction("its hash is not that of its bytes")
    signatures = decode_signatures(signed.signature)
    signers(state, signed, now)
    message = preimage(genesis[1], signed.body)
    for one in signatures:
        verify_signature(_certificate(state, signed.transaction, one.certificate), message, one.signature)


def signers(state: StateReader, signed: SignedTransaction, now: UnixSeconds) -> Signers:
    """Who stands behind a transaction, each with a certificate that holds now; the signatures are not looked at.

    Raises CertificateError, MembershipError, TransactionRefused.
    """
    transaction = signed.transaction
    given = [one.certificate for one in decode_signatures(signed.signature)]
    identities = [_identity(state, transaction, certificate, now) for certificate in given]
    author, endorsers = identities[0], tuple(identities[1:])
    if author.member != transaction.author:
        raise NotTheAuthor(transaction.author, author.member)
    for index, one in enumerate(identities):
        if not one.role.writes:
            raise AuditorWrites(one.member)
        if any(one.member == earlier.member for earlier in identities[:index]):
            raise SignedTwice(one.member)
    return Signers(author, endorsers)


def _identity(state: StateReader, transaction: Transaction, certificate: Fingerprint, now: UnixSeconds) -> Identity:
    enrolment = _enrolment(transaction, certificate)
    if enrolment is None:
        return registry.authenticate(state, certificate, now)
    dropped = Context(Branch(state), Height(0), now)
    return registry.enrol(dropped, enrolment.certificate, enrolment.intermediates)


def _certificate(state: StateReader, transaction: Transaction, certificate: Fingerprint) -> bytes:
    """Its DER: from the state, or from the enrolment that brings it; raises CertificateUnknown."""
    enrolment = _enrolment(transaction, certificate)
    if enrolment is not None:
        return enrolment.certificate
    record = registry.certificate(state, certificate)
    if record is None:
        raise CertificateUnknown(certificate)
    return record.certificate


def _enrolment(transaction: Transaction, certificate: Fingerprint) -> EnrolMember | None:
    """The enrolment of that very certificate, which stands alone in its transaction."""
    if len(transaction.messages) == 1 and isinstance(first := transaction.messages[0], EnrolMember):
        return first if fingerprint(first.certificate) == certificate else None
    return None
