"""Writes attested_header.json: EIP-712 digests that attestors sign, cross-checked with eth-account."""

from typing import Any

import msgspec
from eth_account.messages import _hash_eip191_message, encode_typed_data

from hub.clients.attestation import (
    DOMAIN_NAME,
    HEADER_TYPE,
    SET_CHANGE_TYPE,
    AttestationScope,
    AttestedHeader,
    set_change_digest,
)
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import type_hash
from hub.quantities import MAX_U64, Epoch, Hash, Height, UnixSeconds
from tests.vectors.writing import label, write

SCOPE = AttestationScope(Hash(label("hub genesis")), ClientId("attested-0"), "finalized", 31337)
HEADER = AttestedHeader(
    Epoch(1), Height(1000), Hash(label("block 1000")), Hash(label("state 1000")), UnixSeconds(1_760_000_000)
)
replace = msgspec.structs.replace

HEADERS: list[tuple[str, AttestationScope, AttestedHeader]] = [
    ("a header", SCOPE, HEADER),
    ("a depth rule", replace(SCOPE, finality_rule="depth:12"), HEADER),
    ("another hub", replace(SCOPE, hub_genesis_hash=Hash(label("another hub"))), HEADER),
    ("another client", replace(SCOPE, client=ClientId("attested-1")), HEADER),
    ("another chain", replace(SCOPE, chain_id=1), HEADER),
    ("another epoch", SCOPE, replace(HEADER, epoch=Epoch(2))),
    ("the greatest numbers", SCOPE, replace(HEADER, epoch=MAX_U64, number=MAX_U64, timestamp=MAX_U64)),
]


def digest_by_eth_account(scope: AttestationScope, encoded_type: str, fields: dict[str, Any]) -> bytes:
    name, members = encoded_type[:-1].split("(")
    types = {name: [dict(zip(("type", "name"), member.split(" "), strict=True)) for member in members.split(",")]}
    domain = {"name": DOMAIN_NAME, "version": "1", "salt": scope.hub_genesis_hash}
    return bytes(_hash_eip191_message(encode_typed_data(domain, types, fields)))


def header_case(name: str, scope: AttestationScope, header: AttestedHeader) -> dict[str, Any]:
    fields = {
        "hubGenesisHash": scope.hub_genesis_hash,
        "client": scope.client,
        "epoch": header.epoch,
        "finalityRule": scope.finality_rule,
        "chainId": scope.chain_id,
        "number": header.number,
        "blockHash": header.block_hash,
        "stateRoot": header.state_root,
        "timestamp": header.timestamp,
    }
    digest = header.digest(scope)
    assert digest == digest_by_eth_account(scope, HEADER_TYPE, fields), name
    return {"name": name, "header": fields, "digest": digest}


def set_change_case(name: str, scope: AttestationScope, epoch: Epoch) -> dict[str, Any]:
    next_set_hash = Hash(label(f"set of epoch {epoch + 1}"))
    digest = set_change_digest(scope, epoch, next_set_hash)
    fields = {
        "hubGenesisHash": scope.hub_genesis_hash,
        "client": scope.client,
        "epoch": epoch,
        "nextSetHash": next_set_hash,
    }
    assert digest == digest_by_eth_account(scope, SET_CHANGE_TYPE, fields), name
    return {"name": name, "change": fields, "digest": digest}


def vectors() -> dict[str, Any]:
    return {
        "about": "EIP-712 digests of attested headers and changes of the set (docs/protocol.md, section 8)",
        "headerType": HEADER_TYPE,
        "headerTypeHash": type_hash(HEADER_TYPE),
        "setChangeType": SET_CHANGE_TYPE,
        "setChangeTypeHash": type_hash(SET_CHANGE_TYPE),
        "headers": [header_case(*entry) for entry in HEADERS],
        "setChanges": [
            set_change_case("from the first set", SCOPE, Epoch(1)),
            set_change_case("from the seventh set", SCOPE, Epoch(7)),
        ],
    }


if __name__ == "__main__":
    write("attested_header", vectors())
