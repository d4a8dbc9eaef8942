"""Certificate revocation lists (RFC 5280, section 5): each authority's newest full list, taken from anyone.

An authority's list replaces its last one; only a newer one is taken, and only if the authority itself signed it. What a
list names is refused from the transaction after it, in the order of the block. A list that is stale (its next update
has passed) is told in queries and locks nobody out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from adapters.permissioned.ledger import events
from adapters.permissioned.ledger.membership.certificates import (
    PARSING_FAULTS,
    SERIAL_BYTES,
    SIGNATURE_ALGORITHMS,
    AuthorityId,
    Certificate,
    check_critical,
    quiet,
    read_authority,
    seconds,
)
from adapters.permissioned.ledger.membership.errors import AuthorityRemoved, WeakSignatureHash
from adapters.permissioned.ledger.membership.records import (
    AUTHORITIES,
    REVOCATION_LISTS,
    REVOKED_SERIALS,
    Authority,
    RevocationList,
    Standing,
)
from adapters.permissioned.ledger.membership.revocation_errors import (
    DeltaRevocationList,
    IndirectRevocationList,
    PartialRevocationList,
    RevocationListForged,
    RevocationListFromTheFuture,
    RevocationListFromThePast,
    RevocationListMalformed,
    RevocationListOfStranger,
    RevocationListOutdated,
    RevocationListTooLarge,
    RevocationNotPermitted,
)
from hub.quantities import UnixSeconds
from hub.state.branch import StateReader
from hub.state.context import Context

MAX_LIST_BYTES = 128 * 1024
MAX_REVOKED = 2048
_KIND = "revocation list"


@dataclass(frozen=True, slots=True)
class ReadList:
    """A revocation list whose form is sound; its signature is not looked at. ``serials`` rise."""

    parsed: x509.CertificateRevocationList
    issuer: x509.Name
    number: bytes
    this_update: UnixSeconds
    next_update: UnixSeconds
    serials: tuple[bytes, ...]


def update_revocations(ctx: Context, crl: bytes) -> AuthorityId:
    """Take an authority's newer list (DER). The one that is known already changes nothing.

    Raises RevocationError, AuthorityRemoved, UnknownCriticalExtension, WeakSignatureHash.
    """
    read = read_revocation_list(crl)
    identifier, authority = _signer(ctx.state, read)
    known = REVOCATION_LISTS.get(ctx.state, identifier)
    taken = RevocationList(read.number, read.this_update, read.next_update, len(read.serials))
    before = tuple(serial for serial, _ in revoked_serials(ctx.state, identifier))
    if taken == known and read.serials == before:
        return identifier
    if known is not None and read.number <= known.number:
        raise RevocationListOutdated(_decimal(read.number), _decimal(known.number))
    if known is not None and read.this_update < known.this_update:
        raise RevocationListFromThePast(read.this_update, known.this_update)
    if read.this_update > ctx.time:
        raise RevocationListFromTheFuture(read.this_update, ctx.time)
    added = tuple(sorted({*read.serials} - {*before}))
    lifted = tuple(sorted({*before} - {*read.serials}))
    for serial in added:
        REVOKED_SERIALS.put(ctx.state, identifier + serial, ctx.time)
    for serial in lifted:
        REVOKED_SERIALS.delete(ctx.state, identifier + serial)
    REVOCATION_LISTS.put(ctx.state, identifier, taken)
    ctx.emit(
        events.RevocationsUpdated(
            identifier, authority.organisation, taken.number, taken.this_update, taken.next_update, added, lifted
        )
    )
    return identifier


def revocation_list(state: StateReader, authority: AuthorityId) -> RevocationList | None:
    """The newest list of an authority; None where it has published none."""
    return REVOCATION_LISTS.get(state, authority)


def revoked_serials(state: StateReader, authority: AuthorityId) -> Iterator[tuple[bytes, UnixSeconds]]:
    """The serial numbers that an authority has revoked, rising, and the time of the block from which that is known."""
    return ((key[-SERIAL_BYTES:], since) for key, since in REVOKED_SERIALS.scan(state, authority))


def read_revocation_list(der: bytes) -> ReadList:
    """A full list of one authority's own certificates; raises RevocationError, CertificateError."""
    if len(der) > MAX_LIST_BYTES:
        raise RevocationListTooLarge(len(der), MAX_LIST_BYTES, "bytes")
    try:
        with quiet():
            parsed = x509.load_der_x509_crl(der)
            exact = parsed.public_bytes(serialization.Encoding.DER) == der and der[-len(parsed.signature) - 1] == 0
            extensions, entries = parsed.extensions, list(parsed)
            this_update, next_update = parsed.last_update_utc, parsed.next_update_utc
            of_entries = [entry.extensions for entry in entries]
            numbers = [entry.serial_number for entry in entries]
            algorithm, issuer = parsed.signature_algorithm_oid, parsed.issuer
    except PARSING_FAULTS as error:
        raise RevocationListMalformed("it cannot be read as a list in DER") from error
    if not exact:
        raise RevocationListMalformed("its encoding is not exact")
    if len(entries) > MAX_REVOKED:
        raise RevocationListTooLarge(len(entries), MAX_REVOKED, "entries")
    if algorithm not in SIGNATURE_ALGORITHMS:
        raise WeakSignatureHash(_KIND)
    _check_scope(extensions)
    for each in of_entries:
        _check_entry(each)
    if this_update is None or next_update is None or this_update >= next_update:
        raise RevocationListMalformed("it says when it was made and, later, when the next one is due")
    serials = tuple(sorted({_serial(number) for number in numbers}))
    return ReadList(parsed, issuer, _number(extensions), seconds(this_update), seconds(next_update), serials)


def _check_scope(extensions: x509.Extensions) -> None:
    """All that the authority issued, and nothing of others."""
    for extension in extensions:
        match extension.value:
            case x509.DeltaCRLIndicator():
                raise DeltaRevocationList
            case x509.IssuingDistributionPoint(indirect_crl=True):
                raise IndirectRevocationList
            case x509.IssuingDistributionPoint():
                raise PartialRevocationList
            case _:
                pass
    check_critical(extensions, frozenset(), _KIND)


def _check_entry(extensions: x509.Extensions) -> None:
    for extension in extensions:
        match extension.value:
            case x509.CertificateIssuer():
                raise IndirectRevocationList
            case x509.CRLReason(reason=x509.ReasonFlags.remove_from_crl):
                raise DeltaRevocationList
            case _:
                pass
    check_critical(extensions, frozenset(), _KIND)


def _number(extensions: x509.Extensions) -> bytes:
    try:
        number = extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound as error:
        raise RevocationListMalformed("it has no number") from error
    if not 0 <= number < 1 << 8 * SERIAL_BYTES:
        raise RevocationListMalformed(f"its number has at most {SERIAL_BYTES} bytes and is not negative")
    return number.to_bytes(SERIAL_BYTES, "big")


def _serial(number: int) -> bytes:
    if not 0 < number < 1 << 8 * SERIAL_BYTES:
        raise RevocationListMalformed(f"a serial number in it is positive and has at most {SERIAL_BYTES} bytes")
    return number.to_bytes(SERIAL_BYTES, "big")


def _signer(state: StateReader, crl: ReadList) -> tuple[AuthorityId, Authority]:
    """The authority whose name and key the list carries."""
    named = False
    for key, authority in AUTHORITIES.scan(state):
        certificate = read_authority(authority.certificate)
        if certificate.subject != crl.issuer:
            continue
        named = True
        if _is_signed(crl.parsed, certificate):
            if authority.standing is Standing.REMOVED:
                raise AuthorityRemoved(key)
            _require_permission(certificate)
            return certificate.authority_id, authority
    if named:
        raise RevocationListForged
    raise RevocationListOfStranger


def _require_permission(certificate: Certificate) -> None:
    usage = certificate.extension(x509.KeyUsage)
    if usage is None or not usage.crl_sign:
        raise RevocationNotPermitted


def _is_signed(crl: x509.CertificateRevocationList, certificate: Certificate) -> bool:
    try:
        return crl.is_signature_valid(certificate.key)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False


def _decimal(number: bytes) -> str:
    return str(int.from_bytes(number, "big"))
