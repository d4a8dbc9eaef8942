"""Lane records: what travels for a packet, and each way in which they can be malformed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ibc.commitment import packet_commitment
from hub.ibc.errors import MalformedLaneRecords
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord, decode_records, encode_records
from hub.quantities import Sequence, UnixSeconds

LANE = Lane(
    ClientId("quorum-0"),
    ClientId("attested-0"),
    PortId("service"),
    PortId("service"),
    "service-1",
    "application/octet-stream",
)

records = st.builds(
    LaneRecord,
    lane=st.integers(1, 2**16 - 1),
    sequence=st.integers(1, 2**64 - 1).map(Sequence),
    timeout=st.integers(1, 2**64 - 1).map(UnixSeconds),
    value=st.binary(min_size=1, max_size=64),
)


@given(st.lists(records, min_size=1, max_size=8))
def test_records_survive_the_wire(given_records: list[LaneRecord]) -> None:
    assert decode_records(encode_records(given_records)) == given_records


@given(records)
def test_a_lane_changes_no_commitment(record: LaneRecord) -> None:
    assert LANE.commitment(record) == packet_commitment(LANE.packet(record))


VALID = encode_records([LaneRecord(1, Sequence(1), UnixSeconds(100), b"value")])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("nothing", b""),
        ("a head cut short", VALID[:19]),
        ("a value cut short", VALID[:-1]),
        ("a trailing byte", VALID + b"\x00"),
        ("lane 0", b"\x00\x00" + VALID[2:]),
        ("sequence 0", VALID[:2] + bytes(8) + VALID[10:]),
        ("timeout 0", VALID[:10] + bytes(8) + VALID[18:]),
        ("an empty value", VALID[:18] + b"\x00\x00"),
    ],
)
def test_malformed_records_are_refused(name: str, data: bytes) -> None:
    with pytest.raises(MalformedLaneRecords):
        decode_records(data)
