"""The contract ``documents``. A document's bytes stay with those who have them; the ledger has their hash."""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.contracts.interface import (
    Collection,
    Context,
    Contract,
    Page,
    Refused,
    ServiceContext,
    View,
    is_one_line,
    query,
    replace,
    service,
    transaction,
)

from .records import (
    ZERO,
    ByHash,
    Countersignature,
    Document,
    Documents,
    Listing,
    Notarise,
    Revoke,
    Status,
    Supersede,
    Verification,
    VerifyInput,
    VerifyOutput,
)


@dataclass(eq=False)
class NotTheIssuer(Refused):
    status: ClassVar = "PERMISSION_DENIED"
    explanation: str
    issuer: str
    template: ClassVar[str] = "only {issuer}, who issued the document, may {explanation} it"


class DocumentsContract(Contract, name="documents", version=1):
    """Members notarise, countersign, supersede and revoke; everyone verifies, other chains by ``document-verify``."""

    documents = Collection(
        "documents",
        Document,
        key=("document_hash",),
        indexes={
            "issuer": ("issuer", "notarised_at"),
            "type": ("document_type", "notarised_at"),
            "party": lambda document: [(party, document.notarised_at) for party in document.parties],
        },
    )
    """By the document's hash, which is notarised once and never again."""

    @transaction
    def notarise(self, ctx: Context, asked: Notarise) -> Document:
        """The caller's organisation is the issuer. Raises Refused, RecordExists, MembersOnly."""
        return self._notarise(ctx, asked, b"")

    @transaction
    def supersede(self, ctx: Context, asked: Supersede) -> Document:
        """Notarise a new version in the place of an earlier one. Raises NotTheIssuer, Refused, RecordNotFound."""
        previous = self._own(ctx, asked.previous_hash, "supersede")
        if previous.document_type is not asked.document.document_type:
            raise Refused("a new version has the type of the one before")
        document = self._notarise(ctx, asked.document, previous.document_hash)
        self.documents.put(replace(previous, superseded_by=document.document_hash, superseded_at=ctx.time))
        return document

    @transaction
    def countersign(self, ctx: Context, asked: ByHash) -> Document:
        """A party signs, once, what is neither revoked nor superseded nor expired. Raises Refused, RecordNotFound."""
        document = self.documents.get(asked.document_hash)
        if ctx.organisation not in document.parties:
            raise Refused(f"{ctx.organisation} is not a party of the document")
        if ctx.organisation in _countersigned_by(document):
            raise Refused(f"{ctx.organisation} has countersigned the document already")
        if (status := status_at(document, ctx.time)) not in {Status.VALID, Status.NOT_YET_VALID}:
            raise Refused(f"the document is {status}: it cannot be countersigned any more")
        signature = Countersignature(ctx.organisation, ctx.member.name, ctx.time)
        signed = replace(document, countersignatures=(*document.countersignatures, signature))
        self.documents.put(signed)
        return signed

    @transaction
    def revoke(self, ctx: Context, asked: Revoke) -> Document:
        """Raises NotTheIssuer, Refused, RecordNotFound."""
        document = self._own(ctx, asked.document_hash, "revoke")
        if not is_one_line(asked.reason):
            raise Refused("a reason is one line, without control characters")
        revoked = replace(document, revoked_at=ctx.time, revocation_reason=asked.reason)
        self.documents.put(revoked)
        return revoked

    @query
    def verify(self, ctx: View, asked: ByHash) -> Verification:
        """What a document is at the time of the block; of an unknown one, that it is unknown."""
        document = self.documents.find(asked.document_hash)
        return Verification(Status.UNKNOWN if document is None else status_at(document, ctx.time), document)

    @query
    def by_issuer(self, _ctx: View, asked: Listing) -> Documents:
        """The documents that an organisation notarised, in order of time."""
        return self._page("issuer", asked)

    @query
    def by_type(self, _ctx: View, asked: Listing) -> Documents:
        """The documents of a type, in order of time."""
        return self._page("type", asked)

    @query
    def by_party(self, _ctx: View, asked: Listing) -> Documents:
        """The documents in which a party is named, in order of time."""
        return self._page("party", asked)

    @service("document-verify", "Is a document notarised on this ledger, by whom, and is it valid now?")
    def document_verify(self, ctx: ServiceContext, asked: VerifyInput) -> VerifyOutput:
        """``verify`` for other chains. A hash that nobody notarised is an answer, not an error."""
        document = self.documents.find(asked.document_hash)
        if document is None:
            return VerifyOutput(found=False, valid=False, status=Status.UNKNOWN.value)
        status = status_at(document, ctx.time)
        return VerifyOutput(
            found=True,
            valid=status is Status.VALID,
            status=status.value,
            document_type=document.document_type.value,
            issuer=document.issuer,
            notarised_at=document.notarised_at,
            valid_until=document.valid_until,
            countersigned_by=_countersigned_by(document),
            number=document.number,
            notarised_by=document.notarised_by,
            valid_from=document.valid_from,
            status_since=status_since(document, status),
            superseded_by=document.superseded_by or ZERO,
            revocation_reason=document.revocation_reason,
        )

    def _notarise(self, ctx: Context, asked: Notarise, supersedes: bytes) -> Document:
        if asked.document_hash == ZERO:
            raise Refused("32 zero bytes are not the hash of a document")
        if not all(map(is_one_line, (asked.number, *asked.parties))):
            raise Refused("a number and a party's name are one line, without control characters")
        if tuple(dict.fromkeys(asked.parties)) != asked.parties:
            raise Refused("a party is named twice")
        valid_from = asked.valid_from or ctx.time
        if asked.valid_until and asked.valid_until <= max(valid_from, ctx.time):
            raise Refused("the document's validity is over before it begins, or is over now")
        document = Document(
            document_hash=asked.document_hash,
            document_type=asked.document_type,
            number=asked.number,
            issuer=ctx.organisation,
            notarised_by=ctx.member.name,
            notarised_at=ctx.time,
            parties=asked.parties,
            valid_from=valid_from,
            valid_until=asked.valid_until,
            supersedes=supersedes,
        )
        self.documents.add(document)
        return document

    def _own(self, ctx: Context, document_hash: bytes, deed: str) -> Document:
        """The caller's own document, which is neither revoked nor superseded."""
        document = self.documents.get(document_hash)
        if document.issuer != ctx.organisation:
            raise NotTheIssuer(deed, document.issuer)
        if document.revoked_at:
            raise Refused("the document is revoked")
        if document.superseded_by:
            raise Refused("the document is superseded: the newest version is meant")
        return document

    def _page(self, index: str, asked: Listing) -> Documents:
        found = self.documents.by(index, asked.name, page=Page(asked.size, asked.token))
        return Documents(found.records, found.next_token)


def status_at(document: Document, time: int) -> Status:
    """What a document is at a moment: valid from ``valid_from`` on, and not any more from ``valid_until`` on."""
    if document.revoked_at:
        return Status.REVOKED
    if document.superseded_by:
        return Status.SUPERSEDED
    if time < document.valid_from:
        return Status.NOT_YET_VALID
    if document.valid_until and time >= document.valid_until:
        return Status.EXPIRED
    return Status.VALID


def status_since(document: Document, status: Status) -> int:
    """When a document became what it is."""
    match status:
        case Status.REVOKED:
            return document.revoked_at
        case Status.SUPERSEDED:
            return document.superseded_at
        case Status.EXPIRED:
            return document.valid_until
        case Status.VALID:
            return max(document.valid_from, document.notarised_at)
        case _:
            return document.notarised_at


def _countersigned_by(document: Document) -> tuple[str, ...]:
    return tuple(signature.organisation for signature in document.countersignatures)
