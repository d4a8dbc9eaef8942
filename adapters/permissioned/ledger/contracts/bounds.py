"""How much one invocation may read, write and say; all of it is counted, and one thing too much ends the invocation."""

from dataclasses import dataclass, fields

from adapters.permissioned.ledger.contracts.errors import BoundExceeded
from adapters.permissioned.ledger.identities import ContractName


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most that one invocation may use."""

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
_NAMES = tuple(field.name for field in fields(Bounds))


class Meter:
    """Counts what one invocation uses. Once a bound is exceeded, nothing more is possible in it, whatever the contract
    does with the error."""

    __slots__ = ("_bounds", "_contract", "_exceeded", "_used")

    def __init__(self, contract: ContractName, bounds: Bounds) -> None:
        self._contract = contract
        self._bounds = bounds
        self._used = dict.fromkeys(_NAMES, 0)
        self._exceeded: tuple[str, int] | None = None

    def spend(self, bound: str, amount: int = 1) -> None:
        """Use ``amount`` of a bound; raises BoundExceeded."""
        self.check()
        used = self._used[bound] + amount
        limit: int = getattr(self._bounds, bound)
        if used > limit:
            self._exceeded = bound, limit
            self.check()
        self._used[bound] = used

    def check(self) -> None:
        """Raises BoundExceeded where a bound has been exceeded before."""
        if self._exceeded is not None:
            raise BoundExceeded(self._contract, *self._exceeded)

    def used(self, bound: str) -> int:
        """How much of a bound is used."""
        return self._used[bound]
