"""The devnet and its tour, as a newcomer runs them: one command, again and again in one place, its exit code, its file;
nothing is left behind.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from console.devnet.ports import Ports, is_free
from console.devnet.table import ONE_NODE
from console.tour.run import STEPS
from tests.e2e.devnet_world import ICHUB, free_base, hold_at_the_end, left_behind, wait_for

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


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """One folder and one first port, for one devnet after the other."""
    return tmp_path_factory.mktemp("tour") / "a devnet", free_base()


def up(place: tuple[Path, int], *words: str) -> tuple[list[str], dict[str, str]]:
    """The command that starts a devnet there, and its environment, which all that it starts inherits."""
    folder, base = place
    return [str(ICHUB), "devnet", "up", *words, "--folder", str(folder)], {**os.environ, "PORT_BASE": str(base)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("killed", ["its parent", "itself"])
def test_a_devnet_that_is_killed_leaves_nothing_behind(place: tuple[Path, int], killed: str) -> None:
    command, environment = up(place, "--no-tour")
    if killed == "its parent":
        command = ["sh", "-c", '"$@" & wait', "sh", *command]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as started:
        wait_for(lambda: not is_free(Ports.from_base(place[1]).hub), 120)
        started.kill()
        started.wait()
    wait_for(lambda: not left_behind(place[1]), 60)


@pytest.mark.timeout(1200)
def test_the_tour_shows_what_it_promises_where_others_were_killed(place: tuple[Path, int]) -> None:
    folder, _ = place
    command, environment = up(place, "--once")
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1100, check=False)
    told = run.stdout + run.stderr
    outcomes = json.loads((folder.parent / "tour.json").read_text())
    assert [outcome["name"] for outcome in outcomes] == ALL, told
    assert [outcome for outcome in outcomes if not outcome["ok"]] == [], told
    assert all(set(outcome) == {"name", "ok", "seconds", "detail"} and outcome["seconds"] > 0 for outcome in outcomes)
    assert run.returncode == 0, told
    for name in ALL:
        assert name in run.stdout
    assert ONE_NODE in run.stderr
    assert left_behind(place[1]) == []
    hold_at_the_end(folder)
