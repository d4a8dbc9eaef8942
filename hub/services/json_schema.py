"""JSON Schema at work: jsonschema-rs validates, its patterns in linear time, and never fetches anything.

Of the library only the verdict, the place and the keyword are used, never its text or order (docs/adr/0003).
"""

from dataclasses import dataclass
from functools import lru_cache

import jsonschema_rs

from hub.services.errors import InvalidJson, InvalidJsonSchema, SchemaMismatch, SchemaTooLarge
from hub.services.json_text import JsonValue, parse, pointer
from hub.services.schema_rules import ERROR_CHARACTERS, MAX_SCHEMA_DEPTH, definitions, read_schema

MAX_SCHEMA_BYTES = 16 * 1024
MAX_DATA_DEPTH = MAX_SCHEMA_DEPTH
MAX_ERRORS_CHARACTERS = 2**20
"""Of all errors that data could have. Where there could be more, it is refused without the place: to find that, all of
them are built. So many take a tenth of a second and some 20 MB.
"""

_REGEX = jsonschema_rs.RegexOptions(size_limit=32 * 1024, dfa_size_limit=256 * 1024)


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """A schema that was found good. ``root`` is the schema itself, for what compares it with ABI components.

    ``errors_characters``: of all errors that one place in the data can have, without what they quote of the data;
    ``longest_name``: of a definition, which they quote as well.
    """

    root: dict[str, JsonValue]
    errors_characters: int
    longest_name: int
    validator: jsonschema_rs.Draft202012Validator

    def check(self, value: JsonValue) -> None:
        """Raises SchemaMismatch, naming the first place that does not match, in the order of pointers and keywords.

        Where the errors could be too many, no place.
        """
        if self.validator.is_valid(value):
            return
        if _places(value, self.longest_name) * self.errors_characters > MAX_ERRORS_CHARACTERS:
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
    reading = read_schema(root)
    for place, pattern in reading.patterns:
        try:
            _compile({"pattern": pattern}, place)
        except InvalidJsonSchema:
            raise InvalidJsonSchema(place, _IRREGULAR) from None
    longest_name = max(map(len, definitions(root)), default=0)
    return JsonSchema(root, reading.errors_characters, longest_name, _compile(root, ""))


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


def _places(value: JsonValue, longest_name: int) -> int:
    """How many places data has, those where an error quotes much counted as more."""
    return -(-_quoted(value, longest_name) // ERROR_CHARACTERS)


def _quoted(value: JsonValue, way: int) -> int:
    """Characters that one error at each place holds together: of its value, and of the names on the way there."""
    here = ERROR_CHARACTERS + way
    match value:
        case dict():
            return here + sum(len(name) + _quoted(each, way + len(name)) for name, each in value.items())
        case list():
            return here + sum(_quoted(each, way) for each in value)
        case str():
            return here + len(value)
        case _:
            return here


_UNPLACED = "one of its rules is broken"
_IRREGULAR = (
    "this is no regular expression that takes linear time: no look-around, no back-references, at most 32 KiB compiled "
    "(use maxLength instead of large repetitions)"
)
