"""EIP-712 digests: what a validator or an attestor signs, bound to one purpose, chain and contract or genesis."""

from functools import lru_cache
from typing import assert_never

import msgspec

from hub.proofs.errors import InvalidDomain
from hub.proofs.keccak import keccak256
from hub.quantities import MAX_U64, Address, Hash


class EvmDomain(msgspec.Struct, frozen=True, array_like=True, tag="evm"):
    """A destination that is a contract: its EIP-155 chain ID and its address. Raises InvalidDomain."""

    chain_id: int
    contract: Address

    def __post_init__(self) -> None:
        if not 1 <= self.chain_id <= MAX_U64:
            raise InvalidDomain("an EIP-155 chain ID is a number from 1 to 2**64 - 1")
        if len(self.contract) != 20 or not any(self.contract):
            raise InvalidDomain("a contract's address has 20 bytes, not all of them zero")


class SaltDomain(msgspec.Struct, frozen=True, array_like=True, tag="salt"):
    """A destination without contracts: its genesis hash. Raises InvalidDomain."""

    salt: Hash

    def __post_init__(self) -> None:
        if len(self.salt) != 32 or not any(self.salt):
            raise InvalidDomain("a genesis hash has 32 bytes, not all of them zero")


Domain = EvmDomain | SaltDomain

_EVM_DOMAIN = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_SALT_DOMAIN = keccak256(b"EIP712Domain(string name,string version,bytes32 salt)")
_VERSION = keccak256(b"1")


@lru_cache(maxsize=1024)
def domain_separator(name: str, domain: Domain) -> Hash:
    """``hashStruct(EIP712Domain)``, version "1"."""
    match domain:
        case EvmDomain(chain_id, contract):
            return struct_hash(_EVM_DOMAIN, text_word(name), _VERSION, uint_word(chain_id), bytes(12) + contract)
        case SaltDomain(salt):
            return struct_hash(_SALT_DOMAIN, text_word(name), _VERSION, salt)
        case _:
            assert_never(domain)


def typed_digest(separator: Hash, hashed_struct: Hash) -> Hash:
    """``K(0x19 ‖ 0x01 ‖ domainSeparator ‖ hashStruct(message))``: the 32 bytes to sign."""
    return Hash(keccak256(b"\x19\x01" + separator + hashed_struct))


def struct_hash(*words: bytes) -> Hash:
    """``K(typeHash ‖ encodeData)`` from words already encoded, the type's hash first."""
    return Hash(keccak256(b"".join(words)))


def type_hash(encoded_type: str) -> bytes:
    """``K(encodeType)``."""
    return keccak256(encoded_type.encode())


def text_word(text: str) -> bytes:
    """A ``string`` member."""
    return keccak256(text.encode())


def uint_word(number: int) -> bytes:
    """A member of an unsigned type; raises OverflowError beyond 256 bits."""
    return number.to_bytes(32, "big")
