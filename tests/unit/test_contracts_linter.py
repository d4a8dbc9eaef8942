"""The linter of contracts: each rule by what breaks it, and what looks like it and is allowed."""

import pytest

from adapters.permissioned.ledger.contracts.errors import NotDeterministic
from adapters.permissioned.ledger.contracts.linter import Finding, lint_package, lint_source, refuse_findings

INTERFACE = "adapters.permissioned.ledger.contracts.interface"


def rules_of(source: str) -> list[str]:
    return [finding.rule for finding in lint_source(source, "contract.py")]


def inside(statement: str) -> str:
    """A statement in a method."""
    return f"class Meters:\n    def record(self, ctx, reading):\n        {statement}\n"


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        # clocks, randomness, input and output
        ("import", "import time"),
        ("import", "from time import time"),
        ("import", "from datetime import datetime"),
        ("import", "from random import randint"),
        ("import", "from os import urandom"),
        ("import", "from secrets import token_bytes"),
        ("import", "from socket import socket"),
        ("import", "from pathlib import Path"),
        ("import", "from threading import Thread"),
        ("import", "from asyncio import sleep"),
        ("import", "from math import sqrt"),
        ("import", "from decimal import Decimal"),
        ("import", "from uuid import uuid4"),
        ("import", "from sys import setrecursionlimit"),
        ("import", "from importlib import import_module"),
        ("import", "from functools import lru_cache"),
        ("import", "from re import compile"),
        ("import", "from collections import defaultdict"),
        ("import", "from hashlib import file_digest"),
        ("import", "from typing import get_type_hints"),
        ("import", "from collections.abc import *"),
        ("import", "from meters import *"),
        ("import", "from meters.records import Reading"),  # were it moved aside, that would be another version's
        ("import", "from ..other import x"),
        ("import", "from . import *"),
        ("import", "from hub.state.branch import Branch"),
        ("import", "from adapters.permissioned.ledger.contracts.runtime import Runtime"),
        ("import", "from adapters.permissioned.ledger.documents.contract import DocumentsContract"),
        ("import", f"from {INTERFACE} import msgspec"),
        ("import", f"from {INTERFACE} import Ground"),
        ("import", f"from {INTERFACE} import *"),
        ("input-output", inside("print(reading)")),
        ("input-output", inside("open('x')")),
        ("input-output", inside("exit()")),
        # floats
        ("float", inside("return 0.5")),
        ("float", inside("return 1e3")),
        ("float", inside("return 2j")),
        ("float", inside("return reading.litres / 2")),
        ("float", inside("x = 1\n        x /= 2")),
        ("float", inside("return float(1)")),
        ("float", inside("return list(map(float, reading))")),
        ("float", inside("return round(1)")),
        ("float", inside("return pow(2, -1)")),
        ("float", inside("return f'{1:.2f}'")),
        ("float", inside("return f'{1:%}'")),
        ("unbounded", inside("return 2 ** -1")),
        ("unbounded", inside("return 2 ** reading.litres")),
        ("unbounded", inside("return 1 << reading.litres")),
        ("unbounded", inside("return 2 ** 100000")),
        ("unbounded", inside("while True: pass")),
        # order
        ("unordered", inside("for x in {1, 2}: pass")),
        ("unordered", inside("return [x for x in {y for y in reading}]")),
        ("unordered", inside("return set(reading)")),
        ("unordered", inside("return list(frozenset(reading))")),
        ("unordered", inside("return tuple(map(set, reading))")),
        ("unordered", inside("return sorted({1, 2}, key=len)")),
        ("unordered", inside("return sorted(x for x in {1, 2})")),
        ("unordered", inside("return a.keys() & b.keys()")),
        ("unordered", inside("return a.items() | b")),
        ("unordered", inside("kept = a.keys()\n        return [x for x in kept & b]")),
        ("unordered", inside("return (kept := a.items()) - b")),
        ("unordered", inside("kept = {1, 2}")),
        # identity
        ("identity", inside("return hash(reading)")),
        ("identity", inside("return id(reading)")),
        ("identity", inside("return repr(reading)")),
        ("identity", inside("return f'{reading!r}'")),
        ("identity", inside("return sorted(reading, key=id)")),
        # state that outlives an invocation
        ("mutable-state", "seen = []"),
        ("mutable-state", "seen: dict[str, str] = {}"),
        ("mutable-state", "seen = dict()"),
        ("mutable-state", "seen = [x for x in ()]"),
        ("mutable-state", "seen = (1, [])"),
        ("mutable-state", "seen = ({},)"),
        ("mutable-state", "class Meters:\n    seen = []"),
        ("mutable-state", "class Box:\n    pass\nbox = Box()"),
        ("mutable-state", "for x in (1, 2):\n    pass"),
        ("mutable-state", "if True:\n    x = 1"),
        ("mutable-state", "start()"),
        ("mutable-state", "def f(x=[]):\n    pass"),
        ("mutable-state", "def f(*, x={}):\n    pass"),
        ("mutable-state", "f = lambda x=[]: x"),
        ("mutable-state", "seen = [[]][0]"),
        ("mutable-state", "seen = {'x': []}['x']"),
        ("mutable-state", "remember = {}.setdefault"),
        ("mutable-state", "class Meters:\n    remember = [].append"),
        ("mutable-state", "def f(x={}.setdefault):\n    pass"),
        ("mutable-state", inside("global seen")),
        ("mutable-state", "def f():\n    x = 1\n    def g():\n        nonlocal x\n    return g"),
        ("mutable-state", inside("Meters.seen = 1")),
        ("mutable-state", inside("self.seen = 1")),
        ("mutable-state", inside("self.seen += 1")),
        ("mutable-state", inside("del self.seen")),
        ("mutable-state", inside("for self.seen in reading: pass")),
        # tricks
        *(
            ("dynamic", inside(f"{name}(reading)"))
            for name in ("eval", "exec", "compile", "getattr", "setattr", "type")
        ),
        *(("dynamic", inside(f"{name}()")) for name in ("vars", "globals", "locals", "dir", "super")),
        ("dynamic", inside("read = getattr")),
        ("dynamic", inside("return '{0.x}'.format(self)")),
        ("dynamic", inside("with reading: pass")),
        ("dynamic", "class Meters(metaclass=Kind):\n    pass"),
        ("dynamic", "class Reading(Record, frozen=False):\n    pass"),
        ("dynamic", "class Reading(Record, **options):\n    pass"),
        ("dynamic", "@cache\ndef f():\n    pass"),
        ("dynamic", "@x.y\nclass A:\n    pass"),
        ("dynamic", "def f(x: 'print(1)'):\n    pass"),
        ("dynamic", "def f() -> 'print(1)':\n    pass"),
        ("dynamic", "class A:\n    x: tuple['print(1)', ...]"),
        ("dunder", inside("return self.__class__")),
        ("dunder", inside("return __builtins__")),
        ("dunder", inside("return (lambda: 0).__globals__")),
        ("dunder", "class A:\n    def __del__(self):\n        pass"),
        ("dunder", "class A:\n    def __exit__(self, *x):\n        return True"),
        ("dunder", inside("return a @ b")),
        ("dunder", "from .records import __builtins__ as names"),
        ("dunder", "from .records import __dict__ as names"),
        ("dunder", "from .records import names as __builtins__"),
        ("dunder", "class __builtins__:\n    pass"),
        ("private-access", inside("return ctx._world")),
        ("private-access", inside("return self.ground")),
        ("private-access", inside("return self.readings._ground")),
        ("private-access", inside("return (x for x in ()).gi_frame")),
        # attributes by way of a pattern, or of a name of one's own that the runtime has as well
        ("private-access", inside("match ctx:\n            case object(_world=world): return world")),
        ("private-access", inside("match self:\n            case object(ground=ground): return ground")),
        ("dunder", inside("match record:\n            case object(__class__=kind): return kind")),
        ("private-access", "def _world():\n    pass\n" + inside("return ctx._world")),
        ("private-access", "class A:\n    _ground = 1\n" + inside("return self.readings._ground")),
        ("private-access", "def _member_map_():\n    pass\n" + inside("return State._member_map_")),
        # names that the linter goes by
        ("dynamic", "def Page():\n    return []\nSEEN = Page()"),
        ("dynamic", "class Record:\n    pass\nclass Box(Record):\n    pass\nSEEN = Box()"),
        ("dynamic", "def sorted(x):\n    return x\n" + inside("return sorted({1, 2})")),
        ("dynamic", "from .more import sorted"),
        ("dynamic", "from .more import made as Page"),
        ("dynamic", "from hashlib import sha256 as transaction"),
        ("dynamic", inside("len = max")),
        ("dynamic", inside("len, x = max, 1")),
        ("dynamic", inside("len: int = max")),
        ("dynamic", inside("for (x, len) in reading: pass")),
        ("dynamic", inside("return [sorted({1}) for sorted in reading]")),
        ("dynamic", inside("return (len := max)")),
        ("dynamic", inside("return (lambda sorted: sorted({1}))(tuple)")),
        ("dynamic", inside("match reading:\n            case [*map]: pass")),
        ("dynamic", inside("match reading:\n            case {**map}: pass")),
        ("dynamic", inside("try: pass\n        except KeyError as len: pass")),
        ("mutable-state", "@service('x', str(SEEN := []))\ndef f(self, ctx, x):\n    pass"),
        ("mutable-state", "class Meters(Contract, name=(SEEN := []) or 'x'):\n    pass"),
        # text that is taken for a type
        ("dynamic", "EVIL = 'print(1)'\ndef f(x: EVIL):\n    pass"),
        ("dynamic", "EVIL = ('print(1)',)\ndef f(x: EVIL[0]):\n    pass"),
        ("dynamic", "EVIL = tuple['print(1)', ...]\nMORE = EVIL\ndef f(x: int) -> MORE:\n    pass"),
        ("dynamic", "class Evil(StrEnum):\n    X = 'print(1)'\ndef f(x: Evil.X):\n    pass"),
        ("dynamic", "class Evil(StrEnum):\n    X = 'print(1)'\nMORE = Evil.X\ndef f(x: MORE):\n    pass"),
        ("dynamic", "T = TypeVar('T', bound='print(1)')\ndef f(x: T):\n    pass"),
        ("dynamic", "def f(x: f'print({1})'):\n    pass"),
        ("dynamic", "def f(x: 'print(1)'[0:]):\n    pass"),
        ("dynamic", "def f(x: chr(1) + chr(2)):\n    pass"),
        ("dynamic", "def f(*x: 'print(1)', **y: 'print(2)'):\n    pass"),
        ("dynamic", "def f(x: Annotated['print(1)', Meta(ge=0)]):\n    pass"),
        ("dynamic", "Literal = tuple\ndef f(x: Literal['print(1)']):\n    pass"),
        # formats and codecs
        ("dynamic", inside("return format(1, 'n')")),
        ("dynamic", inside("return f'{1:{reading.kind}}'")),
        ("dynamic", inside("return '%r' % ctx")),
        ("dynamic", inside("return f'{1}%.1f' % 2")),
        ("unicode-version", inside("return 'x'.encode('idna')")),
        ("unicode-version", inside("return 'x'.encode('ascii', 'namereplace')")),
        ("unicode-version", inside("return b'x'.decode(reading)")),
        ("unicode-version", inside("return str(b'x', 'mbcs')")),
        ("unbounded", inside("for x in iter(reading, 1): pass")),
        # errors
        ("broad-except", inside("try: pass\n        except: pass")),
        ("broad-except", inside("try: pass\n        except Exception: pass")),
        ("broad-except", inside("try: pass\n        except BaseException: pass")),
        ("broad-except", inside("try: pass\n        except (KeyError, Exception): pass")),
        ("broad-except", inside("try: pass\n        except BoundExceeded: pass")),
        ("broad-except", inside("try: pass\n        except errors.HubError: pass")),
        ("broad-except", inside("try: pass\n        except RecursionError: pass")),
        ("broad-except", inside("try: pass\n        except* ValueError: pass")),
        ("broad-except", inside("try: pass\n        except IOError: pass")),
        ("broad-except", "Awaited = IOError\n" + inside("try: pass\n        except Awaited: pass")),
        ("broad-except", inside("try: pass\n        except (KeyError, AttributeError) as error: pass")),
        ("broad-except", inside("for x in (): \n            try: pass\n            finally: continue")),
        ("broad-except", inside("try: pass\n        finally: return 1")),
        ("broad-except", inside("raise SystemExit")),
        ("broad-except", inside("raise KeyboardInterrupt")),
        ("identity", inside("try: pass\n        except ValueError as error: pass")),
        ("assert", inside("assert reading")),
        ("async", "async def f():\n    pass"),
        ("async", "async def f():\n    await g()"),
        # recursion
        ("recursion", "def f(x):\n    return f(x)"),
        ("recursion", "def f(x):\n    return g(x)\ndef g(x):\n    return h(x)\ndef h(x):\n    return f(x)"),
        ("recursion", "def f(x):\n    return map(f, x)"),
        ("recursion", "class A:\n    def f(self):\n        return self.g()\n    def g(self):\n        return self.f()"),
        ("recursion", "f = lambda x: f(x)"),
        ("recursion", inside("f = lambda x: f(x)\n        return f(1)")),
        ("recursion", inside("return (f := lambda x: f(x))(1)")),
        ("recursion", "class A:\n    f = lambda self: self.f()"),
        # loops that lengthen what they go over
        ("unbounded", inside("for x in reading:\n            reading.append(x)")),
        ("unbounded", inside("for x in reading:\n            if x:\n                reading += (x,)")),
        ("unbounded", inside("return [reading.extend(x) for x in reading]")),
        # versions of Unicode
        ("unicode-version", inside("return 'x'.lower()")),
        ("unicode-version", inside("return 'x'.isdigit()")),
        ("unicode-version", inside("return int(reading)")),
        ("unicode-version", inside("return list(map(int, reading))")),
        ("unicode-version", inside("read = int\n        return read(reading)")),
        ("unicode-version", inside("return sorted(reading, key=int)")),
        ("unicode-version", inside("return (read := int)(reading)")),
        ("import", "from unicodedata import normalize"),
        ("syntax", "def"),
        ("syntax", "x = 1\x00"),
    ],
)
def test_what_is_refused(rule: str, source: str) -> None:
    assert rule in rules_of(source)


ALLOWED = f'''"""A contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, ClassVar, Literal, NamedTuple

from {INTERFACE} import Collection, Context, Contract, Meta, Page, Record, Refused, transaction

from . import more
from .records import Reading

LIMIT = 10 * 2**16
Short = Annotated[str, Meta(min_length=1)]
Names = tuple[Short, ...] | None
NAMES = ("a", "b", -1)
FIRST_NAME = NAMES[0]
JOIN = ", ".join
FIRST = Page(size=10)
_PRIVATE = 7


class State(StrEnum):
    OPEN = "open"


class Place(NamedTuple):
    x: int
    service: str
    unit: Literal["m3", "l"] = "l"


class Point(Record, frozen=True):
    x: int
    y: Annotated[int, Meta(ge=0)] = 0
    tags: tuple[Short, ...] = ()
    more: Names = None


ORIGIN = Point(0, 0)
OPEN = State.OPEN.value


@dataclass(eq=False)
class TooMuch(Refused):
    litres: int
    template: ClassVar[str] = "{{litres}} is too much"


class Meters(Contract, name="meters", version=1):
    points = Collection("points", Point, key=("x",), indexes={{"y": ("y",), "tag": lambda p: [(t,) for t in p.tags]}})

    @transaction
    def move(self, ctx: Context, point: Point) -> Point:
        found = {{each: len(each) for each in point.tags}}
        more = list(point.tags)
        for name in sorted({{*more, "x"}}):
            more.append(name)
        for name in tuple(more):
            more.append(name)
            found[name] = len(set(point.tags))
        if point.x in {{1, 2}} or point.y % 2 or point.x // 2 > LIMIT or isinstance(point.x, int):
            raise TooMuch(point.x)
        try:
            found.pop("x")
        except KeyError:
            pass
        return self._checked(point, _PRIVATE)

    def _checked(self, point: Point, most: int | None) -> Point:
        match point:
            case Point(x=0, y=y) if (half := y // 2) > 1 and "x".encode("utf-8") != b"y":
                return Point(half)
        return _inner(point)


def _inner(point: Point) -> Point:
    return Point(sum(x for x in (1, 2)), 1 << 3, tuple(sha256(b"x").hexdigest() for _ in range(3)))


def points(all: tuple[Point, ...] = (ORIGIN,)) -> Iterator[Point]:
    yield from all
'''


def test_what_is_allowed() -> None:
    assert lint_source(ALLOWED, "contract.py") == ()


def test_a_finding_names_file_line_and_rule() -> None:
    sources = {"b.py": b"x = 1\ny = 0.5\n", "a.py": b"import time\n"}
    first, second = lint_package(sources)
    assert str(first).startswith("a.py:1 import: ")
    assert second == Finding("b.py", 2, "float", "0.5 is a float: use integers of the smallest unit")


def test_a_folder_within_a_package_reaches_as_far_as_the_package() -> None:
    assert lint_package({"parts/one.py": b"from ..records import Reading\n"}) == ()
    (finding,) = lint_package({"parts/one.py": b"from ...records import Reading\n"})
    assert finding.rule == "import"


def test_findings_are_refused_by_name() -> None:
    refuse_findings("meters", ())
    findings = lint_package({"a.py": b"import time\n" * 7})
    with pytest.raises(NotDeterministic) as refusal:
        refuse_findings("meters", findings)
    assert "a.py:5 import" in str(refusal.value)
    assert str(refusal.value).endswith("and 2 more")


def test_a_name_is_followed_through_the_package() -> None:
    sources = {"a.py": b"EVIL = 'print(1)'\n", "b.py": b"from .a import EVIL as Kind\ndef f(x: Kind):\n    pass\n"}
    assert [(finding.path, finding.line, finding.rule) for finding in lint_package(sources)] == [("b.py", 2, "dynamic")]


def test_bytes_are_read_as_python_reads_them() -> None:
    hidden = "# coding: utf-7\n+AGkAbQBwAG8AcgB0 time\n".encode("ascii")
    assert [finding.rule for finding in lint_package({"a.py": hidden})] == ["import"]
    assert [finding.rule for finding in lint_package({"a.py": b"x = '\xff'\n"})] == ["syntax"]
