"""Votes of organisations whose roots have ended: they cannot vote, and hold up the others for a while only."""

import pytest

from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.governance.proposals import Outcome
from adapters.permissioned.ledger.membership import organisations
from adapters.permissioned.ledger.membership.organisations import ENDED_ROOT_GRACE
from hub.quantities import UnixSeconds
from tests.unit import certificate_workshop as workshop
from tests.unit.council import START, Council, join, name_of, root_of

ENDS = START + workshop.YEAR
UNCOUNTED = UnixSeconds(ENDS + ENDED_ROOT_GRACE)


def council_with_two_that_end() -> Council:
    """org-2 and org-3 have roots that end after a year."""
    council = Council(2)
    for index in (2, 3):
        join(council.ctx, name_of(index), f"Organisation {index}", years=1)
    return council


@pytest.mark.parametrize("time", [START, ENDS - 1, ENDS, UNCOUNTED - 1])
def test_one_whose_roots_have_ended_counts_for_a_while(time: int) -> None:
    council = council_with_two_that_end().at(time)
    number = council.propose()
    assert council.vote(number, 0, 1) is Outcome.PENDING
    assert proposals.tally(council.ctx.state, council[number], council.ctx.time) == (2, 0, 4)


def test_then_it_holds_up_nobody() -> None:
    council = council_with_two_that_end().at(UNCOUNTED)
    number = council.propose(action=b"remove org-2")
    assert council.vote(number, 0) is Outcome.PENDING
    assert council.vote(number, 1) is Outcome.PASSED
    assert council[number].message == ""
    assert [one.id for one in organisations.counted_organisations(council.ctx.state, UNCOUNTED)] == ["org-0", "org-1"]


def test_it_does_not_reject_either() -> None:
    council = council_with_two_that_end().at(UNCOUNTED)
    number = council.propose()
    assert council.vote(number, 0, approve=False) is Outcome.REJECTED  # one of two against: the other alone is no more
    assert council.at(UNCOUNTED - 1).vote(council.propose(), 0, approve=False) is Outcome.PENDING


def test_its_votes_count_no_more_until_it_has_a_root_again() -> None:
    council = council_with_two_that_end().at(UNCOUNTED - 10)
    number = council.propose()
    council.vote(number, 2, 3)
    assert proposals.tally(council.ctx.state, council[number], council.ctx.time) == (2, 0, 4)
    council.at(UNCOUNTED)
    assert proposals.tally(council.ctx.state, council[number], council.ctx.time) == (0, 0, 2)
    organisations.add_authority(council.ctx, name_of(2), root_of(name_of(2), years=5))
    assert proposals.tally(council.ctx.state, council[number], council.ctx.time) == (1, 0, 3)
    assert council.vote(number, 0) is Outcome.PASSED


def test_none_that_can_act_removes_itself_and_leaves_those_that_cannot() -> None:
    council = Council(1)
    join(council.ctx, name_of(1), "Ending", years=1)
    council.at(UNCOUNTED)
    number = council.propose(action=b"remove org-0")
    assert council.vote(number, 0) is Outcome.FAILED
    assert council[number].reason == "LAST_ORGANISATION"
    assert council.vote(council.propose(action=b"remove org-1"), 0) is Outcome.PASSED
