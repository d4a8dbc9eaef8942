"""Typed maps over the state: rooms apart, keys in order, one encoding."""

import msgspec
import pytest

from hub.state.branch import Branch, MemoryState
from hub.state.collections import Records, Room, text, u64


class Thing(msgspec.Struct, frozen=True, array_like=True):
    number: int
    name: str


THINGS = Records(Room.ACCOUNTS, Thing)
OTHERS = Records(Room.ROLES, Thing)


@pytest.fixture
def state() -> Branch:
    branch = Branch(MemoryState())
    for number in (1, 2, 255, 256, 70_000):
        THINGS.put(branch, text("a") + u64(number), Thing(number, "a"))
        THINGS.put(branch, text("ab") + u64(number), Thing(number, "ab"))
    OTHERS.put(branch, text("a") + u64(1), Thing(0, "other"))
    return branch


def test_a_record_comes_back_as_it_went(state: Branch) -> None:
    key = text("a") + u64(255)
    assert THINGS.get(state, key) == Thing(255, "a")
    assert THINGS.has(state, key)
    THINGS.delete(state, key)
    assert THINGS.get(state, key) is None
    assert not THINGS.has(state, key)


def test_a_prefix_is_no_other_names_prefix_and_numbers_are_in_order(state: Branch) -> None:
    assert [thing.number for _, thing in THINGS.scan(state, text("a"))] == [1, 2, 255, 256, 70_000]
    assert {thing.name for _, thing in THINGS.scan(state, text("ab"))} == {"ab"}
    assert len(list(THINGS.scan(state))) == 10
    assert [key for key, _ in OTHERS.scan(state)] == [text("a") + u64(1)]
    assert [thing.number for _, thing in THINGS.scan(state, text("a") + u64(255))] == [255]  # a prefix of all bits


def test_a_scan_goes_on_beyond_a_key(state: Branch) -> None:
    after = text("a") + u64(2)
    assert [thing.number for _, thing in THINGS.scan(state, text("a"), after)] == [255, 256, 70_000]
    assert not list(THINGS.scan(state, text("a"), text("a") + u64(70_000)))
    assert {thing.name for _, thing in THINGS.scan(state, text("ab"), after)} == {"ab"}  # a key of before them all


def test_keys_of_every_room_stand_below_all_paths() -> None:
    assert max(Room) < ord("@")
    assert len({int(room) for room in Room}) == len(Room)


def test_one_encoding(state: Branch) -> None:
    assert state.get(bytes((Room.ACCOUNTS,)) + text("a") + u64(1)) == msgspec.msgpack.encode([1, "a"])
