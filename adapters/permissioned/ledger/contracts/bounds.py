"""How much one invocation may read, write and say, and one transaction with all that it invokes; all of it is counted.

One thing too much ends the invocation, or the whole transaction. The one is the contract's fault: a packet that asked
for it is answered so. The other is the fault of whoever put so much into one transaction, and must be no packet's: so
it passes by all that lets a failing contract cost only itself, and refuses the transaction.
"""

from dataclasses import dataclass, fields

from adapters.permissioned.ledger.contracts.errors import BoundExceeded, TransactionBoundExceeded
from adapters.permissioned.ledger.identities import ContractName


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most that one invocation may use, or one transaction."""

    reads: int = 4_000
    """Records and index entries read by key, each once."""
    read_bytes: int = 1024 * 1024
    scanned: int = 10_000
    """Entries gone over by lists."""
    writes: int = 1_000
    """Records and index entries written and deleted."""
    written_bytes: int = 256 * 1024
    """Keys and values."""
    events: int = 64
    event_bytes: int = 64 * 1024
    calls: int = 16
    """Calls of services, and answers to requests."""
    argument_bytes: int = 64 * 1024
    result_bytes: int = 64 * 1024


BOUNDS = Bounds()
"""Of an invocation."""

TRANSACTION_BOUNDS = Bounds(
    reads=16_000,
    read_bytes=4 * 1024 * 1024,
    scanned=40_000,
    writes=4_000,
    written_bytes=1024 * 1024,
    events=1_024,
    event_bytes=1024 * 1024,
    calls=256,
    argument_bytes=2 * 1024 * 1024,
    result_bytes=1024 * 1024,
)
"""Of a transaction: of up to 64 messages, each with up to 256 packets. What one invocation may use always fits."""

_NAMES = tuple(field.name for field in fields(Bounds))


class TransactionExhausted(Exception):
    """The transaction used too much: ``refusal``. No HubError, which would be taken for the failure of a contract."""

    def __init__(self, refusal: TransactionBoundExceeded) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class Allowance:
    """What is left for one transaction. ``work``: what it has used so far, which its invocations share."""

    __slots__ = ("_bounds", "_work")

    def __init__(self, work: dict[str, int], bounds: Bounds) -> None:
        self._work = work
        self._bounds = bounds

    def spend(self, bound: str, amount: int) -> None:
        """Raises TransactionExhausted."""
        used = self._work[bound] = self._work.get(bound, 0) + amount
        limit: int = getattr(self._bounds, bound)
        if used > limit:
            raise TransactionExhausted(TransactionBoundExceeded(bound, limit))


class Meter:
    """Counts what one invocation uses. Once a bound is exceeded, nothing more is possible in it, whatever the contract
    does with the error."""

    __slots__ = ("_allowance", "_bounds", "_contract", "_exceeded", "_used")

    def __init__(self, contract: ContractName, bounds: Bounds, allowance: Allowance | None = None) -> None:
        """``allowance``: of the transaction; None in a query."""
        self._contract = contract
        self._bounds = bounds
        self._allowance = allowance
        self._used = dict.fromkeys(_NAMES, 0)
        self._exceeded: BoundExceeded | TransactionExhausted | None = None

    def spend(self, bound: str, amount: int = 1) -> None:
        """Use ``amount`` of a bound; raises BoundExceeded, TransactionExhausted."""
        self.check()
        used = self._used[bound] + amount
        limit: int = getattr(self._bounds, bound)
        if used > limit:
            self._exceeded = BoundExceeded(self._contract, bound, limit)
            self.check()
        if self._allowance is not None:
            try:
                self._allowance.spend(bound, amount)
            except TransactionExhausted as exhausted:
                self._exceeded = exhausted
                raise
        self._used[bound] = used

    def check(self) -> None:
        """Raises BoundExceeded or TransactionExhausted where a bound has been exceeded before."""
        if self._exceeded is not None:
            raise self._exceeded

    def used(self, bound: str) -> int:
        """How much of a bound is used."""
        return self._used[bound]
