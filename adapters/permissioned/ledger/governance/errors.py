"""What governance refuses."""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import StatusName


@dataclass(eq=False)
class GovernanceError(LedgerError):
    """A rule of proposals and votes was broken."""

    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


@dataclass(eq=False)
class ProposalUnknown(GovernanceError):
    number: int
    template: ClassVar[str] = "there is no proposal {number}"
    status: ClassVar[StatusName] = "NOT_FOUND"


@dataclass(eq=False)
class ProposalClosed(GovernanceError):
    """``outcome``: passed, failed, rejected or expired."""

    number: int
    outcome: str
    template: ClassVar[str] = "proposal {number} is closed ({outcome}): make a new one to vote again"
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class AlreadyVoted(GovernanceError):
    number: int
    organisation: str
    member: str
    template: ClassVar[str] = "{organisation} has voted on proposal {number} through {member}: a vote is not changed"
    status: ClassVar[StatusName] = "ALREADY_EXISTS"


@dataclass(eq=False)
class TooManyProposals(GovernanceError):
    organisation: str
    limit: int
    template: ClassVar[str] = "{organisation} has {limit} open proposals, more are not allowed: have some decided first"
    status: ClassVar[StatusName] = "RESOURCE_EXHAUSTED"


@dataclass(eq=False)
class ActionTooLarge(GovernanceError):
    size: int
    limit: int
    template: ClassVar[str] = "the proposed action has {size} bytes, {limit} are allowed"


@dataclass(eq=False)
class ExpiryRefused(GovernanceError):
    """All in seconds."""

    valid_for: int
    least: int
    most: int
    template: ClassVar[str] = "a proposal is open for {least} to {most} seconds, not for {valid_for}"
