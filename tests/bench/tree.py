"""How dear a changed key is in the store, at ten thousand and at a million keys.

    python -m tests.bench.tree [--keys 10000 1000000] [--blocks 30]

Each block changes 2,000 keys as packets do: half of them new paths, half old entries written anew. The time is the
writer's own thread's processor time, the least and the median of all blocks, since a shared machine only ever adds to
it; beside it what one sha256 of 65 bytes took here.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

from hub.engine.store import Prepared, Store
from hub.quantities import Hash, Height

GENESIS = Hash(bytes(32))
CHANGES = 2_000
BULK = 250_000
"""Keys a block while a store is filled: the more at once, the fewer pages are written twice."""


class Costs(NamedTuple):
    """Microseconds of processor time a changed key."""

    prepare: float
    commit: float


def path(number: int) -> bytes:
    """A receipt's path."""
    return b"attested-0\x02" + number.to_bytes(8, "big")


def fill(directory: Path, keys: int) -> None:
    """A store with so many keys."""
    store, random = Store.create(directory, GENESIS), Random(1)
    for height, first in enumerate(range(0, keys, BULK)):
        changes: dict[bytes, bytes | None] = {
            path(number): random.randbytes(32) for number in range(first, min(first + BULK, keys))
        }
        commit(store, store.prepare(changes), height)
    store.close()


def commit(store: Store, prepared: Prepared, height: int) -> None:
    store.commit(prepared, height=Height(height), block=bytes(2_000))


def blocks(directory: Path, keys: int, number: int) -> Iterator[Costs]:
    """What blocks cost on top of a filled store."""
    store, random = Store.open(directory, GENESIS), Random(2)
    fresh = keys
    assert store.height is not None
    for height in range(store.height + 1, store.height + 1 + number):
        changes: dict[bytes, bytes | None] = {path(fresh + new): random.randbytes(32) for new in range(CHANGES // 2)}
        changes |= {path(random.randrange(keys)): random.randbytes(32) for _ in range(CHANGES // 2)}
        fresh += CHANGES // 2
        began = time.thread_time()
        prepared = store.prepare(changes)
        between = time.thread_time()
        commit(store, prepared, height)
        ended = time.thread_time()
        yield Costs(*(seconds / len(changes) * 1e6 for seconds in (between - began, ended - between)))
    store.close()


def hash_cost() -> float:
    """Microseconds for one sha256 of 65 bytes, at best."""
    best, data = float("inf"), bytes(64)
    for _ in range(20):
        began = time.thread_time()
        for _ in range(5_000):
            sha256(b"\x01" + data).digest()
        best = min(best, time.thread_time() - began)
    return best / 5_000 * 1e6


def measure(directory: Path, keys: int, number: int) -> None:
    """Print one row."""
    costs = list(blocks(directory, keys, number))
    totals = [cost.prepare + cost.commit for cost in costs]
    best = min(costs, key=sum)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{keys:>10,} keys  {min(totals):6.1f} us least  {median(totals):6.1f} us median  "
        f"(prepare {best.prepare:.1f}, commit {best.commit:.1f})  {rss} MiB  sha256 {hash_cost():.2f} us"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--keys", type=int, nargs="+", default=[10_000, 1_000_000])
    arguments.add_argument("--blocks", type=int, default=30)
    chosen = arguments.parse_args()
    # Processes of their own: the memory that filling takes shall not be counted.
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as directory:
        for keys in chosen.keys:
            where = Path(directory) / str(keys)
            began = time.monotonic()
            run(context, fill, where, keys)
            print(f"{keys:>10,} keys  filled in {time.monotonic() - began:.1f} s")
            run(context, measure, where, keys, chosen.blocks)


def run(context: multiprocessing.context.SpawnContext, target: object, *arguments: object) -> None:
    process = context.Process(target=target, args=arguments)  # type: ignore[arg-type]
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
