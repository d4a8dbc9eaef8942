"""The devnet's processes: started each in its own group with its own log, watched, stopped together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from console.exits import CheckFailed, TimedOut

ROOT = Path(__file__).resolve().parents[2]
"""The project's root."""


@dataclass
class Process:
    """One program of the devnet: how it is started, and whether it runs."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    popen: subprocess.Popen[bytes] | None = None
    wanted: bool = True
    """Whether it should run; a program that was stopped on purpose has not died."""

    @property
    def running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    @property
    def pid(self) -> int:
        if self.popen is None:
            raise RuntimeError(f"{self.name} was never started")
        return self.popen.pid


class Supervisor:
    """Starts, signals and stops processes; whatever happens to this one, none of those outlives it."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.processes: dict[str, Process] = {}
        logs.mkdir(parents=True, exist_ok=True)
        self._leash = subprocess.Popen(
            [sys.executable, "-m", "console.devnet.leash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"},
            cwd=ROOT,
        )

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        """Start a program; its output is appended to ``NAME.log``."""
        process = Process(name, command, self.logs / f"{name}.log", environment or {})
        self.processes[name] = process
        self._spawn(process)
        return process

    def restart(self, name: str) -> Process:
        """Start a stopped program again, with the same command."""
        process = self.processes[name]
        if process.running:
            self.stop(name)
        self._spawn(process)
        return process

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self.processes[name]
        process.wanted = False
        _signal_group(process, signal.SIGKILL)
        self._reap(process)

    def suspend(self, name: str) -> None:
        """SIGSTOP: the program stands still as it is, and keeps its port."""
        _signal_group(self.processes[name], signal.SIGSTOP)

    def resume(self, name: str) -> None:
        _signal_group(self.processes[name], signal.SIGCONT)

    def stop(self, name: str, patience: float = 10.0) -> None:
        """Ask a program to end, then make it."""
        process = self.processes[name]
        process.wanted = False
        _signal_group(process, signal.SIGTERM)
        _signal_group(process, signal.SIGCONT)
        if process.popen is not None:
            try:
                process.popen.wait(patience)
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
        self._reap(process)

    def stop_all(self) -> None:
        """Stop everything, the last started first."""
        for name in reversed(list(self.processes)):
            _signal_group(self.processes[name], signal.SIGTERM)
            _signal_group(self.processes[name], signal.SIGCONT)
        for name in reversed(list(self.processes)):
            self.stop(name, patience=5.0)
        if self._leash.stdin is not None:
            self._leash.stdin.close()
        self._leash.wait(10)

    def require_running(self) -> None:
        """Raise CheckFailed where a program has died by itself."""
        for process in self.processes.values():
            if process.popen is not None and process.wanted and not process.running:
                raise CheckFailed(
                    f"{process.name} ended by itself with {process.popen.returncode}: {last_words(process.log)}",
                    reason="PROCESS_DIED",
                )

    def wait_until(self, what: str, ready: Callable[[], bool], timeout: float = 60.0, every: float = 0.1) -> None:
        """Ask until it is so; raises TimedOut, or CheckFailed where a process died while waiting."""
        deadline = time.monotonic() + timeout
        while not ready():
            self.require_running()
            if time.monotonic() > deadline:
                raise TimedOut(f"{what} was not so after {timeout:.0f} s: look into {self.logs}", reason="NOT_READY")
            time.sleep(every)

    def _spawn(self, process: Process) -> None:
        process.wanted = True
        with open(process.log, "ab") as log:
            process.popen = subprocess.Popen(
                list(process.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}", **process.environment},
            )
        self._tell_leash(f"+{process.pid}\n")

    def _reap(self, process: Process) -> None:
        if process.popen is not None:
            process.popen.wait()
            self._tell_leash(f"-{process.pid}\n")

    def _tell_leash(self, line: str) -> None:
        pipe: IO[bytes] | None = self._leash.stdin
        if pipe is not None and not pipe.closed:
            pipe.write(line.encode())
            pipe.flush()


def last_words(log: Path, lines: int = 3) -> str:
    """The end of a log, in one line."""
    try:
        text = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return f"see {log}"
    return f"{' | '.join(text[-lines:])} (see {log})" if text else f"it said nothing (see {log})"


def _signal_group(process: Process, number: signal.Signals) -> None:
    if process.popen is None or process.popen.poll() is not None:
        return
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
