"""The schemas of a service, from the records that it takes and answers with: JSON Schema and ABI of the same values."""

from typing import Any

from msgspec import inspect

from hub.services.json_text import JsonValue, canonical
from hub.services.schema import ServiceSchema


def service_schema(kind: Any) -> ServiceSchema:
    """The schema of what takes or gives records of a type.

    ``int`` is a ``uint64``, ``bytes`` of one fixed length up to 32 a ``bytes32`` and the like. Raises TypeError where a
    field has no counterpart.
    """
    info = inspect.type_info(kind)
    if not isinstance(info, inspect.StructType):
        raise TypeError("a service takes and answers with a record")
    schema, component = _both(info)
    return ServiceSchema(canonical(schema).decode(), canonical(component["components"]).decode())


def _both(info: inspect.Type) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    """A type's JSON Schema, and its ABI component but for the name."""
    schema: dict[str, JsonValue]
    component: dict[str, JsonValue]
    match info.type if isinstance(info, inspect.Metadata) else info:
        case inspect.BoolType():
            schema, component = {"type": "boolean"}, {"type": "bool"}
        case inspect.IntType():
            schema, component = {"type": "string"}, {"type": "uint64"}
        case inspect.BytesType(min_length=least, max_length=most):
            size = least if least is not None and least == most and 1 <= least <= 32 else ""
            schema, component = {"type": "string"}, {"type": f"bytes{size}"}
        case inspect.StrType():
            schema, component = {"type": "string"}, {"type": "string"}
        case inspect.EnumType(cls=cls):
            schema = {"type": "string", "enum": [str(member.value) for member in cls]}
            component = {"type": "string"}
        case inspect.VarTupleType(item_type=item):
            items, component = _both(item)
            schema = {"type": "array", "items": items}
            component = {**component, "type": f"{component['type']}[]"}
        case inspect.StructType(fields=fields):
            schema, component = _record(fields)
        case other:
            raise TypeError(f"{type(other).__name__.removesuffix('Type')} has no counterpart in ABI")
    return schema, component


def _record(fields: tuple[inspect.Field, ...]) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    described = {field.name: _both(field.type) for field in fields}
    schema: dict[str, JsonValue] = {
        "type": "object",
        "properties": {name: each for name, (each, _) in described.items()},
        "required": list(described),
        "additionalProperties": False,
    }
    components: list[JsonValue] = [{"name": name, **each} for name, (_, each) in described.items()]
    return schema, {"type": "tuple", "components": components}
