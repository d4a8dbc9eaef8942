"""The ground that a contract stands on: the keys of the state under its own name, and no others; all of it counted."""

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from adapters.permissioned.ledger.contracts.bounds import Meter
from adapters.permissioned.ledger.contracts.errors import QueryWrites
from adapters.permissioned.ledger.identities import ContractName
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.events import Event
from hub.quantities import UnixSeconds
from hub.state.branch import Branch, StateReader
from hub.state.collections import Room, text

Tell: TypeAlias = Callable[[Event], None]

DataRoom: TypeAlias = LedgerRoom | Literal[Room.INDEXES]
"""A room of the ledger's, or the indexes of its CONTRACT_DATA."""

_ROOMS: dict[int, bytes] = {room: bytes((room,)) for room in LedgerRoom}
_ROOMS[Room.INDEXES] = bytes((Room.INDEXES, LedgerRoom.CONTRACT_DATA))


class Ground:
    """A contract's part of the state, at one moment. Every key that is given here is put behind the contract's name."""

    __slots__ = ("_branch", "_name", "_read", "_reader", "_tell", "contract", "meter", "time")

    def __init__(
        self,
        reader: StateReader,
        branch: Branch | None,
        contract: ContractName,
        *,
        meter: Meter,
        time: UnixSeconds,
        tell: Tell,
    ) -> None:
        """``branch``: where it writes; None in a query. ``tell`` takes the events of what is written."""
        self._reader = reader
        self._branch = branch
        self._tell = tell
        self._read: dict[bytes, bytes | None] = {}
        self._name = text(contract)
        self.contract = contract
        self.meter = meter
        self.time = time

    def get(self, room: DataRoom, key: bytes) -> bytes | None:
        """Raises BoundExceeded."""
        self.meter.check()
        place = self._place(room) + key
        if place in self._read:
            return self._read[place]
        self.meter.spend("reads")
        value = self._read[place] = self._reader.get(place)
        if value is not None:
            self.meter.spend("read_bytes", len(value))
        return value

    def put(self, room: DataRoom, key: bytes, value: bytes) -> None:
        """Raises BoundExceeded, QueryWrites."""
        branch = self._writable()
        self.meter.spend("writes")
        self.meter.spend("written_bytes", len(key) + len(value))
        place = self._place(room) + key
        branch.put(place, value)
        self._read[place] = value

    def delete(self, room: DataRoom, key: bytes) -> None:
        """Raises BoundExceeded, QueryWrites."""
        branch = self._writable()
        self.meter.spend("writes")
        self.meter.spend("written_bytes", len(key))
        place = self._place(room) + key
        branch.delete(place)
        self._read[place] = None

    def scan(self, room: DataRoom, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values, ``start <= key < end``, in order. Raises BoundExceeded."""
        self.meter.check()
        place = self._place(room)
        for key, value in self._reader.scan(place + start, place + end):
            self.meter.spend("scanned")
            self.meter.spend("read_bytes", len(value))
            yield key[len(place) :], value

    def tell(self, event: Event) -> None:
        """Make known what was written."""
        self._tell(event)

    def due(self, purge_at: UnixSeconds, key: bytes) -> bytes:
        """Where it stands that something falls due: by time first, and only there not behind the contract's name."""
        return bytes((LedgerRoom.PRIVATE_PURGES,)) + purge_at.to_bytes(8, "big") + text(self.contract) + key

    def set_due(self, purge_at: UnixSeconds, key: bytes, value: bytes | None) -> None:
        """Note what falls due then, or that it does not any more. Raises BoundExceeded, QueryWrites."""
        branch = self._writable()
        self.meter.spend("writes")
        place = self.due(purge_at, key)
        if value is None:
            branch.delete(place)
        else:
            branch.put(place, value)

    def _writable(self) -> Branch:
        self.meter.check()
        if self._branch is None:
            raise QueryWrites(self.contract)
        return self._branch

    def _place(self, room: DataRoom) -> bytes:
        return _ROOMS[room] + self._name
