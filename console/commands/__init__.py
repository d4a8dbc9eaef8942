"""The commands of ``ichub``, one file a group: each reads options, calls a room of the project, prints."""

from collections.abc import Sequence
from importlib import import_module

import typer

COMMANDS = (
    "init",
    "start",
    "doctor",
    "backup",
    "restore",
    "keys",
    "account",
    "chain",
    "client",
    "validators",
    "service",
    "call",
    "packet",
    "receipt",
)
DAEMONS = ("attestor", "relayer", "ledger", "devnet")
"""In the order in which ``ichub --help`` lists them; each is a module here, with ``app`` for a group of commands."""


def register(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Put the commands into the application: the one that is asked for alone, so that it starts quickly, else all."""
    known = (*COMMANDS, *DAEMONS)
    asked = next((word for word in arguments if not word.startswith("-")), "")
    if not asked and "--version" in arguments:
        return
    for name in [asked] if asked in known else known:
        module = import_module(f"console.commands.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
