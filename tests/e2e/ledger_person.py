"""A person at a terminal, with a ledger's node that runs and all of its organisations' keys."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Done, ichub
from tests.e2e.devnet_world import ICHUB, hold_at_ledger_home, wait_for


class Typing:
    """A person at a terminal with one ledger's home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {"ICHUB_LEDGER_HOME": str(home)}

    def run(self, *arguments: str) -> Done:
        return ichub("ledger", *arguments, environment=self.environment)

    def type(self, *arguments: str) -> Any:
        """What a command says in JSON; it must be done."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def running(self, packages: Path | None = None) -> Iterator[None]:
        """The home's node; at its end is looked at what must always hold. ``packages``: a folder where its Python finds
        more.
        """
        environment = os.environ | self.environment | ({"PYTHONPATH": str(packages)} if packages else {})
        with subprocess.Popen([str(ICHUB), "ledger", "start"], env=environment, stderr=subprocess.PIPE) as node:
            try:
                wait_for(lambda: self.run("query", "status").returncode == 0 or node.poll() is not None, seconds=180)
                assert node.poll() is None, node.stderr and node.stderr.read()
                yield
            finally:
                node.send_signal(signal.SIGTERM)
        with pytest.MonkeyPatch.context() as patch:
            if packages:
                patch.syspath_prepend(packages)
            hold_at_ledger_home(self.home)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_ledger(home: Path, packages: Path | None = None) -> Iterator[Typing]:
    """Of four organisations, all kept in one home; their admins but port's are enrolled. ``packages``: a folder where
    the node's Python finds more.
    """
    typing = Typing(home)
    names = [word for name in ("bank-a", "bank-b", "customs", "port") for word in ("--organisation", name)]
    refused = typing.run("init", *names, "--devnet", "--strict")
    assert refused.returncode == 1
    assert "could halt the ledger" in refused.stderr
    listen, open_listen = (f"127.0.0.1:{free_port()}" for _ in range(2))
    made = typing.run("init", *names, "--devnet", "--listen", listen, "--open-listen", open_listen)
    assert (made.returncode, "warning: bank-a alone could halt the ledger" in made.stderr) == (0, True), made.stderr
    with typing.running(packages):
        for name in ("bank-a", "bank-b", "customs"):
            typing.type("enrol", f"{name}/admin")
        yield typing
