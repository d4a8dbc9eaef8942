"""Fixtures for tests of installed contracts (``pytest_plugins``): packages that are gone afterwards."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.counters import Packages


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Packages(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("counters_"):
            del sys.modules[name]
