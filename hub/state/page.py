"""Pages and buckets: how the state tree lies in a store.

A **bucket** is a subtree of at most ``BUCKET_LEAVES`` leaves, stored as their records ``H(key) ‖ leaf hash`` in order
and hashed whole when one of them changes. Above the buckets, a **page** holds the nodes of the ``PAGE_LEVELS`` levels
below one node. Its places are numbered as in a heap: 1 is that node itself, which is stored in the page above; the
children of n are 2n and 2n + 1. What is a bucket depends on the content alone: a node with at most ``BUCKET_LEAVES``
leaves below it, and more below its parent.
"""

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from struct import Struct

from hub.proofs.smt import EMPTY, MAX_DEPTH
from hub.proofs.smt import INNER_PREFIX as _INNER

# These two are part of the store's format (hub/engine/cells.py); docs/adr/0002 says what was measured.
PAGE_LEVELS = 4
"""A divisor of 8: no page's way lies in two bytes of a key."""
BOTTOM = 1 << PAGE_LEVELS
"""The first place of a page's lowest level."""

BUCKET_LEAVES = 4
RECORD = 64
"""Bytes of a leaf's record in a bucket."""
MAX_BUCKET_BYTES = BUCKET_LEAVES * RECORD

_HEAD = Struct(">II")
_NODES = [Struct("32s" * count) for count in range(2 * BOTTOM)]


class Page:
    """The nodes of some levels: ``inner`` and ``buckets`` say where there are any and of which kind."""

    __slots__ = ("buckets", "inner", "nodes")

    def __init__(self, data: bytes | None = None) -> None:
        """A page as stored, or one with nothing but its first node."""
        if data is None:
            self.inner, self.buckets = 2, 0
            self.nodes = [b""] * (2 * BOTTOM)
            return
        self.inner, self.buckets = _HEAD.unpack_from(data)
        """Bit n: place n has nodes below it that are pages' nodes or buckets. Bit n: place n is a bucket."""
        stored = _NODES[len(data) >> 5].unpack_from(data, _HEAD.size)
        self.nodes = [*_spread(self.inner | self.buckets)((b"", *stored))]
        """By place; nothing for an empty one, nor for the first, which is stored in the page above."""

    def encode(self) -> bytes:
        """Only the nodes that are there, in order of their places."""
        return _HEAD.pack(self.inner, self.buckets) + b"".join(self.nodes)

    def node(self, place: int) -> bytes:
        """The hash at ``place`` (2 or more), EMPTY if nothing is there."""
        return self.nodes[place] or EMPTY

    def hash_up(self, todo: int, shrunk: bool) -> tuple[int, bytes]:
        """Hash the places whose bits ``todo`` has and all above them, the deepest first: (0, the first place's hash).

        Stops before a place that may have to change its kind, one of whose children is empty, or both of which are
        buckets while leaves have gone (``shrunk``): (what is left to do, nothing).
        """
        buckets, nodes = self.buckets, self.nodes
        place = todo.bit_length() - 1
        while True:
            left, right = nodes[2 * place], nodes[2 * place + 1]
            if not left or not right or (shrunk and buckets >> 2 * place & 3 == 3):
                return todo | 1 << place, b""
            hashed = sha256(_INNER + left + right).digest()
            if place == 1:
                return 0, hashed
            nodes[place] = hashed
            if todo := todo & ~(1 << place):
                todo |= 1 << (place >> 1)
                place = todo.bit_length() - 1
            else:
                place >>= 1

    def put_inner(self, place: int, node: bytes) -> None:
        """Write the hash of a node that is, or becomes, no bucket."""
        self.nodes[place] = node
        self.inner |= 1 << place
        self.buckets &= ~(1 << place)

    def put_bucket(self, place: int, node: bytes) -> None:
        """Write the hash of a bucket."""
        self.nodes[place] = node
        self.inner &= ~(1 << place)
        self.buckets |= 1 << place

    def clear(self, place: int) -> None:
        """Make a place empty."""
        self.nodes[place] = b""
        self.inner &= ~(1 << place)
        self.buckets &= ~(1 << place)

    def stop(self, way: int) -> int:
        """The place in which the way to the lowest place ``BOTTOM + way`` ends inside this page.

        A bucket, a lowest place (whose nodes are the next page's), or an empty place.
        """
        if self.inner >> (BOTTOM + way) & 1:
            return BOTTOM + way
        if found := self.buckets & WAYS[way]:
            return found.bit_length() - 1
        last = (self.inner & WAYS[way]).bit_length() - 1
        return (BOTTOM + way) >> (PAGE_LEVELS - last.bit_length())


@lru_cache(8192)
def _spread(there: int) -> Callable[[tuple[bytes, ...]], tuple[bytes, ...]]:
    """Puts the stored nodes, with nothing before them, at their places: the bits that are set in ``there``.

    Few patterns are frequent: leaves spread evenly.
    """
    places = [place for place in range(2, 2 * BOTTOM) if there >> place & 1]
    return itemgetter(*(places.index(place) + 1 if place in places else 0 for place in range(2 * BOTTOM)))


WAYS = [sum(1 << ((BOTTOM + way) >> up) for up in range(PAGE_LEVELS + 1)) for way in range(BOTTOM)]
"""For each lowest place, the bits of all places on the way to it, the first and itself included."""


def level(place: int) -> int:
    """How many levels ``place`` lies below the page's first node."""
    return place.bit_length() - 1


def last_way(place: int) -> int:
    """The last of the ways that lead through ``place``."""
    span = PAGE_LEVELS - level(place)
    return ((place + 1) << span) - 1 - BOTTOM


def page_name(key_hash: bytes, depth: int) -> bytes:
    """The name of the page at ``depth`` on the way to ``key_hash``: depth and prefix."""
    whole, rest = depth >> 3, depth & 7
    if not rest:
        return _BYTES[depth] + key_hash[:whole]
    return _BYTES[depth] + key_hash[:whole] + _BYTES[key_hash[whole] & (0xFF00 >> rest)]


_BYTES = [bytes((number,)) for number in range(256)]


def split(records: bytes, depth: int) -> int:
    """Where in sorted ``records``, equal in their first ``depth`` bits, those begin whose next bit is set."""
    at, bit = depth >> 3, 0x80 >> (depth & 7)
    low, high = 0, len(records) // RECORD
    while low < high:
        middle = (low + high) >> 1
        if records[middle * RECORD + at] & bit:
            high = middle
        else:
            low = middle + 1
    return low * RECORD


def bucket_hash(records: bytes, depth: int) -> bytes:
    """The hash of the subtree at ``depth`` that holds just these leaves; at least one.

    From left to right: neighbours part at the first bit in which they differ; a subtree that is whole is lifted, past
    empty siblings, to where it meets the one on its other side.
    """
    partings: list[int] = []  # rising, each with the left subtree just below it
    lefts: list[bytes] = []
    key, node, place = int.from_bytes(records[:32], "big"), records[32:64], 0
    for at in range(RECORD, len(records), RECORD):
        following = int.from_bytes(records[at : at + 32], "big")
        parting = MAX_DEPTH - (key ^ following).bit_length()
        while partings and partings[-1] > parting:
            above = partings.pop()
            if place > above + 1:
                node = _lift(node, key, place, above + 1)
            node, place = sha256(_INNER + lefts.pop() + node).digest(), above
        if place > parting + 1:
            node = _lift(node, key, place, parting + 1)
        partings.append(parting)
        lefts.append(node)
        key, node, place = following, records[at + 32 : at + RECORD], 0
    while partings:
        above = partings.pop()
        if place > above + 1:
            node = _lift(node, key, place, above + 1)
        node, place = sha256(_INNER + lefts.pop() + node).digest(), above
    return _lift(node, key, place, depth) if place > depth else node


def _lift(node: bytes, key: int, place: int, depth: int) -> bytes:
    """The hash at ``depth`` of a subtree whose first node stands at ``place`` on the way to ``key``.

    A single leaf has no place of its own (0): it stands wherever it is alone.
    """
    for at in range(place - 1, depth - 1, -1):
        turns_right = key >> (MAX_DEPTH - 1 - at) & 1
        node = sha256(_INNER + EMPTY + node).digest() if turns_right else sha256(_INNER + node + EMPTY).digest()
    return node
