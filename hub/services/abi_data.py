"""Values to and from ABI data. Each value has one encoding, Solidity's ``abi.encode``, and no other bytes are read.

Writing is eth-abi's. Reading is not: its decoder follows every offset wherever it points, so that a few thousand bytes
of offsets to one place cost it seconds (docs/adr/0003). Here the place of everything is known before it is read, and
the offset must name just that place: each byte is read once, and nothing non-canonical is left to refuse afterwards.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias, assert_never

from eth_abi import encoding
from eth_abi.exceptions import EncodingError

from hub.services.abi import (
    AbiType,
    AddressType,
    Array,
    Boolean,
    DynamicBytes,
    FixedBytes,
    Integer,
    Text,
    Tuple,
)
from hub.services.errors import MalformedAbi

AbiValue: TypeAlias = int | bool | bytes | str | tuple["AbiValue", ...]
"""Addresses are their 20 bytes; arrays and tuples both are tuples."""

_WORD = 32
_ETH_ABI: Any = encoding  # its constructors carry no types


def decode(kind: Tuple, data: bytes) -> tuple[AbiValue, ...]:
    """The value of each component; raises MalformedAbi."""
    values, end = _sequence(kind.types, data, 0)
    if end != len(data):
        raise MalformedAbi(end, f"{len(data) - end} bytes are left over")
    return values


def encode(kind: Tuple, values: tuple[AbiValue, ...]) -> bytes:
    """Solidity's ``abi.encode`` of the components. The values must be of their types: else ValueError."""
    try:
        data: bytes = _encoder(kind)(values)
    except EncodingError as error:
        raise ValueError(f"not a value of the type: {error}") from error
    return data


def encoded_bytes(kind: Tuple, values: tuple[AbiValue, ...]) -> int:
    """How long ``encode`` makes it, without the work: short JSON can be dozens of times as long in ABI."""
    return sum(map(_encoded_bytes, kind.types, values))


def _encoded_bytes(kind: AbiType, value: AbiValue) -> int:
    """What a value takes in all, its offset included."""
    match kind, value:
        case Tuple(types=types), tuple():
            inside = sum(map(_encoded_bytes, types, value))
        case Array(item=item, length=length), tuple():
            inside = sum(_encoded_bytes(item, part) for part in value) + (_WORD if length is None else 0)
        case Text(), str():
            inside = _run_bytes(len(value.encode()))
        case DynamicBytes(), bytes():
            inside = _run_bytes(len(value))
        case _:
            inside = _WORD
    return inside + _WORD * kind.dynamic


def _run_bytes(length: int) -> int:
    """Bytes behind their length, filled up to whole words."""
    return _WORD + length + -length % _WORD


def _sequence(kinds: Sequence[AbiType], data: bytes, start: int) -> tuple[tuple[AbiValue, ...], int]:
    """Values that stand one behind the other from ``start``, with the heads of all before the tails of any."""
    head, tail = start, start + sum(kind.head_bytes for kind in kinds)
    if tail > len(data):
        raise MalformedAbi(len(data), f"the data ends before byte {tail}, where the heads end")
    values: list[AbiValue] = []
    for kind in kinds:
        if kind.dynamic:
            if start + _number(data, head) != tail:
                raise MalformedAbi(head, f"the offset must be {tail - start}: values stand in order, without gaps")
            value, tail = _value(kind, data, tail)
            head += _WORD
        else:
            value, head = _value(kind, data, head)
        values.append(value)
    return tuple(values), tail


def _value(kind: AbiType, data: bytes, at: int) -> tuple[AbiValue, int]:
    """The value at ``at`` and where it ends."""
    match kind:
        case Tuple(types=types):
            return _sequence(types, data, at)
        case Array(item=item, length=length):
            if length is None:
                length, at = _number(data, at), at + _WORD
                if length * item.head_bytes > len(data) - at:
                    raise MalformedAbi(at - _WORD, "the array has more items than the data can hold")
            return _sequence([item] * length, data, at)
        case DynamicBytes():
            return _run(data, at)
        case Text():
            run, end = _run(data, at)
            try:
                return run.decode(), end
            except UnicodeDecodeError:
                raise MalformedAbi(at + _WORD, "the string is not UTF-8") from None
        case Integer() | FixedBytes() | Boolean() | AddressType():
            return _word(kind, data, at), at + _WORD
        case _:
            assert_never(kind)


def _word(kind: Integer | FixedBytes | Boolean | AddressType, data: bytes, at: int) -> AbiValue:
    word = data[at : at + _WORD]
    number = int.from_bytes(word, "big")
    match kind:
        case Integer(signed=signed):
            number = int.from_bytes(word, "big", signed=signed)
            least, most = kind.bounds
            if not least <= number <= most:
                raise MalformedAbi(at, "the integer does not fit its type: its upper bits are dirty")
            return number
        case FixedBytes(size=size):
            if any(word[size:]):
                raise MalformedAbi(at, "the bytes behind the value are not zero")
            return word[:size]
        case Boolean():
            if number > 1:
                raise MalformedAbi(at, "a bool is 0 or 1")
            return bool(number)
        case AddressType():
            if any(word[:12]):
                raise MalformedAbi(at, "the bytes before the address are not zero")
            return word[12:]
        case _:
            assert_never(kind)


def _number(data: bytes, at: int) -> int:
    if at + _WORD > len(data):
        raise MalformedAbi(len(data), f"the data ends within the word at byte {at}")
    return int.from_bytes(data[at : at + _WORD], "big")


def _run(data: bytes, at: int) -> tuple[bytes, int]:
    """Bytes behind their length, filled up with zeros to whole words."""
    length = _number(data, at)
    begin = at + _WORD
    end = begin + length + -length % _WORD
    if end > len(data):
        raise MalformedAbi(at, "the bytes or string is longer than the data")
    if any(data[begin + length : end]):
        raise MalformedAbi(begin + length, "the padding is not zero")
    return data[begin : begin + length], end


@lru_cache(maxsize=256)
def _encoder(kind: Tuple) -> Any:
    return _build(kind)


def _build(kind: AbiType) -> Any:
    """eth-abi's encoder, built from the type itself: its registry keeps every type's text that it ever saw."""
    match kind:
        case Integer(bits=bits, signed=signed):
            family = _ETH_ABI.SignedIntegerEncoder if signed else _ETH_ABI.UnsignedIntegerEncoder
            encoder = family(value_bit_size=bits)
        case FixedBytes(size=size):
            encoder = _ETH_ABI.BytesEncoder(value_bit_size=size * 8)
        case Boolean():
            encoder = _ETH_ABI.BooleanEncoder()
        case AddressType():
            encoder = _ETH_ABI.AddressEncoder()
        case DynamicBytes():
            encoder = _ETH_ABI.ByteStringEncoder()
        case Text():
            encoder = _ETH_ABI.TextStringEncoder()
        case Array(item=item, length=length):
            inside = _build(item)
            if length is None:
                encoder = _ETH_ABI.DynamicArrayEncoder(item_encoder=inside)
            else:
                encoder = _ETH_ABI.SizedArrayEncoder(item_encoder=inside, array_size=length)
        case Tuple(types=types):
            encoder = _ETH_ABI.TupleEncoder(encoders=tuple(map(_build, types)))
        case _:
            assert_never(kind)
    return encoder
