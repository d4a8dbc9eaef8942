"""Checkpoints: this validator's signatures over blocks that it has itself executed and committed."""

from collections.abc import Sequence

from hub.clients.checkpoint import Checkpoint
from hub.clients.counterparty import counterparty_of
from hub.clients.domain_change import domain_at
from hub.clients.quorum import SignedCheckpoint
from hub.engine.errors import NotAValidator, NoValidatorKey
from hub.engine.guard import Guard
from hub.engine.ledger import Ledger
from hub.ibc.identifiers import client_id
from hub.proofs.quorum import encode_quorum_signature
from hub.quantities import Hash, Height
from hub.signer import Signer
from hub.state.errors import BlockNotFound


class Checkpoints:
    """Signs, each time after the guard has written down, durably, what is about to be signed."""

    def __init__(self, ledger: Ledger, keys: Sequence[tuple[Signer, Guard]]) -> None:
        """Without a key the node serves everything but checkpoints. Of several, the one that stands in a block's set
        signs it: so one node's validator can hand over to its next key without a pause.
        """
        self._ledger = ledger
        self._keys = keys

    def checkpoint(self, name: str, height: Height) -> Checkpoint:
        """A committed block for one counterparty, unsigned.

        Raises InvalidIdentifier, CounterpartyNotRegistered, BlockNotFound.
        """
        client = client_id(name)
        counterparty = counterparty_of(self._ledger.state, client)
        record = self._ledger.record(height)
        header = record.header
        return Checkpoint(
            chain=self._ledger.machine.chain_id,
            genesis_hash=header.genesis_hash,
            source_client=client,
            destination_client=counterparty.client,
            epoch=record.validators.epoch,
            height=header.height,
            timestamp=header.time,
            block_hash=header.hash(),
            app_root=header.app_root,
            batch_root=record.batch(client).root,
            next_validator_set_hash=header.next_validator_set_hash,
        )

    def sign(self, name: str, height: Height) -> SignedCheckpoint:
        """Raises NoValidatorKey, NotAValidator, CheckpointWithheld, and as ``checkpoint`` does. Blocks on the disk."""
        if not self._keys:
            raise NoValidatorKey
        checkpoint = self.checkpoint(name, height)
        state = self._ledger.state
        if height > state.height:  # a block is on the disk for a moment before its state, which tells its domain
            raise BlockNotFound(height)
        validators = self._ledger.record(height).validators
        members = {member.address for member in validators.members}
        ours = [(signer, guard) for signer, guard in self._keys if signer.address in members]
        if not ours:
            raise NotAValidator(self._keys[0][0].address, validators.epoch)
        digest = checkpoint.digest(domain_at(state, checkpoint.source_client, height))
        for _, guard in ours:
            guard.admit(height, checkpoint.block_hash, self._own_hash)
        signatures = {signer.address: signer.sign(digest) for signer, _ in ours}
        return SignedCheckpoint(checkpoint, encode_quorum_signature(validators, signatures))

    def _own_hash(self, height: Height) -> Hash | None:
        try:
            return self._ledger.record(height).header.hash()
        except BlockNotFound:
            return None
