"""What the contract ``receivables`` takes, keeps and answers with."""

from enum import StrEnum
from typing import Annotated

from adapters.permissioned.ledger.contracts.interface import Bytes32, Meta, Record

MAX_ACKNOWLEDGED = 64
"""More near-duplicates of a receivable than these are not pledged at a time."""


class State(StrEnum):
    """What has become of a receivable."""

    UNKNOWN = "unknown"
    """It is not registered."""
    FREE = "free"
    """Nobody finances it."""
    PLEDGED = "pledged"
    """It is financed, by one bank."""
    DISCHARGED = "discharged"
    """It is settled, for good."""


class Likeness(StrEnum):
    """Why two receivables of one seller and one buyer are near-duplicates. The first that applies, in this order."""

    SAME_NUMBER = "same-number"
    SAME_DIGITS = "same-digits"
    """The numbers differ in letters, punctuation and leading zeros alone."""
    SAME_TERMS = "same-terms"
    """The amount is the same, and issued within 30 days of each other."""
    SIMILAR_NUMBER = "similar-number"
    """The numbers become the same when at most one character is left out of each; and the amount or the day is the
    same."""


class Registered(Record, frozen=True):
    """A receivable as the ledger keeps it: its hashes (``identity.Identity``), and what has become of it.

    ``holder``: the bank that finances it, empty where nobody does. ``acknowledged``: the pledged near-duplicates that
    the holder had before it when it took the pledge.
    """

    receivable_id: Bytes32
    pair: bytes
    terms: bytes
    same_number: bytes
    same_digits: bytes
    alike: tuple[bytes, ...]
    day: int
    registered_by: str
    registered_at: int
    state: State
    since: int
    holder: str = ""
    acknowledged: tuple[bytes, ...] = ()


class NearDuplicate(Record, frozen=True):
    """A receivable like another one. By whom it is financed stays with those who finance it."""

    receivable_id: Bytes32
    likeness: Likeness
    state: State


class Registration(Record, frozen=True):
    """What a registration, or asking before it, gives. ``complete``: all near-duplicates are listed."""

    receivable_id: Bytes32
    state: State
    near_duplicates: tuple[NearDuplicate, ...]
    complete: bool


class ById(Record, frozen=True):
    """The receivable that is meant."""

    receivable_id: Bytes32


class Pledge(Record, frozen=True):
    """Finance a receivable. ``acknowledged``: near-duplicates that are pledged, and that the bank has looked at."""

    receivable_id: Bytes32
    acknowledged: Annotated[tuple[Bytes32, ...], Meta(max_length=MAX_ACKNOWLEDGED)] = ()


class Transfer(Record, frozen=True):
    """Hand a pledge to another bank, which endorses the transaction."""

    receivable_id: Bytes32
    to: str


class Standing(Record, frozen=True):
    """What a receivable is. ``holder`` and ``registered_by`` are told to those themselves and to auditors, else empty;
    ``acknowledged`` to the holder and to auditors."""

    receivable_id: Bytes32
    state: State
    registered_at: int
    since: int
    holder: str
    registered_by: str
    acknowledged: tuple[Bytes32, ...]


class Listing(Record, frozen=True):
    """A page of the receivables that the caller's organisation holds."""

    size: Annotated[int, Meta(ge=1, le=100)] = 50
    token: bytes = b""


class Standings(Record, frozen=True):
    """A page; ``next_token`` is empty on the last."""

    receivables: tuple[Standing, ...]
    next_token: bytes


class StatusInput(Record, frozen=True):
    """The input of the service ``receivable-status``; the identifier as docs/contracts.md works it out."""

    receivable_id: Bytes32


class StatusOutput(Record, frozen=True):
    """The output of the service ``receivable-status``, in the order of its Solidity struct; of an unknown one all but
    ``status`` is empty."""

    found: bool
    financed: bool
    settled: bool
    status: str
    registered_at: int = 0
    status_since: int = 0
