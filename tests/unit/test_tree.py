"""The tree over cells against a naive one: its root, its ways, and cells that depend on the content alone."""

from collections.abc import Iterator
from contextlib import nullcontext
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.state.errors import EmptyTree, TreeDamaged
from hub.state.page import BUCKET_LEAVES, bucket_hash
from hub.state.proving import find_neighbours, find_way
from hub.state.tree import BUCKET, PAGE, ROOT, Cache, TreeUpdate, update_tree
from tests.unit import reference_tree as reference

COMMON = int.from_bytes(b"\xa5" * 32, "big")


def nothing(_: bytes) -> None:
    """A store without cells."""


class Tree:
    """Cells in a dict, with the same content in a plain one."""

    def __init__(self, cache_bytes: int = 10**6) -> None:
        self.cells: dict[bytes, bytes] = {}
        self.leaves: dict[bytes, bytes] = {}
        self.cache = Cache(cache_bytes)

    def change(self, changes: dict[bytes, bytes | None]) -> TreeUpdate:
        update = update_tree(self.cells.get, self.cache, sorted(changes.items()))
        assert {cell: self.cells.get(cell) for cell in update.writes} == update.before
        for cell, data in update.writes.items():
            assert data != update.before[cell]
            if data is None:
                del self.cells[cell]
            else:
                self.cells[cell] = data
            if cell.startswith(PAGE):
                self.cache.put(cell, data)
        for key, leaf in changes.items():
            if leaf is None:
                self.leaves.pop(key, None)
            else:
                self.leaves[key] = leaf
        assert update.root == reference.subtree(self.leaves)
        return update

    def check_canonical(self) -> None:
        fresh = update_tree(nothing, Cache(0), sorted(self.leaves.items()))
        assert dict(fresh.writes) == self.cells


def near(bits: int, last: int) -> bytes:
    """A key that agrees with COMMON in ``bits`` bits, and then not; ``last`` tells apart those that do."""
    return (COMMON ^ 1 << 255 - bits ^ last).to_bytes(32, "big")


keys = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.builds(near, st.sampled_from([0, 3, 4, 8, 13, 40, 200, 252, 255]), st.integers(0, 7)),
)
leaves = st.binary(min_size=32, max_size=32)
blocks = st.lists(st.dictionaries(keys, st.one_of(st.none(), leaves), min_size=1, max_size=40), min_size=1, max_size=6)


@given(blocks, st.sampled_from([0, 600, 10**6]), st.randoms(use_true_random=False))
@settings(max_examples=120)
def test_any_blocks_lead_to_the_naive_root_and_to_canonical_cells(
    changes: list[dict[bytes, bytes | None]], cache_bytes: int, random: Random
) -> None:
    tree = Tree(cache_bytes)
    for block in changes:
        for key in list(tree.leaves):
            if random.random() < 0.4:
                block[key] = random.choice([None, None, bytes(31) + b"\x07"])
        after = {key for key in {*tree.leaves, *block} if block.get(key, tree.leaves.get(key)) is not None}
        after -= {key for key, leaf in block.items() if leaf is None}
        if not after:
            with pytest.raises(EmptyTree):
                update_tree(tree.cells.get, tree.cache, sorted(block.items()))
            continue
        tree.change(block)
        tree.check_canonical()


@given(st.dictionaries(keys, leaves, min_size=1, max_size=80), st.lists(keys, max_size=10), st.data())
@settings(max_examples=80)
def test_ways_and_neighbours(content: dict[bytes, bytes], others: list[bytes], data: st.DataObject) -> None:
    tree = Tree()
    tree.change(dict(content))
    for key in [*data.draw(st.lists(st.sampled_from(sorted(content)), max_size=8)), *others]:
        siblings, end = reference.way(content, key)
        way = find_way(tree.cells.get, key)
        assert (list(way.siblings), way.leaf) == (siblings, end)
        if key not in content:
            before = max((other for other in content if other < key), default=None)
            after = min((other for other in content if other > key), default=None)
            assert find_neighbours(tree.cells.get, key) == (before, after)


def random_keys(seed: int) -> Iterator[bytes]:
    random = Random(seed)
    while True:
        yield random.randbytes(32)


def test_one_by_one_is_as_all_at_once() -> None:
    fresh = random_keys(1)
    content = {next(fresh): next(fresh) for _ in range(300)}
    whole, single = Tree(), Tree()
    whole.change(dict(content))
    for key, leaf in content.items():
        single.change({key: leaf})
    assert single.cells == whole.cells
    for key in list(content)[:-1]:
        single.change({key: None})
        single.check_canonical()


@pytest.mark.parametrize("size", range(1, 3 * BUCKET_LEAVES))
def test_growing_past_a_bucket_and_back(size: int) -> None:
    tree, fresh = Tree(), random_keys(size)
    first, leaf = next(fresh), next(fresh)
    tree.change({first: leaf})
    alone = dict(tree.cells)
    tree.change({next(fresh): next(fresh) for _ in range(size)})
    tree.change({key: None for key in tree.leaves if key != first})
    assert tree.cells == alone


def test_a_change_that_changes_nothing_writes_nothing() -> None:
    tree, fresh = Tree(), random_keys(4)
    tree.change({next(fresh): next(fresh) for _ in range(500)})
    key, leaf = next(iter(tree.leaves.items()))
    assert not tree.change({key: leaf}).writes
    assert not tree.change({next(fresh): None}).writes


def test_keys_that_differ_in_the_last_bit_only() -> None:
    tree = Tree()
    deep = [near(bits, last) for bits in range(200, 253) for last in (0, 1)] + [
        near(255, 0),
        COMMON.to_bytes(32, "big"),
    ]
    tree.change({key: bytes(31) + bytes((at,)) for at, key in enumerate(deep)})
    tree.change(dict.fromkeys(deep[::2]))
    tree.check_canonical()


def test_the_last_entry_cannot_be_deleted() -> None:
    for size in (1, BUCKET_LEAVES + 5):
        tree, fresh = Tree(), random_keys(size)
        tree.change({next(fresh): next(fresh) for _ in range(size)})
        with pytest.raises(EmptyTree):
            update_tree(tree.cells.get, tree.cache, sorted((key, None) for key in tree.leaves))
    with pytest.raises(EmptyTree):
        update_tree(nothing, Cache(0), [(bytes(32), None)])


def test_a_lost_cell_is_named() -> None:
    tree, fresh = Tree(0), random_keys(9)
    tree.change({next(fresh): next(fresh) for _ in range(500)})
    key = next(iter(tree.leaves))
    way: list[bytes] = []

    def noting(cell: bytes) -> bytes | None:
        way.append(cell)
        return tree.cells.get(cell)

    find_way(noting, key)
    assert [cell[:1] for cell in way][-1] == BUCKET
    for room in (PAGE, BUCKET):
        for lost in [cell for cell in tree.cells if cell.startswith(room) and cell != PAGE + ROOT]:
            cells = {cell: data for cell, data in tree.cells.items() if cell != lost}
            with pytest.raises(TreeDamaged) if lost in way else nullcontext() as damage:
                find_way(cells.get, key)
            assert damage is None or damage.value.cell == lost
            with pytest.raises(TreeDamaged) if lost in way else nullcontext() as damage:
                update_tree(cells.get, Cache(0), [(key, bytes(32))])
            assert damage is None or damage.value.cell == lost


def test_the_cache_keeps_to_its_bound() -> None:
    tree, fresh = Tree(20_000), random_keys(11)
    for _ in range(10):
        tree.change({next(fresh): next(fresh) for _ in range(300)})
        assert tree.cache.size <= 20_000
    assert sum(map(len, tree.cells.values())) > 200_000


def test_a_bucket_of_one_leaf_is_the_leaf() -> None:
    assert bucket_hash(b"\x11" * 32 + b"\x22" * 32, 0) == b"\x22" * 32
