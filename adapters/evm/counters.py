"""What a router itself has counted of one of its clients, as a state root shows it (docs/protocol.md, section 9)."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.clients.router_storage import BASE
from hub.ibc.identifiers import ClientId
from hub.proofs.keccak import keccak256
from hub.quantities import Hash

_CLIENTS = BASE + 4
_CLIENT_NUMBERS = BASE + 5
_ADDRESS_BITS = 160
_MAX_U56 = 2**56 - 1
_MAX_U64 = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Counters:
    """Packets sent, acknowledgements appended."""

    sent: int
    appended: int


class CounterSlots:
    """Where the router keeps its record of a client, and the number that it has given it."""

    def __init__(self, client: ClientId, number: int) -> None:
        record = int.from_bytes(keccak256(number.to_bytes(32, "big") + _CLIENTS.to_bytes(32, "big")), "big")
        self._first, self._second = (Hash((record + place).to_bytes(32, "big")) for place in (0, 1))
        self._of_number = Hash(keccak256(keccak256(client.encode()) + _CLIENT_NUMBERS.to_bytes(32, "big")))

    def all(self) -> list[Hash]:
        return [self._of_number, self._first, self._second]

    def number(self, words: Mapping[Hash, bytes]) -> int:
        """The client's number by these words; 0 where the router has no such client."""
        return int.from_bytes(words[self._of_number], "big")

    def counters(self, words: Mapping[Hash, bytes]) -> Counters:
        """Of the record: address of the light client, then acknowledgements; in its second slot the last sequence."""
        first, second = (int.from_bytes(words[slot], "big") for slot in (self._first, self._second))
        return Counters(second & _MAX_U64, first >> _ADDRESS_BITS & _MAX_U56)
