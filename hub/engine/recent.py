"""The latest blocks, decoded: watchers and submitters ask for them again and again. As many as a bounded memory holds,
for anyone may fill blocks.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from hub.engine.records import BlockRecord
from hub.quantities import Height

MOST_BLOCKS = 128
MOST_BYTES = 32 * 2**20
"""Of blocks as they stand in the store; decoded they take some two or three times that."""


class RecentBlocks:
    """Gives a block of the store; those that were asked for last are not read again. From any thread."""

    def __init__(
        self,
        read: Callable[[Height], bytes],
        decode: Callable[[bytes], BlockRecord],
        most_blocks: int = MOST_BLOCKS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._read = read
        self._decode = decode
        self._most_blocks = most_blocks
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Height, tuple[BlockRecord, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __call__(self, height: Height) -> BlockRecord:
        """Raises BlockNotFound."""
        with self._lock:
            if (kept := self._kept.get(height)) is not None:
                self._kept.move_to_end(height)
                return kept[0]
        data = self._read(height)
        record = self._decode(data)
        self._keep(height, record, len(data))
        return record

    def _keep(self, height: Height, record: BlockRecord, size: int) -> None:
        """At least this one, until the next."""
        with self._lock:
            if height in self._kept:  # another thread has read it meanwhile
                return
            self._kept[height] = record, size
            self._bytes += size
            while len(self._kept) > 1 and (len(self._kept) > self._most_blocks or self._bytes > self._most_bytes):
                _, (_, dropped) = self._kept.popitem(last=False)
                self._bytes -= dropped
