"""Pages and buckets: how the state tree lies in a store.

A **bucket** is a subtree of at most ``BUCKET_LEAVES`` leaves, stored as their records ``H(key) ‖ leaf hash`` in order
and hashed whole when one of them changes. Above the buckets, a **page** holds the nodes of the ``PAGE_LEVELS`` levels
below one node. Its places are numbered as in a heap: 1 is that node itself, which is stored in the page above; the
children of n are 2n and 2n + 1. What is a bucket depends on the content alone: a node with at most ``BUCKET_LEAVES``
leaves below it, and more below its parent.
"""

from hashlib import sha256

from hub.proofs.smt import EMPTY, MAX_DEPTH

# These two are part of the store's format (hub/engine/cells.py); docs/adr/0002 says what was measured.
PAGE_LEVELS = 4
"""A divisor of 8: no page's way lies in two bytes of a key."""
BOTTOM = 1 << PAGE_LEVELS
"""The first place of a page's lowest level."""

BUCKET_LEAVES = 4
RECORD = 64
"""Bytes of a leaf's record in a bucket."""
MAX_BUCKET_BYTES = BUCKET_LEAVES * RECORD

_HEAD = 8
_INNER = b"\x01"


class Page:
    """The nodes of some levels, only those that are not empty, in order of their places."""

    __slots__ = ("buckets", "inner", "nodes")

    def __init__(self, data: bytes | None = None) -> None:
        """A page as stored, or one with nothing but its first node."""
        if data is None:
            self.inner, self.buckets, self.nodes = 2, 0, bytearray()
        else:
            self.inner = int.from_bytes(data[:4], "big")
            """Bit n: place n has nodes below it that are pages' nodes or buckets."""
            self.buckets = int.from_bytes(data[4:_HEAD], "big")
            """Bit n: place n is a bucket."""
            self.nodes = bytearray(data[_HEAD:])

    def encode(self) -> bytes:
        return self.inner.to_bytes(4, "big") + self.buckets.to_bytes(4, "big") + self.nodes

    def offset(self, place: int) -> int:
        """Where the node at ``place`` (2 or more) stands in ``nodes``, or would stand."""
        return ((self.inner | self.buckets) & ((1 << place) - 4)).bit_count() << 5

    def node(self, place: int) -> bytes:
        """The hash at ``place``, EMPTY if nothing is there."""
        if not (self.inner | self.buckets) >> place & 1:
            return EMPTY
        at = self.offset(place)
        return bytes(self.nodes[at : at + 32])

    def hash_up(self, todo: int, shrunk: bool) -> tuple[int, bytes]:
        """Hash the places whose bits ``todo`` has and all above them, the deepest first: (0, the first place's hash).

        Stops before a place that may have to change its kind, one of whose children is empty, or both of which are
        buckets while leaves have gone (``shrunk``): (what is left to do, nothing).
        """
        there, buckets, nodes = self.inner | self.buckets, self.buckets, self.nodes
        while True:
            place = todo.bit_length() - 1
            children = place << 1
            if there >> children & 3 != 3 or (shrunk and buckets >> children & 3 == 3):
                return todo, b""
            at = (there & ((1 << children) - 4)).bit_count() << 5
            hashed = sha256(_INNER + nodes[at : at + 64]).digest()
            if place == 1:
                return 0, hashed
            at = (there & ((1 << place) - 4)).bit_count() << 5
            nodes[at : at + 32] = hashed
            todo ^= 1 << place
            todo |= 1 << (place >> 1)

    def put_inner(self, place: int, node: bytes) -> None:
        """Write the hash of a node that is, or becomes, no bucket."""
        bit = 1 << place
        there = self.inner | self.buckets
        at = (there & (bit - 4)).bit_count() << 5
        if self.inner & bit:
            self.nodes[at : at + 32] = node
            return
        self.nodes[at : at + 32 if there & bit else at] = node
        self.inner |= bit
        self.buckets &= ~bit

    def put_bucket(self, place: int, node: bytes) -> None:
        """Write the hash of a bucket."""
        bit = 1 << place
        there = self.inner | self.buckets
        at = (there & (bit - 4)).bit_count() << 5
        self.nodes[at : at + 32 if there & bit else at] = node
        self.inner &= ~bit
        self.buckets |= bit

    def clear(self, place: int) -> None:
        """Make a place empty."""
        bit = 1 << place
        if (self.inner | self.buckets) & bit:
            at = self.offset(place)
            del self.nodes[at : at + 32]
            self.inner &= ~bit
            self.buckets &= ~bit

    def stop(self, way: int) -> int:
        """The place in which the way to the lowest place ``BOTTOM + way`` ends inside this page.

        A bucket, a lowest place (whose nodes are the next page's), or an empty place.
        """
        if found := self.buckets & WAYS[way]:
            return found.bit_length() - 1
        last = (self.inner & WAYS[way]).bit_length() - 1
        if last >= BOTTOM:
            return last
        return (BOTTOM + way) >> (PAGE_LEVELS - last.bit_length())


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
        return bytes((depth,)) + key_hash[:whole]
    return bytes((depth,)) + key_hash[:whole] + bytes((key_hash[whole] & (0xFF00 >> rest),))


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
    return _lift(node, key, place, depth)


def _lift(node: bytes, key: int, place: int, depth: int) -> bytes:
    """The hash at ``depth`` of a subtree whose first node stands at ``place`` on the way to ``key``.

    A single leaf has no place of its own (0): it stands wherever it is alone.
    """
    for at in range(place - 1, depth - 1, -1):
        turns_right = key >> (MAX_DEPTH - 1 - at) & 1
        node = sha256(_INNER + EMPTY + node).digest() if turns_right else sha256(_INNER + node + EMPTY).digest()
    return node
