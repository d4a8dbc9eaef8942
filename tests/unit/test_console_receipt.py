"""`ichub receipt verify`: what it says, its exit codes, and that no file makes it stumble."""

import json
from pathlib import Path

import pytest

from console.commands.receipt import readable
from hub.receipts import trust as trusted
from hub.receipts.document import write_document
from hub.receipts.receipt import FORMAT
from tests.unit.receipt_world import EvmWorld
from tests.unit.test_console_command import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the receipt of a call that was answered, and the trust file of its network."""
    world = EvmWorld()
    (tmp_path / "receipt.json").write_bytes(write_document(FORMAT, world.receipt(world.answered())))
    (tmp_path / "trust.json").write_bytes(write_document(trusted.FORMAT, world.trust()))
    return tmp_path


def test_a_sound_receipt_is_told_to_people_and_to_programs(folder: Path) -> None:
    words = ("receipt", "verify", "receipt.json", "--trust", "trust.json")
    plain = run(*words, cwd=folder)
    assert (plain.returncode, plain.stderr) == (0, "")
    for said in ("4 of 5, epoch 1", "EVM chain 31337", "What is not proven", "finality finalized"):
        assert said in plain.stdout
    told = json.loads(run(*words, "--json", cwd=folder).stdout)
    assert told["result"]["code"] == told["provider_answered"]["code"] == 200
    assert len(told["proven"]) == 7
    assert len(told["proven"][0]["signers"]) == 4
    assert told["not_proven"]


def test_json_that_is_told_as_bytes_is_read_as_its_text() -> None:
    """All else stays as it is told: ABI, what only begins like JSON, what is nested until no reader takes it."""
    abi, broken, nested = "0x" + "00" * 31 + "7b", "0x" + b'{"total"'.hex(), "0x" + (b'{"a":' * 8000).hex()
    told = {"result": {"code": 200, "output": "0x" + b'{"total":"21"}'.hex()}, "fee": "0x7bz", "more": [abi]}
    assert readable(told) == {"result": {"code": 200, "output": '{"total":"21"}'}, "fee": "0x7bz", "more": [abi]}
    assert [readable(text) for text in (abi, broken, nested)] == [abi, broken, nested]


def test_a_false_receipt_is_a_check_that_did_not_hold(folder: Path) -> None:
    text = (folder / "receipt.json").read_text()
    (folder / "false.json").write_text(text.replace('"fee": "10"', '"fee": "11"'))
    done = run("receipt", "verify", "false.json", "--trust", "trust.json", "--json", cwd=folder)
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, done.stdout) == (5, "")
    assert (error["reason"], error["part"], error["rule"]) == (
        "PART_NOT_PROVEN",
        "the hub's block 5",
        "RECORD_ROOT_MISMATCH",
    )


def test_files_that_are_not_there_or_something_else(folder: Path) -> None:
    assert run("receipt", "verify", "nothing.json", "--trust", "trust.json", cwd=folder).returncode == 2
    assert run("receipt", "verify", "receipt.json", "--trust", "receipt.json", cwd=folder).returncode == 2
    assert run("receipt", "verify", "trust.json", "--trust", "trust.json", cwd=folder).returncode == 5
