"""The commands of ``ichub``, one file a group: each reads options, calls a room of the project, prints."""

import typer

from console.commands import keys


def register(app: typer.Typer) -> None:
    """Put every command into the application."""
    app.add_typer(keys.app, name="keys")
