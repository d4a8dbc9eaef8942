"""All that a relayer needs of a chain, in the hub's own words: a third kind of chain is one folder that implements
``Chain``.

A relayer believes none of it and is believed in none of it: what it reads here it carries to a side that verifies.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, assert_never

from adapters.errors import ApplicationRefused
from hub.clients.base import Claims, ClientStatus, ProvenPoint
from hub.clients.quorum import SignedCheckpoint
from hub.events import (
    AcknowledgementWritten,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
    ValidatorSetChanged,
    ValidatorSetProposed,
)
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.ibc.packet import Packet
from hub.messages import AnyMessage, Proof
from hub.proofs.quorum import SignerSet
from hub.quantities import Epoch, Gas, Hash, Height
from hub.quantities import Sequence as PacketSequence

SenderEvent: TypeAlias = PacketSent | PacketAcknowledged | PacketTimedOut
"""What happens to a packet where it was sent; the rest happens where it arrives."""

PacketEvent: TypeAlias = SenderEvent | PacketReceived | AcknowledgementWritten

RotationEvent: TypeAlias = ValidatorSetProposed | ValidatorSetChanged
"""What the validators of a chain that has its own do."""


@dataclass(frozen=True, slots=True)
class Observed:
    """An event and where it stands: block, place in the block, transaction."""

    height: Height
    position: int
    transaction: bytes
    event: PacketEvent | RotationEvent


@dataclass(frozen=True, slots=True)
class Limits:
    """What one delivery to this chain may hold."""

    packets: int
    bytes: int
    gas: int | None = None
    """What its packets' applications may ask for, and what carrying them costs; None where gas is no matter."""


@dataclass(frozen=True, slots=True)
class ClientView:
    """What this chain's client of the hub believes."""

    latest: ProvenPoint
    epoch: Epoch
    status: ClientStatus
    trusting_period: int
    """Seconds after ``latest`` for which it stays active."""


@dataclass(frozen=True, slots=True)
class Validators:
    """Who signs the blocks of a chain that has validators of its own."""

    epoch: Epoch
    """Of those who sign the next block."""
    epoch_shown: Epoch
    """Of those who signed the newest one."""
    waits_for_hub: bool
    """Whether a next set waits for the checkpoint that leads the hub's client to it."""


@dataclass(frozen=True, slots=True)
class Receive:
    """Deliver a packet that the hub sent."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Tell the sender, on this chain, what the hub answered."""

    packet: Packet
    acknowledgement: bytes


@dataclass(frozen=True, slots=True)
class TimeOut:
    """Tell the sender, on this chain, that the hub never received its packet."""

    packet: Packet


Route: TypeAlias = tuple[str, str, str, str, str, str]
"""Source and destination client, source and destination port, version, encoding: what a lane stands for."""

Step: TypeAlias = Receive | Acknowledge | TimeOut


@dataclass(frozen=True, slots=True)
class Delivery:
    """Steps for this chain, and what proves them: one signed checkpoint of the hub.

    ``batch``: path and commitment of all entries of the checkpoint's block for this chain, in order (docs/protocol.md,
    section 5). ``state_proofs``: direct proofs in the checkpoint's app_root, for steps that do not stand in the batch.
    """

    checkpoint: SignedCheckpoint
    steps: Sequence[Step]
    batch: Sequence[tuple[bytes, Hash]] = ()
    state_proofs: Mapping[Path, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A transaction that took place."""

    transaction: bytes
    height: Height
    gas: Gas
    refused: Mapping[PacketSequence, ApplicationRefused] = field(default_factory=dict)
    """Packets sent from this chain that were not settled, for their applications failed: they are as they were."""


class Chain(Protocol):
    """One chain, seen through its own endpoints. Every method may raise ChainError; none changes anything but
    ``deliver`` and its like.
    """

    @property
    def name(self) -> str:
        """In logs and metrics."""
        ...

    @property
    def client_at_hub(self) -> ClientId:
        """The hub's client of this chain."""
        ...

    @property
    def client_of_hub(self) -> ClientId:
        """This chain's client of the hub."""
        ...

    @property
    def limits(self) -> Limits: ...

    @property
    def first_height(self) -> Height:
        """Nothing of ours stands in blocks before this one."""
        ...

    async def latest(self) -> ProvenPoint:
        """The newest block, which may yet be replaced."""
        ...

    async def finalised(self) -> ProvenPoint:
        """The newest block that the chain's finality rule calls final."""
        ...

    async def request_block(self) -> ProvenPoint | None:
        """Have a chain that makes blocks only where there is reason to make one that shows the time; None, with nothing
        done, where blocks come by themselves.
        """
        ...

    async def scan(self, first: Height, last: Height) -> Sequence[Observed]:
        """Our packets' events in these blocks, and its validators', in order; raises Reorganised where the blocks no
        longer join what was scanned before, or where that was told falsely.
        """
        ...

    async def committed(self, sequences: Collection[PacketSequence]) -> set[PacketSequence]:
        """Which packets sent from here still wait for an acknowledgement or a timeout, at the newest block."""
        ...

    async def received(self, sequences: Collection[PacketSequence]) -> set[PacketSequence]:
        """Which of the hub's packets were received here, at the newest block."""
        ...

    async def prove(self, height: Height, claims: Claims) -> Proof:
        """Everything that the hub needs to believe ``claims`` at a final height, the signed header included.

        Raises NotProvable, ClaimDisproved; Reorganised where what was scanned turns out to have been told falsely.
        """
        ...

    async def client_update(self, height: Height) -> AnyMessage:
        """The message that shows the hub this chain's header at a final height; raises NotProvable."""
        ...

    async def certified(self, height: Height) -> Hash:
        """The hash of a final block, by the word of those whom the hub believes about this chain.

        Raises NotProvable; Reorganised where another block was scanned there.
        """
        ...

    def settled(self, still_open: Collection[PacketSequence], up_to: PacketSequence) -> Height | None:
        """Of the hub's packets up to ``up_to`` only ``still_open`` wait for an acknowledgement or a timeout: what was
        kept to prove the others may be dropped.

        Gives the lowest block whose events are needed to prove the rest and what is yet to come; None where none is.
        """
        ...

    def forget(self) -> None:
        """Forget all that was scanned, after Reorganised: it is scanned again."""
        ...

    async def hub_client(self) -> ClientView:
        """What this chain believes of the hub."""
        ...

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Do all steps in one transaction, but for those that their application fails.

        Raises DeliveryRefused, with nothing done, where the chain refuses a step; ApplicationRefused where all that
        would be done is one step, and its application fails.
        """
        ...

    async def update(self, checkpoint: SignedCheckpoint) -> Delivered:
        """Show the chain a newer block of the hub, so that its client does not expire."""
        ...

    async def rotate(self, checkpoint: SignedCheckpoint, next_set: SignerSet) -> Delivered:
        """Hand over to the hub's next validator set, which the old one's checkpoint names."""
        ...

    async def validators(self) -> Validators | None:
        """Its own; None where it has none, as an EVM chain: by whom that is believed is decided at the hub."""
        ...

    async def store_hand_over(self) -> Delivered:
        """Bring the chain the old validators' checkpoint for the hub that its next ones wait for."""
        ...

    async def hand_over(self, epoch: Epoch) -> AnyMessage:
        """The message that takes the hub's client from an epoch of the chain's validators to the next; raises
        NotProvable where none leads on.
        """
        ...

    async def close(self) -> None: ...


def path_of(step: Step) -> Path:
    """The place in the hub's store that a step rests on; for a timeout the place where nothing stands."""
    packet = step.packet
    match step:
        case Receive():
            return Path(PathKind.COMMITMENT, packet.source_client, packet.sequence)
        case Acknowledge():
            return Path(PathKind.ACKNOWLEDGEMENT, packet.destination_client, packet.sequence)
        case TimeOut():
            return Path(PathKind.RECEIPT, packet.destination_client, packet.sequence)
        case _:
            assert_never(step)


def route_of(packet: Packet) -> Route:
    """What the lane of a packet must be."""
    payload = packet.payload
    return (
        packet.source_client,
        packet.destination_client,
        payload.source_port,
        payload.destination_port,
        payload.version,
        payload.encoding,
    )
