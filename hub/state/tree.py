"""The compact sparse Merkle tree over a store of cells: how a block's changes become its app root.

All of a block's changed keys go through the tree together, in order: each page and each bucket on their ways is read,
hashed and written once. Nothing is written here: an update is the new root, the cells to write, and what they held.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.proofs.smt import EMPTY, inner_hash
from hub.quantities import Hash
from hub.state.errors import EmptyTree, TreeDamaged
from hub.state.page import (
    BOTTOM,
    MAX_BUCKET_BYTES,
    PAGE_LEVELS,
    RECORD,
    Page,
    bucket_hash,
    last_way,
    level,
    page_name,
    split,
)

ReadCell = Callable[[bytes], bytes | None]
"""What a cell of the store holds."""

PAGE = b"p"
BUCKET = b"b"
ROOT = b"\x00"
"""The name of the page at depth 0."""

Change = tuple[bytes, bytes | None]
"""``H(key)`` and the new leaf hash, None to delete."""


class Cache:
    """The stored pages that were used last, as far as they fit in ``limit_bytes``. Belongs to the one writer."""

    __slots__ = ("_limit", "_pages", "_size")

    _OVERHEAD = 200
    """Bytes that Python keeps for a page besides its own."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._pages: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, cell: bytes) -> bytes | None:
        """What was remembered; an update that reads a page writes it too, and ``put`` makes it the newest."""
        return self._pages.get(cell)

    def put(self, cell: bytes, page: bytes | None) -> None:
        """Remember what a page's cell holds now; None forgets it."""
        if (old := self._pages.pop(cell, None)) is not None:
            self._size -= len(old) + self._OVERHEAD
        if page is None:
            return
        self._pages[cell] = page
        self._size += len(page) + self._OVERHEAD
        while self._size > self._limit:
            _, oldest = self._pages.popitem(last=False)
            self._size -= len(oldest) + self._OVERHEAD

    def fill(self, pages: Iterable[tuple[bytes, bytes]]) -> None:
        """Remember stored pages, the upper ones first, as far as there is room."""
        for cell, page in pages:
            if self._size + len(page) + self._OVERHEAD > self._limit:
                return
            self.put(cell, page)

    @property
    def size(self) -> int:
        """Bytes held, about."""
        return self._size


@dataclass(frozen=True, slots=True)
class TreeUpdate:
    """A tree's new root, the cells to write (None: to delete) and what each of them held before."""

    root: Hash
    writes: Mapping[bytes, bytes | None]
    before: Mapping[bytes, bytes | None]


def update_tree(read: ReadCell, cache: Cache, changes: Sequence[Change]) -> TreeUpdate:
    """The tree after ``changes``, which are sorted by ``H(key)``, each key once; raises EmptyTree, TreeDamaged."""
    return _Update(read, cache, changes).run()


def bucket_cell(name: bytes, place: int) -> bytes:
    """The cell of the bucket at a place of a page; a tree that is one bucket stands at place 1 of ROOT."""
    return BUCKET + name + bytes((place,))


@dataclass(frozen=True, slots=True)
class _Collapsed:
    """A page that is none any more: all its leaves, which are few enough for a bucket in the page above, or none."""

    records: bytes


class _Update:
    """One pass over the tree."""

    __slots__ = ("_before", "_cache", "_changes", "_read", "_writes")

    def __init__(self, read: ReadCell, cache: Cache, changes: Sequence[Change]) -> None:
        self._read = read
        self._cache = cache
        self._changes = changes
        self._writes: dict[bytes, bytes | None] = {}
        self._before: dict[bytes, bytes | None] = {}

    def run(self) -> TreeUpdate:
        end = len(self._changes)
        if self._load(PAGE + ROOT) is not None:
            top = self._change(ROOT, 0, 0, end)
        else:
            top = _Collapsed(self._merge(self._take(ROOT, 1), 0, end))
        if isinstance(top, _Collapsed):
            top = self._new_tree(top.records)
        writes, before = self._writes, self._before
        for cell in [cell for cell, data in before.items() if cell not in writes or writes[cell] == data]:
            writes.pop(cell, None)
            del before[cell]
        return TreeUpdate(Hash(top), writes, before)

    def _new_tree(self, records: bytes) -> bytes:
        if not records:
            raise EmptyTree()
        if len(records) > MAX_BUCKET_BYTES:
            return self._new_page(0, records)
        self._write(bucket_cell(ROOT, 1), records)
        return bucket_hash(records, 0)

    # --- pages ---

    def _change(self, name: bytes, depth: int, at: int, end: int) -> bytes | _Collapsed:
        """Carry out the changes from ``at`` to ``end`` below a page; its first node's hash, unless it collapses."""
        page = Page(self._load(PAGE + name))
        changes = self._changes
        byte, shift = depth >> 3, 8 - PAGE_LEVELS - (depth & 7)
        todo, shrunk = 0, False
        while at < end:
            key = changes[at][0]
            place = page.stop(key[byte] >> shift & (BOTTOM - 1))
            stop = at + 1
            if stop < end:
                last = last_way(place)
                while stop < end and changes[stop][0][byte] >> shift & (BOTTOM - 1) <= last:
                    stop += 1
            if page.inner >> place & 1:
                below = self._change(page_name(key, depth + PAGE_LEVELS), depth + PAGE_LEVELS, at, stop)
                if isinstance(below, bytes):
                    page.nodes[place] = below
                else:
                    shrunk = True
                    self._settle(page, name, depth, place, below.records)
            else:
                old = self._take(name, place) if page.buckets >> place & 1 else b""
                records = self._merge(old, at, stop)
                shrunk = shrunk or len(records) < len(old)
                self._settle(page, name, depth, place, records)
            todo |= 1 << (place >> 1)
            at = stop
        return self._close(page, name, depth, todo, shrunk)

    def _close(self, page: Page, name: bytes, depth: int, todo: int, shrunk: bool) -> bytes | _Collapsed:
        """Hash the places in ``todo`` and all above them, and write the page.

        ``shrunk``: leaves may have gone, so that what is left may fit in one bucket.
        """
        while True:
            todo, top = page.hash_up(todo, shrunk)
            if not todo:
                self._write(PAGE + name, page.encode())
                return top
            place = todo.bit_length() - 1
            todo ^= 1 << place
            node = self._collapse(page, name, place)
            if place == 1:
                self._write(PAGE + name, None if isinstance(node, _Collapsed) else page.encode())
                return node
            if isinstance(node, _Collapsed):
                self._settle(page, name, depth, place, node.records)
            else:
                page.nodes[place] = node
            todo |= 1 << (place >> 1)

    def _collapse(self, page: Page, name: bytes, place: int) -> bytes | _Collapsed:
        """One child is empty, or both are buckets that have shrunk: they may have become small enough for one."""
        left, right = 2 * place, 2 * place + 1
        if page.inner >> left & 3:
            return inner_hash(page.node(left), page.node(right))
        parts = [self._take(name, child) if page.buckets >> child & 1 else b"" for child in (left, right)]
        if sum(map(len, parts)) > MAX_BUCKET_BYTES:
            for child, records in zip((left, right), parts, strict=True):
                self._write(bucket_cell(name, child), records)
            return inner_hash(page.node(left), page.node(right))
        page.clear(left)
        page.clear(right)
        return _Collapsed(b"".join(parts))

    def _settle(self, page: Page, name: bytes, depth: int, place: int, records: bytes) -> bytes:
        """Make ``records`` all that stands below ``place``, where there is no bucket any more; the hash there."""
        if not records:
            page.clear(place)
            return EMPTY
        here = depth + level(place)
        if len(records) <= MAX_BUCKET_BYTES:
            hashed = bucket_hash(records, here)
            page.put_bucket(place, hashed)
            self._write(bucket_cell(name, place), records)
            return hashed
        if place >= BOTTOM:
            hashed = self._new_page(here, records)
        else:
            at = split(records, here)
            left = self._settle(page, name, depth, 2 * place, records[:at])
            hashed = inner_hash(left, self._settle(page, name, depth, 2 * place + 1, records[at:]))
        page.put_inner(place, hashed)
        return hashed

    def _new_page(self, depth: int, records: bytes) -> bytes:
        """A page where there was none, over more leaves than a bucket holds; the hash of its first node."""
        page, name = Page(), page_name(records[:32], depth)
        at = split(records, depth)
        left = self._settle(page, name, depth, 2, records[:at])
        hashed = inner_hash(left, self._settle(page, name, depth, 3, records[at:]))
        self._write(PAGE + name, page.encode())
        return hashed

    # --- buckets ---

    def _merge(self, records: bytes, at: int, end: int) -> bytes:
        """``records`` after the changes from ``at`` to ``end``."""
        if end - at == 1:
            return _merge_one(records, *self._changes[at])
        leaves: dict[bytes, bytes | None] = {
            records[place : place + 32]: records[place + 32 : place + RECORD]
            for place in range(0, len(records), RECORD)
        }
        leaves.update(self._changes[at:end])
        return b"".join(key + leaf for key, leaf in sorted(leaves.items()) if leaf is not None)

    # --- cells ---

    def _load(self, cell: bytes) -> bytes | None:
        """A page, as it was before this update."""
        data = self._cache.get(cell)
        if data is None:
            data = self._read(cell)
            if data is None and cell != PAGE + ROOT:
                raise TreeDamaged(cell)
            if data is not None:
                self._cache.put(cell, data)
        self._before[cell] = data
        return data

    def _take(self, name: bytes, place: int) -> bytes:
        """The records of a bucket, which is deleted unless it is written again."""
        cell = bucket_cell(name, place)
        if cell in self._writes:
            records = self._writes[cell]
        else:
            records = self._before[cell] = self._read(cell)
        if records is None:
            if name == ROOT and place == 1:
                return b""
            raise TreeDamaged(cell)
        self._writes[cell] = None
        return records

    def _write(self, cell: bytes, data: bytes | None) -> None:
        self._before.setdefault(cell, None)
        self._writes[cell] = data


def _merge_one(records: bytes, key: bytes, leaf: bytes | None) -> bytes:
    """``records`` with one leaf written or deleted."""
    place = 0
    while place < len(records) and records[place : place + 32] < key:
        place += RECORD
    beyond = place + RECORD if records[place : place + 32] == key else place
    return records[:place] + (b"" if leaf is None else key + leaf) + records[beyond:]
