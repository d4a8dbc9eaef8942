"""What is printed on a terminal of 80 columns: a hash is never broken, for it is there to be copied."""

from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from console import output
from console.exits import Refused
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


def test_no_word_of_a_table_is_broken_that_can_stand_whole(screen: StringIO) -> None:
    """Left to itself the table is narrowed everywhere."""
    row = {
        "part": "the hub's acceptance",
        "what": "the hub accepted the call of document-verify",
        "chain": "devnet-trade-1 (the ledger)",
        "height": 93,
        "time": "2026-11-25 21:22:26",
        "signed": "1 of 1, epoch 1",
    }
    Output(False).rows("", [row], "none")
    shown = screen.getvalue().split()
    assert sorted(shown) == sorted(" ".join([*row, *map(str, row.values())]).split())
    assert max(map(len, screen.getvalue().splitlines())) <= 80


def test_a_hash_that_has_no_room_beside_its_name_stands_below_it(screen: StringIO) -> None:
    Output(False).record("The call", {"provider_answered": "200", "receipt_hash": HASH, "fee": "100"})
    assert [line.rstrip() for line in screen.getvalue().splitlines()] == [
        "The call",
        "provider answered  200",
        "receipt hash",
        f"  {DIGITS}",
        "fee                100",
    ]


def test_a_record_gives_up_a_blank_for_a_hash(screen: StringIO) -> None:
    Output(False).record("", {"document_hash": HASH, "status": "valid"})
    assert screen.getvalue().splitlines()[0].rstrip() == f"document hash {DIGITS}"
    screen.truncate(0)
    Output(False).record("", {"certificate": HASH})
    assert f"certificate  {DIGITS}" in screen.getvalue()


@pytest.mark.parametrize(
    ("seconds", "as_json", "told"),
    [(1.5, False, "opening the key (1.5 s)\n"), (0.9, False, ""), (1.5, True, "")],
)
def test_what_takes_over_a_second_is_told_where_no_terminal_shows_it(
    monkeypatch: pytest.MonkeyPatch, seconds: float, as_json: bool, told: str
) -> None:
    shown, clock = StringIO(), iter((7.0, 7.0 + seconds))
    monkeypatch.setattr(output, "_stderr", Console(width=80, file=shown, highlight=False))
    monkeypatch.setattr(output, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with Output(as_json).progress("opening the key"):
        assert shown.getvalue() == ""
    assert shown.getvalue() == told


HOSTILE = "done\x1b[2K\x1b[1A\r\u202eknab\x9b2J"
ESCAPED = "done\\u001b[2K\\u001b[1A\\u000d\\u202eknab\\u009b2J"


def test_what_others_wrote_moves_no_cursor(screen: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever way it takes to the terminal: as a value, in a list, in a sentence, in a warning, in an error."""
    monkeypatch.setattr(output, "_stderr", output._stdout)
    Output(False).record("", {"name": HOSTILE, "list": [HOSTILE], "more": {HOSTILE: 1}})
    Output(False).rows("", [{"name": HOSTILE}], "none")
    Output(False).done(HOSTILE)
    Output(False).note(HOSTILE)
    Output(False).warn(HOSTILE)
    output.print_error(Refused(HOSTILE, "REFUSED"), False)
    assert screen.getvalue().replace("\n", "").isprintable()
    assert screen.getvalue().count(ESCAPED) == 8
    assert output.harmless("海关\tone\ntwo") == "海关\tone\ntwo"
