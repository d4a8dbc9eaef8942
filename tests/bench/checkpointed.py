"""A chain of our own as its validators' checkpoints show it to a hub: real batches, real keys, real signatures."""

from collections.abc import Iterable
from hashlib import sha256

from hub import messages as m
from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import Config, Proof, SignedCheckpoint, WholeBatch
from hub.ibc.commitment import commitment_path
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord
from hub.messages import AnyMessage
from hub.proofs.eip712 import SaltDomain
from hub.proofs.merkle import batch_root
from hub.proofs.quorum import SignerSet, least_quorum, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds

VALIDATORS = 5
_KEYS = {address_of(key): key for key in (sha256(b"validator %d" % n).digest() for n in range(VALIDATORS))}
_SET = SignerSet.of_equals(1, list(_KEYS))
_SIGNING = {member.address: _KEYS[member.address] for member in _SET.members[: least_quorum(VALIDATORS)]}
_GENESIS = Hash(sha256(b"ledger genesis").digest())
_CHAIN = "ledger-bench"


class CheckpointedChain:
    """One chain; its client of the hub is ``there``, the hub's of it ``here``. Four of five validators sign."""

    def __init__(self, genesis_hash: Hash, port: PortId, version: str, encoding: str) -> None:
        """``genesis_hash``: of the hub."""
        self.here, self.there = ClientId("quorum-0"), ClientId("quorum-7")
        self._domain = SaltDomain(genesis_hash)
        self._lane = Lane(self.there, self.here, port, port, version, encoding)
        self._height = 100

    def joining(self) -> list[AnyMessage]:
        """What a chain operator tells the hub of it; it is the first chain of its kind there."""
        config = Config(_CHAIN, _GENESIS, _SET, Seconds(86_400), Seconds(30))
        lane = self._lane
        return [
            m.CreateQuorumClient(config),
            m.RegisterCounterparty(self.here, self.there, 0, Address(b""), _GENESIS),
            m.RegisterLane(
                lane.source_client, lane.destination_client, lane.source_port, lane.destination_port, lane.version,
                lane.encoding,
            ),
        ]  # fmt: skip

    def proof(self, records: Iterable[LaneRecord], time: UnixSeconds) -> Proof:
        """The next block, whose batch these packets are."""
        entries = tuple(
            (commitment_path(self.there, record.sequence), self._lane.commitment(record)) for record in records
        )
        self._height += 1
        checkpoint = Checkpoint(
            chain=_CHAIN,
            genesis_hash=_GENESIS,
            source_client=self.there,
            destination_client=self.here,
            epoch=Epoch(1),
            height=Height(self._height),
            timestamp=time,
            block_hash=Hash(sha256(b"block %d" % self._height).digest()),
            app_root=Hash(sha256(b"state %d" % self._height).digest()),
            batch_root=batch_root(entries),
            next_validator_set_hash=_SET.hash(),
        )
        signed = SignedCheckpoint(checkpoint, sign_quorum(_SET, _SIGNING, checkpoint.digest(self._domain)))
        return Proof(signed, WholeBatch(entries))
