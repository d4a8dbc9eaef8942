"""Revocation lists: which are taken, which are refused by name, and from when on they count."""

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.errors import LedgerError
from adapters.permissioned.ledger.membership import errors as e
from adapters.permissioned.ledger.membership import organisations, registry, revocation
from adapters.permissioned.ledger.membership import revocation_errors as r
from adapters.permissioned.ledger.membership.certificates import read_authority
from adapters.permissioned.ledger.membership.revocation import MAX_LIST_BYTES, MAX_REVOKED
from hub.quantities import UnixSeconds
from tests.unit.certificate_workshop import (
    DAY,
    NOW,
    Certified,
    ListDraft,
    der_header,
    der_of,
    elements,
    intermediate,
    key_of,
    leaf,
    name,
    revocations,
    root,
    sign_again,
    unknown_extension,
    usage,
)
from tests.unit.membership_world import MembershipWorld, refused


@pytest.fixture
def world() -> MembershipWorld:
    return MembershipWorld()


def test_a_revoked_leaf_acts_no_more_and_is_not_forgotten(world: MembershipWorld) -> None:
    ann, bob = world.member().signed(), world.member("bob").signed()
    first, second = world.enrol(ann), world.enrol(bob)
    world.revoke(revocations(world.issuing, 1, ann).signed())
    with refused(world, e.CertificateRevoked):
        world.authenticate(first)
    with refused(world, e.CertificateRevoked):
        world.enrol(ann)
    assert world.authenticate(second) == second
    record = registry.certificate(world.state, first.fingerprint)
    assert record is not None
    assert record.certificates == (ann.der, world.issuing.der, world.root.der)
    assert world.enrol(world.member().with_(serial=77)).member == first.member, "the same member, certified anew"


def test_it_counts_from_the_next_transaction_of_the_same_block(world: MembershipWorld) -> None:
    ann = world.member().signed()
    identity = world.enrol(ann)
    transaction = world.ctx.branch()
    revocation.update_revocations(transaction, revocations(world.issuing, 1, ann).signed())
    assert world.authenticate(identity) == identity
    transaction.keep()
    with refused(world, e.CertificateRevoked):
        world.authenticate(identity)


def test_a_revoked_intermediate_takes_all_below_it(world: MembershipWorld) -> None:
    direct = world.enrol(leaf(world.root, member="direct"))
    below = world.enrol(world.member())
    world.revoke(revocations(world.root, 1, world.issuing).signed())
    with refused(world, e.CertificateRevoked):
        world.authenticate(below)
    with refused(world, e.CertificateRevoked):
        world.enrol(world.member("bob"))
    assert world.authenticate(direct) == direct


def test_what_an_authority_lifts_counts_again(world: MembershipWorld) -> None:
    ann, bob = world.member().signed(), world.member("bob").signed()
    identity = world.enrol(ann)
    world.revoke(revocations(world.issuing, 1, ann).signed())
    world.ctx.events.clear()
    world.revoke(revocations(world.issuing, 2, bob).signed())
    assert world.authenticate(identity) == identity
    authority = read_authority(world.issuing.der).authority_id
    assert [serial for serial, _ in revocation.revoked_serials(world.state, authority)] == [serial_bytes(bob)]
    (event,) = world.ctx.events
    assert isinstance(event, events.RevocationsUpdated)
    assert (event.added, event.lifted) == ((serial_bytes(bob),), (serial_bytes(ann),))


def serial_bytes(certified: Certified) -> bytes:
    return certified.certificate.serial_number.to_bytes(20, "big")


def test_another_authority_s_serials_are_not_meant(world: MembershipWorld) -> None:
    identity = world.enrol(world.member().with_(serial=7))
    world.revoke(revocations(world.root, 1).with_(serials=[7]).signed())
    assert world.authenticate(identity) == identity


def test_a_learned_intermediate_revokes_as_well(world: MembershipWorld) -> None:
    branch = intermediate(world.issuing, "branch").signed()
    ann = leaf(branch).signed()
    identity = world.enrol(ann, branch)
    world.revoke(revocations(branch, 1, ann).signed())
    with refused(world, e.CertificateRevoked):
        world.authenticate(identity)


def test_nobody_keeps_an_intermediate_from_revoking_by_an_older_certificate_of_it(world: MembershipWorld) -> None:
    branch = intermediate(world.issuing, "branch").signed()
    older = intermediate(world.issuing, "branch", serial=99, not_before=NOW - 60 * DAY)
    eve = leaf(branch, "bank-a", "eve").signed()
    identity = world.enrol(eve, branch)
    assert world.enrol(eve, older.with_extension(usage(key_cert_sign=True), critical=True).signed()) == identity
    world.revoke(revocations(branch, 1, eve).signed())
    with refused(world, e.CertificateRevoked):
        world.authenticate(identity)


def test_a_newer_certificate_of_an_intermediate_takes_the_place_of_an_older(world: MembershipWorld) -> None:
    branch = intermediate(world.issuing, "branch").with_extension(usage(key_cert_sign=True), critical=True).signed()
    newer = intermediate(world.issuing, "branch", serial=99, not_before=NOW - DAY).signed()
    ann, bob = leaf(branch).signed(), leaf(branch, member="bob").signed()
    world.enrol(ann, branch)
    with refused(world, r.RevocationNotPermitted):
        world.revoke(revocations(branch, 1, ann).signed())
    world.enrol(bob, newer)
    world.revoke(revocations(branch, 1, ann).signed())


def test_a_renewed_authority_keeps_its_list(world: MembershipWorld) -> None:
    ann = leaf(world.root).signed()
    identity = world.enrol(ann)
    world.revoke(revocations(world.root, 1, ann).signed())
    organisations.add_authority(
        world.ctx, "bank-a", root().with_(serial=99, not_after=NOW + 20 * 365 * DAY).signed().der
    )
    with refused(world, e.CertificateRevoked):
        world.authenticate(identity)


def test_a_stale_list_is_taken_told_and_locks_nobody_out(world: MembershipWorld) -> None:
    identity = world.enrol(world.member())
    world.revoke(revocations(world.issuing, 1, at=NOW - 30 * DAY).signed())
    known = revocation.revocation_list(world.state, read_authority(world.issuing.der).authority_id)
    assert known is not None
    assert known.is_stale(NOW)
    assert not known.is_stale(UnixSeconds(known.next_update - 1))
    assert world.authenticate(identity) == identity


def test_the_same_list_again_changes_nothing(world: MembershipWorld) -> None:
    crl = revocations(world.issuing, 1, world.member().signed()).signed()
    world.revoke(crl)
    before, told = dict(world.state.changes), list(world.ctx.events)
    world.revoke(crl)
    assert (dict(world.state.changes), world.ctx.events) == (before, told)


def test_another_list_that_differs_in_its_entry_alone(world: MembershipWorld) -> None:
    ann, bob = world.member().signed(), world.member("bob").signed()
    world.revoke(revocations(world.issuing, 1, ann).signed())
    with refused(world, r.RevocationListOutdated):
        world.revoke(revocations(world.issuing, 1, bob).signed())


def test_a_list_of_this_very_second(world: MembershipWorld) -> None:
    world.revoke(revocations(world.issuing, 1, at=NOW).signed())
    world.revoke(revocations(world.issuing, 2, at=NOW).signed())


def test_numbers_of_twenty_bytes(world: MembershipWorld) -> None:
    world.revoke(revocations(world.issuing, 2**159).signed())
    world.revoke(revocations(world.issuing, 2**160 - 1).signed())


# --- what is refused: one thing wrong each ---


def list_of(world: MembershipWorld) -> ListDraft:
    """Number 5 of bank-a's issuing authority, of one certificate."""
    return revocations(world.issuing, 5, world.member().signed())


def partial(**scope: object) -> x509.IssuingDistributionPoint:
    chosen: dict[str, object] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(chosen | scope))  # type: ignore[arg-type]


HOSTILE: dict[str, tuple[type[LedgerError], Callable[[MembershipWorld], ListDraft]]] = {
    "swapped: another authority's key under this one's name": (
        r.RevocationListForged,
        lambda w: list_of(w).with_(key=w.root.key),
    ),
    "swapped: this authority's key under another's name": (
        r.RevocationListForged,
        lambda w: list_of(w).with_(issuer=w.other_root.subject),
    ),
    "signed by a stranger": (r.RevocationListForged, lambda w: list_of(w).with_(key=key_of("stranger"))),
    "of an authority that is not registered": (
        r.RevocationListOfStranger,
        lambda w: revocations(root("nobody").signed(), 5),
    ),
    "by a member": (r.RevocationListOfStranger, lambda w: revocations(w.member().signed(), 5)),
    "rolled back to an older number": (
        r.RevocationListOutdated,
        lambda w: revocations(w.issuing, 3, at=NOW - 3600),
    ),
    "another of the same number": (r.RevocationListOutdated, lambda w: revocations(w.issuing, 4, at=NOW - 3600)),
    "made before the one that is known": (
        r.RevocationListFromThePast,
        lambda w: revocations(w.issuing, 5, at=NOW - DAY - 1),
    ),
    "of tomorrow": (r.RevocationListFromTheFuture, lambda w: revocations(w.issuing, 5, at=NOW + 1)),
    "without a number": (r.RevocationListMalformed, lambda w: list_of(w).without(x509.CRLNumber)),
    "with a number that is too long": (
        r.RevocationListMalformed,
        lambda w: list_of(w).with_extension(x509.CRLNumber(2**160)),
    ),
    "delta": (r.DeltaRevocationList, lambda w: list_of(w).with_extension(x509.DeltaCRLIndicator(1), critical=True)),
    "indirect": (
        r.IndirectRevocationList,
        lambda w: list_of(w).with_extension(partial(indirect_crl=True), critical=True),
    ),
    "indirect, by an entry": (
        r.IndirectRevocationList,
        lambda w: list_of(w).with_(
            entry_extensions=((x509.CertificateIssuer([x509.DirectoryName(name(CN="x"))]), True),)
        ),
    ),
    "of members only": (
        r.PartialRevocationList,
        lambda w: list_of(w).with_extension(partial(only_contains_user_certs=True), critical=True),
    ),
    "of one distribution point": (
        r.PartialRevocationList,
        lambda w: list_of(w).with_extension(
            partial(full_name=[x509.UniformResourceIdentifier("urn:x")]), critical=False
        ),
    ),
    "with an unknown critical extension": (
        e.UnknownCriticalExtension,
        lambda w: list_of(w).with_extension(*unknown_extension()),
    ),
    "with an unknown critical extension of an entry": (
        e.UnknownCriticalExtension,
        lambda w: list_of(w).with_(entry_extensions=(unknown_extension(),)),
    ),
    "with an entry that takes one back": (
        r.DeltaRevocationList,
        lambda w: list_of(w).with_(entry_extensions=((x509.CRLReason(x509.ReasonFlags.remove_from_crl), False),)),
    ),
    "signed with SHA-224": (e.WeakSignatureHash, lambda w: list_of(w).with_(algorithm=hashes.SHA224())),
    "with too many entries": (
        r.RevocationListTooLarge,
        lambda w: list_of(w).with_(serials=range(1, MAX_REVOKED + 2)),
    ),
    "with too many bytes": (
        r.RevocationListTooLarge,
        lambda w: list_of(w).with_extension(
            x509.UnrecognizedExtension(unknown_extension()[0].oid, bytes(MAX_LIST_BYTES))
        ),
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_refused(world: MembershipWorld, case: str) -> None:
    world.revoke(revocations(world.issuing, 4).signed())
    world.ctx.events.clear()
    error, make = HOSTILE[case]
    crl = make(world).signed()
    with refused(world, error):
        world.revoke(crl)


def test_the_valid_one_that_these_start_from_is_taken(world: MembershipWorld) -> None:
    world.revoke(revocations(world.issuing, 4).signed())
    world.revoke(list_of(world).signed())
    world.revoke(list_of(world).with_extension(x509.CRLNumber(6)).with_extension(*unknown_extension(False)).signed())


def test_the_most_entries_are_taken(world: MembershipWorld) -> None:
    world.revoke(list_of(world).with_(serials=range(1, MAX_REVOKED + 1)).signed())


def test_an_authority_that_may_not_revoke(world: MembershipWorld) -> None:
    mute = root("mute").with_extension(usage(key_cert_sign=True), critical=True).signed()
    organisations.add_authority(world.ctx, "bank-a", mute.der)
    world.ctx.events.clear()
    with refused(world, r.RevocationNotPermitted):
        world.revoke(revocations(mute, 1).signed())


def test_a_removed_authority_revokes_nothing(world: MembershipWorld) -> None:
    organisations.remove_authority(world.ctx, read_authority(world.issuing.der).authority_id)
    with refused(world, e.AuthorityRemoved):
        world.revoke(list_of(world).signed())


ROTTEN: dict[str, Callable[[bytes, MembershipWorld], bytes]] = {
    "nothing": lambda der, w: b"",
    "a byte after its end": lambda der, w: der + b"\x00",
    "cut short": lambda der, w: der[:-1],
    "a certificate": lambda der, w: w.issuing.der,
    "version 1": lambda der, w: sign_again(der, w.issuing.key, {0: b"", 6: b""}),
    "version 3": lambda der, w: sign_again(der, w.issuing.key, {0: b"\x02\x01\x02"}),
    "no next update": lambda der, w: sign_again(der, w.issuing.key, {4: b""}),
    "a next update before it": lambda der, w: sign_again(der, w.issuing.key, {4: elements(elements(der)[0])[3]}),
    "a serial number 0": lambda der, w: sign_again(der, w.issuing.key, {5: entry(der, b"\x00")}),
    "a negative serial number": lambda der, w: sign_again(der, w.issuing.key, {5: entry(der, b"\xff")}),
    "a serial number of 21 bytes": lambda der, w: sign_again(der, w.issuing.key, {5: entry(der, b"\x01" * 21)}),
}


def entry(der: bytes, serial: bytes) -> bytes:
    """The entries of a list, its one entry with another serial number."""
    entries = elements(elements(der)[0])[5]
    (only,) = elements(entries)
    return der_of(0x30, der_of(0x30, der_of(0x02, serial) + b"".join(elements(only)[1:])))


@pytest.mark.parametrize("case", ROTTEN)
def test_bytes_that_are_not_exactly_a_list(world: MembershipWorld, case: str) -> None:
    crl = ROTTEN[case](list_of(world).signed(), world)
    with refused(world, r.RevocationListMalformed):
        world.revoke(crl)


def test_unused_bits_in_the_signature(world: MembershipWorld) -> None:
    """The same list in other bytes: its signature, a bit string that ends in 0, taken for one that is a bit shorter."""
    numbered = (revocations(world.issuing, number).signed() for number in range(1, 99))
    signed, algorithm, signature = elements(next(crl for crl in numbered if not crl[-1] & 1))
    shorter = der_of(0x03, b"\x01" + signature[der_header(signature) + 1 :])
    with refused(world, r.RevocationListMalformed):
        world.revoke(der_of(0x30, signed + algorithm + shorter))


def test_unsigned(world: MembershipWorld) -> None:
    signed, algorithm, signature = elements(list_of(world).signed())
    for forged in (
        b"\x00",
        b"\x00" + der_of(0x30, b"\x02\x01\x00" * 2),
        signature[der_header(signature) :][:-1] + b"\x00",
    ):
        crl = der_of(0x30, signed + algorithm + der_of(0x03, forged))
        with pytest.raises((r.RevocationListForged, r.RevocationListMalformed)):
            world.revoke(crl)


def test_each_bit_of_a_list_matters(world: MembershipWorld) -> None:
    crl = list_of(world).signed()
    for at in range(len(crl)):
        for bit in range(8):
            changed = crl[:at] + bytes((crl[at] ^ 1 << bit,)) + crl[at + 1 :]
            with pytest.raises(LedgerError) as raised:
                revocation.update_revocations(world.ctx.branch(), changed)
            str(raised.value)


@pytest.mark.parametrize("renewed", [False, True], ids=["first", "renewed"])
def test_an_authority_whose_name_is_encoded_anew_is_the_same_one(world: MembershipWorld, renewed: bool) -> None:
    """Tools differ in the string type that they give a name. Were it two authorities, its list would count for one."""
    ann, printable = world.member().signed(), printed("bank-a issuing")
    identity = world.enrol(ann)
    again = intermediate(world.root, subject=printable, serial=78).signed()
    assert again.certificate.subject == world.issuing.certificate.subject
    assert again.certificate.subject.public_bytes() != world.issuing.certificate.subject.public_bytes()
    known = read_authority(world.issuing.der).authority_id
    assert organisations.add_authority(world.ctx, "bank-a", again.der) == known
    later = world.enrol(leaf(again, "bank-a", "bob"))
    world.revoke(
        revocations(again if renewed else world.issuing, 1, ann, leaf(again, "bank-a", "bob").signed()).signed()
    )
    for each in (identity, later):
        with refused(world, e.CertificateRevoked):
            world.authenticate(each)


def printed(common_name: str) -> x509.Name:
    """A name as a PrintableString, where the workshop writes UTF8String."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name, _type=_ASN1Type.PrintableString)])
