"""A ledger node's doctor, backup and restore, with a real node, as its operator types them."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from tests.e2e.ledger_person import Typing, free_port

ORGANISATIONS = ("bank-a", "bank-b", "customs", "port")


class Operator(Typing):
    """Who runs the node of a home."""

    def ill(self, *options: str) -> dict[str, str]:
        """What the doctor finds not well, and what it says to do."""
        done = self.run("doctor", *options, "--json")
        found = {one["check"]: one["do"] for one in json.loads(done.stdout) if not one["ok"]}
        assert done.returncode == (5 if found else 0), done.stderr
        return found

    def modes(self) -> dict[str, int]:
        files = [self.home / name for name in ("data", "private.db", "genesis.json", "config.toml")]
        return {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    made = Operator(tmp_path / "a ledger")
    names = [word for name in ORGANISATIONS for word in ("--organisation", name)]
    made.type("init", *names, "--devnet", "--listen", f"127.0.0.1:{free_port()}")
    return made


def test_a_backup_of_a_running_node_brings_its_ledger_back(operator: Operator, tmp_path: Path) -> None:
    early, late = "0x" + "11" * 32, "0x" + "22" * 32
    with operator.running():
        operator.type("enrol", "bank-a/admin")
        operator.type("document", "notarise", early, "--number", "1")
        kept = operator.type("backup", str(tmp_path / "monday"))
        assert kept["height"] == operator.type("query", "status")["height"]
        operator.type("document", "notarise", late, "--number", "2")
        refused = operator.run("restore", str(tmp_path / "monday"), "--replace")
        assert (refused.returncode, "stop it first" in refused.stderr) == (2, True)
    modes = operator.modes()
    refused = operator.run("restore", str(tmp_path / "monday"))
    assert (refused.returncode, "--replace" in refused.stderr) == (2, True)
    assert operator.type("restore", str(tmp_path / "monday"), "--replace")["height"] == kept["height"]
    assert operator.modes() == modes
    with operator.running():
        assert operator.type("document", "verify", early)["status"] == "valid"
        assert operator.type("document", "verify", late)["status"] == "unknown"
        assert operator.type("query", "status")["height"] >= kept["height"]


def test_an_empty_home_gets_all_but_keys_and_guard(operator: Operator, tmp_path: Path) -> None:
    with operator.running():
        operator.type("enrol", "bank-a/admin")
        operator.type("document", "notarise", "0x" + "11" * 32, "--number", "1")
    operator.type("backup", str(tmp_path / "stopped"))
    names = {path.name for path in (tmp_path / "stopped").rglob("*")}
    assert {"store", "private.db", "backup.json", "genesis.json", "config.toml"} <= names
    assert not {"keys", "tls", "organisations", "guard", "password", "validator.json", "signatures.sqlite"} & names
    new = Operator(tmp_path / "another machine")
    new.type("restore", str(tmp_path / "stopped"))
    assert new.modes() == operator.modes()
    for name in ("keys", "tls", "organisations"):
        shutil.copytree(operator.home / name, new.home / name)
    refused = new.run("start")
    assert refused.returncode == 1
    assert "guard" in refused.stderr
    (operator.home / "guard").rename(new.home / "guard")
    with new.running():
        assert new.type("document", "verify", "0x" + "11" * 32)["status"] == "valid"
    of_hub = tmp_path / "of a hub"
    shutil.copytree(tmp_path / "stopped", of_hub)
    note = of_hub / "backup.json"
    note.write_text(note.read_text().replace('"ledger"', '"hub"'))
    refused = new.run("restore", str(of_hub), "--replace")
    assert (refused.returncode, "`ichub restore`" in refused.stderr) == (2, True)


def test_the_doctor_finds_a_sound_node_well_and_names_what_is_not(operator: Operator) -> None:
    assert operator.ill("--offline") == {}
    assert set(operator.ill()) == {"ledger"}
    with operator.running():
        assert set(operator.ill()) == {"member"}
        operator.type("enrol", "bank-a/admin")
        found = operator.type("doctor")
        assert all(one["ok"] for one in found)
        names = {"python", "disk", "configuration", "genesis", "keys", "certificates", "signer's guard", "API port"}
        asked = {
            "ledger",
            "same genesis",
            "ledger's clock",
            "versions",
            "member",
            "contracts",
            "validators",
            "revocation lists",
        }
        said = {one["check"]: one["found"] for one in found}
        assert said.keys() == names | asked
        assert said["validators"].startswith("bank-a: 1 of 1; bank-a alone could halt the ledger")
        operator.type("org", "list")
    key = operator.home / "organisations" / "bank-a" / "ca.key"
    key.chmod(0o644)
    assert "chmod 600" in operator.ill("--offline")["keys"]
    key.chmod(0o600)
    (operator.home / "guard").rename(operator.home / "data" / "guard")
    assert set(operator.ill("--offline")) == {"signer's guard"}
    (operator.home / "data" / "guard").rename(operator.home / "guard")
    assert operator.ill("--offline", "--replay") == {}
