"""The packet and its payload (IBC v2)."""

import msgspec

from hub.ibc.errors import InvalidPacket
from hub.ibc.identifiers import ClientId, PortId
from hub.quantities import MAX_U64, Sequence, UnixSeconds

MAX_VALUE_BYTES_EVM = 16 * 1024
MAX_VALUE_BYTES = 64 * 1024 - 1
"""One less than 64 KiB: a lane record counts its value in a u16."""
MAX_ACKNOWLEDGEMENT_BYTES = 16 * 1024
MAX_TIMEOUT_SECONDS = 24 * 3600


class Payload(msgspec.Struct, frozen=True):
    """What one application says to another."""

    source_port: PortId
    destination_port: PortId
    version: str
    encoding: str
    value: bytes


class Packet(msgspec.Struct, frozen=True):
    """One message between two chains; exactly one payload. ``timeout`` is the first second at which it is too late."""

    sequence: Sequence
    source_client: ClientId
    destination_client: ClientId
    timeout: UnixSeconds
    payload: Payload


def validate_packet(packet: Packet, max_value_bytes: int = MAX_VALUE_BYTES) -> None:
    """Refuse what no handler may see; raises InvalidPacket. Identifiers are checked where they are registered."""
    if not 1 <= packet.sequence <= MAX_U64:
        raise InvalidPacket("the sequence is a number from 1 to 2**64 - 1")
    if not 1 <= packet.timeout <= MAX_U64:
        raise InvalidPacket("the timeout is a number of seconds from 1 to 2**64 - 1")
    if not packet.payload.version or not packet.payload.encoding:
        raise InvalidPacket("the payload names no version or no encoding")
    if not packet.payload.value:
        raise InvalidPacket("the payload's value is empty")
    if len(packet.payload.value) > max_value_bytes:
        raise InvalidPacket(f"the payload's value has {len(packet.payload.value)} bytes, {max_value_bytes} are allowed")
