"""What a service's JSON Schema may say: JSON Schema 2020-12, narrowed to what is closed, finite and cheap.

Only the keywords of ``KEYWORDS`` are known. References go to ``#/$defs/NAME`` and never in a circle. Every place where
data may stand is closed: it has a type, an object there takes no property but those named, an array no item but those
described. What the rules leave to be checked the meta-schema checks (hub/services/json_schema.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from hub.services.errors import InvalidJsonSchema
from hub.services.json_text import JsonValue, canonical, pointer

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_DEPTH = 16
"""Schemas inside each other, a reference counting as one more."""
MAX_PATTERNS = 32
MAX_COST = 512
"""Steps of the validator for each byte of data; a step is about 50 ns, so that 16 KiB take less than half a second."""

ERROR_CHARACTERS = 64
"""What an error of the validator takes besides what it quotes, as if that were text."""

_PATTERN_COST = 64
_QUOTED = {"const", "enum", "pattern", "not"}
"""Keywords that an error of theirs quotes whole."""
_TYPES = {"null", "boolean", "integer", "string", "array", "object"}


class Holds(Enum):
    """What a keyword holds."""

    ANYTHING = auto()
    WORDS = auto()
    FLAG = auto()
    FALSE = auto()
    INTEGER = auto()
    COUNT = auto()
    NAMES = auto()
    NAMES_BY_NAME = auto()
    TYPES = auto()
    VALUES = auto()
    PATTERN = auto()
    REFERENCE = auto()
    HERE = auto()
    """A schema for the same place in the data."""
    ALL_HERE = auto()
    INSIDE = auto()
    """A schema for places inside the data."""
    ALL_INSIDE = auto()
    NAMED_INSIDE = auto()


KEYWORDS = {
    "title": Holds.WORDS,
    "description": Holds.WORDS,
    "$comment": Holds.WORDS,
    "default": Holds.ANYTHING,
    "examples": Holds.VALUES,
    "deprecated": Holds.FLAG,
    "type": Holds.TYPES,
    "const": Holds.ANYTHING,
    "enum": Holds.VALUES,
    "minimum": Holds.INTEGER,
    "maximum": Holds.INTEGER,
    "exclusiveMinimum": Holds.INTEGER,
    "exclusiveMaximum": Holds.INTEGER,
    "multipleOf": Holds.COUNT,
    "minLength": Holds.COUNT,
    "maxLength": Holds.COUNT,
    "pattern": Holds.PATTERN,
    "properties": Holds.NAMED_INSIDE,
    "required": Holds.NAMES,
    "dependentRequired": Holds.NAMES_BY_NAME,
    "minProperties": Holds.COUNT,
    "maxProperties": Holds.COUNT,
    "additionalProperties": Holds.FALSE,
    "unevaluatedProperties": Holds.FALSE,
    "prefixItems": Holds.ALL_INSIDE,
    "items": Holds.INSIDE,
    "minItems": Holds.COUNT,
    "maxItems": Holds.COUNT,
    "uniqueItems": Holds.FLAG,
    "$ref": Holds.REFERENCE,
    "allOf": Holds.ALL_HERE,
    "anyOf": Holds.ALL_HERE,
    "oneOf": Holds.ALL_HERE,
    "not": Holds.HERE,
    "if": Holds.HERE,
    "then": Holds.HERE,
    "else": Holds.HERE,
}
"""All keywords of a service's schema, besides ``$schema`` and ``$defs`` at its root."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to know of a schema that breaks no rule.

    ``patterns``: each with its place. ``errors_characters``: of all errors that one place in the data can have, without
    what they quote of the data.
    """

    patterns: tuple[tuple[str, str], ...]
    errors_characters: int


def read_schema(root: dict[str, JsonValue]) -> Reading:
    """Refuse a schema that breaks a rule; raises InvalidJsonSchema."""
    reader = _Reader(root)
    measure = reader.read()
    return Reading(tuple(reader.patterns), measure.errors)


def definitions(root: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The schemas under ``$defs``; raises InvalidJsonSchema."""
    entries = root.get("$defs", {})
    if not isinstance(entries, dict):
        raise InvalidJsonSchema("/$defs", "it is an object of schemas")
    return entries


def referenced(reference: str) -> str | None:
    """The name in ``#/$defs/NAME``; None for any other reference."""
    name = reference.removeprefix("#/$defs/")
    return name if name != reference and name and not set(name) & set("/~%#") else None


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is known of a schema: steps for each byte of data at most, characters of all errors of one place, levels
    inside it, and whether it is closed.
    """

    cost: int = 1
    errors: int = ERROR_CHARACTERS
    depth: int = 0
    closed: bool = False


class _Reader:
    """Reads a schema once from its root, every definition once."""

    def __init__(self, root: dict[str, JsonValue]) -> None:
        self._root = root
        self._definitions = definitions(root)
        self._measures: dict[str, _Measure] = {}
        self._open: set[str] = set()
        self.patterns: list[tuple[str, str]] = []

    def read(self) -> _Measure:
        """Of the root; raises InvalidJsonSchema."""
        schema = {keyword: held for keyword, held in self._root.items() if keyword not in {"$schema", "$defs"}}
        if self._root.get("$schema", DIALECT) != DIALECT:
            raise InvalidJsonSchema("/$schema", f"the dialect is {DIALECT}")
        measure = self._inside(schema, "", 1)
        if measure.cost > MAX_COST:
            raise InvalidJsonSchema("", f"it takes {measure.cost} steps for a byte of data, {MAX_COST} are allowed")
        for name in self._definitions:
            self._definition(name, 1)
        return measure

    def _schema(self, schema: JsonValue, place: str, level: int) -> _Measure:
        if level > MAX_SCHEMA_DEPTH:
            raise InvalidJsonSchema(place, f"schemas and references are more than {MAX_SCHEMA_DEPTH} deep")
        if isinstance(schema, bool):
            return _Measure(closed=not schema)
        if not isinstance(schema, dict):
            raise InvalidJsonSchema(place, "a schema is an object, true or false")
        here: dict[str, list[_Measure]] = {}
        inside: list[_Measure] = []
        own = 1
        for keyword, held in schema.items():
            at = place + pointer(keyword)
            match KEYWORDS.get(keyword):
                case None:
                    raise InvalidJsonSchema(at, f"this keyword is not among {', '.join(KEYWORDS)}")
                case Holds.HERE | Holds.ALL_HERE as holds:
                    here[keyword] = [self._schema(each, where, level + 1) for where, each in _parts(holds, held, at)]
                case Holds.REFERENCE:
                    here[keyword] = [self._reference(held, at, level)]
                case Holds.INSIDE | Holds.ALL_INSIDE | Holds.NAMED_INSIDE as holds:
                    inside += [self._inside(each, where, level + 1) for where, each in _parts(holds, held, at)]
                case Holds.PATTERN:
                    self._pattern(held, at)
                    own += _PATTERN_COST
                case plain:
                    _check_plain(plain, held, at)
            own += len(held) if isinstance(held, list | dict) else 1
        return _combine(schema, own, here, inside)

    def _inside(self, schema: JsonValue, place: str, level: int) -> _Measure:
        """A schema for a place where data may stand: it must be closed."""
        measure = self._schema(schema, place, level)
        if not measure.closed:
            raise InvalidJsonSchema(place, _OPEN)
        return measure

    def _reference(self, reference: JsonValue, place: str, level: int) -> _Measure:
        name = referenced(reference) if isinstance(reference, str) else None
        if name is None or name not in self._definitions:
            raise InvalidJsonSchema(place, "a reference is #/$defs/NAME, and NAME stands there")
        measure = self._definition(name, level + 1)
        if level + 1 + measure.depth > MAX_SCHEMA_DEPTH:
            raise InvalidJsonSchema(place, f"schemas and references are more than {MAX_SCHEMA_DEPTH} deep")
        return measure

    def _definition(self, name: str, level: int) -> _Measure:
        place = "/$defs" + pointer(name)
        if name in self._open:
            raise InvalidJsonSchema(place, "it refers to itself")
        if name not in self._measures:
            self._open.add(name)
            self._measures[name] = self._schema(self._definitions[name], place, level)
            self._open.remove(name)
        return self._measures[name]

    def _pattern(self, pattern: JsonValue, place: str) -> None:
        if not isinstance(pattern, str):
            raise InvalidJsonSchema(place, "it is a string")
        if len(self.patterns) == MAX_PATTERNS:
            raise InvalidJsonSchema(place, f"there are more than {MAX_PATTERNS} patterns")
        self.patterns.append((place, pattern))


_OPEN = (
    "it is open: give it a type; an object also additionalProperties: false (or unevaluatedProperties: false), "
    "an array also items"
)


def _combine(
    schema: dict[str, JsonValue], own: int, here: dict[str, list[_Measure]], inside: list[_Measure]
) -> _Measure:
    """Data is validated by every schema for its place, and each of its parts by one schema inside of each of them."""
    everywhere = [measure for measures in here.values() for measure in measures]
    # What is not evaluated is found by evaluating all others a second time.
    times = 2 if "unevaluatedProperties" in schema else 1
    cost = max([own, *(measure.cost for measure in inside)]) + times * sum(measure.cost for measure in everywhere)
    own_errors = sum(_errors(keyword, held) for keyword, held in schema.items())
    errors = max([own_errors, *(each.errors for each in inside)]) + times * sum(each.errors for each in everywhere)
    depth = max((measure.depth + 1 for measure in everywhere + inside), default=0)
    closed = (
        _closed_by_itself(schema)
        or any(measure.closed for keyword in ("allOf", "$ref") for measure in here.get(keyword, []))
        or any(all(measure.closed for measure in here[keyword]) for keyword in ("anyOf", "oneOf") if keyword in here)
    )
    return _Measure(cost, errors, depth, closed)


def _errors(keyword: str, held: JsonValue) -> int:
    """Characters of all errors of a keyword at one place: it makes one, or one for each name that is missing there."""
    match KEYWORDS[keyword], held:
        case Holds.NAMES, list():
            return sum(ERROR_CHARACTERS + len(str(name)) for name in held)
        case Holds.NAMES_BY_NAME, dict():
            return sum(_errors("required", names) for names in held.values())
        case _:
            return ERROR_CHARACTERS + (len(canonical(held)) if keyword in _QUOTED else 0)


def _closed_by_itself(schema: dict[str, JsonValue]) -> bool:
    if "const" in schema or "enum" in schema:
        return True
    types = schema.get("type", [])
    names = types if isinstance(types, list) else [types]
    if "object" in names and not schema.keys() & {"additionalProperties", "unevaluatedProperties"}:
        return False
    return bool(names) and ("array" not in names or "items" in schema)


def _parts(holds: Holds, held: JsonValue, place: str) -> list[tuple[str, JsonValue]]:
    """The schemas that a keyword holds, each with its place."""
    if holds in {Holds.HERE, Holds.INSIDE}:
        return [(place, held)]
    if holds is Holds.NAMED_INSIDE and isinstance(held, dict):
        return [(place + pointer(name), each) for name, each in held.items()]
    if holds in {Holds.ALL_HERE, Holds.ALL_INSIDE} and isinstance(held, list) and held:
        return [(place + pointer(index), each) for index, each in enumerate(held)]
    raise InvalidJsonSchema(place, "it holds schemas: one or more in an array, or an object of them by name")


def _check_plain(holds: Holds, held: JsonValue, place: str) -> None:
    """A keyword that holds no schema."""
    if holds is Holds.TYPES and "number" in (held if isinstance(held, list) else [held]):
        raise InvalidJsonSchema(place, "numbers are integers only: use integer, or a string")
    rule, fits = _PLAIN[holds]
    if not fits(held):
        raise InvalidJsonSchema(place, f"it is {rule}")


def _is_integer(held: JsonValue) -> bool:
    return isinstance(held, int) and not isinstance(held, bool)


def _are_names(held: JsonValue) -> bool:
    return isinstance(held, list) and all(isinstance(name, str) for name in held)


def _are_types(held: JsonValue) -> bool:
    names = held if isinstance(held, list) else [held]
    return bool(names) and all(isinstance(name, str) and name in _TYPES for name in names)


_PLAIN: dict[Holds, tuple[str, Callable[[JsonValue], bool]]] = {
    Holds.ANYTHING: ("anything", lambda _held: True),
    Holds.WORDS: ("a string", lambda held: isinstance(held, str)),
    Holds.FLAG: ("true or false", lambda held: isinstance(held, bool)),
    Holds.FALSE: ("false: objects are closed", lambda held: held is False),
    Holds.INTEGER: ("an integer", _is_integer),
    Holds.COUNT: ("an integer from 0", lambda held: _is_integer(held) and held >= 0),  # type: ignore[operator]
    Holds.NAMES: ("an array of strings", _are_names),
    Holds.NAMES_BY_NAME: (
        "an object of arrays of strings",
        lambda held: isinstance(held, dict) and all(map(_are_names, held.values())),
    ),
    Holds.TYPES: (f"one or more of {', '.join(sorted(_TYPES))}", _are_types),
    Holds.VALUES: ("an array of one or more values", lambda held: isinstance(held, list) and bool(held)),
}
