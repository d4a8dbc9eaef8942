"""The types that Solidity ABI components name (``[{"name", "type", "components"?}]``), checked once, at definition."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, TypeAlias

from hub.services.errors import InvalidAbi, InvalidJson, SchemaTooLarge
from hub.services.json_text import JsonValue, parse, pointer

MAX_ABI_TEXT_BYTES = 16 * 1024
MAX_ABI_DEPTH = 15
"""Tuples and array dimensions inside each other."""
MAX_LEAST_BYTES = 16 * 1024
"""Of the smallest value of a type: what cannot travel to an EVM chain is no type of a service."""

_WORD = 32
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,63}")
_TYPE = re.compile(r"([a-z]+)([0-9x]*)((?:\[[0-9]*\])*)")
_DIMENSION = re.compile(r"\[([0-9]*)\]")
_LENGTH = re.compile(r"|[1-9][0-9]{0,4}")
_KEYS = {"name", "type", "components", "internalType"}


@dataclass(frozen=True, slots=True)
class _OneWord:
    """A value that is one word, in place."""

    dynamic: ClassVar[bool] = False
    head_bytes: ClassVar[int] = _WORD
    least_bytes: ClassVar[int] = _WORD


@dataclass(frozen=True, slots=True)
class _Tailed:
    """A value of any length: its offset stands in the head, its length and itself in the tail."""

    dynamic: ClassVar[bool] = True
    head_bytes: ClassVar[int] = _WORD
    least_bytes: ClassVar[int] = 2 * _WORD


@dataclass(frozen=True, slots=True)
class Integer(_OneWord):
    bits: int
    signed: bool

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the largest value."""
        if self.signed:
            return -(1 << self.bits - 1), (1 << self.bits - 1) - 1
        return 0, (1 << self.bits) - 1


@dataclass(frozen=True, slots=True)
class FixedBytes(_OneWord):
    size: int


@dataclass(frozen=True, slots=True)
class Boolean(_OneWord):
    pass


@dataclass(frozen=True, slots=True)
class AddressType(_OneWord):
    pass


@dataclass(frozen=True, slots=True)
class DynamicBytes(_Tailed):
    pass


@dataclass(frozen=True, slots=True)
class Text(_Tailed):
    pass


@dataclass(frozen=True, slots=True)
class Array:
    """``T[]``, or ``T[length]`` where a length is given."""

    item: "AbiType"
    length: int | None
    dynamic: bool = field(init=False, repr=False, compare=False)
    head_bytes: int = field(init=False, repr=False, compare=False)
    least_bytes: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        dynamic = self.length is None or self.item.dynamic
        inside = (self.length or 0) * self.item.least_bytes
        object.__setattr__(self, "dynamic", dynamic)
        object.__setattr__(self, "head_bytes", _WORD if dynamic else inside)
        object.__setattr__(self, "least_bytes", inside + (2 * _WORD if self.length is None else _WORD * dynamic))


@dataclass(frozen=True, slots=True)
class Tuple:
    """Named components in order. All components of a service's input or output together are one, too."""

    names: tuple[str, ...]
    types: tuple["AbiType", ...]
    dynamic: bool = field(init=False, repr=False, compare=False)
    head_bytes: int = field(init=False, repr=False, compare=False)
    least_bytes: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        dynamic = any(kind.dynamic for kind in self.types)
        inside = sum(kind.least_bytes for kind in self.types)
        object.__setattr__(self, "dynamic", dynamic)
        object.__setattr__(self, "head_bytes", _WORD if dynamic else inside)
        object.__setattr__(self, "least_bytes", inside + _WORD * dynamic)

    def components(self) -> Iterator[tuple[str, "AbiType"]]:
        """Names with their types."""
        return zip(self.names, self.types, strict=True)


AbiType: TypeAlias = Integer | FixedBytes | Boolean | AddressType | DynamicBytes | Text | Array | Tuple
"""``dynamic``: an offset stands in the head (Solidity's ABI specification); ``head_bytes``: what a value takes in the
head of what it is part of; ``least_bytes``: what the smallest value takes in all, its offset included."""


@lru_cache(maxsize=256)
def parse_abi(text: str) -> Tuple:
    """The components in ``text``, a JSON array; raises InvalidAbi, SchemaTooLarge."""
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_ABI_TEXT_BYTES:
        raise SchemaTooLarge(len(data), MAX_ABI_TEXT_BYTES)
    try:
        # A tuple takes two levels of JSON, and the type of an array one level of ABI but none of JSON.
        components = parse(data, 2 * MAX_ABI_DEPTH + 2)
    except InvalidJson as refusal:
        raise InvalidAbi("", str(refusal)) from None
    kind = _tuple(components, "", 0)
    if kind.least_bytes > MAX_LEAST_BYTES:
        raise InvalidAbi("", f"the smallest value has {kind.least_bytes} bytes, {MAX_LEAST_BYTES} are allowed")
    return kind


def _tuple(components: JsonValue, place: str, depth: int) -> Tuple:
    if not isinstance(components, list):
        raise InvalidAbi(place, "components are an array of objects with name and type")
    named = [_component(each, place + pointer(index), depth) for index, each in enumerate(components)]
    names = tuple(name for name, _ in named)
    if len(set(names)) != len(names):
        raise InvalidAbi(place, "two components have the same name")
    return Tuple(names, tuple(kind for _, kind in named))


def _component(component: JsonValue, place: str, depth: int) -> tuple[str, AbiType]:
    if not isinstance(component, dict) or not component.keys() <= _KEYS:
        raise InvalidAbi(place, "a component is an object of name, type, and for a tuple components")
    name, written = component.get("name"), component.get("type")
    if not isinstance(name, str) or not isinstance(written, str):
        raise InvalidAbi(place, "a component has a name and a type, both strings")
    if not _NAME.fullmatch(name):
        raise InvalidAbi(place + "/name", "a name has 1 to 64 letters, digits, _ or $, and begins with no digit")
    parts = _TYPE.fullmatch(written)
    if parts is None:
        raise InvalidAbi(place + "/type", _KNOWN)
    dimensions = _DIMENSION.findall(parts[3])
    if not all(map(_LENGTH.fullmatch, dimensions)):
        raise InvalidAbi(place + "/type", "an array's length is a number from 1 to 99999")
    depth += len(dimensions) + (parts[1] == "tuple")
    if depth > MAX_ABI_DEPTH:
        raise InvalidAbi(place, f"tuples and arrays are more than {MAX_ABI_DEPTH} deep")
    kind = _base(component, parts[1], parts[2], place, depth)
    for dimension in dimensions:
        kind = Array(kind, int(dimension) if dimension else None)
    return name, kind


def _base(component: dict[str, JsonValue], base: str, size: str, place: str, depth: int) -> AbiType:
    if base == "tuple" and not size:
        if not component.get("components"):
            raise InvalidAbi(place, "a tuple has at least one component")
        return _tuple(component["components"], place + "/components", depth)
    if "components" in component:
        raise InvalidAbi(place, "only a tuple has components")
    if (kind := _ELEMENTARY.get(base + size)) is None:
        raise InvalidAbi(place + "/type", _KNOWN)
    return kind


_ELEMENTARY: dict[str, AbiType] = {
    "bool": Boolean(),
    "address": AddressType(),
    "string": Text(),
    "bytes": DynamicBytes(),
    **{f"bytes{size}": FixedBytes(size) for size in range(1, 33)},
    **{f"uint{bits}": Integer(bits, signed=False) for bits in range(8, 257, 8)},
    **{f"int{bits}": Integer(bits, signed=True) for bits in range(8, 257, 8)},
}
_KNOWN = (
    "a type is uint8 to uint256, int8 to int256, bytes1 to bytes32, bytes, string, bool, address or tuple, each with "
    "[] or [length] behind it; uint is written uint256; function, fixed and ufixed do not travel"
)
