"""The rate cap: never more within any stretch of a window's length, and not much less than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ibc.identifiers import ClientId
from hub.parameters import Parameters
from hub.quantities import Amount, Seconds, UnixSeconds
from hub.services.errors import RateCapReached
from hub.services.rates import count
from hub.state.branch import Branch, MemoryState

A, B = ClientId("attested-0"), ClientId("attested-1")
CAP = 100
START = 1_760_000_000


def passes(state: Branch, now: int, amount: int, window: int = 1_600, client: ClientId = A) -> bool:
    parameters = Parameters(rate_window=Seconds(window), rate_cap=Amount(CAP))
    before = dict(state.changes)
    try:
        count(state, parameters, client, Amount(amount), UnixSeconds(now))
    except RateCapReached:
        assert dict(state.changes) == before
        return False
    return True


@pytest.fixture
def state() -> Branch:
    return Branch(MemoryState())


def test_the_cap_itself_passes_and_one_more_does_not(state: Branch) -> None:
    assert passes(state, START, CAP - 1)
    assert not passes(state, START, 2)
    assert passes(state, START, 1)
    assert not passes(state, START, 1)
    assert passes(state, START, 0)
    assert passes(state, START, CAP, client=B)
    assert not passes(Branch(MemoryState()), START, CAP + 1)


@pytest.mark.parametrize("offset", [0, 1, 99, 799, 1_599])
def test_no_moment_is_a_boundary_at_which_twice_the_cap_passes(state: Branch, offset: int) -> None:
    first = START + offset
    assert passes(state, first, CAP)
    for later in (0, 1, 100, 1_500, 1_598, 1_599):
        assert not passes(state, first + later, 1)
    assert passes(state, first + 1_700, CAP)  # a window, and a slot at most


def test_a_refusal_says_when_there_is_room_again(state: Branch) -> None:
    assert passes(state, START, 60)
    assert passes(state, START + 500, 40)
    for amount in (1, 60, 61, 100):
        copy = state.branch()
        with pytest.raises(RateCapReached) as refused:
            count(copy, Parameters(rate_window=Seconds(1_600), rate_cap=Amount(CAP)), A, Amount(amount),
                  UnixSeconds(START + 600))  # fmt: skip
        assert not passes(copy, refused.value.until - 1, amount)
        assert passes(copy, refused.value.until, amount)


def test_what_is_kept_is_bounded(state: Branch) -> None:
    for step in range(2_000):
        passes(state, START + step * 7, 1, window=1_000)
    (record,) = (value for value in state.changes.values() if value is not None)
    assert len(record) < 17 * 12


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), min_size=1, max_size=60),
    st.integers(1, 100),
)
def test_in_no_stretch_of_a_window_more_than_the_cap(steps: list[tuple[int, int]], window: int) -> None:
    state, now, passed = Branch(MemoryState()), START, list[tuple[int, int]]()
    for wait, amount in steps:
        now += wait
        if passes(state, now, amount, window):
            passed.append((now, amount))
        for end, _ in passed[-1:]:
            assert sum(amount for at, amount in passed if end - window < at <= end) <= CAP
        # and what is refused would have passed the cap within a window and two slots
        slack = 2 * -(-window // 16)
        if not passed or passed[-1] != (now, amount):
            recent = sum(amount for at, amount in passed if now - window - slack < at <= now)
            assert recent + amount > CAP


def test_another_window_counts_what_stands_there_already(state: Branch) -> None:
    """The slots are times, not numbers: a change of the parameter forgets nothing."""
    assert passes(state, START, CAP, window=1_600)
    assert not passes(state, START + 90, 1, window=160)
    assert passes(state, START + 170, 1, window=160)
