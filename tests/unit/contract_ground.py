"""A contract's ground on a state that a test can look into, and a collection of ships to keep there."""

from dataclasses import dataclass, field
from typing import Any

from adapters.permissioned.ledger.contracts.bounds import BOUNDS, Bounds, Meter
from adapters.permissioned.ledger.contracts.collections import Collection, Records
from adapters.permissioned.ledger.contracts.ground import Ground
from adapters.permissioned.ledger.contracts.interface import Record
from adapters.permissioned.ledger.identities import ContractName
from hub.events import Event
from hub.quantities import UnixSeconds
from hub.state.branch import Branch, MemoryState

NOW = UnixSeconds(1000)


class Ship(Record, frozen=True):
    flag: str
    number: int
    ports: tuple[str, ...] = ()
    note: str = ""


SHIPS = Collection(
    "ships",
    Ship,
    key=("flag", "number"),
    indexes={"number": ("number",), "port": lambda ship: [(port, ship.number) for port in ship.ports]},
)


@dataclass
class Place:
    """A contract's ground, on a state that the test can look into."""

    contract: str = "fleet"
    bounds: Bounds = BOUNDS
    state: MemoryState = field(default_factory=MemoryState)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.branch = Branch(self.state)
        self.meter = Meter(ContractName(self.contract), self.bounds)
        self.ground = Ground(
            self.branch, self.branch, ContractName(self.contract), meter=self.meter, time=NOW, tell=self.events.append
        )

    def records(self, collection: Collection[Any] = SHIPS) -> Records[Any]:
        return Records(collection, self.ground)

    def keys(self) -> list[bytes]:
        return [key for key, _ in self.branch.scan(b"\x00", b"\xff")]
