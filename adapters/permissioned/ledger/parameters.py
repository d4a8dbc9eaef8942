"""What the organisations may change by vote, as it stands in the state."""

import msgspec

from hub.quantities import MAX_U64, Seconds
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room


class Parameters(msgspec.Struct, frozen=True, array_like=True):
    """Durations are in seconds. A proposal passes when yes × denominator > numerator × organisations: more than half of
    them at least, or two minorities could decide opposite things."""

    votes_numerator: int = 1
    votes_denominator: int = 2
    replacement_delay: Seconds = Seconds(24 * 3600)
    """Between the vote for another client of the hub and its taking effect."""


MAX_REPLACEMENT_DELAY = Seconds(366 * 86_400)
"""After longer than that nobody waits for a client to be replaced, and with it the ledger for a hub."""

_PARAMETERS = Records(Room.PARAMETERS, Parameters, remembered=64)


def parameters(state: StateReader) -> Parameters:
    """The parameters that hold now."""
    return _PARAMETERS.get(state, b"") or Parameters()


def put_parameters(state: Branch, chosen: Parameters) -> None:
    _PARAMETERS.put(state, b"", chosen)


def broken_rule(chosen: Parameters) -> str | None:
    """Why parameters cannot hold, None where they can."""
    if not all(0 <= value <= MAX_U64 for value in msgspec.structs.asdict(chosen).values()):
        return "a parameter is a number from 0 to 2**64 - 1"
    if not 0 <= chosen.votes_numerator < chosen.votes_denominator:
        return "votes_numerator is below votes_denominator: all organisations together must be able to pass something"
    if chosen.votes_numerator * 2 < chosen.votes_denominator:
        return "votes_numerator is half of votes_denominator at least: no minority decides for all"
    if chosen.replacement_delay > MAX_REPLACEMENT_DELAY:
        return f"replacement_delay is at most {MAX_REPLACEMENT_DELAY} seconds"
    return None
