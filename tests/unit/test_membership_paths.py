"""A member's path to its root: how long it may be, under which names, and until when."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from cryptography import x509

from adapters.permissioned.ledger.membership import errors as e
from adapters.permissioned.ledger.membership import organisations, registry
from tests.unit.certificate_workshop import (
    DAY,
    NOW,
    YEAR,
    Certified,
    Draft,
    intermediate,
    leaf,
    name,
    root,
)
from tests.unit.membership_world import MembershipWorld, refused


@pytest.fixture
def world() -> MembershipWorld:
    return MembershipWorld()


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
