"""Who signs the blocks, and how one set hands over to the next (docs/protocol.md, section 4).

A rotation takes effect only when the old quorum's checkpoint that names the new set is stored for **every** registered
counterparty, so that each can be shown the way however long it has slept; and while no other domain is scheduled for
any, because a client that waits there to take over could not be shown it.
"""

from collections.abc import Callable, Iterable

from hub.accounts.errors import (
    NoRotationPending,
    RotationCheckpointNotFound,
    RotationPending,
    ValidatorsChanged,
    WrongRotationCheckpoint,
)
from hub.clients.counterparty import Counterparty
from hub.clients.domain_change import domain_at, scheduled_domain_change
from hub.clients.quorum import SignedCheckpoint
from hub.events import (
    RotationCheckpointStored,
    ValidatorSetChanged,
    ValidatorSetProposed,
    ValidatorSetWithdrawn,
)
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
_RETIRED = b"retired"
"""With the epoch behind it: the sets that signed before the current one."""
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


def validators_of(state: StateReader, epoch: Epoch) -> SignerSet | None:
    """The set of an epoch that has begun."""
    current = validators(state)
    return current if epoch == current.epoch else _SETS.get(state, _RETIRED + u64(epoch))


def was_validator(state: StateReader, address: Address) -> bool:
    """Whether an address stands in the set that signs now or in any that signed before."""
    sets = [validators(state), *(retired for _, retired in _SETS.scan(state, _RETIRED))]
    return any(member.address == address for signers in sets for member in signers.members)


def put_validators(state: Branch, signers: SignerSet) -> None:
    """Begin with a set: for the genesis."""
    _SETS.put(state, _CURRENT, signers)


def require_present(state: StateReader, epoch: Epoch) -> None:
    """A counterparty's client begins with the validators of this epoch, and they sign now; 0 asks nothing.

    Hand-overs are stored for counterparties that are registered: a client of an earlier epoch would stay behind for
    good. Raises ValidatorsChanged.
    """
    present = validators(state).epoch
    if epoch and epoch != present:
        raise ValidatorsChanged(epoch, present)


def rotation_checkpoint(state: StateReader, epoch: Epoch, client: ClientId) -> SignedCheckpoint | None:
    """The stored checkpoint that shows a counterparty the way from ``epoch`` to the next."""
    return _CHECKPOINTS.get(state, _checkpoint_key(epoch, client))


def hand_over(state: StateReader, epoch: Epoch, client: ClientId) -> tuple[SignedCheckpoint, SignerSet]:
    """What takes a counterparty's client from ``epoch`` to the next: the old quorum's checkpoint and the set it names.

    Raises RotationCheckpointNotFound where none is stored, or the rotation is not finished.
    """
    signed = rotation_checkpoint(state, epoch, client)
    after = None if signed is None else validators_of(state, Epoch(epoch + 1))
    if signed is None or after is None:
        raise RotationCheckpointNotFound(client, epoch)
    return signed, after


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
        ("domain", domain_at(ctx.state, client, shown.height), counterparty.domain),
    ):
        if given != expected:
            raise WrongRotationCheckpoint(field)
    verify_quorum(current, shown.digest(counterparty.domain), signed.signature)
    _CHECKPOINTS.put(ctx.state, key, signed)
    ctx.emit(RotationCheckpointStored(current.epoch, client))
    return True


def withdraw(ctx: Context) -> None:
    """Take the proposed set back and forget what was stored for it; raises NoRotationPending.

    What the old quorum has signed it cannot take back: until its next rotation a counterparty's client can still be
    handed over to the withdrawn set (docs/adr/0009-withdrawing-a-proposed-set.md).
    """
    proposed = proposed_validators(ctx.state)
    if proposed is None:
        raise NoRotationPending
    _SETS.delete(ctx.state, _NEXT)
    for key in [key for key, _ in _CHECKPOINTS.scan(ctx.state, u64(validators(ctx.state).epoch))]:
        _CHECKPOINTS.delete(ctx.state, key)
    ctx.emit(ValidatorSetWithdrawn(proposed.epoch, proposed.hash()))


def forget_checkpoint(ctx: Context, client: ClientId) -> None:
    """Its counterparty's client stands elsewhere from now on, where what was stored for a pending rotation is worth
    nothing: another is waited for.
    """
    _CHECKPOINTS.delete(ctx.state, _checkpoint_key(validators(ctx.state).epoch, client))


def rotate_if_ready(ctx: Context, counterparties: Callable[[], Iterable[ClientId]]) -> None:
    """At a block's end: let the proposed set sign from the next block on, if no counterparty would be left behind."""
    proposed = proposed_validators(ctx.state)
    if proposed is None:
        return
    current = validators(ctx.state)
    epoch = current.epoch
    if all(_is_shown_the_way(ctx.state, epoch, client) for client in counterparties()):
        _SETS.put(ctx.state, _RETIRED + u64(epoch), current)
        _SETS.put(ctx.state, _CURRENT, proposed)
        _SETS.delete(ctx.state, _NEXT)
        ctx.emit(ValidatorSetChanged(proposed.epoch, proposed.hash()))


def _is_shown_the_way(state: StateReader, epoch: Epoch, client: ClientId) -> bool:
    """Where another domain is scheduled, a client of the present set waits there already: it must be led on as well."""
    return _CHECKPOINTS.has(state, _checkpoint_key(epoch, client)) and scheduled_domain_change(state, client) is None


def _checkpoint_key(epoch: Epoch, client: ClientId) -> bytes:
    return u64(epoch) + text(client)
