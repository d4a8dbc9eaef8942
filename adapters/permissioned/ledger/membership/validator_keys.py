"""Which member, and so which organisation, a validator's checkpoint key belongs to.

Checkpoints are signed with secp256k1 (docs/protocol.md, section 4), members act with P-256 or P-384: a member of role
``validator`` binds the one to the other, with a proof that it holds both. The first validators do so in the genesis
(docs/protocol.md, section 12).
"""

from collections.abc import Iterable, Mapping

import msgspec

from adapters.permissioned.ledger.events import ValidatorKeyBound
from adapters.permissioned.ledger.identities import (
    Identity,
    MemberId,
    MemberName,
    MemberRole,
    OrganisationId,
    member_id,
)
from adapters.permissioned.ledger.membership.errors import (
    InvalidValidatorKey,
    ValidatorKeyNotOwned,
    ValidatorKeyTaken,
)
from adapters.permissioned.ledger.membership.registry import require_role
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.proofs.keccak import keccak256
from hub.proofs.signatures import recover
from hub.quantities import Address, Hash, UnixSeconds
from hub.state.branch import StateReader
from hub.state.collections import Records
from hub.state.context import Context

_DOMAIN = b"\x19Interchain Ledger Validator:\n"
_FOUNDING = b"\x19Interchain Ledger Founding Validator:\n"
_FEW_ORGANISATIONS = 4
"""From so many on, none may have a third of the power alone."""


class ValidatorKey(msgspec.Struct, frozen=True, array_like=True):
    """Whose a checkpoint key is; never another's later."""

    organisation: OrganisationId
    name: MemberName
    bound_at: UnixSeconds


_KEYS = Records(LedgerRoom.VALIDATOR_KEYS, ValidatorKey, remembered=64)


def binding_digest(genesis_hash: Hash, member: MemberId) -> Hash:
    """What a checkpoint key signs to become a member's: ``keccak256(domain ‖ genesis hash ‖ organisation/name)``."""
    return Hash(keccak256(_DOMAIN + genesis_hash + member.encode()))


def bind_validator_key(ctx: Context, identity: Identity, genesis_hash: Hash, address: Address, proof: bytes) -> None:
    """Bind a key to the member who acts; ``proof`` is the key's compact signature over ``binding_digest``.

    A repeat changes nothing. Raises MemberRoleRefused, InvalidValidatorKey, ValidatorKeyNotOwned, ValidatorKeyTaken,
    SignatureError.
    """
    require_role(identity, MemberRole.VALIDATOR)
    recovered = recover(binding_digest(genesis_hash, identity.member), proof)
    if recovered != address:
        raise ValidatorKeyNotOwned(address, recovered)
    put_validator_key(ctx, identity.organisation, identity.name, address)


def founding_statement(chain_id: str, member: MemberId, address: Address) -> bytes:
    """What the certificate's key and the checkpoint key of a first validator both sign, before there is a genesis whose
    hash they could name: ``domain ‖ u8 length ‖ chain ID ‖ u8 length ‖ organisation/name ‖ address``.
    """
    parts = (chain_id.encode(), member.encode())
    return _FOUNDING + b"".join(bytes((len(part),)) + part for part in parts) + address


def founding_digest(statement: bytes) -> Hash:
    """What the checkpoint key signs of it."""
    return Hash(keccak256(statement))


def put_validator_key(ctx: Context, organisation: OrganisationId, name: MemberName, address: Address) -> None:
    """Note whose a key is, for good, once that is proven. Raises InvalidValidatorKey, ValidatorKeyTaken."""
    if len(address) != 20 or not any(address):
        raise InvalidValidatorKey(address)
    known = _KEYS.get(ctx.state, address)
    if known is None:
        _KEYS.put(ctx.state, address, ValidatorKey(organisation, name, ctx.time))
        ctx.emit(ValidatorKeyBound(address, organisation, name))
    elif (known.organisation, known.name) != (organisation, name):
        raise ValidatorKeyTaken(address, member_id(known.organisation, known.name))


def validator_key(state: StateReader, address: Address) -> ValidatorKey | None:
    """Whose a checkpoint key is; None for one that is nobody's."""
    return _KEYS.get(state, address)


def powers_of(state: StateReader, validators: Iterable[tuple[Address, int]]) -> dict[OrganisationId, int] | None:
    """Of the organisations whose keys these are; None where one is nobody's: nobody can vote such a set in."""
    powers: dict[OrganisationId, int] = {}
    for address, power in validators:
        key = validator_key(state, address)
        if key is None:
            return None
        powers[key.organisation] = powers.get(key.organisation, 0) + power
    return powers


def too_powerful(powers: Mapping[OrganisationId, int], organisations: int) -> tuple[OrganisationId, ...]:
    """Who has a third of the power or more alone, where there are four organisations or more: it could halt the ledger.

    ``powers``: of all validators' organisations; ``organisations``: how many there are on the ledger.
    """
    if organisations < _FEW_ORGANISATIONS:
        return ()
    total = sum(powers.values())
    return tuple(sorted(organisation for organisation, power in powers.items() if power * 3 >= total))
