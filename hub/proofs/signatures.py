"""secp256k1 signatures over a digest, 64 bytes compact (EIP-2098), low s only (EIP-2)."""

from coincurve import PrivateKey, PublicKey

from hub.proofs.errors import HighS, UnrecoverableSignature
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Hash

COMPACT_BYTES = 64
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_HALF_ORDER = (_ORDER // 2).to_bytes(32, "big")


def sign_digest(key: bytes, digest: Hash) -> bytes:
    """Sign with a 32-byte private key (RFC 6979, deterministic): ``r ‖ (yParity << 255 | s)``."""
    signature = PrivateKey(key).sign_recoverable(digest, hasher=None)
    return signature[:32] + bytes((signature[32] | signature[64] << 7,)) + signature[33:64]


def recover(digest: Hash, compact: bytes) -> Address:
    """The address whose key signed; raises HighS, UnrecoverableSignature."""
    if len(compact) != COMPACT_BYTES:
        raise UnrecoverableSignature(compact)
    parity = compact[32] >> 7
    s = bytes((compact[32] & 0x7F,)) + compact[33:]
    if s > _HALF_ORDER:
        raise HighS(compact)
    try:
        public_key = PublicKey.from_signature_and_message(compact[:32] + s + bytes((parity,)), digest, hasher=None)
    except ValueError as error:
        raise UnrecoverableSignature(compact) from error
    return _address(public_key)


def address_of(key: bytes) -> Address:
    """The Ethereum address of a private key."""
    return _address(PrivateKey(key).public_key)


def _address(public_key: PublicKey) -> Address:
    return Address(keccak256(public_key.format(compressed=False)[1:])[12:])
