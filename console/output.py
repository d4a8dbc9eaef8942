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
from rich.table import Table
from rich.text import Text

from console.exits import ConsoleError

_PIPE_WIDTH = 400
"""Columns where the output goes into a pipe or a file: nothing is wrapped there."""


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
        """One thing, field by field."""
        if self.as_json:
            _print_json(row)
            return
        table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
        table.add_column(style="bold", no_wrap=True, min_width=max(map(len, row), default=0))
        table.add_column(overflow="fold")
        for name, value in row.items():
            table.add_row(name.replace("_", " "), cell(value))
        if not _fits(table):
            table.padding = (0, 1, 0, 0)
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


def _fits(table: Table) -> bool:
    """Whether no word need be broken: a broken hash can be neither read nor copied."""
    return Measurement.get(_stdout, _stdout.options.update(width=_PIPE_WIDTH), table).minimum <= _stdout.width


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
