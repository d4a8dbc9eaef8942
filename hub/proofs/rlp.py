"""Strict RLP for trie nodes and accounts (Ethereum yellow paper, appendix B): only the canonical form is read."""

from hub.proofs.errors import MalformedRlp

_SHORT_STRING, _LONG_STRING, _SHORT_LIST, _LONG_LIST = 0x80, 0xB7, 0xC0, 0xF7


class NestedList(bytes):
    """A list inside a list, kept as it is encoded: in a trie, a node that its parent embeds."""


def decode_list(data: bytes) -> list[bytes]:
    """The items of the list that ``data`` is, a string as its content and a list as NestedList; raises MalformedRlp."""
    at, end = list_start(data), len(data)
    items: list[bytes] = []
    while at < end:
        first = data[at]
        if first < _SHORT_STRING:
            items.append(data[at : at + 1])
            at += 1
            continue
        start, stop = _bounds(data, at)
        items.append(NestedList(data[at:stop]) if first >= _SHORT_LIST else data[start:stop])
        at = stop
    return items


def list_start(data: bytes) -> int:
    """Where the items of the list that ``data`` is begin; they end where it does; raises MalformedRlp."""
    size = len(data)
    if size >= 256 + 3 and data[0] == _LONG_LIST + 2 and (data[1] << 8 | data[2]) == size - 3:
        return 3  # as nearly every node of a trie is, and at a third of the cost
    if not data or data[0] < _SHORT_LIST:
        raise MalformedRlp("a list was expected")
    start, end = _bounds(data, 0)
    if end != size:
        raise MalformedRlp("the list does not end where the data ends")
    return start


def decode_string(data: bytes) -> bytes:
    """The content of the string that ``data`` is; raises MalformedRlp."""
    if not data or data[0] >= _SHORT_LIST:
        raise MalformedRlp("a string was expected")
    start, end = (0, 1) if data[0] < _SHORT_STRING else _bounds(data, 0)
    if end != len(data):
        raise MalformedRlp("the string does not end where the data ends")
    return data[start:end]


def _bounds(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the item at ``at`` begins and ends; not for a single byte below 0x80."""
    first = data[at]
    if first <= _LONG_STRING:
        start, end = at + 1, at + 1 + first - _SHORT_STRING
        if first == _SHORT_STRING + 1 and data[start : start + 1] < b"\x80":
            raise MalformedRlp("a byte below 0x80 stands for itself, or the data is cut short")
    elif first < _SHORT_LIST:
        start, end = _long_bounds(data, at, first - _LONG_STRING)
    elif first <= _LONG_LIST:
        start, end = at + 1, at + 1 + first - _SHORT_LIST
    else:
        start, end = _long_bounds(data, at, first - _LONG_LIST)
    if end > len(data):
        raise MalformedRlp("the data is cut short")
    return start, end


def _long_bounds(data: bytes, at: int, width: int) -> tuple[int, int]:
    start = at + 1 + width
    length = int.from_bytes(data[at + 1 : start], "big")
    if data[at + 1 : at + 2] in (b"", b"\x00") or length < 56:
        raise MalformedRlp("a length is longer than it need be")
    return start, start + length
