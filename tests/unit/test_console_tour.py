"""The tour's own bookkeeping: what a step comes to, and when the rest is not tried."""

import json
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from console.devnet.run import Wish, require_all
from console.exits import CheckFailed, TimedOut
from console.tour import run
from console.tour.outcome import Outcome, StepFailed
from hub.rpc.errors import HubUnreachable


class Stage:
    """As much of a stage as the bookkeeping touches."""

    def __init__(self, root: Path) -> None:
        self.network = self
        self.layout = self
        self.root = root

    def relayer_faults(self) -> str:
        return "a: no endpoint answers"


def _step(name: str, end: str | Exception) -> Callable[[Any], Awaitable[str]]:
    async def step(_: Any) -> str:
        if isinstance(end, Exception):
            raise end
        return end

    step.__name__ = name
    return step


async def _tour(monkeypatch: pytest.MonkeyPatch, root: Path, *steps: Callable[[Any], Awaitable[str]]) -> list[Outcome]:
    monkeypatch.setattr(run, "STEPS", steps)
    shown: list[Outcome] = []
    stage: Any = Stage(root)
    outcomes = await run.run_tour(stage, shown.append, lambda _: nullcontext())
    assert shown == outcomes
    return outcomes


async def test_a_step_that_fails_does_not_stop_the_rest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outcomes = await _tour(
        monkeypatch,
        tmp_path,
        _step("one", "fine"),
        _step("two", StepFailed("5 came, not 7")),
        _step("three", TimedOut("nothing came")),
        _step("four", HubUnreachable("x:1", "gone")),
        _step("five", KeyError("ours")),
        _step("six", "fine too"),
    )
    assert [(outcome.name, outcome.ok) for outcome in outcomes] == [
        ("one", True),
        ("two", False),
        ("three", False),
        ("four", False),
        ("five", False),
        ("six", True),
    ]
    assert outcomes[1].detail == "5 came, not 7"
    assert outcomes[2].detail == "nothing came; the relayer says: a: no endpoint answers"
    assert "KeyError" in outcomes[4].detail
    assert "KeyError: 'ours'" in (tmp_path / "tour.log").read_text()


async def test_where_the_first_fails_the_rest_is_not_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second = await _tour(monkeypatch, tmp_path, _step("one", StepFailed("no")), _step("two", "never"))
    assert not first.ok
    assert (second.ok, second.detail) == (False, "not tried, because one failed")


def test_the_outcomes_are_written_as_they_are_promised(tmp_path: Path) -> None:
    run.write_outcomes(tmp_path / "build" / "tour.json", [Outcome("one", True, 1.5, "fine")])
    assert json.loads((tmp_path / "build" / "tour.json").read_text()) == [
        {"name": "one", "ok": True, "seconds": 1.5, "detail": "fine"}
    ]


def test_one_failed_step_is_no_success(tmp_path: Path) -> None:
    wish = Wish(20000, once=True, tour=True, stop_with_parent=False, folder=tmp_path / "devnet")
    require_all([Outcome("one", True, 1.0, "")], wish)
    with pytest.raises(CheckFailed, match=r"1 of 2 steps failed: two; look into"):
        require_all([Outcome("one", True, 1.0, ""), Outcome("two", False, 1.0, "no")], wish)
