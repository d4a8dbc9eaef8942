"""docs/adr: every decision has a number of its own, and whoever names one names it rightly."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
LINK = re.compile(r"\[ADR (\d+)\]\(\S*adr/(\d{4}-[a-z0-9-]+\.md)\)")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "adapters/evm/contracts/README.md"]


def test_numbers_rise_by_one() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name[:4])
def test_a_title_has_the_number_of_its_file(path: Path) -> None:
    assert path.read_text().startswith(f"# {int(path.name[:4])}. ")


def test_a_link_says_the_number_to_which_it_leads() -> None:
    links = [(page.name, *found) for page in PAGES for found in LINK.findall(page.read_text())]
    assert links
    known = {path.name for path in DECISIONS}
    assert not [link for link in links if int(link[1]) != int(link[2][:4]) or link[2] not in known]
