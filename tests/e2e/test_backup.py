"""A node of the command line: started, used, backed up while it runs, restored where it does not."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.admin import SOCKET
from console.backups import hub_holdings, make_backup, read_note, restore_backup
from console.commands.init import HomePlan, make_home
from console.config import ConfigValues
from console.devnet.ports import Ports, is_free
from console.devnet.processes import ROOT, Supervisor
from console.diagnosis import replay_check
from console.exits import Misused
from console.home import NodeHome
from console.output import Output
from console.session import hub_of, signer_of
from hub.answers import NodeStatus
from hub.errors import HubError
from hub.messages import Faucet
from hub.quantities import Address, Amount

RICH = Address(b"\x77" * 20)


class World:
    """A home, and the node that may run on it."""

    def __init__(self, folder: Path) -> None:
        ports = next(Ports.from_base(base) for base in range(27000, 60000, 137) if _all_free(base))
        self.home = NodeHome(folder / "a home")
        values = ConfigValues(listen=f"127.0.0.1:{ports.hub}", metrics=f"127.0.0.1:{ports.hub_metrics}")
        make_home(self.home, HomePlan("hub-1", True, ["localhost"], values, Amount(1000)), "secret")
        self.holdings = hub_holdings(self.home)
        self.supervisor = Supervisor(folder / "logs")

    def start(self) -> None:
        self.supervisor.start("hub", [sys.executable, "-m", "console", "start", "--home", str(self.home.path)])
        self.supervisor.wait_until("the hub is ready", self.is_ready, 60)

    def stop(self) -> None:
        self.supervisor.stop("hub")

    def is_ready(self) -> bool:
        try:
            return self.status().devnet and (self.home.path / SOCKET).exists()
        except HubError:
            return False

    def status(self) -> NodeStatus:
        async def ask() -> NodeStatus:
            async with hub_of(self.home) as hub:
                return await hub.status()

        return asyncio.run(ask())

    def give(self, amount: int) -> None:
        async def ask() -> None:
            async with hub_of(self.home) as hub:
                await hub.submit([Faucet(RICH, Amount(amount))], signer_of(Output(False), self.home, None, None))

        asyncio.run(ask())

    def balance(self) -> int:
        async def ask() -> int:
            async with hub_of(self.home) as hub:
                return (await hub.account(RICH)).balance

        return asyncio.run(ask())


def _all_free(base: int) -> bool:
    return all(is_free(port) for port in Ports.from_base(base).named().values())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.supervisor.stop_all()


def test_a_backup_of_a_running_node_brings_its_state_back(world: World, tmp_path: Path) -> None:
    world.start()
    world.give(5)
    note = make_backup(world.holdings, tmp_path / "monday")
    assert note.height == world.status().height
    assert read_note(tmp_path / "monday") == note
    world.give(7)
    assert world.balance() == 12
    with pytest.raises(Misused, match="runs: stop it"):
        restore_backup(world.holdings, tmp_path / "monday", replace=True)
    world.stop()
    with pytest.raises(Misused, match="--replace"):
        restore_backup(world.holdings, tmp_path / "monday", replace=False)
    restored = restore_backup(world.holdings, tmp_path / "monday", replace=True)
    assert [path.is_dir() for path in restored.moved] == [True]
    world.start()
    assert world.balance() == 5
    world.give(1)
    assert world.balance() == 6


def test_a_backup_of_a_stopped_node_is_the_same(world: World, tmp_path: Path) -> None:
    world.start()
    world.give(5)
    height = world.status().height
    world.stop()
    assert make_backup(world.holdings, tmp_path / "stopped").height == height
    with pytest.raises(Misused, match="something at"):
        make_backup(world.holdings, tmp_path / "stopped")


def test_the_doctor_replays_a_stopped_node(world: World) -> None:
    world.start()
    world.give(5)
    running = replay_check(world.home)
    assert (running.ok, "in use" in running.found) == (False, True)
    height = world.status().height
    world.stop()
    stopped = replay_check(world.home)
    assert stopped.ok, stopped.found
    assert f"blocks 0 to {height} " in stopped.found
    assert not list(world.home.path.glob("replay-*"))


def test_a_backup_holds_no_key_and_no_guard(world: World, tmp_path: Path) -> None:
    world.start()
    make_backup(world.holdings, tmp_path / "backup")
    names = {path.name for path in (tmp_path / "backup").rglob("*")}
    assert {"backup.json", "genesis.json", "config.toml", "store"} <= names
    assert not {"keys", "guard", "password", "validator.json", "signatures.sqlite"} & names


def test_what_is_no_backup_of_this_hub_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(Misused, match="no backup"):
        restore_backup(world.holdings, tmp_path, replace=False)
    world.start()
    make_backup(world.holdings, tmp_path / "backup")
    world.stop()
    note = json.loads((tmp_path / "backup" / "backup.json").read_text())
    for change, said in (({"genesis_hash": "0x" + "00" * 32}, "another genesis"), ({"format": 2}, "format 2")):
        (tmp_path / "backup" / "backup.json").write_text(json.dumps(note | change))
        with pytest.raises(Misused, match=said):
            restore_backup(world.holdings, tmp_path / "backup", replace=True)


def test_the_socket_is_its_owners_alone(world: World) -> None:
    world.start()
    assert (world.home.path / SOCKET).stat().st_mode & 0o077 == 0


def test_a_second_node_on_the_home_is_refused_in_a_sentence(world: World) -> None:
    world.start()
    second = subprocess.run(
        [str(ROOT / "ichub"), "start", "--home", str(world.home.path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode in {1, 2}
    assert "error: " in second.stderr
    assert "Traceback" not in second.stderr
    assert world.is_ready()
