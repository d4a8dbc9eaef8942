"""The signer's guard: what it lets through, and every way of being led to sign two truths."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.engine import guard as guards
from hub.engine.errors import CheckpointWithheld, GuardDamaged, GuardExists, GuardMissing
from hub.engine.guard import Guard
from hub.quantities import Address, Hash, Height

VALIDATOR = Address(b"\x11" * 20)
GENESIS = Hash(b"\x22" * 32)


class Chain:
    """A node's own blocks: a letter a chain, so that two chains part ways where the letter changes."""

    def __init__(self, letters: str) -> None:
        self._letters = letters

    def at(self, height: Height) -> Hash | None:
        """A block's hash covers all that came before it."""
        if height >= len(self._letters):
            return None
        return Hash(self._letters[: height + 1].encode().ljust(32, b"\x00"))

    def sign(self, guard: Guard, height: int) -> None:
        block_hash = self.at(Height(height))
        assert block_hash is not None
        guard.admit(Height(height), block_hash, self.at)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guard.sqlite"


@pytest.fixture
def guard(path: Path) -> Iterator[Guard]:
    with closing(Guard.create(path, VALIDATOR, GENESIS)) as opened:
        yield opened


def test_signs_any_height_of_one_chain_in_any_order_and_again(guard: Guard) -> None:
    chain = Chain("aaaaaaaa")
    for height in (3, 5, 4, 5, 0, 7, 1, 3):
        chain.sign(guard, height)
    assert guard.highest() == 7


@pytest.mark.parametrize(
    ("signed", "chain", "height"),
    [
        pytest.param([3], "aaab", 3, id="another block at a signed height"),
        pytest.param([3], "aaabb", 4, id="a later block of a chain that forked at the signed height"),
        pytest.param([3], "abbbb", 4, id="a later block of a chain that forked before it"),
        pytest.param([3], "abbb", 2, id="an unsigned height below, on a fork"),
        pytest.param([3], "aaa", 2, id="an old store, which does not know where the signed chain went"),
        pytest.param([2, 5], "aaaabb", 4, id="between two signed heights, forked between them"),
    ],
)
def test_withholds(guard: Guard, signed: list[int], chain: str, height: int) -> None:
    for before in signed:
        Chain("aaaaaaaa").sign(guard, before)
    with pytest.raises(CheckpointWithheld):
        Chain(chain).sign(guard, height)
    Chain("aaaaaaaa").sign(guard, max(signed))  # a refusal leaves nothing behind
    assert guard.highest() == max(signed)


def test_an_old_store_may_repeat_what_was_signed_of_it(guard: Guard) -> None:
    Chain("aaaaa").sign(guard, 2)
    Chain("aaaaa").sign(guard, 4)
    Chain("aaa").sign(guard, 2)
    Chain("aaa").sign(guard, 1)


def test_remembers_over_a_restart(path: Path, guard: Guard) -> None:
    Chain("aaaa").sign(guard, 3)
    guard.close()
    with closing(Guard(path, VALIDATOR, GENESIS)) as again, pytest.raises(CheckpointWithheld):
        Chain("aaab").sign(again, 3)


def test_remembers_what_a_killed_process_admitted(path: Path, guard: Guard) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom hub.engine.guard import Guard\n"
        "guard = Guard(Path(sys.argv[1]), b'\\x11' * 20, b'\\x22' * 32)\n"
        "guard.admit(3, b'b' * 32, lambda height: None)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False, cwd=Path(__file__).parents[2])
    with pytest.raises(CheckpointWithheld):
        Chain("aaaa").sign(guard, 3)


def test_other_validators_and_chains_have_nothing_to_do_with_it(path: Path, guard: Guard) -> None:
    Chain("aaaa").sign(guard, 3)
    for scope in ((Address(b"\x12" * 20), GENESIS), (VALIDATOR, Hash(b"\x23" * 32))):
        with closing(Guard(path, *scope)) as other:
            Chain("bbbb").sign(other, 3)


def test_two_processes_with_one_guard_sign_one_truth(path: Path, guard: Guard) -> None:
    Chain("aaaa").sign(guard, 3)
    with closing(Guard(path, VALIDATOR, GENESIS)) as other:
        with pytest.raises(CheckpointWithheld):
            Chain("aaab").sign(other, 3)
        Chain("aaaa").sign(other, 3)


def test_a_guard_is_never_begun_anew(path: Path, guard: Guard) -> None:
    with pytest.raises(GuardExists):
        Guard.create(path, VALIDATOR, GENESIS)


def test_a_guard_whose_beginning_was_cut_short_is_begun_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "_SCHEMA", "CREATE TABLE signed (height INTEGER); and then")
    with pytest.raises(sqlite3.OperationalError):
        Guard.create(path, VALIDATOR, GENESIS)
    assert not path.exists()
    monkeypatch.undo()
    with closing(Guard.create(path, VALIDATOR, GENESIS)) as begun:
        Chain("aaaa").sign(begun, 3)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_missing_guard_is_no_empty_guard(path: Path) -> None:
    with pytest.raises(GuardMissing):
        Guard(path, VALIDATOR, GENESIS)
    assert not path.exists()


def test_a_damaged_or_unknown_guard_is_refused(path: Path, guard: Guard) -> None:
    guard.close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(GuardDamaged):
        Guard(path, VALIDATOR, GENESIS)
    path.write_bytes(b"not a database, and long enough to be looked at closely" * 40)
    with pytest.raises(GuardDamaged):
        Guard(path, VALIDATOR, GENESIS)


def test_what_cannot_be_written_down_is_not_signed_until_it_can(guard: Guard) -> None:
    guard._database.execute("PRAGMA max_page_count = 1")
    chain = Chain("a" * 400)

    def sign_all() -> None:
        for height in range(400):
            chain.sign(guard, height)

    with pytest.raises(sqlite3.OperationalError, match="full"):
        sign_all()
    before = guard.highest()
    assert before is not None
    guard._database.execute("PRAGMA max_page_count = 1000")
    chain.sign(guard, before + 1)
    assert guard.highest() == before + 1


def test_the_guard_is_its_owners_alone(path: Path, guard: Guard) -> None:
    assert path.stat().st_mode & 0o077 == 0
