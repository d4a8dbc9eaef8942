"""Random ABI types and values: eth-abi, the hub's reader, and JSON there and back; and bytes that no one wrote."""

from collections.abc import Callable
from typing import Any

import eth_abi.abi
from eth_abi.exceptions import DecodingError
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.services.abi import parse_abi
from hub.services.abi_data import decode, encode, encoded_bytes
from hub.services.errors import InvalidJson, MalformedAbi, NotTranslatable, SchemaMismatch, ServiceError
from hub.services.json_text import MAX_INTEGER, canonical, parse
from hub.services.mapping import components_from_json, components_to_json
from hub.services.payload import Call, InputEncoding, Request, Result
from hub.services.schema import ServiceSchema, validate_definition
from hub.services.transcode import check, convert
from tests.vectors.generate_transcoding import Component, compact, describing, type_string

ABI, JSON = InputEncoding.ABI, InputEncoding.JSON
NAMES = st.from_regex(r"[A-Za-z_$][A-Za-z0-9_$]{0,5}", fullmatch=True)
ELEMENTARY = st.one_of(
    st.sampled_from(["bool", "address", "bytes", "string"]),
    st.integers(1, 32).map(lambda size: f"bytes{size}"),
    st.integers(1, 32).map(lambda size: f"uint{8 * size}"),
    st.integers(1, 32).map(lambda size: f"int{8 * size}"),
)
DIMENSIONS = st.lists(st.sampled_from(["[]", "[1]", "[2]", "[3]"]), max_size=2).map("".join)


def lists_of(component: st.SearchStrategy[Component], least: int) -> st.SearchStrategy[list[Component]]:
    return st.lists(component, min_size=least, max_size=3, unique_by=lambda each: str(each["name"]))


def plain_component() -> st.SearchStrategy[Component]:
    return st.builds(lambda name, base, size: {"name": name, "type": base + size}, NAMES, ELEMENTARY, DIMENSIONS)


COMPONENT = st.recursive(
    plain_component(),
    lambda inner: st.builds(
        lambda name, size, components: {"name": name, "type": "tuple" + size, "components": components},
        NAMES,
        DIMENSIONS,
        lists_of(inner, 1),
    ),
    max_leaves=4,
)
COMPONENTS = lists_of(COMPONENT, 0)


def values_of(component: Component) -> st.SearchStrategy[Any]:
    kind = str(component["type"])
    if kind.endswith("]"):
        at = kind.rindex("[")
        length = int(kind[at + 1 : -1] or -1)
        bounds: dict[str, Any] = {"max_size": 3} if length < 0 else {"min_size": length, "max_size": length}
        return st.lists(values_of({**component, "type": kind[:at]}), **bounds).map(tuple)
    if kind == "tuple":
        return st.tuples(*map(values_of, component["components"]))
    if kind in WORDS:
        return WORDS[kind]
    return SIZED[kind.rstrip("0123456789")](int(kind.lstrip("abcdefghijklmnopqrstuvwxyz")))


WORDS: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "address": st.binary(min_size=20, max_size=20),
    "string": st.text(max_size=40),
    "bytes": st.binary(max_size=70),
}
SIZED: dict[str, Callable[[int], st.SearchStrategy[Any]]] = {
    "uint": lambda bits: st.integers(0, 2**bits - 1),
    "int": lambda bits: st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1),
    "bytes": lambda size: st.binary(min_size=size, max_size=size),
}
TYPED_VALUES = COMPONENTS.flatmap(
    lambda components: st.tuples(st.just(components), st.tuples(*map(values_of, components)))
)


@settings(max_examples=80)
@given(TYPED_VALUES)
def test_a_value_goes_there_and_back(typed: tuple[list[Component], tuple[Any, ...]]) -> None:
    components, values = typed
    schema = ServiceSchema(compact(describing(components)), compact(components))
    validate_definition(schema, schema)
    data = eth_abi.abi.encode(list(map(type_string, components)), values)
    kind = parse_abi(compact(components))
    assert encode(kind, values) == data
    assert encoded_bytes(kind, values) == len(data)
    assert decode(kind, data) == values
    assert components_from_json(kind, components_to_json(kind, values)) == values
    text = convert(schema, data, ABI, JSON)
    assert convert(schema, text, JSON, ABI) == data
    assert canonical(parse(text, 16)) == text
    assert eth_abi.abi.encode(list(map(type_string, components)), decode(kind, data)) == data


def mutated(data: bytes, changes: list[tuple[int, int]], cut: int, more: bytes) -> bytes:
    """Words and bytes overwritten with small numbers, which make offsets and lengths that lead somewhere."""
    out = bytearray(data)
    for place, number in changes:
        if out:
            at = place % len(out)
            if number % 2 and len(out) >= 32:
                at -= at % 32
                out[at : at + 32] = (16 * number).to_bytes(32, "big")
            else:
                out[at] = number % 256
    return bytes(out[: len(out) - cut % (len(out) + 1)] if cut else out) + more


MUTATIONS = st.tuples(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 600)), max_size=4),
    st.one_of(st.just(0), st.integers(0, 4000)),
    st.binary(max_size=33),
)


@settings(max_examples=200)
@given(TYPED_VALUES, MUTATIONS)
def test_only_what_eth_abi_would_write_is_read(
    typed: tuple[list[Component], tuple[Any, ...]], mutation: tuple[list[tuple[int, int]], int, bytes]
) -> None:
    components, values = typed
    types = list(map(type_string, components))
    kind = parse_abi(compact(components))
    data = mutated(encode(kind, values), *mutation)
    try:
        theirs = eth_abi.abi.decode(types, data)
        canonical_data = eth_abi.abi.encode(types, theirs) == data
    except (DecodingError, UnicodeDecodeError, OverflowError):
        canonical_data = False
    try:
        decode(kind, data)
        taken = True
    except MalformedAbi:
        taken = False
    assert taken == canonical_data


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150)
@given(JSON_VALUES)
def test_canonical_json_is_its_own(value: Any) -> None:
    written = canonical(value)
    assert parse(written, 16) == value
    assert canonical(parse(written, 16)) == written


@settings(max_examples=80)
@given(TYPED_VALUES, st.data())
def test_json_that_is_near_a_value_is_refused_or_is_a_value(
    typed: tuple[list[Component], tuple[Any, ...]], choices: st.DataObject
) -> None:
    """JSON and ABI take the same values: what is taken in one has a counterpart that is taken in the other."""
    components, values = typed
    schema = ServiceSchema(compact(describing(components)), compact(components))
    text = canonical(components_to_json(parse_abi(compact(components)), values))
    at = choices.draw(st.integers(0, len(text) - 1))
    changed = (
        text[:at]
        + choices.draw(st.sampled_from([b"", b"0", b"1", b"-", b'"', b"f", b"F", b" ", b"]"]))
        + text[at + 1 :]
    )
    try:
        data = convert(schema, changed, JSON, ABI)
    except (InvalidJson, SchemaMismatch, NotTranslatable):
        return
    check(schema, ABI, data)
    assert canonical(parse(changed, 16)) == convert(schema, data, ABI, JSON)


@settings(max_examples=300)
@given(st.binary(max_size=120).map(lambda data: b"\x01" + data) | st.binary(max_size=40))
def test_any_payload_is_refused_or_written_back_as_it_was(data: bytes) -> None:
    for kind in (Call, Request, Result):
        try:
            payload = kind.decode(data)
        except ServiceError:
            continue
        assert payload.encode() == data
