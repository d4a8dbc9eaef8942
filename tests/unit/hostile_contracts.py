"""Contracts that mean ill, each deed under its name; and a contract that they would harm."""

from collections.abc import Callable
from contextlib import suppress
from types import new_class
from typing import Any, ClassVar

from adapters.permissioned.ledger.contracts.bounds import Bounds
from adapters.permissioned.ledger.contracts.collections import MAX_PAGE
from adapters.permissioned.ledger.contracts.errors import Refused
from adapters.permissioned.ledger.contracts.interface import (
    Amount,
    Collection,
    Context,
    Contract,
    Page,
    Record,
    ServiceContext,
    UnixSeconds,
    View,
    query,
    service,
    transaction,
)

EVE = "bank-a/eve"
BOUNDS = Bounds(
    reads=20,
    read_bytes=4_000,
    scanned=20,
    writes=20,
    written_bytes=4_000,
    events=3,
    event_bytes=500,
    calls=2,
    argument_bytes=200,
    result_bytes=300,
)


class Item(Record, frozen=True):
    name: str
    value: str = ""


class Wrong(Record, frozen=True):
    name: str = ""


Deed = Callable[[Any, Any, Item], Any]


class Victim(Contract, name="victim", version=1):
    items = Collection("items", Item, key=("name",))

    @transaction
    def put(self, _ctx: Context, item: Item) -> Item:
        self.items.put(item)
        return item

    @query
    def read(self, _ctx: View, item: Item) -> Item:
        return self.items.get(item.name)


class Hostile(Contract, name="hostile", version=1):
    items = Collection("items", Item, key=("name",), indexes={"value": ("value",)})
    deed: ClassVar[str] = ""

    @transaction
    def act(self, ctx: Context, item: Item) -> Item:
        self.items.put(Item("trace"))
        ctx.emit("trace", item)
        found: Item = DEEDS[item.name](self, ctx, item)
        return found

    @query
    def ask(self, ctx: View, item: Item) -> Item:
        found: Item = DEEDS[item.name](self, ctx, item)
        return found

    @service("hostile", "Does what it is told.")
    def serve(self, ctx: ServiceContext, item: Item) -> Item:
        self.items.put(Item("trace"))
        found: Item = DEEDS[item.name](self, ctx, item)
        return found


def made(
    bases: tuple[type, ...] = (Contract,), *, name: str = "odd", version: int = 1, **members: object
) -> type[Contract]:
    """A contract's class as no ``class`` statement would say it."""
    made_so = new_class("Odd", bases, {"name": name, "version": version}, lambda space: space.update(members))
    assert issubclass(made_so, Contract)
    return made_so


class Whole(Refused):
    def __init__(self, whole: object) -> None:
        super().__init__("no")
        self.whole = whole


def raising(error: BaseException) -> Deed:
    def deed(_contract: Any, _ctx: Any, _item: Item) -> Any:
        raise error

    return deed


def deep(contract: Any, ctx: Any, item: Item) -> Any:
    return deep(contract, ctx, item)


def swallow(contract: Any, _ctx: Any, item: Item) -> Any:
    """Goes on after a bound, as if nothing had been."""
    for number in range(100):
        with suppress(Exception):
            contract.items.find(str(number))
    return item


def swallow_and_refuse(contract: Any, ctx: Any, item: Item) -> Any:
    swallow(contract, ctx, item)
    raise Refused("nothing was wrong")


class Unspeakable(Refused):
    def __str__(self) -> str:
        raise ValueError("no words")


def times(count: int, step: Callable[[Any, Any, int], object]) -> Deed:
    def deed(contract: Any, ctx: Any, item: Item) -> Any:
        for number in range(count):
            step(contract, ctx, number)
        return item

    return deed


DEEDS: dict[str, Deed] = {
    # raises
    "key-error": raising(KeyError("x")),
    "zero-division": lambda _c, _x, _i: 1 // 0,
    "attribute": lambda c, _x, _i: c.nothing,
    "type": lambda _c, _x, _i: None + 1,  # type: ignore[operator]
    "stop-iteration": raising(StopIteration()),
    "os-error": raising(OSError("disk")),
    "timeout": raising(TimeoutError()),
    "unspeakable": raising(Unspeakable("x")),
    "refused": raising(Refused("no")),
    "long-refusal": raising(Refused("x" * 1025)),
    "refused-with-itself": lambda c, x, _i: raising(Whole(c))(c, x, _i),
    "recursion": deep,
    "memory": raising(MemoryError()),
    "interrupt": raising(KeyboardInterrupt()),
    "exit": raising(SystemExit(3)),
    # returns
    "none": lambda _c, _x, _i: None,
    "text": lambda _c, _x, _i: "item",
    "other-record": lambda _c, _x, _i: Wrong("x"),
    "the-class": lambda _c, _x, _i: Item,
    "wrong-field": lambda _c, _x, _i: Item("x", 7),  # type: ignore[arg-type]
    "float-field": lambda _c, _x, _i: Item("x", 0.5),  # type: ignore[arg-type]
    "list-field": lambda _c, _x, _i: Item("x", ["y"]),  # type: ignore[arg-type]
    "surrogate": lambda _c, _x, _i: Item("x", "\ud800"),
    # too much
    "reads": times(30, lambda c, _x, n: c.items.find(str(n))),
    "scanned": times(30, lambda c, _x, _n: c.items.range(page=Page(MAX_PAGE))),
    "writes": times(30, lambda c, _x, n: c.items.put(Item(str(n % 2), str(n)))),
    "written-bytes": times(5, lambda c, _x, n: c.items.put(Item(str(n), "x" * 1000))),
    "events": times(9, lambda _c, x, n: x.emit("loud", Item(str(n)))),
    "event-bytes": times(1, lambda _c, x, _n: x.emit("loud", Item("x" * 600))),
    "calls": times(3, lambda _c, x, _n: x.call("s", Item("x"), deadline=UnixSeconds(1), fee_cap=Amount(0))),
    "result-bytes": lambda _c, _x, _i: Item("x" * 400),
    "swallowed": swallow,
    "swallowed-and-refused": swallow_and_refuse,
    # others' state
    "others-name": lambda c, _x, _i: c.items.get("victims"),
    "others-key": lambda c, _x, _i: c.items.get("victim/items/victims"),
    "steal": lambda c, _x, i: c.items.put(Item("victims", "stolen")) or i,
    # events and values that are none
    "event-of-no-record": lambda _c, x, _i: x.emit("loud", "text"),
    "event-of-wrong-field": lambda _c, x, _i: x.emit("loud", Item("x", 7)),  # type: ignore[arg-type]
    "event-of-no-name": lambda _c, x, _i: x.emit("not a name", Item("x")),
    "put-wrong-field": lambda c, _x, _i: c.items.put(Item("x", 7)),  # type: ignore[arg-type]
    "put-other": lambda c, _x, _i: c.items.put(Wrong("x")),
    "put": lambda c, _x, i: c.items.put(i),
    "delete": lambda c, _x, _i: c.items.delete("trace"),
    "emit": lambda _c, x, i: x.emit("loud", i),
}
