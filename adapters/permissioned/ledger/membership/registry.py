"""Members: they enrol by themselves, with what an authority of their organisation signed for them, and act with it.

A certificate that has ended, or was revoked, acts no more from the next transaction on; its record stays, with all that
is needed to verify what was done with it.
"""

from collections.abc import Iterator, Sequence

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.identities import Fingerprint, Identity, MemberName, MemberRole
from adapters.permissioned.ledger.membership.certificates import Certificate, read_authority, read_member
from adapters.permissioned.ledger.membership.errors import (
    AuthorityOfAnother,
    AuthorityRemoved,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateUnknown,
    MemberRoleRefused,
    TooManyAuthorities,
    TooManyIntermediates,
)
from adapters.permissioned.ledger.membership.links import check_links, check_serials, claim_serials, links_of
from adapters.permissioned.ledger.membership.organisations import (
    MAX_AUTHORITIES,
    issuers_of,
    keep_authority,
    live_organisation,
)
from adapters.permissioned.ledger.membership.paths import validate_path
from adapters.permissioned.ledger.membership.records import (
    AUTHORITIES,
    CERTIFICATES,
    MEMBERS,
    MemberCertificate,
    Organisation,
    Standing,
)
from hub.quantities import Hash, UnixSeconds
from hub.state.branch import StateReader
from hub.state.collections import text
from hub.state.context import Context

MAX_SUPPLIED = 4
"""Intermediates that may come along with an enrolment."""
MAX_LEARNED = 16
"""Of one organisation: an intermediate that signs ever more of them takes no room from what is registered by vote."""


def authenticate(state: StateReader, fingerprint: Fingerprint, time: UnixSeconds) -> Identity:
    """The member that acts with an enrolled certificate at a block's time.

    Raises CertificateUnknown, CertificateNotYetValid, CertificateExpired, CertificateRevoked, AuthorityRemoved,
    OrganisationRemoved.
    """
    record = CERTIFICATES.get(state, fingerprint)
    if record is None:
        raise CertificateUnknown(fingerprint)
    if time < record.valid_from:
        raise CertificateNotYetValid("member", record.valid_from, time)
    if time >= record.valid_until:
        raise CertificateExpired("member", record.valid_until, time)
    check_links(state, fingerprint, record.path)
    return record.identity


def require_role(identity: Identity, *roles: MemberRole) -> None:
    """Raises MemberRoleRefused."""
    if identity.role not in roles:
        raise MemberRoleRefused(identity.member, identity.role, ", ".join(roles))


def enrol(ctx: Context, certificate: bytes, intermediates: Sequence[bytes] = ()) -> Identity:
    """Enrol a member by its certificate (DER), with the intermediates that are not known here.

    That whoever enrols has the certificate's key is shown by the signature of the transaction. Enrolling again changes
    nothing, unless an authority above was renewed: then the record follows it. Raises CertificateError,
    MembershipError.
    """
    leaf, subject = read_member(certificate)
    organisation = live_organisation(ctx.state, subject.organisation)
    roots, issuers = issuers_of(ctx.state, organisation)
    for supplied in _read_supplied(ctx.state, organisation, intermediates):
        issuers[supplied.authority_id] = supplied
    path = validate_path(leaf, roots, issuers.values(), organisation.id, ctx.time)
    links = links_of(path)
    check_links(ctx.state, leaf.fingerprint, links)
    check_serials(ctx.state, path, links)
    _learn(ctx, organisation, path[1:-1])
    claim_serials(ctx.state, path, links)
    known = CERTIFICATES.get(ctx.state, leaf.fingerprint)
    record = MemberCertificate(
        organisation=organisation.id,
        name=subject.name,
        role=subject.role,
        certificates=tuple(each.der for each in path),
        path=links,
        valid_from=max(each.valid_from for each in path),
        valid_until=min(each.valid_until for each in path),
        enrolled_at=known.enrolled_at if known else ctx.time,
        enrolled_in=known.enrolled_in if known else ctx.height,
    )
    if record != known:
        CERTIFICATES.put(ctx.state, leaf.fingerprint, record)
        MEMBERS.put(ctx.state, _member_key(record) + leaf.fingerprint, record.enrolled_at)
        ctx.emit(
            events.MemberEnrolled(
                record.organisation,
                record.name,
                record.role,
                leaf.fingerprint,
                record.valid_from,
                record.valid_until,
            )
        )
    return record.identity


def certificate(state: StateReader, fingerprint: Fingerprint) -> MemberCertificate | None:
    """An enrolled certificate, ended and revoked ones too."""
    return CERTIFICATES.get(state, fingerprint)


def certificates_of(state: StateReader, organisation: str, name: MemberName | None = None) -> Iterator[Fingerprint]:
    """The enrolled certificates of an organisation, or of one member of it, by length of name and name."""
    prefix = text(organisation) + (text(name) if name is not None else b"")
    return (Fingerprint(Hash(key[-32:])) for key, _ in MEMBERS.scan(state, prefix))


def _read_supplied(state: StateReader, record: Organisation, intermediates: Sequence[bytes]) -> list[Certificate]:
    """What came along, without those that are registered: the state's certificate of such is the one that counts."""
    if len(intermediates) > MAX_SUPPLIED:
        raise TooManyIntermediates(len(intermediates), MAX_SUPPLIED)
    supplied = []
    for der in intermediates:
        read = read_authority(der)
        known = AUTHORITIES.get(state, read.authority_id)
        if known is not None and known.organisation != record.id:
            raise AuthorityOfAnother(read.authority_id, known.organisation)
        if known is not None and known.standing is Standing.REMOVED:
            raise AuthorityRemoved(read.authority_id)
        if known is None or known.standing is Standing.LEARNED:
            supplied.append(read)
    return supplied


def _learn(ctx: Context, record: Organisation, intermediates: Sequence[Certificate]) -> None:
    """Keep what came along, the newest of each, so that its revocation lists can be taken: an older certificate might
    not let it sign any, and whoever is to be revoked could bring that one.
    """
    new = [each for each in intermediates if not AUTHORITIES.has(ctx.state, each.authority_id)]
    known_ones = (AUTHORITIES.get(ctx.state, identifier) for identifier in record.authorities)
    learned = sum(each is not None and each.standing is Standing.LEARNED for each in known_ones)
    for there_are, most in ((learned, MAX_LEARNED), (len(record.authorities), MAX_AUTHORITIES)):
        if new and there_are + len(new) > most:
            raise TooManyAuthorities(record.id, most)
    for each in intermediates:
        known = AUTHORITIES.get(ctx.state, each.authority_id)
        if known is None or (known.standing is Standing.LEARNED and _is_newer(each, known.certificate)):
            record = keep_authority(ctx, record, each, Standing.LEARNED)


def _is_newer(one: Certificate, known: bytes) -> bool:
    other = read_authority(known)
    return (one.valid_from, one.valid_until) > (other.valid_from, other.valid_until)


def _member_key(record: MemberCertificate) -> bytes:
    return text(record.organisation) + text(record.name)
