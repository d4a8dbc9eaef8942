"""What a receipt, or the file of what it rests on, is refused for."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Epoch, Height


@dataclass(eq=False)
class ReceiptError(HubError):
    """A receipt does not prove what it should."""


# --- the file ---


@dataclass(eq=False)
class DocumentTooLarge(ReceiptError):
    size: int
    limit: int
    template: ClassVar[str] = "the file has {size} bytes, at most {limit} are read"


@dataclass(eq=False)
class NotADocument(ReceiptError):
    rule: str
    template: ClassVar[str] = "the file cannot be read: {rule}"


@dataclass(eq=False)
class UnknownDocument(ReceiptError):
    expected: str
    given: str
    template: ClassVar[str] = "the file is {given}, where {expected} is read: give the right file, or upgrade"


@dataclass(eq=False)
class MalformedField(ReceiptError):
    """``field`` leads to the place, as ``blocks.0.header.height``."""

    field: str
    rule: str
    template: ClassVar[str] = "{field} is malformed: {rule}"


@dataclass(eq=False)
class NotCanonical(ReceiptError):
    line: int
    template: ClassVar[str] = "line {line} is not written in the one way in which this is written: the file was changed"


# --- what it rests on ---


@dataclass(eq=False)
class InvalidTrust(ReceiptError):
    rule: str
    template: ClassVar[str] = "the trust file is refused: {rule}"


@dataclass(eq=False)
class AnchorMissing(ReceiptError):
    """``client``: the hub's of a chain, or empty for the hub itself."""

    client: str
    epoch: Epoch
    part: str = "the receipt"
    template: ClassVar[str] = (
        "{part} is signed for {client} in epoch {epoch}, and the trust file does not say who signed then: add that "
        "set, once it has been checked"
    )


@dataclass(eq=False)
class ChainNotTrusted(ReceiptError):
    client: str
    part: str = "the receipt"
    template: ClassVar[str] = (
        "{part} rests on the chain behind {client}, and the trust file knows none: it is of another network, or too old"
    )


# --- what it is made of ---


@dataclass(eq=False)
class HeaderElsewhere(ReceiptError):
    height: Height
    template: ClassVar[str] = (
        "the proof rests on the header of block {height}, which came in another message: it cannot be shown by itself"
    )


# --- what it proves ---


@dataclass(eq=False)
class PartNotProven(ReceiptError):
    """``rule`` is the reason of the check that failed."""

    part: str
    rule: str
    detail: str
    template: ClassVar[str] = "{part} is not proven: {detail}"


@dataclass(eq=False)
class PartMissing(ReceiptError):
    part: str
    needed_by: str
    template: ClassVar[str] = "{part} is missing, and {needed_by} says nothing without it"


@dataclass(eq=False)
class PartDoesNotFit(ReceiptError):
    """A part may be proven, and is of another call, packet or block than the parts before it."""

    part: str
    field: str
    expected: str
    given: str
    template: ClassVar[str] = "{part} does not fit what is proven before it: its {field} is {given}, not {expected}"


@dataclass(eq=False)
class NotACall(ReceiptError):
    rule: str
    template: ClassVar[str] = "the packet carries no call of a service: {rule}"


@dataclass(eq=False)
class ContradictoryParts(ReceiptError):
    """Two parts are each proven and cannot both be true: keep the file, it shows that somebody signed a falsehood."""

    first: str
    second: str
    rule: str
    template: ClassVar[str] = "{first} and {second} contradict each other: {rule}"


@dataclass(eq=False)
class NothingProven(ReceiptError):
    template: ClassVar[str] = "the receipt holds no proof of anything"
