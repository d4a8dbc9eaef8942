"""The fixed mapping between ABI values and JSON values (design: tests/vectors/transcoding.json).

Components and tuples are objects by component name, arrays are arrays, bool a boolean, a string a string; an integer is
a decimal string without leading zeros, bytes are 0x and lower-case hex digits, an address its EIP-55 form. Each ABI
value has one JSON value, and back.
"""

import re
from typing import assert_never

from eth_utils.address import to_checksum_address

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
from hub.services.abi_data import AbiValue
from hub.services.errors import NotTranslatable
from hub.services.json_text import JsonValue, pointer

_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,77}")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def components_to_json(kind: Tuple, values: tuple[AbiValue, ...]) -> dict[str, JsonValue]:
    """Values of the components, in order, as the object by their names."""
    return {name: to_json(each, value) for (name, each), value in zip(kind.components(), values, strict=True)}


def components_from_json(kind: Tuple, value: JsonValue, place: str = "") -> tuple[AbiValue, ...]:
    """Values of the components, in order, from the object by their names; raises NotTranslatable."""
    if not isinstance(value, dict) or value.keys() != set(kind.names):
        raise NotTranslatable(place, _expected(kind))
    return tuple(from_json(each, value[name], place + pointer(name)) for name, each in kind.components())


def to_json(kind: AbiType, value: AbiValue) -> JsonValue:
    """A value of a type, as JSON; the value must be of the type: else TypeError."""
    match kind, value:
        case Tuple(), tuple():
            return components_to_json(kind, value)
        case Array(item=item), tuple():
            return [to_json(item, part) for part in value]
        case AddressType(), bytes():
            return str(to_checksum_address(value))
        case ((FixedBytes() | DynamicBytes()), bytes()):
            return "0x" + value.hex()
        case Integer(), int():
            return str(value)
        case (Boolean(), bool(plain)) | (Text(), str(plain)):
            return plain
        case _:
            raise TypeError(f"a {type(value).__name__} is no value of {kind}")


def from_json(kind: AbiType, value: JsonValue, place: str = "") -> AbiValue:
    """The value of a type that a JSON value stands for; ``place`` is its JSON pointer. Raises NotTranslatable."""
    match kind, value:
        case Tuple(), _:
            return components_from_json(kind, value, place)
        case Array(item=item, length=length), list() if length in {None, len(value)}:
            return tuple(from_json(item, part, place + pointer(index)) for index, part in enumerate(value))
        case Boolean(), bool(flag):
            return flag
        case _, str(text) if (scalar := _from_text(kind, text)) is not None:
            return scalar
        case _:
            raise NotTranslatable(place, _expected(kind))


def _from_text(kind: AbiType, text: str) -> AbiValue | None:
    """The value that a string stands for, None if there is none."""
    match kind:
        case Text():
            return text
        case Integer(bounds=(least, most)) if _DECIMAL.fullmatch(text) and least <= int(text) <= most:
            return int(text)
        case DynamicBytes() if _HEX.fullmatch(text):
            return bytes.fromhex(text[2:])
        case FixedBytes(size=size) if len(text) == 2 + 2 * size and _HEX.fullmatch(text):
            return bytes.fromhex(text[2:])
        case AddressType() if _ADDRESS.fullmatch(text) and text == to_checksum_address(text):
            return bytes.fromhex(text[2:])
        case _:
            return None


def _expected(kind: AbiType) -> str:
    """What a JSON value must be, for the one who wrote another."""
    match kind:
        case Tuple(names=names):
            rule = f"it is an object of exactly {', '.join(names) or 'no property'}"
        case Array(length=length):
            rule = "it is an array" if length is None else f"it is an array of {length} items"
        case Integer(bits=bits, signed=signed):
            rule = f"it is an integer of {bits} bits, {'signed' if signed else 'from 0'}, as a decimal string"
        case FixedBytes(size=size):
            rule = f"it is a string of 0x and {2 * size} lower-case hex digits"
        case DynamicBytes():
            rule = "it is a string of 0x and lower-case hex digits, two for each byte"
        case AddressType():
            rule = "it is an address as EIP-55 writes it, with its checksum in upper and lower case"
        case Boolean():
            rule = "it is true or false"
        case Text():
            rule = "it is a string"
        case _:
            assert_never(kind)
    return rule
