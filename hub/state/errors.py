"""What the state refuses."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError


@dataclass(eq=False)
class StateError(HubError):
    """The state or its tree cannot do what was asked."""


@dataclass(eq=False)
class EmptyValue(StateError):
    key: bytes
    template: ClassVar[str] = "key {key} cannot hold an empty value: delete it instead"
