"""Ways through the state tree: what a proof of a key is made of. Cells are read, nothing is changed."""

from dataclasses import dataclass
from typing import TypeAlias

from hub.proofs.smt import EMPTY, MAX_DEPTH
from hub.state.errors import TreeDamaged
from hub.state.page import BOTTOM, PAGE_LEVELS, RECORD, Page, bucket_hash, level, page_name, split
from hub.state.tree import PAGE, ROOT, ReadCell, bucket_cell


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a key: the siblings from the root down, and ``H(key)`` of the leaf in which it ends, if any.

    That leaf is the one asked for, or another that stands where it would.
    """

    siblings: tuple[bytes, ...]
    leaf: bytes | None


def find_way(read: ReadCell, key_hash: bytes) -> Way:
    """The way to ``key_hash``; raises TreeDamaged."""
    bits = int.from_bytes(key_hash, "big")
    siblings: list[bytes] = []
    subtree: _Subtree | None = None
    node: _Fork | bytes | None = _open_root(read)
    while isinstance(node, _Fork):
        subtree, sibling = node.turn(bits >> (MAX_DEPTH - 1 - len(siblings)) & 1)
        siblings.append(EMPTY if sibling is None else sibling.hash())
        node = None if subtree is None else subtree.open(read)
    return Way(tuple(siblings), node)


def find_neighbours(read: ReadCell, key_hash: bytes) -> tuple[bytes | None, bytes | None]:
    """``H(key)`` of the last leaf before and of the first after a key that is not there; raises TreeDamaged."""
    bits = int.from_bytes(key_hash, "big")
    before: _Subtree | None = None
    after: _Subtree | None = None
    node: _Fork | bytes | None = _open_root(read)
    depth = 0
    while isinstance(node, _Fork):
        turns_right = bits >> (MAX_DEPTH - 1 - depth) & 1
        subtree, sibling = node.turn(turns_right)
        if turns_right:
            before = sibling or before
        else:
            after = sibling or after
        node = None if subtree is None else subtree.open(read)
        depth += 1
    left = _edge(read, before, right=True)
    right = _edge(read, after, right=False)
    if node is not None:
        return (node, right) if node < key_hash else (left, node)
    return left, right


def _edge(read: ReadCell, subtree: "_Subtree | None", *, right: bool) -> bytes | None:
    """The first or the last leaf below."""
    node = None if subtree is None else subtree.open(read)
    while isinstance(node, _Fork):
        preferred, other = node.turn(right)
        nearest = preferred or other
        node = None if nearest is None else nearest.open(read)
    return node


@dataclass(frozen=True, slots=True)
class _Records:
    """Leaves of a bucket, at least one, as a subtree at ``depth``."""

    depth: int
    records: bytes

    def hash(self) -> bytes:
        return bucket_hash(self.records, self.depth)

    def open(self, _: ReadCell) -> "_Fork | bytes":
        if len(self.records) == RECORD:
            return self.records[:32]
        at = split(self.records, self.depth)
        left, right = self.records[:at], self.records[at:]
        below = self.depth + 1
        return _Fork(_Records(below, left) if left else None, _Records(below, right) if right else None)


@dataclass(frozen=True, slots=True)
class _Place:
    """The subtree at a place of a page. ``prefix``: the ``depth`` bits that lead to the page."""

    page: Page
    depth: int
    prefix: int
    place: int

    def hash(self) -> bytes:
        return self.page.node(self.place)

    def open(self, read: ReadCell) -> "_Fork | bytes":
        if self.page.buckets >> self.place & 1:
            cell = bucket_cell(_name(self.prefix, self.depth), self.place)
            return _Records(self.depth + level(self.place), _present(read, cell)).open(read)
        if self.place < BOTTOM:
            return self._fork()
        prefix = self.prefix << PAGE_LEVELS | (self.place - BOTTOM)
        depth = self.depth + PAGE_LEVELS
        page = Page(_present(read, PAGE + _name(prefix, depth)))
        return _Place(page, depth, prefix, 1)._fork()

    def _fork(self) -> "_Fork":
        there = self.page.inner | self.page.buckets
        left, right = (
            _Place(self.page, self.depth, self.prefix, child) if there >> child & 1 else None
            for child in (2 * self.place, 2 * self.place + 1)
        )
        return _Fork(left, right)


_Subtree: TypeAlias = _Records | _Place


@dataclass(frozen=True, slots=True)
class _Fork:
    """An inner node; None for an empty child."""

    left: _Subtree | None
    right: _Subtree | None

    def turn(self, right: int) -> tuple[_Subtree | None, _Subtree | None]:
        """The child on that side, and its sibling."""
        return (self.right, self.left) if right else (self.left, self.right)


def _open_root(read: ReadCell) -> "_Fork | bytes":
    if (data := read(PAGE + ROOT)) is not None:
        return _Place(Page(data), 0, 0, 1)._fork()
    return _Records(0, _present(read, bucket_cell(ROOT, 1))).open(read)


def _present(read: ReadCell, cell: bytes) -> bytes:
    if (data := read(cell)) is None:
        raise TreeDamaged(cell)
    return data


def _name(prefix: int, depth: int) -> bytes:
    return page_name((prefix << (MAX_DEPTH - depth)).to_bytes(32, "big"), depth)
