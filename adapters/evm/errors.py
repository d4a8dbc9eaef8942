"""What an attestor answers instead of a signature, and a relayer that asked it raises.

ChainError (adapters/errors.py)
└── AttestorError              nothing was signed
    ├── NotAttested            a client that it does not watch
    ├── BlockNotFinal          ask again later
    ├── NoAgreement            its endpoints are silent, behind, or contradict each other
    ├── ChainHalted            history below finality changed, until an operator has looked
    ├── AlreadySigned          another hash stands in its guard
    ├── SetChangeNotApproved   a hand-over that its operator did not write down
    └── AttestorBusy           too many ask at once

Each names the status that it travels with (hub/rpc/status.py).
"""

from dataclasses import dataclass
from typing import ClassVar

from adapters.errors import ChainError
from hub.errors import StatusName
from hub.quantities import Epoch, Height


@dataclass(eq=False)
class AttestorError(ChainError):
    """Nothing was signed."""

    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class NotAttested(AttestorError):
    client: str
    status: ClassVar[StatusName] = "NOT_FOUND"
    template: ClassVar[str] = "this attestor watches no chain for client {client}: add it to its chains file"


@dataclass(eq=False)
class BlockNotFinal(AttestorError):
    chain: str
    height: Height
    status: ClassVar[StatusName] = "OUT_OF_RANGE"
    template: ClassVar[str] = "block {height} of {chain} is not final yet: ask again later"


@dataclass(eq=False)
class NoAgreement(AttestorError):
    """The endpoints are silent, behind, or contradict each other."""

    chain: str
    height: Height
    agreed: int
    needed: int
    faults: str
    status: ClassVar[StatusName] = "UNAVAILABLE"
    template: ClassVar[str] = (
        "{agreed} endpoints of {chain} agree on block {height}, {needed} are needed: nothing is signed ({faults})"
    )


@dataclass(eq=False)
class ChainHalted(AttestorError):
    client: str
    number: Height
    signed_hash: bytes
    found_hash: bytes
    template: ClassVar[str] = (
        "the chain behind {client} is halted: block {number} was signed as {signed_hash} and is {found_hash} now; "
        "an operator must look, and replace the client at the hub by one whose attestors have new keys"
    )


@dataclass(eq=False)
class AlreadySigned(AttestorError):
    client: str
    number: int
    signed_hash: bytes
    template: ClassVar[str] = "{signed_hash} was signed for {client} at {number}: another is never signed there"


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
    status: ClassVar[StatusName] = "RESOURCE_EXHAUSTED"
    template: ClassVar[str] = "{waiting} requests wait for this attestor, more are not held: ask again in a moment"
