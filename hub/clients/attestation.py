"""What the attestors of an EVM chain sign for the hub (docs/protocol.md, section 8)."""

import msgspec

from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import SaltDomain, domain_separator, struct_hash, text_word, type_hash, typed_digest, uint_word
from hub.proofs.errors import MalformedHeader
from hub.quantities import MAX_U64, Epoch, Hash, Height, UnixSeconds

DOMAIN_NAME = "Interchain Attestation"
HEADER_TYPE = (
    "AttestedHeader(bytes32 hubGenesisHash,string client,uint64 epoch,string finalityRule,uint256 chainId,"
    "uint64 number,bytes32 blockHash,bytes32 stateRoot,uint64 timestamp)"
)
SET_CHANGE_TYPE = "AttestorSetChange(bytes32 hubGenesisHash,string client,uint64 epoch,bytes32 nextSetHash)"

_HEADER_TYPE_HASH = type_hash(HEADER_TYPE)
_SET_CHANGE_TYPE_HASH = type_hash(SET_CHANGE_TYPE)


class AttestationScope(msgspec.Struct, frozen=True, array_like=True):
    """What every attestation of one client is bound to, and never travels: both ends know it."""

    hub_genesis_hash: Hash
    client: ClientId
    finality_rule: str
    chain_id: int


class AttestedHeader(msgspec.Struct, frozen=True, array_like=True):
    """What the hub needs of a block of an EVM chain, and the epoch of the set that vouches for it.

    Raises MalformedHeader.
    """

    epoch: Epoch
    number: Height
    block_hash: Hash
    state_root: Hash
    timestamp: UnixSeconds

    def __post_init__(self) -> None:
        for name in ("epoch", "number", "timestamp"):
            if not 1 <= getattr(self, name) <= MAX_U64:
                raise MalformedHeader(name, "is a number from 1 to 2**64 - 1")
        for name in ("block_hash", "state_root"):
            value = getattr(self, name)
            if len(value) != 32 or not any(value):
                raise MalformedHeader(name, "has 32 bytes, not all of them zero")

    def digest(self, scope: AttestationScope) -> Hash:
        """What each attestor signs."""
        hashed = struct_hash(
            _HEADER_TYPE_HASH,
            scope.hub_genesis_hash,
            text_word(scope.client),
            uint_word(self.epoch),
            text_word(scope.finality_rule),
            uint_word(scope.chain_id),
            uint_word(self.number),
            self.block_hash,
            self.state_root,
            uint_word(self.timestamp),
        )
        return typed_digest(_separator(scope), hashed)


def set_change_digest(scope: AttestationScope, epoch: Epoch, next_set_hash: Hash) -> Hash:
    """What the attestors of ``epoch`` sign to hand over to the set of ``epoch + 1`` with this hash."""
    hashed = struct_hash(
        _SET_CHANGE_TYPE_HASH, scope.hub_genesis_hash, text_word(scope.client), uint_word(epoch), next_set_hash
    )
    return typed_digest(_separator(scope), hashed)


def _separator(scope: AttestationScope) -> Hash:
    return domain_separator(DOMAIN_NAME, SaltDomain(scope.hub_genesis_hash))
