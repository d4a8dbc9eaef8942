"""An EVM chain as its attestors and its router's storage show it, for tests of the client that believes them."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hub.clients.attestation import AttestationScope, AttestedHeader, set_change_digest
from hub.clients.attested_evm import AttestedEvm, Config, Proof, SetChange, SignedHeader
from hub.clients.base import Claims, ProvenPoint
from hub.clients.host import Host
from hub.clients.router_proof import AcknowledgementWindow, RouterProof
from hub.clients.router_storage import (
    acknowledgement_chain,
    acknowledgement_slot,
    commitment_slot,
    receipt_bit,
    receipt_slot,
)
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.proofs.keccak import keccak256
from hub.proofs.mpt import nibbles
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from hub.state.branch import Branch, MemoryState
from tests.unit.reference_trie import ReferenceTrie, account, secure, storage_value
from tests.vectors.generate_quorum import ADDRESSES, KEYS
from tests.vectors.writing import label

NOW = UnixSeconds(1_760_000_000)
CLIENT = ClientId("attested-0")
THERE = ClientId("quorum-0")
"""The chain's client of the hub."""
ROUTER = Address(b"\xaa" * 20)
CODE_HASH = Hash(label("router code"))
GENESIS = Hash(label("hub genesis"))
HOST = Host(GENESIS, devnet=False)
DEVNET = Host(GENESIS, devnet=True)
KEY_OF = dict(zip(ADDRESSES, KEYS, strict=True))

FIVE = SignerSet.of_equals(1, ADDRESSES[:5])
NEXT = SignerSet.of_equals(2, ADDRESSES[3:9])
"""Whom the five hand over to."""
CONFIG = Config(31337, ROUTER, CODE_HASH, FIVE, 4, "finalized", Seconds(86_400), Seconds(30), Seconds(900))
SCOPE = AttestationScope(GENESIS, CLIENT, "finalized", 31337)
replace = msgspec.structs.replace


class Storage:
    """The router's storage, and the whole state of a chain that holds a few other accounts besides."""

    def __init__(self, words: dict[Hash, bytes], *, code_hash: Hash = CODE_HASH, router: Address = ROUTER) -> None:
        self.trie = secure({slot: storage_value(word) for slot, word in words.items()})
        others = {label(f"account {i}")[:20]: account(Hash(label("s")), Hash(label("c"))) for i in range(40)}
        self.state = secure({**others, router: account(self.trie.root, code_hash)})

    def proof(self, slots: Iterable[Hash], windows: Sequence[AcknowledgementWindow] = ()) -> RouterProof:
        """What these slots and windows need, each node once."""
        all_slots = [*slots, *(acknowledgement_slot(window.client, window.index) for window in windows)]
        return RouterProof(_nodes(self.state, [ROUTER]), _nodes(self.trie, all_slots), tuple(windows))


def _nodes(trie: ReferenceTrie, keys: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(trie.proof(*(nibbles(keccak256(key)) for key in keys)))


def commitment(sequence: int) -> tuple[Path, bytes]:
    return Path(PathKind.COMMITMENT, THERE, Number(sequence)), label(f"packet {sequence}")


def receipt(sequence: int) -> Path:
    return Path(PathKind.RECEIPT, THERE, Number(sequence))


def acknowledgement(sequence: int) -> tuple[Path, bytes]:
    return Path(PathKind.ACKNOWLEDGEMENT, THERE, Number(sequence)), label(f"ack {sequence}")


def slot(path: Path) -> Hash:
    if path.kind is PathKind.COMMITMENT:
        return commitment_slot(path.encode())
    return receipt_slot(path.client, path.sequence)


def window(index: int, sequences: Iterable[int]) -> AcknowledgementWindow:
    entries = tuple((Number(sequence), Hash(label(f"ack {sequence}"))) for sequence in sequences)
    return AcknowledgementWindow(THERE, index, entries)


COMMITTED = range(1, 30)
RECEIVED = (1, 2, 255, 256)
FIRST_WINDOW = window(0, range(1, 257))
SECOND_WINDOW = window(1, (300, 299, 301))


def words() -> dict[Hash, bytes]:
    """29 packets committed, four received, 259 acknowledged."""
    stored = {slot(path): value for path, value in map(commitment, COMMITTED)}
    bits: dict[Hash, int] = {}
    for sequence in RECEIVED:
        place = slot(receipt(sequence))
        bits[place] = bits.get(place, 0) | receipt_bit(Number(sequence))
    stored |= {place: word.to_bytes(32, "big") for place, word in bits.items()}
    for one in (FIRST_WINDOW, SECOND_WINDOW):
        stored[acknowledgement_slot(THERE, one.index)] = acknowledgement_chain(one.entries)
    return stored


STORAGE = Storage(words())
CLAIMED = Claims(present=(commitment(7),))
STORED = STORAGE.proof([slot(commitment(7)[0])])
"""What proves it."""


def point(number: int, time: int) -> ProvenPoint:
    return ProvenPoint(Height(number), UnixSeconds(time))


def header(**changes: Any) -> AttestedHeader:
    """A header over STORAGE, with some fields changed."""
    fields: dict[str, Any] = {
        "epoch": Epoch(1),
        "number": Height(100),
        "block_hash": Hash(label("block 100")),
        "state_root": STORAGE.state.root,
        "timestamp": UnixSeconds(NOW - 10),
    }
    return AttestedHeader(**(fields | changes))


def sign(
    one: AttestedHeader, signers: SignerSet = FIVE, count: int = 4, scope: AttestationScope = SCOPE
) -> SignedHeader:
    """The header with the signatures of the set's first ``count`` members."""
    return SignedHeader(one, signatures(signers, count, one.digest(scope)))


def change(
    next_set: SignerSet, signers: SignerSet = FIVE, count: int = 4, scope: AttestationScope = SCOPE
) -> SetChange:
    """The hand-over to ``next_set`` by the first ``count`` of ``signers``."""
    digest = set_change_digest(scope, signers.epoch, next_set.hash())
    return SetChange(next_set, signatures(signers, count, digest))


def signatures(signers: SignerSet, count: int, digest: Hash) -> bytes:
    keys = {member.address: KEY_OF[member.address] for member in signers.members[:count]}
    return sign_quorum(signers, keys, digest)


class World:
    """A state with one client in it."""

    def __init__(self, config: Config = CONFIG, host: Host = HOST) -> None:
        self.client = AttestedEvm(host)
        self.state = Branch(MemoryState())
        self.client.create(self.state, CLIENT, config, UnixSeconds(NOW - 1000))

    def update(self, update: SignedHeader | SetChange, now: int = NOW) -> Any:
        return self.client.update(self.state, CLIENT, update, UnixSeconds(now))

    def verify(self, proof: Proof, claims: Claims, now: int = NOW) -> Any:
        return self.client.verify(self.state, CLIENT, proof, claims, UnixSeconds(now))

    def written(self) -> dict[bytes, bytes | None]:
        return dict(self.state.changes)
