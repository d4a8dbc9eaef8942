"""The only codec of IBC v2 paths and hashes (ics24 of ibc-go; docs/protocol.md, section 1)."""

from enum import IntEnum
from hashlib import sha256

import msgspec

from hub.ibc.identifiers import ClientId
from hub.ibc.packet import Packet, Payload
from hub.quantities import Hash, Sequence

RECEIPT = b"\x01"
"""What stands at a receipt path of a chain of our own."""

_VERSION = b"\x02"


class PathKind(IntEnum):
    """The byte between client and sequence in a path."""

    COMMITMENT = 1
    RECEIPT = 2
    ACKNOWLEDGEMENT = 3


class Path(msgspec.Struct, frozen=True):
    """A place in a chain's provable store. The client is the one on the chain that holds the place."""

    kind: PathKind
    client: ClientId
    sequence: Sequence

    def encode(self) -> bytes:
        return self.client.encode() + bytes((self.kind,)) + self.sequence.to_bytes(8, "big")


def commitment_path(source_client: ClientId, sequence: Sequence) -> bytes:
    return b"%b\x01%b" % (source_client.encode(), sequence.to_bytes(8, "big"))


def receipt_path(destination_client: ClientId, sequence: Sequence) -> bytes:
    return b"%b\x02%b" % (destination_client.encode(), sequence.to_bytes(8, "big"))


def acknowledgement_path(destination_client: ClientId, sequence: Sequence) -> bytes:
    return b"%b\x03%b" % (destination_client.encode(), sequence.to_bytes(8, "big"))


def payload_prefix(payload: Payload) -> bytes:
    """The four hashes before the value's: constant for a lane, hence computed once."""
    return b"".join(
        sha256(text.encode()).digest()
        for text in (payload.source_port, payload.destination_port, payload.version, payload.encoding)
    )


def packet_commitment(packet: Packet) -> Hash:
    """What the source chain stores for a packet."""
    return lane_commitment(
        sha256(packet.destination_client.encode()).digest(),
        payload_prefix(packet.payload),
        packet.timeout.to_bytes(8, "big"),
        packet.payload.value,
    )


def lane_commitment(destination_hash: bytes, prefix: bytes, timeout: bytes, value: bytes) -> Hash:
    """The packet commitment from a lane's constant hashes, the timeout as u64 and the value."""
    payload_hash = sha256(prefix + sha256(value).digest()).digest()
    return Hash(sha256(_VERSION + destination_hash + sha256(timeout).digest() + sha256(payload_hash).digest()).digest())


def acknowledgement_commitment(acknowledgement: bytes) -> Hash:
    """What the destination chain stores for an acknowledgement (one payload, hence one)."""
    return Hash(sha256(_VERSION + sha256(acknowledgement).digest()).digest())


ERROR_ACKNOWLEDGEMENT = sha256(b"UNIVERSAL_ERROR_ACKNOWLEDGEMENT").digest()
"""The acknowledgement of a packet whose application failed; it erases the reason."""
