"""Who signs the blocks, and how one set hands over to the next (docs/protocol.md, section 4).

A rotation takes effect only when the old quorum's checkpoint that names the new set is stored for **every** registered
counterparty, so that each can be shown the way however long it has slept.
"""

from collections.abc import Callable, Iterable

from hub.accounts.errors import NoRotationPending, RotationPending, WrongRotationCheckpoint
from hub.clients.counterparty import Counterparty
from hub.clients.quorum import SignedCheckpoint
from hub.events import RotationCheckpointStored, ValidatorSetChanged, ValidatorSetProposed
from hub.history import block_hash
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import Member, SignerSet, verify_quorum
from hub.quantities import Address, Epoch, Hash, Power
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room, text, u64
from hub.state.context import Context

_SETS = Records(Room.VALIDATORS, SignerSet)
_CURRENT = b"current"
_NEXT = b"next"
_CHECKPOINTS = Records(Room.ROTATION_CHECKPOINTS, SignedCheckpoint)


def validators(state: StateReader) -> SignerSet:
    """The set that signs blocks now."""
    found = _SETS.get(state, _CURRENT)
    if found is None:
        raise LookupError("a state without validators is not that of a chain")
    return found


def proposed_validators(state: StateReader) -> SignerSet | None:
    """The set that a pending rotation hands over to."""
    return _SETS.get(state, _NEXT)


def next_validators(state: StateReader) -> SignerSet:
    """The set that the present header names as the next: the current one, but for a pending rotation."""
    return proposed_validators(state) or validators(state)


def put_validators(state: Branch, signers: SignerSet) -> None:
    """Begin with a set: for the genesis."""
    _SETS.put(state, _CURRENT, signers)


def rotation_checkpoint(state: StateReader, epoch: Epoch, client: ClientId) -> SignedCheckpoint | None:
    """The stored checkpoint that shows a counterparty the way from ``epoch`` to the next."""
    return _CHECKPOINTS.get(state, _checkpoint_key(epoch, client))


def propose(ctx: Context, members: Iterable[tuple[Address, int]]) -> None:
    """Name the next set; raises RotationPending, InvalidSignerSet."""
    current = validators(ctx.state)
    if (pending := proposed_validators(ctx.state)) is not None:
        raise RotationPending(pending.epoch)
    signers = SignerSet(
        Epoch(current.epoch + 1),
        tuple(Member(address, Power(power)) for address, power in sorted(members)),
    )
    _SETS.put(ctx.state, _NEXT, signers)
    ctx.emit(ValidatorSetProposed(signers.epoch, signers.hash()))


def store_checkpoint(
    ctx: Context, chain: tuple[str, Hash], client: ClientId, counterparty: Counterparty, signed: SignedCheckpoint
) -> bool:
    """Keep the old quorum's hand-over for one counterparty; False where it is stored already.

    Raises NoRotationPending, WrongRotationCheckpoint, SignatureError.
    """
    current, proposed = validators(ctx.state), proposed_validators(ctx.state)
    if proposed is None:
        raise NoRotationPending
    key = _checkpoint_key(current.epoch, client)
    if _CHECKPOINTS.has(ctx.state, key):
        return False
    shown = signed.checkpoint
    for field, given, expected in (
        ("chain", shown.chain, chain[0]),
        ("genesis_hash", shown.genesis_hash, chain[1]),
        ("source_client", shown.source_client, client),
        ("destination_client", shown.destination_client, counterparty.client),
        ("epoch", shown.epoch, current.epoch),
        ("next_validator_set_hash", shown.next_validator_set_hash, proposed.hash()),
        ("block_hash", shown.block_hash, block_hash(ctx.state, shown.height)),
    ):
        if given != expected:
            raise WrongRotationCheckpoint(field)
    verify_quorum(current, shown.digest(counterparty.domain), signed.signature)
    _CHECKPOINTS.put(ctx.state, key, signed)
    ctx.emit(RotationCheckpointStored(current.epoch, client))
    return True


def rotate_if_ready(ctx: Context, counterparties: Callable[[], Iterable[ClientId]]) -> None:
    """At a block's end: let the proposed set sign from the next block on, if no counterparty would be left behind."""
    proposed = proposed_validators(ctx.state)
    if proposed is None:
        return
    epoch = validators(ctx.state).epoch
    if all(_CHECKPOINTS.has(ctx.state, _checkpoint_key(epoch, client)) for client in counterparties()):
        _SETS.put(ctx.state, _CURRENT, proposed)
        _SETS.delete(ctx.state, _NEXT)
        ctx.emit(ValidatorSetChanged(proposed.epoch, proposed.hash()))


def _checkpoint_key(epoch: Epoch, client: ClientId) -> bytes:
    return u64(epoch) + text(client)
