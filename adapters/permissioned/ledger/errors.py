"""The root of every refusal of the ledger.

    LedgerError
    ├── NamingError            here                     names of organisations, members and contracts
    ├── CertificateError       membership/errors.py     a certificate is not that of a member
    ├── RevocationError        membership/revocation_errors.py  a revocation list is not taken
    ├── MembershipError        membership/errors.py     who is registered, and who may act
    ├── GovernanceError        governance/errors.py     proposals and votes
    ├── ContractError          contracts/errors.py      contracts, and what is asked of them
    ├── TransactionRefused     refusals.py              who sends what
    ├── DraftError             draft_errors.py          a draft that others are asked to sign
    ├── GatewayError           service/errors.py        calls across chains
    ├── PrivateError           private/errors.py        private values
    └── AccessError, QueryError  rpc/errors.py          who calls, and what is not there

A concrete error is a dataclass with a ``template``, like all errors (hub/errors.py), and with a ``status``: the name of
the gRPC code that it is told with, so that the one table of statuses needs no row of its own for it.
"""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError, StatusName


@dataclass(eq=False)
class LedgerError(HubError):
    """A rule of the ledger was broken."""

    status: ClassVar[StatusName]


@dataclass(eq=False)
class NamingError(LedgerError):
    """A name is not formed as it must be."""

    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


@dataclass(eq=False)
class InvalidOrganisationId(NamingError):
    given: str
    template: ClassVar[str] = (
        "'{given}' is not an organisation's identifier: use a lower-case letter and up to 31 lower-case letters, "
        "digits and -"
    )


@dataclass(eq=False)
class InvalidMemberName(NamingError):
    given: str
    template: ClassVar[str] = (
        "'{given}' is not a member's name: use a letter or digit and up to 63 letters, digits, ., _ and -"
    )


@dataclass(eq=False)
class InvalidContractName(NamingError):
    given: str
    template: ClassVar[str] = (
        "'{given}' is not a contract's name: use a lower-case letter and up to 31 lower-case letters, digits and -"
    )
