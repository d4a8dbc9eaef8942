"""What the operator of a hub chooses, as it stands in the state."""

import msgspec

from hub.quantities import Amount, Seconds
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room


class Parameters(msgspec.Struct, frozen=True, array_like=True):
    """Durations are in seconds, money in the smallest unit."""

    replacement_delay: Seconds = Seconds(24 * 3600)
    """Between scheduling a client's replacement and carrying it out."""
    route_margin: Seconds = Seconds(60)
    """What a call's deadline leaves for the way to another chain and back, besides the provider's time and that chain's
    finality.
    """
    grace_margin: Seconds = Seconds(60)
    """What a binding's grace leaves for the way back of an answer, besides the finality of the provider's chain."""
    call_time_limit: Seconds = Seconds(30 * 24 * 3600)
    """How far ahead a call's deadline may lie."""
    settlement_time_limit: Seconds = Seconds(7 * 24 * 3600)
    """After a 504: how long an escrow waits for proof from the provider's chain before it goes back to the caller."""
    rate_window: Seconds = Seconds(3600)
    """The window of the rate cap."""
    rate_cap: Amount = Amount(10**15)
    """The most money that the word of one light client may put at stake within one window."""


_PARAMETERS = Records(Room.PARAMETERS, Parameters, remembered=64)


def parameters(state: StateReader) -> Parameters:
    """The parameters that hold now."""
    return _PARAMETERS.get(state, b"") or Parameters()


def put_parameters(state: Branch, chosen: Parameters) -> None:
    _PARAMETERS.put(state, b"", chosen)
