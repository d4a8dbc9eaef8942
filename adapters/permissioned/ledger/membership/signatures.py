"""What a member signs with the key of its certificate: ECDSA, r and s in fixed size, low s only.

SHA-256 for keys on P-256, SHA-384 for keys on P-384. Signing is deterministic (RFC 6979).
"""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from adapters.permissioned.ledger.identities import fingerprint
from adapters.permissioned.ledger.membership.certificates import read_member
from adapters.permissioned.ledger.membership.errors import MalformedMemberSignature, WrongMemberSignature

_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
"""How many points the curves P-256 and P-384 have (SEC 2)."""
_HASHES: dict[str, hashes.HashAlgorithm] = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384()}
_ALGORITHMS = {curve: ec.ECDSA(hashed) for curve, hashed in _HASHES.items()}


def verify_signature(certificate: bytes, preimage: bytes, signature: bytes) -> None:
    """Whether the key of a member's certificate (DER) signed ``preimage``.

    Raises MalformedMemberSignature, WrongMemberSignature, and CertificateError for what is no member's certificate.
    """
    key = _key(certificate)
    size, order = _half(key.curve), _ORDERS[key.curve.name]
    if len(signature) != 2 * size:
        raise MalformedMemberSignature(f"r and s have {size} bytes each")
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    if not (0 < r < order and 0 < s < order):
        raise MalformedMemberSignature("r and s lie between 0 and the order of the curve")
    if s > order // 2:
        raise MalformedMemberSignature("its s is high: only the low form is accepted")
    if not _is_signed(certificate, preimage, r, s):
        raise WrongMemberSignature(fingerprint(certificate))


def sign(key: ec.EllipticCurvePrivateKey, preimage: bytes) -> bytes:
    """``r ‖ s`` by a key on P-256 or P-384; raises KeyError for another curve."""
    hashed = ec.ECDSA(_HASHES[key.curve.name], deterministic_signing=True)
    r, s = decode_dss_signature(key.sign(preimage, hashed))
    size, order = _half(key.curve), _ORDERS[key.curve.name]
    return r.to_bytes(size, "big") + min(s, order - s).to_bytes(size, "big")


def _half(curve: ec.EllipticCurve) -> int:
    return curve.key_size // 8


@lru_cache(maxsize=4096)
def _key(certificate: bytes) -> ec.EllipticCurvePublicKey:
    return read_member(certificate)[0].key


@lru_cache(maxsize=8192)
def _is_signed(certificate: bytes, preimage: bytes, r: int, s: int) -> bool:
    """A matter of these bytes alone: looked at on admission, it need not be worked out again in the block."""
    key = _key(certificate)
    try:
        key.verify(encode_dss_signature(r, s), preimage, _ALGORITHMS[key.curve.name])
    except InvalidSignature:
        return False
    return True
