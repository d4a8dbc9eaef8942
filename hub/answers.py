"""What a hub says when it is asked: read-only views, spoken by the gRPC API and by ``HubClient`` alike.

One struct an answer; ``protos/interchain/hub/v1/answer.proto`` has the same names and fields. What is said of events
is generic in their kind (``EventRecordOf``, …), for every chain of our own says it of its own events.
"""

from enum import Enum
from typing import Generic, TypeAlias, TypeVar

import msgspec

from hub.block import BlockHeader, ResultCode
from hub.clients.base import ClientStatus
from hub.clients.quorum import SignedCheckpoint
from hub.clients.registry import Config as ClientConfig
from hub.events import AnyEvent, Event
from hub.messages import Role
from hub.proofs.quorum import Member, SignerSet
from hub.quantities import Address, Amount, Epoch, Gas, Hash, Height, Seconds, Sequence, UnixSeconds

T = TypeVar("T")
E = TypeVar("E", bound=Event)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some of a list's items; ``next_token`` is empty at the end, else what to ask the next page with."""

    items: tuple[T, ...]
    next_token: str


class NodeStatus(msgspec.Struct, frozen=True):
    """What a node is and how far it has come."""

    chain_id: str
    genesis_hash: Hash
    height: Height
    time: UnixSeconds
    block_hash: Hash
    app_root: Hash
    oldest_height: Height
    """The oldest height whose proofs and batches can still be had."""
    epoch: Epoch
    validators: tuple[Member, ...]
    engine: str
    """``embedded`` (one operator) or ``replicated``."""
    devnet: bool
    version: str
    pending_transactions: int


class Account(msgspec.Struct, frozen=True):
    """A hub account; one that nobody has used has nothing and nonce 0."""

    address: Address
    balance: Amount
    nonce: int
    """The next one to use."""
    roles: tuple[Role, ...]


class ScheduledDomain(msgspec.Struct, frozen=True):
    """Where the checkpoints for a counterparty shall be valid: a contract of an EVM chain, or under a salt."""

    evm_chain_id: int
    client_contract: bytes
    salt: bytes
    applicable_from: UnixSeconds


class FormerDomain(msgspec.Struct, frozen=True):
    """Where they were valid, up to and with a height."""

    evm_chain_id: int
    client_contract: bytes
    salt: bytes
    last_height: Height


class ClientInfo(msgspec.Struct, frozen=True):
    """A light client of the hub. Where no counterparty is registered, its fields are empty."""

    client: str
    kind: str
    status: ClientStatus
    height: Height
    """The latest point that the client believes; 0 before the first."""
    time: UnixSeconds
    config: ClientConfig
    counterparty_client: str
    evm_chain_id: int
    client_contract: bytes
    salt: bytes
    replaceable_from: UnixSeconds
    """From when the scheduled replacement may be applied; 0: none is scheduled."""
    scheduled_domain: ScheduledDomain | None
    """What ``evm_chain_id``, ``client_contract`` and ``salt`` shall be; None: no change is scheduled."""
    former_domains: tuple[FormerDomain, ...]
    """In rising order of their last heights."""
    finality_time: Seconds
    """How long the chain takes until what happened there can be proven here; 0 for a chain of our own."""


class Rotation(msgspec.Struct, frozen=True):
    """Who signs the blocks, and who shall sign next, if a rotation is pending.

    ``stored``: the clients for whose counterparties the checkpoint that names the next set is stored; ``missing``:
    those that it is waited for; ``changing``: those whose counterparties' change of domain is waited for.
    """

    validators: SignerSet
    next_validators: SignerSet | None
    stored: tuple[str, ...]
    missing: tuple[str, ...]
    changing: tuple[str, ...]


class RotationCheckpoint(msgspec.Struct, frozen=True):
    """The old quorum's checkpoint that names the next set, for one counterparty, and that set."""

    client: str
    signed: SignedCheckpoint
    next_set: SignerSet


class LaneInfo(msgspec.Struct, frozen=True):
    """A registered route of this chain."""

    lane: int
    source_client: str
    destination_client: str
    source_port: str
    destination_port: str
    version: str
    encoding: str


class EventRecordOf(msgspec.Struct, Generic[E], frozen=True):
    """An event and where it happened."""

    height: Height
    index: int
    """Its place among the block's events, from 0."""
    transaction_hash: bytes
    """Empty for what fell due at the block's end."""
    event: E


class BlockEventsOf(msgspec.Struct, Generic[E], frozen=True):
    """All events of one block that were asked for, in order; perhaps none."""

    height: Height
    time: UnixSeconds
    events: tuple[EventRecordOf[E], ...]


class ReceiptOf(msgspec.Struct, Generic[E], frozen=True):
    """A transaction that stands in a block, durably (or would, where it was simulated)."""

    hash: Hash
    height: Height
    time: UnixSeconds
    index: int
    """Its place in the block, from 0."""
    result: ResultCode
    """OK, or NO_OP where nothing was left to do; what was refused is raised, but where one looks a transaction up."""
    events: tuple[EventRecordOf[E], ...]
    reason: str = ""
    """Of a refusal: the error's stable name."""
    detail: str = ""
    """Of a refusal: what it said."""


class BlockInfo(msgspec.Struct, frozen=True):
    """A block, its hash, and the hashes of its transactions in order."""

    header: BlockHeader
    hash: Hash
    transaction_hashes: tuple[Hash, ...]


class PacketHistoryOf(msgspec.Struct, Generic[E], frozen=True):
    """All that has happened here to one packet, in order."""

    source_client: str
    destination_client: str
    sequence: Sequence
    steps: tuple[EventRecordOf[E], ...]


class BatchEntry(msgspec.Struct, frozen=True):
    """One entry of a batch: an encoded path and the commitment under it (docs/protocol.md, section 5)."""

    path: bytes
    commitment: Hash


class Batch(msgspec.Struct, frozen=True):
    """What one block shows one counterparty; ``root`` is zero where there is nothing."""

    client: str
    height: Height
    root: Hash
    entries: tuple[BatchEntry, ...]


class PathProof(msgspec.Struct, frozen=True):
    """Whether something stands at a path: ``value`` is empty where nothing does. ``proof`` is the direct proof."""

    path: bytes
    value: bytes
    proof: bytes


class StateProof(msgspec.Struct, frozen=True):
    """Proofs of several paths under one root."""

    height: Height
    app_root: Hash
    proofs: tuple[PathProof, ...]


class Ics23PathProof(msgspec.Struct, frozen=True):
    """As ``PathProof``, for those who verify with ICS-23: ``commitment_proof`` is a serialised ``CommitmentProof``."""

    path: bytes
    value: bytes
    commitment_proof: bytes


class Ics23StateProof(msgspec.Struct, frozen=True):
    """Proofs of several paths under one root, in the form of ICS-23 (``SmtSpec``)."""

    height: Height
    app_root: Hash
    proofs: tuple[Ics23PathProof, ...]


class ServiceDefinition(msgspec.Struct, frozen=True):
    """What a service accepts and answers; a schema that is empty is absent."""

    service: str
    author: Address
    description: str
    tags: tuple[str, ...]
    input_json_schema: str
    output_json_schema: str
    input_abi: str
    output_abi: str


class ServiceBinding(msgspec.Struct, frozen=True):
    """An offer of a service: a contract of the chain behind ``client``, or a hub account where that is empty."""

    service: str
    client: str
    provider: bytes
    owner: Address
    encoding: int
    price: Amount
    gas_limit: Gas
    max_response_seconds: int
    grace_seconds: int
    available: bool


class RequestState(Enum):
    """How far a call is."""

    PENDING = "pending"
    """Accepted; there is no result yet."""
    RESULTED = "resulted"
    """It has its one result; its money is not settled yet."""
    SETTLED = "settled"


class ServiceRequest(msgspec.Struct, frozen=True):
    """A call that the hub accepted. ``code`` is 0 until there is a result."""

    request_id: Hash
    service: str
    caller_client: str
    caller: bytes
    call_sequence: Sequence
    """Of the caller's packet; 0 for a call from a hub account."""
    client: str
    provider: bytes
    request_sequence: Sequence
    """Of the packet to the provider's chain; 0 where there is none."""
    fee: Amount
    deadline: UnixSeconds
    input_encoding: int
    """The caller's, of its input as it came and of ``output``."""
    input: bytes
    """As the provider reads it, in ``provider_encoding``; gone once there is a result."""
    state: RequestState
    code: int
    output: bytes
    message: str
    provider_encoding: int
    payer: Address
    payee: Address
    due: UnixSeconds
    """When the result, and after it the escrow, is decided without an answer."""
    paid: bool
    """Whether the escrow went to the provider."""


class RequestHistory(msgspec.Struct, frozen=True):
    """All that has happened to a call that the hub accepted, in order."""

    request_id: Hash
    steps: tuple[EventRecordOf[AnyEvent], ...]


class Parameter(msgspec.Struct, frozen=True):
    """One of the chain's parameters, as text."""

    name: str
    value: str


EventRecord: TypeAlias = EventRecordOf[AnyEvent]
BlockEvents: TypeAlias = BlockEventsOf[AnyEvent]
Receipt: TypeAlias = ReceiptOf[AnyEvent]
PacketHistory: TypeAlias = PacketHistoryOf[AnyEvent]
