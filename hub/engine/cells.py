"""How the store's cells are named: one byte for what it is, then its key.

Cells of the state (its entries, the tree over them, the root) are **versioned**: what a block overwrites or deletes is
kept under ``UNDO`` and the block's height; an empty value says that there was nothing. No versioned cell is empty.
"""

from hub.quantities import Height
from hub.state.tree import BUCKET, PAGE

FORMAT = 2
"""Of everything in the store. Another one is refused. In 1 the bodies of transactions had no format byte, and indexes
stood in the tree.
"""

ENTRY = b"s"
"""‖ key: an entry of the state. Versioned, as are the tree's ``PAGE`` and ``BUCKET``."""
LEAF_KEY = b"k"
"""‖ H(key in the tree): the entry's key. Versioned where it is deleted; where nothing stands it is never asked for."""
ROOT_HASH = b"r"
"""The app root. Versioned."""
UNDO = b"u"
"""‖ height ‖ cell: what the cell held before the block."""
BLOCK = b"h"
"""‖ height: the block as the engine encodes it."""
TRANSACTION = b"x"
"""‖ hash: height u64, index u32."""
EVENT = b"e"
"""‖ length u16 ‖ index key ‖ height u64 ‖ position u32."""
META_FORMAT, META_CHAIN, META_GENESIS, META_HEIGHT, META_OLDEST = (
    b"mformat",
    b"mchain",
    b"mgenesis",
    b"mheight",
    b"moldest",
)

_ROOMS = (ENTRY, PAGE, BUCKET, LEAF_KEY, ROOT_HASH, UNDO, BLOCK, TRANSACTION, EVENT, b"m")
assert len(set(_ROOMS)) == len(_ROOMS)  # noqa: S101 -- a fault of this file, found when it is imported


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def undo_prefix(height: Height) -> bytes:
    return UNDO + u64(height)


def event_prefix(index_key: bytes) -> bytes:
    return EVENT + len(index_key).to_bytes(2, "big") + index_key


def place(height: Height, index: int) -> bytes:
    """A place in a block, in an order that is the blocks'."""
    return u64(height) + index.to_bytes(4, "big")


def read_place(data: bytes) -> tuple[Height, int]:
    return Height(int.from_bytes(data[:8], "big")), int.from_bytes(data[8:], "big")
