"""What transactions of the ledger are refused for, beyond what holds on any chain of our own (hub/accounts/errors.py).

TransactionRefused
├── NotTheAuthor
├── AuditorWrites
├── SignedTwice
├── EnrolmentNotAlone
└── ActionRefused
InvalidLedgerGenesis
"""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import StatusName


@dataclass(eq=False)
class TransactionRefused(LedgerError):
    """Who sent it may not, or not so."""

    status: ClassVar[StatusName] = "PERMISSION_DENIED"


@dataclass(eq=False)
class NotTheAuthor(TransactionRefused):
    author: str
    signer: str
    template: ClassVar[str] = "the transaction of {author} is signed first by {signer}: the author signs first"


@dataclass(eq=False)
class AuditorWrites(TransactionRefused):
    member: str
    template: ClassVar[str] = "{member} acts as an auditor: auditors read everything and write nothing"


@dataclass(eq=False)
class SignedTwice(TransactionRefused):
    member: str
    template: ClassVar[str] = "{member} signed twice: each member signs a transaction once"


@dataclass(eq=False)
class EnrolmentNotAlone(TransactionRefused):
    status: ClassVar[StatusName] = "INVALID_ARGUMENT"
    template: ClassVar[str] = "an enrolment stands alone in its transaction, signed with the certificate's own key"


@dataclass(eq=False)
class ActionRefused(TransactionRefused):
    status: ClassVar[StatusName] = "INVALID_ARGUMENT"
    rule: str
    template: ClassVar[str] = "the action is refused: {rule}"


@dataclass(eq=False)
class InvalidLedgerGenesis(LedgerError):
    status: ClassVar[StatusName] = "INVALID_ARGUMENT"
    rule: str
    template: ClassVar[str] = "the genesis is invalid: {rule}"
