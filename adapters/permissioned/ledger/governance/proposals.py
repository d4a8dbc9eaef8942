"""Proposals and votes: what the organisations of the ledger decide, with who decided it, for good in the state.

An admin proposes; each organisation has one vote, cast by any of its admins, and never changed. A vote decides, and
nothing else does: with each vote those of the organisations there are now are counted, the proposal passes once enough
are for it and is rejected once so many are against it that it cannot pass. Its action is carried out with the vote that
decides; if it is refused then, nothing of it remains but the reason.
An organisation that was removed has no vote, and its earlier ones count no more, not even when it comes back: it votes
anew. One whose roots have ended cannot vote, and some time after that it is not counted either, until another root of
it is registered. Proposals stay open when the one that made them is removed. An open proposal expires at its time.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import NamedTuple

import msgspec

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.governance.errors import (
    ActionTooLarge,
    AlreadyVoted,
    ExpiryRefused,
    ProposalClosed,
    ProposalUnknown,
    TooManyProposals,
)
from adapters.permissioned.ledger.identities import (
    Fingerprint,
    Identity,
    MemberName,
    MemberRole,
    OrganisationId,
    member_id,
)
from adapters.permissioned.ledger.membership.organisations import counted_organisations, live_organisation
from adapters.permissioned.ledger.membership.registry import require_role
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.errors import HubError
from hub.quantities import MAX_U64, Seconds, UnixSeconds
from hub.state.branch import StateReader
from hub.state.collections import Records, u64
from hub.state.context import Context

MAX_ACTION_BYTES = 64 * 1024
MAX_OPEN = 8
"""Open proposals of one organisation."""
MAX_EXPIRING = 64
"""Proposals that a block closes because their time is over; the next block goes on."""
LEAST_OPEN = Seconds(60)
MOST_OPEN = Seconds(90 * 24 * 3600)
_MAX_MESSAGE_CHARACTERS = 512


class Threshold(NamedTuple):
    """How many organisations must be for a proposal: more than ``numerator / denominator`` of those there are."""

    numerator: int
    denominator: int

    def is_reached(self, approving: int, organisations: int) -> bool:
        return approving * self.denominator > self.numerator * organisations

    def is_out_of_reach(self, against: int, organisations: int) -> bool:
        """Whether those who are not against it are too few."""
        return not self.is_reached(organisations - against, organisations)


class Outcome(IntEnum):
    """What became of a proposal."""

    PENDING = 1
    PASSED = 2
    """Its action was carried out."""
    FAILED = 3
    """Enough were for it, and its action was refused."""
    REJECTED = 4
    EXPIRED = 5


class Ballot(msgspec.Struct, frozen=True, array_like=True):
    """One organisation's vote, and the member and the certificate by which it was cast; in which ``stay`` of it."""

    organisation: OrganisationId
    name: MemberName
    fingerprint: Fingerprint
    approve: bool
    cast_at: UnixSeconds
    stay: int


class Proposal(msgspec.Struct, frozen=True, array_like=True):
    """A proposal with all that became of it. ``action`` is its canonical encoding; ``ballots`` are in the order in
    which they were cast. ``reason`` and ``message`` tell why an action was refused."""

    number: int
    organisation: OrganisationId
    name: MemberName
    fingerprint: Fingerprint
    action: bytes
    made_at: UnixSeconds
    expiry: UnixSeconds
    outcome: Outcome = Outcome.PENDING
    ballots: tuple[Ballot, ...] = ()
    closed_at: UnixSeconds = UnixSeconds(0)
    reason: str = ""
    message: str = ""


class Tally(NamedTuple):
    """The votes that count, of how many organisations."""

    approving: int
    against: int
    organisations: int


_PROPOSALS = Records(LedgerRoom.PROPOSALS, Proposal, remembered=64)
"""By ``u64(number)``, from 1 on."""
_COUNT = Records(LedgerRoom.PROPOSALS, int)
"""How many there are, under no key at all."""
_DUE = Records(LedgerRoom.PROPOSALS_DUE, OrganisationId)
"""Who made an open proposal, by ``u64(expiry) ‖ u64(number)``."""


def propose(ctx: Context, proposer: Identity, action: bytes, valid_for: Seconds) -> int:
    """Put an action, in its canonical encoding, to the vote, and number it. The proposer's vote is not cast by it.

    Raises MemberRoleRefused, OrganisationRemoved, ActionTooLarge, ExpiryRefused, TooManyProposals.
    """
    require_role(proposer, MemberRole.ADMIN)
    live_organisation(ctx.state, proposer.organisation)
    if len(action) > MAX_ACTION_BYTES:
        raise ActionTooLarge(len(action), MAX_ACTION_BYTES)
    expiry = UnixSeconds(ctx.time + valid_for)
    if not LEAST_OPEN <= valid_for <= MOST_OPEN or expiry > MAX_U64:
        raise ExpiryRefused(valid_for, LEAST_OPEN, MOST_OPEN)
    if sum(maker == proposer.organisation for _, maker in _DUE.scan(ctx.state)) >= MAX_OPEN:
        raise TooManyProposals(proposer.organisation, MAX_OPEN)
    number = count(ctx.state) + 1
    made = Proposal(number, proposer.organisation, proposer.name, proposer.fingerprint, action, ctx.time, expiry)
    _COUNT.put(ctx.state, b"", number)
    _PROPOSALS.put(ctx.state, u64(number), made)
    _DUE.put(ctx.state, _due_key(made), made.organisation)
    ctx.emit(events.ProposalMade(number, made.organisation, proposer.member, action, expiry))
    return number


def vote(
    ctx: Context,
    voter: Identity,
    number: int,
    approve: bool,
    *,
    threshold: Threshold,
    carry_out: Callable[[Context, bytes], None],
) -> None:
    """Cast an organisation's vote, and carry the action out if that decides.

    ``carry_out`` does what the encoded action says; where it raises a HubError the proposal has failed and the vote
    stands. Raises MemberRoleRefused, OrganisationRemoved, ProposalUnknown, ProposalClosed, AlreadyVoted.
    """
    require_role(voter, MemberRole.ADMIN)
    stay = live_organisation(ctx.state, voter.organisation).stay
    known = proposal(ctx.state, number)
    if known is None:
        raise ProposalUnknown(number)
    outcome = outcome_at(known, ctx.time)
    if outcome is not Outcome.PENDING:
        raise ProposalClosed(number, outcome.name.lower())
    standing = standing_ballots(ctx.state, known, ctx.time)
    for ballot in standing:
        if ballot.organisation == voter.organisation:
            raise AlreadyVoted(number, voter.organisation, member_id(ballot.organisation, ballot.name))
    cast = Ballot(voter.organisation, voter.name, voter.fingerprint, approve, ctx.time, stay)
    earlier = (ballot for ballot in known.ballots if ballot.organisation != voter.organisation)
    voted = msgspec.structs.replace(known, ballots=(*earlier, cast))
    _PROPOSALS.put(ctx.state, u64(number), voted)
    ctx.emit(events.VoteCast(number, voter.organisation, voter.member, approve))
    counted = tally(ctx.state, voted, ctx.time)
    if threshold.is_reached(counted.approving, counted.organisations):
        _carry_out(ctx, voted, carry_out)
    elif threshold.is_out_of_reach(counted.against, counted.organisations):
        _close(ctx, voted, Outcome.REJECTED)
        ctx.emit(events.ProposalRejected(number))


def expire(ctx: Context) -> None:
    """Close those whose time is over, the first due first, ``MAX_EXPIRING`` of them."""
    over: list[int] = []
    for key, _ in _DUE.scan(ctx.state):
        if int.from_bytes(key[:8], "big") > ctx.time or len(over) == MAX_EXPIRING:
            break
        over.append(int.from_bytes(key[8:], "big"))
    for number in over:
        known = proposal(ctx.state, number)
        if known is not None:
            _close(ctx, known, Outcome.EXPIRED)
            ctx.emit(events.ProposalExpired(number))


def next_due(state: StateReader) -> UnixSeconds | None:
    """When the next open proposal expires; None where none is open."""
    for key, _ in _DUE.scan(state):
        return UnixSeconds(int.from_bytes(key[:8], "big"))
    return None


def proposal(state: StateReader, number: int) -> Proposal | None:
    """A proposal, closed ones too."""
    return _PROPOSALS.get(state, u64(number)) if 0 < number <= MAX_U64 else None


def proposals(state: StateReader, after: int = 0) -> Iterator[Proposal]:
    """All that were ever made, by number, beyond the one numbered ``after``."""
    return (record for _, record in _PROPOSALS.scan(state, after=u64(min(after, MAX_U64))))


def count(state: StateReader) -> int:
    """How many proposals were ever made; the newest has this number."""
    return _COUNT.get(state, b"") or 0


def outcome_at(record: Proposal, now: UnixSeconds) -> Outcome:
    """What became of it by a time: it is over at its expiry, whether a block has closed it yet or not."""
    return Outcome.EXPIRED if record.outcome is Outcome.PENDING and now >= record.expiry else record.outcome


def standing_ballots(state: StateReader, record: Proposal, now: UnixSeconds) -> tuple[Ballot, ...]:
    """The votes that count now: of organisations that are counted and have not been removed since they voted."""
    stays = {each.id: each.stay for each in counted_organisations(state, now)}
    return tuple(ballot for ballot in record.ballots if stays.get(ballot.organisation) == ballot.stay)


def tally(state: StateReader, record: Proposal, now: UnixSeconds) -> Tally:
    """How it stands now."""
    ballots = standing_ballots(state, record, now)
    approving = sum(ballot.approve for ballot in ballots)
    return Tally(approving, len(ballots) - approving, len(counted_organisations(state, now)))


def _carry_out(ctx: Context, voted: Proposal, carry_out: Callable[[Context, bytes], None]) -> None:
    _close(ctx, voted, Outcome.PASSED)
    attempt = ctx.branch()
    try:
        carry_out(attempt, voted.action)
    except HubError as error:
        reason, message = error.reason(), str(error)[:_MAX_MESSAGE_CHARACTERS]
        _close(ctx, voted, Outcome.FAILED, reason, message)
        ctx.emit(events.ProposalFailed(voted.number, reason, message))
    else:
        attempt.keep()
        ctx.emit(events.ProposalPassed(voted.number))


def _close(ctx: Context, record: Proposal, outcome: Outcome, reason: str = "", message: str = "") -> None:
    closed = msgspec.structs.replace(record, outcome=outcome, closed_at=ctx.time, reason=reason, message=message)
    _PROPOSALS.put(ctx.state, u64(record.number), closed)
    _DUE.delete(ctx.state, _due_key(record))


def _due_key(record: Proposal) -> bytes:
    return u64(record.expiry) + u64(record.number)
