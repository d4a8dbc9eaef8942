"""Reads JSON values as those of contracts: for each type a reader is made once.

A reader gives what msgspec builds the value from; it raises Unread, whose place grows as it goes up.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec
from msgspec import inspect

from hub.services.json_text import JsonValue, pointer

LEAST, MOST = -(2**63), 2**64 - 1
"""What an integer may be: what msgpack holds."""

_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,19}")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")

Reader: TypeAlias = Callable[[JsonValue], object]


class Unread(Exception):
    """A JSON value is not of its type: which rule it breaks, and where, as a JSON pointer."""

    def __init__(self, rule: str, place: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.place = place


@lru_cache(512)
def reader_of(kind: Any) -> Reader:
    """The reader of a type."""
    return _reader(inspect.type_info(kind))


def _reader(info: inspect.Type) -> Reader:
    reader: Reader
    match info.type if isinstance(info, inspect.Metadata) else info:
        case inspect.VarTupleType(item_type=item):
            reader = _array(_reader(item))
        case inspect.UnionType(types=(one, _)):
            reader = _optional(_reader(one))
        case inspect.StructType(fields=fields):
            reader = _record(fields)
        case inspect.IntType():
            reader = _integer
        case inspect.BytesType():
            reader = _bytes
        case inspect.BoolType():
            reader = _boolean
        case inspect.NoneType():
            reader = _null
        case _:
            reader = _text
    return reader


def _array(item: Reader) -> Reader:
    def read(value: JsonValue) -> object:
        if not isinstance(value, list):
            raise Unread("it is an array")
        return [_inside(item, each, index) for index, each in enumerate(value)]

    return read


def _optional(one: Reader) -> Reader:
    return lambda value: None if value is None else one(value)


def _record(fields: tuple[inspect.Field, ...]) -> Reader:
    """A record's fields in order, as msgspec takes it (``array_like``); what has a default may be left out."""
    names = frozenset(field.name for field in fields)
    told = f"it is an object of {', '.join(field.name for field in fields) or 'no property'}"
    readers = [(field.name, _reader(field.type), _default(field)) for field in fields]

    def read(value: JsonValue) -> object:
        if not isinstance(value, dict) or not value.keys() <= names:
            raise Unread(told)
        prepared = []
        for name, reader, default in readers:
            if name in value:
                prepared.append(_inside(reader, value[name], name))
            elif default is msgspec.NODEFAULT:
                raise Unread(f"{name} is missing")
            else:
                prepared.append(default)
        return prepared

    return read


def _default(field: inspect.Field) -> object:
    if field.required or field.default is msgspec.NODEFAULT:
        return msgspec.NODEFAULT
    return msgspec.to_builtins(field.default, builtin_types=(bytes,))


def _inside(reader: Reader, value: JsonValue, step: str | int) -> object:
    try:
        return reader(value)
    except Unread as fault:
        raise Unread(fault.rule, pointer(step) + fault.place) from None


def _integer(value: JsonValue) -> object:
    if isinstance(value, str) and _DECIMAL.fullmatch(value) and LEAST <= (number := int(value)) <= MOST:
        return number
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Unread("it is an integer from -2^63 to 2^64 - 1, as a decimal string")


def _bytes(value: JsonValue) -> object:
    if isinstance(value, str) and _HEX.fullmatch(value):
        return bytes.fromhex(value[2:])
    raise Unread("it is a string of 0x and lower-case hex digits, two for each byte")


def _text(value: JsonValue) -> object:
    if isinstance(value, str):
        return value
    raise Unread("it is a string")


def _boolean(value: JsonValue) -> object:
    if isinstance(value, bool):
        return value
    raise Unread("it is true or false")


def _null(value: JsonValue) -> object:
    if value is None:
        return None
    raise Unread("it is null")
