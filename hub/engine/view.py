"""The state of one committed height, with its proofs, while the writer goes on.

No snapshot is held: every cell that a later block changed is found in that block's undo record. A reader first reads
the cell as it is now, then the undo records of all heights after its own, the oldest first: the first that has the cell
says what it held; if none has it, it has not changed. Either is right whenever the writer writes, since a block and its
undo record appear together.
"""

from collections.abc import Iterator
from typing import Protocol

from hub.engine.cells import ENTRY, LEAF_KEY, ROOT_HASH, undo_prefix
from hub.proofs.ics23 import ExistenceProof, NonExistenceProof, existence_proof
from hub.proofs.smt import DirectProof, EndKind, OtherLeaf, key_hash, stands_in_tree, tree_key, value_hash
from hub.quantities import Hash, Height
from hub.state.errors import HeightNotRetained, NotInTree, TreeDamaged
from hub.state.proving import find_neighbours, find_way


class Cells(Protocol):
    """The store as a reader sees it, from any thread."""

    @property
    def newest(self) -> Height:
        """No cell is of a higher block; there may be none of this one yet."""
        ...

    @property
    def oldest(self) -> Height:
        """The oldest height whose state can be read."""
        ...

    def get(self, cell: bytes) -> bytes | None: ...

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Cells with ``start <= cell < end`` in order, as they are when it is called, whatever is written meanwhile."""
        ...


class View:
    """The state at ``height`` (a ``StateReader``). Raises HeightNotRetained once its height is no longer kept."""

    __slots__ = ("_cells", "height")

    def __init__(self, cells: Cells, height: Height) -> None:
        self._cells = cells
        self.height = height

    def get(self, key: bytes) -> bytes | None:
        return self._read(ENTRY + key)

    def scan(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values with ``start <= key < end``, in byte order, as they were at this height."""
        now = self._cells.scan(ENTRY + start, ENTRY + end)
        before = self._overwritten(ENTRY + start, ENTRY + end)
        return _without_room(_as_before(now, before) if before else now)

    @property
    def app_root(self) -> Hash:
        root = self._read(ROOT_HASH)
        if root is None:
            raise TreeDamaged(ROOT_HASH)
        return Hash(root)

    def prove(self, key: bytes) -> DirectProof:
        """Whether ``key`` is there and what stands under it, provable under ``app_root``.

        Raises NotInTree, TreeDamaged.
        """
        hashed = _place_in_tree(key)
        way = find_way(self._read, hashed)
        if way.leaf is None:
            return DirectProof(way.siblings, EndKind.EMPTY)
        if way.leaf == hashed:
            return DirectProof(way.siblings, EndKind.LEAF)
        other, value = self._entry(way.leaf)
        return DirectProof(way.siblings, EndKind.OTHER_LEAF, OtherLeaf(way.leaf, value_hash(other, value)))

    def prove_ics23(self, key: bytes) -> ExistenceProof | NonExistenceProof:
        """The same for those who verify with ICS-23; raises NotInTree, TreeDamaged."""
        hashed = _place_in_tree(key)
        if self.get(key) is not None:
            return self._existence(hashed)
        left, right = find_neighbours(self._read, hashed)
        return NonExistenceProof(
            tree_key(key),
            None if left is None else self._existence(left),
            None if right is None else self._existence(right),
        )

    def _existence(self, hashed: bytes) -> ExistenceProof:
        key, value = self._entry(hashed)
        return existence_proof(key, value, hashed, find_way(self._read, hashed).siblings)

    def _entry(self, hashed: bytes) -> tuple[bytes, bytes]:
        """The entry whose key in the tree hashes to ``hashed``."""
        key = self._read(LEAF_KEY + hashed)
        value = None if key is None else self.get(key)
        if key is None or value is None:
            raise TreeDamaged(LEAF_KEY + hashed)
        return key, value

    def _read(self, cell: bytes) -> bytes | None:
        cells = self._cells
        data = cells.get(cell)
        for height in range(self.height + 1, cells.newest + 1):
            before = cells.get(undo_prefix(Height(height)) + cell)
            if before is not None:
                data = before or None
                break
        self._check_retained()
        return data

    def _overwritten(self, start: bytes, end: bytes) -> dict[bytes, bytes]:
        """What cells of a range held at this height, of those that have changed since; empty for nothing."""
        before: dict[bytes, bytes] = {}
        for height in range(self._cells.newest, self.height, -1):
            prefix = undo_prefix(Height(height))
            for cell, data in self._cells.scan(prefix + start, prefix + end):
                before[cell[len(prefix) :]] = data
        self._check_retained()
        return before

    def _check_retained(self) -> None:
        if self.height < self._cells.oldest:
            raise HeightNotRetained(self.height, self._cells.oldest)


def _place_in_tree(key: bytes) -> bytes:
    """``H`` of its key there; raises NotInTree."""
    if not stands_in_tree(key):
        raise NotInTree(key)
    return key_hash(key)


def _as_before(now: Iterator[tuple[bytes, bytes]], before: dict[bytes, bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Cells in order, those in ``before`` as they are there."""
    order = sorted(before)
    at = 0
    for cell, data in now:
        while at < len(order) and order[at] < cell:
            if held := before[order[at]]:
                yield order[at], held
            at += 1
        if at == len(order) or order[at] != cell:
            yield cell, data
    for cell in order[at:]:
        if held := before[cell]:
            yield cell, held


def _without_room(cells: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    for cell, data in cells:
        yield cell[1:], data
