"""Writes checkpoint.json: EIP-712 digests of checkpoints, cross-checked with eth-account."""

from typing import Any

from eth_account.messages import _hash_eip191_message, encode_typed_data

from hub.clients.checkpoint import CHECKPOINT_TYPE, DOMAIN_NAME, Checkpoint
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import Domain, EvmDomain, SaltDomain, domain_separator, type_hash
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.quantities import MAX_U64, Address, Epoch, Hash, Height, UnixSeconds
from tests.vectors.writing import label, write

EVM = EvmDomain(31337, Address(bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")))
SALT = SaltDomain(Hash(label("ledger genesis")))


def checkpoint(**changes: Any) -> Checkpoint:
    """A valid checkpoint, with some fields changed."""
    fields: dict[str, Any] = {
        "chain": "interchain-1",
        "genesis_hash": Hash(label("hub genesis")),
        "source_client": ClientId("attested-0"),
        "destination_client": ClientId("quorum-0"),
        "epoch": Epoch(1),
        "height": Height(42),
        "timestamp": UnixSeconds(1_760_000_000),
        "block_hash": Hash(label("block 42")),
        "app_root": Hash(label("app root 42")),
        "batch_root": Hash(label("batch root 42")),
        "next_validator_set_hash": Hash(label("set of epoch 1")),
    }
    return Checkpoint(**(fields | changes))


CASES: list[tuple[str, Domain, Checkpoint]] = [
    ("to an EVM chain", EVM, checkpoint()),
    ("to a chain without contracts", SALT, checkpoint(source_client=ClientId("quorum-3"))),
    ("an empty batch", EVM, checkpoint(batch_root=EMPTY_BATCH_ROOT)),
    ("the last of an epoch", EVM, checkpoint(next_validator_set_hash=Hash(label("set of epoch 2")))),
    ("another chain ID", EvmDomain(1, EVM.contract), checkpoint()),
    ("another contract", EvmDomain(31337, Address(b"\x11" * 20)), checkpoint()),
    ("another genesis", EVM, checkpoint(genesis_hash=Hash(label("another genesis")))),
    ("another chain", EVM, checkpoint(chain="interchain-2")),
    ("another source client", EVM, checkpoint(source_client=ClientId("attested-1"))),
    ("another destination client", EVM, checkpoint(destination_client=ClientId("quorum-1"))),
    ("another epoch", EVM, checkpoint(epoch=Epoch(2))),
    ("the greatest numbers", EVM, checkpoint(epoch=MAX_U64, height=MAX_U64, timestamp=MAX_U64)),
]


def case(name: str, domain: Domain, message: Checkpoint) -> dict[str, Any]:
    """One vector, its digest confirmed by eth-account."""
    described = domain_fields(domain)
    fields = message_fields(message)
    digest = message.digest(domain)
    members = [part.split(" ") for part in CHECKPOINT_TYPE[len("Checkpoint(") : -1].split(",")]
    typed = encode_typed_data(described, {"Checkpoint": [{"type": t, "name": n} for t, n in members]}, fields)
    assert bytes(_hash_eip191_message(typed)) == digest, name
    return {
        "name": name,
        "domain": described,
        "checkpoint": fields,
        "domainSeparator": domain_separator(DOMAIN_NAME, domain),
        "structHash": message.struct_hash(),
        "digest": digest,
    }


def domain_fields(domain: Domain) -> dict[str, Any]:
    """The domain under its EIP-712 names."""
    named: dict[str, Any] = {"name": DOMAIN_NAME, "version": "1"}
    match domain:
        case EvmDomain(chain_id, contract):
            return named | {"chainId": chain_id, "verifyingContract": contract}
        case SaltDomain(salt):
            return named | {"salt": salt}


def message_fields(message: Checkpoint) -> dict[str, Any]:
    """The checkpoint under its EIP-712 names."""
    return {
        "chain": message.chain,
        "genesisHash": message.genesis_hash,
        "sourceClient": message.source_client,
        "destinationClient": message.destination_client,
        "epoch": message.epoch,
        "height": message.height,
        "timestamp": message.timestamp,
        "blockHash": message.block_hash,
        "appRoot": message.app_root,
        "batchRoot": message.batch_root,
        "nextValidatorSetHash": message.next_validator_set_hash,
    }


def vectors() -> dict[str, Any]:
    return {
        "about": "EIP-712 digests of checkpoints (docs/protocol.md, section 4)",
        "type": CHECKPOINT_TYPE,
        "typeHash": type_hash(CHECKPOINT_TYPE),
        "cases": [case(*entry) for entry in CASES],
    }


if __name__ == "__main__":
    write("checkpoint", vectors())
