"""Collections: records by key, indexes in step with them, lists in pages."""

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.permissioned.ledger.contracts.bounds import BOUNDS, Bounds
from adapters.permissioned.ledger.contracts.collections import Collection, Earlier, Page, Records
from adapters.permissioned.ledger.contracts.errors import (
    BoundExceeded,
    CollectionVersionUnknown,
    InvalidContract,
    KeyRefused,
    PageTokenRefused,
    RecordExists,
    RecordNotFound,
    ValueNotStorable,
)
from adapters.permissioned.ledger.contracts.events import RecordDeleted, RecordWritten
from adapters.permissioned.ledger.contracts.interface import Meta, Record
from adapters.permissioned.ledger.contracts.keys import encode_key, key_text
from tests.unit.contract_ground import Place, Ship
from tests.unit.indexed import indexes, indexes_by_records


@pytest.fixture
def place() -> Place:
    return Place()


class TestRecords:
    def test_put_and_read(self, place: Place) -> None:
        ships, ship = place.records(), Ship("no", 7, ("oslo",))
        assert ships.find("no", 7) is None
        assert not ships.has("no", 7)
        ships.add(ship)
        assert ships.get("no", 7) == ships.find("no", 7) == ship
        assert ships.has("no", 7)
        (event,) = place.events
        assert isinstance(event, RecordWritten)
        assert (event.contract, event.collection, event.key) == ("fleet", "ships", "no/7")
        assert event.value_hash == sha256(b"\x94\xa2no\x07\x91\xa4oslo\xa0").digest()

    def test_what_is_there_and_what_is_not(self, place: Place) -> None:
        ships = place.records()
        ships.add(Ship("no", 7))
        with pytest.raises(RecordExists, match="ships has a record no/7 already"):
            ships.add(Ship("no", 7, note="another"))
        with pytest.raises(RecordNotFound, match="ships has no record no/8"):
            ships.get("no", 8)
        with pytest.raises(RecordNotFound):
            ships.delete("no", 8)

    def test_nothing_is_left_of_a_deleted_one(self, place: Place) -> None:
        ships = place.records()
        ships.add(Ship("no", 7, ("oslo", "bergen")))
        ships.put(Ship("no", 7, ("bergen", "kiel")))
        assert len(place.keys()) == 4
        ships.delete("no", 7)
        assert place.keys() == []
        assert isinstance(place.events[-1], RecordDeleted)
        assert ships.by("port", "bergen").records == ()

    @pytest.mark.parametrize(
        "record",
        [
            Ship("no", "7"),  # type: ignore[arg-type]
            Ship("no", 7.0),  # type: ignore[arg-type]
            Ship("no", True),
            Ship("no", 7, ["oslo"]),  # type: ignore[arg-type]
            Ship("no", 7, (1,)),  # type: ignore[arg-type]
            Ship("no", 7, note=None),  # type: ignore[arg-type]
            Ship("no", 7, note="\ud800"),
            Ship("no", 7, note=b"x"),  # type: ignore[arg-type]
        ],
    )
    def test_a_field_that_is_not_of_its_type(self, place: Place, record: Ship) -> None:
        with pytest.raises((ValueNotStorable, KeyRefused)):
            place.records().put(record)
        assert place.keys() == []

    def test_a_record_of_another_type(self, place: Place) -> None:
        class Bigger(Ship, frozen=True):
            more: str = ""

        for record in (Bigger("no", 7), ("no", 7), None):
            with pytest.raises(ValueNotStorable):
                place.records().put(record)

    def test_what_a_type_may_not_be(self) -> None:
        class Loose(Record, frozen=True):
            key: str
            value: Any

        class Floating(Record, frozen=True):
            key: str
            value: float

        class Listed(Record, frozen=True):
            key: str
            value: list[int]

        class Deep(Record, frozen=True):
            key: str
            value: tuple[dict[str, int], ...]

        for kind in (Loose, Floating, Listed, Deep):
            with pytest.raises(InvalidContract, match="is no type for it"):
                Collection("things", kind, key=("key",))
        for key in ((), ("nothing",)):
            with pytest.raises(InvalidContract, match="are made of the fields"):
                Collection("ships", Ship, key=key)
        with pytest.raises(InvalidContract, match="are made of the fields"):
            Collection("ships", Ship, key=("flag",), indexes={"x": ("nothing",)})


class TestKeys:
    def test_parts_sort_as_their_values_and_none_is_anothers_prefix(self) -> None:
        words = ["", "\x00", "\x00\x01", "a", "a\x00", "a\x00b", "aa", "b", "\u00e9", "\U0001f600"]
        assert [encode_key("x", (word,)) for word in words] == sorted(encode_key("x", (word,)) for word in words)
        numbers = [0, 1, 255, 256, 2**32, 2**64 - 1]
        assert [encode_key("x", (n,)) for n in numbers] == sorted(encode_key("x", (n,)) for n in numbers)
        keys = [encode_key("x", parts) for parts in [("a",), ("a", "b"), ("ab",), (1,), (b"a",), ("a", 1), ("a", b"b")]]
        assert len(set(keys)) == len(keys)

    @given(
        st.lists(
            st.lists(st.one_of(st.text(max_size=3), st.integers(0, 3), st.binary(max_size=3)), max_size=3).map(tuple)
        )
    )
    def test_one_key_a_value(self, keys: list[tuple[Any, ...]]) -> None:
        try:
            assert len({encode_key("x", key) for key in keys}) == len(set(keys))
            assert all(isinstance(key_text(key), str) for key in keys)
        except KeyRefused:
            pass

    @pytest.mark.parametrize("part", [-1, 2**64, 1.0, None, True, ("a",), "\ud800", "x" * 1025])
    def test_what_is_no_part(self, part: Any) -> None:
        with pytest.raises(KeyRefused):
            encode_key("x", (part,))

    def test_as_a_person_reads_it(self) -> None:
        assert key_text(("a/b", 7, b"\x01\xff", "50%")) == "a%2Fb/7/0x01ff/50%25"

    def test_all_parts_are_given(self, place: Place) -> None:
        for key in ((), ("no",), ("no", 7, 8)):
            with pytest.raises(KeyRefused, match="made of flag, number"):
                place.records().find(*key)


class TestLists:
    @pytest.fixture
    def ships(self, place: Place) -> Records[Ship]:
        ships = place.records()
        for flag, number in (("no", 300), ("no", 7), ("se", 8), ("no", 8), ("n", 9)):
            ships.add(Ship(flag, number, ("oslo", "kiel") if number % 2 else ("oslo",)))
        return ships

    @pytest.mark.parametrize(
        ("ask", "expected"),
        [
            (lambda s, p: s.range(page=p), ["n9", "no7", "no8", "no300", "se8"]),
            (lambda s, p: s.range("no", page=p), ["no7", "no8", "no300"]),
            (lambda s, p: s.range("no", 7, page=p), ["no7"]),
            (lambda s, p: s.range("o", page=p), []),
            (lambda s, p: s.range("no", first=8, page=p), ["no8", "no300"]),
            (lambda s, p: s.range("no", last=8, page=p), ["no7", "no8"]),
            (lambda s, p: s.range("no", first=8, last=8, page=p), ["no8"]),
            (lambda s, p: s.range("no", first=9, last=8, page=p), []),
            (lambda s, p: s.range(first="no", last="no", page=p), ["no7", "no8", "no300"]),
            (lambda s, p: s.by("number", page=p), ["no7", "no8", "se8", "n9", "no300"]),
            (lambda s, p: s.by("number", 8, page=p), ["no8", "se8"]),
            (lambda s, p: s.by("number", first=8, last=9, page=p), ["no8", "se8", "n9"]),
            (lambda s, p: s.by("port", "oslo", page=p), ["no7", "no8", "se8", "n9", "no300"]),
            (lambda s, p: s.by("port", "kiel", page=p), ["no7", "n9"]),
            (lambda s, p: s.by("port", "oslo", first=9, page=p), ["n9", "no300"]),
            (lambda s, p: s.by("port", "os", page=p), []),
        ],
    )
    @pytest.mark.parametrize("size", [1, 2, 5, 500])
    def test_in_pages(
        self, ships: Records[Ship], ask: Callable[[Records[Ship], Page], Any], expected: list[str], size: int
    ) -> None:
        names: list[str] = []
        token = b""
        for _ in range(10):
            found = ask(ships, Page(size, token))
            names += [f"{ship.flag}{ship.number}" for ship in found.records]
            assert len(found.records) <= size
            token = found.next_token
            if not token:
                break
        assert names == expected

    def test_what_goes_on_with_a_nul_is_another_part(self, ships: Records[Ship]) -> None:
        ships.add(Ship("no\x00rway", 1, ("oslo\x00", "oslo\x00fjord")))
        assert [ship.flag for ship in ships.range("no").records] == ["no"] * 3
        assert [ship.flag for ship in ships.range(last="no").records] == ["n", "no", "no", "no"]
        assert len(ships.range().records) == 6
        assert "no\x00rway" not in [ship.flag for ship in ships.by("port", "oslo").records]
        assert [ship.number for ship in ships.range("no\x00rway").records] == [1]

    def test_a_page_goes_on_where_it_stopped_whatever_was_written(self, ships: Records[Ship]) -> None:
        token = ships.range("no", page=Page(2)).next_token
        ships.delete("no", 8)
        ships.add(Ship("no", 5))
        ships.add(Ship("no", 9))
        assert [ship.number for ship in ships.range("no", page=Page(5, token)).records] == [9, 300]

    @pytest.mark.parametrize("token", [b"\x00", b"\xff", b"x" * 2000])
    def test_a_token_of_elsewhere(self, ships: Records[Ship], token: bytes) -> None:
        with pytest.raises(PageTokenRefused):
            ships.range("no", page=Page(5, token))

    def test_a_token_leads_out_of_no_list(self, ships: Records[Ship]) -> None:
        first = ships.range(page=Page(1)).next_token
        with pytest.raises(PageTokenRefused):
            ships.range("se", page=Page(5, first))
        with pytest.raises(PageTokenRefused):
            ships.by("port", "oslo", page=Page(5, ships.by("port", "kiel", page=Page(1)).next_token))

    @pytest.mark.parametrize("size", [0, -1, 501])
    def test_sizes(self, ships: Records[Ship], size: int) -> None:
        with pytest.raises(KeyRefused):
            ships.range(page=Page(size))

    def test_no_such_index(self, ships: Records[Ship]) -> None:
        with pytest.raises(KeyRefused, match="has no index colour"):
            ships.by("colour")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "delete"]),
            st.builds(
                Ship,
                flag=st.sampled_from(["a", "b"]),
                number=st.integers(0, 2),
                ports=st.lists(st.sampled_from(["x", "y", "z"]), max_size=3).map(tuple),
            ),
        ),
        max_size=20,
    )
)
def test_indexes_keep_in_step(steps: list[tuple[str, Ship]]) -> None:
    place, model = Place(), dict[tuple[str, int], Ship]()
    ships = place.records()
    for step, ship in steps:
        key = (ship.flag, ship.number)
        if step == "put":
            ships.put(ship)
            model[key] = ship
        elif key in model:
            ships.delete(*key)
            del model[key]
    assert {(ship.flag, ship.number): ship for ship in ships.range().records} == model
    for port in "xyz":
        found = ships.by("port", port).records
        assert sorted((s.flag, s.number) for s in found) == sorted(k for k, s in model.items() if port in s.ports)
    entries = len(model) + sum(1 + len(set(ship.ports)) for ship in model.values())
    assert len(place.keys()) == entries
    assert indexes(place.branch) == indexes_by_records(place.branch)


class TestVersions:
    class Tug(Record, frozen=True):
        flag: str
        number: int
        power: int

    def newer(self, earlier: bool = True) -> Collection[Any]:
        made = {1: Earlier(Ship, lambda ship: self.Tug(ship.flag, ship.number, 0))} if earlier else {}
        return Collection("ships", self.Tug, key=("flag", "number"), version=2, earlier=made)

    def test_what_an_earlier_version_wrote_is_read_and_its_entries_go(self, place: Place) -> None:
        place.records().add(Ship("no", 7, ("oslo",)))
        tugs = place.records(self.newer())
        assert tugs.get("no", 7) == self.Tug("no", 7, 0)
        tugs.put(self.Tug("no", 7, 5))
        assert len(place.keys()) == 1
        with pytest.raises(CollectionVersionUnknown):
            place.records().get("no", 7)

    def test_a_version_that_nobody_can_read(self, place: Place) -> None:
        place.records().add(Ship("no", 7))
        with pytest.raises(CollectionVersionUnknown):
            place.records(self.newer(earlier=False)).get("no", 7)

    def test_a_field_with_a_default_may_come_at_the_end(self, place: Place) -> None:
        class More(Record, frozen=True):
            flag: str
            number: int
            ports: tuple[str, ...] = ()
            note: str = ""
            power: Annotated[int, Meta(ge=0)] = 3

        place.records().add(Ship("no", 7))
        assert place.records(Collection("ships", More, key=("flag", "number"))).get("no", 7) == More("no", 7)


class TestBounds:
    @pytest.mark.parametrize(
        ("bounds", "step"),
        [
            (Bounds(reads=2), lambda s: [s.find("no", n) for n in range(3)]),
            (Bounds(read_bytes=100), lambda s: s.put(Ship("x", 0, note="y" * 90)) or s.range()),
            (Bounds(writes=5), lambda s: [s.put(Ship("no", n, ("oslo",))) for n in range(2)]),
            (Bounds(written_bytes=500), lambda s: s.put(Ship("no", 1, note="x" * 500))),
            (Bounds(scanned=3), lambda s: [s.put(Ship("no", n)) for n in range(5)] and s.range()),
            (Bounds(writes=2), lambda s: s.put(Ship("no", 1)) or s.delete("no", 1)),
        ],
    )
    def test_each_is_kept_and_stays_broken(self, bounds: Bounds, step: Callable[[Records[Ship]], Any]) -> None:
        place = Place(bounds=bounds)
        changed = next(
            name
            for name in ("reads", "read_bytes", "writes", "written_bytes", "scanned")
            if getattr(bounds, name) != getattr(BOUNDS, name)
        )
        with pytest.raises(BoundExceeded) as refusal:
            step(place.records())
        assert (refusal.value.bound, refusal.value.limit) == (changed, getattr(bounds, changed))
        for again in (
            lambda: place.records().find("other", 1),
            lambda: place.records().put(Ship("other", 1)),
            lambda: place.records().range("other"),
        ):
            with pytest.raises(BoundExceeded):
                again()

    def test_a_record_is_read_once(self) -> None:
        place = Place(bounds=Bounds(reads=1))
        for _ in range(10):
            assert place.records().find("no", 7) is None
