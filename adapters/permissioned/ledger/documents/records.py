"""What the contract ``documents`` takes, keeps and answers with."""

from enum import StrEnum
from typing import Annotated

from adapters.permissioned.ledger.contracts.interface import Bytes32, Meta, Record

ZERO = b"\x00" * 32
MAX_PARTIES = 16
MAX_TEXT = 128

ShortText = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Reason = Annotated[str, Meta(min_length=1, max_length=512)]
Moment = Annotated[int, Meta(ge=0)]
"""Unix seconds."""


class DocumentType(StrEnum):
    """What kind of document was notarised."""

    BILL_OF_LADING = "bill-of-lading"
    CUSTOMS_DECLARATION = "customs-declaration"
    INVOICE = "invoice"
    CERTIFICATE_OF_ORIGIN = "certificate-of-origin"
    OTHER = "other"


class Status(StrEnum):
    """What a document is at a moment. The first that applies, in this order."""

    UNKNOWN = "unknown"
    """No such hash was notarised."""
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    VALID = "valid"


class Countersignature(Record, frozen=True):
    """A party has signed the document, too: which organisation, which of its members, when."""

    organisation: str
    member: str
    at: int


class Document(Record, frozen=True):
    """A document as it was notarised, and what has become of it.

    ``parties``: organisations of this ledger by their identifiers, or others as they are called. Only the former can
    countersign. ``valid_until`` 0: without end. ``supersedes`` and ``superseded_by`` link versions both ways, empty
    where there is none.
    """

    document_hash: Bytes32
    document_type: DocumentType
    number: str
    issuer: str
    notarised_by: str
    notarised_at: int
    parties: tuple[str, ...]
    valid_from: int
    valid_until: int
    countersignatures: tuple[Countersignature, ...] = ()
    supersedes: bytes = b""
    superseded_by: bytes = b""
    superseded_at: int = 0
    revoked_at: int = 0
    revocation_reason: str = ""


class Notarise(Record, frozen=True):
    """Notarise a document. ``document_hash``: sha256 of its bytes. ``valid_from`` 0: from now on."""

    document_hash: Bytes32
    document_type: DocumentType
    number: ShortText
    parties: Annotated[tuple[ShortText, ...], Meta(max_length=MAX_PARTIES)] = ()
    valid_from: Moment = 0
    valid_until: Moment = 0


class Supersede(Record, frozen=True):
    """Put a new version in the place of a document of the same issuer."""

    previous_hash: Bytes32
    document: Notarise


class ByHash(Record, frozen=True):
    """The document that is meant."""

    document_hash: Bytes32


class Revoke(Record, frozen=True):
    """Take back a document for good."""

    document_hash: Bytes32
    reason: Reason


class Listing(Record, frozen=True):
    """A page of a list: of an issuer, of a type, or of what a party is named in, by the one that is asked."""

    name: str
    size: Annotated[int, Meta(ge=1, le=100)] = 50
    token: bytes = b""


class Documents(Record, frozen=True):
    """A page of documents; ``next_token`` is empty on the last."""

    documents: tuple[Document, ...]
    next_token: bytes


class Verification(Record, frozen=True):
    """A document, and what it is at the time of the block."""

    status: Status
    document: Document | None


class VerifyInput(Record, frozen=True):
    """The input of the service ``document-verify``."""

    document_hash: Bytes32


class VerifyOutput(Record, frozen=True):
    """The output of the service ``document-verify``, in the order of its Solidity struct.

    ``found`` is false where nobody notarised the hash: then all after ``status`` is empty. ``valid_until`` 0: without
    end. ``status_since``: when it became what it is. ``superseded_by``: zero where it is not.
    """

    found: bool
    valid: bool
    status: str
    document_type: str = ""
    issuer: str = ""
    notarised_at: int = 0
    valid_until: int = 0
    countersigned_by: tuple[str, ...] = ()
    number: str = ""
    notarised_by: str = ""
    valid_from: int = 0
    status_since: int = 0
    superseded_by: Bytes32 = ZERO
    revocation_reason: str = ""
