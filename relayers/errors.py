"""What a daemon refuses or stops for.

RelayerError
├── InvalidConfiguration   the daemon's own files
├── ClientReconfigured     what a path rests on was replaced at the hub
├── CertificateRenewed     what a path shows of us was replaced on the disk
├── EnrolmentRefused       a ledger takes nothing from the member that the relayer is there
└── AttestorError          an attestor signs nothing
    ├── NotAttested        a client that it does not watch
    ├── ChainHalted        history below finality changed, until an operator has looked
    ├── AlreadySigned      another hash stands in the guard
    ├── GuardUnusable      missing or damaged
    ├── SetChangeNotApproved
    └── AttestorBusy       too many ask at once
"""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Epoch, Height


@dataclass(eq=False)
class RelayerError(HubError):
    """A daemon cannot do what was asked."""


@dataclass(eq=False)
class InvalidConfiguration(RelayerError):
    path: str
    field: str
    rule: str
    template: ClassVar[str] = "{path}: {field} {rule}"


@dataclass(eq=False)
class ClientReconfigured(RelayerError):
    client: str
    template: ClassVar[str] = (
        "the hub's client {client}, its attestors or its counterparty's domain was replaced: the path begins anew"
    )


@dataclass(eq=False)
class CertificateRenewed(RelayerError):
    certificate: str
    template: ClassVar[str] = "{certificate} or its key was renewed: the path begins anew with it"


@dataclass(eq=False)
class EnrolmentRefused(RelayerError):
    chain: str
    member: str
    cause: str
    template: ClassVar[str] = (
        "{chain} does not enrol {member}, as whom this relayer would write there: {cause}; "
        "give the path the certificate of a member that may write"
    )


@dataclass(eq=False)
class AttestorError(RelayerError):
    """Nothing was signed."""


@dataclass(eq=False)
class NotAttested(AttestorError):
    client: str
    template: ClassVar[str] = "this attestor watches no chain for client {client}: add it to its chains file"


@dataclass(eq=False)
class ChainHalted(AttestorError):
    client: str
    number: Height
    signed_hash: bytes
    found_hash: bytes
    template: ClassVar[str] = (
        "the chain behind {client} is halted: block {number} was signed as {signed_hash} and is {found_hash} now; "
        "an operator must look, and replace the client at the hub"
    )


@dataclass(eq=False)
class AlreadySigned(AttestorError):
    client: str
    number: int
    signed_hash: bytes
    template: ClassVar[str] = "{signed_hash} was signed for {client} at {number}: another is never signed there"


@dataclass(eq=False)
class GuardUnusable(AttestorError):
    path: str
    cause: str
    template: ClassVar[str] = "the attestor's guard {path} cannot be used: {cause}"


@dataclass(eq=False)
class SetChangeNotApproved(AttestorError):
    client: str
    epoch: Epoch
    template: ClassVar[str] = (
        "no hand-over from epoch {epoch} of {client} to this set was approved: write next_set_hash into the chains file"
    )


@dataclass(eq=False)
class AttestorBusy(AttestorError):
    waiting: int
    template: ClassVar[str] = "{waiting} requests wait for this attestor, more are not held: ask again in a moment"
