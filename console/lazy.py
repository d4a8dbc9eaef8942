"""Groups whose commands are imported when they are asked for: most of what ``ichub`` can do is not needed each time."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

QUIET: Any = {"rich_markup_mode": None, "pretty_exceptions_enable": False}
"""How all of our applications print."""


_LONGEST = 1000
"""Characters of a sentence: no limit."""


class Entry(NamedTuple):
    """``place``: ``module:attribute`` of a function or a group. ``about``: its line in the help of what lists it."""

    place: str
    about: str


class Group(TyperGroup):
    """A group whose help says a whole sentence of each command, where typer's own breaks off at the line's end."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(_LONGEST)) for name, one in commands if one is not None])


class LazyGroup(TyperGroup):
    """A group that lists ``entries``, by their names, and imports the one that is asked for."""

    entries: ClassVar[Mapping[str, Entry]]

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the base class asks so
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """None where there is no such command."""
        if cmd_name not in self.commands and cmd_name in self.entries:
            self.commands[cmd_name] = _load(cmd_name, self.entries[cmd_name].place)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Without importing what was not asked for, to suggest the nearest."""
        if args[0] not in self.entries:
            near = " or ".join(repr(name) for name in get_close_matches(args[0], self.entries))
            ctx.fail(f"No such command {args[0]!r}.{f' Did you mean {near}?' if near else ''}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """From the listing alone: the process that completes runs nothing."""
        self.commands = {name: TyperCommand(name, help=entry.about) for name, entry in self.entries.items()}
        return super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.about) for name, entry in self.entries.items()])


def _load(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    holder = typer.Typer(**QUIET)
    if isinstance(found, typer.Typer):
        own = found.info.cls  # typer's placeholder where none was given
        holder.add_typer(found, name=name, cls=own if isinstance(own, type) else Group)
    else:
        holder.command(name)(found)
    return get_group(holder).commands[name]
