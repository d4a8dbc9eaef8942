"""What two nodes must agree on knows no floating point: no such number is written or made in the pure core. And the
list of what is pure, by which import-linter goes, is whole: the core imports nothing of ours that does not stand there.
"""

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


def imported(source: str) -> Iterator[str]:
    """The modules of ours that it imports."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                below = (f"{module}.{alias.name}" for alias in node.names)
                names = [name if is_module(name) else module for name in below]
            case _:
                continue
        yield from (name for name in names if is_module(name))


def is_module(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


@pytest.mark.parametrize("module", PURE)
def test_the_core_imports_nothing_of_ours_but_the_core(module: str) -> None:
    names = {name for path in sources(module) for name in imported(path.read_text())}
    assert sorted(name for name in names if not any(f"{name}.".startswith(f"{one}.") for one in PURE)) == []


def test_an_import_is_found() -> None:
    source = "import hub.errors, json\nfrom hub import validators\nfrom hub.rpc.wire import to_proto\n"
    assert list(imported(source)) == ["hub.errors", "hub.validators", "hub.rpc.wire"]


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
