"""What a call's life leaves behind, in the order in which it happens: the receipt.

    call      the consumer's chain committed the call's packet             shown by that chain to the hub
    accepted  the hub took it on: ServiceCalled                            in a block of the hub
    request   the hub committed its own packet for the provider's chain    shown by the hub to that chain
    answer    the provider's chain acknowledged it, or never received it   shown by that chain to the hub
    decided   the call has its one result: ServiceResulted                 in a block of the hub
    settled   the fee went one way or the other: EscrowSettled             in a block of the hub
    result    the hub acknowledged the call, or never received it          shown by the hub to the consumer's chain

Whatever is shown from chain to chain is kept with just the proof that the receiving side's light client accepts, and
is verified by the same code. What happened at the hub alone is an event in a block whose hash the validators signed.
Parts that do not exist (a provider that is a hub account has no chain) or cannot be had any more are absent.
"""

from typing import TypeAlias

import msgspec

from hub.block import BlockHeader
from hub.clients import quorum
from hub.clients.attested_evm import SignedHeader
from hub.clients.quorum import SignedCheckpoint
from hub.clients.router_proof import RouterProof
from hub.events import EscrowSettled, ServiceCalled, ServiceResulted
from hub.ibc.identifiers import ClientId
from hub.ibc.packet import Packet
from hub.proofs.merkle import RecordStep
from hub.quantities import Sequence

FORMAT = "interchain-receipt"


class AttestedStorage(msgspec.Struct, frozen=True, tag="attested_evm"):
    """A signed header of an EVM chain, and its router's storage under the header's state root."""

    signed: SignedHeader
    storage: RouterProof


Evidence: TypeAlias = AttestedStorage | quorum.Proof
"""What one chain shows of its store: by attested headers, or by checkpoints."""


class Sent(msgspec.Struct, frozen=True):
    """A packet, and the proof that its source chain committed it."""

    packet: Packet
    proof: Evidence


class Acknowledged(msgspec.Struct, frozen=True, tag="acknowledged"):
    """An acknowledgement of a packet, and the proof that its destination chain committed it."""

    acknowledgement: bytes
    proof: Evidence


class NotReceived(msgspec.Struct, frozen=True, tag="not_received"):
    """The proof that a packet's destination chain has no receipt of it. ``client``: the destination client."""

    client: ClientId
    sequence: Sequence
    proof: Evidence


CallEvent: TypeAlias = ServiceCalled | ServiceResulted | EscrowSettled


class ProvenEvent(msgspec.Struct, frozen=True):
    """An event, and its way to the event root of its block's header."""

    event: CallEvent
    path: tuple[RecordStep, ...]


class HubBlock(msgspec.Struct, frozen=True):
    """A block of the hub: a checkpoint that names its hash, signed for any counterparty; its header; events in it."""

    signed: SignedCheckpoint
    header: BlockHeader
    events: tuple[ProvenEvent, ...]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of one call. ``blocks`` rise in height; each of the three events stands in one of them at most.

    Nothing here decorates: whatever is in a receipt is bound by a signature, a hash or a comparison.
    """

    call: Sent | None = None
    request: Sent | None = None
    answer: Acknowledged | NotReceived | None = None
    result: Acknowledged | NotReceived | None = None
    blocks: tuple[HubBlock, ...] = ()
