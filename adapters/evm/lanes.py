"""The lanes that a router knows: numbers to routes, and packets to numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth_abi.abi import encode

from adapters.chain import Route, route_of
from adapters.errors import CallRefused, DeliveryRefused, EndpointFault
from adapters.evm.contract import Contract
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.finality import block_header
from adapters.evm.proofs import Prover
from hub.clients.router_storage import BASE
from hub.ibc.errors import UnknownLane
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane
from hub.ibc.packet import Packet
from hub.proofs.keccak import keccak256
from hub.quantities import Hash

_LANE_NUMBERS = (BASE + 7).to_bytes(32, "big")
"""Where the router maps lanes to their numbers (docs/protocol.md, section 9)."""


_LANE = "(uint8,string,string,string,string,string,string,address,uint32,uint16,bytes32)"
"""All of what the router keeps of one, in order: the key that it maps is the hash of just this."""


class RouterLanes:
    """Each is learned once, and proven: lanes are only ever added."""

    def __init__(self, endpoints: Endpoints, router: Contract, prover: Prover) -> None:
        self._endpoints = endpoints
        self._router = router
        self._prover = prover
        self._lanes: dict[int, Lane] = {}

    @property
    def known(self) -> Mapping[int, Lane]:
        """Those that were learned, by number."""
        return self._lanes

    def forget(self) -> None:
        """Learn them anew, after history changed."""
        self._lanes = {}

    async def learn(self, endpoint: Endpoint) -> None:
        """Learn all lanes that the router has now from one endpoint; raises EndpointFault where it proves others."""
        try:
            count = await self._router.read("laneCount", endpoint=endpoint)
            numbers = range(len(self._lanes) + 1, count + 1)
            told = {n: await self._router.read("getLane", n, endpoint=endpoint) for n in numbers}
        except (CallRefused, DeliveryRefused) as refusal:
            raise EndpointFault(endpoint.url, f"it does not tell the router's lanes: {refusal}") from refusal
        slots = {number: _number_slot(record) for number, record in told.items()}
        header = await block_header(endpoint, "latest")
        words = await self._prover.words(endpoint, header, list(slots.values()))
        for number, slot in slots.items():
            if (proven := int.from_bytes(words[slot], "big")) != number:
                raise EndpointFault(endpoint.url, f"it tells a lane {number} that has the number {proven}")
        self._lanes |= {number: _lane(record) for number, record in told.items()}

    async def numbering(self, packets: Sequence[Packet]) -> Callable[[Packet], int]:
        """A function from these packets to their lanes' numbers; it raises UnknownLane for one without a lane."""
        numbers = {_route(lane): number for number, lane in self._lanes.items()}
        if any(route_of(packet) not in numbers for packet in packets):
            await self._endpoints.attempt(self.learn)
            numbers = {_route(lane): number for number, lane in self._lanes.items()}

        def number(packet: Packet) -> int:
            route = route_of(packet)
            if route not in numbers:
                raise UnknownLane(0)
            return numbers[route]

        return number


def _number_slot(record: Mapping[str, Any]) -> Hash:
    key = keccak256(encode([_LANE], [tuple(record.values())]))
    return Hash(keccak256(key + _LANE_NUMBERS))


def _route(lane: Lane) -> Route:
    return (
        lane.source_client,
        lane.destination_client,
        lane.source_port,
        lane.destination_port,
        lane.version,
        lane.encoding,
    )


def _lane(record: Mapping[str, Any]) -> Lane:
    return Lane(
        ClientId(record["sourceClient"]),
        ClientId(record["destinationClient"]),
        PortId(record["sourcePort"]),
        PortId(record["destinationPort"]),
        record["version"],
        record["encoding"],
    )
