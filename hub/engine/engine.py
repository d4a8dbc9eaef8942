"""What stands above an engine may know of it, whichever it is: embedded (one process) or replicated."""

from dataclasses import dataclass
from typing import Protocol

from hub.block import TransactionResult
from hub.engine.ledger import Head
from hub.quantities import Height, UnixSeconds
from hub.transaction import SignedTransaction


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where a transaction stands, durably, and what came of it. ``repeated``: it had stood there before."""

    height: Height
    time: UnixSeconds
    index: int
    result: TransactionResult
    repeated: bool = False


class Engine(Protocol):
    """Orders transactions into blocks."""

    @property
    def name(self) -> str:
        """``embedded`` or ``replicated``."""
        ...

    @property
    def running(self) -> bool:
        """Whether blocks are made."""
        ...

    @property
    def head(self) -> Head:
        """The latest committed block."""
        ...

    @property
    def pending(self) -> int:
        """Transactions that wait for a block."""
        ...

    async def submit(self, signed: SignedTransaction) -> Inclusion:
        """Wait until the transaction stands in a block, durably; idempotent by its hash.

        Cancelling stops the waiting only. Raises what may not stand in a block is refused for, MempoolFull,
        AccountQueueFull, NoncePending, RateLimited, NodeStopping.
        """
        ...

    def simulate(self, signed: SignedTransaction) -> TransactionResult:
        """What would come of it in the next block; from any thread."""
        ...

    async def request_block(self) -> Height:
        """Have a block made that shows the time, and wait for it; raises RateLimited, NodeStopping."""
        ...

    async def wait_beyond(self, height: Height) -> Head:
        """The head as soon as it is higher; raises NodeStopping."""
        ...
