"""EIP-712 domains and words; the digests themselves are checked against eth-account by the vectors' generators."""

import pytest

from hub.proofs.eip712 import EvmDomain, SaltDomain, domain_separator, uint_word
from hub.proofs.errors import InvalidDomain
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Hash
from tests.vectors.writing import label

CONTRACT = Address(b"\x11" * 20)


@pytest.mark.parametrize("chain_id", [0, -1, 2**64])
def test_a_chain_id_out_of_range_is_refused(chain_id: int) -> None:
    with pytest.raises(InvalidDomain):
        EvmDomain(chain_id, CONTRACT)


@pytest.mark.parametrize("contract", [b"", bytes(20), b"\x11" * 19, b"\x11" * 21, b"\x11" * 32])
def test_a_contract_that_is_no_address_is_refused(contract: bytes) -> None:
    with pytest.raises(InvalidDomain):
        EvmDomain(1, Address(contract))


@pytest.mark.parametrize("salt", [b"", bytes(32), b"\x11" * 31, b"\x11" * 33])
def test_a_salt_that_is_no_genesis_is_refused(salt: bytes) -> None:
    with pytest.raises(InvalidDomain):
        SaltDomain(Hash(salt))


def test_every_part_of_a_domain_changes_its_separator() -> None:
    separators = [
        domain_separator("A", EvmDomain(1, CONTRACT)),
        domain_separator("B", EvmDomain(1, CONTRACT)),
        domain_separator("A", EvmDomain(2, CONTRACT)),
        domain_separator("A", EvmDomain(1, Address(b"\x12" * 20))),
        domain_separator("A", SaltDomain(Hash(label("one")))),
        domain_separator("A", SaltDomain(Hash(label("two")))),
    ]
    assert len(set(separators)) == len(separators)


@pytest.mark.parametrize("number", [-1, 2**256])
def test_a_number_beyond_a_word_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        uint_word(number)


def test_keccak_is_ethereum_s_not_the_standard_s() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
