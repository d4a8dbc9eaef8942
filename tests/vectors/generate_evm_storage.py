"""Writes evm_storage.json: the router's slots, receipt bits and acknowledgement chains."""

from typing import Any

from hub.clients.router_storage import (
    BASE,
    acknowledgement_chain,
    acknowledgement_slot,
    commitment_slot,
    receipt_bit,
    receipt_slot,
)
from hub.ibc.commitment import acknowledgement_commitment, commitment_path
from hub.ibc.identifiers import ClientId
from hub.proofs.keccak import keccak256
from hub.quantities import MAX_U64, Sequence
from tests.vectors.writing import label, write

CLIENTS = [ClientId("quorum-0"), ClientId("quorum-17")]
SEQUENCES = [Sequence(number) for number in (1, 2, 255, 256, 257, 65_536, MAX_U64)]
WINDOWS = [0, 1, 255, 2**56 - 1]


def commitment(client: ClientId, sequence: Sequence) -> dict[str, Any]:
    path = commitment_path(client, sequence)
    return {
        "client": client,
        "sequence": sequence,
        "path": path,
        "pathKey": keccak256(path),
        "slot": commitment_slot(path),
    }


def receipt(client: ClientId, sequence: Sequence) -> dict[str, Any]:
    return {
        "client": client,
        "sequence": sequence,
        "slot": receipt_slot(client, sequence),
        "bit": receipt_bit(sequence).to_bytes(32, "big"),
    }


def acknowledgement(client: ClientId, window: int) -> dict[str, Any]:
    return {"client": client, "window": window, "slot": acknowledgement_slot(client, window)}


def chain(count: int) -> dict[str, Any]:
    entries = [(Sequence(3 * i + 1), acknowledgement_commitment(label(f"ack {i}"))) for i in range(count)]
    return {
        "entries": [{"sequence": sequence, "commitment": committed} for sequence, committed in entries],
        "chain": acknowledgement_chain(entries),
    }


def vectors() -> dict[str, Any]:
    return {
        "about": "the router's storage (docs/protocol.md, section 9)",
        "base": BASE.to_bytes(32, "big"),
        "commitments": [commitment(client, sequence) for client in CLIENTS for sequence in SEQUENCES],
        "receipts": [receipt(client, sequence) for client in CLIENTS for sequence in SEQUENCES],
        "acknowledgements": [acknowledgement(client, window) for client in CLIENTS for window in WINDOWS],
        "chains": [chain(count) for count in (0, 1, 2, 3, 7)],
    }


if __name__ == "__main__":
    write("evm_storage", vectors())
