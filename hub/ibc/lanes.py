"""Lanes: what travels for a packet between our own ends, the strings left at home (docs/protocol.md, section 1)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from hub.ibc.commitment import lane_commitment, payload_prefix
from hub.ibc.errors import MalformedLaneRecords
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.quantities import Hash, Sequence, UnixSeconds

_HEAD = 2 + 8 + 8 + 2


@dataclass(frozen=True, slots=True)
class Lane:
    """A registered route; its constant hashes are computed once."""

    source_client: ClientId
    destination_client: ClientId
    source_port: PortId
    destination_port: PortId
    version: str
    encoding: str
    destination_hash: bytes = field(init=False, repr=False, compare=False)
    prefix: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        payload = Payload(self.source_port, self.destination_port, self.version, self.encoding, b"")
        object.__setattr__(self, "destination_hash", sha256(self.destination_client.encode()).digest())
        object.__setattr__(self, "prefix", payload_prefix(payload))

    def commitment(self, record: "LaneRecord") -> Hash:
        """The packet commitment of a record on this lane."""
        return lane_commitment(self.destination_hash, self.prefix, record.timeout.to_bytes(8, "big"), record.value)

    def packet(self, record: "LaneRecord") -> Packet:
        """The packet that a record on this lane stands for."""
        return Packet(
            record.sequence,
            self.source_client,
            self.destination_client,
            record.timeout,
            Payload(self.source_port, self.destination_port, self.version, self.encoding, record.value),
        )


class LaneRecord(msgspec.Struct, frozen=True):
    """A packet on the wire: the lane's number stands for everything but sequence, timeout and value."""

    lane: int
    sequence: Sequence
    timeout: UnixSeconds
    value: bytes


def encode_records(records: Iterable[LaneRecord]) -> bytes:
    """``lane u16 ‖ sequence u64 ‖ timeout u64 ‖ length u16 ‖ value``, one behind the other."""
    out = bytearray()
    for record in records:
        out += record.lane.to_bytes(2, "big") + record.sequence.to_bytes(8, "big")
        out += record.timeout.to_bytes(8, "big") + len(record.value).to_bytes(2, "big") + record.value
    return bytes(out)


def decode_records(data: bytes) -> list[LaneRecord]:
    """The records in ``data``, at least one; raises MalformedLaneRecords."""
    records: list[LaneRecord] = []
    at = 0
    while at < len(data):
        if len(data) - at < _HEAD:
            raise MalformedLaneRecords(at, "a record begins with 20 bytes")
        lane = int.from_bytes(data[at : at + 2], "big")
        sequence = int.from_bytes(data[at + 2 : at + 10], "big")
        timeout = int.from_bytes(data[at + 10 : at + 18], "big")
        end = at + _HEAD + int.from_bytes(data[at + 18 : at + 20], "big")
        if lane == 0 or sequence == 0 or timeout == 0:
            raise MalformedLaneRecords(at, "lane, sequence and timeout begin at 1")
        if end == at + _HEAD or end > len(data):
            raise MalformedLaneRecords(at, "the value is empty or cut short")
        records.append(LaneRecord(lane, Sequence(sequence), UnixSeconds(timeout), data[at + _HEAD : end]))
        at = end
    if not records:
        raise MalformedLaneRecords(0, "there is no record")
    return records
