"""JSON Schema at work: jsonschema-rs validates, its patterns in linear time, and never fetches anything.

Of the library only the verdict, the place and the keyword are used, never its text or order (docs/adr/0003).
"""

from dataclasses import dataclass
from functools import lru_cache

import jsonschema_rs

from hub.services.errors import InvalidJson, InvalidJsonSchema, SchemaMismatch, SchemaTooLarge
from hub.services.json_text import JsonValue, parse, pointer
from hub.services.schema_rules import MAX_SCHEMA_DEPTH, check_rules

MAX_SCHEMA_BYTES = 16 * 1024
MAX_DATA_DEPTH = MAX_SCHEMA_DEPTH
MAX_PLACED_DATA_NODES = 2048
"""Larger data is refused without the place: to find it every error of the data must be built."""

_REGEX = jsonschema_rs.RegexOptions(size_limit=32 * 1024, dfa_size_limit=256 * 1024)


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """A schema that was found good. ``root`` is the schema itself, for what compares it with ABI components."""

    root: dict[str, JsonValue]
    validator: jsonschema_rs.Draft202012Validator

    def check(self, value: JsonValue) -> None:
        """Raises SchemaMismatch, naming the first place that does not match, in the order of pointers and keywords."""
        if self.validator.is_valid(value):
            return
        if _nodes(value) > MAX_PLACED_DATA_NODES:
            raise SchemaMismatch("", _UNPLACED)
        errors = self.validator.iter_errors(value)
        places = ((pointer(*error.instance_path), _rule(error)) for error in errors)
        place, keyword = min(places, default=("", _UNPLACED))
        raise SchemaMismatch(place, keyword)


@lru_cache(maxsize=64)
def parse_json_schema(text: str) -> JsonSchema:
    """The schema in ``text``; raises InvalidJsonSchema, SchemaTooLarge."""
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_SCHEMA_BYTES:
        raise SchemaTooLarge(len(data), MAX_SCHEMA_BYTES)
    try:
        root = parse(data, 3 * MAX_SCHEMA_DEPTH)
    except InvalidJson as refusal:
        raise InvalidJsonSchema("", str(refusal)) from None
    if not isinstance(root, dict):
        raise InvalidJsonSchema("", "a schema is an object")
    for place, pattern in check_rules(root):
        try:
            _compile({"pattern": pattern}, place)
        except InvalidJsonSchema:
            raise InvalidJsonSchema(place, _IRREGULAR) from None
    return JsonSchema(root, _compile(root, ""))


def _compile(schema: dict[str, JsonValue], place: str) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(
            schema, pattern_options=_REGEX, retriever=_refuse, validate_formats=False
        )
    except (ValueError, jsonschema_rs.ReferencingError):
        raise InvalidJsonSchema(place, "it is not valid JSON Schema 2020-12") from None


def _rule(error: jsonschema_rs.ValidationError) -> str:
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            return f"required {name}"
        case kind:
            return kind.name


def _refuse(uri: str) -> JsonValue:
    """Nothing is ever fetched."""
    raise LookupError(uri)


def _nodes(value: JsonValue) -> int:
    match value:
        case dict():
            return 1 + sum(map(_nodes, value.values()))
        case list():
            return 1 + sum(map(_nodes, value))
        case _:
            return 1


_UNPLACED = "one of its rules is broken"
_IRREGULAR = (
    "this is no regular expression that takes linear time: no look-around, no back-references, at most 32 KiB compiled "
    "(use maxLength instead of large repetitions)"
)
