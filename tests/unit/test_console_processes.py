"""The supervisor: its programs end with it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.devnet.processes import ROOT, Supervisor
from console.exits import CheckFailed, TimedOut

SLEEP = ["sh", "-c", "sleep 300 & wait"]
"""A program with a child of its own, as a launcher is."""
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); time.sleep(300)",
]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path)
    yield made
    made.stop_all()


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _wait(ready: object, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def test_what_it_starts_writes_its_log_and_stops_with_its_children(supervisor: Supervisor, tmp_path: Path) -> None:
    process = supervisor.start("talker", ["sh", "-c", "echo ready; sleep 300 & wait"])
    _wait(lambda: "ready" in (tmp_path / "talker.log").read_text())
    group = process.pid
    supervisor.stop("talker")
    assert not process.running
    _wait(lambda: not _group_lives(group))


def test_a_killed_program_can_be_started_again(supervisor: Supervisor) -> None:
    first = supervisor.start("sleeper", SLEEP).pid
    supervisor.kill("sleeper")
    assert not supervisor.processes["sleeper"].running
    supervisor.require_running()
    assert supervisor.restart("sleeper").pid != first
    assert supervisor.processes["sleeper"].running


def test_a_suspended_program_is_stopped_too(supervisor: Supervisor) -> None:
    group = supervisor.start("sleeper", SLEEP).pid
    supervisor.suspend("sleeper")
    supervisor.stop_all()
    _wait(lambda: not _group_lives(group))


def test_a_program_that_dies_by_itself_is_named_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.start("fool", ["sh", "-c", "echo the disk is full; exit 3"])
    with pytest.raises(CheckFailed, match=r"fool ended by itself with 3: the disk is full"):
        supervisor.wait_until("the fool is wise", lambda: False, timeout=20)


def test_waiting_ends(supervisor: Supervisor) -> None:
    with pytest.raises(TimedOut, match="a miracle"):
        supervisor.wait_until("a miracle", lambda: False, timeout=0.1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_killed_supervisor(tmp_path: Path, how: signal.Signals) -> None:
    script = (
        "import sys, time; from pathlib import Path; from console.devnet.processes import Supervisor\n"
        f"s = Supervisor(Path({str(tmp_path)!r}))\n"
        f"s.start('sleeper', {SLEEP!r}); s.start('stubborn', {STUBBORN!r}); s.start('still', {SLEEP!r})\n"
        "s.suspend('still')\n"
        "print(*(p.pid for p in s.processes.values()), flush=True); time.sleep(300)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT
    )
    assert parent.stdout is not None
    with parent.stdout:
        groups = [int(word) for word in parent.stdout.readline().split()]
    assert len(groups) == 3
    assert all(_group_lives(group) for group in groups)
    _wait(lambda: "on" in (tmp_path / "stubborn.log").read_text())
    parent.send_signal(how)
    parent.wait()
    _wait(lambda: not any(_group_lives(group) for group in groups))
