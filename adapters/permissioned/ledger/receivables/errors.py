"""What the contract ``receivables`` refuses."""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.contracts.interface import Refused


@dataclass(eq=False)
class AlreadyRegistered(Refused):
    status: ClassVar = "ALREADY_EXISTS"
    explanation: str
    receivable_id: bytes
    template: ClassVar[str] = "receivable {receivable_id} is registered already; it is {explanation}"


@dataclass(eq=False)
class AlreadyFinanced(Refused):
    explanation: str
    receivable_id: bytes
    template: ClassVar[str] = "receivable {receivable_id} cannot be pledged: {explanation}"


@dataclass(eq=False)
class NearDuplicatesPledged(Refused):
    """``explanation``: the identifiers that were not acknowledged, as 0x-hex."""

    explanation: str
    receivable_id: bytes
    template: ClassVar[str] = (
        "receivable {receivable_id} is like others that are financed: look at {explanation}, and acknowledge them if "
        "they are others indeed"
    )


@dataclass(eq=False)
class TooManyNearDuplicates(Refused):
    explanation: str
    receivable_id: bytes
    template: ClassVar[str] = "receivable {receivable_id} is like more than {explanation} others that are financed"


@dataclass(eq=False)
class NotTheHolder(Refused):
    status: ClassVar = "PERMISSION_DENIED"
    explanation: str
    receivable_id: bytes
    template: ClassVar[str] = "receivable {receivable_id} is not pledged to {explanation}"
