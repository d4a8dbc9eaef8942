"""Checking and transcoding against the shared vectors, and what a service's choice of schemas means for its data."""

import json

import pytest

from hub.services.errors import (
    DataTooLarge,
    EncodingNotOffered,
    InvalidJson,
    MalformedAbi,
    NotTranslatable,
    SchemaMismatch,
    ServiceError,
)
from hub.services.payload import InputEncoding
from hub.services.schema import ServiceSchema, validate_definition
from hub.services.transcode import check, convert
from tests.vectors import generate_transcoding
from tests.vectors.writing import plain, read, unhex

ABI, JSON = InputEncoding.ABI, InputEncoding.JSON
VECTORS = read("transcoding")
PRICE = generate_transcoding.part("price", "uint256"), generate_transcoding.part("tags", "string[]")
PRICE_ABI = json.dumps(PRICE)
PRICE_JSON = json.dumps(generate_transcoding.describing(list(PRICE)))


def name(row: dict[str, str]) -> str:
    return row["name"]


def schema_of(row: dict[str, str]) -> ServiceSchema:
    return ServiceSchema(row["json_schema"], row["abi"])


def test_the_vectors_are_what_their_generator_writes() -> None:
    assert plain(generate_transcoding.vectors()) == VECTORS


@pytest.mark.parametrize("row", VECTORS["values"], ids=name)
def test_a_value_both_ways(row: dict[str, str]) -> None:
    schema, abi, text = schema_of(row), unhex(row["abi_data"]), row["json"].encode()
    validate_definition(schema, schema)
    assert convert(schema, abi, ABI, JSON) == text
    assert convert(schema, text, JSON, ABI) == abi
    assert convert(schema, abi, ABI, ABI) == abi
    assert convert(schema, text, JSON, JSON) == text
    for part in (schema, ServiceSchema(None, row["abi"])):
        check(part, ABI, abi)
    for part in (schema, ServiceSchema(row["json_schema"], None)):
        check(part, JSON, text)


@pytest.mark.parametrize("row", VECTORS["hostile_abi"], ids=name)
def test_hostile_abi_is_refused_by_name(row: dict[str, str]) -> None:
    for schema in (schema_of(row), ServiceSchema(None, row["abi"])):
        with pytest.raises(ServiceError) as refusal:
            check(schema, ABI, unhex(row["abi_data"]))
        assert refusal.value.reason() == row["error"]
    with pytest.raises(MalformedAbi):
        convert(schema_of(row), unhex(row["abi_data"]), ABI, JSON)


@pytest.mark.parametrize("row", VECTORS["hostile_json"], ids=name)
def test_hostile_json_is_refused_by_name(row: dict[str, str]) -> None:
    with pytest.raises(ServiceError) as refusal:
        check(schema_of(row), JSON, row["json"].encode())
    assert refusal.value.reason() == row["error"]
    with pytest.raises(type(refusal.value)):
        convert(schema_of(row), row["json"].encode(), JSON, ABI)


@pytest.mark.parametrize("row", VECTORS["values"], ids=name)
def test_every_bit_of_abi_data_counts(row: dict[str, str]) -> None:
    """A flipped bit is refused or is another value, whose own encoding it is: no two encodings of one value."""
    schema, data = schema_of(row), unhex(row["abi_data"])
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        try:
            text = convert(schema, bytes(flipped), ABI, JSON)
        except MalformedAbi:
            continue
        assert text.decode() != row["json"]
        assert convert(schema, text, JSON, ABI) == bytes(flipped)


def test_json_of_any_layout_is_one_value() -> None:
    schema = ServiceSchema(PRICE_JSON, PRICE_ABI)
    written = b'{"price":"5","tags":["a/b"]}'
    loose = b' {\n\t"tags" : [ "\\u0061\\/b" ],\r\n "pr\\u0069ce":"5" } '
    assert convert(schema, loose, JSON, ABI) == convert(schema, written, JSON, ABI)
    assert convert(schema, convert(schema, loose, JSON, ABI), ABI, JSON) == written
    assert convert(schema, loose, JSON, JSON) == loose


def test_what_json_schema_narrows_is_narrowed_in_abi_too() -> None:
    narrow = json.loads(PRICE_JSON)
    narrow["properties"]["price"]["pattern"] = "^[1-9][0-9]?$"
    narrow["properties"]["tags"]["maxItems"] = 1
    schema, wide = ServiceSchema(json.dumps(narrow), PRICE_ABI), ServiceSchema(PRICE_JSON, PRICE_ABI)
    for text, place in ((b'{"price":"100","tags":[]}', "/price"), (b'{"price":"1","tags":["a","b"]}', "/tags")):
        data = convert(wide, text, JSON, ABI)
        for target in (ABI, JSON):
            with pytest.raises(SchemaMismatch) as mismatch:
                convert(schema, data, ABI, target)
            assert mismatch.value.place == place


@pytest.mark.parametrize(
    ("schema", "source", "target"),
    [
        (ServiceSchema(PRICE_JSON, None), ABI, ABI),
        (ServiceSchema(PRICE_JSON, None), ABI, JSON),
        (ServiceSchema(PRICE_JSON, None), JSON, ABI),
        (ServiceSchema(None, PRICE_ABI), JSON, JSON),
        (ServiceSchema(None, PRICE_ABI), JSON, ABI),
        (ServiceSchema(None, PRICE_ABI), ABI, JSON),
    ],
)
def test_an_encoding_that_is_not_offered(schema: ServiceSchema, source: InputEncoding, target: InputEncoding) -> None:
    data = {JSON: b'{"price":"5","tags":[]}', ABI: bytes(31) + b"\x05" + bytes(31) + b"\x40" + bytes(32)}[source]
    with pytest.raises(EncodingNotOffered):
        convert(schema, data, source, target)
    if source is target:
        with pytest.raises(EncodingNotOffered):
            check(schema, source, data)


def test_sizes() -> None:
    schema = ServiceSchema(PRICE_JSON, PRICE_ABI)
    text = json.dumps({"price": "5", "tags": ["t"] * 100}, separators=(",", ":")).encode()
    data = convert(schema, text, JSON, ABI)
    assert len(data) > 10 * len(text)
    assert convert(schema, text, JSON, ABI, max_bytes=len(data)) == data
    check(schema, JSON, text, max_bytes=len(text))
    check(schema, ABI, data, max_bytes=len(data))
    for refused in (
        lambda: convert(schema, text, JSON, ABI, max_bytes=len(data) - 1),
        lambda: convert(schema, data, ABI, JSON, max_bytes=len(text) - 1),
        lambda: convert(schema, data, ABI, ABI, max_bytes=len(data) - 1),
        lambda: check(schema, JSON, text, max_bytes=len(text) - 1),
        lambda: check(schema, ABI, data, max_bytes=len(data) - 1),
        lambda: check(schema, JSON, b" " * 65536 + text),
        lambda: convert(schema, b" " * 65536 + text, JSON, ABI),
    ):
        with pytest.raises(DataTooLarge):
            refused()


def test_what_would_be_too_long_in_abi_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("it was written")

    monkeypatch.setattr("hub.services.transcode.encode", never)
    text = json.dumps({"price": "5", "tags": ["t"] * 9_000}, separators=(",", ":")).encode()
    with pytest.raises(DataTooLarge) as refused:
        convert(ServiceSchema(PRICE_JSON, PRICE_ABI), text, JSON, ABI)
    assert refused.value.size == 32 * (3 + 3 * 9_000)


def test_data_deeper_than_any_schema_is_not_parsed() -> None:
    schema = ServiceSchema('{"const":' + "[" * 16 + "]" * 16 + "}", None)
    check(schema, JSON, b"[" * 16 + b"]" * 16)
    with pytest.raises(InvalidJson):
        check(schema, JSON, b"[" * 17 + b"]" * 17)


def test_a_refusal_names_no_data() -> None:
    """Its text is part of results, on which all nodes agree: it must not follow a version of Python or Unicode."""
    schema = ServiceSchema(PRICE_JSON, PRICE_ABI)
    for text in (b'{"price":"secret","tags":[]}', b'{"price":"1","tags":[],"secret":1}', b'{"secret":1,"secret":2}'):
        with pytest.raises((NotTranslatable, SchemaMismatch, InvalidJson)) as refusal:
            check(schema, JSON, text)
        assert "secret" not in str(refusal.value)
