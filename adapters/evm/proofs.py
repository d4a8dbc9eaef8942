"""Storage proofs of the router (EIP-1186), collected from the chain's endpoints and checked before they are used.

A proof that does not hold under the attested state root is the endpoint's fault: the next one is asked.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from adapters.errors import CallRefused, ClaimDisproved, EndpointFault, StateNotServed
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.events import AppendedAcknowledgement
from adapters.evm.header import BlockHeader
from adapters.evm.words import block_tag, bytes_of, hex_of
from hub.clients.base import Claims
from hub.clients.errors import (
    ClientError,
    InvalidAcknowledgementWindow,
    MembershipNotProven,
    NonMembershipNotProven,
)
from hub.clients.router_proof import AcknowledgementWindow, RouterProof, router_words, verify_router
from hub.clients.router_storage import WINDOW, acknowledgement_slot, slot_of
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.proofs.errors import ProofError
from hub.proofs.mpt import proven_values
from hub.quantities import Address, Hash, Height
from hub.quantities import Sequence as PacketSequence

_DISPROVED = (MembershipNotProven, NonMembershipNotProven, InvalidAcknowledgementWindow)
"""What a proof that holds under the state root may be refused for: it shows other words than are claimed."""

_SLOTS_AT_ONCE = 256
"""In one ``eth_getProof``; nodes allow some 1024."""

_EMBEDDED_BELOW = 32
"""Bytes under which a trie node stands inside its parent and not by itself."""


class AcknowledgementLog:
    """The acknowledgements of a client's chain that are known and may still have to be proven, by n: what a window is
    made of.
    """

    def __init__(self, client: ClientId) -> None:
        self._client = client
        self._appended: dict[int, AppendedAcknowledgement] = {}
        self._n: dict[PacketSequence, int] = {}

    def __len__(self) -> int:
        return len(self._appended)

    def add(self, appended: Iterable[AppendedAcknowledgement]) -> None:
        for entry in appended:
            self._appended[entry.n] = entry
            self._n[entry.sequence] = entry.n

    def forget(self) -> None:
        self._appended.clear()
        self._n.clear()

    def drop_settled(self, still_open: Collection[PacketSequence], up_to: PacketSequence) -> Height | None:
        """Drop every full window in which nothing waits to be proven: so a log is as long as what is open, in windows,
        however long the chain. Gives the lowest block of the windows that are needed: the others, and the one that is
        being filled.

        Of the packets up to ``up_to`` only ``still_open`` wait; of later ones nothing is known.
        """
        needed = {n // WINDOW for sequence, n in self._n.items() if sequence > up_to or sequence in still_open}
        newest = max(self._appended, default=-1)
        if (newest + 1) % WINDOW:
            needed.add(newest // WINDOW)
        held = Counter(n // WINDOW for n in self._appended)
        dropped = {index for index, count in held.items() if count == WINDOW} - needed
        for n in [n for n in self._appended if n // WINDOW in dropped]:
            del self._n[self._appended.pop(n).sequence]
        return min((entry.height for n, entry in self._appended.items() if n // WINDOW in needed), default=None)

    def windows(self, sequences: Iterable[PacketSequence], height: Height) -> tuple[AcknowledgementWindow, ...]:
        """The windows that hold these acknowledgements as they stood at ``height``.

        Raises KeyError for one that is not known, or not all before it in its window.
        """
        places = {self._n[sequence] for sequence in sequences}
        windows = {n // WINDOW: self._entries(n // WINDOW, height) for n in places}
        for n in places:
            if n % WINDOW >= len(windows[n // WINDOW]):
                raise KeyError(n)
        return tuple(AcknowledgementWindow(self._client, index, windows[index]) for index in sorted(windows))

    def _entries(self, index: int, height: Height) -> tuple[tuple[PacketSequence, Hash], ...]:
        entries = []
        for n in range(index * WINDOW, (index + 1) * WINDOW):
            appended = self._appended.get(n)
            if appended is None or appended.height > height:
                break
            entries.append((appended.sequence, appended.commitment))
        return tuple(entries)


class Prover:
    """Collects proofs of one router's storage."""

    def __init__(self, endpoints: Endpoints, router: Address, code_hash: Hash) -> None:
        self._endpoints = endpoints
        self._router = router
        self._code_hash = code_hash

    async def prove(
        self, height: Height, state_root: Hash, claims: Claims, windows: Sequence[AcknowledgementWindow]
    ) -> RouterProof:
        """The nodes that show ``claims`` at a height with this state root.

        Raises ClaimDisproved where they show something else, EndpointsFailed, CallRefused.
        """
        slots = _slots(claims, windows)

        async def work(endpoint: Endpoint) -> RouterProof:
            proof = await self._collect(endpoint, height, slots, tuple(windows))
            try:
                verify_router(state_root, self._router, self._code_hash, proof, claims)
            except _DISPROVED as error:
                raise ClaimDisproved(self._endpoints.chain, height, str(error)) from error
            except (ProofError, ClientError) as error:
                raise EndpointFault(endpoint.url, f"its proof at {height} does not hold: {error}") from error
            return proof

        return await self._endpoints.attempt(work)

    async def standing(self, endpoint: Endpoint, header: BlockHeader, paths: Sequence[Path]) -> set[Path]:
        """Which of these packet commitments stand in the state of a block; one endpoint shows it.

        Raises EndpointFault where it does not.
        """
        slots = {path: slot_of(path) for path in paths}
        words = await self.words(endpoint, header, list(slots.values()))
        return {path for path, slot in slots.items() if any(words[slot])}

    async def words(self, endpoint: Endpoint, header: BlockHeader, slots: Sequence[Hash]) -> dict[Hash, bytes]:
        """What these slots hold in the state of a block, zeros before the router stood; one endpoint shows it.

        Raises EndpointFault where it does not.
        """
        words: dict[Hash, bytes] = {}
        for place in range(0, len(slots), _SLOTS_AT_ONCE):
            some = slots[place : place + _SLOTS_AT_ONCE]
            proof = await self._collect(endpoint, header.number, some, ())
            try:
                if proven_values(header.state_root, [self._router], proof.account_nodes)[self._router] is None:
                    words |= dict.fromkeys(some, bytes(32))
                else:
                    words |= router_words(header.state_root, self._router, self._code_hash, proof, some)
            except (ProofError, ClientError) as error:
                raise EndpointFault(endpoint.url, f"its proof at {header.number} does not hold: {error}") from error
        return words

    async def _collect(
        self, endpoint: Endpoint, height: Height, slots: Sequence[Hash], windows: tuple[AcknowledgementWindow, ...]
    ) -> RouterProof:
        keys = [hex_of(slot) for slot in slots]
        try:
            answer = await endpoint.call("eth_getProof", hex_of(self._router), keys, block_tag(height))
        except CallRefused as refusal:
            raise StateNotServed(endpoint.url, f"eth_getProof at {height}: {refusal}") from refusal
        if answer is None:
            raise StateNotServed(endpoint.url, f"eth_getProof at {height} was answered with nothing")
        try:
            account = distinct_nodes([answer["accountProof"]])
            storage = distinct_nodes([entry["proof"] for entry in answer["storageProof"]])
        except (KeyError, TypeError, ValueError) as error:
            raise EndpointFault(endpoint.url, f"eth_getProof at {height} is malformed: {error}") from error
        return RouterProof(account, storage, windows)


def _slots(claims: Claims, windows: Sequence[AcknowledgementWindow]) -> list[Hash]:
    slots = {slot_of(path): None for path, _ in claims.present if path.kind is not PathKind.ACKNOWLEDGEMENT}
    slots |= {slot_of(path): None for path in claims.absent}
    slots |= {acknowledgement_slot(window.client, window.index): None for window in windows}
    return list(slots)


def distinct_nodes(paths: Iterable[Iterable[str]]) -> tuple[bytes, ...]:
    """Every node once, in the order of first need; those that stand inside their parents are left to them."""
    nodes: dict[bytes, None] = {}
    for path in paths:
        for place, node in enumerate(map(bytes_of, path)):
            if place == 0 or len(node) >= _EMBEDDED_BELOW:
                nodes[node] = None
    return tuple(nodes)
