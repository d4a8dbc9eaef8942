"""Blocks kept decoded: those asked for last, as many as fit, and each read once however large."""

import pytest

from hub.engine.recent import RecentBlocks
from hub.quantities import Height
from hub.state.errors import BlockNotFound


class Disk:
    """Blocks of the sizes given, from height 0 on; notes what is read."""

    def __init__(self, *sizes: int) -> None:
        self._sizes = sizes
        self.read: list[int] = []

    def block(self, height: Height) -> bytes:
        self.read.append(height)
        if height >= len(self._sizes):
            raise BlockNotFound(height)
        return bytes([height]) * self._sizes[height]


def recent(disk: Disk, most_blocks: int = 3, most_bytes: int = 100) -> RecentBlocks:
    return RecentBlocks(disk.block, lambda data: data[0], most_blocks, most_bytes)  # type: ignore[arg-type,return-value]


def ask(blocks: RecentBlocks, *heights: int) -> None:
    for height in heights:
        assert blocks(Height(height)) == height  # type: ignore[comparison-overlap]


@pytest.mark.parametrize(
    ("sizes", "asked", "read"),
    [
        pytest.param([1, 1, 1], [0, 1, 2, 0, 1, 2], [0, 1, 2], id="all fit"),
        pytest.param([1, 1, 1, 1], [0, 1, 2, 0, 3, 0, 1], [0, 1, 2, 3, 1], id="asked for longest ago"),
        pytest.param([40, 40, 40], [0, 1, 2, 2, 1, 0], [0, 1, 2, 0], id="too many bytes"),
        pytest.param([40, 999, 40], [0, 1, 1, 2, 2, 1], [0, 1, 2, 1], id="larger than all that may be kept"),
    ],
)
def test_what_is_read_again(sizes: list[int], asked: list[int], read: list[int]) -> None:
    disk = Disk(*sizes)
    ask(recent(disk), *asked)
    assert disk.read == read


def test_a_block_that_is_not_there_yet_is_looked_for_again() -> None:
    disk = Disk(1)
    blocks = recent(disk)
    for _ in range(2):
        with pytest.raises(BlockNotFound):
            blocks(Height(1))
    assert disk.read == [1, 1]
