"""What is printed on a terminal of 80 columns: a hash is never broken, for it is there to be copied."""

from io import StringIO

import pytest
from rich.console import Console

from console import output
from console.output import Output

HASH = b"\x5d" * 32
DIGITS = "0x" + HASH.hex()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    shown = StringIO()
    monkeypatch.setattr(output, "_stdout", Console(width=80, file=shown, highlight=False))
    return shown


def test_rows_that_fit_are_a_table_however_long_their_words_together(screen: StringIO) -> None:
    Output(False).rows("Things", [{"name": "a", "about": "many words " * 12}, {"name": "b", "about": ""}], "none")
    title, heads, *_ = screen.getvalue().splitlines()
    assert (title.strip(), heads.split()) == ("Things", ["name", "about"])


def test_rows_whose_words_would_be_broken_are_told_field_by_field(screen: StringIO) -> None:
    Output(False).rows(
        "Things", [{"name": name, "about": "organisations", "hash": HASH} for name in ("one", "two")], "none"
    )
    lines = screen.getvalue().splitlines()
    assert [line.split() for line in lines if line.startswith("name")] == [["name", "one"], ["name", "two"]]
    assert lines[0].strip() == "Things"


def test_a_record_gives_up_a_blank_for_a_hash(screen: StringIO) -> None:
    Output(False).record("", {"document_hash": HASH, "status": "valid"})
    assert screen.getvalue().splitlines()[0].rstrip() == f"document hash {DIGITS}"
    screen.truncate(0)
    Output(False).record("", {"certificate": HASH})
    assert f"certificate  {DIGITS}" in screen.getvalue()
