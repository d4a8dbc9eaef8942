"""The path from a certificate to a root authority of its organisation (RFC 5280, section 6), at a block's time.

Each authority is one name and one key, so there is one path at most. Every rule is looked at here, by its name; the
library's verifier has the last word, and refuses nothing that it is known to refuse today without a name of ours.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from adapters.permissioned.ledger.membership.certificates import PARSING_FAULTS, Certificate
from adapters.permissioned.ledger.membership.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    PathRefused,
    PathTooLong,
    SelfSigned,
    WrongAuthority,
)
from adapters.permissioned.ledger.membership.name_constraints import check_name_constraints
from hub.quantities import UnixSeconds

MAX_INTERMEDIATES = 3
"""Authorities between a member and its root."""

_AUTHORITY_POLICY = ExtensionPolicy.webpki_defaults_ca()
_MEMBER_POLICY = (
    ExtensionPolicy.webpki_defaults_ee()
    .may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    .may_be_present(x509.AuthorityKeyIdentifier, Criticality.NON_CRITICAL, None)
)
"""A member needs no alternative name: it is its subject."""


def validate_path(
    certificate: Certificate,
    roots: Sequence[Certificate],
    intermediates: Iterable[Certificate],
    organisation: str,
    now: UnixSeconds,
) -> tuple[Certificate, ...]:
    """The certificate, the intermediates above it, and its root. Raises CertificateError."""
    path = _walk(certificate, roots, intermediates, organisation)
    for each in path:
        if now < each.valid_from:
            raise CertificateNotYetValid(each.kind, each.valid_from, now)
        if now >= each.valid_until:
            raise CertificateExpired(each.kind, each.valid_until, now)
    _check_lengths(path)
    check_name_constraints(path)
    _verify(path, now)
    return path


def is_root(certificate: Certificate) -> bool:
    """Whether an authority's certificate is signed by its own key."""
    return certificate.is_issued_by(certificate)


def _walk(
    certificate: Certificate, roots: Sequence[Certificate], intermediates: Iterable[Certificate], organisation: str
) -> tuple[Certificate, ...]:
    issuers = {each.authority_id: each for each in (*intermediates, *roots)}
    tops = {root.authority_id for root in roots}
    if certificate.kind == "authority" and certificate.authority_id in tops:
        return (certificate,)
    if certificate.is_issued_by(certificate):
        raise SelfSigned
    path = [certificate]
    while len(path) == 1 or path[-1].authority_id not in tops:
        between = sum(each.kind == "authority" for each in path)
        if between > MAX_INTERMEDIATES:
            raise PathTooLong(between, MAX_INTERMEDIATES)
        above = next((each for each in issuers.values() if each not in path and path[-1].is_issued_by(each)), None)
        if above is None:
            raise WrongAuthority(organisation)
        path.append(above)
    return tuple(path)


def _check_lengths(path: Sequence[Certificate]) -> None:
    """No more intermediates than each authority lets stand below it."""
    below = 0
    for certificate in path:
        constraints = certificate.extension(x509.BasicConstraints)
        limit = constraints.path_length if constraints is not None else None
        if limit is not None and below > limit:
            raise PathTooLong(below, limit)
        below += certificate.kind == "authority"


def _verify(path: Sequence[Certificate], now: UnixSeconds) -> None:
    policy = _MEMBER_POLICY if path[0].kind == "member" else _AUTHORITY_POLICY
    verifier = (
        PolicyBuilder()
        .time(datetime.fromtimestamp(now, UTC))
        .store(Store([path[-1].parsed]))
        .max_chain_depth(MAX_INTERMEDIATES)
        .extension_policies(ca_policy=_AUTHORITY_POLICY, ee_policy=policy)
        .build_client_verifier()
    )
    try:
        verifier.verify(path[0].parsed, [certificate.parsed for certificate in path[1:-1]])
    except (VerificationError, *PARSING_FAULTS) as error:
        raise PathRefused from error
