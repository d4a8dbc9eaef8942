"""What closes a proposal, what bounds it, and what is left of an action that is refused."""

import msgspec
import pytest

from adapters.permissioned.ledger import events
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
)
from adapters.permissioned.ledger.membership.errors import (
    OrganisationExists,
    OrganisationUnknown,
)
from hub.quantities import MAX_U64
from hub.state.context import Context
from tests.unit.council import HALF, HOUR, MARK, START, Council

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
