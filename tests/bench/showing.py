"""How the benchmark shows what it does and what it found."""

import math
import os
import sys
import timeit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figures import GROUPS, Measured
from tests.bench.ledgers import Took

_PARTS = {
    "protobuf decoded": "decoding",
    "verified and executed": "executing",
    "tree": "tree",
    "written and synced": "writing",
    "together": "total",
    "CPU of all threads": "cpu",
}
"""Of ``Took``, as the table names them."""


class CannotRun(Exception):
    """A group cannot run here; the message says why."""


class Screen:
    """What is under way stands in a line that goes; tables stay."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, width=None if sys.stdout.isatty() else 140)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Something that takes more than a moment."""
        if not self.console.is_terminal:
            self.console.print(f"  {what}")
            yield
            return
        with self.console.status(what):
            yield

    def group(self, name: str, measured: Mapping[str, Measured]) -> None:
        """A group's figures."""
        table = Table(title=name, title_justify="left", title_style="bold")
        for heading in ("figure", "value", "unit", "n", "aim", ""):
            table.add_column(heading, justify="right" if heading in {"value", "n"} else "left", no_wrap=bool(heading))
        for figure in GROUPS[name]:
            if (one := measured.get(figure.name)) is not None:
                table.add_row(figure.name, shown(one.value), figure.unit, f"{one.n:,}", figure.aim, one.note)
        self.console.print(table)

    def took(self, title: str, runs: Mapping[str, tuple[int, Took]]) -> None:
        """Where the time of one piece of work goes, in microseconds."""
        table = Table(title=title, title_justify="left")
        for index, heading in enumerate(("", *runs)):
            table.add_column(heading, justify="right" if index else "left", no_wrap=True)
        for label, part in _PARTS.items():
            each = (getattr(took, part) / pieces * 1e6 for pieces, took in runs.values())
            table.add_row(label, *(f"{microseconds:,.0f}" for microseconds in each))
        self.console.print(table)

    def cannot(self, name: str, reason: str) -> None:
        self.console.print(f"[yellow]{name} cannot run here:[/] {reason}")

    def listing(self) -> None:
        """Every group and figure."""
        for name, figures in GROUPS.items():
            table = Table(title=name, title_justify="left", title_style="bold")
            for heading in ("figure", "unit", "what it is", "aim"):
                table.add_column(heading)
            for figure in figures:
                table.add_row(figure.name, figure.unit, figure.meaning, figure.aim)
            self.console.print(table)

    def machine(self) -> None:
        self.console.print(machine())


def shown(value: float) -> str:
    """A number as one reads it: three digits that mean something, no more."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.4g}"


def machine() -> str:
    """Processor, cores, load, and how fast it is just now: what a figure depends on besides the code."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    mhz = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("cpu MHz")), "?")
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    hashing = min(timeit.repeat(lambda: sha256(bytes(65)).digest(), number=20_000, repeat=5)) / 20_000 * 1e6
    return f"{model}, {mhz} MHz, {os.cpu_count()} cores; load {load}; a sha256 of 65 bytes takes {hashing:.2f} us"


def percentile(values: list[float], part: float) -> float:
    """The smallest of ``values`` that so great a part of them does not pass."""
    return sorted(values)[max(0, math.ceil(len(values) * part) - 1)]
