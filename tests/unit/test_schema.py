"""What a JSON Schema may be: a good one, and tables that each break one thing of it."""

import socket
from typing import Any

import pytest

from hub.services import json_schema
from hub.services.errors import InvalidJsonSchema, SchemaTooLarge
from hub.services.json_schema import MAX_SCHEMA_BYTES, parse_json_schema
from hub.services.schema_rules import KEYWORDS, MAX_COST, MAX_PATTERNS, MAX_SCHEMA_DEPTH
from tests.unit.whole_schema import CLOSED, STRING, WHOLE, text

HANGS = pytest.mark.timeout(60)
"""Of a test that takes milliseconds, or for ever where the code is wrong."""


def refusal(schema: Any) -> InvalidJsonSchema:
    with pytest.raises(InvalidJsonSchema) as caught:
        parse_json_schema(text(schema))
    return caught.value


def test_a_schema_of_every_keyword_is_taken() -> None:
    schema = parse_json_schema(text(WHOLE))
    used = {key for key in KEYWORDS if f'"{key}"' in text(WHOLE)}
    assert used == set(KEYWORDS)
    schema.check({"id": "a-1", "lines": [{"name": "x", "count": 2}], "either": None})


def obj(**properties: Any) -> dict[str, Any]:
    return {**CLOSED, "properties": properties}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        # open
        ({}, ""),
        ({"description": "anything"}, ""),
        ({"type": "object"}, ""),
        ({"type": "object", "properties": {"a": STRING}}, ""),
        ({"properties": {}, "additionalProperties": False}, ""),
        ({"type": ["object", "null"]}, ""),
        ({"type": "object", "additionalProperties": True}, "/additionalProperties"),
        ({"type": "object", "additionalProperties": STRING}, "/additionalProperties"),
        ({"type": "object", "unevaluatedProperties": True}, "/unevaluatedProperties"),
        ({"type": "array"}, ""),
        ({"type": ["array", "string"]}, ""),
        ({"type": "array", "items": True}, "/items"),
        ({"type": "array", "items": {}}, "/items"),
        ({"type": "array", "prefixItems": [STRING]}, ""),
        ({"type": "array", "prefixItems": [{}], "items": False}, "/prefixItems/0"),
        (obj(a={}), "/properties/a"),
        (obj(a=True), "/properties/a"),
        (obj(a={"type": "object"}), "/properties/a"),
        (obj(a={"minLength": 1}), "/properties/a"),
        (obj(a={"type": "array", "items": obj(b={"type": "object"})}), "/properties/a/items/properties/b"),
        (obj(a={"anyOf": [STRING, {"minLength": 1}]}), "/properties/a"),
        (obj(a={"oneOf": [STRING, {"type": "object"}]}), "/properties/a"),
        (obj(a={"allOf": [{"minLength": 1}, {"type": "object"}]}), "/properties/a"),
        (obj(a={"not": STRING}), "/properties/a"),
        (obj(a={"if": STRING, "then": STRING}), "/properties/a"),
        ({**obj(a={"$ref": "#/$defs/a"}), "$defs": {"a": {"type": "object"}}}, "/properties/a"),
        ({**CLOSED, "allOf": [{"properties": {"a": {}}}]}, "/allOf/0/properties/a"),
        ({**CLOSED, "if": {"properties": {"a": {}}}}, "/if/properties/a"),
        ({**CLOSED, "$defs": {"unused": obj(a={})}}, "/$defs/unused/properties/a"),
        # no integers
        ({"type": "number"}, "/type"),
        ({"type": ["string", "number"]}, "/type"),
        (obj(a={"type": "number"}), "/properties/a/type"),
        ({"type": "integer", "minimum": True}, "/minimum"),
        ({"type": "integer", "maximum": "1"}, "/maximum"),
        # keywords
        ({**STRING, "format": "date"}, "/format"),
        ({**CLOSED, "patternProperties": {"^a": STRING}}, "/patternProperties"),
        ({**CLOSED, "propertyNames": STRING}, "/propertyNames"),
        ({**CLOSED, "dependentSchemas": {}}, "/dependentSchemas"),
        ({"type": "array", "items": STRING, "contains": STRING}, "/contains"),
        ({"type": "array", "items": STRING, "unevaluatedItems": False}, "/unevaluatedItems"),
        ({**STRING, "contentEncoding": "base64"}, "/contentEncoding"),
        ({**STRING, "my-own": 1}, "/my-own"),
        (obj(**{"a/b": {**STRING, "x~y": 1}}), "/properties/a~1b/x~0y"),
        ({**STRING, "$id": "http://example.com/a"}, "/$id"),
        ({**STRING, "$anchor": "a"}, "/$anchor"),
        ({**STRING, "$vocabulary": {}}, "/$vocabulary"),
        (obj(a={**STRING, "$defs": {}}), "/properties/a/$defs"),
        (obj(a={**STRING, "$schema": WHOLE["$schema"]}), "/properties/a/$schema"),
        ({**STRING, "$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({**STRING, "$schema": 1}, "/$schema"),
        # references
        ({"$ref": "http://example.com/schema"}, "/$ref"),
        ({"$ref": "file:///etc/passwd"}, "/$ref"),
        ({"$ref": "other.json#/$defs/a"}, "/$ref"),
        ({"$ref": "#"}, "/$ref"),
        ({"$ref": "#a"}, "/$ref"),
        ({"$ref": "#/$defs/"}, "/$ref"),
        ({"$ref": "#/$defs/missing"}, "/$ref"),
        ({"$ref": "#/properties/a", "properties": {"a": STRING}}, "/$ref"),
        ({"$ref": "#/$defs/a/items", "$defs": {"a": {"type": "array", "items": STRING}}}, "/$ref"),
        ({"$ref": 1}, "/$ref"),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": STRING}}, "/$ref"),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a~1b": STRING}}, "/$ref"),
        # A name that the rules read as written and the validator decodes: it would judge by another definition.
        ({"$ref": "#/$defs/a%62", "$defs": {"a%62": STRING, "ab": {"minLength": 1}}}, "/$ref"),
        ({**STRING, "$dynamicRef": "#a"}, "/$dynamicRef"),
        ({**STRING, "$dynamicAnchor": "a"}, "/$dynamicAnchor"),
        ({**STRING, "$recursiveRef": "#"}, "/$recursiveRef"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "/$defs/a"),
        ({"$ref": "#/$defs/a", "$defs": {"a": obj(next={"$ref": "#/$defs/a"})}}, "/$defs/a"),
        ({**STRING, "$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/a"}}}}, "/$defs/a"),
        # patterns
        ({**STRING, "pattern": "(?=a)b"}, "/pattern"),
        ({**STRING, "pattern": "(?<!a)b"}, "/pattern"),
        ({**STRING, "pattern": r"(a)\1"}, "/pattern"),
        ({**STRING, "pattern": "["}, "/pattern"),
        ({**STRING, "pattern": "a{2,1}"}, "/pattern"),
        ({**STRING, "pattern": "((((a{99}){99}){99}){99})"}, "/pattern"),
        ({**STRING, "pattern": "^.{1,256}$"}, "/pattern"),
        ({**STRING, "pattern": 1}, "/pattern"),
        # shapes that the meta-schema knows, named at their place before it sees them
        ([], ""),
        (True, ""),
        ("string", ""),
        ({"type": "text"}, "/type"),
        ({"type": []}, "/type"),
        ({"type": [["string"]]}, "/type"),
        ({"type": None}, "/type"),
        ({**CLOSED, "properties": []}, "/properties"),
        (obj(a="string"), "/properties/a"),
        (obj(a=None), "/properties/a"),
        ({**CLOSED, "required": "a"}, "/required"),
        ({**CLOSED, "required": [1]}, "/required"),
        ({**CLOSED, "dependentRequired": {"a": "b"}}, "/dependentRequired"),
        ({**STRING, "minLength": -1}, "/minLength"),
        ({**STRING, "title": 1}, "/title"),
        ({**STRING, "deprecated": 0}, "/deprecated"),
        ({"enum": []}, "/enum"),
        ({"enum": "a"}, "/enum"),
        ({**STRING, "allOf": []}, "/allOf"),
        ({**STRING, "allOf": STRING}, "/allOf"),
        ({"type": "array", "items": [STRING]}, "/items"),
        ({**STRING, "$defs": []}, "/$defs"),
        ({**STRING, "$defs": {"a": 1}}, "/$defs/a"),
        # and what is left to it
        ({"type": "integer", "multipleOf": 0}, ""),
        ({**CLOSED, "required": ["a", "a"]}, ""),
        ({"type": ["string", "string"]}, ""),
    ],
    ids=lambda part: text(part)[:70],
)
def test_one_broken_thing(schema: Any, place: str) -> None:
    assert refusal(schema).place == place


@pytest.mark.parametrize(
    "written",
    [
        "",
        "not json",
        '{"type":"string","type":"integer"}',
        '{"type":"integer","minimum":0.5}',
        '{"type":"integer","minimum":1e3}',
        '{"type":"integer","maximum":9007199254740992}',
        '{"const":NaN}',
        '{"title":"\\ud800","type":"string"}',
        "\ud800",
        '{"not":' * 2000,
    ],
)
def test_what_is_no_json_is_no_schema(written: str) -> None:
    with pytest.raises(InvalidJsonSchema):
        parse_json_schema(written)


@pytest.mark.parametrize(
    "schema",
    [
        {"const": {"a": 1}},
        {"enum": [{"a": 1}, []]},
        {"type": "array", "items": False},
        {"$ref": "#/$defs/a", "$defs": {"a": STRING}},
        {"allOf": [{"type": "object"}, CLOSED]},
        {"type": "object", "allOf": [CLOSED]},
        {"anyOf": [STRING, CLOSED], "not": {"maxLength": 1}},
        {"enum": [{"$ref": "http://example.com"}, {"$id": "http://example.com"}]},
        {"const": {"$schema": "http://example.com", "type": "number"}},
        obj(**{"$ref": STRING, "$id": STRING, "type": STRING, "format": STRING}),
        {**STRING, "default": 7, "examples": [{"$ref": "http://example.com"}]},
        {**STRING, "pattern": "(a+)+$"},
        {**STRING, "pattern": "^(0|[1-9][0-9]{0,77})$"},
    ],
    ids=lambda schema: text(schema)[:70],
)
def test_closed_though_it_may_not_look_so(schema: Any) -> None:
    parse_json_schema(text(schema))


def test_the_size_of_a_schema_has_a_bound() -> None:
    frame = len(text({**STRING, "title": ""}))
    parse_json_schema(text({**STRING, "title": "t" * (MAX_SCHEMA_BYTES - frame)}))
    with pytest.raises(SchemaTooLarge):
        parse_json_schema(text({**STRING, "title": "t" * (MAX_SCHEMA_BYTES - frame + 1)}))


def nested(levels: int) -> dict[str, Any]:
    schema = STRING
    for _ in range(levels - 1):
        schema = obj(a=schema)
    return schema


def test_the_depth_of_a_schema_has_a_bound() -> None:
    parse_json_schema(text(nested(MAX_SCHEMA_DEPTH)))
    assert "deep" in refusal(nested(MAX_SCHEMA_DEPTH + 1)).rule
    assert "deep" in refusal({"allOf": [nested(MAX_SCHEMA_DEPTH)], **STRING}).rule


@pytest.mark.parametrize("order", [1, -1])
def test_a_reference_counts_as_a_level_whichever_definition_is_read_first(order: int) -> None:
    def chain(length: int) -> dict[str, Any]:
        links = {f"a{at}": {"$ref": f"#/$defs/a{at + 1}"} for at in range(length)} | {f"a{length}": STRING}
        names = sorted(links, key=lambda name: int(name[1:]))[::order]
        return {**CLOSED, "$defs": {name: links[name] for name in names}, "properties": {"a": {"$ref": "#/$defs/a0"}}}

    parse_json_schema(text(chain(MAX_SCHEMA_DEPTH - 3)))
    assert "deep" in refusal(chain(MAX_SCHEMA_DEPTH - 2)).rule
    assert "deep" in refusal(chain(300)).rule


def test_a_definition_first_met_near_the_root_is_as_deep_further_down() -> None:
    def schema(levels: int) -> dict[str, Any]:
        deep: dict[str, Any] = {"$ref": "#/$defs/a"}
        for _ in range(levels):
            deep = obj(x=deep)
        return {**obj(near={"$ref": "#/$defs/a"}, deep=deep), "$defs": {"a": nested(8)}}

    parse_json_schema(text(schema(MAX_SCHEMA_DEPTH - 10)))
    assert "deep" in refusal(schema(MAX_SCHEMA_DEPTH - 9)).rule


def laughs(levels: int, level: Any) -> dict[str, Any]:
    definitions = {f"a{at}": level({"$ref": f"#/$defs/a{at + 1}"}) for at in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**definitions, f"a{levels}": STRING}}


@pytest.mark.parametrize(
    "level",
    [
        lambda inner: {"anyOf": [inner] * 10},
        lambda inner: {"allOf": [inner] * 10},
        lambda inner: {"allOf": [inner, {"oneOf": [inner] * 9}]},
        lambda inner: {"allOf": [inner], "if": inner, "then": inner, "else": inner, "not": inner},
    ],
)
@HANGS
def test_a_billion_laughs_are_refused_before_any_data_is_seen(level: Any) -> None:
    assert "steps" in refusal(laughs(4, level)).rule


def test_unevaluated_properties_count_twice() -> None:
    schema: dict[str, Any] = obj(a=STRING)
    for _ in range(10):
        schema = {"allOf": [schema], "type": "object", "unevaluatedProperties": False}
    assert "steps" in refusal(schema).rule


def test_many_properties_that_share_a_definition_cost_nothing() -> None:
    schema = laughs(6, lambda inner: obj(**{f"p{at}": inner for at in range(20)}))
    parse_json_schema(text(schema)).check({"p0": {"p1": {"p2": {"p3": {"p4": {"p5": "here"}}}}}})


def test_an_enum_has_a_bound() -> None:
    parse_json_schema(text({"enum": list(range(MAX_COST - 1))}))
    assert "steps" in refusal({"enum": list(range(MAX_COST))}).rule
    assert "steps" in refusal(obj(a={"enum": list(range(MAX_COST))})).rule


def test_patterns_have_a_bound() -> None:
    parse_json_schema(text(obj(**{f"p{at}": {**STRING, "pattern": "a"} for at in range(MAX_PATTERNS)})))
    assert "patterns" in refusal(obj(**{f"p{at}": {**STRING, "pattern": "a"} for at in range(MAX_PATTERNS + 1)})).rule
    assert "steps" in refusal({**STRING, "allOf": [{"pattern": "a"} for _ in range(9)]}).rule


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*b$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){9}[b-z]", "[ab]*a[ab]{250}[d-z]"]
)
@HANGS
def test_a_catastrophic_pattern_is_only_linear(pattern: str) -> None:
    schema = parse_json_schema(text({**STRING, "pattern": pattern}))
    for data in ("a" * 60_000 + "!", "ab" * 30_000, "aab" * 20_000):
        schema.validator.is_valid(data)


def test_nothing_is_ever_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", never)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/schema"
    for schema in (
        {"$ref": address},
        {**STRING, "$schema": address},
        {**STRING, "$id": address, "$dynamicRef": address},
    ):
        refusal(schema)
    parse_json_schema(
        text({"const": {"$ref": address}, "examples": [{"$schema": address}], "default": {"$id": address}})
    )
    with pytest.raises(InvalidJsonSchema):
        json_schema._compile({"$ref": address}, "")  # were a reference ever to pass the rules
    with listener, pytest.raises(BlockingIOError):
        listener.accept()
