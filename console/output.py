"""The one place that prints: tables for people, JSON for programs, progress and errors on stderr.

Standard output carries the result and nothing else, so that ``ichub … --json | jq`` always works.
"""

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import msgspec
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from console.exits import ConsoleError

_PIPE_WIDTH = 400
"""Columns where the output goes into a pipe or a file: nothing is wrapped there."""
_GAP = 2
"""Between columns."""
_INDENT = 2
"""Of what stands below its name."""


def plain_console(*, stderr: bool = False) -> Console:
    """Where to draw; into a pipe nothing is wrapped."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else _PIPE_WIDTH)


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What moves a terminal's cursor, erases, or has text run backwards; line feed and tab are left."""

_stdout = plain_console()
_stderr = plain_console(stderr=True)

Row = Mapping[str, Any]


class Output:
    """How one command speaks."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def record(self, title: str, row: Row) -> None:
        """One thing, field by field; what is too long to stand whole beside its name stands below it."""
        if self.as_json:
            _print_json(row)
            return
        if title:
            _stdout.print(Text(title, style="table.title"))
        cells = {name.replace("_", " "): cell(value) for name, value in row.items()}
        names = max(map(len, cells), default=0)
        beside = {
            name: text for name, text in cells.items() if not _INDENT <= _stdout.width - _words(text).minimum <= names
        }
        widest = max((_words(text).minimum for text in beside.values()), default=0)
        gap = 1 if names + _GAP + widest > _stdout.width else _GAP
        table = _record_table(names, gap)
        for name, text in cells.items():
            if name in beside:
                table.add_row(name, text)
                continue
            _stdout.print(table)
            _stdout.print(Text(name, style="bold"), Padding(text, (0, 0, 0, _INDENT), expand=False), sep="\n")
            table = _record_table(names, gap)
        _stdout.print(table)

    def rows(self, title: str, rows: Sequence[Row], empty: str) -> None:
        """Several things of one kind; ``empty`` says what to do where there is none."""
        if self.as_json:
            _print_json(list(rows))
            return
        if not rows:
            _stdout.print(empty)
            return
        if _fits(table := rows_table(title, rows)):
            _share_out(table)
            _stdout.print(table)
            return
        for row in rows:
            self.record(title, row)
            title = " "

    def done(self, text: str, **values: Any) -> None:
        """What was done, in a sentence; its values are the JSON."""
        if self.as_json:
            _print_json({"done": text, **values})
        else:
            _stdout.print(Text(harmless(text)), soft_wrap=True)

    def note(self, text: str) -> None:
        """An aside for people."""
        if not self.as_json:
            _stderr.print(Text(harmless(text)), style="dim", soft_wrap=True)

    def warn(self, text: str) -> None:
        _stderr.print(Text.assemble(("warning: ", "yellow"), harmless(text)), soft_wrap=True)

    @contextmanager
    def progress(self, text: str, *, traced: bool = True) -> Iterator[None]:
        """Show what is going on; where stderr is no terminal, a line with its time if it took over a second (and is
        to be ``traced``).
        """
        began = time.monotonic()
        if _stderr.is_terminal and not self.as_json:
            with _stderr.status(text):
                yield
            return
        yield
        took = time.monotonic() - began
        if took > 1 and traced and not self.as_json:
            _stderr.print(f"{text} ({took:.1f} s)", style="dim", markup=False)


def _record_table(names: int, gap: int) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, gap, 0, 0))
    table.add_column(style="bold", no_wrap=True, min_width=names)
    table.add_column(overflow="fold")
    return table


def _words(shown: Table | Text) -> Measurement:
    """How wide it is with all words one below the other, and with none."""
    return Measurement.get(_stdout, _stdout.options.update(width=_PIPE_WIDTH), shown)


def _fits(table: Table) -> bool:
    """Whether no word need be broken: a broken hash can be neither read nor copied."""
    return _words(table).minimum <= _stdout.width


def _share_out(table: Table) -> None:
    """Give each column of a table that is too wide what its longest word needs, and the rest where it saves most lines.

    Left to itself the table would be narrowed everywhere, and words be broken.
    """
    columns = [
        [Text(str(one.header)), *(cell for cell in one.cells if isinstance(cell, Text))] for one in table.columns
    ]
    widths = [max(_words(text).minimum for text in texts) for texts in columns]
    wanted = [max(_words(text).maximum for text in texts) for texts in columns]
    room = _stdout.width - _GAP * (len(columns) - 1)
    if sum(wanted) <= room:
        return
    for _ in range(room - sum(widths)):
        fullest = max(range(len(widths)), key=lambda at: wanted[at] / widths[at])
        widths[fullest] += 1
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width


def rows_table(title: str, rows: Sequence[Row]) -> Table:
    """A table of rows of one shape."""
    table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in rows[0]:
        numeric = isinstance(rows[0][name], int | float) and not isinstance(rows[0][name], bool)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(value) for value in row.values()))
    return table


def cell(value: object) -> Text:
    """A value as people read it: bytes as 0x-hex, lists one a line, nothing as a dash."""
    match value:
        case None | "" | [] | ():
            return Text("–", style="dim")
        case bool():
            return Text("yes" if value else "no")
        case bytes():
            return Text("0x" + value.hex())
        case list() | tuple():
            return Text("\n").join(cell(item) for item in value)
        case dict():
            return Text("\n").join(Text(harmless(f"{name} {cell(item).plain}")) for name, item in value.items())
        case _:
            return Text(harmless(str(value)))


def harmless(text: str) -> str:
    """Text with its control characters escaped: much of what is shown was written by others."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_error(error: ConsoleError, as_json: bool) -> None:
    if as_json:
        payload = {
            "error": {"reason": error.reason, "message": str(error), "exit_code": int(error.code), **error.values}
        }
        print(json.dumps(payload), file=sys.stderr)
    else:
        _stderr.print(Text.assemble(("error: ", "bold red"), harmless(str(error))), soft_wrap=True)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=_plain))


def _plain(value: object) -> object:
    match value:
        case bytes():
            return "0x" + value.hex()
        case Enum():
            return value.value
        case msgspec.Struct():
            return msgspec.structs.asdict(value)
        case _:
            return str(value)
