"""Votes below, at and above the threshold, and of organisations that leave and come back."""

from fractions import Fraction

import pytest

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.governance import errors as e
from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.governance.proposals import (
    Outcome,
    Threshold,
)
from adapters.permissioned.ledger.identities import MemberRole
from adapters.permissioned.ledger.membership import organisations
from adapters.permissioned.ledger.membership.errors import (
    MemberRoleRefused,
    OrganisationRemoved,
    OrganisationUnknown,
)
from hub.quantities import MAX_U64, UnixSeconds
from tests.unit.council import HALF, HOUR, START, TWO_THIRDS, Council, join, name_of

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


# --- organisations that leave, and come back ---


def test_votes_of_the_removed_do_not_count() -> None:
    council = Council(5)
    number = council.propose()
    council.vote(number, 0, 1)
    organisations.remove_organisation(council.ctx, name_of(1))
    assert proposals.tally(council.ctx.state, council[number], council.ctx.time) == (1, 0, 4)
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
    join(council.ctx, name_of(2), "Third")
    join(council.ctx, name_of(3), "Fourth")
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
    join(council.ctx, name_of(1), "Back")
    assert proposals.tally(council.ctx.state, council[number], council.ctx.time) == (1, 0, 4)
    assert council.vote(number, 1, approve=False) is Outcome.PENDING
    assert proposals.tally(council.ctx.state, council[number], council.ctx.time) == (1, 1, 4)
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
