"""The devnet's ports: fixed, moved together, and named with their holder where one is taken."""

import os
import socket
from pathlib import Path

import pytest

from console.devnet.ports import DEFAULT_PORT_BASE, Ports, holder, is_free, port_base, require_free
from console.exits import Misused
from tests.e2e.command import ichub


def _free_base() -> int:
    for base in range(20000, 60000, 137):
        if all(is_free(port) for port in Ports.from_base(base).named().values()):
            return base
    raise AssertionError("no free ports on this machine")


def test_all_ports_differ_and_move_with_the_base() -> None:
    ports = Ports.from_base(30000).named()
    assert len(set(ports.values())) == len(ports)
    assert {port + 100 for port in ports.values()} == set(Ports.from_base(30100).named().values())
    assert all(30000 <= port < 30020 for port in ports.values())


def test_free_ports_are_accepted() -> None:
    base = _free_base()
    require_free(Ports.from_base(base))


def test_a_taken_port_is_named_with_its_purpose_and_holder() -> None:
    base = _free_base()
    with socket.create_server(("127.0.0.1", base + 1)):
        with pytest.raises(Misused) as caught:
            require_free(Ports.from_base(base))
        assert f"port {base + 1} (chain_a) is taken by " in str(caught.value)
        assert f"PORT_BASE={base + 100}" in str(caught.value)
        assert f"process {os.getpid()}" in holder(base + 1)


def test_a_devnet_whose_port_is_taken_touches_nothing(tmp_path: Path) -> None:
    base, kept = _free_base(), tmp_path / "devnet" / "kept"
    kept.parent.mkdir()
    kept.touch()
    with socket.create_server(("127.0.0.1", base + 1)):
        words = ("devnet", "up", "--once", "--folder", str(kept.parent))
        done = ichub(*words, environment={"PORT_BASE": str(base)})
    assert done.returncode == 2
    assert f"port {base + 1} (chain_a) is taken by " in done.stderr
    assert kept.exists()


def test_the_base_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT_BASE", raising=False)
    assert port_base() == DEFAULT_PORT_BASE
    monkeypatch.setenv("PORT_BASE", "20000")
    assert port_base() == 20000


@pytest.mark.parametrize("text", ["x", "-5", "1.5"])
def test_a_base_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORT_BASE", text)
    with pytest.raises(Misused, match="is no number"):
        port_base()


@pytest.mark.parametrize("base", [0, 1023, 65516, 70000])
def test_a_base_without_room_is_refused(base: int) -> None:
    with pytest.raises(Misused, match="leaves no room"):
        Ports.from_base(base)
