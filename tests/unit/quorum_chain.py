"""A chain of our own as its validators' checkpoints show it, for tests of the client that believes them."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from hub.clients.base import Claims, ProvenPoint
from hub.clients.checkpoint import Checkpoint
from hub.clients.counterparty import Counterparty, register_counterparty
from hub.clients.host import Host
from hub.clients.quorum import (
    BatchPath,
    BatchPaths,
    Config,
    Proof,
    Quorum,
    SignedCheckpoint,
    SignedElsewhere,
    StateProofs,
    Update,
    WholeBatch,
)
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import Domain, EvmDomain, SaltDomain
from hub.proofs.merkle import batch_path, batch_root
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.smt import EMPTY, DirectProof, EndKind, OtherLeaf, inner_hash, leaf_hash
from hub.quantities import Address, Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from hub.state.branch import Branch, MemoryState
from tests.vectors.generate_quorum import ADDRESSES, KEYS
from tests.vectors.writing import label

NOW = UnixSeconds(1_760_000_000)
CLIENT = ClientId("quorum-0")
THERE = ClientId("quorum-7")
"""The chain's client of the hub."""
GENESIS = Hash(label("hub genesis"))
HOST = Host(GENESIS, devnet=False)
DEVNET = Host(GENESIS, devnet=True)
DOMAIN = SaltDomain(GENESIS)
EVM_DOMAIN = EvmDomain(31337, Address(b"\x11" * 20))
KEY_OF = dict(zip(ADDRESSES, KEYS, strict=True))

FIVE = SignerSet.of_equals(1, ADDRESSES[:5])
NEXT = SignerSet.of_equals(2, ADDRESSES[3:9])
"""Whom the five hand over to."""
CONFIG = Config("ledger-1", Hash(label("ledger genesis")), FIVE, Seconds(86_400), Seconds(30))
replace = msgspec.structs.replace


class ReferenceTree:
    """A compact sparse Merkle tree over IBC paths, built the plain way (docs/protocol.md, section 6)."""

    def __init__(self, entries: dict[bytes, bytes]) -> None:
        self._leaves = {sha256(key).digest(): sha256(value).digest() for key, value in entries.items()}
        self.root = Hash(self._node(sorted(self._leaves), 0))

    def proof(self, key: bytes) -> bytes:
        """The direct proof of what stands at ``key``, or of nothing."""
        asked, here = sha256(key).digest(), sorted(self._leaves)
        siblings: list[bytes] = []
        while len(here) > 1:
            depth = len(siblings)
            siblings.append(self._node([one for one in here if _bit(one, depth) != _bit(asked, depth)], depth + 1))
            here = [one for one in here if _bit(one, depth) == _bit(asked, depth)]
        if not here:
            return DirectProof(tuple(siblings), EndKind.EMPTY).encode()
        if here == [asked]:
            return DirectProof(tuple(siblings), EndKind.LEAF).encode()
        return DirectProof(tuple(siblings), EndKind.OTHER_LEAF, OtherLeaf(here[0], self._leaves[here[0]])).encode()

    def _node(self, here: list[bytes], depth: int) -> bytes:
        if len(here) < 2:
            return leaf_hash(here[0], self._leaves[here[0]]) if here else EMPTY
        sides = [[one for one in here if _bit(one, depth) == side] for side in (0, 1)]
        return inner_hash(self._node(sides[0], depth + 1), self._node(sides[1], depth + 1))


def _bit(hashed: bytes, depth: int) -> int:
    return hashed[depth // 8] >> 7 - depth % 8 & 1


def commitment(sequence: int) -> tuple[Path, Hash]:
    return Path(PathKind.COMMITMENT, THERE, Number(sequence)), Hash(label(f"packet {sequence}"))


def acknowledgement(sequence: int) -> tuple[Path, Hash]:
    return Path(PathKind.ACKNOWLEDGEMENT, THERE, Number(sequence)), Hash(label(f"ack {sequence}"))


def receipt(sequence: int) -> Path:
    return Path(PathKind.RECEIPT, THERE, Number(sequence))


def encoded(pairs: Iterable[tuple[Path, Hash]]) -> tuple[tuple[bytes, Hash], ...]:
    return tuple((path.encode(), value) for path, value in pairs)


IN_BATCH = (*map(commitment, range(1, 6)), *map(acknowledgement, range(3, 9)))
ENTRIES = encoded(IN_BATCH)
RECEIVED = range(1, 20)
TREE = ReferenceTree(
    dict(encoded(map(commitment, range(1, 40))))
    | dict(encoded(map(acknowledgement, range(1, 40))))
    | {receipt(sequence).encode(): b"\x01" for sequence in RECEIVED}
)
CLAIMED = Claims(present=(commitment(2), acknowledgement(8)))
"""What the batch and the state both hold."""


def point(height: int, time: int) -> ProvenPoint:
    return ProvenPoint(Height(height), UnixSeconds(time))


def checkpoint(**changes: Any) -> Checkpoint:
    """A checkpoint over ENTRIES and TREE, with some fields changed."""
    fields: dict[str, Any] = {
        "chain": CONFIG.chain,
        "genesis_hash": CONFIG.genesis_hash,
        "source_client": THERE,
        "destination_client": CLIENT,
        "epoch": 1,
        "height": Height(100),
        "timestamp": UnixSeconds(NOW - 10),
        "block_hash": Hash(label("block 100")),
        "app_root": TREE.root,
        "batch_root": batch_root(ENTRIES),
        "next_validator_set_hash": FIVE.hash(),
    }
    return Checkpoint(**(fields | changes))


def sign(one: Checkpoint, signers: SignerSet = FIVE, count: int = 4, domain: Domain = DOMAIN) -> SignedCheckpoint:
    """The checkpoint with the signatures of the set's first ``count`` members."""
    keys = {member.address: KEY_OF[member.address] for member in signers.members[:count]}
    return SignedCheckpoint(one, sign_quorum(signers, keys, one.digest(domain)))


def elsewhere(one: Checkpoint, domain: Domain, count: int = 4) -> SignedElsewhere:
    """A checkpoint signed for the counterparty at ``domain``."""
    return SignedElsewhere(sign(one, count=count, domain=domain), domain)


def whole(signed: SignedCheckpoint, entries: tuple[tuple[bytes, Hash], ...] = ENTRIES) -> Proof:
    return Proof(signed, WholeBatch(entries))


def in_batch(signed: SignedCheckpoint, indices: Sequence[int], count: int = len(ENTRIES)) -> Proof:
    places = tuple(BatchPath(index, tuple(map(Hash, batch_path(ENTRIES, index)))) for index in indices)
    return Proof(signed, BatchPaths(count, places))


def in_state(signed: SignedCheckpoint, paths: Iterable[Path]) -> Proof:
    return Proof(signed, StateProofs(tuple(TREE.proof(path.encode()) for path in paths)))


class World:
    """A state with one client in it, its counterparty registered."""

    def __init__(self, config: Config = CONFIG, host: Host = HOST) -> None:
        self.client = Quorum(host)
        self.state = Branch(MemoryState())
        self.client.create(self.state, CLIENT, config, UnixSeconds(NOW - 1000))
        register_counterparty(self.state, CLIENT, Counterparty(THERE, SaltDomain(CONFIG.genesis_hash)))

    def update(self, signed: SignedCheckpoint, next_set: SignerSet | None = None, now: int = NOW) -> Any:
        return self.client.update(self.state, CLIENT, Update(signed, next_set), UnixSeconds(now))

    def verify(self, proof: Proof, claims: Claims, now: int = NOW) -> Any:
        return self.client.verify(self.state, CLIENT, proof, claims, UnixSeconds(now))

    def written(self) -> dict[bytes, bytes | None]:
        return dict(self.state.changes)
