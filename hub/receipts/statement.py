"""What a verified receipt says: nothing in it is believed, all of it was proven or is named as not proven."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from hub.quantities import Address, Amount, Hash, UnixSeconds
from hub.receipts.evidence import Point
from hub.receipts.trust import Chain
from hub.services.payload import InputEncoding, Result


class Outcome(Enum):
    """How the call stood where the receipt ends."""

    RESULTED = "resulted"
    """It has its one result, whose code says what it is worth."""
    UNREADABLE = "unreadable"
    """The hub could not read it, and said so."""
    NEVER_RECEIVED = "never_received"
    """The hub had not received it."""
    ACCEPTED = "accepted"
    """The hub took it on; no result is in the receipt."""
    SENT = "sent"
    """Its chain sent it; nothing of the hub is in the receipt."""


@dataclass(frozen=True, slots=True)
class Party:
    """A caller or a provider. ``client``: the hub's of its chain; empty for an account of the hub itself."""

    client: str
    identity: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the input as the caller wrote it, or as the provider was to read it (``of_caller`` false)."""

    service: str
    input: bytes
    encoding: InputEncoding
    of_caller: bool
    deadline: UnixSeconds


@dataclass(frozen=True, slots=True)
class Money:
    """What became of the fee that was in escrow."""

    amount: Amount
    recipient: Address
    paid: bool
    """To the provider; else back to the caller."""


class Part(StrEnum):
    """The parts of a call's life, in order (receipt.py)."""

    CALL = "the call"
    ACCEPTED = "the hub's acceptance"
    REQUEST = "the request"
    ANSWER = "the provider's answer"
    DECIDED = "the hub's decision"
    SETTLED = "the settlement"
    RESULT = "the result"


@dataclass(frozen=True, slots=True)
class Step:
    """One proven part of the call's life."""

    part: Part
    what: str
    point: Point


@dataclass(frozen=True, slots=True)
class Statement:
    """All that a receipt proves. ``request_id`` is absent where no hop tells which request it was."""

    outcome: Outcome
    request_id: Hash | None
    caller: Party | None
    question: Question | None
    provider: Party | None
    answer: Result | None
    """The provider's chain's own."""
    result: Result | None
    """The hub's, for the caller."""
    fee: Amount | None
    money: Money | None
    steps: tuple[Step, ...]
    """In order of the call's life."""
    not_proven: tuple[str, ...]

    @property
    def rests_on(self) -> tuple[tuple[str, Chain], ...]:
        """The anchors that were used, each once: the hub's client of the chain (empty for the hub), and who signs."""
        points = (step.point for step in self.steps)
        return tuple({(point.client, point.epoch): (point.client, point.chain) for point in points}.values())
