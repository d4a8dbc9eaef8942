"""What a transaction asks for, in the imperative.

One struct a message; ``protos/interchain/hub/v1/tx.proto`` has the same names and fields, and ``hub/rpc/wire.py``
carries one into the other.
"""

from enum import IntEnum
from typing import TypeAlias

import msgspec

from hub.clients import attested_evm, quorum
from hub.quantities import Address, Amount, Epoch, Gas, UnixSeconds


class Role(IntEnum):
    """Who may do what needs a role; relaying needs none, because it is proven."""

    OPERATOR = 1
    """Roles, validators, replacement of clients and of where counterparties' clients stand."""
    CHAIN_OPERATOR = 2
    """Registers chains: clients, counterparties, lanes."""
    MEMBER = 3
    """Defines and binds services."""
    RELAYER = 4
    """Named in metrics and, later, paid; never trusted."""


class Message(msgspec.Struct, frozen=True, tag=True):
    """The root of all messages."""


class Transfer(Message, frozen=True):
    recipient: Address
    amount: Amount


class Faucet(Message, frozen=True):
    """Money from nowhere; refused off a devnet."""

    recipient: Address
    amount: Amount


class GrantRole(Message, frozen=True):
    account: Address
    role: Role


class RevokeRole(Message, frozen=True):
    account: Address
    role: Role


class CreateAttestedClient(Message, frozen=True):
    config: attested_evm.Config


class CreateQuorumClient(Message, frozen=True):
    config: quorum.Config


class RegisterCounterparty(Message, frozen=True):
    """Once a client: the counterparty's client of us, and where its checkpoints are valid (EIP-712 domain)."""

    client: str
    counterparty_client: str
    evm_chain_id: int
    """The counterparty's EIP-155 chain ID; 0 for one that is not EVM, which has a salt instead."""
    client_contract: bytes
    """20 bytes; empty for one that is not EVM."""
    salt: bytes
    epoch: Epoch = Epoch(0)
    """Of our validators, with which its client of us begins: refused where others sign by now. 0: not asked."""


class RegisterLane(Message, frozen=True):
    source_client: str
    destination_client: str
    source_port: str
    destination_port: str
    version: str
    encoding: str


class UpdateAttestedClient(Message, frozen=True):
    client: str
    update: attested_evm.Update


class UpdateQuorumClient(Message, frozen=True):
    client: str
    update: quorum.Update


class ReportAttestedMisbehaviour(Message, frozen=True):
    client: str
    evidence: attested_evm.Evidence


class ReportQuorumMisbehaviour(Message, frozen=True):
    client: str
    evidence: quorum.Evidence


class ScheduleAttestedReplacement(Message, frozen=True):
    """Replace a frozen, expired or stranded client under its identifier, after the replacement delay: by one of the
    same router on the same chain.
    """

    client: str
    config: attested_evm.Config


class ScheduleQuorumReplacement(Message, frozen=True):
    client: str
    config: quorum.Config


class ApplyClientReplacement(Message, frozen=True):
    client: str


class CancelClientReplacement(Message, frozen=True):
    """Take back a replacement that is scheduled and not applied."""

    client: str


class ScheduleDomainChange(Message, frozen=True):
    """Name another client contract, or another salt, for which the checkpoints shall be, after the replacement delay.

    ``evm_chain_id``, ``client_contract``, ``salt``: as in RegisterCounterparty.
    """

    client: str
    evm_chain_id: int
    client_contract: bytes
    salt: bytes


class ApplyDomainChange(Message, frozen=True):
    """From this block on the checkpoints are for the domain that was announced."""

    client: str


class CancelDomainChange(Message, frozen=True):
    """Take back a change of domain that is scheduled and not applied."""

    client: str


Proof: TypeAlias = attested_evm.Proof | quorum.Proof


class ReceivePackets(Message, frozen=True):
    """``records``: lane records (hub.ibc.lanes) on lanes that end in ``client``; all proven by the one proof."""

    client: str
    records: bytes
    proof: Proof


class AcknowledgePackets(Message, frozen=True):
    """``records``: the packets as they were sent from ``client``; one acknowledgement for each, in order."""

    client: str
    records: bytes
    acknowledgements: tuple[bytes, ...]
    proof: Proof


class TimeOutPackets(Message, frozen=True):
    client: str
    records: bytes
    proof: Proof


class DefineService(Message, frozen=True):
    service: str
    description: str
    tags: tuple[str, ...]
    input_json_schema: str
    output_json_schema: str
    input_abi: str
    output_abi: str


class BindService(Message, frozen=True):
    """Offer a service. ``client`` empty: the provider is a hub account, and must be the sender."""

    service: str
    client: str
    provider: bytes
    encoding: int
    price: Amount
    gas_limit: Gas
    max_response_seconds: int
    grace_seconds: int


class CallService(Message, frozen=True):
    """A call from a hub account. ``client`` and ``provider`` empty: any available binding."""

    service: str
    client: str
    provider: bytes
    input_encoding: int
    input: bytes
    fee_cap: Amount
    deadline: UnixSeconds


class RespondService(Message, frozen=True):
    """The answer of a provider that is a hub account."""

    request_id: bytes
    code: int
    output: bytes
    message: str


class ProposeValidatorSet(Message, frozen=True):
    """The next set, in effect once every counterparty's checkpoint that names it is stored."""

    members: tuple[tuple[Address, int], ...]


class WithdrawValidatorSet(Message, frozen=True):
    """Take back the proposed set. A counterparty that was handed over to it meanwhile must be given a new client."""


class StoreRotationCheckpoint(Message, frozen=True):
    client: str
    checkpoint: quorum.SignedCheckpoint


AnyMessage: TypeAlias = (
    Transfer
    | Faucet
    | GrantRole
    | RevokeRole
    | CreateAttestedClient
    | CreateQuorumClient
    | RegisterCounterparty
    | RegisterLane
    | UpdateAttestedClient
    | UpdateQuorumClient
    | ReportAttestedMisbehaviour
    | ReportQuorumMisbehaviour
    | ScheduleAttestedReplacement
    | ScheduleQuorumReplacement
    | ApplyClientReplacement
    | ReceivePackets
    | AcknowledgePackets
    | TimeOutPackets
    | DefineService
    | BindService
    | CallService
    | RespondService
    | ProposeValidatorSet
    | StoreRotationCheckpoint
    | WithdrawValidatorSet
    | CancelClientReplacement
    | ScheduleDomainChange
    | ApplyDomainChange
    | CancelDomainChange
)


class Transaction(msgspec.Struct, frozen=True):
    """What an account signed: the decoded body."""

    chain_id: str
    account: Address
    nonce: int
    expiry: UnixSeconds
    fee: Amount
    gas_limit: Gas
    messages: tuple[AnyMessage, ...]


class SignedTransaction(msgspec.Struct, frozen=True):
    """A transaction as it was sent (``body``, the signed bytes) and as it was decoded from just those bytes."""

    body: bytes
    signature: bytes
    hash: bytes
    transaction: Transaction
