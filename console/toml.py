"""TOML as the command line writes it: plain keys and tables, lists of tables. Reading is msgspec's."""

import json
from collections.abc import Mapping
from typing import Any


def toml_text(content: Mapping[str, Any], comment: str = "") -> str:
    """A TOML document; values are strings, numbers, truths, lists of them, tables, and lists of tables."""
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += _table(content, ())
    return "\n".join(lines).strip() + "\n"


def _table(content: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [f"{key} = {_value(value)}" for key, value in content.items() if not _nested(value)]
    for key, value in content.items():
        if isinstance(value, Mapping):
            head = ["", f"[{'.'.join((*path, key))}]"] if any(not _nested(item) for item in value.values()) else []
            lines += [*head, *_table(value, (*path, key))]
        elif _nested(value):
            for item in value:
                lines += ["", f"[[{'.'.join((*path, key))}]]", *_table(item, (*path, key))]
    return lines


def _nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return json.dumps(value, ensure_ascii=False)  # TOML's basic strings escape as JSON's do
        case list() | tuple():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case _:
            raise TypeError(f"{value!r} has no place in TOML")
