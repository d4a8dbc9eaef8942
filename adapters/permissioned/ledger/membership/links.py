"""The signatures on a path as the state knows them: by which authority, under which serial number."""

from collections.abc import Sequence

from adapters.permissioned.ledger.identities import Fingerprint
from adapters.permissioned.ledger.membership.certificates import Certificate
from adapters.permissioned.ledger.membership.errors import (
    AuthorityRemoved,
    CertificateRevoked,
    OrganisationRemoved,
    SerialReused,
)
from adapters.permissioned.ledger.membership.records import (
    AUTHORITIES,
    ISSUED_SERIALS,
    ORGANISATIONS,
    REVOKED_SERIALS,
    PathLink,
    Standing,
)
from hub.state.branch import Branch, StateReader
from hub.state.collections import text


def links_of(path: Sequence[Certificate]) -> tuple[PathLink, ...]:
    """What each certificate of a path was signed by, the root's own signature left out."""
    return tuple(PathLink(path[at + 1].authority_id, path[at].serial) for at in range(len(path) - 1))


def check_links(state: StateReader, fingerprint: Fingerprint, links: Sequence[PathLink]) -> None:
    """No authority of the path is removed, no certificate of it revoked.

    Raises OrganisationRemoved, AuthorityRemoved, CertificateRevoked.
    """
    for link in links:
        authority = AUTHORITIES.get(state, link.issuer)
        if authority is not None and authority.standing is Standing.REMOVED:
            organisation = ORGANISATIONS.get(state, text(authority.organisation))
            if organisation is not None and organisation.removed:
                raise OrganisationRemoved(organisation.id)
            raise AuthorityRemoved(link.issuer)
        if REVOKED_SERIALS.has(state, link.issuer + link.serial):
            raise CertificateRevoked(fingerprint, link.issuer)


def check_serials(state: StateReader, path: Sequence[Certificate], links: Sequence[PathLink]) -> None:
    """No authority has signed two different certificates with one serial number; raises SerialReused."""
    for link, certificate in zip(links, path, strict=False):
        claimed = ISSUED_SERIALS.get(state, link.issuer + link.serial)
        if claimed is not None and claimed != certificate.content_hash:
            raise SerialReused("0x" + link.serial.hex())


def claim_serials(state: Branch, path: Sequence[Certificate], links: Sequence[PathLink]) -> None:
    """Remember which certificate each serial number went to."""
    for link, certificate in zip(links, path, strict=False):
        ISSUED_SERIALS.put(state, link.issuer + link.serial, certificate.content_hash)
