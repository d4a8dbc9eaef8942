"""The values that contracts take, store and answer with: their types, and their one form in JSON.

In JSON an integer is a decimal string (a JSON integer is taken, too), bytes are 0x and lower-case hex digits, a record
is an object by its fields' names, a tuple an array: the form that services have (hub/services/mapping.py), so that what
a contract answers can go to an EVM chain.
"""

import typing
from collections.abc import Callable
from functools import lru_cache
from types import NoneType
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from adapters.permissioned.ledger.contracts.errors import ArgumentsRefused
from adapters.permissioned.ledger.contracts.json_reading import Unread, reader_of
from hub.services.errors import InvalidJson
from hub.services.json_text import JsonValue, parse

T = TypeVar("T")

MAX_DEPTH = 16
"""Of arguments in JSON."""


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
    """A value as canonical JSON (RFC 8785); raises TypeError where it is none that contracts have."""
    return _encode_json(to_json(value))


def from_json(kind: Any, value: JsonValue) -> Any:
    """The value of a type that a JSON value stands for; raises ArgumentsRefused."""
    try:
        return msgspec.convert(reader_of(kind)(value), kind)
    except Unread as fault:
        raise ArgumentsRefused(fault.place, fault.rule) from None
    except msgspec.ValidationError as error:
        # What ``__post_init__`` raises comes through here; Python's words for it differ between its versions.
        cause = error.__cause__
        rule = str(error) if cause is None else f"a record's own check failed with {type(cause).__name__}"
        raise ArgumentsRefused("", rule) from None


def to_json(value: object) -> JsonValue:
    """A value as JSON, properties in order; raises TypeError where it is none that contracts have."""
    form = _FORMS.get(type(value))
    if form is None:
        form = _FORMS[_root(value)]
    return form(value)


def _record(value: msgspec.Struct) -> JsonValue:
    return {name: to_json(getattr(value, name)) for name in _sorted_fields(type(value))}


_FORMS: dict[type, Callable[[Any], JsonValue]] = {
    str: str,
    bool: bool,
    int: str,
    bytes: lambda value: "0x" + value.hex(),
    tuple: lambda value: [to_json(each) for each in value],
    NoneType: lambda _: None,
    msgspec.Struct: _record,
}


def _root(value: object) -> type:
    """The type of which a value is one; raises TypeError where it is none that contracts have."""
    for kind in _FORMS:
        if isinstance(value, kind):
            return kind
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
_encode_json = msgspec.json.Encoder().encode
"""As hub.services.json_text.canonical does it, but for the order of properties, which they have already."""


@lru_cache(512)
def _sorted_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(sorted(kind.__struct_fields__))


def _decoder(kind: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    return _decoder_of(kind)


@lru_cache(512)
def _decoder_of(kind: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    return msgspec.msgpack.Decoder(kind).decode


def _plain(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _unsuitable(info: inspect.Type, inside: tuple[type, ...]) -> str:
    fault = ""
    match _plain(info):
        case inspect.StrType(pattern=str()):
            fault = "a pattern may take for ever to match what is sent: check the text in the method"
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
