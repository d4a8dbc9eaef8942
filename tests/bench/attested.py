"""An EVM chain as its attestors and its router's storage show it to a hub: real tries, real keys, real signatures."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from hub import messages as m
from hub.clients.attestation import AttestationScope, AttestedHeader
from hub.clients.attested_evm import Config, Proof, SignedHeader
from hub.clients.router_proof import AcknowledgementWindow, RouterProof
from hub.clients.router_storage import acknowledgement_slot, commitment_slot
from hub.ibc.commitment import commitment_path
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord
from hub.messages import AnyMessage
from hub.proofs.keccak import keccak256
from hub.proofs.mpt import nibbles
from hub.proofs.quorum import SignerSet, least_quorum, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from tests.unit.reference_trie import ReferenceTrie, account, secure, storage_value

ATTESTORS = 5
ACCOUNTS = 4_000
"""Other accounts of the chain: they make the account's proof as deep as it is on a small live chain."""
_ROUTER = Address(b"\xaa" * 20)
_FINALITY = "depth:1"
_KEYS = {address_of(key): key for key in (sha256(b"attestor %d" % n).digest() for n in range(ATTESTORS))}
_SET = SignerSet.of_equals(1, list(_KEYS))
_SIGNING = {member.address: _KEYS[member.address] for member in _SET.members[: least_quorum(ATTESTORS)]}
_CODE_HASH = Hash(sha256(b"router code").digest())
_OTHERS = {
    sha256(b"account %d" % n).digest()[:20]: account(Hash(sha256(b"s").digest()), Hash(sha256(b"c").digest()))
    for n in range(ACCOUNTS)
}


class AttestedChain:
    """One chain; its client of the hub is ``there``, the hub's of it ``here``. Four of five attestors sign."""

    def __init__(self, number: int, genesis_hash: Hash, port: PortId, version: str, encoding: str) -> None:
        self.here, self.there = ClientId(f"attested-{number}"), ClientId(f"quorum-{number}")
        self._chain_id = 31337 + number
        self._scope = AttestationScope(genesis_hash, self.here, _FINALITY, self._chain_id)
        ends = (port, port, version, encoding)
        self.inward, self.outward = Lane(self.there, self.here, *ends), Lane(self.here, self.there, *ends)
        self._number = 100

    def joining(self) -> list[AnyMessage]:
        """What a chain operator tells the hub of it; its clients must be created in order of their numbers."""
        config = Config(
            self._chain_id, _ROUTER, _CODE_HASH, _SET, least_quorum(ATTESTORS), _FINALITY, Seconds(86_400), Seconds(30),
            Seconds(60),
        )  # fmt: skip
        lanes = [
            m.RegisterLane(
                lane.source_client, lane.destination_client, lane.source_port, lane.destination_port, lane.version,
                lane.encoding,
            )
            for lane in (self.inward, self.outward)
        ]  # fmt: skip
        counterparty = m.RegisterCounterparty(self.here, self.there, self._chain_id, b"\x11" * 20, b"")
        return [m.CreateAttestedClient(config), counterparty, *lanes]

    def packets(self, records: Iterable[LaneRecord]) -> dict[Hash, bytes]:
        """The storage words of packets that this chain has committed to the hub."""
        return {
            commitment_slot(commitment_path(self.there, record.sequence)): self.inward.commitment(record)
            for record in records
        }

    def packet_slots(self, sequences: Iterable[Number]) -> list[Hash]:
        """Where their commitments stand."""
        return [commitment_slot(commitment_path(self.there, sequence)) for sequence in sequences]

    def proof(
        self,
        storage: "Storage",
        time: UnixSeconds,
        slots: Sequence[Hash],
        windows: Sequence[AcknowledgementWindow] = (),
    ) -> Proof:
        """What stands in the storage there, under the next block's header."""
        self._number += 1
        block_hash = Hash(sha256(b"block %d" % self._number).digest())
        header = AttestedHeader(Epoch(1), Height(self._number), block_hash, storage.state_root, time)
        signed = SignedHeader(header, sign_quorum(_SET, _SIGNING, header.digest(self._scope)))
        all_slots = [*slots, *(acknowledgement_slot(window.client, window.index) for window in windows)]
        return Proof(signed, RouterProof(storage.account_nodes, storage.nodes(all_slots), tuple(windows)))


class Storage:
    """The router's storage in one block."""

    def __init__(self, words: Mapping[Hash, bytes]) -> None:
        self._trie = secure({slot: storage_value(word) for slot, word in words.items()})
        state = secure({**_OTHERS, _ROUTER: account(self._trie.root, _CODE_HASH)})
        self.state_root = state.root
        self.account_nodes = _nodes(state, [_ROUTER])

    def nodes(self, slots: Iterable[Hash]) -> tuple[bytes, ...]:
        """The trie nodes that these slots need, each once."""
        return _nodes(self._trie, slots)


def _nodes(trie: ReferenceTrie, keys: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(trie.proof(*(nibbles(keccak256(key)) for key in keys)))
