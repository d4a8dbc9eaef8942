"""A process that commits blocks to a store and prints what it has acknowledged, until it is killed.

    python -m tests.faults.store_writer PATH STEP BLOCKS

After ``BLOCKS`` blocks it kills itself with SIGKILL at ``STEP`` of the next commit; with ``-`` for a step it goes on.
With ``full`` no file may grow beyond ``BLOCKS`` bytes: it prints the refusal of the store and ends.
"""

import os
import resource
import signal
import sys
from pathlib import Path
from random import Random

import structlog

from hub.engine.errors import StoreUnwritable
from hub.engine.store import Store, StoreOptions
from hub.quantities import Hash, Height

GENESIS = Hash(b"\x07" * 32)


def changes(height: int) -> dict[bytes, bytes | None]:
    """What a block changes, by its height alone."""
    random = Random(height)
    found: dict[bytes, bytes | None] = {b"\x01": b"%d" % (height + 1)}
    for _ in range(30):
        key = random.choice([b"quorum-0\x01", b"\x08"]) + random.randrange(400).to_bytes(2, "big")
        found[key] = random.choice([None, random.randbytes(24)])
    return found


def next_block(store: Store) -> tuple[Height, Hash]:
    """Commit the next block."""
    height = Height(0 if store.height is None else store.height + 1)
    prepared = store.prepare(changes(height))
    store.commit(
        prepared,
        height=height,
        block=b"block %d" % height,
        tx_index=[(b"transaction %d" % height, 0)],
        event_keys=[(b"event", 0)],
    )
    return height, prepared.app_root


def main(path: str, step: str, blocks: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # what is printed is read
    if step == "full":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (blocks, blocks))
    left = blocks

    def at_step(name: str) -> None:
        if name == step and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    options = StoreOptions(at_step=at_step)
    try:
        store = (Store.open if Path(path).exists() else Store.create)(Path(path), GENESIS, options)
    except StoreUnwritable as refusal:
        print(refusal, flush=True)
        return
    while True:
        try:
            height, root = next_block(store)
        except StoreUnwritable as refusal:
            store.close()
            print(refusal, flush=True)
            return
        print(height, root.hex(), flush=True)
        left -= 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
