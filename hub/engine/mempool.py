"""Admitted transactions that wait for a block: bounded, fair, and in order of nonces for each account.

Holds no state of the chain and reads no clock: both are given. A transaction whose nonce is not yet the account's next
waits for those before it, so that a client may send several without waiting for each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hub.engine.errors import AccountQueueFull, MempoolFull, NoncePending, RateLimited
from hub.quantities import Address, UnixSeconds
from hub.transaction import SignedTransaction, size_of

NextNonce = Callable[[Address], int]
"""The next nonce of an account by the committed state."""


@dataclass(frozen=True, slots=True)
class MempoolLimits:
    """How much may wait, and how fast one account may send."""

    transactions: int = 10_000
    size: int = 64 * 1024 * 1024
    per_account: int = 1_024
    account_rate: int = 500
    """Transactions a second that one account may send for long."""
    account_burst: int = 2_000


@dataclass(slots=True)
class _Queue:
    """One account's transactions by nonce, and its allowance (a token bucket)."""

    waiting: dict[int, SignedTransaction] = field(default_factory=dict)
    allowance: float = 0.0
    filled_at: float = 0.0


class Mempool:
    """Transactions by account; accounts take turns."""

    def __init__(self, limits: MempoolLimits) -> None:
        self._limits = limits
        self._queues: dict[Address, _Queue] = {}
        self._count = 0
        self._size = 0

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._size

    def add(self, signed: SignedTransaction, monotonic: float) -> None:
        """Raises MempoolFull, AccountQueueFull, NoncePending, RateLimited, and then holds what it held before."""
        limits, account, nonce = self._limits, signed.transaction.account, signed.transaction.nonce
        size = size_of(signed)
        if self._count >= limits.transactions or self._size + size > limits.size:
            raise MempoolFull(self._count)
        queue = self._queues.get(account) or _Queue(allowance=limits.account_burst, filled_at=monotonic)
        if nonce in queue.waiting:
            raise NoncePending(account, nonce)
        if len(queue.waiting) >= limits.per_account:
            raise AccountQueueFull(account, limits.per_account)
        self._spend(account, queue, monotonic)
        self._queues[account] = queue
        queue.waiting[nonce] = signed
        self._count += 1
        self._size += size

    def ready(self, next_nonce: NextNonce) -> bool:
        """Whether any account's next transaction is here."""
        return any(next_nonce(account) in queue.waiting for account, queue in self._queues.items() if queue.waiting)

    def take(self, next_nonce: NextNonce, transactions: int, size: int) -> list[SignedTransaction]:
        """At most so many, of at most so many bytes together (but one at least): accounts by turns, each in order.

        Whoever had a turn goes behind all others, for the next block too: nobody is kept out by accounts that always
        have more, however many those are.
        """
        taken: list[SignedTransaction] = []
        room = size
        turns = [(account, next_nonce(account)) for account, queue in self._queues.items() if queue.waiting]
        while turns and len(taken) < transactions:
            again: list[tuple[Address, int]] = []
            for account, nonce in turns:
                signed = self._queues[account].waiting.get(nonce)
                if signed is None or len(taken) == transactions or (taken and size_of(signed) > room):
                    continue
                self._remove(account, nonce)
                self._queues[account] = self._queues.pop(account)
                taken.append(signed)
                room -= size_of(signed)
                again.append((account, nonce + 1))
            turns = again
        return taken

    def drop_stale(self, next_nonce: NextNonce, now: UnixSeconds) -> Iterator[SignedTransaction]:
        """Remove and give what can never be carried out: expired, or its nonce used."""
        for account, queue in list(self._queues.items()):
            expected = next_nonce(account) if queue.waiting else 0
            for nonce, signed in list(queue.waiting.items()):
                if nonce < expected or signed.transaction.expiry <= now:
                    self._remove(account, nonce)
                    yield signed

    def follows(self, signed: SignedTransaction, next_nonce: NextNonce) -> bool:
        """Whether all that must be carried out before a transaction is here."""
        account, nonce = signed.transaction.account, signed.transaction.nonce
        return nonce <= self._first_gap(account, next_nonce)

    def drop_stranded(self, next_nonce: NextNonce) -> Iterator[SignedTransaction]:
        """Remove and give what waits behind a nonce that is not here.

        For a mempool that is full: none of it can go into a block, and it costs nothing to send, so that whoever wanted
        to keep everyone else out would fill the mempool with it.
        """
        for account, queue in list(self._queues.items()):
            gap = self._first_gap(account, next_nonce) if queue.waiting else 0
            for nonce, signed in list(queue.waiting.items()):
                if nonce > gap:
                    self._remove(account, nonce)
                    yield signed

    def forget_idle(self, monotonic: float) -> None:
        """Let go of accounts that have nothing here and their whole allowance again."""
        for account, queue in list(self._queues.items()):
            if not queue.waiting and self._refilled(queue, monotonic) >= self._limits.account_burst:
                del self._queues[account]

    def _first_gap(self, account: Address, next_nonce: NextNonce) -> int:
        """The first nonce of an account that is neither used nor here."""
        nonce, queue = next_nonce(account), self._queues.get(account)
        while queue is not None and nonce in queue.waiting:
            nonce += 1
        return nonce

    def _remove(self, account: Address, nonce: int) -> None:
        signed = self._queues[account].waiting.pop(nonce)
        self._count -= 1
        self._size -= size_of(signed)

    def _spend(self, account: Address, queue: _Queue, monotonic: float) -> None:
        allowance = self._refilled(queue, monotonic)
        if allowance < 1:
            raise RateLimited(f"account 0x{account.hex()}", "transactions")
        queue.allowance, queue.filled_at = allowance - 1, monotonic

    def _refilled(self, queue: _Queue, monotonic: float) -> float:
        earned = (monotonic - queue.filled_at) * self._limits.account_rate
        return min(self._limits.account_burst, queue.allowance + earned)
