"""What ABI components a definition may have: each type with its sizes, and a table of one broken thing each."""

import json
from typing import Any

import pytest

from hub.services.abi import (
    MAX_ABI_DEPTH,
    MAX_ABI_TEXT_BYTES,
    AddressType,
    Array,
    Boolean,
    DynamicBytes,
    FixedBytes,
    Integer,
    Text,
    Tuple,
    parse_abi,
)
from hub.services.abi_data import decode, encode
from hub.services.errors import InvalidAbi, SchemaTooLarge


def part(kind: str, *components: Any, name: str = "a") -> dict[str, Any]:
    return {"name": name, "type": kind, **({"components": list(components)} if components else {})}


@pytest.mark.parametrize(
    ("kind", "expected", "dynamic", "head_bytes", "least_bytes"),
    [
        ("uint8", Integer(8, signed=False), False, 32, 32),
        ("int256", Integer(256, signed=True), False, 32, 32),
        ("bytes1", FixedBytes(1), False, 32, 32),
        ("bytes32", FixedBytes(32), False, 32, 32),
        ("bool", Boolean(), False, 32, 32),
        ("address", AddressType(), False, 32, 32),
        ("bytes", DynamicBytes(), True, 32, 64),
        ("string", Text(), True, 32, 64),
        ("bool[]", Array(Boolean(), None), True, 32, 64),
        ("bool[3]", Array(Boolean(), 3), False, 96, 96),
        ("bool[3][]", Array(Array(Boolean(), 3), None), True, 32, 64),
        ("bool[][3]", Array(Array(Boolean(), None), 3), True, 32, 32 + 3 * 64),
        ("bool[2][3]", Array(Array(Boolean(), 2), 3), False, 192, 192),
        ("string[2]", Array(Text(), 2), True, 32, 32 + 2 * 64),
    ],
)
def test_types(kind: str, expected: Any, dynamic: bool, head_bytes: int, least_bytes: int) -> None:
    (parsed,) = parse_abi(json.dumps([part(kind)])).types
    assert parsed == expected
    assert (parsed.dynamic, parsed.head_bytes, parsed.least_bytes) == (dynamic, head_bytes, least_bytes)


def test_tuples_and_what_solc_adds() -> None:
    point = part("tuple[2]", part("int8", name="x"), part("string", name="y")) | {"internalType": "struct Point[2]"}
    parsed = parse_abi(json.dumps([point, part("bool", name="b")]))
    inner = Tuple(("x", "y"), (Integer(8, signed=True), Text()))
    assert parsed == Tuple(("a", "b"), (Array(inner, 2), Boolean()))
    assert (inner.dynamic, inner.head_bytes, inner.least_bytes) == (True, 32, 32 + 32 + 64)
    assert parse_abi("[]") == Tuple((), ())


@pytest.mark.parametrize(
    ("components", "place"),
    [
        ({}, ""),
        ("uint256", ""),
        (None, ""),
        (["uint256"], "/0"),
        ([[]], "/0"),
        ([{"type": "bool"}], "/0"),
        ([{"name": "a"}], "/0"),
        ([{"name": 1, "type": "bool"}], "/0"),
        ([{"name": "a", "type": ["bool"]}], "/0"),
        ([part("bool") | {"indexed": True}], "/0"),
        ([part("bool", name="")], "/0/name"),
        ([part("bool", name="1a")], "/0/name"),
        ([part("bool", name="a b")], "/0/name"),
        ([part("bool", name="a\n")], "/0/name"),
        ([part("bool", name="é")], "/0/name"),
        ([part("bool", name="a" * 65)], "/0/name"),
        ([part("bool"), part("bool")], ""),
        ([part("tuple", part("bool"), part("bool"))], "/0/components"),
        ([part("tuple")], "/0"),
        ([part("tuple[]")], "/0"),
        ([part("tuple") | {"components": []}], "/0"),
        ([part("tuple") | {"components": {"a": "bool"}}], "/0/components"),
        ([part("tuple8", part("bool"))], "/0"),
        ([part("bool", part("bool"))], "/0"),
        ([part("bool") | {"components": []}], "/0"),
        ([part("tuple", part("uint7"))], "/0/components/0/type"),
        *(
            ([part(kind)], "/0/type")
            for kind in (
                "",
                "uint",
                "int",
                "uint0",
                "uint7",
                "uint08",
                "uint264",
                "int12",
                "bytes0",
                "bytes33",
                "byte",
                "bool8",
                "address payable",
                "string32",
                "function",
                "fixed",
                "fixed128x18",
                "ufixed8x1",
                "uint256 ",
                "Uint256",
                "uint256\n",
                "enum",
                "mapping(uint256=>bool)",
                "(bool,bool)",
                "[]",
                "bool[",
                "bool]",
                "bool[][",
                "bool[0]",
                "bool[01]",
                "bool[-1]",
                "bool[a]",
                "bool[ 1]",
                "bool[100000]",
                "bool[]8",
            )
        ),
        ([part("uint8[513]")], ""),
        ([part("uint8[32][17]")], ""),
        ([part("uint8[99999][99999][99999]")], ""),
        ([part("string[99999]")], ""),
        ([part("tuple[99]", part("bool[99]"))], ""),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_one_broken_thing(components: Any, place: str) -> None:
    with pytest.raises(InvalidAbi) as refusal:
        parse_abi(json.dumps(components))
    assert refusal.value.place == place


@pytest.mark.parametrize("written", ["", "[", '[{"name":"a","name":"b","type":"bool"}]', "[1.5]", "[" * 9999, "\ud800"])
def test_what_is_no_json(written: str) -> None:
    with pytest.raises(InvalidAbi):
        parse_abi(written)


def test_size_and_depth_have_bounds() -> None:
    assert parse_abi(json.dumps([part("uint8[512]")])).least_bytes == 16 * 1024
    with pytest.raises(SchemaTooLarge):
        parse_abi(" " * (MAX_ABI_TEXT_BYTES - 1) + "[]")
    parse_abi(" " * (MAX_ABI_TEXT_BYTES - 2) + "[]")
    parse_abi(json.dumps([part("bool" + "[]" * MAX_ABI_DEPTH)]))
    with pytest.raises(InvalidAbi):
        parse_abi(json.dumps([part("bool" + "[]" * (MAX_ABI_DEPTH + 1))]))


@pytest.mark.parametrize("arrays", ["", "[]"])
def test_tuples_in_tuples_have_a_bound(arrays: str) -> None:
    levels = MAX_ABI_DEPTH // (2 if arrays else 1)
    component = part("bool" if not arrays else "bool[]")
    for _ in range(levels):
        component = part("tuple" + arrays, component)
    parse_abi(json.dumps([component]))
    with pytest.raises(InvalidAbi):
        parse_abi(json.dumps([part("tuple", component)]))


@pytest.mark.timeout(60)
def test_the_deepest_types_are_read_at_once() -> None:
    """A decoder that looks into static tuples before it reads them doubles its work at each level."""
    component = part("uint8[256]")
    for _ in range(MAX_ABI_DEPTH - 1):
        component = part("tuple", component)
    kind = parse_abi(json.dumps([component]))
    value: Any = (tuple(range(256)),)
    for _ in range(MAX_ABI_DEPTH - 1):
        value = (value,)
    assert decode(kind, encode(kind, value)) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("uint8", "1"),
        ("int8", 128),
        ("bool", 1),
        ("bytes2", b"abc"),
        ("address", b"abc"),
        ("string", b"abc"),
        ("bytes", "abc"),
        ("bool[2]", (True,)),
        ("bool[]", True),
    ],
)
def test_what_is_no_value_of_a_type_is_not_written(kind: str, value: Any) -> None:
    with pytest.raises(ValueError, match="not a value"):
        encode(parse_abi(json.dumps([part(kind)])), (value,))
