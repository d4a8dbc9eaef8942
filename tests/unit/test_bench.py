"""The benchmark's list of figures is complete, and its file is what its readers expect."""

import json
from pathlib import Path

import pytest

from tests.bench import __main__ as bench
from tests.bench import calling, end_to_end
from tests.bench.end_to_end import is_slower
from tests.bench.figures import GROUPS, Measured, all_figures, groups_named, write_json
from tests.bench.showing import CannotRun, percentile

EXPECTED = [
    "evm.recv.single.1of1.gas",
    "evm.recv.single.4of5.gas",
    "evm.recv.single.13of19.gas",
    "evm.recv.batch10.4of5.gas_per_packet",
    "evm.recv.batch10.13of19.gas_per_packet",
    "evm.send.gas",
    "evm.ack.batch10.gas_per_packet",
    "evm.timeout.gas",
    "hub.recv.packets_per_s.10k",
    "hub.recv.packets_per_s.1m",
    "hub.recv.ledger.packets_per_s",
    "hub.rss_mb",
    "hub.calls_per_s",
    "hub.tx_per_s",
    "hub.commit.p99_ms",
    "ledger.tx_per_s",
    "ledger.commit.p99_ms",
    "ledger.query_per_s",
    "ledger.verify_chain_us",
    "e2e.call.p50_s",
    "e2e.call.p99_s",
    "e2e.call.p50_blocks",
    "e2e.evm_to_ledger.p50_s",
]


def test_every_figure_is_there_once() -> None:
    assert [figure.name for figure in all_figures()] == EXPECTED


def test_blocks_are_those_of_the_slower_chain_and_the_consumer_s_where_both_are_alike() -> None:
    assert is_slower(12.0, 1.0)
    assert not any(is_slower(*blocks) for blocks in ((1.0, 12.0), (1.0, 1.0), (1.03, 1.0)))


def test_names_ask_for_groups() -> None:
    assert groups_named([]) == list(GROUPS)
    assert groups_named(["e2e", "evm.recv"]) == ["evm", "e2e"]
    assert groups_named(["hub.commit.p99_ms"]) == ["hub.tx"]
    assert groups_named(["ledger.query_per_s"]) == ["ledger"]
    assert groups_named(["hub"]) == ["hub.recv", "hub.calls", "hub.tx"]
    with pytest.raises(LookupError, match=r"hub\.re"):
        groups_named(["hub.re"])


def test_the_file_holds_value_unit_and_number(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    write_json(path, {"evm.send.gas": Measured(71914, 1), "hub.rss_mb": Measured(202.5, 1)}, keep=False)
    write_json(path, {"e2e.call.p50_s": Measured(5.25, 120, "shown only")}, keep=True)
    assert json.loads(path.read_text()) == {
        "evm.send.gas": {"value": 71914, "unit": "gas", "n": 1},
        "hub.rss_mb": {"value": 202.5, "unit": "MB", "n": 1},
        "e2e.call.p50_s": {"value": 5.25, "unit": "s", "n": 120},
    }
    write_json(path, {"evm.send.gas": Measured(70000, 1)}, keep=False)
    assert list(json.loads(path.read_text())) == ["evm.send.gas"]


def test_what_is_no_figure_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_json(tmp_path / "bench.json", {"evm.other.gas": Measured(1, 1)}, keep=False)
    for value, n in ((float("nan"), 1), (float("inf"), 1), (1, 0)):
        with pytest.raises(ValueError, match="no measurement"):
            Measured(value, n)


@pytest.mark.parametrize(
    ("names", "code", "written"),
    [
        (["hub.calls"], 0, ["hub.calls_per_s"]),
        (["hub.calls", "e2e"], 1, ["hub.calls_per_s"]),
        (["e2e", "hub.calls"], 1, ["hub.calls_per_s"]),
        (["e2e"], 1, None),
        (["other"], 2, None),
    ],
)
def test_a_group_that_cannot_run_is_no_success_but_the_rest_is_written(
    *,
    names: list[str],
    code: int,
    written: list[str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def cannot(*_: object) -> dict[str, Measured]:
        raise CannotRun("there is no chain here")

    result = tmp_path / "bench.json"
    monkeypatch.setattr(bench, "RESULT", result)
    monkeypatch.setattr(calling, "run", lambda *_: {"hub.calls_per_s": Measured(1000, 3)})
    monkeypatch.setattr(end_to_end, "run", cannot)
    assert bench.main(names) == code
    assert (list(json.loads(result.read_text())) if result.exists() else None) == written
    assert ("not measured: e2e" in capsys.readouterr().out) == ("e2e" in names)


@pytest.mark.parametrize(("part", "expected"), [(0.5, 2.0), (0.51, 3.0), (0.99, 4.0), (1.0, 4.0), (0.01, 1.0)])
def test_percentiles_are_values_that_were_measured(part: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], part) == expected
