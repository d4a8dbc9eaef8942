"""Writes transcoding.json: values in ABI and in JSON, and hostile data of either.

The JSON is written out by hand and the ABI is eth-abi's, from type strings: neither comes from the code it pins.
"""

import json
from typing import Any

from eth_abi.abi import encode

from tests.vectors.writing import write

Component = dict[str, Any]

ALICE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
BOB = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
MAX = 2**256 - 1


def part(name: str, kind: str, *components: Component) -> Component:
    """One ABI component."""
    return {"name": name, "type": kind, **({"components": list(components)} if components else {})}


def type_string(component: Component) -> str:
    """``(uint256,bytes)[2]`` for a tuple, the type itself otherwise."""
    kind = str(component["type"])
    if "components" not in component:
        return kind
    return f"({','.join(map(type_string, component['components']))}){kind.removeprefix('tuple')}"


def describing(components: list[Component]) -> dict[str, Any]:
    """The plainest JSON Schema that corresponds to the components."""
    return {
        "type": "object",
        "properties": {component["name"]: _described(component) for component in components},
        "required": [component["name"] for component in components],
        "additionalProperties": False,
    }


def _described(component: Component) -> dict[str, Any]:
    kind = str(component["type"])
    if kind.endswith("]"):
        return {"type": "array", "items": _described({**component, "type": kind[: kind.rindex("[")]})}
    if kind == "tuple":
        return describing(component["components"])
    return {"type": "boolean" if kind == "bool" else "string"}


def compact(value: Any) -> str:
    """Canonical JSON, for keys that are ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


PAIR = [part("base", "string"), part("quote", "string")]
POINT = part("at", "tuple", part("x", "int64"), part("y", "int64"))
NESTED = part(
    "outer",
    "tuple",
    part("id", "uint8"),
    part("inner", "tuple", part("name", "string"), part("deep", "tuple[]", part("flag", "bool"), part("raw", "bytes"))),
)

VALUES: list[tuple[str, list[Component], tuple[Any, ...], str]] = [
    ("nothing", [], (), "{}"),
    ("uint256 zero", [part("n", "uint256")], (0,), '{"n":"0"}'),
    ("uint256 largest", [part("n", "uint256")], (MAX,), '{"n":"' + str(MAX) + '"}'),
    ("uint8 largest", [part("n", "uint8")], (255,), '{"n":"255"}'),
    ("uint64 beyond a double", [part("n", "uint64")], (2**53 + 1,), '{"n":"9007199254740993"}'),
    ("int256 least", [part("n", "int256")], (-(2**255),), '{"n":"' + str(-(2**255)) + '"}'),
    ("int256 largest", [part("n", "int256")], (2**255 - 1,), '{"n":"' + str(2**255 - 1) + '"}'),
    ("int8 least", [part("n", "int8")], (-128,), '{"n":"-128"}'),
    ("int8 minus one", [part("n", "int8")], (-1,), '{"n":"-1"}'),
    ("int72", [part("n", "int72")], (-(2**71),), '{"n":"-2361183241434822606848"}'),
    ("true", [part("b", "bool")], (True,), '{"b":true}'),
    ("false", [part("b", "bool")], (False,), '{"b":false}'),
    ("address", [part("a", "address")], (ALICE,), '{"a":"' + ALICE + '"}'),
    ("address zero", [part("a", "address")], ("0x" + "00" * 20,), '{"a":"0x' + "00" * 20 + '"}'),
    ("bytes1", [part("b", "bytes1")], (b"\xff",), '{"b":"0xff"}'),
    ("bytes4 with zeros behind", [part("b", "bytes4")], (b"\x01\x00\x00\x00",), '{"b":"0x01000000"}'),
    ("bytes32", [part("b", "bytes32")], (b"\xab" * 32,), '{"b":"0x' + "ab" * 32 + '"}'),
    ("bytes empty", [part("b", "bytes")], (b"",), '{"b":"0x"}'),
    ("bytes of one word", [part("b", "bytes")], (b"\x01" * 32,), '{"b":"0x' + "01" * 32 + '"}'),
    ("bytes of a word and one", [part("b", "bytes")], (b"\x00" * 33,), '{"b":"0x' + "00" * 33 + '"}'),
    ("string empty", [part("s", "string")], ("",), '{"s":""}'),
    ("string of many planes", [part("s", "string")], ("né€😀",), '{"s":"né€😀"}'),
    ("string that JSON escapes", [part("s", "string")], ('"\\\n\x00\x7f/',), '{"s":"\\"\\\\\\n\\u0000\x7f/"}'),
    ("two strings", PAIR, ("EUR", "USD"), '{"base":"EUR","quote":"USD"}'),
    ("names sorted in JSON, not in ABI", [part("z", "uint8"), part("a", "uint8")], (1, 2), '{"a":"2","z":"1"}'),
    ("names with $ and _", [part("_", "bool"), part("$x_1", "bool")], (True, False), '{"$x_1":false,"_":true}'),
    ("dynamic array empty", [part("l", "uint16[]")], ([],), '{"l":[]}'),
    ("dynamic array", [part("l", "uint16[]")], ([1, 2, 3],), '{"l":["1","2","3"]}'),
    ("fixed array", [part("l", "bool[3]")], ([True, False, True],), '{"l":[true,false,true]}'),
    ("fixed array of strings", [part("l", "string[2]")], (["a", ""],), '{"l":["a",""]}'),
    ("arrays of arrays", [part("l", "uint8[2][]")], ([[1, 2], [3, 4]],), '{"l":[["1","2"],["3","4"]]}'),
    ("two arrays of any length", [part("l", "uint8[][2]")], ([[], [1]],), '{"l":[[],["1"]]}'),
    ("three dimensions", [part("l", "string[][1][]")], ([[["a", "b"]], [[]]],), '{"l":[[["a","b"]],[[]]]}'),
    ("static tuple", [POINT, part("n", "uint8")], ((-1, 2), 3), '{"at":{"x":"-1","y":"2"},"n":"3"}'),
    (
        "array of static tuples",
        [{**POINT, "type": "tuple[2]"}],
        ([(1, 2), (3, 4)],),
        '{"at":[{"x":"1","y":"2"},{"x":"3","y":"4"}]}',
    ),
    (
        "nested dynamic tuples",
        [NESTED, part("end", "bytes2")],
        ((7, ("", [(True, b"\x01"), (False, b"")])), b"\xca\xfe"),
        '{"end":"0xcafe","outer":{"id":"7","inner":{"deep":[{"flag":true,"raw":"0x01"},{"flag":false,"raw":"0x"}],"name":""}}}',
    ),
    (
        "static between dynamic",
        [part("a", "bytes"), part("b", "address"), part("c", "string[]"), part("d", "int8")],
        (b"\x01\x02", BOB, ["x", "yz"], -5),
        '{"a":"0x0102","b":"' + BOB + '","c":["x","yz"],"d":"-5"}',
    ),
]


def word(number: int) -> str:
    return number.to_bytes(32, "big", signed=number < 0).hex()


def text(data: bytes) -> str:
    """Bytes on the left of a word."""
    return data.ljust(32, b"\x00").hex()


def hostile_abi() -> list[tuple[str, list[Component], str, str]]:
    """What no ``abi.encode`` writes."""
    one, strings = [part("n", "uint8")], [part("a", "string"), part("b", "string")]
    array, bombs = [part("l", "uint256[]")], [part("l", "uint8[][][][]")]
    bomb = word(32) + (word(40) + word(32 * 40) * 40) * 3 + word(40) + word(1) * 40
    return [
        ("nothing where a word is due", one, "", "MALFORMED_ABI"),
        ("a word cut short", one, word(1)[:-2], "MALFORMED_ABI"),
        ("a byte too many", one, word(1) + "00", "MALFORMED_ABI"),
        ("a word too many", one, word(1) * 2, "MALFORMED_ABI"),
        ("anything where nothing is due", [], "00", "MALFORMED_ABI"),
        ("uint8 of 256", one, word(256), "MALFORMED_ABI"),
        ("uint8 with a dirty top", one, "80" + word(1)[2:], "MALFORMED_ABI"),
        ("int8 of 128", [part("n", "int8")], word(128), "MALFORMED_ABI"),
        ("int8 of -129", [part("n", "int8")], word(-129), "MALFORMED_ABI"),
        ("int8 without its sign", [part("n", "int8")], "00" * 31 + "ff", "MALFORMED_ABI"),
        ("bool of 2", [part("b", "bool")], word(2), "MALFORMED_ABI"),
        ("address with dirty bytes", [part("a", "address")], word(2**160), "MALFORMED_ABI"),
        ("bytes4 with dirty bytes", [part("b", "bytes4")], text(b"\x01\x02\x03\x04\x05"), "MALFORMED_ABI"),
        ("bytes with dirty padding", [part("b", "bytes")], word(32) + word(1) + text(b"ab"), "MALFORMED_ABI"),
        ("bytes without padding", [part("b", "bytes")], word(32) + word(1) + "61", "MALFORMED_ABI"),
        ("bytes padded by a word too many", [part("b", "bytes")], word(32) + word(0) + word(0), "MALFORMED_ABI"),
        ("string that is not UTF-8", [part("s", "string")], word(32) + word(1) + text(b"\xff"), "MALFORMED_ABI"),
        ("string of half a pair", [part("s", "string")], word(32) + word(3) + text(b"\xed\xa0\x80"), "MALFORMED_ABI"),
        ("a length of 2**256 - 1", [part("s", "string")], word(32) + word(MAX), "MALFORMED_ABI"),
        ("a length one beyond the end", [part("s", "string")], word(32) + word(33) + text(b"a"), "MALFORMED_ABI"),
        ("an array of 2**255 items", array, word(32) + word(2**255), "MALFORMED_ABI"),
        ("an array with an item missing", array, word(32) + word(2) + word(1), "MALFORMED_ABI"),
        ("an offset of 0", array, word(0) + word(0), "MALFORMED_ABI"),
        ("an offset beyond the end", array, word(64) + word(0), "MALFORMED_ABI"),
        ("an offset that wraps", array, word(MAX - 31) + word(0), "MALFORMED_ABI"),
        ("a gap before the tail", array, word(64) + word(0) + word(0), "MALFORMED_ABI"),
        ("two offsets to one place", strings, word(64) * 2 + word(1) + text(b"a"), "MALFORMED_ABI"),
        (
            "tails in another order",
            strings,
            word(128) + word(64) + word(1) + text(b"b") + word(1) + text(b"a"),
            "MALFORMED_ABI",
        ),
        ("offsets that all name one place, four deep", bombs, bomb, "MALFORMED_ABI"),
    ]


def hostile_json() -> list[tuple[str, list[Component], str, str]]:
    """What stands for no value, or for a value that JSON writes in another way."""
    number, data, address = [part("n", "uint8")], [part("b", "bytes2")], [part("a", "address")]
    return [
        ("a JSON number", number, '{"n":1}', "SCHEMA_MISMATCH"),
        ("a float", number, '{"n":1.0}', "INVALID_JSON"),
        ("a key twice", number, '{"n":"1","n":"2"}', "INVALID_JSON"),
        ("a key missing", number, "{}", "SCHEMA_MISMATCH"),
        ("a key too many", number, '{"n":"1","m":"1"}', "SCHEMA_MISMATCH"),
        ("an array for an object", number, '["1"]', "SCHEMA_MISMATCH"),
        ("null", number, '{"n":null}', "SCHEMA_MISMATCH"),
        ("uint8 of 256", number, '{"n":"256"}', "NOT_TRANSLATABLE"),
        ("uint8 of -1", number, '{"n":"-1"}', "NOT_TRANSLATABLE"),
        ("int8 of 128", [part("n", "int8")], '{"n":"128"}', "NOT_TRANSLATABLE"),
        ("a leading zero", number, '{"n":"01"}', "NOT_TRANSLATABLE"),
        ("a plus", number, '{"n":"+1"}', "NOT_TRANSLATABLE"),
        ("minus zero", [part("n", "int8")], '{"n":"-0"}', "NOT_TRANSLATABLE"),
        ("a space", number, '{"n":" 1"}', "NOT_TRANSLATABLE"),
        ("a line end", number, '{"n":"1\\n"}', "NOT_TRANSLATABLE"),
        ("an underscore", number, '{"n":"1_0"}', "NOT_TRANSLATABLE"),
        ("no digit", number, '{"n":""}', "NOT_TRANSLATABLE"),
        ("a hex number", number, '{"n":"0x1"}', "NOT_TRANSLATABLE"),
        ("digits that are not ASCII", number, '{"n":"١"}', "NOT_TRANSLATABLE"),
        ("thousands of digits", [part("n", "uint256")], '{"n":"' + "1" * 5000 + '"}', "NOT_TRANSLATABLE"),
        ("a bool as a string", [part("b", "bool")], '{"b":"true"}', "SCHEMA_MISMATCH"),
        ("a bool as a number", [part("b", "bool")], '{"b":1}', "SCHEMA_MISMATCH"),
        ("upper-case hex", data, '{"b":"0xABCD"}', "NOT_TRANSLATABLE"),
        ("hex without 0x", data, '{"b":"abcd"}', "NOT_TRANSLATABLE"),
        ("0X", data, '{"b":"0Xabcd"}', "NOT_TRANSLATABLE"),
        ("a byte too few", data, '{"b":"0xab"}', "NOT_TRANSLATABLE"),
        ("a byte too many", data, '{"b":"0xabcdef"}', "NOT_TRANSLATABLE"),
        ("half a byte", [part("b", "bytes")], '{"b":"0xabc"}', "NOT_TRANSLATABLE"),
        ("an address in lower case", address, '{"a":"' + ALICE.lower() + '"}', "NOT_TRANSLATABLE"),
        ("an address with a wrong checksum", address, '{"a":"' + ALICE[:-1] + 'D"}', "NOT_TRANSLATABLE"),
        ("an address of 19 bytes", address, '{"a":"' + ALICE[:-2] + '"}', "NOT_TRANSLATABLE"),
        ("an address without 0x", address, '{"a":"' + ALICE[2:] + '"}', "NOT_TRANSLATABLE"),
        ("an item too few", [part("l", "bool[2]")], '{"l":[true]}', "NOT_TRANSLATABLE"),
        ("an item too many", [part("l", "bool[2]")], '{"l":[true,true,true]}', "NOT_TRANSLATABLE"),
        ("an object for an array", [part("l", "bool[2]")], '{"l":{"0":true,"1":true}}', "SCHEMA_MISMATCH"),
        ("half a surrogate pair", [part("s", "string")], '{"s":"\\ud800"}', "INVALID_JSON"),
    ]


def vectors() -> dict[str, Any]:
    def case(name: str, components: list[Component]) -> dict[str, Any]:
        return {"name": name, "abi": compact(components), "json_schema": compact(describing(components))}

    return {
        "values": [
            case(name, components) | {"abi_data": encode(list(map(type_string, components)), values), "json": written}
            for name, components, values, written in VALUES
        ],
        "hostile_abi": [
            case(name, components) | {"abi_data": "0x" + data, "error": error}
            for name, components, data, error in hostile_abi()
        ],
        "hostile_json": [
            case(name, components) | {"json": data, "error": error} for name, components, data, error in hostile_json()
        ],
    }


if __name__ == "__main__":
    write("transcoding", vectors())
