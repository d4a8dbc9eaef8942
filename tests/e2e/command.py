"""``ichub`` as a person types it, in the test's own process: a process of its own takes longer to begin than most
commands take. What the file at the root does besides is shown by tests/unit/test_console_command.py.
"""

import io
import os
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from console.main import main


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def ichub(*words: str, environment: Mapping[str, str] | None = None) -> Done:
    """Run a command to its end, with these variables alone of those that it reads."""
    out, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(errors):
        for name in [name for name in os.environ if name.startswith("ICHUB")]:
            patch.delenv(name)
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(list(words))
    return Done(int(ended.value.code or 0), out.getvalue(), errors.getvalue())
