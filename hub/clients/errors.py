"""What a light client, or the book of them, refuses."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Epoch, Height, UnixSeconds


@dataclass(eq=False)
class ClientError(HubError):
    """A light client cannot be relied on for what was asked."""


@dataclass(eq=False)
class InvalidClientConfig(ClientError):
    rule: str
    template: ClassVar[str] = "the client's configuration is not safe: {rule}"


@dataclass(eq=False)
class ClientNotFound(ClientError):
    client: str
    template: ClassVar[str] = "there is no client {client}: create it, or check its name"


@dataclass(eq=False)
class ClientKindMismatch(ClientError):
    client: str
    kind: str
    given: str
    template: ClassVar[str] = "{client} is a client of kind {kind}, what was given is for kind {given}"


@dataclass(eq=False)
class ClientIsFrozen(ClientError):
    client: str
    template: ClassVar[str] = "client {client} is frozen, for misbehaviour was shown: an operator must replace it"


@dataclass(eq=False)
class ClientHasExpired(ClientError):
    client: str
    latest: UnixSeconds
    template: ClassVar[str] = (
        "client {client} has seen nothing newer than {latest} within its trusting period: an operator must replace it"
    )


@dataclass(eq=False)
class BelowThreshold(ClientError):
    signed: int
    threshold: int
    template: ClassVar[str] = "{signed} attestors signed, {threshold} are needed"


@dataclass(eq=False)
class WrongEpoch(ClientError):
    client: str
    current: Epoch
    given: Epoch
    template: ClassVar[str] = "client {client} believes the set of epoch {current} only, this is of epoch {given}"


@dataclass(eq=False)
class WrongChain(ClientError):
    client: str
    field: str
    expected: str
    given: str
    template: ClassVar[str] = "this is not for client {client}: its {field} is {expected}, not {given}"


@dataclass(eq=False)
class WrongNextSet(ClientError):
    client: str
    rule: str
    template: ClassVar[str] = "client {client} cannot pass to the next set: {rule}"


@dataclass(eq=False)
class HeightNotStored(ClientError):
    client: str
    height: Height
    template: ClassVar[str] = "client {client} stores no header of height {height}: give a signed one"


@dataclass(eq=False)
class HeaderTooOld(ClientError):
    client: str
    time: UnixSeconds
    oldest: UnixSeconds
    template: ClassVar[str] = "the header's time {time} is outside the trusting period, which began at {oldest}"


@dataclass(eq=False)
class HeaderFromTheFuture(ClientError):
    client: str
    time: UnixSeconds
    latest: UnixSeconds
    template: ClassVar[str] = (
        "the header's time {time} is too far ahead of the clock here: at most {latest} is believed"
    )


@dataclass(eq=False)
class TimeRunsBackwards(ClientError):
    client: str
    height: Height
    time: UnixSeconds
    latest_height: Height
    latest_time: UnixSeconds
    template: ClassVar[str] = (
        "height {height} at {time} and height {latest_height} at {latest_time} cannot both be true: report misbehaviour"
    )


@dataclass(eq=False)
class ConflictingHeader(ClientError):
    client: str
    height: Height
    template: ClassVar[str] = "client {client} believes another header of height {height}: report misbehaviour"


@dataclass(eq=False)
class NoMisbehaviour(ClientError):
    client: str
    rule: str
    template: ClassVar[str] = "the evidence against {client} shows no misbehaviour: {rule}"


@dataclass(eq=False)
class NothingClaimed(ClientError):
    client: str
    template: ClassVar[str] = "the message claims nothing of {client}'s counterparty: an empty batch proves nothing"


@dataclass(eq=False)
class RouterNotProven(ClientError):
    router: bytes
    rule: str
    template: ClassVar[str] = "the router {router} is not what the client pins: {rule}"


@dataclass(eq=False)
class MembershipNotProven(ClientError):
    path: bytes
    rule: str
    template: ClassVar[str] = "nothing shows what is claimed of path {path}: {rule}"


@dataclass(eq=False)
class NonMembershipNotProven(ClientError):
    path: bytes
    rule: str
    template: ClassVar[str] = "nothing shows that path {path} is empty: {rule}"


@dataclass(eq=False)
class WrongProofCount(ClientError):
    claims: int
    proofs: int
    template: ClassVar[str] = "{claims} paths are claimed and {proofs} proofs given: one for each, in order"


@dataclass(eq=False)
class InvalidAcknowledgementWindow(ClientError):
    client: str
    window: int
    rule: str
    template: ClassVar[str] = "acknowledgement window {window} of {client} is refused: {rule}"


@dataclass(eq=False)
class ReplacementNotScheduled(ClientError):
    client: str
    template: ClassVar[str] = "no replacement of client {client} is scheduled: schedule one first"


@dataclass(eq=False)
class ReplacementNotRipe(ClientError):
    client: str
    ripe_at: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the replacement of {client} may be applied from {ripe_at}, and it is {now}"


@dataclass(eq=False)
class DomainUnchanged(ClientError):
    client: str
    template: ClassVar[str] = "the checkpoints for {client}'s counterparty are for this very domain already"


@dataclass(eq=False)
class DomainChangeNotScheduled(ClientError):
    client: str
    template: ClassVar[str] = "no other domain is scheduled for {client}'s counterparty: schedule one first"


@dataclass(eq=False)
class DomainChangeNotRipe(ClientError):
    client: str
    ripe_at: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = (
        "the other domain of {client}'s counterparty may be applied from {ripe_at}, and it is {now}"
    )
