"""Compact signatures: sign, recover, and what is refused."""

import contextlib

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.proofs.errors import HighS, SignatureError, UnrecoverableSignature
from hub.proofs.signatures import address_of, recover, sign_digest
from hub.quantities import Hash
from tests.vectors.writing import label

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = label("a key")
DIGEST = Hash(label("a digest"))
keys = st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32, "big"))
digests = st.binary(min_size=32, max_size=32).map(Hash)


@given(keys, digests)
@settings(max_examples=50)
def test_the_signer_is_recovered(key: bytes, digest: Hash) -> None:
    assert recover(digest, sign_digest(key, digest)) == address_of(key)


@given(keys, digests)
@settings(max_examples=25)
def test_eth_account_signs_and_sees_the_same(key: bytes, digest: Hash) -> None:
    theirs = Account.unsafe_sign_hash(digest, key)
    compact = theirs.r.to_bytes(32, "big") + ((theirs.v - 27) << 255 | theirs.s).to_bytes(32, "big")
    assert sign_digest(key, digest) == compact
    assert address_of(key).hex() == Account.from_key(key).address[2:].lower()


@pytest.mark.parametrize("s", [ORDER // 2 + 1, 2**255 - 1])
@pytest.mark.parametrize("parity", [0, 1])
def test_a_high_s_is_refused(s: int, parity: int) -> None:
    signature = sign_digest(KEY, DIGEST)
    with pytest.raises(HighS):
        recover(DIGEST, signature[:32] + (parity << 255 | s).to_bytes(32, "big"))


def test_the_greatest_low_s_is_not_high() -> None:
    signature = sign_digest(KEY, DIGEST)
    assert recover(DIGEST, signature[:32] + (ORDER // 2).to_bytes(32, "big"))


@pytest.mark.parametrize(
    ("attack", "signature"),
    [
        ("nothing", b""),
        ("a byte short", sign_digest(KEY, DIGEST)[:-1]),
        ("a byte long", sign_digest(KEY, DIGEST) + b"\x00"),
        ("all zero", bytes(64)),
        ("r is zero", bytes(32) + sign_digest(KEY, DIGEST)[32:]),
        ("s is zero", sign_digest(KEY, DIGEST)[:32] + bytes(32)),
        ("r is the order", ORDER.to_bytes(32, "big") + sign_digest(KEY, DIGEST)[32:]),
        ("r is no point", (5).to_bytes(32, "big") + sign_digest(KEY, DIGEST)[32:]),
    ],
)
def test_what_no_key_can_have_made_is_refused(attack: str, signature: bytes) -> None:
    with pytest.raises(UnrecoverableSignature):
        recover(DIGEST, signature)


def test_each_byte_of_a_signature_matters() -> None:
    signature = sign_digest(KEY, DIGEST)
    for place in range(64):
        flipped = bytearray(signature)
        flipped[place] ^= 0x55
        with contextlib.suppress(SignatureError):
            assert recover(DIGEST, bytes(flipped)) != address_of(KEY)
