"""The values that contracts take, store and answer with: their types, and their one form in JSON.

In JSON an integer is a decimal string (a JSON integer is taken, too), bytes are 0x and lower-case hex digits, a record
is an object by its fields' names, a tuple an array: the form that services have (hub/services/mapping.py), so that what
a contract answers can go to an EVM chain.
"""

import re
import typing
from collections.abc import Callable
from functools import lru_cache
from types import NoneType
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from adapters.permissioned.ledger.contracts.errors import ArgumentsRefused
from hub.services.errors import InvalidJson
from hub.services.json_text import JsonValue, canonical, parse, pointer

T = TypeVar("T")

MAX_DEPTH = 16
"""Of arguments in JSON."""

_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,19}")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")
_LEAST, _MOST = -(2**63), 2**64 - 1
"""What an integer may be: what msgpack holds."""


class Record(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The root of all that contracts take, store and answer with.

    Fields are ``str``, ``int`` (-2^63 to 2^64 - 1), ``bool``, ``bytes``, ``None``, ``tuple[T, ...]``, enums of strings
    and other records. A field may be added at the end if it has a default.
    """


@lru_cache(512)
def unsuitable(kind: Any) -> str:
    """Why a type cannot be taken, stored or answered with; empty where it can."""
    try:
        return _unsuitable(inspect.type_info(kind), ())
    except TypeError as error:
        return str(error)


def read_json(kind: Any, data: bytes) -> Any:
    """The value of a type in JSON; raises ArgumentsRefused."""
    try:
        value = parse(data, MAX_DEPTH)
    except InvalidJson as error:
        raise ArgumentsRefused("", str(error)) from None
    return from_json(kind, value)


def write_json(value: object) -> bytes:
    """A value as canonical JSON (RFC 8785)."""
    return canonical(to_json(value))


def from_json(kind: Any, value: JsonValue) -> Any:
    """The value of a type that a JSON value stands for; raises ArgumentsRefused."""
    prepared = _prepare(_described(kind), value, "")
    try:
        return msgspec.convert(prepared, kind)
    except msgspec.ValidationError as error:
        raise ArgumentsRefused("", str(error)) from None


def to_json(value: object) -> JsonValue:
    """A value as JSON; raises TypeError where it is none that contracts have."""
    match value:
        case bool() | None:
            return value
        case str():
            return str(value)
        case int():
            return str(int(value))
        case bytes():
            return "0x" + value.hex()
        case tuple():
            return [to_json(each) for each in value]
        case msgspec.Struct():
            return {name: to_json(getattr(value, name)) for name in value.__struct_fields__}
        case _:
            raise TypeError(f"a {type(value).__name__} is no value of a contract")


def stored_form(kind: Any, value: object) -> bytes | None:
    """A record as it is stored, in its one encoding; None where it is not of that type.

    It is read again, for Python does not hold a field to its type.
    """
    if type(value) is not kind:
        return None
    try:
        data = _encode(value)
        return data if _decoder(kind)(data) == value else None
    except (msgspec.ValidationError, TypeError, OverflowError, UnicodeEncodeError):
        return None


def read_stored_form(kind: type[T], data: bytes | msgspec.Raw) -> T:
    """The record that ``stored_form`` wrote."""
    return typing.cast(T, _decoder(kind)(data))


def same_when_read(kind: Any, value: object) -> bool:
    """Whether a value is of the type in all its fields."""
    return stored_form(kind, value) is not None


_encode = msgspec.msgpack.Encoder().encode


def _decoder(kind: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    return _decoder_of(kind)


@lru_cache(512)
def _decoder_of(kind: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    return msgspec.msgpack.Decoder(kind).decode


@lru_cache(512)
def _described(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _plain(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _unsuitable(info: inspect.Type, inside: tuple[type, ...]) -> str:
    fault = ""
    match _plain(info):
        case inspect.StrType() | inspect.IntType() | inspect.BoolType() | inspect.BytesType() | inspect.NoneType():
            pass
        case inspect.VarTupleType(item_type=item):
            fault = _unsuitable(item, inside)
        case inspect.EnumType(cls=cls):
            fault = "" if issubclass(cls, str) else f"the members of {cls.__name__} must be strings"
        case inspect.UnionType(types=(one, inspect.NoneType())):
            fault = _unsuitable(one, inside)
        case inspect.StructType(cls=cls, fields=fields):
            fault = _unsuitable_record(cls, fields, inside)
        case other:
            kind = type(other).__name__.removesuffix("Type")
            fault = f"{kind} is no type for it: use str, int, bool, bytes, None, tuple[T, ...], enums and records"
    return fault


def _unsuitable_record(cls: type, fields: tuple[inspect.Field, ...], inside: tuple[type, ...]) -> str:
    if not issubclass(cls, Record):
        return f"{cls.__name__} must derive from Record"
    if cls in inside:
        return f"{cls.__name__} holds itself"
    found = ((field.name, _unsuitable(field.type, (*inside, cls))) for field in fields)
    return next((f"{cls.__name__}.{name}: {fault}" for name, fault in found if fault), "")


def _prepare(info: inspect.Type, value: JsonValue, place: str) -> object:
    """JSON in the form from which msgspec builds the value."""
    prepared: object
    match _plain(info):
        case inspect.VarTupleType(item_type=item):
            if not isinstance(value, list):
                raise ArgumentsRefused(place, "it is an array")
            prepared = [_prepare(item, each, place + pointer(index)) for index, each in enumerate(value)]
        case inspect.UnionType(types=(one, _)):
            prepared = None if value is None else _prepare(one, value, place)
        case inspect.StructType(fields=fields):
            prepared = _fields(fields, value, place)
        case scalar:
            prepared = _scalar(scalar, value, place)
    return prepared


def _scalar(info: inspect.Type, value: JsonValue, place: str) -> object:
    match info, value:
        case inspect.IntType(), str(written) if _DECIMAL.fullmatch(written) and _LEAST <= int(written) <= _MOST:
            return int(written)
        case inspect.BytesType(), str(written) if _HEX.fullmatch(written):
            return bytes.fromhex(written[2:])
        case (
            ((inspect.StrType() | inspect.EnumType()), str())
            | (inspect.BoolType(), bool())
            | (inspect.NoneType(), None)
        ):
            return value
        case inspect.IntType(), int() if not isinstance(value, bool):
            return value
        case _:
            raise ArgumentsRefused(place, _EXPECTED[type(info)])


_EXPECTED: dict[type[inspect.Type], str] = {
    inspect.IntType: "it is an integer from -2^63 to 2^64 - 1, as a decimal string",
    inspect.BytesType: "it is a string of 0x and lower-case hex digits, two for each byte",
    inspect.StrType: "it is a string",
    inspect.EnumType: "it is a string",
    inspect.BoolType: "it is true or false",
    inspect.NoneType: "it is null",
}


def _fields(fields: tuple[inspect.Field, ...], value: JsonValue, place: str) -> list[object]:
    """A record's fields in order, as msgspec takes it (``array_like``)."""
    names = [field.name for field in fields]
    if not isinstance(value, dict) or not value.keys() <= set(names):
        raise ArgumentsRefused(place, f"it is an object of {', '.join(names) or 'no property'}")
    prepared = []
    for field in fields:
        if field.name in value:
            prepared.append(_prepare(field.type, value[field.name], place + pointer(field.name)))
        elif field.required or field.default is msgspec.NODEFAULT:
            raise ArgumentsRefused(place, f"{field.name} is missing")
        else:
            prepared.append(_builtins(field.default))
    return prepared


def _builtins(value: Any) -> object:
    return msgspec.to_builtins(value, builtin_types=(bytes, NoneType))
