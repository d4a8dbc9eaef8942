"""Organisations, authorities and members in the state; who acts, and who does not any more."""

import pytest

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.errors import InvalidOrganisationId
from adapters.permissioned.ledger.governance.actions import (
    AddAuthority,
    AddOrganisation,
    RemoveAuthority,
    RemoveOrganisation,
    carry_out,
)
from adapters.permissioned.ledger.identities import (
    Fingerprint,
    Identity,
    MemberName,
    MemberRole,
    OrganisationId,
    fingerprint,
)
from adapters.permissioned.ledger.membership import errors as e
from adapters.permissioned.ledger.membership import organisations, registry
from adapters.permissioned.ledger.membership import validator_keys as v
from adapters.permissioned.ledger.membership.certificates import read_authority
from adapters.permissioned.ledger.membership.organisations import MAX_AUTHORITIES, MAX_ORGANISATIONS
from hub.proofs.signatures import address_of, sign_digest
from hub.quantities import Address, Hash, UnixSeconds
from tests.unit.certificate_workshop import DAY, NOW, YEAR, intermediate, key_of, leaf, root
from tests.unit.membership_world import MembershipWorld, refused

GENESIS = Hash(b"\x11" * 32)
KEY = b"\x07" * 32
ADDRESS = address_of(KEY)


@pytest.fixture
def world() -> MembershipWorld:
    return MembershipWorld()


# --- members ---


def test_a_stranger_is_nobody(world: MembershipWorld) -> None:
    with refused(world, e.CertificateUnknown):
        registry.authenticate(world.state, fingerprint(world.member().signed().der), NOW)


def test_enrolling_again_changes_nothing(world: MembershipWorld) -> None:
    first = world.enrol(world.member())
    assert [type(event) for event in world.ctx.events] == [events.MemberEnrolled]
    before = dict(world.state.changes)
    assert world.at(NOW + 5).enrol(world.member()) == first
    assert dict(world.state.changes) == before
    assert len(world.ctx.events) == 1


def test_a_member_stays_itself_when_its_certificate_is_renewed(world: MembershipWorld) -> None:
    first = world.enrol(world.member())
    second = world.enrol(world.member(role="admin").with_(serial=9, key=key_of("new"), not_after=NOW + 3 * YEAR))
    assert first.fingerprint != second.fingerprint
    assert (first.member, first.account) == (second.member, second.account)
    assert (first.role, second.role) == (MemberRole.MEMBER, MemberRole.ADMIN)
    assert world.authenticate(first).role is MemberRole.MEMBER
    found = set(registry.certificates_of(world.state, "bank-a", MemberName("ann")))
    assert found == {first.fingerprint, second.fingerprint}


def test_members_are_found_by_organisation_and_name(world: MembershipWorld) -> None:
    ann = world.enrol(world.member("ann"))
    anna = world.enrol(world.member("anna"))
    other = world.enrol(leaf(world.other_root, "bank-b", "ann"))
    assert list(registry.certificates_of(world.state, "bank-a")) == [ann.fingerprint, anna.fingerprint]
    assert list(registry.certificates_of(world.state, "bank-a", MemberName("ann"))) == [ann.fingerprint]
    assert list(registry.certificates_of(world.state, "bank-b")) == [other.fingerprint]
    assert ann.account != other.account


def test_a_renewed_root_prolongs_whoever_enrols_again(world: MembershipWorld) -> None:
    brief = root("brief").with_(not_after=NOW + DAY).signed()
    organisations.add_authority(world.ctx, "bank-a", brief.der)
    made = leaf(brief)
    identity = world.enrol(made)
    with refused(world, e.CertificateExpired):
        world.authenticate(identity, NOW + DAY)
    renewed = root("brief").with_(not_after=NOW + YEAR, serial=3).signed()
    assert organisations.add_authority(world.ctx, "bank-a", renewed.der) == read_authority(brief.der).authority_id
    assert world.enrol(made) == identity
    assert world.authenticate(identity, NOW + DAY) == identity


@pytest.mark.parametrize("role", [MemberRole.MEMBER, MemberRole.AUDITOR, MemberRole.VALIDATOR])
def test_a_role_is_required(world: MembershipWorld, role: MemberRole) -> None:
    identity = world.enrol(world.member(role=role))
    registry.require_role(identity, MemberRole.ADMIN, role)
    with refused(world, e.MemberRoleRefused) as error:
        registry.require_role(identity, MemberRole.ADMIN)
    assert str(error()) == f"bank-a/ann acts as {role}, this is for: admin"


# --- organisations and authorities ---


def test_a_removed_organisation_acts_no_more_and_may_come_back(world: MembershipWorld) -> None:
    identity = world.enrol(world.member())
    carry_out(world.ctx, RemoveOrganisation("bank-a"))
    with refused(world, e.OrganisationRemoved):
        world.authenticate(identity)
    with refused(world, e.OrganisationRemoved):
        world.enrol(world.member("bob"))
    assert organisations.live_organisations(world.state) == ("bank-b",)
    assert registry.certificate(world.state, identity.fingerprint) is not None
    carry_out(world.ctx, AddOrganisation("bank-a", "Bank A, new", (world.root.der,)))
    with refused(world, e.AuthorityRemoved):
        world.authenticate(identity)
    carry_out(world.ctx, AddAuthority("bank-a", world.issuing.der))
    assert world.authenticate(identity) == identity


def test_a_removed_authority_takes_what_it_signed(world: MembershipWorld) -> None:
    below, direct = world.enrol(world.member()), world.enrol(leaf(world.root, member="direct"))
    identifier = read_authority(world.issuing.der).authority_id
    carry_out(world.ctx, RemoveAuthority(identifier))
    with refused(world, e.AuthorityRemoved):
        world.authenticate(below)
    with refused(world, e.WrongAuthority):
        world.enrol(world.member("bob"))
    with refused(world, e.AuthorityRemoved):
        world.enrol(world.member("bob"), world.issuing)
    with refused(world, e.AuthorityRemoved):
        carry_out(world.ctx, RemoveAuthority(identifier))
    assert world.authenticate(direct) == direct


def test_a_removed_root_takes_all_below_it(world: MembershipWorld) -> None:
    below = world.enrol(world.member())
    carry_out(world.ctx, AddAuthority("bank-a", root("next root").signed().der))
    carry_out(world.ctx, RemoveAuthority(read_authority(world.root.der).authority_id))
    with refused(world, e.AuthorityRemoved):
        world.authenticate(below)
    with refused(world, e.WrongAuthority):
        world.enrol(world.member("bob"))


def test_an_organisation_keeps_a_root(world: MembershipWorld) -> None:
    """Its intermediate does not stand for one: nobody below it could act."""
    first, issuing = (read_authority(each.der).authority_id for each in (world.root, world.issuing))
    with refused(world, e.LastAuthority):
        carry_out(world.ctx, RemoveAuthority(first))
    following = organisations.add_authority(world.ctx, "bank-a", root("next root").signed().der)
    carry_out(world.ctx, RemoveAuthority(first))
    with refused(world, e.LastAuthority):
        carry_out(world.ctx, RemoveAuthority(following))
    carry_out(world.ctx, RemoveAuthority(issuing))
    carry_out(world.ctx, RemoveOrganisation("bank-a"))


def test_an_authority_belongs_to_one_organisation_for_good(world: MembershipWorld) -> None:
    with refused(world, e.AuthorityOfAnother):
        carry_out(world.ctx, AddAuthority("bank-b", world.root.der))
    carry_out(world.ctx, RemoveOrganisation("bank-a"))
    with refused(world, e.AuthorityOfAnother):
        carry_out(world.ctx, AddAuthority("bank-b", world.root.der))


def test_organisations_are_added_and_removed_once(world: MembershipWorld) -> None:
    with refused(world, e.OrganisationExists):
        organisations.add_organisation(world.ctx, "bank-a", "Bank A")
    with refused(world, e.OrganisationUnknown):
        organisations.remove_organisation(world.ctx, "bank-z")
    organisations.remove_organisation(world.ctx, "bank-b")
    with refused(world, e.OrganisationRemoved):
        organisations.remove_organisation(world.ctx, "bank-b")
    with refused(world, e.LastOrganisation):
        organisations.remove_organisation(world.ctx, "bank-a")
    assert [record.id for record in organisations.organisations(world.state)] == ["bank-a", "bank-b"]
    assert [record.id for record in organisations.organisations(world.state, "bank-a")] == ["bank-b"]


@pytest.mark.parametrize("identifier", ["", "A", "1a", "a b", "a/b", "a" * 33, "ä", "a\n"])
def test_an_organisation_s_identifier(world: MembershipWorld, identifier: str) -> None:
    with refused(world, InvalidOrganisationId):
        organisations.add_organisation(world.ctx, identifier, "Name")
    assert organisations.organisation(world.state, identifier * 300) is None


@pytest.mark.parametrize("display", ["", " x", "x ", "a\nb", "x" * 129])
def test_an_organisation_s_name(world: MembershipWorld, display: str) -> None:
    with refused(world, e.InvalidDisplayName):
        organisations.add_organisation(world.ctx, "bank-c", display)


def test_an_authority_is_added_once_or_renewed(world: MembershipWorld) -> None:
    with refused(world, e.AuthorityExists):
        organisations.add_authority(world.ctx, "bank-a", world.root.der)
    with refused(world, e.AuthorityUnknown):
        organisations.remove_authority(world.ctx, b"\x00" * 32)
    with refused(world, e.OrganisationUnknown):
        organisations.add_authority(world.ctx, "bank-z", root("z").signed().der)
    with refused(world, e.WrongAuthority):
        organisations.add_authority(world.ctx, "bank-a", intermediate(world.other_root, "x").signed().der)
    with refused(world, e.CertificateExpired):
        organisations.add_authority(world.ctx, "bank-a", root("x").with_(not_after=NOW).signed().der)
    with refused(world, e.NotAnAuthority):
        organisations.add_authority(world.ctx, "bank-a", world.member().signed().der)


def test_there_are_only_so_many_organisations(world: MembershipWorld) -> None:
    for number in range(MAX_ORGANISATIONS - 2):
        organisations.add_organisation(world.ctx, f"org-{number}", "Another")
    with refused(world, e.TooManyOrganisations):
        organisations.add_organisation(world.ctx, "one-more", "One more")
    organisations.remove_organisation(world.ctx, "bank-b")
    organisations.add_organisation(world.ctx, "one-more", "One more")


def test_an_organisation_has_only_so_many_authorities(world: MembershipWorld) -> None:
    for number in range(MAX_AUTHORITIES - 2):
        organisations.add_authority(world.ctx, "bank-a", root(f"root {number}").signed().der)
    with refused(world, e.TooManyAuthorities):
        organisations.add_authority(world.ctx, "bank-a", root("one more").signed().der)
    branch = intermediate(world.root, "branch").signed()
    with refused(world, e.TooManyAuthorities):
        world.enrol(leaf(branch), branch)
    organisations.remove_authority(world.ctx, read_authority(root("root 0").signed().der).authority_id)
    under = intermediate(branch, "under").signed()
    with refused(world, e.TooManyAuthorities):  # there is room for one of two: none is learned
        world.enrol(leaf(under), branch, under)
    assert world.enrol(leaf(branch), branch).name == "ann"


def test_what_comes_along_takes_no_room_from_what_is_voted_for(world: MembershipWorld) -> None:
    """An intermediate that has fallen into wrong hands signs others without end: its organisation can still change."""
    for number in range(registry.MAX_LEARNED):
        branch = intermediate(world.issuing, f"branch {number}").signed()
        world.enrol(leaf(branch, member=f"m{number}"), branch)
    branch = intermediate(world.issuing, "one more").signed()
    with refused(world, e.TooManyAuthorities):
        world.enrol(leaf(branch, member="last"), branch)
    assert world.enrol(world.member("ann")).name == "ann"
    first = read_authority(world.root.der).authority_id
    organisations.add_authority(world.ctx, "bank-a", root("next root").signed().der)
    organisations.remove_authority(world.ctx, first)


def test_a_registered_certificate_counts_before_one_that_comes_along(world: MembershipWorld) -> None:
    """What a vote narrowed is not widened by an older certificate of the same authority."""
    other = intermediate(world.root).with_(serial=5, not_after=NOW + DAY).signed()
    organisations.add_authority(world.ctx, "bank-a", other.der)
    identity = world.enrol(world.member(), world.issuing)
    record = registry.certificate(world.state, identity.fingerprint)
    assert record is not None
    assert record.valid_until == NOW + DAY


# --- validators ---


def bound(world: MembershipWorld, identity: Identity, key: bytes = KEY, genesis: Hash = GENESIS) -> None:
    proof = sign_digest(key, v.binding_digest(genesis, identity.member))
    v.bind_validator_key(world.ctx, identity, GENESIS, address_of(key), proof)


def test_a_checkpoint_key_is_bound_to_a_validator(world: MembershipWorld) -> None:
    identity = world.enrol(world.member(role="validator"))
    bound(world, identity)
    bound(world, identity)
    key = v.validator_key(world.state, ADDRESS)
    assert key is not None
    assert (key.organisation, key.name) == ("bank-a", "ann")
    assert sum(isinstance(event, events.ValidatorKeyBound) for event in world.ctx.events) == 1


def test_a_checkpoint_key_is_bound_by_its_owner_alone(world: MembershipWorld) -> None:
    ann = world.enrol(world.member(role="validator"))
    bob = world.enrol(world.member("bob", role="validator"))
    with refused(world, e.ValidatorKeyNotOwned):  # for another genesis
        bound(world, ann, genesis=Hash(b"\x22" * 32))
    with refused(world, e.ValidatorKeyNotOwned):  # ann's proof, sent by bob
        v.bind_validator_key(world.ctx, bob, GENESIS, ADDRESS, sign_digest(KEY, v.binding_digest(GENESIS, ann.member)))
    bound(world, ann)
    with refused(world, e.ValidatorKeyTaken):
        bound(world, bob)
    admin = Identity(ann.organisation, ann.name, MemberRole.ADMIN, ann.fingerprint)
    with refused(world, e.MemberRoleRefused):
        bound(world, admin)
    for address in (b"", bytes(20), b"\x01" * 21):
        with refused(world, e.InvalidValidatorKey):
            v.put_validator_key(world.ctx, OrganisationId("bank-a"), MemberName("ann"), Address(address))


@pytest.mark.parametrize(
    ("powers", "organisations_there", "expected"),
    [
        ({"a": 1, "b": 1, "c": 1}, 3, ()),
        ({"a": 1, "b": 1, "c": 1}, 4, ("a", "b", "c")),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, 4, ()),
        ({"a": 2, "b": 2, "c": 1, "d": 1}, 4, ("a", "b")),
        ({"a": 33, "b": 33, "c": 33, "d": 1}, 4, ()),
        ({"a": 34, "b": 33, "c": 33, "d": 1}, 5, ("a",)),
        ({"a": 1}, 4, ("a",)),
    ],
)
def test_nobody_has_a_third_alone(
    powers: dict[OrganisationId, int], organisations_there: int, expected: tuple[str, ...]
) -> None:
    assert v.too_powerful(powers, organisations_there) == expected


def test_a_set_s_power_is_of_the_organisations_whose_keys_it_has(world: MembershipWorld) -> None:
    keys = [Address(bytes([number]) * 20) for number in range(1, 5)]
    for address, organisation in zip(keys, ("bank-a", "bank-b", "bank-a"), strict=False):
        v.put_validator_key(world.ctx, OrganisationId(organisation), MemberName("node"), address)
    powers = list(zip(keys, (1, 2, 4, 8), strict=True))
    assert v.powers_of(world.state, powers[:3]) == {"bank-a": 5, "bank-b": 2}
    assert v.powers_of(world.state, powers) is None


def test_a_fingerprint_of_any_length_is_unknown(world: MembershipWorld) -> None:
    for given in (b"", b"\x00", b"\x00" * 33):
        with refused(world, e.CertificateUnknown):
            registry.authenticate(world.state, Fingerprint(Hash(given)), UnixSeconds(NOW))
