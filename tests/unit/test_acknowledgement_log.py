"""What an EVM chain's adapter keeps of acknowledgements: what may still have to be proven, in whole windows."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.evm.events import AppendedAcknowledgement
from adapters.evm.proofs import AcknowledgementLog
from hub.clients.router_storage import WINDOW
from hub.ibc.identifiers import ClientId
from hub.quantities import Hash, Height
from hub.quantities import Sequence as PacketSequence

LAST = Height(10**6)


def appended(n: int) -> AppendedAcknowledgement:
    """The n-th acknowledgement is that of packet n + 1, in a block of its own."""
    return AppendedAcknowledgement(n, Height(n + 1), PacketSequence(n + 1), Hash((n + 1).to_bytes(32, "big")))


def log_of(ns: Iterable[int]) -> AcknowledgementLog:
    log = AcknowledgementLog(ClientId("quorum-0"))
    log.add(map(appended, ns))
    return log


def provable(log: AcknowledgementLog, sequence: int) -> bool:
    try:
        (window,) = log.windows([PacketSequence(sequence)], LAST)
    except KeyError:
        return False
    entries = [entry_sequence for entry_sequence, _ in window.entries]
    return entries == list(range(window.index * WINDOW + 1, window.index * WINDOW + 1 + len(entries)))


def drop(log: AcknowledgementLog, still_open: Iterable[int], up_to: int) -> Height | None:
    return log.drop_settled({PacketSequence(sequence) for sequence in still_open}, PacketSequence(up_to))


def test_full_windows_without_an_open_packet_are_dropped() -> None:
    log = log_of(range(3 * WINDOW + 5))
    drop(log, [WINDOW + 7], 3 * WINDOW + 5)
    assert len(log) == WINDOW + 5
    assert provable(log, WINDOW + 7)
    assert provable(log, 3 * WINDOW + 5)  # the window that is not full yet stays: its next acknowledgement needs it
    assert not provable(log, 1)
    log.add([appended(3 * WINDOW + 5)])
    assert provable(log, 3 * WINDOW + 6)


@pytest.mark.parametrize("sequence", [1, WINDOW])
def test_the_first_and_the_last_of_a_window_hold_it(sequence: int) -> None:
    log = log_of(range(WINDOW))
    drop(log, [sequence], WINDOW)
    assert provable(log, sequence)
    drop(log, [], WINDOW)
    assert len(log) == 0


def test_a_packet_that_nothing_is_known_of_holds_its_window() -> None:
    log = log_of(range(WINDOW))
    drop(log, [], WINDOW - 1)
    assert provable(log, WINDOW)


def test_a_window_that_the_backlog_has_not_filled_is_kept() -> None:
    log = log_of(range(1, WINDOW))
    drop(log, [], WINDOW)
    log.add([appended(0)])
    assert provable(log, WINDOW)


@pytest.mark.parametrize(
    ("count", "still_open", "up_to", "needed_from"),
    [
        (0, [], 0, None),
        (WINDOW, [], WINDOW, None),  # the next window begins with nothing
        (WINDOW + 1, [], WINDOW + 1, WINDOW + 1),  # the one that is being filled
        (3 * WINDOW + 5, [WINDOW + 7], 3 * WINDOW + 5, WINDOW + 1),
        (3 * WINDOW, [WINDOW + 7], 3 * WINDOW, WINDOW + 1),
        (WINDOW, [], WINDOW - 1, 1),  # the last of them is not known to be settled
    ],
)
def test_what_must_be_read_again_begins_with_a_window(
    count: int, still_open: list[int], up_to: int, needed_from: int | None
) -> None:
    log = log_of(range(count))
    assert drop(log, still_open, up_to) == needed_from
    if needed_from is not None:  # and from there it is enough
        assert all(provable(log_of(range(needed_from - 1, count)), one) for one in [*still_open, count])


def test_a_window_that_was_read_in_part_and_is_settled_is_not_needed() -> None:
    """Its beginning stands below what was read; nothing of it is proven any more."""
    log = log_of(range(WINDOW - 3, WINDOW + 2))
    assert drop(log, [], WINDOW + 2) == WINDOW + 1


@given(st.integers(0, 5 * WINDOW), st.sets(st.integers(1, 5 * WINDOW), max_size=5), st.integers(0, 5 * WINDOW))
def test_what_is_open_stays_provable_and_the_rest_is_bounded(count: int, still_open: set[int], up_to: int) -> None:
    log = log_of(range(count))
    drop(log, still_open, up_to)
    assert all(provable(log, sequence) for sequence in still_open if sequence <= count)
    assert all(provable(log, sequence) for sequence in range(up_to + 1, count + 1, 50))
    unknown = max(0, count - up_to)
    assert len(log) <= (len(still_open) + 2) * WINDOW + unknown
