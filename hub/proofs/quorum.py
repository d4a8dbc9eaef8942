"""Sets of signers with powers, and what more than two thirds of one have signed (docs/protocol.md, section 3)."""

from collections.abc import Mapping

import msgspec

from hub.proofs.errors import (
    InvalidSignerSet,
    TooFewSignatures,
    TooLittlePower,
    TooManySignatures,
    UnknownSigner,
    WrongSigner,
)
from hub.proofs.keccak import keccak256
from hub.proofs.signatures import COMPACT_BYTES, recover, sign_digest
from hub.quantities import MAX_U64, Address, Epoch, Hash, Power

MAX_MEMBERS = 64
_BITMAP_BYTES = 8


class Member(msgspec.Struct, frozen=True, array_like=True):
    """One signer and its power."""

    address: Address
    power: Power


class SignerSet(msgspec.Struct, frozen=True, array_like=True):
    """The validators of a chain, or the attestors of one, in one epoch. Raises InvalidSignerSet."""

    epoch: Epoch
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.epoch <= MAX_U64:
            raise InvalidSignerSet("an epoch is a number from 1 to 2**64 - 1")
        if not 1 <= len(self.members) <= MAX_MEMBERS:
            raise InvalidSignerSet(f"it has {len(self.members)} members, 1 to {MAX_MEMBERS} are allowed")
        before = bytes(20)  # nobody can sign as the zero address
        for member in self.members:
            if len(member.address) != 20 or member.address <= before:
                raise InvalidSignerSet("members stand in strictly rising order of their 20-byte, non-zero addresses")
            if not 1 <= member.power <= MAX_U64:
                raise InvalidSignerSet("a power is a number from 1 to 2**64 - 1")
            before = member.address

    @classmethod
    def of(cls, epoch: int, powers: Mapping[Address, int]) -> "SignerSet":
        """The set of these addresses and powers, put in order; raises InvalidSignerSet."""
        return cls(Epoch(epoch), tuple(Member(address, Power(powers[address])) for address in sorted(powers)))

    @classmethod
    def of_equals(cls, epoch: int, addresses: "list[Address]") -> "SignerSet":
        """The set of these addresses, each with power 1; raises InvalidSignerSet for a repeated one."""
        return cls(Epoch(epoch), tuple(Member(address, Power(1)) for address in sorted(addresses)))

    def hash(self) -> Hash:
        """``K(u64(epoch) ‖ (address ‖ u64(power))…)``."""
        body = b"".join(member.address + member.power.to_bytes(8, "big") for member in self.members)
        return Hash(keccak256(self.epoch.to_bytes(8, "big") + body))

    def total_power(self) -> Power:
        return Power(sum(member.power for member in self.members))


def is_quorum(signed: int, total: int) -> bool:
    """More than two thirds, in exact whole numbers: a division would pass 2 of 4."""
    return signed * 3 > total * 2


def least_quorum(members: int) -> int:
    """The fewest of ``members`` equal powers that are a quorum."""
    return members * 2 // 3 + 1


def verify_quorum(signers: SignerSet, digest: Hash, signature: bytes) -> int:
    """How many members signed ``digest``, together a quorum; raises SignatureError.

    The cheap checks come first: nothing is recovered for a signature that could not suffice.
    """
    named = _named_members(signers, signature)
    total = signers.total_power()
    signed = sum(signers.members[index].power for index in named)
    if not is_quorum(signed, total):
        raise TooLittlePower(signed, total)
    for place, index in enumerate(named):
        start = _BITMAP_BYTES + place * COMPACT_BYTES
        recovered = recover(digest, signature[start : start + COMPACT_BYTES])
        expected = signers.members[index].address
        if recovered != expected:
            raise WrongSigner(index, expected, recovered)
    return len(named)


def who_signed(signers: SignerSet, signature: bytes) -> tuple[Address, ...]:
    """Whom a quorum signature names, in the set's order; they did sign where ``verify_quorum`` accepts it.

    Raises UnknownSigner, TooFewSignatures, TooManySignatures.
    """
    return tuple(signers.members[index].address for index in _named_members(signers, signature))


def encode_quorum_signature(signers: SignerSet, signatures: Mapping[Address, bytes]) -> bytes:
    """``bitmap u64`` and the compact signatures in the set's order; raises KeyError for one who is no member."""
    places = {member.address: index for index, member in enumerate(signers.members)}
    ordered = sorted((places[address], compact) for address, compact in signatures.items())
    bitmap = sum(1 << index for index, _ in ordered)
    return bitmap.to_bytes(_BITMAP_BYTES, "big") + b"".join(compact for _, compact in ordered)


def sign_quorum(signers: SignerSet, keys: Mapping[Address, bytes], digest: Hash) -> bytes:
    """Sign with all keys given: for tests and for a set whose keys stand in one place."""
    return encode_quorum_signature(signers, {address: sign_digest(key, digest) for address, key in keys.items()})


def _named_members(signers: SignerSet, signature: bytes) -> list[int]:
    if len(signature) < _BITMAP_BYTES:
        raise TooFewSignatures(0, len(signature))
    bitmap = int.from_bytes(signature[:_BITMAP_BYTES], "big")
    if bitmap >> len(signers.members):
        raise UnknownSigner(bitmap.bit_length() - 1, len(signers.members))
    named = [index for index in range(len(signers.members)) if bitmap >> index & 1]
    expected = _BITMAP_BYTES + len(named) * COMPACT_BYTES
    if len(signature) < expected:
        raise TooFewSignatures(len(named), len(signature))
    if len(signature) > expected:
        raise TooManySignatures(len(named), len(signature))
    return named
