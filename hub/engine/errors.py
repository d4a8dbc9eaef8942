"""What the node refuses."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Address


@dataclass(eq=False)
class EngineError(HubError):
    """The node cannot do what was asked."""


# --- the signer's guard ---


@dataclass(eq=False)
class GuardMissing(EngineError):
    path: str
    template: ClassVar[str] = (
        "the signer's guard {path} is missing although the chain has begun: "
        "bring it back from where the validator ran last"
    )


@dataclass(eq=False)
class GuardExists(EngineError):
    path: str
    template: ClassVar[str] = "a signer's guard stands at {path} already: it is never begun anew"


@dataclass(eq=False)
class GuardDamaged(EngineError):
    path: str
    detail: str
    template: ClassVar[str] = "the signer's guard {path} cannot be read ({detail}): nothing is signed without it"


@dataclass(eq=False)
class CheckpointWithheld(EngineError):
    height: int
    block_hash: bytes
    template: ClassVar[str] = (
        "this validator has signed a chain in which height {height} may be another block than {block_hash}: "
        "its store is older than its guard, or forked from it; restore the newest store"
    )


# --- waiting for a block ---


@dataclass(eq=False)
class MempoolFull(EngineError):
    waiting: int
    template: ClassVar[str] = "{waiting} transactions wait for a block, more are not held: send it again in a moment"


@dataclass(eq=False)
class AccountQueueFull(EngineError):
    account: Address
    limit: int
    template: ClassVar[str] = "{limit} transactions of {account} wait for a block, more are not held: await some first"


@dataclass(eq=False)
class NoncePending(EngineError):
    account: Address
    nonce: int
    template: ClassVar[str] = "another transaction of {account} with nonce {nonce} waits: use the next nonce"


@dataclass(eq=False)
class RateLimited(EngineError):
    who: str
    what: str
    template: ClassVar[str] = "{who} asks for {what} faster than allowed: slow down"


@dataclass(eq=False)
class NodeStopping(EngineError):
    template: ClassVar[str] = "the node is stopping: send the same transaction again when it is back, which is safe"


# --- execution and replay ---


@dataclass(eq=False)
class ReplayDiffers(EngineError):
    """The stored blocks, executed again, do not give what is stored: store or software is another than it was."""

    height: int
    field: str
    template: ClassVar[str] = (
        "block {height}, executed again, has another {field}: do not run this node, restore a backup"
    )


@dataclass(eq=False)
class AnotherGenesis(EngineError):
    stored: bytes
    given: bytes
    template: ClassVar[str] = (
        "the store belongs to genesis {stored}, the configuration gives {given}: use the right one"
    )


@dataclass(eq=False)
class ExecutionFault(EngineError):
    """The program itself failed on a transaction, which changed nothing."""

    kind: str
    template: ClassVar[str] = "the node failed to execute the transaction ({kind}): its log says more"


@dataclass(eq=False)
class NoValidatorKey(EngineError):
    template: ClassVar[str] = "this node has no validator key: ask one that has for checkpoints"


@dataclass(eq=False)
class NotAValidator(EngineError):
    address: Address
    epoch: int
    template: ClassVar[str] = "this node's key {address} is not in the validator set of epoch {epoch}"


# --- the store ---


@dataclass(eq=False)
class StoreMissing(EngineError):
    path: str
    template: ClassVar[str] = "there is no store at {path}: begin one with a genesis, or restore a backup"


@dataclass(eq=False)
class StoreLost(EngineError):
    path: str
    signed: int
    template: ClassVar[str] = (
        "there is no store at {path}, but block {signed} of its chain was signed here: "
        "bring back the disk that has its blocks, or restore the newest backup"
    )


@dataclass(eq=False)
class StoreExists(EngineError):
    path: str
    template: ClassVar[str] = "a store stands at {path} already: open it, or choose another place"


@dataclass(eq=False)
class StoreInUse(EngineError):
    path: str
    template: ClassVar[str] = "the store {path} is in use: stop the node that holds it first"


@dataclass(eq=False)
class StoreUnreadable(EngineError):
    path: str
    detail: str
    template: ClassVar[str] = "the store {path} cannot be read ({detail}): restore a backup"


@dataclass(eq=False)
class StoreUnwritable(EngineError):
    detail: str
    template: ClassVar[str] = "the store cannot be written ({detail}): make room on its disk, then start the node again"


@dataclass(eq=False)
class UnknownStoreFormat(EngineError):
    path: str
    found: int
    known: int
    template: ClassVar[str] = (
        "the store {path} has format {found}, this program knows {known}: use the program that wrote it"
    )


@dataclass(eq=False)
class StalePreparation(EngineError):
    follows: str
    latest: str
    template: ClassVar[str] = "the block was prepared upon height {follows}, the latest is {latest}: prepare it again"


@dataclass(eq=False)
class BackupExists(EngineError):
    path: str
    template: ClassVar[str] = "there is something at {path} already: a backup goes to a new place"


@dataclass(eq=False)
class BackupFailed(EngineError):
    path: str
    detail: str
    template: ClassVar[str] = "the backup to {path} failed ({detail}): what is there is no backup"
