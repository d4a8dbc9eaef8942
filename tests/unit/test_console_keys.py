"""The keystore: what it writes others can read, and what it refuses."""

import json
import stat
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from eth_account import Account

from console import members, output
from console.exits import Misused
from console.keystore import DEVNET_SCRYPT_ROUNDS, Keystore
from tests.e2e.command import ichub

KEY = bytes(range(1, 33))


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "keys")


def test_a_key_taken_in_opens_with_its_password_alone(keystore: Keystore) -> None:
    entry = keystore.add("treasury", KEY, "secret", DEVNET_SCRYPT_ROUNDS)
    assert entry.address == Account.from_key(KEY).address
    assert keystore.open("treasury", "secret") == KEY
    with pytest.raises(Misused, match="does not open"):
        keystore.open("treasury", "Secret")


def test_the_file_is_a_v3_keystore_that_only_its_owner_can_read(keystore: Keystore) -> None:
    entry = keystore.add("treasury", KEY, "secret", DEVNET_SCRYPT_ROUNDS)
    content = json.loads(entry.path.read_text())
    assert content["version"] == 3
    assert KEY.hex() not in entry.path.read_text()
    assert stat.S_IMODE(entry.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(entry.path.parent.stat().st_mode) == 0o700


def test_new_keys_differ_and_are_listed_by_name(keystore: Keystore) -> None:
    second = keystore.create("b", "x", DEVNET_SCRYPT_ROUNDS)
    first = keystore.create("a", "x", DEVNET_SCRYPT_ROUNDS)
    assert first.address != second.address
    assert keystore.entries() == [first, second]
    assert keystore.entry("a") == first


def test_a_name_that_is_taken_is_refused_and_the_key_kept(keystore: Keystore) -> None:
    keystore.add("treasury", KEY, "secret", DEVNET_SCRYPT_ROUNDS)
    with pytest.raises(Misused, match="exists already"):
        keystore.create("treasury", "other", DEVNET_SCRYPT_ROUNDS)
    assert keystore.open("treasury", "secret") == KEY


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "-a", "a" * 64, "a/b", "a.json"])
def test_a_name_that_is_no_plain_file_name_is_refused(keystore: Keystore, name: str) -> None:
    with pytest.raises(Misused, match="cannot name a key"):
        keystore.create(name, "secret", DEVNET_SCRYPT_ROUNDS)


def test_an_unknown_key_is_refused_and_the_known_ones_are_named(keystore: Keystore) -> None:
    keystore.create("treasury", "secret", DEVNET_SCRYPT_ROUNDS)
    with pytest.raises(Misused, match="treasury"):
        keystore.entry("treasure")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"address": 5}', "not json"])
def test_a_file_that_is_no_keystore_is_named(keystore: Keystore, content: str) -> None:
    keystore.create("good", "secret", DEVNET_SCRYPT_ROUNDS)
    (keystore.directory / "bad.json").write_text(content)
    with pytest.raises(Misused, match=r"bad\.json is not a V3 keystore"):
        keystore.entries()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("keys show operator --private", "opening the key"),
        ("account transfer 0x5FbDB2315678afecb367f032d93F642f64180aa3 1 --hub localhost:9", "opening the key"),
        ("relayer init {}/relayer", "encrypting the key"),
        (f"attestor init {{}}/attestor --genesis 0x{'12' * 32}", "encrypting the key"),
    ],
)
def test_a_command_says_what_a_key_s_seconds_go_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, told: str
) -> None:
    home = {"ICHUB_HOME": str(tmp_path / "home")}
    assert ichub("init", "--devnet", environment=home).returncode == 0
    monkeypatch.setattr(members, "SCRYPT_ROUNDS", DEVNET_SCRYPT_ROUNDS)
    monkeypatch.setattr(output, "time", SimpleNamespace(monotonic=count(0.0, 2.0).__next__))
    done = ichub(*(word.format(tmp_path) for word in words.split()), environment=home)
    assert f"{told} (2.0 s)\n" in done.stderr
