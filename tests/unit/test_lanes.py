"""Lane records: what travels for a packet, and each way in which they can be malformed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clients.counterparty import Counterparty, register_counterparty
from hub.errors import HubError
from hub.ibc import lane_registry
from hub.ibc.commitment import packet_commitment
from hub.ibc.errors import MalformedLaneRecords
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord, decode_records, encode_records
from hub.ibc.packet import MAX_VALUE_BYTES_EVM, validate_packet
from hub.proofs.eip712 import SaltDomain
from hub.quantities import Hash, Height, Sequence, UnixSeconds
from hub.state.branch import Branch, MemoryState, StateReader
from hub.state.context import Context
from tests.vectors.writing import label, read, unhex

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


@pytest.fixture(scope="module")
def registered() -> StateReader:
    """A chain on which lane 1 alone is registered."""
    ctx = Context(Branch(MemoryState()), Height(1), UnixSeconds(1))
    elsewhere = SaltDomain(Hash(label("elsewhere")))
    register_counterparty(ctx.state, LANE.source_client, Counterparty(LANE.destination_client, elsewhere))
    assert lane_registry.register(ctx, LANE) == 1
    return ctx.state


def read_all(data: bytes, state: StateReader) -> None:
    """Do what a handler does with records before it looks at a proof."""
    for record in decode_records(data):
        validate_packet(lane_registry.lane(state, record.lane).packet(record), MAX_VALUE_BYTES_EVM)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["name"]) for case in read("packets")["malformedLaneRecords"]]
)
def test_malformed_records_are_refused_by_name(case: dict[str, Any], registered: StateReader) -> None:
    with pytest.raises(HubError) as refusal:
        read_all(unhex(case["encoded"]), registered)
    assert type(refusal.value).__name__ == case["error"]["hub"]
    if isinstance(refusal.value, MalformedLaneRecords) and case["offset"] is not None:
        assert refusal.value.offset == int(case["offset"])


def test_no_record_is_refused() -> None:
    with pytest.raises(MalformedLaneRecords, match="no record"):
        decode_records(b"")
