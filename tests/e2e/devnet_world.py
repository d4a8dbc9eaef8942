"""A devnet of its own for tests: started by the command, on free ports, in a folder of its own, and stopped."""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from adapters.permissioned.ledger.contracts.installed import find_installed
from console.devnet.ports import Ports, is_free
from console.devnet.processes import ROOT
from console.home import NodeHome
from console.ledger_home import LedgerHome
from console.ledger_node import ledger_node_config
from console.node import node_config
from tests.e2e.command import Done, ichub
from tests.e2e.terminal import Terminal
from tests.invariants import Past, hold_at_hub, hold_at_ledger, hold_between

ICHUB = ROOT / "ichub"


def free_base() -> int:
    first = 22000 + os.getpid() % 30 * 211  # two test runs side by side look in different places first
    for base in range(first, 60000, 211):
        if all(is_free(port) for port in Ports.from_base(base).named().values()):
            return base
    raise AssertionError("no free ports on this machine")


def wait_for(ready: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def left_behind(base: int) -> list[str]:
    """What still runs of a devnet: ports that are taken, and where the system tells, processes."""
    ports = [name for name, port in Ports.from_base(base).named().items() if not is_free(port)]
    mark, processes = f"PORT_BASE={base}".encode(), []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if mark in environment.read_bytes().split(b"\0"):
                processes.append((environment.parent / "cmdline").read_text().replace("\0", " "))
    return ports + processes


def hold_at_the_end(folder: Path) -> None:
    """Of a devnet that has stopped, however it was."""
    hold_between(hold_at_hub(node_config(NodeHome(folder / "hub"))), hold_at_ledger_home(folder / "ledger"))


def hold_at_ledger_home(home: Path) -> Past:
    """Of a ledger's node that has stopped, with the contracts that Python finds here."""
    return hold_at_ledger(ledger_node_config(LedgerHome(home)), find_installed())


class Devnet:
    """`ichub devnet up --no-tour` on a terminal, and commands that talk to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a devnet"
        self.base = free_base()
        self.ports = Ports.from_base(self.base)
        up = [str(ICHUB), "devnet", "up", "--no-tour", "--folder", str(self.folder)]
        self.terminal = Terminal(up, {**os.environ, "PORT_BASE": str(self.base)})
        self.process = self.terminal.process
        try:
            wait_for(lambda: "all runs" in self.terminal.text or self.process.poll() is not None, 180)
            assert self.process.poll() is None, self.terminal.text
        except BaseException:
            self.process.kill()
            self.process.wait()
            self.terminal.close()
            print(self.terminal.text)  # shown with the failure
            raise

    def stop(self) -> int:
        """By Ctrl-C; then what must always hold is looked at."""
        self.terminal.press_ctrl_c()
        code = self.process.wait(60)
        self.terminal.close()
        hold_at_the_end(self.folder)
        return code

    def hang_up(self) -> None:
        """By closing the terminal; then what must always hold is looked at."""
        self.terminal.close()
        self.process.wait(60)
        hold_at_the_end(self.folder)

    @property
    def homes(self) -> dict[str, str]:
        """How the environment names the hub's home and the ledger's."""
        return {"ICHUB_HOME": str(self.folder / "hub"), "ICHUB_LEDGER_HOME": str(self.folder / "ledger")}

    def run(self, *words: str, code: int = 0) -> Done:
        """One command; fails the test where it ends with another code."""
        homes = self.homes
        if words[0] == "devnet":
            words, homes = (*words, "--folder", str(self.folder)), {}
        done = ichub(*words, environment=homes)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code).stdout)
