"""The protobuf encoding of ICS-23 proofs (cosmos.ics23.v1.CommitmentProof), of which this is the only part in use."""

from hub.proofs.ics23 import ExistenceProof, InnerOp, NonExistenceProof
from hub.proofs.smt import LEAF_PREFIX

_SHA256 = 1
_LEAF_OP = (
    # hash, prehash_key and prehash_value SHA256, length NO_PREFIX (the default, hence left out), prefix
    bytes((0x08, _SHA256, 0x10, _SHA256, 0x18, _SHA256, 0x2A, len(LEAF_PREFIX))) + LEAF_PREFIX
)


def encode_commitment_proof(proof: ExistenceProof | NonExistenceProof) -> bytes:
    """The bytes of a ``CommitmentProof`` with that one alternative."""
    match proof:
        case ExistenceProof():
            return _field(1, _existence(proof))
        case NonExistenceProof(key, left, right):
            return _field(
                2,
                _field(1, key)
                + (b"" if left is None else _field(2, _existence(left)))
                + (b"" if right is None else _field(3, _existence(right))),
            )


def _existence(proof: ExistenceProof) -> bytes:
    steps = b"".join(_field(4, _inner(step)) for step in proof.path)
    return _field(1, proof.key) + _field(2, proof.value) + _field(3, _LEAF_OP) + steps


def _inner(step: InnerOp) -> bytes:
    suffix = _field(3, step.suffix) if step.suffix else b""
    return bytes((0x08, _SHA256)) + _field(2, step.prefix) + suffix


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited field."""
    return bytes((number << 3 | 2,)) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
