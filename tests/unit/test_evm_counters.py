"""A router's counters, read from the words of its record: what else stands in them is no part of a number."""

from adapters.evm.counters import Counters, CounterSlots
from hub.ibc.identifiers import ClientId


def test_what_stands_beside_the_counters_is_no_part_of_them() -> None:
    """The record as contracts/src/libraries/RouterStorage.sol packs it, every bit of its other fields set."""
    slots = CounterSlots(ClientId("quorum-0"), 3)
    of_number, first, second = slots.all()
    light_client, paused_until, replaceable_from = 2**160 - 1, 2**40 - 1, 2**64 - 1
    words = {
        of_number: (3).to_bytes(32, "big"),
        first: (paused_until << 216 | 77 << 160 | light_client).to_bytes(32, "big"),
        second: (replaceable_from << 64 | 99).to_bytes(32, "big"),
    }
    assert slots.number(words) == 3
    assert slots.counters(words) == Counters(sent=99, appended=77)
    assert slots.counters({**words, first: b"\xff" * 32, second: b"\xff" * 32}) == Counters(2**64 - 1, 2**56 - 1)


def test_every_client_has_slots_of_its_own() -> None:
    every = [slot for number in (1, 2) for slot in CounterSlots(ClientId(f"quorum-{number}"), number).all()]
    assert len(set(every)) == 6
