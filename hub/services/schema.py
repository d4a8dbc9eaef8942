"""What a service takes and what it answers: JSON by a JSON Schema, Solidity ABI by named components, or both."""

from typing import assert_never

import msgspec

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
    parse_abi,
)
from hub.services.errors import EncodingsDiffer, SchemaMissing, SchemasDiffer
from hub.services.json_schema import parse_json_schema
from hub.services.json_text import JsonValue, pointer
from hub.services.payload import InputEncoding
from hub.services.schema_rules import definitions, referenced


class ServiceSchema(msgspec.Struct, frozen=True, array_like=True):
    """One direction, input or output, as its author wrote it. Where both are given, the hub transcodes between them."""

    json_schema: str | None = None
    abi: str | None = None

    @classmethod
    def of(cls, json_schema: str, abi: str) -> "ServiceSchema":
        """From a message's fields, where the empty string stands for none."""
        return cls(json_schema or None, abi or None)

    def encodings(self) -> frozenset[InputEncoding]:
        """What data may be written in."""
        offered = {InputEncoding.JSON: self.json_schema, InputEncoding.ABI: self.abi}
        return frozenset(encoding for encoding, text in offered.items() if text is not None)


def validate_definition(inputs: ServiceSchema, outputs: ServiceSchema) -> None:
    """Refuse schemas that no definition may have.

    Raises SchemaMissing, SchemaTooLarge, InvalidJsonSchema, InvalidAbi, SchemasDiffer, EncodingsDiffer.
    """
    validate_schema("input", inputs)
    validate_schema("output", outputs)
    if inputs.encodings() != outputs.encodings():
        raise EncodingsDiffer()


def validate_schema(part: str, schema: ServiceSchema) -> None:
    """One direction of a definition; ``part`` is input or output, for the message."""
    if not schema.encodings():
        raise SchemaMissing(part)
    components = None if schema.abi is None else parse_abi(schema.abi)
    described = None if schema.json_schema is None else parse_json_schema(schema.json_schema)
    if components is not None and described is not None:
        _compare(components, described.root, definitions(described.root), "")


def _compare(kind: AbiType, schema: JsonValue, named: dict[str, JsonValue], place: str) -> None:
    """Refuse a JSON Schema that does not describe, place by place, what the ABI type's values become in JSON.

    It may narrow them further, by a pattern or a maximum: then it narrows what is taken in ABI, too.
    """
    schema = _resolve(schema, named)
    match kind:
        case Tuple():
            _require_type(schema, "object", place)
            properties, required = schema.get("properties", {}), schema.get("required", [])
            if not isinstance(properties, dict) or properties.keys() != set(kind.names):
                raise SchemasDiffer(place, f"the properties must be the ABI components {', '.join(kind.names)}")
            if not isinstance(required, list) or not set(kind.names) <= set(map(str, required)):
                raise SchemasDiffer(place, "ABI leaves nothing out: every component must be required")
            for name, component in kind.components():
                _compare(component, properties[name], named, place + pointer(name))
        case Array():
            _require_type(schema, "array", place)
            if "prefixItems" in schema:
                raise SchemasDiffer(place, "the items of an ABI array are alike: use items, not prefixItems")
            _compare(kind.item, schema.get("items"), named, place + "/0")
        case Boolean():
            _require_type(schema, "boolean", place)
        case Integer() | FixedBytes() | AddressType() | DynamicBytes() | Text():
            _require_type(schema, "string", place)
        case _:
            assert_never(kind)


def _resolve(schema: JsonValue, named: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The schema that says the type: a reference alone, or beside what narrows it, is followed."""
    while isinstance(schema, dict) and "type" not in schema and isinstance(reference := schema.get("$ref"), str):
        schema = named.get(referenced(reference) or "")
    return schema if isinstance(schema, dict) else {}


def _require_type(schema: dict[str, JsonValue], expected: str, place: str) -> None:
    if schema.get("type") != expected:
        raise SchemasDiffer(place, f"by the ABI components this is a JSON {expected}: give it that type")
