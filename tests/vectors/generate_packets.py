"""Writes packets.json: paths, commitments and lane records of IBC v2 packets; the first two come from ibc-go."""

from typing import Any

from hub.ibc.commitment import (
    ERROR_ACKNOWLEDGEMENT,
    acknowledgement_commitment,
    acknowledgement_path,
    commitment_path,
    packet_commitment,
    receipt_path,
)
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import LaneRecord, encode_records
from hub.ibc.packet import Packet, Payload
from hub.quantities import MAX_U64, Sequence, UnixSeconds
from tests.vectors.writing import write

ICS20 = Packet(
    Sequence(1),
    ClientId("07-tendermint-0"),
    ClientId("07-tendermint-1"),
    UnixSeconds(100),
    Payload(
        PortId("transfer"),
        PortId("transfer"),
        "ics20-1",
        "application/json",
        b'{"denom":"uatom","amount":"1000000","sender":"sender","receiver":"receiver","memo":"memo"}',
    ),
)
ICS20_COMMITMENT = "a096722aa6534040a0efbdae05765132a7b223ad306d6512f3734821bd046505"
SOME_BYTES_COMMITMENT = "f03b4667413e56aaf086663267913e525c442b56fa1af4fa3f3dab9f37044c5b"
ERROR_COMMITMENT = "e2fb30dfbf7abdeaca82d426534d2b3a9d5444dd2a87fa16d38b77ba1a13ced7"


def service_packet(sequence: int, source: str, destination: str, timeout: int, value: bytes) -> Packet:
    """A packet between two services."""
    payload = Payload(PortId("service"), PortId("service"), "service-1", "application/x-interchain-service", value)
    return Packet(Sequence(sequence), ClientId(source), ClientId(destination), UnixSeconds(timeout), payload)


PACKETS = [
    ("ICS-20, as ibc-go commits to it", ICS20),
    ("a call to the hub", service_packet(1, "quorum-0", "attested-0", 1_760_000_000, b"\x01call")),
    ("another sequence, the same commitment", service_packet(2, "quorum-0", "attested-0", 1_760_000_000, b"\x01call")),
    ("another timeout", service_packet(1, "quorum-0", "attested-0", 1_760_000_001, b"\x01call")),
    ("another destination", service_packet(1, "quorum-0", "attested-1", 1_760_000_000, b"\x01call")),
    ("one byte of value", service_packet(256, "quorum-0", "attested-0", 1, b"\x00")),
    ("the greatest numbers", service_packet(MAX_U64, "quorum-0", "attested-0", MAX_U64, b"\xff" * 33)),
    ("the largest value of an EVM chain", service_packet(3, "quorum-0", "attested-0", 1_760_000_000, b"v" * 16384)),
]
ACKNOWLEDGEMENTS = [
    ("some bytes, as ibc-go commits to it", b"some bytes"),
    ("the error acknowledgement", ERROR_ACKNOWLEDGEMENT),
    ("one byte", b"\x01"),
    ("the longest", b"a" * 16384),
]


def packet_case(name: str, packet: Packet) -> dict[str, Any]:
    return {
        "name": name,
        "sequence": packet.sequence,
        "sourceClient": packet.source_client,
        "destinationClient": packet.destination_client,
        "timeout": packet.timeout,
        "sourcePort": packet.payload.source_port,
        "destinationPort": packet.payload.destination_port,
        "version": packet.payload.version,
        "encoding": packet.payload.encoding,
        "value": packet.payload.value,
        "commitmentPath": commitment_path(packet.source_client, packet.sequence),
        "receiptPath": receipt_path(packet.destination_client, packet.sequence),
        "acknowledgementPath": acknowledgement_path(packet.destination_client, packet.sequence),
        "commitment": packet_commitment(packet),
    }


def vectors() -> dict[str, Any]:
    assert packet_commitment(ICS20).hex() == ICS20_COMMITMENT
    assert acknowledgement_commitment(b"some bytes").hex() == SOME_BYTES_COMMITMENT
    assert acknowledgement_commitment(ERROR_ACKNOWLEDGEMENT).hex() == ERROR_COMMITMENT
    records = [
        LaneRecord(1, Sequence(1), UnixSeconds(1_760_000_000), b"first"),
        LaneRecord(65_535, Sequence(MAX_U64), UnixSeconds(MAX_U64), b"\x00" * 300),
    ]
    return {
        "about": "IBC v2 packets as sha256 commits to them, and lane records (docs/protocol.md, section 1)",
        "packets": [packet_case(*entry) for entry in PACKETS],
        "acknowledgements": [
            {"name": name, "acknowledgement": ack, "commitment": acknowledgement_commitment(ack)}
            for name, ack in ACKNOWLEDGEMENTS
        ],
        "laneRecords": {
            "records": [
                {"lane": r.lane, "sequence": r.sequence, "timeout": r.timeout, "value": r.value} for r in records
            ],
            "encoded": encode_records(records),
        },
    }


if __name__ == "__main__":
    write("packets", vectors())
