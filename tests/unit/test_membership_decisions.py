"""What is decided of organisations and authorities: what is made known of it, and the edges of what is accepted."""

import pytest

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.identities import OrganisationId, member_id, member_name
from adapters.permissioned.ledger.membership import certificates, organisations, revocation
from adapters.permissioned.ledger.membership import errors as e
from adapters.permissioned.ledger.membership.certificates import read_authority
from adapters.permissioned.ledger.membership.validator_keys import binding_digest, put_validator_key, validator_key
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Hash
from tests.unit.certificate_workshop import NOW, YEAR, intermediate, leaf, name, revocations, root
from tests.unit.membership_world import MembershipWorld, refused


@pytest.fixture
def world() -> MembershipWorld:
    return MembershipWorld()


def test_what_is_decided_is_made_known(world: MembershipWorld) -> None:
    top = root("bank-c root").signed()
    below = intermediate(top, "bank-c issuing").signed()
    branch = intermediate(below, "bank-c branch").signed()
    first, second, third = (read_authority(each.der).authority_id for each in (top, below, branch))
    organisations.add_organisation(world.ctx, "bank-c", "Bank C")
    organisations.add_authority(world.ctx, "bank-c", top.der)
    organisations.add_authority(world.ctx, "bank-c", below.der)
    ann = world.enrol(leaf(branch, "bank-c"), branch)
    organisations.remove_authority(world.ctx, second)
    organisations.remove_organisation(world.ctx, "bank-c")
    told = [event for event in world.ctx.events if not isinstance(event, events.MemberEnrolled)]
    assert told == [
        events.OrganisationAdded("bank-c", "Bank C"),
        events.AuthorityAdded(first, "bank-c", top.der, True),
        events.AuthorityAdded(second, "bank-c", below.der, True),
        events.AuthorityAdded(third, "bank-c", branch.der, False),
        events.AuthorityRemoved(second, "bank-c"),
        events.AuthorityRemoved(first, "bank-c"),
        events.AuthorityRemoved(third, "bank-c"),
        events.OrganisationRemoved("bank-c"),
    ]
    with refused(world, e.OrganisationRemoved):
        world.authenticate(ann)


def test_names_at_their_edges(world: MembershipWorld) -> None:
    longest = "a" * 32
    organisations.add_organisation(world.ctx, longest, "x" * 128)
    organisations.add_organisation(world.ctx, "b", "y")
    for identifier, display in ((longest, "x" * 128), ("b", "y")):
        found = organisations.organisation(world.state, identifier)
        assert found is not None
        assert found.display_name == display
    for control in ("\x00", "\x1f", "\x7f"):
        with refused(world, e.InvalidDisplayName):
            organisations.add_organisation(world.ctx, "bank-c", f"a{control}b")


def test_below_a_revoked_authority_none_is_registered(world: MembershipWorld) -> None:
    world.revoke(revocations(world.root, 1, world.issuing).signed())
    with refused(world, e.CertificateRevoked):
        organisations.add_authority(world.ctx, "bank-a", intermediate(world.issuing, "branch").signed().der)


def test_what_was_revoked_is_not_registered_anew(world: MembershipWorld) -> None:
    branch = intermediate(world.root, "branch").signed()
    world.revoke(revocations(world.root, 1, branch).signed())
    with refused(world, e.CertificateRevoked):
        organisations.add_authority(world.ctx, "bank-a", branch.der)


def test_the_serial_of_a_registered_authority_is_taken(world: MembershipWorld) -> None:
    organisations.add_authority(world.ctx, "bank-a", intermediate(world.root, "branch").with_(serial=7).signed().der)
    with refused(world, e.SerialReused):
        world.enrol(leaf(world.root).with_(serial=7))


def test_a_root_is_not_replaced_by_one_below_itself(world: MembershipWorld) -> None:
    """The root's name and key, certified by its own intermediate: a path that begins nowhere."""
    itself = intermediate(world.issuing, "itself", key=world.root.key).with_(subject=world.root.subject).signed()
    assert read_authority(itself.der).authority_id == read_authority(world.root.der).authority_id
    with refused(world, e.WrongAuthority):
        organisations.add_authority(world.ctx, "bank-a", itself.der)
    assert world.enrol(world.member()).name == "ann"


def test_the_bounds_are_as_they_were_agreed() -> None:
    """A node with others would not agree with the rest (docs/members.md)."""
    assert (organisations.MAX_ORGANISATIONS, organisations.MAX_AUTHORITIES) == (64, 32)
    assert organisations.MAX_DISPLAY_NAME_CHARACTERS == 128
    assert certificates.MAX_CERTIFICATE_BYTES == 8 * 1024
    assert (revocation.MAX_REVOKED, revocation.MAX_LIST_BYTES) == (2048, 128 * 1024)
    assert (proposals.MAX_OPEN, proposals.MAX_ACTION_BYTES, proposals.MAX_EXPIRING) == (8, 64 * 1024, 64)
    assert (proposals.LEAST_OPEN, proposals.MOST_OPEN) == (60, 90 * 24 * 3600)


def test_a_root_that_has_ended_is_none_to_stay_for(world: MembershipWorld) -> None:
    """The last one that has not ended stays, to the second; what is no root may go whatever has ended."""
    ending = root("ending").with_(not_after=NOW + 10).signed()
    organisations.add_authority(world.ctx, "bank-a", ending.der)
    first, issuing = (read_authority(each.der).authority_id for each in (world.root, world.issuing))
    with refused(world.at(NOW + 10), e.LastAuthority):
        organisations.remove_authority(world.ctx, first)
    organisations.remove_authority(world.at(NOW + 20 * YEAR).ctx, issuing)
    organisations.remove_authority(world.at(NOW + 9).ctx, first)


def test_what_a_checkpoint_key_signs_to_be_bound() -> None:
    genesis, member = Hash(b"\x11" * 32), member_id(OrganisationId("bank-a"), member_name("ann"))
    signed = b"\x19Interchain Ledger Validator:\n" + genesis + b"bank-a/ann"
    assert binding_digest(genesis, member) == keccak256(signed)


def test_a_checkpoint_key_s_address_may_have_zeros(world: MembershipWorld) -> None:
    address = Address(b"\x00\x01" * 10)
    put_validator_key(world.ctx, OrganisationId("bank-a"), member_name("ann"), address)
    assert validator_key(world.state, address) is not None


def test_an_unnamed_subject_is_none(world: MembershipWorld) -> None:
    with refused(world, e.CertificateMalformed):
        organisations.add_authority(world.ctx, "bank-a", root("x").with_(subject=name(), issuer=name()).signed().der)
