"""The lanes of this chain: each route under the number by which its packets travel (docs/protocol.md, section 1)."""

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from hub.clients.counterparty import counterparty_of
from hub.events import LaneRegistered
from hub.ibc.errors import CounterpartyNotRegistered, InvalidLane, LaneAlreadyRegistered, UnknownLane
from hub.ibc.identifiers import ClientId, PortId, counterparty_client_id, port_id
from hub.ibc.lanes import Lane
from hub.quantities import MAX_U16
from hub.state.branch import StateReader
from hub.state.collections import Records, Room, text
from hub.state.context import Context

MAX_TEXT_BYTES = 128
"""Of a lane's version and encoding."""


class _Route(msgspec.Struct, frozen=True, array_like=True):
    source_client: ClientId
    destination_client: ClientId
    source_port: PortId
    destination_port: PortId
    version: str
    encoding: str


_LANES = Records(Room.LANES, bytes)
_NUMBERS = Records(Room.LANE_NUMBERS, int)
_NEXT = b"next"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Route).decode


def register(ctx: Context, lane: Lane) -> int:
    """Give a route that begins or ends at one of our clients its number.

    Raises InvalidIdentifier, InvalidLane, LaneAlreadyRegistered.
    """
    _validate(ctx.state, lane)
    if known := number_of(ctx.state, lane):
        raise LaneAlreadyRegistered(known)
    number = (_NUMBERS.get(ctx.state, _NEXT) or 0) + 1
    if number > MAX_U16:
        raise InvalidLane("all 65,535 numbers are taken")
    _NUMBERS.put(ctx.state, _NEXT, number)
    _NUMBERS.put(ctx.state, _key(lane), number)
    _LANES.put(ctx.state, number.to_bytes(2, "big"), _encode(_route(lane)))
    ctx.emit(LaneRegistered(number, *msgspec.structs.astuple(_route(lane))))
    return number


def lane(state: StateReader, number: int) -> Lane:
    """Raises UnknownLane."""
    found = _LANES.get(state, number.to_bytes(2, "big"))
    if found is None:
        raise UnknownLane(number)
    return _lane(found)


def number_of(state: StateReader, lane: Lane) -> int:
    """The number of a route, 0 where it has none."""
    return _NUMBERS.get(state, _key(lane)) or 0


def lanes(state: StateReader, after: int = 0) -> Iterator[tuple[int, Lane]]:
    """All lanes by number, beyond ``after``."""
    for key, record in _LANES.scan(state, after=min(after, MAX_U16).to_bytes(2, "big")):
        yield int.from_bytes(key, "big"), _lane(record)


def _validate(state: StateReader, lane: Lane) -> None:
    counterparty_client_id(lane.source_client)
    counterparty_client_id(lane.destination_client)
    port_id(lane.source_port)
    port_id(lane.destination_port)
    for value in (lane.version, lane.encoding):
        if not 1 <= len(value.encode()) <= MAX_TEXT_BYTES:
            raise InvalidLane(f"version and encoding have 1 to {MAX_TEXT_BYTES} bytes")
    ends = ((lane.source_client, lane.destination_client), (lane.destination_client, lane.source_client))
    if not any(_faces(state, ours, theirs) for ours, theirs in ends):
        raise InvalidLane("neither end is a client of this chain whose counterparty is the other")


def _faces(state: StateReader, ours: ClientId, theirs: ClientId) -> bool:
    try:
        return counterparty_of(state, ours).client == theirs
    except CounterpartyNotRegistered:
        return False


def _route(lane: Lane) -> _Route:
    return _Route(
        lane.source_client,
        lane.destination_client,
        lane.source_port,
        lane.destination_port,
        lane.version,
        lane.encoding,
    )


def _key(lane: Lane) -> bytes:
    return b"".join(text(part) for part in msgspec.structs.astuple(_route(lane)))


@lru_cache(maxsize=1024)
def _lane(record: bytes) -> Lane:
    """A lane with its hashes: a matter of the record's bytes alone, so it need not be worked out for each packet."""
    route = _decode(record)
    return Lane(*msgspec.structs.astuple(route))
