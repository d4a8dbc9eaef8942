"""Structs as JSON that people can read, in one way only: the files of receipts, of what they rest on, and of drafts.

Bytes are 0x and lower-case hex, numbers decimal strings, structs objects with all their fields in order, a member of a
union an object whose ``kind`` comes first, what is absent left out. One blank a level, one item a line. A file that is
not just what its content would be written as is refused, so that no byte of it can be changed unseen.
"""

import json
import re
import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar

from hub.errors import HubError
from hub.quantities import MAX_AMOUNT, MAX_U64, Address, Amount, Hash
from hub.receipts.errors import (
    DocumentTooLarge,
    MalformedField,
    NotADocument,
    NotCanonical,
    ReceiptError,
    UnknownDocument,
)
from hub.services.errors import InvalidJson
from hub.services.json_text import parse

T = TypeVar("T")

MAX_BYTES = 4 * 1024 * 1024
VERSION = "1"
_MAX_DEPTH = 32

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,38})\Z")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*\Z")
_LENGTHS: dict[object, int] = {Hash: 32, Address: 20}


def write_document(name: str, value: object) -> bytes:
    """The file of a struct. ``name`` says what it is; raises DocumentTooLarge."""
    content = {"format": name, "version": VERSION, **_plain(value, type(value))}
    data = json.dumps(content, indent=1).encode() + b"\n"
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(len(data), MAX_BYTES)
    return data


def read_document(name: str, core: type[T], data: bytes) -> T:
    """The struct in a file; raises ReceiptError, which names the place."""
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(len(data), MAX_BYTES)
    try:
        content = parse(data, _MAX_DEPTH)
    except InvalidJson as error:
        raise NotADocument(error.rule + _place_of_fault(data, error.__cause__)) from error
    if not isinstance(content, dict):
        raise NotADocument("it is not a JSON object")
    given = f"{content.pop('format', 'something else')} version {content.pop('version', '-')}"
    if given != f"{name} version {VERSION}":
        raise UnknownDocument(f"{name} version {VERSION}", given)
    value: T = _read(content, core, "")
    _refuse_other_spelling(data, write_document(name, value))
    return value


def document_hash(data: bytes) -> Hash:
    """What a file is known by: ``H`` of all its bytes."""
    return Hash(sha256(data).digest())


def _place_of_fault(data: bytes, error: BaseException | None) -> str:
    """In which line the reader stopped; empty where it does not tell."""
    match error:
        case UnicodeDecodeError():
            line = data.count(b"\n", 0, error.start) + 1
        case json.JSONDecodeError():
            line = error.lineno
        case _:
            return ""
    return f", in line {line}"


def _refuse_other_spelling(data: bytes, canonical: bytes) -> None:
    if data == canonical:
        return
    lines = zip(data.split(b"\n"), canonical.split(b"\n"), strict=False)
    line = next((at for at, (found, expected) in enumerate(lines, 1) if found != expected), data.count(b"\n") + 1)
    raise NotCanonical(line)


# --- writing ---


def _plain(value: Any, hint: Any) -> Any:
    members = _members(hint)
    if len(members) > 1:
        (plain,) = [_plain(value, one) for one in members if isinstance(value, one)]
        return {"kind": _tag(type(value)), **plain}
    if members:
        hint = members[0]
    match value:
        case bool() | str():
            return value
        case bytes():
            return "0x" + value.hex()
        case tuple():
            return [_plain(item, part) for item, part in zip(value, _parts(hint, len(value)), strict=True)]
        case Enum() | int():
            return value.value if isinstance(value, Enum) else str(value)
    core: Any = type(value)
    hints = _fields(core)
    present = {name: getattr(value, name) for name in hints}
    return {name: _plain(part, hints[name]) for name, part in present.items() if part is not None}


# --- reading ---


def _read(value: Any, hint: Any, where: str) -> Any:
    members = _members(hint)
    if len(members) > 1:
        hint, value = _chosen(value, {_tag(one): one for one in members}, where)
    elif members:
        hint = members[0]
    if typing.get_origin(hint) is tuple:
        return _read_list(value, hint, where)
    base = _base(hint)
    if base in _SCALARS:
        return _SCALARS[base](value, hint, where)
    if issubclass(base, Enum):
        return _read_enum(value, base, where)
    return _read_struct(value, base, where)


def _chosen(value: Any, kinds: dict[str, Any], where: str) -> tuple[Any, Any]:
    _require(isinstance(value, dict) and value.get("kind") in kinds, where, f"its kind is one of {', '.join(kinds)}")
    rest = dict(value)
    return kinds[rest.pop("kind")], rest


def _read_struct(value: Any, core: Any, where: str) -> Any:
    _require(isinstance(value, dict), where, "it is an object")
    hints = _fields(core)
    for name in value:
        _require(name in hints, _within(where, name), "no field has this name")
    found = {}
    for name, hint in hints.items():
        optional = type(None) in typing.get_args(hint)
        _require(name in value or optional, _within(where, name), "it is missing")
        found[name] = _read(value[name], hint, _within(where, name)) if name in value else None
    try:
        return core(**found)
    except ReceiptError:
        raise
    except HubError as error:
        raise MalformedField(where, str(error)) from error


def _read_list(value: Any, hint: Any, where: str) -> Any:
    _require(isinstance(value, list), where, "it is a list")
    parts = typing.get_args(hint)
    _require(parts[-1] is Ellipsis or len(parts) == len(value), where, f"it has {len(parts)} items")
    return tuple(
        _read(item, part, _within(where, str(at)))
        for at, (item, part) in enumerate(zip(value, _parts(hint, len(value)), strict=True))
    )


def _read_enum(value: Any, core: Any, where: str) -> Any:
    names = [one.value for one in core]
    _require(value in names, where, f"it is one of {', '.join(names)}")
    return core(value)


def _read_bytes(value: Any, hint: Any, where: str) -> bytes:
    _require(isinstance(value, str) and _HEX.match(value) is not None, where, "bytes are 0x and lower-case hex")
    found = bytes.fromhex(value[2:])
    length = _LENGTHS.get(hint, len(found))
    _require(len(found) == length, where, f"it has {length} bytes")
    return found


def _read_number(value: Any, hint: Any, where: str) -> int:
    most = MAX_AMOUNT if hint is Amount else MAX_U64
    sound = isinstance(value, str) and _NUMBER.match(value) is not None and int(value) <= most
    _require(sound, where, f"it is a decimal number from 0 to {most}")
    return int(value)


def _read_text(value: Any, _: Any, where: str) -> str:
    _require(isinstance(value, str), where, "it is text")
    return str(value)


def _read_bool(value: Any, _: Any, where: str) -> bool:
    _require(isinstance(value, bool), where, "it is true or false")
    return bool(value)


_SCALARS: dict[Any, Callable[[Any, Any, str], Any]] = {
    bytes: _read_bytes,
    int: _read_number,
    str: _read_text,
    bool: _read_bool,
}


def _require(sound: bool, where: str, rule: str) -> None:
    if not sound:
        raise MalformedField(where or "the file", rule)


def _within(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


# --- what types say ---


def _members(hint: Any) -> tuple[Any, ...]:
    """The members of a union but None; none for what is no union."""
    if not isinstance(hint, types.UnionType) and typing.get_origin(hint) is not typing.Union:
        return ()
    return tuple(one for one in typing.get_args(hint) if one is not type(None))


def _base(hint: Any) -> Any:
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    return hint


def _parts(hint: Any, count: int) -> tuple[Any, ...]:
    """The type of each of a tuple's items."""
    parts = typing.get_args(hint)
    return (parts[0],) * count if parts[-1] is Ellipsis else parts


def _tag(core: Any) -> str:
    return str(core.__struct_config__.tag)


@cache
def _fields(core: Any) -> dict[str, Any]:
    """The fields of a struct or dataclass, in order, with their types."""
    hints = typing.get_type_hints(core)
    names = [field.name for field in fields(core)] if is_dataclass(core) else core.__struct_fields__
    return {name: hints[name] for name in names}
