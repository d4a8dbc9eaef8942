"""Votes below, at and above the threshold; what closes a proposal, and what is left of an action that is refused."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import msgspec
import pytest

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.errors import LedgerError
from adapters.permissioned.ledger.governance import errors as e
from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.governance.proposals import (
    LEAST_OPEN,
    MAX_ACTION_BYTES,
    MAX_EXPIRING,
    MAX_OPEN,
    MOST_OPEN,
    Outcome,
    Proposal,
    Threshold,
)
from adapters.permissioned.ledger.identities import Identity, MemberRole, OrganisationId, fingerprint, member_name
from adapters.permissioned.ledger.membership import organisations
from adapters.permissioned.ledger.membership.errors import (
    MemberRoleRefused,
    OrganisationExists,
    OrganisationRemoved,
    OrganisationUnknown,
)
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.ibc.identifiers import ClientId
from hub.quantities import MAX_U64, Hash, Height, Seconds, UnixSeconds
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context

START = UnixSeconds(1_800_000_000)
HOUR = Seconds(3600)
HALF, TWO_THIRDS = Threshold(1, 2), Threshold(2, 3)
MARK = b"\x3fwhat was done"
"""A key of the state that the action of these tests writes to."""


def name_of(index: int) -> str:
    return f"org-{index}"


class Council:
    """``size`` organisations, org-0 to org-…, whose proposals write their action down."""

    def __init__(self, size: int, threshold: Threshold = HALF) -> None:
        self.ctx = Context(Branch(MemoryState()), Height(1), START)
        self.threshold = threshold
        self.done: list[bytes] = []
        for index in range(size):
            organisations.add_organisation(self.ctx, name_of(index), f"Organisation {index}")
        self.ctx.events.clear()

    @staticmethod
    def admin(index: int, name: str = "ann", role: MemberRole = MemberRole.ADMIN) -> Identity:
        text = f"{name_of(index)}/{name}/{role}"
        return Identity(OrganisationId(name_of(index)), member_name(name), role, fingerprint(text.encode()))

    def at(self, time: int) -> "Council":
        self.ctx.time = UnixSeconds(time)
        return self

    def propose(self, by: int = 0, action: bytes = b"act", valid_for: int = HOUR) -> int:
        return proposals.propose(self.ctx, self.admin(by), action, Seconds(valid_for))

    def vote(self, number: int, *voters: int, approve: bool = True, name: str = "ann") -> Outcome:
        for voter in voters:
            proposals.vote(
                self.ctx,
                self.admin(voter, name),
                number,
                approve,
                threshold=self.threshold,
                carry_out=self.carry_out,
            )
        return self[number].outcome

    def carry_out(self, ctx: Context, action: bytes) -> None:
        ctx.state.put(MARK, action)
        ctx.emit(events.OrganisationAdded("carried", "out"))
        ctx.post(ClientId("quorum-0"), b"path", Hash(bytes(32)))
        self.done.append(action)
        if action.startswith(b"refuse"):
            raise OrganisationExists("org-0")
        if action.startswith(b"remove "):
            organisations.remove_organisation(ctx, action[7:].decode())
        if action.startswith(b"add "):
            organisations.add_organisation(ctx, action[4:].decode(), "Once more")

    def __getitem__(self, number: int) -> Proposal:
        found = proposals.proposal(self.ctx.state, number)
        assert found is not None
        return found

    @contextmanager
    def refuses(self, error: type[LedgerError]) -> Iterator[None]:
        before = (dict(self.ctx.changes()), list(self.ctx.events), list(self.done))
        with pytest.raises(LedgerError) as raised:
            yield
        assert type(raised.value) is error, raised.value
        assert (dict(self.ctx.changes()), self.ctx.events, self.done) == before
        str(raised.value)

    def due(self) -> Sequence[bytes]:
        room = bytes((LedgerRoom.PROPOSALS_DUE,))
        return [key for key, _ in self.ctx.state.scan(room, bytes((LedgerRoom.PROPOSALS_DUE + 1,)))]


# --- how many votes decide ---


@pytest.mark.parametrize("threshold", [HALF, TWO_THIRDS, Threshold(0, 1), Threshold(3, 4), Threshold(99, 100)], ids=str)
@pytest.mark.parametrize("size", range(1, 11))
def test_it_passes_with_the_first_vote_above_the_threshold(size: int, threshold: Threshold) -> None:
    council = Council(size, threshold)
    number = council.propose()
    needed = next(
        n for n in range(1, size + 1) if Fraction(n, size) > Fraction(threshold.numerator, threshold.denominator)
    )
    for voter in range(needed - 1):
        assert council.vote(number, voter) is Outcome.PENDING
        assert council.done == []
    assert council.vote(number, needed - 1) is Outcome.PASSED
    assert council.done == [b"act"]
    assert len(council[number].ballots) == needed
    if needed < size:
        with council.refuses(e.ProposalClosed):
            council.vote(number, needed)


@pytest.mark.parametrize("threshold", [HALF, TWO_THIRDS, Threshold(0, 1), Threshold(99, 100)], ids=str)
@pytest.mark.parametrize("size", range(1, 11))
def test_it_is_rejected_with_the_first_vote_after_which_it_cannot_pass(size: int, threshold: Threshold) -> None:
    council = Council(size, threshold)
    number = council.propose()
    bound = Fraction(threshold.numerator, threshold.denominator)
    needed = next(n for n in range(1, size + 1) if Fraction(size - n, size) <= bound)
    for voter in range(needed - 1):
        assert council.vote(number, voter, approve=False) is Outcome.PENDING
    assert council.vote(number, needed - 1, approve=False) is Outcome.REJECTED
    assert council.ctx.events[-1] == events.ProposalRejected(number)
    assert council.done == []
    assert council.due() == []


@pytest.mark.parametrize(
    ("size", "threshold", "needed"),
    [
        (1, HALF, 1),
        (2, HALF, 2),
        (3, HALF, 2),
        (4, HALF, 3),
        (5, HALF, 3),
        (3, TWO_THIRDS, 3),
        (4, TWO_THIRDS, 3),
        (6, TWO_THIRDS, 5),
        (9, TWO_THIRDS, 7),
        (10, TWO_THIRDS, 7),
    ],
)
def test_known_majorities(size: int, threshold: Threshold, needed: int) -> None:
    reached = [n for n in range(size + 1) if threshold.is_reached(n, size)]
    assert reached == list(range(needed, size + 1))


def test_just_half_is_not_more_than_half() -> None:
    council = Council(4)
    number = council.propose()
    assert council.vote(number, 0, 1) is Outcome.PENDING
    assert council.vote(number, 2, approve=False) is Outcome.PENDING
    assert council.vote(number, 3, approve=False) is Outcome.REJECTED


def test_the_threshold_is_the_one_that_holds_at_the_vote() -> None:
    council = Council(4)
    number = council.propose()
    council.threshold = Threshold(3, 4)
    assert council.vote(number, 0, 1, 2) is Outcome.PENDING
    assert council.vote(number, 3) is Outcome.PASSED


# --- who votes ---


def test_the_proposer_has_not_voted() -> None:
    council = Council(1)
    number = council.propose()
    assert council[number].ballots == ()
    assert council[number].outcome is Outcome.PENDING
    assert council.vote(number, 0) is Outcome.PASSED


@pytest.mark.parametrize("approve", [True, False])
def test_an_organisation_votes_once_whichever_of_its_admins(approve: bool) -> None:
    council = Council(4)
    number = council.propose()
    council.vote(number, 0)
    for name in ("ann", "bob"):
        with council.refuses(e.AlreadyVoted):
            council.vote(number, 0, approve=approve, name=name)


@pytest.mark.parametrize("role", [role for role in MemberRole if role is not MemberRole.ADMIN])
def test_only_admins_propose_and_vote(role: MemberRole) -> None:
    council = Council(3)
    member = council.admin(0, role=role)
    with council.refuses(MemberRoleRefused):
        proposals.propose(council.ctx, member, b"act", HOUR)
    number = council.propose()
    with council.refuses(MemberRoleRefused):
        proposals.vote(council.ctx, member, number, True, threshold=HALF, carry_out=council.carry_out)


def test_strangers_and_the_removed_neither_propose_nor_vote() -> None:
    council = Council(3)
    number = council.propose()
    organisations.remove_organisation(council.ctx, name_of(2))
    for stranger, error in ((2, OrganisationRemoved), (9, OrganisationUnknown)):
        with council.refuses(error):
            council.vote(number, stranger)
        with council.refuses(error):
            council.propose(by=stranger)


def test_there_is_nothing_to_vote_on() -> None:
    council = Council(3)
    council.propose()
    for number in (0, 2, -1, MAX_U64, MAX_U64 + 1):
        with council.refuses(e.ProposalUnknown):
            council.vote(number, 0)
        assert proposals.proposal(council.ctx.state, number) is None


def test_who_decided_stands_in_the_record() -> None:
    council = Council(3)
    number = council.at(START + 5).propose(by=1)
    council.at(START + 7).vote(number, 2, approve=False, name="bob")
    council.at(START + 9).vote(number, 0, 1)
    record = council[number]
    assert (record.organisation, record.name, record.fingerprint) == ("org-1", "ann", council.admin(1).fingerprint)
    assert (record.made_at, record.expiry, record.closed_at) == (START + 5, START + 5 + HOUR, START + 9)
    assert [(b.organisation, b.name, b.fingerprint, b.approve, b.cast_at) for b in record.ballots] == [
        ("org-2", "bob", council.admin(2, "bob").fingerprint, False, START + 7),
        ("org-0", "ann", council.admin(0).fingerprint, True, START + 9),
        ("org-1", "ann", council.admin(1).fingerprint, True, START + 9),
    ]
    assert council.ctx.events == [
        events.ProposalMade(1, "org-1", "org-1/ann", b"act", UnixSeconds(START + 5 + HOUR)),
        events.VoteCast(1, "org-2", "org-2/bob", False),
        events.VoteCast(1, "org-0", "org-0/ann", True),
        events.VoteCast(1, "org-1", "org-1/ann", True),
        events.OrganisationAdded("carried", "out"),
        events.ProposalPassed(1),
    ]


# --- what is carried out ---


def test_what_is_carried_out_stands() -> None:
    council = Council(1)
    council.vote(council.propose(), 0)
    assert council.ctx.state.get(MARK) == b"act"
    assert len(council.ctx.outbox) == 1


def test_nothing_of_a_refused_action_remains_but_the_reason() -> None:
    council = Council(3)
    number = council.propose(action=b"refuse")
    council.vote(number, 0)
    assert council.vote(number, 1) is Outcome.FAILED
    record = council[number]
    assert (record.reason, record.message) == ("ORGANISATION_EXISTS", str(OrganisationExists("org-0")))
    assert len(record.ballots) == 2, "the vote stands"
    assert council.done == [b"refuse"]
    assert council.ctx.state.get(MARK) is None
    assert council.ctx.outbox == []
    assert council.due() == []
    assert council.ctx.events[-2:] == [
        events.VoteCast(number, "org-1", "org-1/ann", True),
        events.ProposalFailed(number, record.reason, record.message),
    ]
    with council.refuses(e.ProposalClosed):
        council.vote(number, 2)


def test_a_long_message_is_cut() -> None:
    council = Council(1)
    number = council.propose()

    def refuse(ctx: Context, action: bytes) -> None:
        raise OrganisationUnknown("x" * 10_000)

    proposals.vote(council.ctx, council.admin(0), number, True, threshold=HALF, carry_out=refuse)
    assert len(council[number].message) == 512


def test_what_is_no_refusal_is_not_swallowed() -> None:
    """A fault of the software stops the block: nothing of it may be taken for a vote."""
    council = Council(1)
    number = council.propose()

    def fault(ctx: Context, action: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        proposals.vote(council.ctx, council.admin(0), number, True, threshold=HALF, carry_out=fault)


def test_an_action_cannot_decide_its_own_proposal_again() -> None:
    council = Council(2)
    number = council.propose()

    def vote_again(ctx: Context, action: bytes) -> None:
        proposals.vote(ctx, council.admin(0), number, True, threshold=HALF, carry_out=vote_again)

    council.vote(number, 0)
    proposals.vote(council.ctx, council.admin(1), number, True, threshold=HALF, carry_out=vote_again)
    assert (council[number].outcome, council[number].reason) == (Outcome.FAILED, "PROPOSAL_CLOSED")


# --- organisations that leave, and come back ---


def test_votes_of_the_removed_do_not_count() -> None:
    council = Council(5)
    number = council.propose()
    council.vote(number, 0, 1)
    organisations.remove_organisation(council.ctx, name_of(1))
    assert proposals.tally(council.ctx.state, council[number]) == (1, 0, 4)
    assert council.vote(number, 2) is Outcome.PENDING, "2 of 4"
    assert council.vote(number, 3) is Outcome.PASSED, "3 of 4"
    assert len(council[number].ballots) == 4, "its vote stays to be seen"


def test_votes_against_of_the_removed_do_not_count() -> None:
    council = Council(5)
    number = council.propose()
    council.vote(number, 0, 1, approve=False)
    organisations.remove_organisation(council.ctx, name_of(1))
    assert council.vote(number, 2) is Outcome.PENDING
    assert council.vote(number, 3) is Outcome.PENDING, "2 of 4"
    assert council.vote(number, 4) is Outcome.PASSED, "3 of 4"


def test_it_is_counted_against_those_there_are_now() -> None:
    council = Council(2)
    number = council.propose()
    organisations.add_organisation(council.ctx, name_of(2), "Third")
    organisations.add_organisation(council.ctx, name_of(3), "Fourth")
    assert council.vote(number, 0, 1) is Outcome.PENDING, "2 of 4"
    assert council.vote(number, 3) is Outcome.PASSED


def test_a_removal_decides_nothing_the_next_vote_does() -> None:
    council = Council(5)
    number = council.propose()
    council.vote(number, 0, 1)
    for index in (3, 4):
        organisations.remove_organisation(council.ctx, name_of(index))
    assert council[number].outcome is Outcome.PENDING, "2 of 3, and nobody has voted"
    assert council.done == []
    assert council.vote(number, 2, approve=False) is Outcome.PASSED, "the vote against it shows that it has enough"


def test_who_comes_back_votes_anew() -> None:
    council = Council(4)
    number = council.propose()
    council.vote(number, 0, 1)
    organisations.remove_organisation(council.ctx, name_of(1))
    council.at(START + 1)
    organisations.add_organisation(council.ctx, name_of(1), "Back")
    assert proposals.tally(council.ctx.state, council[number]) == (1, 0, 4)
    assert council.vote(number, 1, approve=False) is Outcome.PENDING
    assert proposals.tally(council.ctx.state, council[number]) == (1, 1, 4)
    assert [b.organisation for b in council[number].ballots] == ["org-0", "org-1"]
    with council.refuses(e.AlreadyVoted):
        council.vote(number, 1)


def test_the_last_organisation_decides_alone_and_stays() -> None:
    council = Council(3)
    removals = [council.propose(action=b"remove " + name_of(index).encode()) for index in range(3)]
    council.vote(removals[2], 0, 1)
    assert organisations.live_organisations(council.ctx.state) == ("org-0", "org-1")
    council.vote(removals[1], 0)
    assert council.vote(removals[1], 1) is Outcome.PASSED, "org-1 leaves by its own vote as well"
    assert organisations.live_organisations(council.ctx.state) == ("org-0",)
    assert council.vote(removals[0], 0) is Outcome.FAILED
    assert council[removals[0]].reason == "LAST_ORGANISATION"
    back = council.propose(action=b"add org-1")
    assert council.vote(back, 0) is Outcome.PASSED
    assert organisations.live_organisations(council.ctx.state) == ("org-0", "org-1")


def test_proposals_outlive_the_organisation_that_made_them() -> None:
    council = Council(4)
    number = council.propose(by=3)
    organisations.remove_organisation(council.ctx, name_of(3))
    assert council.vote(number, 0, 1) is Outcome.PASSED


def test_an_organisation_may_be_removed_by_the_proposal_that_it_made() -> None:
    council = Council(3)
    number = council.propose(by=2, action=b"remove org-2")
    assert council.vote(number, 2, 0) is Outcome.PASSED
    with council.refuses(OrganisationRemoved):
        council.propose(by=2)


# --- time ---


def test_it_is_open_to_the_second() -> None:
    council = Council(1)
    number = council.propose(valid_for=100)
    council.at(START + 99)
    proposals.expire(council.ctx)
    assert council[number].outcome is Outcome.PENDING
    assert proposals.next_due(council.ctx.state) == START + 100
    assert council.vote(number, 0) is Outcome.PASSED


def test_it_is_over_to_the_second() -> None:
    council = Council(1)
    number = council.propose(valid_for=100)
    council.at(START + 100)
    assert proposals.outcome_at(council[number], council.ctx.time) is Outcome.EXPIRED
    with council.refuses(e.ProposalClosed):
        council.vote(number, 0)
    council.ctx.events.clear()
    proposals.expire(council.ctx)
    record = council[number]
    assert (record.outcome, record.closed_at) == (Outcome.EXPIRED, START + 100)
    assert council.ctx.events == [events.ProposalExpired(number)]
    assert proposals.next_due(council.ctx.state) is None
    with council.refuses(e.ProposalClosed):
        council.vote(number, 0)
    before = dict(council.ctx.changes())
    proposals.expire(council.ctx)
    assert dict(council.ctx.changes()) == before


def test_what_is_decided_does_not_expire() -> None:
    council = Council(1)
    decided = [council.propose(), council.propose(action=b"refuse"), council.propose()]
    council.vote(decided[0], 0)
    council.vote(decided[1], 0)
    council.vote(decided[2], 0, approve=False)
    council.at(START + 2 * HOUR)
    proposals.expire(council.ctx)
    assert [council[n].outcome for n in decided] == [Outcome.PASSED, Outcome.FAILED, Outcome.REJECTED]
    assert [proposals.outcome_at(council[n], council.ctx.time) for n in decided] == [
        council[n].outcome for n in decided
    ]


def test_a_block_closes_only_so_many_the_first_due_first() -> None:
    council = Council(10)
    for by in range(10):
        for each in range(MAX_OPEN):
            council.propose(by=by, valid_for=HOUR - each)
    council.at(START + HOUR)
    before = len(council.due())
    proposals.expire(council.ctx)
    assert before - len(council.due()) == MAX_EXPIRING
    assert all(council[number].outcome is Outcome.EXPIRED for number in range(MAX_OPEN, before + 1, MAX_OPEN))
    assert proposals.next_due(council.ctx.state) == START + HOUR - 1
    proposals.expire(council.ctx)
    assert council.due() == []
    assert all(record.outcome is Outcome.EXPIRED for record in proposals.proposals(council.ctx.state))


# --- bounds ---


@pytest.mark.parametrize("valid_for", [0, -1, LEAST_OPEN - 1, MOST_OPEN + 1, MAX_U64, -MAX_U64])
def test_a_time_that_is_too_short_or_too_long(valid_for: int) -> None:
    council = Council(1)
    with council.refuses(e.ExpiryRefused):
        council.propose(valid_for=valid_for)


def test_no_expiry_is_beyond_64_bits() -> None:
    council = Council(1).at(MAX_U64 - LEAST_OPEN + 1)
    with council.refuses(e.ExpiryRefused):
        council.propose(valid_for=LEAST_OPEN)
    assert council.at(MAX_U64 - LEAST_OPEN).propose(valid_for=LEAST_OPEN) == 1


@pytest.mark.parametrize("valid_for", [LEAST_OPEN, MOST_OPEN])
def test_the_shortest_and_the_longest_time(valid_for: int) -> None:
    council = Council(1)
    assert council[council.propose(valid_for=valid_for)].expiry == START + valid_for


def test_an_action_is_bounded() -> None:
    council = Council(1)
    with council.refuses(e.ActionTooLarge):
        council.propose(action=bytes(MAX_ACTION_BYTES + 1))
    assert council.propose(action=bytes(MAX_ACTION_BYTES)) == 1


@pytest.mark.parametrize("freed_by", ["vote", "expiry"])
def test_an_organisation_has_only_so_many_open(freed_by: str) -> None:
    council = Council(2)
    first, *_ = [council.propose() for _ in range(MAX_OPEN)]
    with council.refuses(e.TooManyProposals):
        council.propose()
    council.propose(by=1)
    if freed_by == "vote":
        council.vote(first, 1, approve=False)
    else:
        proposals.expire(council.at(START + HOUR).ctx)
    assert council.propose() == MAX_OPEN + 2


# --- reading ---


def test_proposals_are_listed_by_number_from_anywhere() -> None:
    council = Council(40)
    assert list(proposals.proposals(council.ctx.state)) == []
    assert proposals.count(council.ctx.state) == 0
    for index in range(300):
        council.propose(by=index // MAX_OPEN)
    listed = [record.number for record in proposals.proposals(council.ctx.state)]
    assert listed == list(range(1, 301))
    assert [record.number for record in proposals.proposals(council.ctx.state, after=255)] == list(range(256, 301))
    assert list(proposals.proposals(council.ctx.state, after=MAX_U64 + 5)) == []
    assert proposals.count(council.ctx.state) == 300


def test_a_record_is_the_same_from_its_bytes() -> None:
    council = Council(2)
    number = council.propose()
    council.vote(number, 0)
    encoded = msgspec.msgpack.encode(council[number])
    assert msgspec.msgpack.decode(encoded, type=Proposal) == council[number]
