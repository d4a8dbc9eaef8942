"""Writes quorum.json: quorum signatures, sound and hostile, each hostile one named after its attack."""

from typing import Any

from hub.proofs.eip712 import EvmDomain
from hub.proofs.errors import SignatureError
from hub.proofs.keccak import keccak256
from hub.proofs.quorum import SignerSet, encode_quorum_signature, verify_quorum
from hub.proofs.signatures import address_of, sign_digest
from hub.quantities import Address, Hash
from tests.vectors.generate_checkpoint import EVM, checkpoint
from tests.vectors.writing import label, write

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_made = [keccak256(b"interchain test key %d" % number) for number in range(20)]
KEYS: list[bytes] = sorted(_made, key=address_of)
"""Twenty private keys in the order of their addresses, so that key i is that of member i."""

ADDRESSES: list[Address] = [address_of(key) for key in KEYS]
DIGEST = checkpoint().digest(EVM)


def equals(count: int) -> SignerSet:
    """The set of the first ``count`` keys, each with power 1."""
    return SignerSet.of(1, dict.fromkeys(ADDRESSES[:count], 1))


def weighted(*powers: int) -> SignerSet:
    """The set of the first keys with these powers."""
    return SignerSet.of(1, dict(zip(ADDRESSES, powers, strict=False)))


def signed(signers: SignerSet, members: range | list[int], digest: Hash = DIGEST) -> bytes:
    """The quorum signature of these members."""
    return encode_quorum_signature(signers, {ADDRESSES[i]: sign_digest(KEYS[i], digest) for i in members})


def with_signature(signature: bytes, place: int, compact: bytes) -> bytes:
    """The same with one compact signature replaced."""
    start = 8 + 64 * place
    return signature[:start] + compact + signature[start + 64 :]


def flipped_parity(compact: bytes) -> bytes:
    return compact[:32] + bytes((compact[32] ^ 0x80,)) + compact[33:]


def bounds() -> list[tuple[str, SignerSet, bytes, str | None]]:
    """Both sides of the bound for 1 to 10 equal members, for 19, and for unequal powers."""
    cases: list[tuple[str, SignerSet, bytes, str | None]] = []
    for count in [*range(1, 11), 19]:
        least = next(m for m in range(count + 1) if 3 * m > 2 * count)
        short = "TooLittlePower"
        cases.append((f"{least - 1} of {count}", equals(count), signed(equals(count), range(least - 1)), short))
        cases.append((f"{least} of {count}", equals(count), signed(equals(count), range(least)), None))
    exact, above = weighted(1, 1, 1), weighted(2**63, 2**62, 2**62)
    return [
        *cases,
        ("exactly two thirds of the power", exact, signed(exact, [0, 1]), "TooLittlePower"),
        ("one power above two thirds", weighted(3, 4, 3), signed(weighted(3, 4, 3), [0, 1]), None),
        ("one great power is not two thirds", weighted(5, 2, 1), signed(weighted(5, 2, 1), [0]), "TooLittlePower"),
        ("powers beyond 64 bits in sum", above, signed(above, [0, 1]), None),
        ("powers beyond 64 bits in sum, too few", above, signed(above, [1, 2]), "TooLittlePower"),
        ("the last members only", equals(5), signed(equals(5), [1, 2, 3, 4]), None),
    ]


def hostile() -> list[tuple[str, SignerSet, bytes, str | None]]:
    """One broken thing each, from a valid signature of 4 of 5."""
    five = equals(5)
    valid = signed(five, range(4))
    first, second = valid[8:72], valid[72:136]
    elsewhere = checkpoint().digest(EvmDomain(1, EVM.contract))
    stranger = sign_digest(KEYS[9], DIGEST)
    s_only = first[32:]
    order = ORDER.to_bytes(32, "big")
    least_high_s = (ORDER // 2 + 1).to_bytes(32, "big")
    unknown = (0b101111).to_bytes(8, "big") + valid[8:] + stranger
    return [
        ("a valid one", five, valid, None),
        ("nothing at all", five, b"", "TooFewSignatures"),
        ("no signer", five, bytes(8), "TooLittlePower"),
        ("a bit beyond the set", five, unknown, "UnknownSigner"),
        ("the highest bit", five, (1 << 63 | 0b1111).to_bytes(8, "big") + valid[8:] + stranger, "UnknownSigner"),
        ("a signature cut off", five, valid[:-64], "TooFewSignatures"),
        ("a byte cut off", five, valid[:-1], "TooFewSignatures"),
        ("a signature too many", five, valid + stranger, "TooManySignatures"),
        ("a byte too many", five, valid + b"\x00", "TooManySignatures"),
        ("the same signature twice", five, with_signature(valid, 1, first), "WrongSigner"),
        ("two signatures exchanged", five, with_signature(with_signature(valid, 0, second), 1, first), "WrongSigner"),
        ("a stranger's signature", five, with_signature(valid, 3, stranger), "WrongSigner"),
        ("another chain's signatures", five, signed(five, range(4), elsewhere), "WrongSigner"),
        ("the least high s", five, with_signature(valid, 0, first[:32] + least_high_s), "HighS"),
        ("the greatest high s", five, with_signature(valid, 0, first[:32] + b"\xff" * 32), "HighS"),
        ("the other parity", five, with_signature(valid, 0, flipped_parity(first)), "WrongSigner"),
        ("r is zero", five, with_signature(valid, 0, bytes(32) + s_only), "UnrecoverableSignature"),
        ("s is zero", five, with_signature(valid, 0, first[:32] + bytes(32)), "UnrecoverableSignature"),
        (
            "r is the order",
            five,
            with_signature(valid, 0, order + s_only),
            "UnrecoverableSignature",
        ),
        ("r is no point", five, with_signature(valid, 0, (5).to_bytes(32, "big") + s_only), "UnrecoverableSignature"),
        ("all bytes zero", five, valid[:8] + bytes(256), "UnrecoverableSignature"),
    ]


def case(name: str, signers: SignerSet, signature: bytes, error: str | None) -> dict[str, Any]:
    try:
        verify_quorum(signers, DIGEST, signature)
        found = None
    except SignatureError as refusal:
        found = type(refusal).__name__
    assert found == error, f"{name}: {found} instead of {error}"
    return {"name": name, "set": described(signers), "signature": signature, "error": error}


def described(signers: SignerSet) -> dict[str, Any]:
    return {
        "epoch": signers.epoch,
        "addresses": [member.address for member in signers.members],
        "powers": [member.power for member in signers.members],
        "hash": signers.hash(),
        "totalPower": signers.total_power(),
    }


def vectors() -> dict[str, Any]:
    return {
        "about": "quorum signatures over one digest (docs/protocol.md, section 3); error null means accepted",
        "keys": KEYS,
        "addresses": ADDRESSES,
        "digest": DIGEST,
        "otherDigest": label("another digest"),
        "cases": [case(*entry) for entry in [*bounds(), *hostile()]],
    }


if __name__ == "__main__":
    write("quorum", vectors())
