"""What data does not fit a JSON Schema, told by its place and keyword; of much wrong data no place is sought."""

from typing import Any

import pytest

from hub.services.errors import SchemaMismatch
from hub.services.json_schema import parse_json_schema
from tests.unit.whole_schema import CLOSED, STRING, WHOLE, text


@pytest.mark.parametrize(
    ("data", "place", "keyword"),
    [
        ({"lines": [{}], "pair": []}, "", "required id"),
        ({"id": "A", "lines": [{}]}, "/id", "pattern"),
        ({"id": "a", "lines": []}, "/lines", "minItems"),
        ({"id": "a", "lines": [{}, {}]}, "/lines", "uniqueItems"),
        ({"id": "a", "lines": [{"other": 1}]}, "/lines/0", "unevaluatedProperties"),
        ({"id": "a", "lines": [{"count": True}]}, "/lines/0/count", "type"),
        ({"id": "a", "lines": [{}], "count": 0, "size": 1}, "/count", "minimum"),
        ({"id": "a", "lines": [{}], "count": 1}, "", "required size"),
        ({"id": "a", "lines": [{}], "kind": "order"}, "", "required colour"),
        ({"id": "a", "lines": [{}], "extra": 1}, "", "additionalProperties"),
        ({"id": "a", "lines": [{}], "pair": ["a", 1]}, "/pair/1", "type"),
        ({"id": "a", "lines": [{}], "pair": ["a", True, 1]}, "/pair/2", "falseSchema"),
        ({"id": "A", "lines": []}, "/id", "pattern"),
        ([], "", "type"),
    ],
)
def test_a_mismatch_names_its_place_and_keyword(data: Any, place: str, keyword: str) -> None:
    with pytest.raises(SchemaMismatch) as caught:
        parse_json_schema(text(WHOLE)).check(data)
    assert (caught.value.place, caught.value.keyword) == (place, keyword)


NAMES = [f"n{at}" for at in range(120)]
LONG = "k" * 8_000


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (STRING, list(range(30_000))),
        ({**CLOSED, "required": NAMES}, [{}] * 300),
        ({**CLOSED, "properties": {"a": STRING}, "dependentRequired": {"a": NAMES}}, [{"a": ""}] * 300),
        ({"type": "integer", "allOf": [{"minimum": 9}] * 100}, [0] * 300),
        ({"anyOf": [{"type": "integer", "minimum": 9}] * 100}, [0] * 300),
        ({"enum": [[0] * 5_000]}, [0] * 300),
        ({"not": {"enum": [0, LONG]}, "type": "integer"}, [0] * 300),
        ({"$ref": f"#/$defs/{LONG}"}, [0] * 300),
        ({**CLOSED, "properties": {LONG: {"type": "array", "items": STRING}}}, [{LONG: [0] * 300}]),
        ({**STRING, "allOf": [{"maxLength": 1}] * 100}, ["a" * 60_000]),
    ],
    ids=lambda part: text(part)[:40],
)
def test_of_much_wrong_data_no_place_is_sought(schema: Any, data: list[Any]) -> None:
    """To find it every error is built, with a copy of all that it quotes."""
    definitions = {LONG: {"type": "integer", "minimum": 9}}
    whole = parse_json_schema(
        text({"type": "array", "items": schema, "$defs": definitions if "$ref" in schema else {}})
    )
    with pytest.raises(SchemaMismatch) as caught:
        whole.check(data)
    assert (caught.value.place, caught.value.keyword) == ("", "one of its rules is broken")


@pytest.mark.parametrize(
    ("schema", "data", "place"),
    [
        (STRING, [*["a"] * 2_000, 1], "/2000"),
        ({"enum": [f"country {at}" for at in range(250)]}, [*["country 1"] * 200, "country"], "/200"),
        ({**CLOSED, "properties": dict.fromkeys(NAMES[:20], STRING), "required": NAMES[:20]}, [{}], "/0"),
        ({**STRING, "maxLength": 9}, ["a" * 60_000], "/0"),
    ],
    ids=lambda part: text(part)[:40],
)
def test_of_usual_data_the_place_is_told(schema: Any, data: list[Any], place: str) -> None:
    with pytest.raises(SchemaMismatch) as caught:
        parse_json_schema(text({"type": "array", "items": schema})).check(data)
    assert caught.value.place == place
