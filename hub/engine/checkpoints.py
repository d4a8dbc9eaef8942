"""Checkpoints: this validator's signatures over blocks that it has itself executed and committed."""

from hub.clients.checkpoint import Checkpoint
from hub.clients.counterparty import counterparty_of
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

    def __init__(self, ledger: Ledger, signer: Signer | None, guard: Guard | None) -> None:
        """Without a key the node serves everything but checkpoints."""
        self._ledger = ledger
        self._signer = signer
        self._guard = guard

    def checkpoint(self, name: str, height: Height) -> Checkpoint:
        """A committed block for one counterparty, unsigned.

        Raises InvalidIdentifier, CounterpartyNotRegistered, BlockNotFound.
        """
        client = client_id(name)
        counterparty = counterparty_of(self._ledger.state, client)
        record = self._ledger.record(height)
        header = record.header
        return Checkpoint(
            chain=self._ledger.app.genesis.chain_id,
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
        if self._signer is None or self._guard is None:
            raise NoValidatorKey
        checkpoint = self.checkpoint(name, height)
        validators = self._ledger.record(height).validators
        if self._signer.address not in {member.address for member in validators.members}:
            raise NotAValidator(self._signer.address, validators.epoch)
        domain = counterparty_of(self._ledger.state, checkpoint.source_client).domain
        self._guard.admit(height, checkpoint.block_hash, self._own_hash)
        compact = self._signer.sign(checkpoint.digest(domain))
        return SignedCheckpoint(checkpoint, encode_quorum_signature(validators, {self._signer.address: compact}))

    def _own_hash(self, height: Height) -> Hash | None:
        try:
            return self._ledger.record(height).header.hash()
        except BlockNotFound:
            return None
