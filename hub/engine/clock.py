"""The node's clock: the only place where an engine learns the time, so that tests can give it another."""

import time
from typing import Protocol

from hub.quantities import UnixSeconds


class Clock(Protocol):
    """Wall time for blocks, and a time that never runs backwards for waiting and rates."""

    def now(self) -> UnixSeconds: ...

    def monotonic(self) -> float:
        """Seconds from some moment on."""
        ...


class SystemClock:
    """The machine's own."""

    def now(self) -> UnixSeconds:
        return UnixSeconds(int(time.time()))

    def monotonic(self) -> float:
        return time.monotonic()
