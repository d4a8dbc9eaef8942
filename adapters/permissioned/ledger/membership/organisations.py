"""Organisations and their certificate authorities in the state: they come with the genesis, and later by vote only.

None is forgotten: what was removed acts no more, and stays to be verified.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.identities import MAX_ORGANISATION_CHARACTERS, OrganisationId, organisation_id
from adapters.permissioned.ledger.membership.certificates import AuthorityId, Certificate, read_authority
from adapters.permissioned.ledger.membership.errors import (
    AuthorityExists,
    AuthorityOfAnother,
    AuthorityRemoved,
    AuthorityUnknown,
    InvalidDisplayName,
    LastAuthority,
    LastOrganisation,
    OrganisationExists,
    OrganisationRemoved,
    OrganisationUnknown,
    RootMissing,
    TooManyAuthorities,
    TooManyOrganisations,
)
from adapters.permissioned.ledger.membership.links import check_links, check_serials, claim_serials, links_of
from adapters.permissioned.ledger.membership.paths import is_root, validate_path
from adapters.permissioned.ledger.membership.records import (
    AUTHORITIES,
    ORGANISATIONS,
    Authority,
    Organisation,
    Standing,
)
from hub.quantities import Hash, Seconds, UnixSeconds
from hub.state.branch import StateReader
from hub.state.collections import text
from hub.state.context import Context

MAX_ORGANISATIONS = 64
MAX_AUTHORITIES = 32
"""Of one organisation, those that came along with enrolments counted."""
MAX_DISPLAY_NAME_CHARACTERS = 128
ENDED_ROOT_GRACE = Seconds(30 * 24 * 3600)
"""For how long an organisation whose roots have all ended still counts in votes: time to have the next one registered.
After that it holds up nobody: it cannot vote, and would else be a vote against everything for ever."""


def add_organisation(ctx: Context, organisation: str, display_name: str) -> None:
    """Let an organisation join, or come back, without authorities at first.

    Raises InvalidOrganisationId, InvalidDisplayName, OrganisationExists, TooManyOrganisations.
    """
    identifier = organisation_id(organisation)
    if not 1 <= len(display_name) <= MAX_DISPLAY_NAME_CHARACTERS or display_name.strip(" ") != display_name:
        raise InvalidDisplayName(f"it has 1 to {MAX_DISPLAY_NAME_CHARACTERS} characters and no blanks at its ends")
    if any(character < " " or character == "\x7f" for character in display_name):
        raise InvalidDisplayName("it has no control characters")
    known = ORGANISATIONS.get(ctx.state, text(identifier))
    if known is not None and not known.removed:
        raise OrganisationExists(identifier)
    if len(live_organisations(ctx.state)) >= MAX_ORGANISATIONS:
        raise TooManyOrganisations(MAX_ORGANISATIONS)
    stay = 1 if known is None else known.stay + 1
    ORGANISATIONS.put(ctx.state, text(identifier), Organisation(identifier, display_name, (), ctx.time, stay=stay))
    ctx.emit(events.OrganisationAdded(identifier, display_name))


def admit_organisation(ctx: Context, organisation: str, display_name: str, authorities: Iterable[bytes]) -> None:
    """Let an organisation join, or come back, with its authorities (DER), each after the one that signed it.

    Raises CertificateError, NamingError, MembershipError, RootMissing for one that could not act.
    """
    add_organisation(ctx, organisation, display_name)
    for certificate in authorities:
        add_authority(ctx, organisation, certificate)
    if not issuers_of(ctx.state, live_organisation(ctx.state, organisation))[0]:
        raise RootMissing(organisation)


def remove_organisation(ctx: Context, organisation: str) -> None:
    """Remove an organisation and all of its authorities: its members act no more from the next transaction on.

    One that can act is left. Raises OrganisationUnknown, OrganisationRemoved, LastOrganisation.
    """
    record = live_organisation(ctx.state, organisation)
    others = (each for each in organisations(ctx.state) if not each.removed and each.id != record.id)
    if not any(ctx.time < _roots_until(ctx.state, each) for each in others):
        raise LastOrganisation(record.id)
    for identifier in record.authorities:
        _remove(ctx, identifier)
    ORGANISATIONS.put(ctx.state, text(record.id), replace(record, authorities=(), removed=True))
    ctx.emit(events.OrganisationRemoved(record.id))


def add_authority(ctx: Context, organisation: str, certificate: bytes) -> AuthorityId:
    """Register a root authority, or an intermediate under one that is registered, or a renewed certificate of either.

    Raises CertificateError, MembershipError.
    """
    record = live_organisation(ctx.state, organisation)
    authority = read_authority(certificate)
    known = AUTHORITIES.get(ctx.state, authority.authority_id)
    if known is not None and known.organisation != record.id:
        raise AuthorityOfAnother(authority.authority_id, known.organisation)
    if known is not None and known.standing is Standing.REGISTERED and known.certificate == certificate:
        raise AuthorityExists(authority.authority_id, record.id)
    roots, issuers = issuers_of(ctx.state, record)
    tops = (
        [authority] if is_root(authority) else [root for root in roots if root.authority_id != authority.authority_id]
    )
    path = validate_path(authority, tops, issuers.values(), record.id, ctx.time)
    links = links_of(path)
    check_links(ctx.state, authority.fingerprint, links)
    check_serials(ctx.state, path, links)
    keep_authority(ctx, record, authority, Standing.REGISTERED)
    claim_serials(ctx.state, path, links)
    return authority.authority_id


def remove_authority(ctx: Context, authority: bytes) -> None:
    """Remove an authority: what it signed counts no more from the next transaction on.

    An organisation keeps a root that has not ended: without one its members could act no more.
    Raises AuthorityUnknown, AuthorityRemoved, LastAuthority.
    """
    identifier = AuthorityId(Hash(authority))
    known = AUTHORITIES.get(ctx.state, identifier)
    if known is None:
        raise AuthorityUnknown(authority)
    if known.standing is Standing.REMOVED:
        raise AuthorityRemoved(authority)
    record = live_organisation(ctx.state, known.organisation)
    roots = issuers_of(ctx.state, record)[0]
    others = [root for root in roots if root.authority_id != identifier]
    if len(others) < len(roots) and not any(ctx.time < root.valid_until for root in others):
        raise LastAuthority(identifier, record.id)
    kept = tuple(each for each in record.authorities if each != identifier)
    ORGANISATIONS.put(ctx.state, text(record.id), replace(record, authorities=kept))
    _remove(ctx, identifier)


def organisation(state: StateReader, identifier: str) -> Organisation | None:
    """An organisation, removed ones too."""
    return ORGANISATIONS.get(state, text(identifier)) if len(identifier) <= MAX_ORGANISATION_CHARACTERS else None


def organisations(state: StateReader, after: str = "") -> Iterator[Organisation]:
    """All that ever joined, by length of identifier and identifier, beyond the one named ``after``."""
    return (record for _, record in ORGANISATIONS.scan(state, after=text(after) if after else None))


def live_organisations(state: StateReader) -> tuple[OrganisationId, ...]:
    """Those that are not removed."""
    return tuple(record.id for record in organisations(state) if not record.removed)


def counted_organisations(state: StateReader, now: UnixSeconds) -> tuple[Organisation, ...]:
    """Those that are counted in votes: not removed, and with a root that has not ended, or not longer ago than
    ``ENDED_ROOT_GRACE``.
    """
    return tuple(
        record
        for record in organisations(state)
        if not record.removed and now < _roots_until(state, record) + ENDED_ROOT_GRACE
    )


def live_organisation(state: StateReader, identifier: str) -> Organisation:
    """One that is not removed; raises OrganisationUnknown, OrganisationRemoved."""
    record = organisation(state, identifier)
    if record is None:
        raise OrganisationUnknown(identifier)
    if record.removed:
        raise OrganisationRemoved(identifier)
    return record


def authority(state: StateReader, identifier: AuthorityId) -> Authority | None:
    """An authority, removed ones too."""
    return AUTHORITIES.get(state, identifier)


def issuers_of(state: StateReader, record: Organisation) -> tuple[list[Certificate], dict[AuthorityId, Certificate]]:
    """The organisation's registered roots, and all others of its authorities."""
    roots: list[Certificate] = []
    others: dict[AuthorityId, Certificate] = {}
    for identifier in record.authorities:
        known = AUTHORITIES.get(state, identifier)
        if known is not None:
            read = read_authority(known.certificate)
            if known.standing is Standing.REGISTERED and is_root(read):
                roots.append(read)
            else:
                others[identifier] = read
    return roots, others


def keep_authority(ctx: Context, record: Organisation, authority: Certificate, standing: Standing) -> Organisation:
    """Put an authority and its place in its organisation; raises TooManyAuthorities."""
    identifier = authority.authority_id
    if identifier not in record.authorities:
        if len(record.authorities) >= MAX_AUTHORITIES:
            raise TooManyAuthorities(record.id, MAX_AUTHORITIES)
        record = replace(record, authorities=(*record.authorities, identifier))
        ORGANISATIONS.put(ctx.state, text(record.id), record)
    AUTHORITIES.put(ctx.state, identifier, Authority(record.id, authority.der, standing, ctx.time))
    ctx.emit(events.AuthorityAdded(identifier, record.id, authority.der, standing is Standing.REGISTERED))
    return record


def _roots_until(state: StateReader, record: Organisation) -> UnixSeconds:
    """When the last of its roots ends; 0 where it has none."""
    return max((root.valid_until for root in issuers_of(state, record)[0]), default=UnixSeconds(0))


def _remove(ctx: Context, identifier: AuthorityId) -> None:
    known = AUTHORITIES.get(ctx.state, identifier)
    if known is not None:
        gone = Authority(known.organisation, known.certificate, Standing.REMOVED, ctx.time)
        AUTHORITIES.put(ctx.state, identifier, gone)
        ctx.emit(events.AuthorityRemoved(identifier, known.organisation))
