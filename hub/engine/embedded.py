"""The embedded engine: one process orders transactions into blocks, one writer makes them, everyone else reads.

A block is made when transactions are there (all that came within a few milliseconds, up to a bound, share one
commit), when something in the state falls due, at a heartbeat, and on a request to show the time. A submitter is
answered after the durable commit, never before.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from hub.accounts.accounts import account
from hub.accounts.errors import NonceUsed, TransactionExpired
from hub.block import ResultCode, TransactionResult
from hub.engine.clock import Clock
from hub.engine.engine import Inclusion
from hub.engine.errors import MempoolFull, NodeStopping, RateLimited
from hub.engine.ledger import Head, Ledger
from hub.engine.measures import Measures
from hub.engine.mempool import Mempool, MempoolLimits
from hub.errors import HubError
from hub.quantities import Hash, Height, UnixSeconds
from hub.transaction import SignedTransaction

log = structlog.get_logger("engine")


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What an operator may choose. Durations are in seconds."""

    heartbeat: float = 30.0
    gather: float = 0.003
    """How long the first transaction of a block waits for company."""
    block_transactions: int = 1_000
    block_size: int = 8 * 1024 * 1024
    request_interval: float = 0.5
    """At most one block by request in this time."""
    mempool: MempoolLimits = field(default_factory=MempoolLimits)


class EmbeddedEngine:
    """An ``Engine``. Belongs to one event loop. Between ``start`` and ``stop`` it makes blocks."""

    name = "embedded"

    def __init__(self, ledger: Ledger, clock: Clock, options: EngineOptions, measures: Measures) -> None:
        self._ledger = ledger
        self._clock = clock
        self._options = options
        self._measures = measures
        self._mempool = Mempool(options.mempool)
        self._waiting: dict[bytes, set[asyncio.Future[Inclusion]]] = {}
        measures.pending.set_function(lambda: len(self._mempool))
        self._wake = asyncio.Event()
        self._new_block = asyncio.Condition()
        self._thread = ThreadPoolExecutor(1, "block-writer")
        self._writer: asyncio.Task[None] | None = None
        self._requested_at = float("-inf")
        self._requested = False
        self._made_room = False
        self._last_block_at = clock.monotonic()
        self._stopping = False

    async def start(self) -> None:
        self._writer = asyncio.create_task(self._write_blocks(), name="block-writer")

    async def stop(self) -> None:
        """Finish the block at hand; whoever still waits is told NodeStopping, and may send the same again."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        self._thread.shutdown(wait=True)

    @property
    def running(self) -> bool:
        return self._writer is not None and not self._writer.done() and not self._stopping

    @property
    def ended(self) -> "asyncio.Future[None]":
        """Done when no more blocks are made: cancelled by ``stop``, or with what the writer failed on."""
        if self._writer is None:
            raise RuntimeError("the engine was not started")
        return self._writer

    @property
    def head(self) -> Head:
        """The latest committed block."""
        return self._ledger.head

    @property
    def pending(self) -> int:
        """Transactions that wait for a block."""
        return len(self._mempool)

    async def submit(self, signed: SignedTransaction) -> Inclusion:
        """Wait until the transaction stands in a block, durably; idempotent by its hash. Cancelling stops the waiting
        only.

        Raises what may not stand in a block is refused for, MempoolFull, AccountQueueFull, NoncePending, RateLimited,
        NodeStopping.
        """
        if (waiting := self._waiting.get(signed.hash)) is None:
            if (known := self._included(signed)) is not None:
                return known
            waiting = self._admit(signed)
        mine: asyncio.Future[Inclusion] = asyncio.get_running_loop().create_future()
        waiting.add(mine)
        try:
            return await mine
        finally:
            waiting.discard(mine)

    def simulate(self, signed: SignedTransaction) -> TransactionResult:
        """What would come of it in the next block."""
        return self._ledger.simulate(signed, self._clock.now())

    async def request_block(self) -> Height:
        """Have a block made that shows the time, and wait for it; raises RateLimited, NodeStopping."""
        now = self._clock.monotonic()
        if now - self._requested_at < self._options.request_interval:
            if not self._requested:
                raise RateLimited("everyone together", "blocks")
        else:
            self._requested_at, self._requested = now, True
            self._wake.set()
        height = self.head.height
        return (await self.wait_beyond(height)).height

    async def wait_beyond(self, height: Height) -> Head:
        """The head as soon as it is higher; raises NodeStopping."""
        async with self._new_block:
            await self._new_block.wait_for(lambda: self.head.height > height or not self.running)
        if self.head.height <= height:
            raise NodeStopping
        return self.head

    def poke(self) -> None:
        """Look again whether a block is to be made: the clock has been set."""
        self._wake.set()

    def _included(self, signed: SignedTransaction) -> Inclusion | None:
        """Where it stands already. What stands in a block has used its nonce: most need not be looked up."""
        if signed.transaction.nonce >= self._next_nonce(signed.transaction.account):
            return None
        known = self._ledger.inclusion(Hash(signed.hash))
        return None if known is None else Inclusion(*known, repeated=True)

    def _admit(self, signed: SignedTransaction) -> set[asyncio.Future[Inclusion]]:
        """Who waits for it from now on: nobody yet."""
        if not self.running:
            raise NodeStopping
        self._ledger.check(signed, self._clock.now())
        try:
            self._mempool.add(signed, self._clock.monotonic())
        except MempoolFull as full:
            if not self._make_room(signed, full):
                raise
            self._mempool.add(signed, self._clock.monotonic())
        self._wake.set()
        return self._waiting.setdefault(signed.hash, set())

    def _make_room(self, signed: SignedTransaction, full: MempoolFull) -> bool:
        """Let what can go into a block have the place of what cannot; at most once a block, for it looks at all."""
        if self._made_room or not self._mempool.follows(signed, self._next_nonce):
            return False
        self._made_room = True
        stranded = list(self._mempool.drop_stranded(self._next_nonce))
        for each in stranded:
            self._refuse(each, full)
        return bool(stranded)

    # --- the one writer ---

    async def _write_blocks(self) -> None:
        try:
            while True:
                await self._sleep_until_needed()
                if self._mempool.ready(self._next_nonce) and len(self._mempool) < self._options.block_transactions:
                    await asyncio.sleep(self._options.gather)
                # A block once begun is finished, whatever happens to this task: its submitters must hear of it.
                making = asyncio.ensure_future(self._make_block())
                try:
                    await asyncio.shield(making)
                except asyncio.CancelledError:
                    await making
                    raise
        finally:
            self._stopping = True
            for waiting in self._waiting.values():
                _fail(waiting, NodeStopping())
            self._waiting.clear()
            async with self._new_block:
                self._new_block.notify_all()

    async def _sleep_until_needed(self) -> None:
        while True:
            self._wake.clear()
            if (wait := self._seconds_to_wait()) <= 0:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    def _seconds_to_wait(self) -> float:
        """Until a block must be made, by all that is known now."""
        if self._requested or self._mempool.ready(self._next_nonce):
            return 0.0
        wait = self._options.heartbeat - (self._clock.monotonic() - self._last_block_at)
        due = self._ledger.next_due()
        return wait if due is None else min(wait, due - self._next_time())

    async def _make_block(self) -> None:
        loop = asyncio.get_running_loop()
        self._requested = self._made_room = False
        now = self._next_time()
        for stale in self._mempool.drop_stale(self._next_nonce, now):
            self._refuse(stale, self._staleness(stale, now))
        taken = self._mempool.take(self._next_nonce, self._options.block_transactions, self._options.block_size)
        began = self._clock.monotonic()
        made = await loop.run_in_executor(self._thread, self._ledger.make_block, taken, now)
        self._last_block_at = self._clock.monotonic()
        self._measures.block(made, self._last_block_at - began)
        for signed, error in made.left_out:
            self._refuse(signed, error)
        for index, result in enumerate(made.record.results):
            self._resolve(result.hash, Inclusion(made.head.height, made.head.time, index, result))
        self._mempool.forget_idle(self._last_block_at)
        async with self._new_block:
            self._new_block.notify_all()

    def _next_time(self) -> UnixSeconds:
        """The time of a block that was made now: by the clock, but never backwards."""
        return UnixSeconds(max(self._ledger.head.time, self._clock.now()))

    def _staleness(self, signed: SignedTransaction, now: UnixSeconds) -> HubError:
        if signed.transaction.expiry <= now:
            return TransactionExpired(signed.transaction.expiry, now)
        return NonceUsed(signed.transaction.nonce, self._next_nonce(signed.transaction.account))

    def _resolve(self, transaction_hash: bytes, inclusion: Inclusion) -> None:
        for waiting in self._waiting.pop(transaction_hash, ()):
            if not waiting.done():
                waiting.set_result(inclusion)
        if inclusion.result.code is ResultCode.REFUSED:
            self._measures.refused(inclusion.result.reason)

    def _refuse(self, signed: SignedTransaction, error: HubError) -> None:
        _fail(self._waiting.pop(signed.hash, ()), error)
        self._measures.refused(error.reason())

    def _next_nonce(self, address: bytes) -> int:
        return account(self._ledger.remembered, address).nonce  # type: ignore[arg-type]


def _fail(waiting: Iterable[asyncio.Future[Inclusion]], error: HubError) -> None:
    for one in waiting:
        if not one.done():
            one.set_exception(error)
