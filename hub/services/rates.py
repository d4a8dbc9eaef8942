"""The rate cap: how much money the word of one light client may put at stake within any stretch of a window's length.

Whoever held the keys behind a client could forge its chain's calls and answers: this is the most that it would cost.
Windows that begin anew at fixed times would let twice the cap pass across their boundary, and so would a leaking
bucket. So what was put at stake is kept by slots of a sixteenth of the window, and a slot counts until its last moment
lies a whole window back: no stretch of that length holds more than the cap, and at most a sixteenth longer must be
waited for.
"""

import msgspec

from hub.ibc.identifiers import ClientId
from hub.parameters import Parameters
from hub.quantities import Amount, Seconds, UnixSeconds
from hub.services.errors import RateCapReached
from hub.state.branch import Branch
from hub.state.collections import Records, Room, text

_SLOTS = 16


class _Slot(msgspec.Struct, frozen=True, array_like=True):
    """What was put at stake in the slot that began then."""

    began: UnixSeconds
    amount: Amount


class _Rate(msgspec.Struct, frozen=True, array_like=True):
    """The slots that still count, in order; at most one more than a window has."""

    slots: tuple[_Slot, ...]


_RATES = Records(Room.SERVICE_RATES, _Rate)


def count(state: Branch, parameters: Parameters, client: ClientId, amount: Amount, now: UnixSeconds) -> None:
    """Count money put at stake on a client's word; what comes back is not counted off. Raises RateCapReached."""
    if not amount:
        return
    window = parameters.rate_window
    length = Seconds(-(-window // _SLOTS))
    record = _RATES.get(state, text(client))
    slots = [] if record is None else [slot for slot in record.slots if now < _forgotten_at(slot, length, window)]
    room = parameters.rate_cap - sum(slot.amount for slot in slots)
    if amount > room:
        raise RateCapReached(client, parameters.rate_cap, _until(slots, amount - room, length, window, now))
    began = UnixSeconds(now - now % length)
    if slots and slots[-1].began == began:
        amount = Amount(amount + slots.pop().amount)
    _RATES.put(state, text(client), _Rate((*slots, _Slot(began, amount))))


def _forgotten_at(slot: _Slot, length: Seconds, window: Seconds) -> UnixSeconds:
    """The first second in whose window no second of the slot lies."""
    return UnixSeconds(slot.began + length - 1 + window)


def _until(slots: list[_Slot], wanted: int, length: Seconds, window: Seconds, now: UnixSeconds) -> UnixSeconds:
    """When so much of what counts now is forgotten; where more is wanted than the cap, when all is."""
    at = UnixSeconds(now + window)
    for slot in slots:
        at, wanted = _forgotten_at(slot, length, window), wanted - slot.amount
        if wanted <= 0:
            break
    return at
