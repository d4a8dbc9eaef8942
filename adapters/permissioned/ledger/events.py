"""What has happened on the ledger, beside what happens on any chain of our own (hub/events.py)."""

from typing import TypeAlias

from hub.events import Event
from hub.quantities import Address, UnixSeconds

# --- membership ---


class OrganisationAdded(Event, frozen=True):
    organisation: str
    display_name: str


class OrganisationRemoved(Event, frozen=True):
    """All of its authorities are removed with it."""

    organisation: str


class AuthorityAdded(Event, frozen=True):
    """By vote or genesis (``registered``), or learned with an enrolment, or with a renewed certificate."""

    authority: bytes
    organisation: str
    certificate: bytes
    registered: bool


class AuthorityRemoved(Event, frozen=True):
    authority: bytes
    organisation: str


class MemberEnrolled(Event, frozen=True):
    organisation: str
    name: str
    role: str
    fingerprint: bytes
    valid_from: UnixSeconds
    valid_until: UnixSeconds


class RevocationsUpdated(Event, frozen=True):
    """A newer list of an authority was taken: ``added`` and ``lifted`` are how it differs from the last."""

    authority: bytes
    organisation: str
    number: bytes
    this_update: UnixSeconds
    next_update: UnixSeconds
    added: tuple[bytes, ...]
    lifted: tuple[bytes, ...]


class ValidatorKeyBound(Event, frozen=True):
    """A checkpoint key belongs to a member from now on."""

    address: Address
    organisation: str
    name: str


# --- governance ---


class ProposalMade(Event, frozen=True):
    number: int
    organisation: str
    member: str
    action: bytes
    expiry: UnixSeconds


class VoteCast(Event, frozen=True):
    number: int
    organisation: str
    member: str
    approve: bool


class ProposalPassed(Event, frozen=True):
    """Enough organisations voted for it, and its action was carried out."""

    number: int


class ProposalFailed(Event, frozen=True):
    """Enough organisations voted for it, and its action was refused."""

    number: int
    reason: str
    message: str


class ProposalRejected(Event, frozen=True):
    """So many organisations voted against it that it cannot pass any more."""

    number: int


class ProposalExpired(Event, frozen=True):
    number: int


MembershipEvent: TypeAlias = (
    OrganisationAdded
    | OrganisationRemoved
    | AuthorityAdded
    | AuthorityRemoved
    | MemberEnrolled
    | RevocationsUpdated
    | ValidatorKeyBound
)
GovernanceEvent: TypeAlias = (
    ProposalMade | VoteCast | ProposalPassed | ProposalFailed | ProposalRejected | ProposalExpired
)
