"""Hostile certificates by name: each starts from a valid one and has one thing wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.permissioned.ledger.errors import LedgerError
from adapters.permissioned.ledger.identities import MemberRole, member_account
from adapters.permissioned.ledger.membership import errors as e
from adapters.permissioned.ledger.membership import organisations, registry
from adapters.permissioned.ledger.membership.certificates import MAX_CERTIFICATE_BYTES, read_authority
from tests.unit.certificate_workshop import (
    NOW,
    YEAR,
    Certified,
    Draft,
    intermediate,
    key_of,
    leaf,
    mirrored,
    name,
    revocations,
    root,
    unknown_extension,
    usage,
)
from tests.unit.membership_world import MembershipWorld, refused

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # it is to be refused
ED25519_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def world() -> MembershipWorld:
    return MembershipWorld()


# --- what is accepted ---


def test_a_member_is_its_subject(world: MembershipWorld) -> None:
    identity = world.enrol(world.member())
    assert (identity.organisation, identity.name, identity.role) == ("bank-a", "ann", MemberRole.MEMBER)
    assert identity.member == "bank-a/ann"
    assert identity.account == member_account(identity.organisation, identity.name)
    assert world.authenticate(identity) == identity


@pytest.mark.parametrize("role", list(MemberRole))
def test_each_role_is_the_ou(world: MembershipWorld, role: MemberRole) -> None:
    assert world.enrol(world.member(role=role)).role is role
    assert role.writes is (role is not MemberRole.AUDITOR)


def strange_authority(world: MembershipWorld) -> Certified:
    """A root whose subject the library warns of."""
    odd = name(C="Atlantis", CN="strange")
    made = root("strange").with_(subject=odd, issuer=odd).signed()
    organisations.add_authority(world.ctx, "bank-a", made.der)
    return made


P384 = key_of("bank-a/ann", ec.SECP384R1())
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
ACCEPTED: dict[str, Callable[[MembershipWorld], Draft]] = {
    "straight from the root": lambda world: leaf(world.root),
    "on P-384": lambda world: world.member().with_(key=P384),
    "signed with SHA-384": lambda world: world.member().with_(algorithm=hashes.SHA384()),
    "signed with SHA-512": lambda world: world.member().with_(algorithm=hashes.SHA512()),
    "with the subject in another order": lambda world: world.member().with_(
        subject=name(CN="ann", OU="member", O="bank-a")
    ),
    "with names of its own": lambda world: world.member().with_extension(
        x509.SubjectAlternativeName([x509.DNSName("ann.example"), x509.UniformResourceIdentifier("urn:ann")])
    ),
    "with a critical name": lambda world: world.member().with_extension(
        x509.SubjectAlternativeName([x509.DNSName("ann.example")]), critical=True
    ),
    "without extended key usage": lambda world: world.member().without(x509.ExtendedKeyUsage),
    "also for servers": lambda world: world.member().with_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    ),
    "without basic constraints": lambda world: world.member().without(x509.BasicConstraints),
    "without authority key identifier": lambda world: world.member().without(x509.AuthorityKeyIdentifier),
    "with an unknown extension that is not critical": lambda world: world.member().with_extension(
        *unknown_extension(critical=False)
    ),
    "until after 2049": lambda world: leaf(world.root).with_(not_after=NOW + 9 * YEAR),
    "from this very second": lambda world: world.member().with_(not_before=NOW),
    "with the longest serial": lambda world: world.member().with_(serial=2**159 - 1),
    "under an authority with a strange country": lambda world: leaf(strange_authority(world)),
    "with the longest name": lambda world: world.member(name="a" * 64),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(world: MembershipWorld, case: str) -> None:
    identity = world.enrol(ACCEPTED[case](world))
    assert world.authenticate(identity) == identity


def test_an_intermediate_may_come_along(world: MembershipWorld) -> None:
    below = intermediate(world.issuing, "branch").signed()
    with refused(world, e.WrongAuthority):
        world.enrol(leaf(below))
    assert world.enrol(leaf(below), below).member == "bank-a/ann"
    known = organisations.authority(world.state, read_authority(below.der).authority_id)
    assert known is not None
    assert known.organisation == "bank-a"
    assert world.enrol(leaf(below, member="bob")).member == "bank-a/bob", "it is known now"


def test_a_whole_chain_may_come_along(world: MembershipWorld) -> None:
    assert world.enrol(world.member(), world.issuing, world.root).member == "bank-a/ann"


@pytest.mark.parametrize("usages", [[CLIENT], [SERVER, CLIENT], [ANY]], ids=["clients", "both", "any"])
def test_an_authority_whose_use_is_bounded_to_members(
    world: MembershipWorld, usages: list[x509.ObjectIdentifier]
) -> None:
    bounded = intermediate(world.root, "bounded").with_extension(x509.ExtendedKeyUsage(usages)).signed()
    assert world.enrol(leaf(bounded), bounded).name == "ann"


def test_a_certificate_may_be_just_so_large(world: MembershipWorld) -> None:
    """One byte more is refused, by its size alone."""

    def sized(padding: int) -> bytes:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), bytes(padding))
        return world.member().with_extension(extension).signed().der

    around = MAX_CERTIFICATE_BYTES - len(sized(0))
    by_size = {len(der): der for der in (sized(around - off) for off in range(12))}
    assert registry.enrol(world.ctx, by_size[MAX_CERTIFICATE_BYTES]).name == "ann"
    larger = next(der for der in (sized(around - off) for off in range(12)) if len(der) > MAX_CERTIFICATE_BYTES)
    with refused(world, e.CertificateTooLarge):
        registry.enrol(world.ctx, larger)


# --- what is refused: one thing wrong each ---

NO_SERIAL = "a serial number that no builder writes"
HOSTILE: dict[str, tuple[type[LedgerError], Callable[[MembershipWorld], Draft]]] = {
    "expired": (e.CertificateExpired, lambda w: w.member().with_(not_after=NOW - 1)),
    "ends this very second": (e.CertificateExpired, lambda w: w.member().with_(not_after=NOW)),
    "not yet valid": (e.CertificateNotYetValid, lambda w: w.member().with_(not_before=NOW + 1)),
    "ends before it begins": (
        e.CertificateMalformed,
        lambda w: w.member().with_(not_before=NOW, not_after=NOW),
    ),
    "signed by another organisation's authority": (e.WrongAuthority, lambda w: leaf(w.other_root)),
    "signed by another key under the authority's name": (
        e.WrongAuthority,
        lambda w: w.member().with_(issuer_key=key_of("stranger")),
    ),
    "signed by the authority's key under another name": (
        e.WrongAuthority,
        lambda w: w.member().with_(issuer=name(CN="stranger")),
    ),
    "self-signed": (
        e.SelfSigned,
        lambda w: w.member().with_(issuer=w.member().subject, issuer_key=w.member().key),
    ),
    "of an organisation that is none": (e.OrganisationUnknown, lambda w: leaf(w.issuing, "bank-z")),
    "an authority's": (
        e.AuthorityAsMember,
        lambda w: w.member().with_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True),
    ),
    "may sign certificates": (
        e.AuthorityAsMember,
        lambda w: w.member().with_extension(usage(digital_signature=True, key_cert_sign=True), critical=True),
    ),
    "weak key: RSA 1024": (e.WeakKey, lambda w: w.member().with_(key=WEAK_RSA_KEY)),
    "weak key: P-224": (e.WeakKey, lambda w: w.member().with_(key=key_of("x", ec.SECP224R1()))),
    "wrong key type: RSA": (e.WrongKeyType, lambda w: w.member().with_(key=RSA_KEY)),
    "wrong key type: Ed25519": (e.WrongKeyType, lambda w: w.member().with_(key=ED25519_KEY)),
    "wrong curve: secp256k1": (e.WrongCurve, lambda w: w.member().with_(key=key_of("x", ec.SECP256K1()))),
    "wrong curve: P-521": (e.WrongCurve, lambda w: w.member().with_(key=key_of("x", ec.SECP521R1()))),
    "wrong curve: brainpool": (e.WrongCurve, lambda w: w.member().with_(key=key_of("x", ec.BrainpoolP256R1()))),
    "signed with SHA-224": (e.WeakSignatureHash, lambda w: w.member().with_(algorithm=hashes.SHA224())),
    "signed with SHA-3": (e.WeakSignatureHash, lambda w: w.member().with_(algorithm=hashes.SHA3_256())),
    "unknown critical extension": (
        e.UnknownCriticalExtension,
        lambda w: w.member().with_extension(*unknown_extension()),
    ),
    "critical extension that is not checked": (
        e.UnknownCriticalExtension,
        lambda w: w.member().with_extension(x509.IssuerAlternativeName([x509.DNSName("x")]), critical=True),
    ),
    "no key usage": (e.WrongKeyUsage, lambda w: w.member().without(x509.KeyUsage)),
    "key usage without signatures": (
        e.WrongKeyUsage,
        lambda w: w.member().with_extension(usage(key_agreement=True), critical=True),
    ),
    "for servers only": (
        e.WrongKeyUsage,
        lambda w: w.member().with_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
    ),
    "for anything": (
        e.WrongKeyUsage,
        lambda w: w.member().with_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])),
    ),
    "name constraints in a member's certificate": (
        e.PathRefused,
        lambda w: w.member().with_extension(
            x509.NameConstraints(permitted_subtrees=[x509.DNSName("x")], excluded_subtrees=None), critical=True
        ),
    ),
    "too large": (
        e.CertificateTooLarge,
        lambda w: w.member().with_extension(
            x509.SubjectAlternativeName([x509.DNSName("a" * MAX_CERTIFICATE_BYTES)]),
        ),
    ),
    "an empty issuer": (e.CertificateMalformed, lambda w: w.member().with_(issuer=x509.Name([]))),
    "two organisations": (
        e.SubjectUnreadable,
        lambda w: w.member().with_(
            subject=x509.Name([*name(O="bank-a", OU="member", CN="ann"), *name(O="bank-b")]),
        ),
    ),
    "two roles": (
        e.SubjectUnreadable,
        lambda w: w.member().with_(subject=x509.Name([*name(O="bank-a", OU="member", CN="ann"), *name(OU="admin")])),
    ),
    "several attributes in one part of the subject": (
        e.SubjectUnreadable,
        lambda w: w.member().with_(
            subject=x509.Name(
                [
                    x509.RelativeDistinguishedName([*name(O="bank-a"), *name(OU="member"), *name(CN="ann")]),
                    x509.RelativeDistinguishedName(list(name(OU="admin"))),
                ]
            )
        ),
    ),
    "a country as well": (
        e.SubjectUnreadable,
        lambda w: w.member().with_(subject=name(C="DE", O="bank-a", OU="member", CN="ann")),
    ),
    "no role": (e.SubjectUnreadable, lambda w: w.member().with_(subject=name(O="bank-a", CN="ann"))),
    "an empty subject": (e.CertificateMalformed, lambda w: w.member().with_(subject=x509.Name([]))),
    "a role that is none": (e.SubjectUnreadable, lambda w: w.member(role="operator")),
    "a role in capitals": (e.SubjectUnreadable, lambda w: w.member(role="Admin")),
    "an organisation in capitals": (e.SubjectUnreadable, lambda w: leaf(w.issuing, "Bank-A")),
    "an organisation with a blank": (e.SubjectUnreadable, lambda w: leaf(w.issuing, "bank-a ")),
    "an organisation in letters that look alike": (e.SubjectUnreadable, lambda w: leaf(w.issuing, "b\u0430nk-a")),
    "a name with a slash": (e.SubjectUnreadable, lambda w: w.member(name="ann/admin")),
    "a name with a line break": (e.SubjectUnreadable, lambda w: w.member(name="ann\n")),
    "a name that is too long": (e.SubjectUnreadable, lambda w: w.member(name="a" * 65)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_refused(world: MembershipWorld, case: str) -> None:
    error, make = HOSTILE[case]
    made = make(world).signed()
    with refused(world, error):
        world.enrol(made)


HOSTILE_PATHS: dict[str, tuple[type[LedgerError], Callable[[MembershipWorld], Draft]]] = {
    "an intermediate that is no authority": (
        e.NotAnAuthority,
        lambda w: intermediate(w.root, "x").with_extension(x509.BasicConstraints(ca=False, path_length=None), True),
    ),
    "an intermediate without basic constraints": (
        e.NotAnAuthority,
        lambda w: intermediate(w.root, "x").without(x509.BasicConstraints),
    ),
    "an intermediate whose basic constraints are not critical": (
        e.PathRefused,
        lambda w: intermediate(w.root, "x").with_extension(x509.BasicConstraints(ca=True, path_length=None), False),
    ),
    "an intermediate that may not sign certificates": (
        e.WrongKeyUsage,
        lambda w: intermediate(w.root, "x").with_extension(usage(crl_sign=True), True),
    ),
    "an intermediate without key usage": (
        e.WrongKeyUsage,
        lambda w: intermediate(w.root, "x").without(x509.KeyUsage),
    ),
    "an intermediate for servers only": (
        e.WrongKeyUsage,
        lambda w: intermediate(w.root, "x").with_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
    ),
    "an expired intermediate": (
        e.CertificateExpired,
        lambda w: intermediate(w.root, "x").with_(not_before=NOW - YEAR, not_after=NOW - 1),
    ),
    "an intermediate that is not yet valid": (
        e.CertificateNotYetValid,
        lambda w: intermediate(w.root, "x").with_(not_before=NOW + 1),
    ),
    "an intermediate with an unknown critical extension": (
        e.UnknownCriticalExtension,
        lambda w: intermediate(w.root, "x").with_extension(*unknown_extension()),
    ),
    "an intermediate of another organisation": (e.WrongAuthority, lambda w: intermediate(w.other_root, "x")),
    "an intermediate of nobody": (e.WrongAuthority, lambda w: intermediate(root("nobody").signed(), "x")),
    "a root that came along": (e.WrongAuthority, lambda w: root("nobody")),
    "an intermediate with a forged signature": (
        e.WrongAuthority,
        lambda w: intermediate(w.root, "x").with_(issuer_key=key_of("stranger")),
    ),
    "an RSA intermediate": (e.WrongKeyType, lambda w: intermediate(w.root, "x").with_(key=RSA_KEY)),
    "a weak RSA intermediate": (e.WeakKey, lambda w: intermediate(w.root, "x").with_(key=WEAK_RSA_KEY)),
    "an intermediate on secp256k1": (
        e.WrongCurve,
        lambda w: intermediate(w.root, "x").with_(key=key_of("x", ec.SECP256K1())),
    ),
    "an intermediate signed with SHA-224": (
        e.WeakSignatureHash,
        lambda w: intermediate(w.root, "x").with_(algorithm=hashes.SHA224()),
    ),
    "another organisation's authority, cross-signed": (
        e.AuthorityOfAnother,
        lambda w: intermediate(w.root, "bank-b root", key=w.other_root.key),
    ),
}


@pytest.mark.parametrize("case", HOSTILE_PATHS)
def test_a_path_is_refused(world: MembershipWorld, case: str) -> None:
    error, make = HOSTILE_PATHS[case]
    made = make(world)
    signed = made.signed()
    # signed by a key of ours where the authority's own key is of a kind that could not sign with ECDSA
    signer = signed if isinstance(made.key, ec.EllipticCurvePrivateKey) else replace(signed, key=key_of("x"))
    member = leaf(signer).with_(issuer=signed.subject).signed()
    with refused(world, error):
        world.enrol(member, signed)


def test_an_authority_named_like_a_member_certifies_itself(world: MembershipWorld) -> None:
    """The root's own name and key, but not its flags: it must not pass for its own trust anchor."""
    top = (
        root(key=key_of("top"))
        .with_(subject=name(O="bank-a", OU="admin", CN="top"))
        .with_(issuer=name(O="bank-a", OU="admin", CN="top"))
    )
    organisations.add_authority(world.ctx, "bank-a", top.signed().der)
    itself = leaf(top.signed()).with_(subject=top.subject, key=top.key)
    with refused(world, e.SelfSigned):
        world.enrol(itself)
    with refused(world, e.AuthorityAsMember):
        world.enrol(top)


def test_a_root_s_name_and_key_in_a_member_s_certificate_are_no_root(world: MembershipWorld) -> None:
    """It is certified by another authority: its path leads up from there, and can be revoked."""
    subject = name(O="bank-a", OU="admin", CN="top")
    top = root(key=key_of("top")).with_(subject=subject, issuer=subject)
    organisations.add_authority(world.ctx, "bank-a", top.signed().der)
    itself = leaf(world.issuing).with_(subject=subject, key=top.key).signed()
    identity = world.enrol(itself)
    record = registry.certificate(world.state, identity.fingerprint)
    assert record is not None
    assert record.certificates == (itself.der, world.issuing.der, world.root.der)
    world.revoke(revocations(world.issuing, 1, itself).signed())
    with refused(world, e.CertificateRevoked):
        world.authenticate(identity)


# --- serial numbers ---


def test_the_same_serial_twice(world: MembershipWorld) -> None:
    world.enrol(world.member().with_(serial=7))
    with refused(world, e.SerialReused):
        world.enrol(world.member("bob").with_(serial=7))
    with refused(world, e.SerialReused):
        world.enrol(world.member("ann", role="admin").with_(serial=7))
    assert world.enrol(leaf(world.root, member="bob").with_(serial=7)).name == "bob", "another authority's serial 7"


def test_the_same_serial_for_a_member_and_an_authority(world: MembershipWorld) -> None:
    branch = intermediate(world.root, "branch").with_(serial=7).signed()
    world.enrol(leaf(branch), branch)
    with refused(world, e.SerialReused):
        world.enrol(leaf(world.root, member="bob").with_(serial=7))
    with refused(world, e.SerialReused):
        organisations.add_authority(world.ctx, "bank-a", intermediate(world.root, "x").with_(serial=7).signed().der)


def test_nobody_spoils_an_authority_s_serial_with_its_mirror(world: MembershipWorld) -> None:
    branch = intermediate(world.root, "branch").signed()
    registry.enrol(world.ctx, leaf(branch).signed().der, [mirrored(branch.der)])
    assert world.enrol(leaf(branch, member="bob"), branch).name == "bob"
