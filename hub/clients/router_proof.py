"""What a state root of an EVM chain shows of its router's storage (EIP-1186; docs/protocol.md, section 9)."""

from collections.abc import Iterable

import msgspec

from hub.clients.base import Claims
from hub.clients.errors import (
    InvalidAcknowledgementWindow,
    MembershipNotProven,
    NonMembershipNotProven,
    RouterNotProven,
)
from hub.clients.router_storage import (
    WINDOW,
    acknowledgement_chain,
    acknowledgement_slot,
    receipt_bit,
    slot_of,
)
from hub.ibc.commitment import RECEIPT, Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.proofs.mpt import needed_nodes, proven_values
from hub.proofs.rlp import decode_list, decode_string
from hub.quantities import MAX_U64, Address, Hash, Sequence


class AcknowledgementWindow(msgspec.Struct, frozen=True, array_like=True):
    """All acknowledgements in one window of a client's chain, in order: sequence and ack commitment."""

    client: ClientId
    index: int
    entries: tuple[tuple[Sequence, Hash], ...]

    def holds(self, path: Path) -> bool:
        """Whether the acknowledgement at ``path`` stands in this window."""
        return self.client == path.client and any(sequence == path.sequence for sequence, _ in self.entries)


class RouterProof(msgspec.Struct, frozen=True, array_like=True):
    """Trie nodes, each once: of the state trie for the router's account, and of its storage trie for all slots."""

    account_nodes: tuple[bytes, ...]
    storage_nodes: tuple[bytes, ...]
    windows: tuple[AcknowledgementWindow, ...] = ()


def verify_router(state_root: Hash, router: Address, code_hash: Hash, proof: RouterProof, claims: Claims) -> None:
    """All claims hold in the storage of just this router under just this root; raises ClientError, TrieError."""
    storage_root = _storage_root(state_root, router, code_hash, proof.account_nodes)
    acknowledged = _Acknowledged(proof.windows)
    stored = [claim for claim in claims.present if claim[0].kind is not PathKind.ACKNOWLEDGEMENT]
    slots = [slot_of(path) for path, _ in stored]
    empty = [slot_of(path) for path in claims.absent]
    words = proven_values(storage_root, [*slots, *empty, *acknowledged.slots], proof.storage_nodes)
    for (path, value), slot in zip(stored, slots, strict=True):
        _require_stored(path, value, _word(words[slot]))
    for path, slot in zip(claims.absent, empty, strict=True):
        _require_absent(path, _word(words[slot]))
    acknowledged.verify(words)
    for path, value in claims.present:
        if path.kind is PathKind.ACKNOWLEDGEMENT:
            acknowledged.require(path, value)
    acknowledged.refuse_unused()


def router_words(
    state_root: Hash, router: Address, code_hash: Hash, proof: RouterProof, slots: Iterable[Hash]
) -> dict[Hash, bytes]:
    """What these slots of just this router's storage hold under just this root, 32 bytes each: zeros where nothing
    stands (Anvil keeps them in its trie). Raises ClientError, TrieError.
    """
    storage_root = _storage_root(state_root, router, code_hash, proof.account_nodes)
    stored = proven_values(storage_root, slots, proof.storage_nodes)
    return {Hash(slot): _word(value) or bytes(32) for slot, value in stored.items()}


def narrow_proof(state_root: Hash, router: Address, proof: RouterProof, path: Path) -> RouterProof:
    """The part of a proof of many paths that is needed for one of them; raises RouterNotProven, TrieError."""
    windows: tuple[AcknowledgementWindow, ...] = ()
    if path.kind is PathKind.ACKNOWLEDGEMENT:
        windows = tuple(window for window in proof.windows if window.holds(path))
        slots = [acknowledgement_slot(window.client, window.index) for window in windows]
    else:
        slots = [slot_of(path)]
    storage_root, _ = _account(state_root, router, proof.account_nodes)
    return RouterProof(proof.account_nodes, needed_nodes(storage_root, slots, proof.storage_nodes), windows)


def _storage_root(state_root: Hash, router: Address, code_hash: Hash, nodes: Iterable[bytes]) -> Hash:
    storage_root, found = _account(state_root, router, nodes)
    if found != code_hash:
        raise RouterNotProven(router, f"its code has the hash 0x{found.hex()}, not 0x{code_hash.hex()}")
    return storage_root


def _account(state_root: Hash, router: Address, nodes: Iterable[bytes]) -> tuple[Hash, Hash]:
    """The router's storage root and code hash."""
    account = proven_values(state_root, [router], nodes)[router]
    if account is None:
        raise RouterNotProven(router, "no account has its address")
    fields = decode_list(account)
    if len(fields) != 4 or len(fields[2]) != 32 or len(fields[3]) != 32:
        raise RouterNotProven(router, "what has its address is not an account")
    return Hash(fields[2]), Hash(fields[3])


def _word(stored: bytes | None) -> bytes | None:
    """A storage word as 32 bytes, from what the trie holds; None where nothing stands."""
    return None if stored is None else decode_string(stored).rjust(32, b"\x00")


def _require_stored(path: Path, value: bytes, word: bytes | None) -> None:
    if word is None:
        raise MembershipNotProven(path.encode(), "its slot is empty")
    if path.kind is PathKind.COMMITMENT:
        if word != value:
            raise MembershipNotProven(path.encode(), f"its slot holds 0x{word.hex()}")
    elif value != RECEIPT or not int.from_bytes(word, "big") & receipt_bit(path.sequence):
        raise MembershipNotProven(path.encode(), "the receipt's bit is not set")


def _require_absent(path: Path, word: bytes | None) -> None:
    if path.kind is not PathKind.RECEIPT:
        raise NonMembershipNotProven(path.encode(), "only a receipt is ever claimed to be absent")
    if word is not None and int.from_bytes(word, "big") & receipt_bit(path.sequence):
        raise NonMembershipNotProven(path.encode(), "the packet was received: its receipt's bit is set")


class _Acknowledged:
    """The acknowledgement windows of a proof: what they say, and whether the claims needed each."""

    def __init__(self, windows: Iterable[AcknowledgementWindow]) -> None:
        self._by_slot: dict[Hash, AcknowledgementWindow] = {}
        self._entries: dict[tuple[ClientId, Sequence], tuple[Hash, Hash]] = {}
        self._unused: dict[Hash, AcknowledgementWindow] = {}
        for window in windows:
            self._add(window)

    def _add(self, window: AcknowledgementWindow) -> None:
        if not 0 <= window.index <= MAX_U64:
            raise InvalidAcknowledgementWindow(window.client, window.index, "its index is not a number of 64 bits")
        slot = acknowledgement_slot(window.client, window.index)
        if slot in self._by_slot:
            raise InvalidAcknowledgementWindow(window.client, window.index, "it is given twice")
        if not 1 <= len(window.entries) <= WINDOW:
            raise InvalidAcknowledgementWindow(window.client, window.index, f"it has 1 to {WINDOW} entries")
        for sequence, commitment in window.entries:
            if not 1 <= sequence <= MAX_U64 or len(commitment) != 32:
                raise InvalidAcknowledgementWindow(window.client, window.index, "an entry is a sequence and 32 bytes")
            self._entries[window.client, sequence] = slot, commitment
        self._by_slot[slot] = self._unused[slot] = window

    @property
    def slots(self) -> Iterable[Hash]:
        return self._by_slot

    def verify(self, words: dict[bytes, bytes | None]) -> None:
        """Each window's slot holds the chain of just its entries."""
        for slot, window in self._by_slot.items():
            if _word(words[slot]) != acknowledgement_chain(window.entries):
                raise InvalidAcknowledgementWindow(window.client, window.index, "its slot holds another chain")

    def require(self, path: Path, commitment: bytes) -> None:
        slot, proven = self._entries.get((path.client, path.sequence), (None, b""))
        if slot is None:
            raise MembershipNotProven(path.encode(), "no window given holds its acknowledgement")
        if proven != commitment:
            raise MembershipNotProven(path.encode(), f"its acknowledgement commits to 0x{proven.hex()}")
        self._unused.pop(slot, None)

    def refuse_unused(self) -> None:
        for window in self._unused.values():
            raise InvalidAcknowledgementWindow(window.client, window.index, "no claim needs it")
