"""What the state refuses."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Height


@dataclass(eq=False)
class StateError(HubError):
    """The state or its tree cannot do what was asked."""


@dataclass(eq=False)
class EmptyValue(StateError):
    key: bytes
    template: ClassVar[str] = "key {key} cannot hold an empty value: delete it instead"


@dataclass(eq=False)
class EmptyTree(StateError):
    template: ClassVar[str] = "the last entry of a state cannot be deleted: a chain's state is never empty"


@dataclass(eq=False)
class TreeDamaged(StateError):
    cell: bytes
    template: ClassVar[str] = "the state tree lacks its cell {cell}: restore the store from a backup"


@dataclass(eq=False)
class NotInTree(StateError):
    key: bytes
    template: ClassVar[str] = "key {key} is an index's, which no proof is of: ask for the record that it leads to"


@dataclass(eq=False)
class BlockNotFound(StateError):
    height: Height
    template: ClassVar[str] = "there is no block {height} here yet: ask for a height that is committed"


@dataclass(eq=False)
class HeightNotRetained(StateError):
    height: Height
    oldest: Height
    template: ClassVar[str] = "the state at height {height} is no longer kept: the oldest is {oldest}"
