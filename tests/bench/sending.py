"""Senders that each decode and submit a transaction, wait until it is durable, and go on with their next.

The event loop is uvloop's, as a node's.
"""

import asyncio
import time
from dataclasses import dataclass

import uvloop

from hub.engine.embedded import EmbeddedEngine, EngineOptions
from hub.engine.ledger import Ledger
from hub.engine.measures import Measures
from hub.quantities import UnixSeconds
from tests.bench.figures import Measured
from tests.bench.ledgers import Sent, TimedStore, require_ok
from tests.bench.showing import percentile
from tests.unit.node_world import StillClock

WARMING = 4
"""Transactions of each sender that are not counted."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of so many transactions. ``cpu``: of all threads, in seconds."""

    transactions: int
    seconds: float
    cpu: float
    blocks: int
    commits_ms: list[float]

    def rate(self) -> Measured:
        """Transactions a second."""
        note = (
            f"{self.transactions / self.blocks:,.0f} a block, {self.cpu / self.transactions * 1e6:,.0f} us of CPU each"
        )
        return Measured(self.transactions / self.seconds, self.transactions, note)

    def slowest_commit(self) -> Measured:
        """What 99 of 100 blocks do not pass, in milliseconds."""
        commits = self.commits_ms
        note = f"p50 {percentile(commits, 0.5):.2f}, max {max(commits):.2f}"
        return Measured(percentile(commits, 0.99), len(commits), note)


def send(ledger: Ledger, store: TimedStore, sent: list[Sent], now: UnixSeconds) -> Run:
    """All that each sender has, by the engine with group commit, at a time that stands still."""
    return uvloop.run(_send(ledger, store, sent, now))


async def _send(ledger: Ledger, store: TimedStore, sent: list[Sent], now: UnixSeconds) -> Run:
    engine = EmbeddedEngine(ledger, StillClock(now), EngineOptions(), Measures())
    await engine.start()
    try:
        await asyncio.gather(*(_one_after_another(engine, ledger, mine[:WARMING]) for mine in sent))
        store.forget()
        began, cpu, height = time.perf_counter(), time.process_time(), engine.head.height
        await asyncio.gather(*(_one_after_another(engine, ledger, mine[WARMING:]) for mine in sent))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        blocks = engine.head.height - height
    finally:
        await engine.stop()
    count = sum(len(mine) - WARMING for mine in sent)
    return Run(count, seconds, cpu, blocks, [commit * 1000 for commit in store.commits])


async def _one_after_another(engine: EmbeddedEngine, ledger: Ledger, sent: Sent) -> None:
    decode = ledger._kind.decode_transaction
    for body, signature in sent:
        included = await engine.submit(decode(body, signature))
        require_ok(included.result)
