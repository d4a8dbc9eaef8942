"""Only canonical RLP is read; the library ``rlp`` says what that is."""

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st

from hub.proofs.errors import MalformedRlp
from hub.proofs.rlp import NestedList, decode_list, decode_string

LENGTHS = st.one_of(st.integers(0, 60), st.sampled_from([54, 55, 56, 57, 255, 256, 257, 65_535, 65_536]))
STRINGS = LENGTHS.flatmap(lambda length: st.binary(min_size=length, max_size=length))


@given(st.lists(st.one_of(STRINGS, st.lists(STRINGS, max_size=3)), max_size=17))
def test_every_list_is_read_as_the_library_wrote_it(items: list[bytes | list[bytes]]) -> None:
    expected = [rlp.encode(item) if isinstance(item, list) else item for item in items]
    decoded = decode_list(rlp.encode(items))
    assert decoded == expected
    assert [isinstance(item, NestedList) for item in decoded] == [isinstance(item, list) for item in items]


@given(STRINGS)
def test_every_string_is_read_as_the_library_wrote_it(content: bytes) -> None:
    assert decode_string(rlp.encode(content)) == content


@given(st.binary(max_size=80))
def test_nothing_is_read_that_the_library_would_write_otherwise(data: bytes) -> None:
    try:
        items = decode_list(data)
    except MalformedRlp:
        return
    rebuilt = b"".join(item if isinstance(item, NestedList) else rlp.encode(bytes(item)) for item in items)
    assert rlp.codec.length_prefix(len(rebuilt), 0xC0) + rebuilt == data


@pytest.mark.parametrize(
    ("attack", "data"),
    [
        ("nothing", ""),
        ("a string instead of a list", "83aabbcc"),
        ("a byte behind the list", "c100" + "00"),
        ("a list cut short", "c4830102"),
        ("an item beyond its list", "c283010203"),
        ("an item beyond its list, inside the data", "c18301020304"),
        ("a small byte with a prefix", "c28105"),
        ("a short string in long form", "c3b801aa"),
        ("a short list in long form", "f801aa"),
        ("a long length with a leading zero", "f90038" + "00" * 56),
        ("a length that needs no second byte", "f900ff" + "00" * 255),
        ("a long list cut short", "f90101" + "00" * 256),
        ("a byte behind a long list", "f90100" + "00" * 257),
        ("a length cut off", "f9"),
        ("a length that is zero bytes short", "f8"),
        ("a gigantic length", "ffffffffffffffffff"),
        ("the last prefix byte alone", "c181"),
    ],
)
def test_a_list_that_is_not_canonical_is_refused(attack: str, data: str) -> None:
    with pytest.raises(MalformedRlp):
        decode_list(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["", "c0", "8100", "817f", "83aabb", "83aabbccdd", "b801aa", "aabb", "80ff", "b90001"])
def test_a_string_that_is_not_canonical_is_refused(data: str) -> None:
    with pytest.raises(MalformedRlp):
        decode_string(bytes.fromhex(data))
