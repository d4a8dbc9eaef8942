"""What a member's key signed, and everything that is nearly that; and the errors of membership as a whole."""

import grpc
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from adapters.permissioned.ledger.errors import LedgerError
from adapters.permissioned.ledger.governance import errors as governance
from adapters.permissioned.ledger.membership import errors as e
from adapters.permissioned.ledger.membership.signatures import sign, verify_signature
from hub.errors import HubError
from tests.unit.certificate_workshop import ORDERS, Certified, key_of, leaf, root

PREIMAGE = b"\x19Interchain Ledger Transaction:\n" + bytes(64)
CURVES = {"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1()}


def certified(curve: str) -> Certified:
    return leaf(root().signed(), key=key_of("signer", CURVES[curve])).signed()


@pytest.mark.parametrize("curve", CURVES)
def test_a_signature_holds(curve: str) -> None:
    member = certified(curve)
    signature = sign(member.key, PREIMAGE)
    assert len(signature) == 2 * CURVES[curve].key_size // 8
    assert sign(member.key, PREIMAGE) == signature, "signing is deterministic"
    verify_signature(member.der, PREIMAGE, signature)


@pytest.mark.parametrize("curve", CURVES)
def test_the_hash_is_that_of_the_curve(curve: str) -> None:
    member = certified(curve)
    size, order = CURVES[curve].key_size // 8, ORDERS[curve]
    other = hashes.SHA384() if curve == "secp256r1" else hashes.SHA256()
    r, s = decode_dss_signature(member.key.sign(PREIMAGE, ec.ECDSA(other)))
    with pytest.raises(e.WrongMemberSignature):
        verify_signature(member.der, PREIMAGE, r.to_bytes(size, "big") + min(s, order - s).to_bytes(size, "big"))


@pytest.mark.parametrize("curve", CURVES)
def test_each_bit_matters(curve: str) -> None:
    member = certified(curve)
    signature = sign(member.key, PREIMAGE)
    for at in range(len(signature)):
        changed = signature[:at] + bytes((signature[at] ^ 1 << at % 8,)) + signature[at + 1 :]
        with pytest.raises((e.WrongMemberSignature, e.MalformedMemberSignature)):
            verify_signature(member.der, PREIMAGE, changed)


@pytest.mark.parametrize("curve", CURVES)
def test_malformed(curve: str) -> None:
    member = certified(curve)
    signature = sign(member.key, PREIMAGE)
    size, order = len(signature) // 2, ORDERS[curve]
    r, s = signature[:size], signature[size:]
    mirror = (order - int.from_bytes(s, "big")).to_bytes(size, "big")
    zero, top = bytes(size), order.to_bytes(size, "big")
    for given in (b"", signature[:-1], signature + b"\x00", r + mirror, zero + s, r + zero, top + s, r + top):
        with pytest.raises(e.MalformedMemberSignature):
            verify_signature(member.der, PREIMAGE, given)


@pytest.mark.parametrize("curve", CURVES)
def test_at_the_edges_of_what_is_well_formed(curve: str) -> None:
    """Well-formed, and nobody's signature."""
    member, order, size = certified(curve), ORDERS[curve], CURVES[curve].key_size // 8
    for r, s in ((1, 1), (order - 1, 1), (1, order // 2)):
        with pytest.raises(e.WrongMemberSignature):
            verify_signature(member.der, PREIMAGE, r.to_bytes(size, "big") + s.to_bytes(size, "big"))
    high = (1).to_bytes(size, "big") + (order // 2 + 1).to_bytes(size, "big")
    with pytest.raises(e.MalformedMemberSignature):
        verify_signature(member.der, PREIMAGE, high)


def test_another_s_signature_or_text() -> None:
    member, other = certified("secp256r1"), leaf(root().signed(), member="bob").signed()
    signature = sign(member.key, PREIMAGE)
    for _ in range(2):  # the second time what was worked out is remembered
        verify_signature(member.der, PREIMAGE, signature)
        with pytest.raises(e.WrongMemberSignature):
            verify_signature(other.der, PREIMAGE, signature)
        with pytest.raises(e.WrongMemberSignature):
            verify_signature(member.der, PREIMAGE + b"\x00", signature)


def test_no_member_no_signature() -> None:
    authority = root().signed()
    with pytest.raises(e.AuthorityAsMember):
        verify_signature(authority.der, PREIMAGE, sign(authority.key, PREIMAGE))
    with pytest.raises(e.CertificateMalformed):
        verify_signature(b"", PREIMAGE, bytes(64))


# --- errors ---

CONCRETE = [
    error
    for module in (e, governance)
    for error in vars(module).values()
    if isinstance(error, type) and issubclass(error, LedgerError) and "template" in vars(error)
]


@pytest.mark.parametrize("error", CONCRETE, ids=lambda error: error.__name__)
def test_each_error_is_told_with_a_status(error: type[LedgerError]) -> None:
    assert grpc.StatusCode[error.status] is not grpc.StatusCode.OK


def test_reasons_are_unique_among_all_errors() -> None:
    def family(error: type[HubError]) -> set[type[HubError]]:
        return {error}.union(*map(family, error.__subclasses__()))

    concrete = [each for each in family(HubError) if "template" in vars(each)]
    reasons = [each.reason() for each in concrete]
    assert {r for r in reasons if reasons.count(r) > 1} == set()
