"""Protobuf to core types and back, for all messages, events and answers: the only place that knows both.

No message is spelled out here. A struct and a proto message belong together by equal fields, and how a field travels
follows from its type:

    core                     proto
    int, Height, Epoch, …    uint32, uint64; or an enum's number
    Seconds                  uint64, the name with ``_seconds`` behind
    Amount                   string, decimal
    UnixSeconds              uint64, the name with ``_unix_seconds`` behind
    Address, Hash            bytes of just 20, 32
    an Enum                  an enum, by its names; UNSPECIFIED is refused
    a Struct                 a message, which must be there
    X | None                 a message or ``optional`` that may be absent
    A | B                    a message of one oneof, which must be set
    a generic Struct[A]      as the Struct, with A in its fields
    tuple[X, ...]            repeated
    tuple[A, B]              a message of just these fields, in order

A pair that does not fit raises TypeError when it is first used; the tests use every one.
"""

import re
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

import msgspec
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as Proto
from google.protobuf.message_factory import GetMessageClass
from interchain.hub.v1 import tx_pb2

from hub.accounts.errors import MalformedTransaction, UnknownTransactionFormat
from hub.messages import SignedTransaction, Transaction
from hub.quantities import MAX_AMOUNT, Address, Amount, Hash, Seconds, UnixSeconds
from hub.rpc.errors import (
    MalformedAmount,
    MissingField,
    NumberOutOfRange,
    UndecodableMessage,
    UnknownFields,
    UnspecifiedEnum,
    WrongLength,
)

TRANSACTION_FORMAT = 1
"""The first byte of what is signed on every chain of our own: how the rest is to be read."""

T = TypeVar("T")
P = TypeVar("P", bound=Proto)

_SUFFIXES: dict[object, str] = {UnixSeconds: "_unix_seconds", Seconds: "_seconds"}
_LENGTHS: dict[object, int] = {Address: 20, Hash: 32}
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,38})\Z")
_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBERS = frozenset((FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64))


class Codec(NamedTuple):
    """How one value travels; ``decode`` takes the field's dotted name for its errors."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any, str], Any]


class _Field(NamedTuple):
    core: str
    proto: str
    present: bool
    """Whether absence can be seen: a message or an ``optional``."""
    optional: bool
    repeated: bool
    message: bool
    codec: Codec


def to_proto(value: object, proto: type[P]) -> P:
    """A core struct as its proto message; raises NumberOutOfRange where a number does not fit."""
    core: Any = type(value)
    message: P = _codec(core, proto.DESCRIPTOR).encode(value)
    return message


def value_to_proto(value: object, core: object, proto: type[P]) -> P:
    """A value of a type that the value itself does not tell: a union of structs, or a generic struct of something."""
    of: Any = core
    message: P = _codec(of, proto.DESCRIPTOR).encode(value)
    return message


def from_proto(message: Proto, core: type[T]) -> T:
    """A proto message as the core struct, strictly; raises RpcError, and what the struct itself refuses."""
    of: Any = core
    value: T = _codec(of, message.DESCRIPTOR).decode(message, "")
    return value


def value_from_proto(message: Proto, core: object) -> Any:
    """The counterpart of ``value_to_proto``, strict as ``from_proto``."""
    of: Any = core
    return _codec(of, message.DESCRIPTOR).decode(message, "")


def decode_body(body: bytes, proto: type[Proto], core: type[T]) -> T:
    """What was signed, from its very bytes; raises UnknownTransactionFormat, MalformedTransaction, RpcError."""
    if not body:
        raise MalformedTransaction("its body is empty: it begins with the format byte")
    if body[0] != TRANSACTION_FORMAT:
        raise UnknownTransactionFormat(body[0], TRANSACTION_FORMAT)
    message = proto()
    try:
        message.ParseFromString(body[1:])
    except DecodeError as error:
        raise UndecodableMessage(proto.DESCRIPTOR.name) from error
    refuse_unknown_fields(message)
    return from_proto(message, core)


def encode_body(transaction: object, proto: type[Proto]) -> bytes:
    """The bytes to be signed: the format byte and the serialised body; raises NumberOutOfRange."""
    return bytes((TRANSACTION_FORMAT,)) + to_proto(transaction, proto).SerializeToString(deterministic=True)


def decode_transaction(body: bytes, signature: bytes) -> SignedTransaction:
    """A transaction from the very bytes that were signed, as ``decode_body``. The signature is not looked at here."""
    transaction = decode_body(body, tx_pb2.TransactionBody, Transaction)
    return SignedTransaction(body, signature, sha256(body + signature).digest(), transaction)


def encode_transaction(transaction: Transaction) -> bytes:
    """The bytes of a body, to be signed."""
    return encode_body(transaction, tx_pb2.TransactionBody)


def refuse_unknown_fields(message: Proto) -> None:
    """Raises UnknownFields for one anywhere in the message, which must not be used otherwise meanwhile."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise UnknownFields(message.DESCRIPTOR.name)


@cache
def _codec(core: Any, descriptor: Descriptor) -> Codec:
    """The codec of a whole message."""
    members = _union_members(core)
    if members:
        return _oneof(members, descriptor)
    if typing.get_origin(core) is tuple:
        parts = typing.get_args(core)
        if len(parts) != len(descriptor.fields):
            raise _mismatch(core, descriptor)
        pairs = [(proto.name, part, proto) for part, proto in zip(parts, descriptor.fields, strict=True)]
        return _message(pairs, descriptor, tuple, lambda value: value)
    struct = typing.get_origin(core) or core
    if not (isinstance(struct, type) and issubclass(struct, msgspec.Struct)):
        raise _mismatch(core, descriptor)
    hints = {name: _given(hint, core) for name, hint in typing.get_type_hints(struct).items()}
    names = {_proto_name(name, hints[name]): name for name in struct.__struct_fields__}
    if set(names) != set(descriptor.fields_by_name):
        raise _mismatch(core, descriptor)
    pairs = [(core_name, hints[core_name], descriptor.fields_by_name[name]) for name, core_name in names.items()]
    order = [core_name for core_name, _, _ in pairs]
    return _message(pairs, descriptor, lambda values: struct(*values), lambda value: [getattr(value, n) for n in order])


def _message(
    pairs: list[tuple[str, Any, FieldDescriptor]],
    descriptor: Descriptor,
    build: Callable[[list[Any]], Any],
    take: Callable[[Any], Any],
) -> Codec:
    proto_class = GetMessageClass(descriptor)
    fields = [_field(name, hint, proto) for name, hint, proto in pairs]

    def encode(value: Any) -> Proto:
        message = proto_class()
        for field, part in zip(fields, take(value), strict=True):
            if part is not None:
                _put(message, field, part)
        return message

    def decode(message: Any, where: str) -> Any:
        return build([_take(message, field, where) for field in fields])

    return Codec(encode, decode)


def _put(message: Proto, field: _Field, part: Any) -> None:
    try:
        if field.repeated:
            getattr(message, field.proto).extend([field.codec.encode(item) for item in part])
        elif field.message:
            getattr(message, field.proto).CopyFrom(field.codec.encode(part))
        else:
            setattr(message, field.proto, field.codec.encode(part))
    except ValueError as error:
        raise NumberOutOfRange(field.core) from error


def _take(message: Proto, field: _Field, where: str) -> Any:
    name = f"{where}.{field.proto}" if where else field.proto
    if field.repeated:
        return tuple(field.codec.decode(item, name) for item in getattr(message, field.proto))
    if field.present and not message.HasField(field.proto):
        if field.optional:
            return None
        raise MissingField(name)
    return field.codec.decode(getattr(message, field.proto), name)


def _field(name: str, hint: Any, proto: FieldDescriptor) -> _Field:
    optional = type(None) in typing.get_args(hint)
    repeated = typing.get_origin(hint) is tuple and typing.get_args(hint)[-1] is Ellipsis
    if repeated != proto.is_repeated or optional > proto.has_presence:
        raise _mismatch(hint, proto)
    if optional:
        hint = typing.Union[tuple(arg for arg in typing.get_args(hint) if arg is not type(None))]  # noqa: UP007
    if repeated:
        hint = typing.get_args(hint)[0]
    is_message = proto.message_type is not None
    return _Field(name, proto.name, proto.has_presence, optional, repeated, is_message, _member(hint, proto))


def _oneof(members: tuple[Any, ...], descriptor: Descriptor) -> Codec:
    if len(descriptor.oneofs) != 1 or len(descriptor.fields) != len(members):
        raise _mismatch(members, descriptor)
    group = descriptor.oneofs[0].name
    proto_class = GetMessageClass(descriptor)
    cases = {_case(member, descriptor): member for member in members}
    names = {_runtime_type(member): name for name, member in cases.items()}
    codecs = {name: _member(member, descriptor.fields_by_name[name]) for name, member in cases.items()}

    def encode(value: Any) -> Proto:
        name = names[type(value)]
        return proto_class(**{name: codecs[name].encode(value)})

    def decode(message: Any, where: str) -> Any:
        name = message.WhichOneof(group)
        if name is None:
            raise MissingField(f"{where}.{group}" if where else group)
        return codecs[name].decode(getattr(message, name), f"{where}.{name}" if where else name)

    return Codec(encode, decode)


def _member(hint: Any, proto: FieldDescriptor) -> Codec:
    return _scalar(hint, proto) if proto.message_type is None else _codec(hint, proto.message_type)


def _runtime_type(hint: Any) -> Any:
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    return hint


def _case(member: Any, descriptor: Descriptor) -> str:
    """A union's member by its own name, or by its module's where several modules have one of that name."""
    for name in (_SNAKE.sub("_", member.__name__).lower(), member.__module__.rpartition(".")[2]):
        if name in descriptor.fields_by_name:
            return str(name)
    raise _mismatch(member, descriptor)


def _scalar(hint: Any, proto: FieldDescriptor) -> Codec:
    if proto.enum_type is not None:
        return _enum(hint, proto.enum_type)
    if hint is Amount and proto.type == FieldDescriptor.TYPE_STRING:
        return Codec(_encode_amount, _decode_amount)
    if hint in _LENGTHS and proto.type == FieldDescriptor.TYPE_BYTES:
        return Codec(lambda value: value, _sized(_LENGTHS[hint]))
    hint = _runtime_type(hint)
    fits = {
        int: proto.type in _NUMBERS,
        str: proto.type == FieldDescriptor.TYPE_STRING,
        bytes: proto.type == FieldDescriptor.TYPE_BYTES,
        bool: proto.type == FieldDescriptor.TYPE_BOOL,
    }
    if not fits.get(hint):
        raise _mismatch(hint, proto)
    return Codec(lambda value: value, lambda value, _: value)


def _enum(hint: Any, descriptor: EnumDescriptor) -> Codec:
    numbers = frozenset(value.number for value in descriptor.values if value.number)
    if hint is int:

        def check(number: int, where: str) -> int:
            if number not in numbers:
                raise UnspecifiedEnum(where, number)
            return number

        return Codec(lambda value: value, check)
    if not (isinstance(hint, type) and issubclass(hint, Enum)):
        raise _mismatch(hint, descriptor)
    prefix = _SNAKE.sub("_", descriptor.name).upper() + "_"
    by_name = {value.name.removeprefix(prefix): value.number for value in descriptor.values if value.number}
    if set(by_name) != set(hint.__members__):
        raise _mismatch(hint, descriptor)
    members = {number: hint[name] for name, number in by_name.items()}

    def decode(number: int, where: str) -> Enum:
        try:
            return members[number]
        except KeyError:
            raise UnspecifiedEnum(where, number) from None

    return Codec(lambda value: by_name[value.name], decode)


def _sized(length: int) -> Callable[[bytes, str], bytes]:
    def check(value: bytes, where: str) -> bytes:
        if len(value) != length:
            raise WrongLength(where, length, len(value))
        return value

    return check


def _encode_amount(value: int) -> str:
    if not 0 <= value <= MAX_AMOUNT:
        raise ValueError(value)
    return str(value)


def _decode_amount(text: str, where: str) -> int:
    if not _AMOUNT.match(text) or (value := int(text)) > MAX_AMOUNT:
        raise MalformedAmount(where)
    return value


def _union_members(core: Any) -> tuple[Any, ...]:
    return typing.get_args(core) if isinstance(core, types.UnionType) or typing.get_origin(core) is typing.Union else ()


def _given(hint: Any, generic: Any) -> Any:
    """A field's type where its struct is generic and was given its parameters."""
    parameters = getattr(typing.get_origin(generic), "__parameters__", ())
    given = dict(zip(parameters, typing.get_args(generic), strict=True))
    if isinstance(hint, TypeVar):
        return given.get(hint, hint)
    inner = getattr(hint, "__parameters__", ())
    return hint[tuple(given.get(one, one) for one in inner)] if inner else hint


def _proto_name(name: str, hint: Any) -> str:
    return name + _SUFFIXES.get(hint, "")


def _mismatch(core: object, proto: Any) -> TypeError:
    return TypeError(f"{core} and {getattr(proto, 'full_name', proto)} do not belong together")
