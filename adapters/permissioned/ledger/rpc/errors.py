"""What the ledger's API refuses before its rules are even asked.

AccessError
├── AccessRefused
├── NodeIsNoMember
└── TlsRequired
QueryError
└── RecordHasNoHistory
"""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import StatusName


@dataclass(eq=False)
class AccessError(LedgerError):
    """Who calls is not known, or may not call this."""

    status: ClassVar[StatusName] = "PERMISSION_DENIED"


@dataclass(eq=False)
class AccessRefused(AccessError):
    """``rule``: its name in the table of access (adapters/permissioned/ledger/rpc/access.py)."""

    rule: str
    member: str
    role: str
    method: str
    template: ClassVar[str] = "{member}, acting as {role}, may not call {method}: rule '{rule}'"


@dataclass(eq=False)
class NodeIsNoMember(AccessError):
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"
    why: str
    template: ClassVar[str] = (
        "this node cannot bring anything to the ledger, for its certificate is not that of a member that may write "
        "({why}): ask another node, or have a member bring it"
    )


@dataclass(eq=False)
class TlsRequired(AccessError):
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"
    template: ClassVar[str] = (
        "a ledger's node serves with mutual TLS alone: give it a certificate and its key, from an authority that its "
        "clients trust"
    )


@dataclass(eq=False)
class QueryError(LedgerError):
    """What is asked for is not there."""

    status: ClassVar[StatusName] = "NOT_FOUND"


@dataclass(eq=False)
class RecordHasNoHistory(QueryError):
    contract: str
    collection: str
    key: str
    template: ClassVar[str] = "nothing ever happened to the record {key} of {contract}'s {collection}"
