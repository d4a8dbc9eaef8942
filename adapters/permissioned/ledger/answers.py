"""What a ledger says when it is asked, beyond what any chain of our own says (hub/answers.py).

One struct an answer; ``protos/interchain/ledger/v1/answer.proto`` has the same names and fields.
"""

from enum import Enum
from typing import TypeAlias

import msgspec

from adapters.permissioned.ledger.actions import Action
from adapters.permissioned.ledger.every_event import LedgerEvent
from adapters.permissioned.ledger.governance.proposals import Outcome
from adapters.permissioned.ledger.identities import MemberRole
from adapters.permissioned.ledger.membership.records import Standing
from adapters.permissioned.ledger.service.calls import CallState
from hub.answers import BlockEventsOf, EventRecordOf, PacketHistoryOf, ReceiptOf
from hub.quantities import Address, Hash, Height, Sequence, UnixSeconds

EventRecord: TypeAlias = EventRecordOf[LedgerEvent]
BlockEvents: TypeAlias = BlockEventsOf[LedgerEvent]
Receipt: TypeAlias = ReceiptOf[LedgerEvent]
PacketHistory: TypeAlias = PacketHistoryOf[LedgerEvent]


class OrganisationInfo(msgspec.Struct, frozen=True):
    """An organisation, perhaps a removed one. ``authorities``: how many it has."""

    organisation: str
    display_name: str
    joined_at: UnixSeconds
    removed: bool
    authorities: int


class RevocationInfo(msgspec.Struct, frozen=True):
    """An authority's newest revocation list, its number in decimal. A stale one should have been followed by a newer;
    it locks nobody out.
    """

    number: str
    this_update: UnixSeconds
    next_update: UnixSeconds
    revoked: int
    stale: bool


class AuthorityInfo(msgspec.Struct, frozen=True):
    """A certificate authority, perhaps a removed one; ``certificate`` is DER. ``revocations`` None: it has published no
    list.
    """

    authority: Hash
    organisation: str
    standing: Standing
    root: bool
    certificate: bytes
    since: UnixSeconds
    revocations: RevocationInfo | None


class CertificateInfo(msgspec.Struct, frozen=True):
    """An enrolled certificate, ended and revoked ones too."""

    organisation: str
    name: str
    role: MemberRole
    fingerprint: Hash
    certificates: tuple[bytes, ...]
    """Its own DER, then those of the authorities above it."""
    valid_from: UnixSeconds
    valid_until: UnixSeconds
    enrolled_at: UnixSeconds
    enrolled_in: Height
    refused_for: str
    """Why it does not act now: an error's stable name, empty where it acts."""


class MemberInfo(msgspec.Struct, frozen=True):
    """A member of an organisation; one that nobody enrolled has nonce 0 and no certificate."""

    member: str
    account: Address
    nonce: int
    """The next one to use."""
    certificates: tuple[CertificateInfo, ...]


class ValidatorInfo(msgspec.Struct, frozen=True):
    """One of those who sign the blocks, and whose key it is; empty for a key that is nobody's."""

    address: Address
    power: int
    organisation: str
    name: str


class BallotInfo(msgspec.Struct, frozen=True):
    """One organisation's vote. ``counts``: whether its organisation is still there, and has been since."""

    organisation: str
    name: str
    fingerprint: Hash
    approve: bool
    cast_at: UnixSeconds
    counts: bool


class ProposalInfo(msgspec.Struct, frozen=True):
    """A proposal with all that became of it; ``approving`` and ``against`` are the votes that count now, of so many
    ``organisations``. ``reason`` and ``message``: why its action was refused. ``too_powerful``: the organisations that
    could halt the ledger alone, were the validators that it proposes to sign.
    """

    number: int
    organisation: str
    name: str
    fingerprint: Hash
    action: Action
    made_at: UnixSeconds
    expiry: UnixSeconds
    outcome: Outcome
    ballots: tuple[BallotInfo, ...]
    approving: int
    against: int
    organisations: int
    closed_at: UnixSeconds
    reason: str
    message: str
    too_powerful: tuple[str, ...]


class ContractInfo(msgspec.Struct, frozen=True):
    """A contract that was voted for, last in the block at ``height``; ``policy``: who must endorse."""

    contract: str
    version: int
    package_hash: Hash
    policy: str
    height: Height
    retired: bool
    can_be_endorsed: bool
    """Whether the organisations that there are now could meet its policy."""
    missing: tuple[str, ...]
    """Organisations that the policy names and that are not registered any more."""


class ChangeKind(Enum):
    """What was done to a record."""

    WRITTEN = "written"
    DELETED = "deleted"
    PRIVATE_WRITTEN = "private written"
    """The hash of a private value was written."""
    PRIVATE_DUE = "private due"
    """A private value's time was over."""


class SignerInfo(msgspec.Struct, frozen=True):
    """Who signed a transaction, and the fingerprint of the certificate by which."""

    member: str
    certificate: Hash


class RecordChange(msgspec.Struct, frozen=True):
    """One change of a record, and who made it.

    ``transaction_hash`` is empty for what fell due at the block's end. ``value_hash`` is of the value as it is stored,
    or the salted hash of a private one; empty for a deletion. ``caller``: by whom the contract was called
    (``organisation/name``, or ``client:0x…``), empty for what nobody called for. ``signers``: the transaction's author
    first, then who endorsed it.
    """

    height: Height
    time: UnixSeconds
    transaction_hash: bytes
    kind: ChangeKind
    value_hash: bytes
    caller: str
    method: str
    signers: tuple[SignerInfo, ...]


class CallInfo(msgspec.Struct, frozen=True):
    """A member's or a contract's call of a service behind the hub. ``code`` is 0 until there is a result;
    ``callback_failed``: why its contract did not take the outcome.
    """

    call_id: Hash
    caller: str
    service: str
    encoding: int
    client: str
    sequence: Sequence
    deadline: UnixSeconds
    state: CallState
    code: int
    output: bytes
    message: str
    callback_failed: str


class RequestInfo(msgspec.Struct, frozen=True):
    """A request of another chain that a contract answers later."""

    request_id: Hash
    contract: str
    service: str
    caller_client: str
    caller: bytes
    encoding: int
    deadline: UnixSeconds
    input: bytes


class PrivateValue(msgspec.Struct, frozen=True):
    """A private value with what proves it: ``sha256(salt ‖ value)`` is what stands on the ledger."""

    value: bytes
    salt: Hash
    salted_hash: Hash
    organisations: tuple[str, ...]
    purge_at: UnixSeconds
