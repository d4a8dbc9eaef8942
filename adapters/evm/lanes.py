"""The lanes that a router knows: numbers to routes, and packets to numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.chain import Route, route_of
from adapters.evm.contract import Contract
from hub.ibc.errors import UnknownLane
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane
from hub.ibc.packet import Packet


class RouterLanes:
    """Read once; lanes are only ever added."""

    def __init__(self, router: Contract) -> None:
        self._router = router
        self._lanes: dict[int, Lane] = {}

    async def by_number(self) -> Mapping[int, Lane]:
        """All lanes that the router has now."""
        count = await self._router.read("laneCount")
        for number in range(len(self._lanes) + 1, count + 1):
            self._lanes[number] = _lane(await self._router.read("getLane", number))
        return self._lanes

    async def numbering(self, packets: Sequence[Packet]) -> Callable[[Packet], int]:
        """A function from these packets to their lanes' numbers; it raises UnknownLane for one without a lane."""
        numbers = {_route(lane): number for number, lane in self._lanes.items()}
        if any(route_of(packet) not in numbers for packet in packets):
            numbers = {_route(lane): number for number, lane in (await self.by_number()).items()}

        def number(packet: Packet) -> int:
            route = route_of(packet)
            if route not in numbers:
                raise UnknownLane(0)
            return numbers[route]

        return number


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
