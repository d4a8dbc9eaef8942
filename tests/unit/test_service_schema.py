"""What a definition's schemas may be together: JSON Schema and ABI that correspond, or one of them alone."""

import json
from typing import Any

import pytest

from hub.services.errors import (
    EncodingsDiffer,
    InvalidAbi,
    InvalidJsonSchema,
    SchemaMissing,
    SchemasDiffer,
    ServiceError,
)
from hub.services.payload import InputEncoding
from hub.services.schema import ServiceSchema, validate_definition, validate_schema

CLOSED: dict[str, Any] = {"type": "object", "additionalProperties": False}
STRING: dict[str, Any] = {"type": "string"}
ABI = [
    {"name": "who", "type": "address"},
    {"name": "amount", "type": "uint256"},
    {"name": "flags", "type": "bool[2][]"},
    {
        "name": "items",
        "type": "tuple[]",
        "components": [{"name": "data", "type": "bytes"}, {"name": "note", "type": "string"}],
    },
]
ITEM = {**CLOSED, "properties": {"data": STRING, "note": {**STRING, "maxLength": 9}}, "required": ["note", "data"]}
BOTH: dict[str, Any] = {
    **CLOSED,
    "properties": {
        "who": {"$ref": "#/$defs/address"},
        "amount": {"type": "string", "pattern": "^[1-9]"},
        "flags": {"type": "array", "items": {"type": "array", "items": {"type": "boolean"}}},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item", "description": "one"}},
    },
    "required": ["who", "amount", "flags", "items"],
    "$defs": {"address": {"$ref": "#/$defs/string"}, "string": STRING, "item": ITEM},
}


def text(schema: Any) -> str:
    return json.dumps(schema)


def both(**changed: Any) -> ServiceSchema:
    return ServiceSchema(text({**BOTH, **changed}), text(ABI))


def test_json_schema_and_abi_that_correspond() -> None:
    validate_schema("input", both())
    narrowed = {**STRING, "$ref": "#/$defs/short"}
    short = {**BOTH["$defs"], "short": {"maxLength": 9}}
    validate_schema("input", both(properties={**BOTH["properties"], "amount": narrowed}, **{"$defs": short}))
    validate_schema("input", ServiceSchema(text({**CLOSED, "properties": {}}), "[]"))
    validate_schema("input", ServiceSchema(text(CLOSED), "[]"))


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (both(properties={**BOTH["properties"], "more": STRING}), ""),
        (both(properties={key: BOTH["properties"][key] for key in ("who", "amount", "flags")}), ""),
        (both(required=["who", "amount", "flags"]), ""),
        (both(properties={**BOTH["properties"], "amount": {"type": "integer"}}), "/amount"),
        (both(properties={**BOTH["properties"], "amount": {"type": ["string", "null"]}}), "/amount"),
        (both(properties={**BOTH["properties"], "amount": {"enum": ["1", "2"]}}), "/amount"),
        (both(properties={**BOTH["properties"], "amount": False}), "/amount"),
        (both(properties={**BOTH["properties"], "who": {"anyOf": [STRING]}}), "/who"),
        (both(properties={**BOTH["properties"], "flags": STRING}), "/flags"),
        (both(properties={**BOTH["properties"], "flags": {"type": "array", "items": {"type": "boolean"}}}), "/flags/0"),
        (both(properties={**BOTH["properties"], "items": {"type": "array", "items": STRING}}), "/items/0"),
        (
            both(
                properties={
                    **BOTH["properties"],
                    "flags": {
                        "type": "array",
                        "prefixItems": [STRING],
                        "items": {"type": "array", "items": {"type": "boolean"}},
                    },
                }
            ),
            "/flags",
        ),
        (both(**{"$defs": {**BOTH["$defs"], "item": {**ITEM, "required": ["data"]}}}), "/items/0"),
        (ServiceSchema(text({"type": "array", "items": STRING}), text(ABI)), ""),
        (ServiceSchema(text(STRING), "[]"), ""),
    ],
)
def test_json_schema_and_abi_that_differ(schema: ServiceSchema, place: str) -> None:
    with pytest.raises(SchemasDiffer) as caught:
        validate_schema("input", schema)
    assert caught.value.place == place


JSON_ONLY = ServiceSchema(text(CLOSED), None)
ABI_ONLY = ServiceSchema(None, "[]")
EITHER = ServiceSchema(text(CLOSED), "[]")


@pytest.mark.parametrize("schema", [JSON_ONLY, ABI_ONLY, EITHER])
def test_a_definition(schema: ServiceSchema) -> None:
    validate_definition(schema, schema)


@pytest.mark.parametrize(
    ("inputs", "outputs", "error"),
    [
        (ServiceSchema(), ABI_ONLY, SchemaMissing),
        (ABI_ONLY, ServiceSchema.of("", ""), SchemaMissing),
        (JSON_ONLY, ABI_ONLY, EncodingsDiffer),
        (EITHER, ABI_ONLY, EncodingsDiffer),
        (JSON_ONLY, EITHER, EncodingsDiffer),
        (ServiceSchema("{}", None), JSON_ONLY, InvalidJsonSchema),
        (JSON_ONLY, ServiceSchema("{}", None), InvalidJsonSchema),
        (ServiceSchema(text(CLOSED), "{}"), EITHER, InvalidAbi),
        (EITHER, ServiceSchema("{}", "[]"), InvalidJsonSchema),
    ],
)
def test_a_definition_refused(inputs: ServiceSchema, outputs: ServiceSchema, error: type[ServiceError]) -> None:
    with pytest.raises(error) as caught:
        validate_definition(inputs, outputs)
    assert str(caught.value)


def test_what_is_offered() -> None:
    assert ServiceSchema.of("", "[]").encodings() == {InputEncoding.ABI}
    assert ServiceSchema.of("{}", "").encodings() == {InputEncoding.JSON}
    assert ServiceSchema.of("{}", "[]").encodings() == {InputEncoding.ABI, InputEncoding.JSON}
    assert ServiceSchema.of("", "").encodings() == frozenset()
