"""Where the router of an EVM chain keeps what the hub proves (ERC-7201; docs/protocol.md, section 9)."""

from collections.abc import Iterable

from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.proofs.keccak import keccak256
from hub.quantities import Hash, Sequence

BASE = (
    int.from_bytes(
        keccak256((int.from_bytes(keccak256(b"interchain.router.storage"), "big") - 1).to_bytes(32, "big")), "big"
    )
    & ~0xFF
)

WINDOW = 256
"""Acknowledgements in one window of a client's chain, and receipts in one word."""

_COMMITMENTS = BASE.to_bytes(32, "big")
_RECEIPTS = (BASE + 1).to_bytes(32, "big")
_ACKNOWLEDGEMENTS = (BASE + 2).to_bytes(32, "big")


def commitment_slot(path: bytes) -> Hash:
    """The slot of a packet commitment, by its encoded path."""
    return Hash(keccak256(keccak256(path) + _COMMITMENTS))


def receipt_slot(destination_client: ClientId, sequence: Sequence) -> Hash:
    """The slot of the word that holds a packet's receipt bit."""
    return _nested(_RECEIPTS, destination_client, sequence >> 8)


def slot_of(path: Path) -> Hash:
    """The slot that shows a packet commitment or a receipt; an acknowledgement stands in its window's."""
    if path.kind is PathKind.COMMITMENT:
        return commitment_slot(path.encode())
    return receipt_slot(path.client, path.sequence)


def receipt_bit(sequence: Sequence) -> int:
    """The receipt's bit in its word."""
    return 1 << (sequence & 0xFF)


def acknowledgement_slot(destination_client: ClientId, window: int) -> Hash:
    """The slot of one window of a client's acknowledgement chain."""
    return _nested(_ACKNOWLEDGEMENTS, destination_client, window)


def acknowledgement_chain(entries: Iterable[tuple[Sequence, bytes]]) -> Hash:
    """The word that a window holds after these acknowledgements, from its beginning: sequence and ack commitment."""
    chain = bytes(32)
    for sequence, commitment in entries:
        chain = keccak256(chain + sequence.to_bytes(8, "big") + commitment)
    return Hash(chain)


def _nested(outer: bytes, client: ClientId, key: int) -> Hash:
    return Hash(keccak256(key.to_bytes(32, "big") + keccak256(keccak256(client.encode()) + outer)))
