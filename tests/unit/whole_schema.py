"""A JSON Schema with every keyword that one may have."""

import json
from typing import Any

CLOSED: dict[str, Any] = {"type": "object", "additionalProperties": False}
STRING: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "An order",
    "description": "what is bought",
    "$comment": "all keywords",
    **CLOSED,
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z0-9-]{1,36}$", "minLength": 1, "maxLength": 36},
        "count": {"type": "integer", "minimum": 1, "maximum": 100, "multipleOf": 1, "default": 1},
        "size": {"type": ["integer", "null"], "exclusiveMinimum": -1, "exclusiveMaximum": 9},
        "colour": {"enum": ["red", "green", 3, None]},
        "kind": {"const": "order"},
        "lines": {
            "type": "array",
            "items": {"$ref": "#/$defs/line"},
            "minItems": 1,
            "maxItems": 9,
            "uniqueItems": True,
        },
        "pair": {
            "type": "array",
            "prefixItems": [STRING, {"type": "boolean"}],
            "items": False,
            "examples": [["a", True]],
        },
        "choice": {"oneOf": [{"type": "string", "deprecated": True}, {"type": "null"}]},
        "either": {"anyOf": [{"$ref": "#/$defs/line"}, {"type": "null"}]},
        "never": False,
    },
    "required": ["id", "lines"],
    "dependentRequired": {"count": ["size"]},
    "minProperties": 2,
    "maxProperties": 10,
    "if": {"properties": {"kind": {"const": "order"}}, "required": ["kind"]},
    "then": {"required": ["colour"]},
    "else": {"not": {"required": ["colour"]}},
    "$defs": {
        "named": {"type": "object", "properties": {"name": STRING}},
        "line": {
            "allOf": [{"$ref": "#/$defs/named"}],
            "type": "object",
            "properties": {"count": {"type": "integer"}},
            "unevaluatedProperties": False,
        },
    },
}


def text(schema: Any) -> str:
    return json.dumps(schema)
