"""Certificates in bytes that no builder writes: each is refused, and nobody becomes another by them."""

from collections.abc import Callable

import pytest

from adapters.permissioned.ledger.errors import LedgerError
from adapters.permissioned.ledger.membership import errors as e
from adapters.permissioned.ledger.membership import registry
from tests.unit.certificate_workshop import (
    der_header,
    der_of,
    elements,
    intermediate,
    leaf,
    mirrored,
    sign_again,
)
from tests.unit.membership_world import MembershipWorld, refused


@pytest.fixture
def world() -> MembershipWorld:
    return MembershipWorld()


# --- bytes that no builder writes ---


@pytest.mark.parametrize("serial", [b"\x00", b"\xff\x01", b"\x00" + b"\xff" * 20, b"", b"\x80"], ids=bytes.hex)
def test_a_serial_number_that_is_none(world: MembershipWorld, serial: bytes) -> None:
    der = sign_again(world.member().signed().der, world.issuing.key, {1: der_of(0x02, serial)})
    with refused(world, e.InvalidSerialNumber):
        registry.enrol(world.ctx, der)


def test_what_stands_in_the_place_of_a_serial_number(world: MembershipWorld) -> None:
    der = sign_again(world.member().signed().der, world.issuing.key, {1: der_of(0x04, b"\x07")})
    version = b"\xa0\x03\x02\x01\x02"
    for given in (der, *(der_of(0x30, der_of(0x30, version + rest)) for rest in (b"", b"\x02", b"\x02\x02\x01"))):
        with refused(world, e.InvalidSerialNumber):
            registry.enrol(world.ctx, given)


def test_every_beginning_of_a_certificate_is_refused(world: MembershipWorld) -> None:
    der = world.member().signed().der
    for length in range(len(der)):
        with pytest.raises(e.CertificateError):
            registry.enrol(world.ctx.branch(), der[:length])


def test_signing_again_by_itself_changes_nothing(world: MembershipWorld) -> None:
    der = sign_again(world.member().signed().der, world.issuing.key, {})
    assert registry.enrol(world.ctx, der).name == "ann"


@pytest.mark.parametrize("version", [b"", b"\xa0\x03\x02\x01\x01", b"\xa0\x03\x02\x01\x03"], ids=["1", "2", "4"])
def test_a_version_that_is_not_3(world: MembershipWorld, version: bytes) -> None:
    der = sign_again(world.member().signed().der, world.issuing.key, {0: version})
    with refused(world, e.WrongCertificateVersion):
        registry.enrol(world.ctx, der)


def test_an_empty_certificate_has_no_version(world: MembershipWorld) -> None:
    with refused(world, e.WrongCertificateVersion):
        registry.enrol(world.ctx, der_of(0x30, der_of(0x30, b"")))


def rotten() -> dict[str, Callable[[bytes], bytes]]:
    def unused_bits(der: bytes) -> bytes:
        signed, algorithm, signature = elements(der)
        return der_of(0x30, signed + algorithm + der_of(0x03, b"\x01" + signature[der_header(signature) + 1 :]))

    return {
        "nothing": lambda der: b"",
        "one byte": lambda der: b"\x30",
        "text": lambda der: b"-----BEGIN CERTIFICATE-----",
        "a byte after its end": lambda der: der + b"\x00",
        "twice": lambda der: der + der,
        "cut short": lambda der: der[:-1],
        "unused bits in its signature": unused_bits,
        "an endless length": lambda der: b"\x30\x84\xff\xff\xff\xff" + der[4:],
        "a longer length than needed": lambda der: b"\x30\x83\x00" + der[2:],
    }


@pytest.mark.parametrize("case", rotten())
def test_bytes_that_are_not_exactly_a_certificate(world: MembershipWorld, case: str) -> None:
    member = world.member()
    serial = next(  # one whose signature ends in a bit 0, so that it could be taken for an unused one
        number for number in range(1, 99) if not member.with_(serial=number).signed().certificate.signature[-1] & 1
    )
    der = rotten()[case](member.with_(serial=serial).signed().der)
    with refused(world, e.CertificateMalformed):
        registry.enrol(world.ctx, der)


def test_an_extension_twice(world: MembershipWorld) -> None:
    der = world.member().signed().der
    extensions = elements(elements(elements(der)[0])[7])[0]
    doubled = der_of(0xA3, der_of(0x30, b"".join([*elements(extensions), elements(extensions)[-1]])))
    with refused(world, e.CertificateMalformed):
        registry.enrol(world.ctx, sign_again(der, world.issuing.key, {7: doubled}))


def test_each_bit_of_a_certificate_matters(world: MembershipWorld) -> None:
    """A flipped bit is refused, by an error of the ledger; or what is enrolled is the same member with the same key."""
    der = world.member().signed().der
    accepted = 0
    for at in range(len(der)):
        for bit in range(8):
            changed = der[:at] + bytes((der[at] ^ 1 << bit,)) + der[at + 1 :]
            try:
                registry.enrol(world.ctx.branch(), changed)
            except LedgerError as error:
                str(error)
            else:
                accepted += 1
    assert accepted == 0


def test_each_bit_of_an_intermediate_matters(world: MembershipWorld) -> None:
    middle = intermediate(world.root, "middle").signed()
    member = leaf(middle).signed().der
    for at in range(len(middle.der)):
        changed = middle.der[:at] + bytes((middle.der[at] ^ 1 << at % 8,)) + middle.der[at + 1 :]
        with pytest.raises(LedgerError):
            registry.enrol(world.ctx.branch(), member, [changed])


def test_the_mirror_of_a_signature_makes_nobody_else(world: MembershipWorld) -> None:
    """ECDSA lets anyone write (r, n - s) for (r, s): another fingerprint of the same certificate."""
    der = world.member().signed().der
    first, second = registry.enrol(world.ctx, der), registry.enrol(world.ctx, mirrored(der))
    assert first.fingerprint != second.fingerprint
    assert (first.member, first.role, first.account) == (second.member, second.role, second.account)
