"""Sets of signers: what is one, and where two thirds end. Signatures over them are in the shared vectors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.proofs.errors import InvalidSignerSet, SignatureError
from hub.proofs.quorum import Member, SignerSet, is_quorum, least_quorum, sign_quorum, verify_quorum
from hub.quantities import Address, Epoch, Hash, Power
from tests.vectors.generate_quorum import ADDRESSES, DIGEST, KEYS
from tests.vectors.writing import label

KEY_OF = dict(zip(ADDRESSES, KEYS, strict=True))


def members(*pairs: tuple[bytes, int]) -> tuple[Member, ...]:
    return tuple(Member(Address(address), Power(power)) for address, power in pairs)


A, B = ADDRESSES[0], ADDRESSES[1]


@pytest.mark.parametrize(
    ("fault", "epoch", "given_members"),
    [
        ("nobody", 1, ()),
        ("65 members", 1, members(*((bytes(19) + bytes((i,)), 1) for i in range(1, 66)))),
        ("out of order", 1, members((B, 1), (A, 1))),
        ("the same twice", 1, members((A, 1), (A, 1))),
        ("the zero address", 1, members((bytes(20), 1), (A, 1))),
        ("an address of 19 bytes", 1, members((A[:19], 1))),
        ("an address of 21 bytes", 1, members((A + b"\x00", 1))),
        ("a power of zero", 1, members((A, 0), (B, 1))),
        ("a power beyond 64 bits", 1, members((A, 2**64))),
        ("epoch 0", 0, members((A, 1))),
        ("an epoch beyond 64 bits", 2**64, members((A, 1))),
    ],
)
def test_what_is_no_set_is_refused(fault: str, epoch: int, given_members: tuple[Member, ...]) -> None:
    with pytest.raises(InvalidSignerSet):
        SignerSet(Epoch(epoch), given_members)


def test_the_largest_set() -> None:
    everyone = members(*((bytes(19) + bytes((i,)), 2**64 - 1) for i in range(1, 65)))
    assert SignerSet(Epoch(2**64 - 1), everyone).total_power() == 64 * (2**64 - 1)


def test_a_repeated_address_makes_no_set() -> None:
    with pytest.raises(InvalidSignerSet):
        SignerSet.of_equals(1, [A, B, A])


def test_every_part_of_a_set_changes_its_hash() -> None:
    hashes = [
        SignerSet(Epoch(1), members((A, 1), (B, 1))).hash(),
        SignerSet(Epoch(2), members((A, 1), (B, 1))).hash(),
        SignerSet(Epoch(1), members((A, 1), (B, 2))).hash(),
        SignerSet(Epoch(1), members((A, 1))).hash(),
        SignerSet(Epoch(1), members((A, 1), (ADDRESSES[2], 1))).hash(),
    ]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(("total", "least"), list(enumerate([1, 2, 3, 3, 4, 5, 5, 6, 7, 7], start=1)))
def test_two_thirds_are_not_enough_and_one_more_is(total: int, least: int) -> None:
    assert least_quorum(total) == least
    assert is_quorum(least, total)
    assert not is_quorum(least - 1, total)


@given(st.lists(st.integers(1, 2**64 - 1), min_size=1, max_size=6), st.sets(st.integers(0, 5)))
def test_signatures_are_accepted_just_where_they_are_a_quorum(powers: list[int], signers: set[int]) -> None:
    chosen = SignerSet.of(1, dict(zip(ADDRESSES, powers, strict=False)))
    signing = [index for index in sorted(signers) if index < len(powers)]
    signature = sign_quorum(chosen, {ADDRESSES[i]: KEYS[i] for i in signing}, DIGEST)
    if 3 * sum(powers[i] for i in signing) > 2 * sum(powers):
        assert verify_quorum(chosen, DIGEST, signature) == len(signing)
    else:
        with pytest.raises(SignatureError):
            verify_quorum(chosen, DIGEST, signature)


@given(st.integers(0, 8 + 4 * 64 - 1), st.integers(1, 255))
def test_no_byte_of_a_quorum_signature_can_be_changed(place: int, change: int) -> None:
    five = SignerSet.of_equals(1, ADDRESSES[:5])
    sound = sign_quorum(five, {address: KEY_OF[address] for address in ADDRESSES[:4]}, DIGEST)
    altered = sound[:place] + bytes((sound[place] ^ change,)) + sound[place + 1 :]
    with pytest.raises(SignatureError):
        verify_quorum(five, DIGEST, altered)


def test_a_quorum_signature_is_for_one_digest() -> None:
    five = SignerSet.of_equals(1, ADDRESSES[:5])
    sound = sign_quorum(five, {address: KEY_OF[address] for address in ADDRESSES[:4]}, DIGEST)
    with pytest.raises(SignatureError):
        verify_quorum(five, Hash(label("another digest")), sound)
