"""Every test and case that docs/security-tests.md names exists, every row names one, and nothing is left out."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "security-tests.md").read_text()
CONTRACTS = ROOT / "adapters" / "evm" / "contracts" / "test"
NAME = re.compile(r"`([\w/.]+)::(\w+(?:::\w+)?)(?:\[([^`]+)\])?`")
NAMED = sorted(set(NAME.findall(TABLE)))

SHOWN = (
    "expired",
    "not yet valid",
    "wrong certificate authority",
    "self-signed",
    "CA flag missing",
    "path length exceeded",
    "revoked leaf",
    "revoked intermediate",
    "weak key",
    "wrong curve",
    "name-constraint breach",
    "unknown critical extension",
    "same serial twice",
    "swapped revocation list",
    "rolled-back revocation list",
    "a contract that reads a clock",
    "a contract that keeps globals",
    "a contract that writes another's state",
    "a contract that exceeds its bounds",
    "a contract that raises",
    "double financing under concurrency",
    "double financing across near-duplicates",
    "votes below, at and above the threshold",
    "private data searched for in state, events, logs and proofs of neighbours",
    "section 8's invariants with a ledger in the loop",
    "kill -9 in the commit path",
)
"""What a permissioned ledger must show, each a row of its own."""

LOSSES = (
    "Poly Network 2021",
    "Wormhole 2022",
    "Ronin and Harmony 2022",
    "Nomad 2022",
    "BNB Chain 2022",
    "Hyperbridge 2026",
    "CrossCurve 2026",
    "KelpDAO 2026",
    "YUI QBFT",
    "Attestations without a chain ID",
)
"""What others have lost by, each a row of its own."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def defined(path: Path) -> set[str]:
    """The tests of a file: forge's functions; Python's functions, classes, methods, and names of the module."""
    if path.name.endswith(".t.sol"):
        return set(re.findall(r"^\s*function (test\w+)\s*\(", path.read_text(), re.MULTILINE))
    found: set[str] = set()
    for node in tree(path).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.add(node.name)
            case ast.ClassDef():
                methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
                found |= {f"{node.name}::{one.name}" for one in methods if one.name.startswith("test")}
            case ast.Assign():
                found |= {name.id for name in ast.walk(node.targets[0]) if isinstance(name, ast.Name)}
    return {name for name in found if name.lower().startswith("test")}


def cases(path: Path) -> set[str]:
    """The texts that a file's cases may be named by."""
    return {node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and type(node.value) is str}


@pytest.mark.parametrize("file", sorted({file for file, *_ in NAMED}))
def test_every_test_that_is_named_exists(file: str) -> None:
    path = (CONTRACTS if file.endswith(".t.sol") else ROOT / "tests") / file
    assert path.is_file()
    assert {test for named, test, _ in NAMED if named == file} <= defined(path)
    meant = {case for named, _, case in NAMED if named == file and case}
    assert not meant or meant <= cases(path)


def test_every_row_names_a_test() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and "the tests |" not in line]
    assert len(rows) > 30
    assert not [row for row in rows if not NAME.search(row)]
    assert not [row for row in rows if len(NAME.findall(row)) != len(re.findall(r"`[^`]+::[^`]+`", row))]


def rows_of(section: str) -> list[str]:
    """What the rows of a section say is tried."""
    text = TABLE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if NAME.search(line)]


def test_what_a_ledger_must_show_is_shown() -> None:
    assert tuple(rows_of("What a permissioned ledger must show")) == SHOWN


def test_no_famous_loss_is_left_out() -> None:
    rows = rows_of("Famous losses")
    assert len(rows) == len(LOSSES)
    assert all(row.startswith(loss) for row, loss in zip(rows, LOSSES, strict=True))


def test_a_name_that_is_not_there_would_be_noticed() -> None:
    assert "test_nothing" not in defined(Path(__file__))
    assert "test_every_row_names_a_test" in defined(Path(__file__))
    assert "a case that is " + "not there" not in cases(Path(__file__))
    assert "expired" in cases(Path(__file__))
