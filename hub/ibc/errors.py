"""What the packet protocol refuses (ICS-4)."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Sequence, UnixSeconds


@dataclass(eq=False)
class PacketError(HubError):
    """A rule of the packet protocol was broken."""


@dataclass(eq=False)
class InvalidIdentifier(PacketError):
    identifier: str
    rule: str
    template: ClassVar[str] = "'{identifier}' is not an identifier: {rule}"


@dataclass(eq=False)
class InvalidPacket(PacketError):
    rule: str
    template: ClassVar[str] = "the packet is malformed: {rule}"


@dataclass(eq=False)
class MalformedLaneRecords(PacketError):
    offset: int
    rule: str
    template: ClassVar[str] = "the lane records are malformed at byte {offset}: {rule}"


@dataclass(eq=False)
class UnknownLane(PacketError):
    lane: int
    template: ClassVar[str] = "lane {lane} is not registered on this chain: register it, or use another"


@dataclass(eq=False)
class LaneAlreadyRegistered(PacketError):
    lane: int
    template: ClassVar[str] = "the same lane is registered already, as {lane}: use that number"


@dataclass(eq=False)
class CounterpartyNotRegistered(PacketError):
    client: str
    template: ClassVar[str] = "client {client} has no counterparty: register one first"


@dataclass(eq=False)
class CounterpartyAlreadyRegistered(PacketError):
    client: str
    counterparty: str
    template: ClassVar[str] = "client {client} has the counterparty {counterparty}: a counterparty is registered once"


@dataclass(eq=False)
class CounterpartyMismatch(PacketError):
    client: str
    expected: str
    given: str
    template: ClassVar[str] = "the counterparty of {client} is {expected}, the packet names {given}"


@dataclass(eq=False)
class PortNotRegistered(PacketError):
    port: str
    template: ClassVar[str] = "no application is registered on port {port}"


@dataclass(eq=False)
class PortNotOwned(PacketError):
    port: str
    template: ClassVar[str] = "only the application registered on port {port} may do this"


@dataclass(eq=False)
class SourcePortRefused(PacketError):
    destination_port: str
    source_port: str
    template: ClassVar[str] = (
        "the application on port {destination_port} does not accept packets from port {source_port}"
    )


@dataclass(eq=False)
class TimeoutElapsed(PacketError):
    timeout: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = (
        "the packet timed out at {timeout} and it is {now}: prove the timeout at its source instead"
    )


@dataclass(eq=False)
class TimeoutTooFar(PacketError):
    timeout: UnixSeconds
    latest: UnixSeconds
    template: ClassVar[str] = "the timeout {timeout} is more than a day ahead: use at most {latest}"


@dataclass(eq=False)
class TimeoutNotReached(PacketError):
    timeout: UnixSeconds
    counterparty_time: UnixSeconds
    template: ClassVar[str] = (
        "the packet times out at {timeout}, the counterparty's proven time is {counterparty_time}: prove a later height"
    )


@dataclass(eq=False)
class CommitmentMismatch(PacketError):
    client: str
    sequence: Sequence
    template: ClassVar[str] = "packet {client}/{sequence} is not the one that was sent: its commitment differs"


@dataclass(eq=False)
class ReceiptMissing(PacketError):
    client: str
    sequence: Sequence
    template: ClassVar[str] = "packet {client}/{sequence} was never received here: it cannot be acknowledged"


@dataclass(eq=False)
class AcknowledgementExists(PacketError):
    client: str
    sequence: Sequence
    template: ClassVar[str] = "packet {client}/{sequence} has its acknowledgement already"


@dataclass(eq=False)
class NoPendingPacket(PacketError):
    client: str
    sequence: Sequence
    template: ClassVar[str] = "packet {client}/{sequence} is not waiting for an acknowledgement"


@dataclass(eq=False)
class InvalidAcknowledgement(PacketError):
    rule: str
    template: ClassVar[str] = "the acknowledgement is refused: {rule}"


@dataclass(eq=False)
class CounterpartyTimeReached(PacketError):
    timeout: UnixSeconds
    counterparty_time: UnixSeconds
    template: ClassVar[str] = (
        "the timeout {timeout} is not after the counterparty's time {counterparty_time}: it could never be received"
    )


@dataclass(eq=False)
class InvalidCounterparty(PacketError):
    rule: str
    template: ClassVar[str] = "the counterparty is refused: {rule}"


@dataclass(eq=False)
class InvalidLane(PacketError):
    rule: str
    template: ClassVar[str] = "the lane is refused: {rule}"


@dataclass(eq=False)
class LaneOfOtherClient(PacketError):
    lane: int
    client: str
    template: ClassVar[str] = "lane {lane} does not belong to client {client}: use the lane registered for it"


@dataclass(eq=False)
class SequencesExhausted(PacketError):
    client: str
    template: ClassVar[str] = "client {client} has sent 2**64 - 1 packets: no sequence is left"


@dataclass(eq=False)
class TooManyPackets(PacketError):
    count: int
    limit: int
    template: ClassVar[str] = "the message names {count} packets, {limit} are allowed: split it"
