"""What a transaction of the ledger asks for, in the imperative.

One struct a message; ``protos/interchain/ledger/v1/tx.proto`` has the same names and fields. Packets are carried, and
the client of the hub is kept, with the messages of hub/messages.py: they are the same on every chain of our own.
"""

from functools import cached_property
from typing import TypeAlias

import msgspec

from adapters.permissioned.ledger.actions import Action
from adapters.permissioned.ledger.identities import MemberName, OrganisationId, member_account
from hub.messages import (
    AcknowledgePackets,
    Message,
    ReceivePackets,
    ReportQuorumMisbehaviour,
    StoreRotationCheckpoint,
    TimeOutPackets,
    UpdateQuorumClient,
)
from hub.quantities import Address, Amount, Gas, Seconds, UnixSeconds

__all__ = [
    "AcknowledgePackets",
    "AnyMessage",
    "BindValidatorKey",
    "CallService",
    "EnrolMember",
    "InvokeContract",
    "Message",
    "Propose",
    "ReceivePackets",
    "ReportQuorumMisbehaviour",
    "RetryCallback",
    "SignedTransaction",
    "StoreRotationCheckpoint",
    "TimeOutPackets",
    "Transaction",
    "UpdateQuorumClient",
    "UpdateRevocations",
    "Vote",
]


class EnrolMember(Message, frozen=True):
    """Make a certificate known, by a transaction signed with its own key; ``intermediates`` lead to an authority that
    is registered. Certificates are DER.
    """

    certificate: bytes
    intermediates: tuple[bytes, ...]


class UpdateRevocations(Message, frozen=True):
    """Take an authority's newer revocation list, DER; signed by the authority, hence taken from any member."""

    revocation_list: bytes


class BindValidatorKey(Message, frozen=True):
    """Name the secp256k1 key with which the sender, a validator, signs checkpoints; ``possession`` is that key's
    signature.
    """

    address: Address
    possession: bytes


class Propose(Message, frozen=True):
    """Put an action to the organisations' vote, open for ``valid_for``; the proposer's own vote is not cast by it."""

    action: Action
    valid_for: Seconds


class Vote(Message, frozen=True):
    """The vote of the sender's organisation, once a proposal."""

    proposal: int
    approve: bool


class InvokeContract(Message, frozen=True):
    """``arguments`` is the JSON of the method's argument."""

    contract: str
    method: str
    arguments: bytes


class CallService(Message, frozen=True):
    """A member's own call to a service behind the hub; the result is kept to be asked for."""

    service: str
    input_encoding: int
    input: bytes
    fee_cap: Amount
    deadline: UnixSeconds


class RetryCallback(Message, frozen=True):
    """Give a contract once more the outcome of a call that it did not take."""

    call_id: bytes


AnyMessage: TypeAlias = (
    EnrolMember
    | UpdateRevocations
    | BindValidatorKey
    | Propose
    | Vote
    | InvokeContract
    | CallService
    | RetryCallback
    | ReceivePackets
    | AcknowledgePackets
    | TimeOutPackets
    | UpdateQuorumClient
    | ReportQuorumMisbehaviour
    | StoreRotationCheckpoint
)


class Transaction(msgspec.Struct, frozen=True, dict=True):
    """What a member signed, and others perhaps endorsed: the decoded body. ``author`` is ``organisation/name``."""

    chain_id: str
    author: str
    nonce: int
    expiry: UnixSeconds
    fee: Amount
    gas_limit: Gas
    messages: tuple[AnyMessage, ...]

    @cached_property
    def account(self) -> Address:
        """Under what the author's nonce stands, whatever the author's name may be."""
        organisation, _, name = self.author.partition("/")
        return member_account(OrganisationId(organisation), MemberName(name))


class SignedTransaction(msgspec.Struct, frozen=True):
    """A transaction as it was sent (``body``, the signed bytes) and as it was decoded from just those bytes.

    ``signature`` holds all signatures, the author's first (adapters/permissioned/ledger/transactions.py).
    """

    body: bytes
    signature: bytes
    hash: bytes
    transaction: Transaction
