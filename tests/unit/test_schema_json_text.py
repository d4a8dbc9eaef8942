"""JSON as services use it: what is read, what is refused, and the one form in which it is written."""

import pytest

from hub.services.errors import InvalidJson
from hub.services.json_text import MAX_INTEGER, JsonValue, canonical, parse, pointer


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"{}", {}),
        (b' [ 1 , -2, 0, true, false, null, "a" ]\n', [1, -2, 0, True, False, None, "a"]),
        (b"9007199254740991", MAX_INTEGER),
        (b"-9007199254740991", -MAX_INTEGER),
        (rb'"\u00e9\ud83d\ude00\n\/"', "é😀\n/"),
        (b'{"a":{"a":1}}', {"a": {"a": 1}}),
        (b'"[[[[[[[[["', "[[[[[[[[["),
        (rb'["\"[[[[[[[[["]', ['"[[[[[[[[[']),
        (b"[[[[]]],[[[]]],[[[]]]]", [[[[]]], [[[]]], [[[]]]]),
    ],
)
def test_read(data: bytes, value: JsonValue) -> None:
    assert parse(data, max_depth=4) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b'{"a":1,}',
        b"{'a':1}",
        b"1 2",
        b"//\n1",
        b"True",
        b"\xef\xbb\xbf1",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"a\nb"',
        b'"\x00"',
        rb'"\ud800"',
        rb'"\udc00\ud800"',
        rb'{"\udfff":1}',
        rb'[{"a":["\uD83D"]}]',
        b"1.0",
        b"1e2",
        b"1E400",
        b"-0",
        b"-0.0",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"01",
        b"+1",
        b"0x10",
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5000,
        "١".encode(),
        b'{"a":1,"a":1}',
        b'{"b":{"a":1,"\\u0061":2}}',
        b"[[[[[]]]]]",
        b'{"a":{"a":{"a":{"a":{}}}}}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'"' + b'\\"' * 30_000 + b"[[[[[",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_refused(data: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse(data, max_depth=4)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ({"10": 1, "9": 2, "A": 3, "a": 4, "": 5}, '{"":5,"10":1,"9":2,"A":3,"a":4}'),
        # By UTF-16 code units (RFC 8785, section 3.2.3), in which U+1F600 begins with 0xD83D and stands before U+FB33.
        ({"\ufb33": 1, "😀": 2}, '{"😀":2,"\ufb33":1}'),
        ('\x00\x1f\x7f\u2028é/\\"\b\f\n\r\t', '"\\u0000\\u001f\x7f\u2028é/\\\\\\"\\b\\f\\n\\r\\t"'),
        (-MAX_INTEGER, "-9007199254740991"),
    ],
)
def test_the_canonical_form(value: JsonValue, text: str) -> None:
    assert canonical(value) == text.encode()
    assert parse(canonical(value), max_depth=4) == value


@pytest.mark.parametrize(("steps", "text"), [((), ""), (("a", 0, "b"), "/a/0/b"), (("", "m~n", "a/b"), "//m~0n/a~1b")])
def test_pointers(steps: tuple[str | int, ...], text: str) -> None:
    assert pointer(*steps) == text
