"""What has happened, in the past tense: the only way in which anyone outside learns of a change of state.

Events are data: the same blocks give the same events (their root stands in the block header). They are encoded
canonically as msgpack of ``[tag, field, ...]``. All of a packet that a relayer needs to carry it stands in its events.
"""

from typing import TypeAlias

import msgspec

from hub.quantities import Address, Amount, Epoch, Height, Sequence, UnixSeconds


class Event(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The root of all events; the tag is the class's name."""

    def index_key(self) -> bytes | None:
        """Under what a node finds the event again, None where nobody looks for it."""
        return None


class PacketStep(Event, frozen=True):
    """What happened to a packet, with its whole name."""

    source_client: str
    destination_client: str
    sequence: Sequence

    def index_key(self) -> bytes | None:
        return packet_key(self.source_client, self.destination_client, self.sequence)


class RequestStep(Event, frozen=True):
    """What happened to a call that the hub accepted, under its request's identifier."""

    request_id: bytes

    def index_key(self) -> bytes | None:
        return request_key(self.request_id)


class ClientCreated(Event, frozen=True):
    client: str
    kind: str


class ClientUpdated(Event, frozen=True):
    client: str
    height: Height
    time: UnixSeconds


class ClientFrozen(Event, frozen=True):
    client: str


class ClientReplacementScheduled(Event, frozen=True):
    client: str
    ripe_at: UnixSeconds


class ClientReplaced(Event, frozen=True):
    client: str


class CounterpartyRegistered(Event, frozen=True):
    client: str
    counterparty: str


class LaneRegistered(Event, frozen=True):
    lane: int
    source_client: str
    destination_client: str
    source_port: str
    destination_port: str
    version: str
    encoding: str


class PacketSent(PacketStep, frozen=True):
    """A packet was committed here. ``lane`` is the number in this chain's registry, 0 where the route has none."""

    timeout: UnixSeconds
    source_port: str
    destination_port: str
    version: str
    encoding: str
    value: bytes
    lane: int


class PacketReceived(PacketStep, frozen=True):
    """The packet was proven and took effect here, or its failure did."""


class AcknowledgementWritten(PacketStep, frozen=True):
    """An acknowledgement of a packet from ``source_client`` was committed here, at once or later."""

    acknowledgement: bytes


class PacketAcknowledged(PacketStep, frozen=True):
    """The sender, here, learned the acknowledgement; the commitment is gone."""


class PacketTimedOut(PacketStep, frozen=True):
    """The sender, here, learned that the packet was never received; the commitment is gone."""


class ApplicationFailed(Event, frozen=True):
    """An application here refused a packet of ``client``; the error acknowledgement would not have said why."""

    client: str
    sequence: Sequence
    port: str
    reason: str
    message: str


class Transferred(Event, frozen=True):
    sender: Address
    recipient: Address
    amount: Amount


class Minted(Event, frozen=True):
    """The faucet of a devnet gave money; the supply grew by it."""

    recipient: Address
    amount: Amount


class RoleGranted(Event, frozen=True):
    account: Address
    role: str


class RoleRevoked(Event, frozen=True):
    account: Address
    role: str


class ServiceDefined(Event, frozen=True):
    service: str
    author: Address


class ServiceBound(Event, frozen=True):
    """A provider offers a service: a contract of the chain behind ``client``, or a hub account where that is empty."""

    service: str
    client: str
    provider: bytes
    price: Amount


class ServiceCalled(RequestStep, frozen=True):
    """A call was accepted and its fee put into escrow: it will have exactly one result."""

    service: str
    caller_client: str
    caller: bytes
    call_sequence: Sequence
    client: str
    provider: bytes
    fee: Amount
    deadline: UnixSeconds
    input_encoding: int
    input: bytes


class RequestForwarded(RequestStep, frozen=True):
    """The hub sent the request on to the provider's chain."""

    client: str
    sequence: Sequence


class ServiceResulted(RequestStep, frozen=True):
    """A call has its one result."""

    code: int
    output: bytes
    message: str


class EscrowSettled(RequestStep, frozen=True):
    """A request's escrow was paid out, to the provider (``paid``) or back to the caller."""

    recipient: Address
    amount: Amount
    paid: bool


class ValidatorSetProposed(Event, frozen=True):
    epoch: Epoch
    set_hash: bytes


class RotationCheckpointStored(Event, frozen=True):
    epoch: Epoch
    client: str


class ValidatorSetChanged(Event, frozen=True):
    epoch: Epoch
    set_hash: bytes


class ValidatorSetWithdrawn(Event, frozen=True):
    """The proposed set will not sign; what was stored for its rotation is forgotten."""

    epoch: Epoch
    set_hash: bytes


class ClientReplacementCancelled(Event, frozen=True):
    client: str


class DomainChangeScheduled(Event, frozen=True):
    """The checkpoints for a client's counterparty shall be for another contract, or under another salt."""

    client: str
    evm_chain_id: int
    """0 where the counterparty is not EVM."""
    client_contract: bytes
    salt: bytes
    ripe_at: UnixSeconds


class DomainChanged(Event, frozen=True):
    """From this block on checkpoints for a client's counterparty are for the domain that was announced."""

    client: str


class DomainChangeCancelled(Event, frozen=True):
    client: str


AnyEvent: TypeAlias = (
    ClientCreated
    | ClientUpdated
    | ClientFrozen
    | ClientReplacementScheduled
    | ClientReplaced
    | CounterpartyRegistered
    | LaneRegistered
    | PacketSent
    | PacketReceived
    | AcknowledgementWritten
    | PacketAcknowledged
    | PacketTimedOut
    | ApplicationFailed
    | Transferred
    | Minted
    | RoleGranted
    | RoleRevoked
    | ServiceDefined
    | ServiceBound
    | ServiceCalled
    | RequestForwarded
    | ServiceResulted
    | EscrowSettled
    | ValidatorSetProposed
    | RotationCheckpointStored
    | ValidatorSetChanged
    | ValidatorSetWithdrawn
    | ClientReplacementCancelled
    | DomainChangeScheduled
    | DomainChanged
    | DomainChangeCancelled
)


def packet_key(source_client: str, destination_client: str, sequence: int) -> bytes:
    """Where a packet's events are found; a client's name has no zero byte."""
    return b"\x00".join((source_client.encode(), destination_client.encode(), sequence.to_bytes(8, "big")))


def request_key(request_id: bytes) -> bytes:
    """Where a call's events are found; no packet's key begins with a zero byte."""
    return b"\x00" + request_id


encode_event = msgspec.msgpack.Encoder().encode
decode_event = msgspec.msgpack.Decoder(AnyEvent).decode
