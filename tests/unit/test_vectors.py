"""The committed vectors are what their generators write, and docs/vectors.md names each."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.vectors import writing

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem.removeprefix("generate_") for path in writing.HERE.glob("generate_*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_input_gives_the_same_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = (writing.HERE / f"{name}.json").read_bytes()
    made = import_module(f"tests.vectors.generate_{name}").vectors()
    monkeypatch.setattr(writing, "HERE", tmp_path)
    writing.write(name, made)
    assert (tmp_path / f"{name}.json").read_bytes() == committed


def test_the_page_names_every_file_and_who_reads_it() -> None:
    rows = re.findall(
        r"^\| `(\w+)\.json` \|.*\| ([A-Za-z, ]+) \|$", (ROOT / "docs/vectors.md").read_text(), re.MULTILINE
    )
    assert sorted(name for name, _ in rows) == NAMES == sorted(path.stem for path in writing.HERE.glob("*.json"))
    solidity = "".join(path.read_text() for path in (ROOT / "adapters/evm/contracts/test").glob("*.t.sol"))
    assert {name for name, readers in rows if "Solidity" in readers} == {
        name for name in NAMES if f'_open("{name}")' in solidity or f"vectors/{name}.json" in solidity
    }
