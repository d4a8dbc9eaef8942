"""What a newcomer lacks is named, with how to get it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "prerequisites.sh"
TOOLS = ("sh", "uname", "dirname")


def _run(path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT)], capture_output=True, text=True, env={"PATH": path}, timeout=60, check=False
    )


def _tools(folder: Path, *names: str) -> str:
    folder.mkdir()
    for name in (*TOOLS, *names):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"this machine has no {name}")
        (folder / name).symlink_to(found)
    return str(folder)


def test_where_all_is_there_nothing_is_said() -> None:
    found = subprocess.run(["/bin/sh", str(SCRIPT)], capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_all_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    found = _run(_tools(tmp_path / "bin"))
    assert found.returncode == 1
    for name in ("git", "make", "Python 3.11, 3.12 or 3.13 with venv", "Node 20", "npm"):
        assert f"missing: {name}" in found.stderr
    assert found.stderr.count("Get it with: ") == 5
    assert "then run the same command again" in found.stderr


def test_a_python_that_is_too_old_is_named_with_its_version(tmp_path: Path) -> None:
    path = _tools(tmp_path / "bin", "git", "make")
    old = tmp_path / "bin" / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; *) echo 3.9 ;; esac\n')
    old.chmod(0o755)
    found = _run(path)
    assert "python3 is 3.9" in found.stderr
    assert "missing: git" not in found.stderr


def test_a_node_that_is_too_old_is_named_with_its_version(tmp_path: Path) -> None:
    path = _tools(tmp_path / "bin", "git", "make")
    old = tmp_path / "bin" / "node"
    old.write_text('#!/bin/sh\ncase "$1" in -p) echo 18 ;; *) echo v18.1.0 ;; esac\n')
    old.chmod(0o755)
    assert "node is v18.1.0" in _run(path).stderr
    assert os.access(old, os.X_OK)
