"""What the node refuses."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError


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
