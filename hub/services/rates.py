"""The rate cap: how much money the word of one light client may put at stake within a window.

Whoever held the keys behind a client could forge its chain's calls and answers: this is the most that it would cost.
"""

import msgspec

from hub.ibc.identifiers import ClientId
from hub.parameters import Parameters
from hub.quantities import Amount, UnixSeconds
from hub.services.errors import RateCapReached
from hub.state.branch import Branch
from hub.state.collections import Records, Room, text


class _Rate(msgspec.Struct, frozen=True, array_like=True):
    """What was put at stake in the window of that number, counted from the Unix epoch."""

    window: int
    amount: Amount


_RATES = Records(Room.SERVICE_RATES, _Rate)


def count(state: Branch, parameters: Parameters, client: ClientId, amount: Amount, now: UnixSeconds) -> None:
    """Count money put at stake on a client's word; what comes back is not counted off. Raises RateCapReached."""
    if not amount:
        return
    window = now // parameters.rate_window
    before = _RATES.get(state, text(client))
    used = before.amount if before is not None and before.window == window else 0
    if used + amount > parameters.rate_cap:
        raise RateCapReached(client, parameters.rate_cap, (window + 1) * parameters.rate_window)
    _RATES.put(state, text(client), _Rate(window, Amount(used + amount)))
