"""Groups that import a command when it is asked for: what help says of each, and what it does without importing."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from console.commands import Commands
from console.commands.ledger import LedgerCommands
from console.devnet.processes import ROOT
from console.lazy import LazyGroup
from console.main import app

HEAVY = ("grpc", "web3", "eth_account", "hub.app", "adapters", "cryptography")
GROUPS: dict[str, type[LazyGroup]] = {"": Commands, "ledger": LedgerCommands}


def group(name: str) -> Any:
    root: Any = get_command(app)
    return root.get_command(None, name) if name else root


@pytest.mark.parametrize("name", GROUPS)
def test_every_command_that_is_listed_is_there_under_its_name(name: str) -> None:
    for entry in GROUPS[name].entries:
        command = group(name).get_command(None, entry)
        assert command.name == entry
        assert command.help
    assert group(name).get_command(None, "nonsense") is None


def helps(command: Any) -> Iterator[str]:
    """What a command, its parameters and the commands below it say of themselves."""
    yield command.help or ""
    yield from (getattr(parameter, "help", None) or "" for parameter in command.params)
    if isinstance(command, TyperGroup):
        for name in command.list_commands(None):  # type: ignore[arg-type]  # they ask nothing of a context
            yield from helps(command.get_command(None, name))  # type: ignore[arg-type]


def groups(command: Any, *path: str) -> Iterator[list[str]]:
    """The words that name each group."""
    if isinstance(command, TyperGroup):
        yield list(path)
        for name in command.list_commands(None):  # type: ignore[arg-type]  # as above
            yield from groups(command.get_command(None, name), *path, name)  # type: ignore[arg-type]


def unexplained(command: Any, *path: str) -> Iterator[str]:
    """The arguments and options of which help says nothing but their names."""
    for parameter in command.params:
        if not parameter.help:
            yield " ".join([*path, parameter.name])
    if isinstance(command, TyperGroup):
        for name in command.list_commands(None):  # type: ignore[arg-type]  # as above
            yield from unexplained(command.get_command(None, name), *path, name)  # type: ignore[arg-type]


def test_help_says_what_every_argument_and_option_is() -> None:
    assert list(unexplained(group(""))) == []


def test_help_of_a_group_ends_no_sentence_in_the_middle() -> None:
    found = list(groups(group("")))
    assert ["ledger", "proposal"] in found
    for path in found:
        _, _, commands = CliRunner().invoke(app, [*path, "--help"]).output.partition("\nCommands:\n")
        assert commands, path
        assert "..." not in commands, path


def test_files_that_help_names_as_examples_are_there() -> None:
    named = {name for text in helps(group("")) for name in re.findall(r"\bexamples/[\w./-]*\w", text)}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", GROUPS)
def test_help_says_a_whole_sentence_of_each_on_its_own_line(name: str) -> None:
    widest = max(map(len, GROUPS[name].entries))
    for entry in GROUPS[name].entries.values():
        assert entry.about.endswith(".")
        assert 2 + widest + 2 + len(entry.about) <= 78


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--help"], {}, "  receipt "),
        (["ledger", "--help"], {}, "  receivable"),
        (
            [],
            {"_ICHUB_COMPLETE": "complete_bash", "COMP_WORDS": "ichub re", "COMP_CWORD": "1"},
            "restore\nreceipt\nrelayer",
        ),
        (["nonsense"], {}, ""),
        (["--version"], {}, "ichub "),
    ],
)
def test_what_a_newcomer_types_first_imports_no_network_and_no_chain(
    words: list[str], environment: dict[str, str], said: str
) -> None:
    program = f"""
import sys
from console.main import main
try:
    main({words!r})
finally:
    print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stdout
    assert done.stderr.splitlines()[-1] == "[]"
