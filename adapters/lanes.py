"""By which numbers packets travel to a chain of our own: its lanes, asked for once and again where one is new."""

from collections.abc import Awaitable, Callable, Iterable

from adapters.chain import Route, route_of
from hub.answers import LaneInfo
from hub.ibc.errors import UnknownLane
from hub.ibc.lanes import LaneRecord, encode_records
from hub.ibc.packet import Packet


class LaneNumbers:
    """The lane registry of one chain."""

    def __init__(self, ask: Callable[[], Awaitable[Iterable[LaneInfo]]]) -> None:
        self._ask = ask
        self._numbers: dict[Route, int] = {}

    async def records(self, packets: Iterable[Packet]) -> bytes:
        """The packets as that chain takes them, in order; raises UnknownLane."""
        return encode_records([await self._record(packet) for packet in packets])

    async def _record(self, packet: Packet) -> LaneRecord:
        route = route_of(packet)
        if route not in self._numbers:
            self._numbers = {
                (
                    lane.source_client,
                    lane.destination_client,
                    lane.source_port,
                    lane.destination_port,
                    lane.version,
                    lane.encoding,
                ): lane.lane
                for lane in await self._ask()
            }
        if route not in self._numbers:
            raise UnknownLane(0)
        return LaneRecord(self._numbers[route], packet.sequence, packet.timeout, packet.payload.value)
