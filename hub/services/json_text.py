"""JSON as services use it: no floats, integers all readers read alike (RFC 7493), one canonical form (RFC 8785)."""

import json
import re
from typing import TypeAlias

from hub.services.errors import InvalidJson

JsonValue: TypeAlias = dict[str, "JsonValue"] | list["JsonValue"] | str | int | bool | None

MAX_INTEGER = 2**53 - 1
"""Beyond it readers differ (RFC 7493, section 2.2): larger integers travel as decimal strings."""

_MARKS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,15}")


def parse(data: bytes, max_depth: int) -> JsonValue:
    """The value in ``data``; objects and arrays may stand ``max_depth`` deep. Raises InvalidJson."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InvalidJson("it is not UTF-8") from error
    _check_depth(text, max_depth)
    try:
        value: JsonValue = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        # Neither its text nor its position, which differ between versions of Python.
        raise InvalidJson("its syntax is broken") from error
    if "\\u" in text:
        _check_escapes(value)
    return value


def canonical(value: JsonValue) -> bytes:
    """The one form of a value: RFC 8785, for which integers need no rule."""
    return _ENCODER.encode(_sorted(value)).encode()


def pointer(*steps: str | int) -> str:
    """A JSON pointer (RFC 6901); of no step, the empty string."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _check_depth(text: str, limit: int) -> None:
    """Refuse deep nesting before the parser sees it, which recurses: where its stack ends differs from node to node."""
    if text.count("[") + text.count("{") <= limit:
        return
    depth = 0
    for mark in _MARKS.finditer(text):
        match mark[0]:
            case "[" | "{":
                depth += 1
                if depth > limit:
                    raise InvalidJson(f"it is more than {limit} levels deep")
            case "]" | "}":
                depth -= 1
            case _:
                pass


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or abs(number := int(text)) > MAX_INTEGER:
        raise InvalidJson("an integer is not -0 and at most 2**53 - 1: larger ones are decimal strings")
    return number


def _no_float(_text: str) -> int:
    raise InvalidJson("numbers are integers, written without point and exponent")


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise InvalidJson("a key stands twice in one object")
    return entries


def _check_escapes(value: JsonValue) -> None:
    """Half of a surrogate pair can be escaped in JSON, and is no character."""
    try:
        _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        raise InvalidJson("a string escapes half of a surrogate pair") from None


def _sorted(value: JsonValue) -> JsonValue:
    """Keys in the order of their UTF-16 code units (RFC 8785, section 3.2.3)."""
    match value:
        case dict():
            return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
        case list():
            return [_sorted(entry) for entry in value]
        case _:
            return value


_DECODER = json.JSONDecoder(
    parse_int=_integer, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_object
)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
