"""What is no contract: names, versions, members, methods and services that are refused before anything is run."""

from typing import Any

import pytest

from adapters.permissioned.ledger.contracts.errors import InvalidContract
from adapters.permissioned.ledger.contracts.interface import (
    Context,
    Nothing,
    Record,
    ServiceContext,
    service,
    transaction,
)
from adapters.permissioned.ledger.contracts.shape import shape_of
from tests.unit.hostile_contracts import Hostile, Item, Victim, made


class TestShape:
    def shape(self, **members: Any) -> None:
        shape_of(made(**members))

    @pytest.mark.parametrize("name", ["", "Odd", "odd/x", "x" * 33, "1x"])
    def test_names(self, name: str) -> None:
        with pytest.raises(InvalidContract, match="not a contract's name"):
            shape_of(made(name=name, act=Hostile.act))

    @pytest.mark.parametrize("version", [0, -1, 2**31])
    def test_versions(self, version: int) -> None:
        with pytest.raises(InvalidContract, match="version"):
            shape_of(made(version=version, act=Hostile.act))

    def test_no_method_and_no_heirs(self) -> None:
        with pytest.raises(InvalidContract, match="no method"):
            self.shape()
        with pytest.raises(InvalidContract, match="Contract alone"):
            shape_of(made((Hostile,), act=Hostile.act))

    def test_two_of_one_name(self) -> None:
        with pytest.raises(InvalidContract, match="two of collection items"):
            self.shape(act=Hostile.act, a=Hostile.items, b=Victim.items)
        with pytest.raises(InvalidContract, match="two of transaction act"):
            self.shape(act=Hostile.act, again=Hostile.act)

    def test_methods(self) -> None:
        def untyped(self, ctx, item): ...  # type: ignore[no-untyped-def]
        def loose(self: Any, ctx: Context, item: dict[str, str]) -> Nothing:
            raise NotImplementedError

        def many(self: Any, ctx: Context, item: Item, more: Item) -> Nothing:
            raise NotImplementedError

        def few(self: Any, item: Item) -> Nothing:
            raise NotImplementedError

        def starred(self: Any, ctx: Context, item: Item, *more: Item) -> Nothing:
            raise NotImplementedError

        def silent(self: Any, ctx: Context, item: Item) -> None:
            raise NotImplementedError

        for method in (untyped, loose, many, few, starred, silent):
            with pytest.raises(InvalidContract):
                self.shape(act=transaction(method))  # type: ignore[type-var]  # each is one that it may not be

    def test_a_service_without_a_counterpart_in_abi(self) -> None:
        class Maybe(Record, frozen=True):
            value: str | None

        def serve(self: Any, ctx: ServiceContext, item: Maybe) -> Item:
            raise NotImplementedError

        serve.__annotations__.update(item=Maybe)
        with pytest.raises(InvalidContract, match="no counterpart in ABI"):
            self.shape(act=service("maybe", "x")(serve))
