"""Every test that docs/security-tests.md names exists, and every row names one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "security-tests.md").read_text()
CONTRACTS = ROOT / "adapters" / "evm" / "contracts" / "test"
NAMED = sorted(set(re.findall(r"`([\w/.]+)::(\w+)`", TABLE)))


def defined(path: Path) -> set[str]:
    """The tests of a file: Python's functions and names of the module, or forge's functions."""
    if path.name.endswith(".t.sol"):
        return set(re.findall(r"^\s*function (test\w+)\s*\(", path.read_text(), re.MULTILINE))
    tree = ast.parse(path.read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assigned = {name.id for node in tree.body if isinstance(node, ast.Assign) for name in ast.walk(node.targets[0])
                if isinstance(name, ast.Name)}  # fmt: skip
    return {name for name in functions | assigned if name.lower().startswith("test")}


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_every_test_that_is_named_exists(file: str) -> None:
    path = (CONTRACTS if file.endswith(".t.sol") else ROOT / "tests") / file
    assert path.is_file()
    assert {test for named, test in NAMED if named == file} <= defined(path)


def test_every_row_names_a_test() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and "the tests |" not in line]
    assert len(rows) > 30
    assert not [row for row in rows if not re.search(r"`[\w/.]+::\w+`", row)]


def test_a_name_that_is_not_there_would_be_noticed() -> None:
    assert "test_nothing" not in defined(Path(__file__))
    assert "test_every_row_names_a_test" in defined(Path(__file__))
