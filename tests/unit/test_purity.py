"""What two nodes must agree on knows no floating point: no such number is written or made in the pure core."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
(PURE,) = (contract["source_modules"] for contract in CONTRACTS if contract["name"] == "the core is pure")


def sources(module: str) -> list[Path]:
    """The file of a module, or all of a package's."""
    place = ROOT / module.replace(".", "/")
    return sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def floats(source: str) -> Iterator[int]:
    """The lines where a float is written (complex numbers hold two) or made by name."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=float() | complex()) | ast.Call(func=ast.Name(id="float")):
                yield node.lineno


@pytest.mark.parametrize("module", PURE)
def test_no_float_stands_in_the_pure_core(module: str) -> None:
    found = [(path.name, line) for path in sources(module) for line in floats(path.read_text())]
    assert found == []


@pytest.mark.parametrize("written", ["x = 0.5", "x = 1e3", "x = 2j", "x = float(y)", "def f(x: int = 1.0): ..."])
def test_a_float_is_found(written: str) -> None:
    assert list(floats(written)) == [1]


@pytest.mark.parametrize("written", ["x = 5", "x = '0.5'", "x = 7 // 2", "refused = isinstance(x, float)"])
def test_what_is_no_float_is_left_alone(written: str) -> None:
    assert list(floats(written)) == []
