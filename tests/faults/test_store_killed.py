"""kill -9 at every step of a commit and at any instant: what was acknowledged is there, the next blocks are equal."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.engine.store import COMMIT_STEPS, Store
from hub.quantities import Hash, Height
from tests.faults.store_writer import GENESIS, changes, next_block
from tests.unit import reference_tree as reference

ROOT = Path(__file__).parents[2]


def writer(path: Path, step: str, blocks: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.store_writer", str(path), step, str(blocks)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"},
    )


def states() -> Iterator[tuple[dict[bytes, bytes], Hash]]:
    """What must be there after each height, and its root."""
    state: dict[bytes, bytes | None] = {}
    height = 0
    while True:
        state = {**state, **changes(height)}
        held = {key: value for key, value in state.items() if value is not None}
        yield held, Hash(reference.subtree(reference.state_leaves(held)))
        height += 1


def check(path: Path, acknowledged: list[str]) -> int:
    """Open what is left, compare it with what must be there, and go on for three blocks; the height found."""
    store = Store.open(path, GENESIS)
    found = -1 if store.height is None else store.height
    expected = states()
    for height in range(found + 1):
        state, root = next(expected)
        assert store.block(Height(height)) == b"block %d" % height
        assert store.transaction(b"transaction %d" % height) == (height, 0)
        assert store.view(Height(height)).app_root == root
        if height < len(acknowledged):
            assert acknowledged[height] == f"{height} {root.hex()}"
        if height == found:
            assert dict(store.view().scan(b"\x00", b"\xff")) == state
    assert list(store.events(b"event")) == [(height, 0) for height in range(found + 1)]
    for _ in range(3):
        height, root = next_block(store)
        assert (height, root) == (found + 1, next(expected)[1])
        found += 1
    store.close()
    return found


@pytest.mark.parametrize("step", COMMIT_STEPS)
def test_killed_at_a_step(tmp_path: Path, step: str) -> None:
    path = tmp_path / "store"
    acknowledged: list[str] = []
    for blocks in (0, 5, 1):
        process = writer(path, step, blocks)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        lines = output.splitlines()
        assert len(lines) == blocks
        acknowledged += lines
        after = len(acknowledged) - (0 if step in {"written", "applied"} else 1)
        height = check(path, acknowledged)
        assert height == after + 3
        expected = states()
        acknowledged = [f"{at} {next(expected)[1].hex()}" for at in range(height + 1)]


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store"
    process = writer(path, "full", 150_000)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    *acknowledged, refusal = output.splitlines()
    assert refusal.startswith("the store cannot be written")
    assert len(acknowledged) > 3
    for _ in range(2):  # no room, either, for what is written when it is opened again: nothing is wrong with the store
        process = writer(path, "full", 50_000)
        output, _ = process.communicate(timeout=60)
        assert (process.returncode, output.startswith("the store cannot be written")) == (0, True)
    assert check(path, acknowledged) - 3 in {len(acknowledged) - 1, len(acknowledged)}


def test_killed_at_any_instant(tmp_path: Path) -> None:
    path = tmp_path / "store"
    acknowledged: list[str] = []
    for lines in (1, 2, 3, 5, 8, 13, 21):
        process = writer(path, "-", 0)
        assert process.stdout is not None
        acknowledged += [process.stdout.readline().strip() for _ in range(lines)]
        process.kill()
        acknowledged += [line for line in process.stdout.read().splitlines() if line.count(" ") == 1 and len(line) > 64]
        process.stdout.close()
        process.wait()
        store = Store.open(path, GENESIS)
        assert store.height is not None
        assert store.height in {len(acknowledged) - 1, len(acknowledged)}
        if store.height == len(acknowledged):
            acknowledged.append(f"{store.height} {store.view().app_root.hex()}")
        store.close()
    height = check(path, acknowledged)
    assert height == len(acknowledged) + 2
