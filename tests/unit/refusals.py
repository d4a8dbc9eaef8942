"""What a refusal is, in any world: it has its name, and nothing is written."""

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from hub.errors import HubError


class Written(Protocol):
    def written(self) -> dict[bytes, bytes | None]: ...


def refused(world: Written, error: type[HubError], step: Callable[[], Any]) -> None:
    """The step is refused by name and changes nothing."""
    before = world.written()
    with pytest.raises(error):
        step()
    assert world.written() == before
