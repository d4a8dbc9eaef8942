"""Writes packets.json: paths, commitments and lane records of IBC v2 packets, and hostile records and identifiers.

The first packet and acknowledgement come from ibc-go.
"""

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
from hub.ibc.packet import MAX_VALUE_BYTES_EVM, Packet, Payload
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

LANE = 1
"""The one lane that the malformed records may name."""
RECORD = encode_records([LaneRecord(LANE, Sequence(1), UnixSeconds(1_760_000_000), b"value")])
MALFORMED = ("MalformedLaneRecords", "MalformedDelivery")
EMPTY = ("MalformedLaneRecords", "ValueSize")
TOO_LARGE = ("InvalidPacket", "ValueSize")
LANE_ZERO = ("MalformedLaneRecords", "UnknownLane")
UNKNOWN_LANE = ("UnknownLane", "UnknownLane")


def with_field(start: int, size: int, number: int) -> bytes:
    """The valid record with one of its numbers replaced."""
    return RECORD[:start] + number.to_bytes(size, "big") + RECORD[start + size :]


def of_value(value: bytes) -> bytes:
    """A record of this value, which is as long as it says."""
    return with_field(18, 2, len(value))[:20] + value


LANE_RECORDS: list[tuple[str, bytes, tuple[str, str], int | None]] = [
    ("cut in the lane", RECORD[:1], MALFORMED, 0),
    ("cut behind the lane", RECORD[:2], MALFORMED, 0),
    ("cut in the sequence", RECORD[:9], MALFORMED, 0),
    ("cut behind the sequence", RECORD[:10], MALFORMED, 0),
    ("cut in the timeout", RECORD[:17], MALFORMED, 0),
    ("cut behind the timeout", RECORD[:18], MALFORMED, 0),
    ("cut in the length", RECORD[:19], MALFORMED, 0),
    ("cut behind the length", RECORD[:20], MALFORMED, 0),
    ("cut in the value", RECORD[:-1], MALFORMED, 0),
    ("a length of one byte too many", with_field(18, 2, 6), MALFORMED, 0),
    ("the greatest length", with_field(18, 2, 65_535), MALFORMED, 0),
    ("a length that leaves a byte over", with_field(18, 2, 4), MALFORMED, 24),
    ("one byte behind it", RECORD + b"\x00", MALFORMED, 25),
    ("19 bytes behind it", RECORD + RECORD[:19], MALFORMED, 25),
    ("a record of zeros behind it", RECORD + bytes(20), MALFORMED, 25),
    ("a second record that is cut short", RECORD + RECORD[:-1], MALFORMED, 25),
    ("a second record with sequence 0", RECORD + with_field(2, 8, 0), MALFORMED, 25),
    ("a second record with timeout 0", RECORD + with_field(10, 8, 0), MALFORMED, 25),
    ("sequence 0", with_field(2, 8, 0), MALFORMED, 0),
    ("timeout 0", with_field(10, 8, 0), MALFORMED, 0),
    ("no value", of_value(b""), EMPTY, None),
    ("one byte more than an EVM chain takes", of_value(bytes(MAX_VALUE_BYTES_EVM + 1)), TOO_LARGE, None),
    ("lane 0", with_field(0, 2, 0), LANE_ZERO, None),
    ("a lane that is not registered", with_field(0, 2, 2), UNKNOWN_LANE, None),
    ("the last lane, not registered", with_field(0, 2, 65_535), UNKNOWN_LANE, None),
    ("a second record on a lane that is not registered", RECORD + with_field(0, 2, 256), UNKNOWN_LANE, None),
]

ICS_24 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-#[]<>"
IDENTIFIERS: list[tuple[str, str, str, bool]] = [
    ("client", "the shortest", "quorum-0", True),
    ("client", "the longest", "a" * 62 + "-0", True),
    ("client", "a kind of several words with digits", "a1-b2-c3-77", True),
    ("client", "a long number", "q-18446744073709551616", True),
    ("client", "nothing", "", False),
    ("client", "seven characters", "quoru-0", False),
    ("client", "65 characters", "a" * 63 + "-0", False),
    ("client", "upper case", "Quorum-0", False),
    ("client", "upper case at the end of the kind", "quoruM-0", False),
    ("client", "a dash at the beginning", "-quorum-0", False),
    ("client", "a dash at the end", "quorum-0-", False),
    ("client", "two dashes", "quorum--0", False),
    ("client", "no dash", "quorum00", False),
    ("client", "no number", "quorumx-", False),
    ("client", "no kind", "12345678", False),
    ("client", "a number that begins with zero", "quorum-01", False),
    ("client", "two zeros", "quorum-00", False),
    ("client", "a letter behind the number", "quorum-0x", False),
    ("client", "a letter before the number", "quorum-x0", False),
    ("client", "a kind that begins with a digit", "1quorum-0", False),
    ("client", "a word of the kind that begins with a digit", "quorum-1a-0", False),
    ("client", "a kind that is a number", "123456-0", False),
    ("client", "a line break at the end", "quorum-0\n", False),
    ("client", "a zero byte at the end", "quorum-0\x00", False),
    ("client", "a letter beyond ASCII", "quórum-0", False),
    ("client", "a digit beyond ASCII", "quorum-٣", False),
    ("counterparty", "the shortest", "12345678", True),
    ("counterparty", "the longest", "A" * 64, True),
    ("counterparty", "as ibc-go names one", "07-tendermint-0", True),
    ("counterparty", "nothing but signs", "._+-#[]<>", True),
    ("counterparty", "nothing", "", False),
    ("counterparty", "seven characters", "client0", False),
    ("counterparty", "65 characters", "A" * 65, False),
    ("counterparty", "a slash", "client/0", False),
    ("counterparty", "a line break at the end", "client-0\n", False),
    ("counterparty", "eight bytes, seven characters", "client\u00e9", False),
    ("port", "the shortest", "ab", True),
    ("port", "the longest", "p" * 128, True),
    ("port", "nothing but signs", "._+-#[]<>", True),
    ("port", "nothing", "", False),
    ("port", "one character", "p", False),
    ("port", "129 characters", "p" * 129, False),
    ("port", "a slash", "transfer/0", False),
    ("port", "a line break at the end", "transfer\n", False),
    ("port", "a letter beyond ASCII", "tränsfer", False),
]
CHARACTERS = [
    ("client", "quorum", "x-0", "-0123456789abcdefghijklmnopqrstuvwxyz"),
    ("counterparty", "quorum", "x-0", ICS_24),
    ("port", "a", "b", ICS_24),
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
        "about": "IBC v2 packets as sha256 commits to them, lane records, identifiers (docs/protocol.md, section 1);"
        " malformed records where lane 1 alone is registered, refused at that offset; error null means accepted",
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
        "malformedLaneRecords": [
            {"name": name, "encoded": data, "error": {"hub": hub, "router": router}, "offset": offset}
            for name, data, (hub, router), offset in LANE_RECORDS
        ],
        "identifiers": [
            {"kind": kind, "name": name, "identifier": text, "error": None if valid else "InvalidIdentifier"}
            for kind, name, text, valid in IDENTIFIERS
        ],
        "characters": [
            {"kind": kind, "before": before, "after": after, "allowed": allowed}
            for kind, before, after, allowed in CHARACTERS
        ],
    }


if __name__ == "__main__":
    write("packets", vectors())
