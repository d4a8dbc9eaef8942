"""The devnet and its tour, as a newcomer runs them: one command, its exit code, its file; nothing is left behind."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from console.devnet.ports import Ports, is_free
from console.tour.run import STEPS
from tests.e2e.devnet_world import ICHUB, free_base, hold_at_the_end, wait_for

ALL = [
    "call_ab",
    "call_ba",
    "burst_50",
    "provider_reverts",
    "timeout",
    "silent_chain",
    "late_relayer",
    "forged",
    "third_chain",
    "document_verify",
    "ledger_calls_evm",
    "double_pledge",
    "member_revoked",
    "receipt_offline",
    "forged_checkpoint",
]


def test_the_steps_have_their_names_in_their_order() -> None:
    assert [step.__name__ for step in STEPS] == ALL


@pytest.mark.timeout(1200)
def test_the_tour_shows_what_it_promises(tmp_path: Path) -> None:
    base = free_base()
    folder = tmp_path / "a devnet"
    run = subprocess.run(
        [str(ICHUB), "devnet", "up", "--once", "--folder", str(folder)],
        env={**os.environ, "PORT_BASE": str(base)},
        capture_output=True,
        text=True,
        timeout=1100,
        check=False,
    )
    told = run.stdout + run.stderr
    outcomes = json.loads((tmp_path / "tour.json").read_text())
    assert [outcome["name"] for outcome in outcomes] == ALL, told
    assert [outcome for outcome in outcomes if not outcome["ok"]] == [], told
    assert all(set(outcome) == {"name", "ok", "seconds", "detail"} and outcome["seconds"] > 0 for outcome in outcomes)
    assert run.returncode == 0, told
    for name in ALL:
        assert name in run.stdout
    assert all(is_free(port) for port in Ports.from_base(base).named().values()), "a process was left behind"
    hold_at_the_end(folder)


@pytest.mark.timeout(300)
def test_a_killed_devnet_leaves_nothing_behind(tmp_path: Path) -> None:
    base = free_base()
    with subprocess.Popen(
        [str(ICHUB), "devnet", "up", "--no-tour", "--folder", str(tmp_path / "devnet")],
        env={**os.environ, "PORT_BASE": str(base)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as devnet:
        wait_for(lambda: not is_free(Ports.from_base(base).hub), 120)
        os.kill(devnet.pid, signal.SIGKILL)
        devnet.wait()
    wait_for(lambda: all(is_free(port) for port in Ports.from_base(base).named().values()), 60)
