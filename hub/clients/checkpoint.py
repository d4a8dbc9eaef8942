"""The checkpoint: what the validators of a chain of our own sign for one counterparty (docs/protocol.md, section 4)."""

import msgspec

from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import (
    Domain,
    domain_separator,
    struct_hash,
    text_word,
    type_hash,
    typed_digest,
    uint_word,
)
from hub.proofs.errors import MalformedCheckpoint
from hub.quantities import MAX_U64, Epoch, Hash, Height, UnixSeconds

DOMAIN_NAME = "Interchain Checkpoint"
CHECKPOINT_TYPE = (
    "Checkpoint(string chain,bytes32 genesisHash,string sourceClient,string destinationClient,uint64 epoch,"
    "uint64 height,uint64 timestamp,bytes32 blockHash,bytes32 appRoot,bytes32 batchRoot,bytes32 nextValidatorSetHash)"
)
MAX_NAME = 64
"""The most characters of a chain's ID or a client's identifier."""

_TYPE_HASH = type_hash(CHECKPOINT_TYPE)


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """One block of a chain of our own, as shown to one counterparty.

    ``source_client`` is that chain's client of the counterparty, ``destination_client`` the counterparty's client of
    that chain. ``next_validator_set_hash`` is the hash of the set of ``epoch``, but for the last blocks before a
    rotation, when it is that of ``epoch + 1``. Raises MalformedCheckpoint.
    """

    chain: str
    genesis_hash: Hash
    source_client: ClientId
    destination_client: ClientId
    epoch: Epoch
    height: Height
    timestamp: UnixSeconds
    block_hash: Hash
    app_root: Hash
    batch_root: Hash
    next_validator_set_hash: Hash

    def __post_init__(self) -> None:
        for name in ("chain", "source_client", "destination_client"):
            if not 1 <= len(getattr(self, name)) <= MAX_NAME:
                raise MalformedCheckpoint(name, f"has 1 to {MAX_NAME} characters")
        for name in ("epoch", "height", "timestamp"):
            if not 1 <= getattr(self, name) <= MAX_U64:
                raise MalformedCheckpoint(name, "is a number from 1 to 2**64 - 1")
        for name in ("genesis_hash", "block_hash", "app_root", "batch_root", "next_validator_set_hash"):
            if len(getattr(self, name)) != 32:
                raise MalformedCheckpoint(name, "has 32 bytes")
            if name != "batch_root" and not any(getattr(self, name)):
                raise MalformedCheckpoint(name, "is zero, and proves nothing")

    def struct_hash(self) -> Hash:
        """``hashStruct(Checkpoint)``."""
        return struct_hash(
            _TYPE_HASH,
            text_word(self.chain),
            self.genesis_hash,
            text_word(self.source_client),
            text_word(self.destination_client),
            uint_word(self.epoch),
            uint_word(self.height),
            uint_word(self.timestamp),
            self.block_hash,
            self.app_root,
            self.batch_root,
            self.next_validator_set_hash,
        )

    def digest(self, domain: Domain) -> Hash:
        """What each validator signs for the counterparty at ``domain``."""
        return typed_digest(domain_separator(DOMAIN_NAME, domain), self.struct_hash())
