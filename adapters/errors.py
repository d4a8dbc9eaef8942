"""What can go wrong with a chain, seen from outside: its endpoints, its history, what it refuses.

ChainError
├── EndpointsFailed     nobody answered: try again later
│   └── EndpointFault   one endpoint is silent, late or lying: ask the next
│       └── StateNotServed  it does not keep the state of that block
├── CallRefused         the chain's node answered, and the answer is no
├── DeliveryRefused     a contract, or a rule of the chain, refused, by name
├── ApplicationRefused  an application failed when it was told what became of its packet
├── SenderRefused       the chain does not let us write, whatever we bring
├── Reorganised         blocks that were final are gone
│   └── ReadingDoubted  what an endpoint told of them was false: another is asked
├── ClaimDisproved      what was read does not stand in the chain's state
├── NotProvable         no proof can be had at that height (yet)
├── AttestationRefused  what an attestor signed is of no use
├── AttestorError       an attestor signs nothing (adapters/evm/errors.py)
└── TransactionLost     a transaction was not mined, or not by us
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Height, Sequence


@dataclass(eq=False)
class ChainError(HubError):
    """A chain could not be read or written."""


@dataclass(eq=False)
class EndpointsFailed(ChainError):
    chain: str
    faults: tuple[str, ...]
    template: ClassVar[str] = "no endpoint of {chain} served the request: {faults}"


@dataclass(eq=False)
class EndpointFault(ChainError):
    """The fault of one endpoint, not of the request: the same request may succeed elsewhere."""

    endpoint: str
    fault: str
    template: ClassVar[str] = "{endpoint}: {fault}"


@dataclass(eq=False)
class StateNotServed(EndpointFault):
    """Common for old blocks: another endpoint may keep their states."""


@dataclass(eq=False)
class CallRefused(ChainError):
    """JSON-RPC said no. ``data`` is what a contract reverted with, if it was one."""

    method: str
    code: int
    message: str
    data: bytes = b""
    template: ClassVar[str] = "{method} was refused with {code}: {message}"


@dataclass(eq=False)
class DeliveryRefused(ChainError):
    """A contract reverted with a named error, or a chain of our own refused by one of its rules.

    ``error`` is the name that the contract's ABI, or the rule, gives it.
    """

    chain: str
    error: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    template: ClassVar[str] = "{chain} refused with {error}({arguments})"


@dataclass(eq=False)
class ApplicationRefused(ChainError):
    """The packet is as it was before, and can be settled as soon as its application does not fail any more."""

    chain: str
    sequence: Sequence
    cause: str
    template: ClassVar[str] = (
        "the application that sent packet {sequence} from {chain} fails when it is told what became of it: {cause}; "
        "the packet waits, and is tried again"
    )


@dataclass(eq=False)
class SenderRefused(ChainError):
    """It is not what was brought that is refused: no other choice of packets would pass."""

    chain: str
    cause: str
    template: ClassVar[str] = "{chain} takes nothing from this relayer: {cause}"


@dataclass(eq=False)
class Reorganised(ChainError):
    """What was read from ``height`` on does not stand any more: forget it and read again."""

    chain: str
    height: Height
    template: ClassVar[str] = "{chain} changed its history at or below block {height}, which was final"


@dataclass(eq=False)
class ReadingDoubted(Reorganised):
    cause: str
    template: ClassVar[str] = (
        "an endpoint of {chain} told what does not stand in its state at block {height}: all is read again by another "
        "({cause})"
    )


@dataclass(eq=False)
class ClaimDisproved(ChainError):
    """The state itself, under a root that the hub believes, shows something else: asking again is of no use."""

    chain: str
    height: Height
    cause: str
    template: ClassVar[str] = "{chain} shows at height {height} that what was read of it is false: {cause}"


@dataclass(eq=False)
class NotProvable(ChainError):
    chain: str
    height: Height
    cause: str
    template: ClassVar[str] = "{chain} cannot be proven at height {height}: {cause}"


@dataclass(eq=False)
class AttestationRefused(ChainError):
    """What one attestor gave is of no use."""

    attestor: bytes
    cause: str
    template: ClassVar[str] = "the signature of {attestor} is of no use: {cause}"


@dataclass(eq=False)
class TransactionLost(ChainError):
    chain: str
    nonce: int
    cause: str
    template: ClassVar[str] = "the transaction with nonce {nonce} on {chain} did not take place: {cause}"
