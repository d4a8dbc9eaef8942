"""Branches over a state: what is read through them is what was written, kept or dropped."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.state.branch import Branch, MemoryState, Remembered
from hub.state.errors import EmptyValue

keys = st.binary(min_size=1, max_size=2).map(lambda key: bytes(byte % 4 for byte in key))
writes = st.lists(st.tuples(keys, st.one_of(st.none(), st.binary(min_size=1, max_size=3))), max_size=12)


def write(branch: Branch, changes: list[tuple[bytes, bytes | None]], model: dict[bytes, bytes]) -> None:
    for key, value in changes:
        if value is None:
            branch.delete(key)
            model.pop(key, None)
        else:
            branch.put(key, value)
            model[key] = value


def check(branch: Branch, model: dict[bytes, bytes]) -> None:
    assert list(branch.scan(b"", b"\xff")) == sorted(model.items())
    assert list(branch.scan(b"\x01", b"\x02\x01")) == sorted(
        (key, value) for key, value in model.items() if b"\x01" <= key < b"\x02\x01"
    )
    for key in (bytes((first, *rest)) for first in range(4) for rest in ((), (0,), (3,))):
        assert branch.get(key) == model.get(key)


@given(
    st.dictionaries(keys, st.binary(min_size=1, max_size=3)),
    st.lists(st.tuples(writes, writes, st.booleans()), max_size=5),
)
@settings(max_examples=120)
def test_a_branch_is_a_dict(
    below: dict[bytes, bytes],
    steps: list[tuple[list[tuple[bytes, bytes | None]], list[tuple[bytes, bytes | None]], bool]],
) -> None:
    state = MemoryState(below)
    branch, model = Branch(state), dict(below)
    for own, upper, kept in steps:
        write(branch, own, model)
        check(branch, model)
        above, above_model = branch.branch(), dict(model)
        write(above, upper, above_model)
        check(above, above_model)
        if kept:
            above.keep()
            model = above_model
            check(above, model)
            assert not above.changes
        check(branch, model)
    assert list(state.scan(b"", b"\xff")) == sorted(below.items())
    state.apply(branch.changes)
    assert list(state.scan(b"", b"\xff")) == sorted(model.items())


def test_nothing_empty_is_stored() -> None:
    branch = Branch(MemoryState())
    with pytest.raises(EmptyValue):
        branch.put(b"key", b"")
    assert not branch.changes


def test_the_lowest_branch_is_not_kept() -> None:
    branch = Branch(MemoryState())
    branch.put(b"key", b"value")
    with pytest.raises(TypeError):
        branch.keep()
    assert branch.changes == {b"key": b"value"}


def test_what_a_failed_step_wrote_is_gone() -> None:
    branch = Branch(MemoryState({b"a": b"1"}))
    with suppress(EmptyValue):
        above = branch.branch()
        above.delete(b"a")
        above.put(b"b", b"")
        above.keep()
    assert list(branch.scan(b"", b"\xff")) == [(b"a", b"1")]


def test_what_is_remembered_is_read_once_even_if_nothing_is_there() -> None:
    state = MemoryState({b"a": b"1"})
    remembered = Remembered(state)
    assert (remembered.get(b"a"), remembered.get(b"b")) == (b"1", None)
    state.apply({b"a": b"2", b"b": b"3", b"c": b"4"})
    assert [remembered.get(key) for key in (b"a", b"b", b"c")] == [b"1", None, b"4"]


def test_what_was_read_is_known_of_the_state_after_the_next_changes() -> None:
    state = MemoryState({b"a": b"1", b"b": b"2", b"c": b"3"})
    remembered = Remembered(state)
    for key in (b"a", b"b", b"x", b"y"):
        remembered.get(key)
    changes: dict[bytes, bytes | None] = {b"b": None, b"x": b"4", b"c": b"5"}
    after = remembered.after(changes, MemoryState())
    assert after.values == {}
    assert [after.get(key) for key in (b"a", b"b", b"x", b"y")] == [b"1", None, b"4", None]
    state.apply(changes)
    assert remembered.after(changes, state).get(b"c") == b"5"  # it was never read: it is looked up
    later = after.after({b"y": b"6"}, MemoryState())
    assert [later.get(key) for key in (b"a", b"y")] == [b"1", b"6"]
    unread = later.after({}, MemoryState()).after({}, MemoryState())
    assert unread.get(b"a") is None  # what a block did not need is not known of the next


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.state.branch.MOST_REMEMBERED", 2)
    remembered = Remembered(MemoryState({b"a": b"1", b"b": b"2", b"c": b"3"}))
    for _ in range(2):
        assert [remembered.get(key) for key in (b"a", b"x", b"b", b"c", b"y")] == [b"1", None, b"2", b"3", None]
    assert remembered.values == {b"a": b"1", b"x": None}
    monkeypatch.setattr("hub.state.branch.MOST_REMEMBERED", 10)
    monkeypatch.setattr("hub.state.branch.MOST_REMEMBERED_BYTES", 1)
    remembered = Remembered(MemoryState({b"a": b"1", b"b": b"2"}))
    assert [remembered.get(key) for key in (b"x", b"a", b"b", b"y")] == [None, b"1", b"2", None]
    assert remembered.values == {b"x": None, b"a": b"1"}
