"""A draft: a transaction in a file, which members whose keys are elsewhere endorse before somebody sends it.

Its author has signed it from the beginning, so that nobody can change it on its way unseen. It is written as receipts
are (hub/receipts/document.py), in one way only.
"""

from collections.abc import Sequence

import msgspec

from adapters.permissioned.ledger.answers import CertificateInfo, Receipt
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.errors import EndorsementMissing
from adapters.permissioned.ledger.contracts.policy import is_met, parse_policy
from adapters.permissioned.ledger.draft_errors import (
    DraftChanged,
    DraftExpired,
    DraftHoldsOther,
    DraftMalformed,
    DraftOfAnotherLedger,
    DraftOvertaken,
    DraftsDiffer,
    DraftTooLarge,
    SignerRefused,
)
from adapters.permissioned.ledger.identities import Fingerprint, MemberName, OrganisationId, member_id
from adapters.permissioned.ledger.membership.errors import MalformedMemberSignature, WrongMemberSignature
from adapters.permissioned.ledger.membership.signatures import verify_signature
from adapters.permissioned.ledger.messages import InvokeContract, Transaction
from adapters.permissioned.ledger.refusals import NotTheAuthor, SignedTwice
from adapters.permissioned.ledger.rpc.dialect import decode_transaction, encode_transaction
from adapters.permissioned.ledger.transactions import MAX_SIGNATURES, MemberSignature, encode_signatures, preimage
from hub.accounts.errors import ExpiryTooFar
from hub.accounts.transactions import MAX_EXPIRY_SECONDS
from hub.errors import HubError
from hub.quantities import Hash, UnixSeconds
from hub.receipts.document import read_document, write_document

FORMAT = "interchain-ledger-draft"
MAX_BODY_BYTES = 256 * 1024
"""What a person may be asked to look at."""
VALID_SECONDS = 23 * 3600
"""How long a draft can be sent: as long as a transaction can at all, less an hour for clocks that differ."""


class Draft(msgspec.Struct, frozen=True):
    """``body`` is what is signed, for the genesis that is named; ``signatures`` are the author's, then endorsers'.

    Raises DraftTooLarge, DraftMalformed.
    """

    genesis_hash: Hash
    body: bytes
    signatures: tuple[MemberSignature, ...]

    def __post_init__(self) -> None:
        if len(self.body) > MAX_BODY_BYTES:
            raise DraftTooLarge("a body in bytes", len(self.body), MAX_BODY_BYTES)
        if len(self.signatures) > MAX_SIGNATURES:
            raise DraftTooLarge("a number of signatures", len(self.signatures), MAX_SIGNATURES)
        if not self.signatures:
            raise DraftMalformed("its author has not signed it")
        if any(len(one.certificate) != 32 or len(one.signature) not in _SIGNATURE_BYTES for one in self.signatures):
            raise DraftMalformed("a signature is 64 or 96 bytes, by a certificate that is named by its 32 bytes")

    @property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Of the certificates that it is signed with."""
        return tuple(one.certificate for one in self.signatures)

    def signed_also(self, *signatures: MemberSignature) -> "Draft":
        """With more signatures; raises DraftTooLarge."""
        return Draft(self.genesis_hash, self.body, (*self.signatures, *signatures))


def read_draft(data: bytes) -> Draft:
    """The draft in a file; raises ReceiptError, DraftError."""
    return read_document(FORMAT, Draft, data)


def write_draft(draft: Draft) -> bytes:
    """Its file."""
    return write_document(FORMAT, draft)


def read_transaction(draft: Draft) -> Transaction:
    """All that a draft asks for: the body has nothing beyond it. Raises DraftMalformed, DraftHoldsOther."""
    try:
        transaction = decode_transaction(draft.body, b"").transaction
    except HubError as error:
        raise DraftMalformed(str(error)) from error
    for message in transaction.messages:
        if not isinstance(message, InvokeContract):
            raise DraftHoldsOther(type(message).__name__)
    if transaction.fee or transaction.gas_limit:
        raise DraftMalformed("fee and gas limit are reserved, and must be 0")
    if not transaction.messages or encode_transaction(transaction) != draft.body:
        raise DraftMalformed("its body is not just what it is read as")
    return transaction


def invocations(draft: Draft) -> tuple[InvokeContract, ...]:
    """What it invokes, in order; raises DraftMalformed, DraftHoldsOther."""
    return tuple(one for one in read_transaction(draft).messages if isinstance(one, InvokeContract))


def joined(drafts: Sequence[Draft]) -> Draft:
    """One draft with the signatures of all its copies, which endorsers signed at the same time; raises DraftsDiffer."""
    first, *others = drafts
    if any((other.genesis_hash, other.body) != (first.genesis_hash, first.body) for other in others):
        raise DraftsDiffer
    known = {one.certificate for one in first.signatures}
    new = {one.certificate: one for other in others for one in other.signatures if one.certificate not in known}
    return first.signed_also(*new.values())


async def check(draft: Draft, ledger: LedgerClient, now: UnixSeconds) -> tuple[CertificateInfo, ...]:
    """Whether a draft can still be endorsed and sent, and who signed it: the certificates, in order.

    Raises DraftError, NotTheAuthor, SignedTwice, ExpiryTooFar, CertificateUnknown, CertificateError.
    """
    transaction = read_transaction(draft)
    if (transaction.chain_id, draft.genesis_hash) != (ledger.chain_id, ledger.genesis_hash):
        raise DraftOfAnotherLedger(transaction.chain_id, draft.genesis_hash, ledger.chain_id, ledger.genesis_hash)
    if transaction.expiry <= now:
        raise DraftExpired(transaction.expiry, now)
    if transaction.expiry > now + MAX_EXPIRY_SECONDS:  # what is signed now must not be sent at some far time
        raise ExpiryTooFar(transaction.expiry, UnixSeconds(now + MAX_EXPIRY_SECONDS))
    signers = tuple([await ledger.certificate(one) for one in draft.fingerprints])
    _check_signatures(draft, transaction, signers)
    organisation, _, name = transaction.author.partition("/")
    next_nonce = (await ledger.member_info(organisation, name)).nonce
    if transaction.nonce < next_nonce:
        raise DraftOvertaken(transaction.author, transaction.nonce, next_nonce)
    return signers


async def send(draft: Draft, signers: Sequence[CertificateInfo], ledger: LedgerClient) -> Receipt:
    """Send what ``check`` found sound, whoever one is; raises what the ledger refuses it for.

    What it would be refused for is found out first, as far as one may ask, for a refusal uses up the draft.
    """
    messages = invocations(draft)
    if member_of(signers[0]) == ledger.member:
        await ledger.simulate(messages, endorsers=draft.fingerprints[1:])
    else:
        await _require_endorsement(messages, signers, ledger)
    return await ledger.send(draft.body, encode_signatures(draft.signatures))


def member_of(certificate: CertificateInfo) -> str:
    """Whose it is."""
    return member_id(OrganisationId(certificate.organisation), MemberName(certificate.name))


async def _require_endorsement(
    messages: Sequence[InvokeContract], signers: Sequence[CertificateInfo], ledger: LedgerClient
) -> None:
    """Raises EndorsementMissing."""
    organisations = sorted({one.organisation for one in signers})
    policies = {one.contract: one.policy for one in await ledger.contracts()}
    for message in messages:
        policy = policies.get(message.contract, "any member")
        if not is_met(parse_policy(policy), [OrganisationId(one) for one in organisations]):
            raise EndorsementMissing(message.contract, policy, ", ".join(organisations))


def _check_signatures(draft: Draft, transaction: Transaction, signers: Sequence[CertificateInfo]) -> None:
    """As the ledger checks them; raises what it would, DraftChanged and SignerRefused."""
    members = [member_of(one) for one in signers]
    if members[0] != transaction.author:
        raise NotTheAuthor(transaction.author, members[0])
    for index, (member, info, one) in enumerate(zip(members, signers, draft.signatures, strict=True)):
        if member in members[:index]:
            raise SignedTwice(member)
        if info.refused_for:
            raise SignerRefused(member, info.refused_for)
        try:
            verify_signature(info.certificates[0], preimage(draft.genesis_hash, draft.body), one.signature)
        except (WrongMemberSignature, MalformedMemberSignature) as error:
            raise DraftChanged(member) from error


_SIGNATURE_BYTES = (64, 96)
