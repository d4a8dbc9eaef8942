"""What a daemon refuses or stops for.

RelayerError
├── InvalidConfiguration   the daemon's own files
├── ClientReconfigured     what a path rests on was replaced at the hub
├── CertificateRenewed     what a path shows of us was replaced on the disk
├── EnrolmentRefused       a ledger takes nothing from the member that the relayer is there
└── GuardUnusable          what an attestor ever signed is missing or damaged

What an attestor answers instead of a signature stands in adapters/evm/errors.py: who asks it knows it, too.
"""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError


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
class GuardUnusable(RelayerError):
    path: str
    cause: str
    template: ClassVar[str] = "the attestor's guard {path} cannot be used: {cause}"
