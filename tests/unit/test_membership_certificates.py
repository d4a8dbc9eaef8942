"""Hostile certificates by name: each starts from a valid one and has one thing wrong."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

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
    DAY,
    NOW,
    YEAR,
    Certified,
    Draft,
    der_header,
    der_of,
    elements,
    intermediate,
    key_of,
    leaf,
    mirrored,
    name,
    revocations,
    root,
    sign_again,
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


# --- path length ---


def test_a_path_longer_than_an_authority_allows(world: MembershipWorld) -> None:
    narrow = (
        intermediate(world.root, "narrow")
        .with_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .signed()
    )
    under = intermediate(narrow, "under").signed()
    assert world.enrol(leaf(narrow), narrow).name == "ann"
    with refused(world, e.PathTooLong):
        world.enrol(leaf(under, member="bob"), narrow, under)
    with refused(world, e.PathTooLong):
        organisations.add_authority(world.ctx, "bank-a", under.der)


def test_a_root_bounds_the_path_as_well() -> None:
    world = MembershipWorld()
    short = root("short").with_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).signed()
    organisations.add_authority(world.ctx, "bank-a", short.der)
    under = intermediate(short, "under").signed()
    assert world.enrol(leaf(short)).name == "ann"
    with refused(world, e.PathTooLong):
        world.enrol(leaf(under, member="bob"), under)


def test_three_intermediates_and_no_more(world: MembershipWorld) -> None:
    one, chain = world.root, []
    for depth in range(4):
        one = intermediate(one, f"depth {depth}").signed()
        chain.append(one)
        if depth < 3:
            assert world.enrol(leaf(one, member=f"m{depth}"), *chain).name == f"m{depth}"
    with refused(world, e.PathTooLong):
        world.enrol(leaf(one, member="m3"), *chain)
    with refused(world, e.PathTooLong):
        organisations.add_authority(world.ctx, "bank-a", one.der)


def test_authorities_that_sign_each_other_lead_nowhere(world: MembershipWorld) -> None:
    first, second = root("first"), root("second")
    one = intermediate(second.signed(), "first").signed()
    two = intermediate(first.signed(), "second").signed()
    with refused(world, e.WrongAuthority):
        world.enrol(leaf(one), one, two)


def test_too_many_intermediates(world: MembershipWorld) -> None:
    with refused(world, e.TooManyIntermediates):
        world.enrol(world.member(), *[world.issuing] * 5)


# --- name constraints ---

DNS, MAIL, URI = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier
NET = x509.IPAddress(IPv4Network("10.0.0.0/8"))
NET6 = x509.IPAddress(IPv6Network("2001:db8::/32"))
CONSTRAINED: dict[str, tuple[list[x509.GeneralName], list[x509.GeneralName], list[x509.GeneralName], bool]] = {
    # permitted, excluded, the member's names, whether it is accepted
    "no names at all": ([DNS("a.example")], [], [], True),
    "DNS: the name itself": ([DNS("a.example")], [], [DNS("a.example")], True),
    "DNS: below": ([DNS("a.example")], [], [DNS("x.A.example")], True),
    "DNS: beside": ([DNS("a.example")], [], [DNS("b.example")], False),
    "DNS: above": ([DNS("a.example")], [], [DNS("example")], False),
    "DNS: the same letters at its end": ([DNS("a.example")], [], [DNS("evila.example")], False),
    "DNS: one of two": ([DNS("a.example")], [], [DNS("a.example"), DNS("b.example")], False),
    "DNS: one of two permitted": ([DNS("a.example"), DNS("b.example")], [], [DNS("b.example")], True),
    "DNS: excluded": ([], [DNS("a.example")], [DNS("x.a.example")], False),
    "DNS: beside the excluded": ([], [DNS("a.example")], [DNS("b.example")], True),
    "DNS: permitted and excluded": ([DNS("example")], [DNS("a.example")], [DNS("a.example")], False),
    "DNS: a wildcard over the excluded": ([], [DNS("x.a.example")], [DNS("*.a.example")], False),
    "DNS: a wildcard within the permitted": ([DNS("a.example")], [], [DNS("*.a.example")], True),
    "e-mail: the host": ([MAIL("a.example")], [], [MAIL("ann@A.example")], True),
    "e-mail: a host below": ([MAIL("a.example")], [], [MAIL("ann@x.a.example")], False),
    "e-mail: below a domain": ([MAIL(".a.example")], [], [MAIL("ann@x.a.example")], True),
    "e-mail: the domain itself": ([MAIL(".a.example")], [], [MAIL("ann@a.example")], False),
    "e-mail: another host": ([MAIL("a.example")], [], [MAIL("ann@b.example")], False),
    "e-mail: the mailbox": ([MAIL("ann@a.example")], [], [MAIL("ann@a.example")], True),
    "e-mail: another mailbox": ([MAIL("ann@a.example")], [], [MAIL("bob@a.example")], False),
    "e-mail: excluded": ([], [MAIL("a.example")], [MAIL("ann@a.example")], False),
    "e-mail: DNS constraints do not bind it": ([DNS("a.example")], [], [MAIL("ann@b.example")], True),
    "DNS: a constraint in capitals": ([DNS("A.Example")], [], [DNS("x.a.example")], True),
    "DNS: excluded in capitals": ([], [DNS("A.Example")], [DNS("x.a.example")], False),
    "DNS: none at all": ([], [DNS("")], [DNS("b.example")], False),
    "DNS: e-mail constraints do not bind it": ([MAIL("a.example")], [], [DNS("b.example")], True),
    "e-mail: a constraint in capitals": ([MAIL("A.Example")], [], [MAIL("ann@a.example")], True),
    "e-mail: a mailbox on a host in capitals": ([MAIL("ann@A.Example")], [], [MAIL("ann@a.example")], True),
    "e-mail: a mailbox in capitals": ([MAIL("ann@a.example")], [], [MAIL("ANN@a.example")], False),
    "e-mail: excluded below a domain": ([], [MAIL(".a.example")], [MAIL("ann@x.a.example")], False),
    "DNS: a wildcard beside the excluded": ([], [DNS("x.b.example")], [DNS("*.a.example")], True),
    "e-mail: what DNS excludes is not meant": ([], [DNS("a.example")], [MAIL("ann@a.example")], True),
    "DNS: what e-mail excludes is not meant": ([], [MAIL("a.example")], [DNS("a.example")], True),
    "DNS: a wildcard beside the same letters": ([], [DNS("xa.example")], [DNS("*.a.example")], True),
    "IP: version 6, within": ([NET6], [], [x509.IPAddress(IPv6Address("2001:db8::1"))], True),
    "IP: version 6, beyond": ([NET6], [], [x509.IPAddress(IPv6Address("2001:db9::1"))], False),
    "IP: of the other version": ([NET], [], [x509.IPAddress(IPv6Address("::a00:1"))], False),
    "IP: of the other version, excluded": ([], [NET], [x509.IPAddress(IPv6Address("::a00:1"))], True),
    "IP: DNS constraints do not bind it": ([DNS("a.example")], [], [x509.IPAddress(IPv4Address("11.1.2.3"))], True),
    "IP: within": ([NET], [], [x509.IPAddress(IPv4Address("10.1.2.3"))], True),
    "IP: beyond": ([NET], [], [x509.IPAddress(IPv4Address("11.1.2.3"))], False),
    "IP: excluded": ([], [NET], [x509.IPAddress(IPv4Address("10.1.2.3"))], False),
}


def constrained(issuer: Certified, permitted: list[x509.GeneralName], excluded: list[x509.GeneralName]) -> Draft:
    """An intermediate that may certify some names only."""
    constraints = x509.NameConstraints(permitted or None, excluded or None)
    return intermediate(issuer, "constrained").with_extension(constraints, critical=True)


@pytest.mark.parametrize("case", CONSTRAINED)
def test_name_constraints(world: MembershipWorld, case: str) -> None:
    permitted, excluded, names, accepted = CONSTRAINED[case]
    issuer = constrained(world.root, permitted, excluded).signed()
    draft = leaf(issuer)
    made = (draft.with_extension(x509.SubjectAlternativeName(names)) if names else draft).signed()
    if accepted:
        assert world.enrol(made, issuer).name == "ann"
    else:
        with refused(world, e.NameConstraintBroken):
            world.enrol(made, issuer)


def test_a_constraint_binds_all_below_it(world: MembershipWorld) -> None:
    issuer = constrained(world.root, [DNS("a.example")], []).signed()
    between = intermediate(issuer, "between").signed()
    wrong = leaf(between).with_extension(x509.SubjectAlternativeName([DNS("b.example")])).signed()
    with refused(world, e.NameConstraintBroken):
        world.enrol(wrong, issuer, between)


def test_a_constraint_on_e_mail_binds_an_authority_s_subject(world: MembershipWorld) -> None:
    issuer = constrained(world.root, [MAIL("a.example")], []).signed()
    for host, accepted in (("a.example", True), ("b.example", False)):
        label = f"between {host}"
        between = intermediate(issuer, label).with_(subject=name(CN=label, E=f"ca@{host}")).signed()
        mail = x509.SubjectAlternativeName([MAIL("ann@a.example")])
        if accepted:
            assert world.enrol(leaf(between).with_extension(mail), issuer, between).name == "ann"
        else:
            with refused(world, e.NameConstraintBroken):
                world.enrol(leaf(between, member="bob").with_extension(mail), issuer, between)


@pytest.mark.parametrize("kind", [URI("a.example"), x509.DirectoryName(name(O="bank-a"))], ids=["URI", "directory"])
@pytest.mark.parametrize("critical", [True, False])
def test_a_constraint_that_is_not_understood(world: MembershipWorld, kind: x509.GeneralName, critical: bool) -> None:
    issuer = intermediate(world.root, "x").with_extension(x509.NameConstraints([kind], None), critical).signed()
    with refused(world, e.UnsupportedNameConstraint):
        world.enrol(leaf(issuer), issuer)
    with refused(world, e.UnsupportedNameConstraint):
        organisations.add_authority(world.ctx, "bank-a", issuer.der)


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


# --- time ---


def test_time_is_the_block_s(world: MembershipWorld) -> None:
    identity = world.enrol(world.member())
    record = registry.certificate(world.state, identity.fingerprint)
    assert record is not None
    assert (record.valid_from, record.valid_until) == (NOW - DAY, NOW + 2 * YEAR)
    assert world.authenticate(identity, record.valid_until - 1) == identity
    assert world.authenticate(identity, record.valid_from) == identity
    for time, error in ((record.valid_until, e.CertificateExpired), (record.valid_from - 1, e.CertificateNotYetValid)):
        with refused(world, error):
            world.authenticate(identity, time)


def test_a_member_is_valid_no_longer_than_its_path(world: MembershipWorld) -> None:
    brief = intermediate(world.root, "brief").with_(not_before=NOW - 10, not_after=NOW + 10).signed()
    identity = world.enrol(leaf(brief), brief)
    for time, error in ((NOW + 10, e.CertificateExpired), (NOW - 11, e.CertificateNotYetValid)):
        with refused(world, error):
            world.authenticate(identity, time)
