"""What the router and the quorum client take, as bytes (contracts/README.md)."""

from collections.abc import Callable, Mapping, Sequence

from adapters.chain import Acknowledge, Delivery, Receive, Step, TimeOut, path_of
from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import SignedCheckpoint
from hub.ibc.commitment import (
    acknowledgement_commitment,
    acknowledgement_path,
    commitment_path,
    packet_commitment,
)
from hub.ibc.lanes import LaneRecord, encode_records
from hub.ibc.packet import Packet
from hub.proofs.keccak import keccak256
from hub.proofs.merkle import batch_path
from hub.proofs.quorum import SignerSet
from hub.quantities import Hash

BATCH_ROOT_BYTES = 32
"""A header begins with the batch root."""

WHOLE_BATCH, SINGLE_ENTRIES, AGAINST_STATE = 1, 2, 3

_BARE, _PACKET, _ACKNOWLEDGEMENT = b"\x00", b"\x01", b"\x02"
_SAME_SET, _NEXT_SET = b"\x00", b"\x01"

LaneOf = Callable[[Packet], int]
"""The number of a packet's lane on the chain that takes the delivery; raises UnknownLane."""


def header(signed: SignedCheckpoint, current_set_hash: Hash) -> bytes:
    """A checkpoint as the quorum client's ``update`` takes it; ``current_set_hash`` is that of the client's set."""
    point: Checkpoint = signed.checkpoint
    same = point.next_validator_set_hash == current_set_hash
    return b"".join(
        (
            point.batch_root,
            point.epoch.to_bytes(8, "big"),
            point.height.to_bytes(8, "big"),
            point.timestamp.to_bytes(8, "big"),
            point.block_hash,
            point.app_root,
            _SAME_SET if same else _NEXT_SET + point.next_validator_set_hash,
            signed.signature,
        )
    )


def validator_set(signers: SignerSet) -> bytes:
    """``epoch u64 ‖ (address 20 ‖ power u64)…``: the preimage of the set's hash."""
    members = b"".join(member.address + member.power.to_bytes(8, "big") for member in signers.members)
    return signers.epoch.to_bytes(8, "big") + members


def deliver_data(client: int, head: bytes, delivery: Delivery, lane_of: LaneOf) -> bytes:
    """What stands behind ``deliver``'s selector, in the shortest of the forms that fit; raises KeyError for a step
    without a proof.
    """
    kind, entries, body = _body(delivery, lane_of)
    if kind == WHOLE_BATCH:
        head = head[BATCH_ROOT_BYTES:]  # the router computes it from the entries
    return b"".join((client.to_bytes(2, "big"), bytes((kind,)), entries.to_bytes(2, "big"), _sized(head), body))


def timeout_data(client: int, head: bytes, delivery: Delivery, lane_of: LaneOf) -> bytes:
    """What stands behind ``timeoutPackets``' selector; raises KeyError for a step without a proof."""
    parts = [client.to_bytes(2, "big"), _sized(head)]
    for step in delivery.steps:
        parts += [_record(step.packet, lane_of), _sized(delivery.state_proofs[path_of(step)])]
    return b"".join(parts)


def batch_entry(step: Receive | Acknowledge) -> tuple[bytes, Hash]:
    """Path and commitment of a step as they stand in a batch of the hub."""
    packet = step.packet
    if isinstance(step, Receive):
        return commitment_path(packet.source_client, packet.sequence), packet_commitment(packet)
    path = acknowledgement_path(packet.destination_client, packet.sequence)
    return path, acknowledgement_commitment(step.acknowledgement)


def _body(delivery: Delivery, lane_of: LaneOf) -> tuple[int, int, bytes]:
    """The kind of proof, how many entries follow, and the entries."""
    steps = {batch_entry(step): step for step in delivery.steps if not isinstance(step, TimeOut)}
    if not steps or not steps.keys() <= set(delivery.batch):
        return AGAINST_STATE, len(delivery.steps), _against_state(delivery, lane_of)
    whole = _whole_batch(delivery.batch, steps, lane_of)
    single = _single_entries(delivery.batch, steps, lane_of)
    if len(whole) <= len(single):
        return WHOLE_BATCH, len(delivery.batch), whole
    return SINGLE_ENTRIES, len(steps), single


def _whole_batch(
    batch: Sequence[tuple[bytes, Hash]], steps: Mapping[tuple[bytes, Hash], Step], lane_of: LaneOf
) -> bytes:
    return b"".join(
        _entry(steps[entry], lane_of) if entry in steps else _BARE + keccak256(entry[0]) + entry[1] for entry in batch
    )


def _single_entries(
    batch: Sequence[tuple[bytes, Hash]], steps: Mapping[tuple[bytes, Hash], Step], lane_of: LaneOf
) -> bytes:
    parts = [len(batch).to_bytes(4, "big")]
    for index, entry in enumerate(batch):
        if entry in steps:
            parts += [_entry(steps[entry], lane_of), index.to_bytes(4, "big"), *batch_path(batch, index)]
    return b"".join(parts)


def _against_state(delivery: Delivery, lane_of: LaneOf) -> bytes:
    parts = []
    for step in delivery.steps:
        parts += [_entry(step, lane_of), _sized(delivery.state_proofs[path_of(step)])]
    return b"".join(parts)


def _entry(step: Step, lane_of: LaneOf) -> bytes:
    record = _record(step.packet, lane_of)
    if isinstance(step, Acknowledge):
        return _ACKNOWLEDGEMENT + record + _sized(step.acknowledgement)
    return _PACKET + record


def _record(packet: Packet, lane_of: LaneOf) -> bytes:
    return encode_records([LaneRecord(lane_of(packet), packet.sequence, packet.timeout, packet.payload.value)])


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data
