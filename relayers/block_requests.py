"""A timeout is proven by a block that is late enough. An idle chain of our own makes none until its heartbeat, unless
it is asked for one.
"""

from collections.abc import Awaitable, Callable
from time import monotonic

from hub.clients.base import ProvenPoint
from hub.errors import HubError
from hub.quantities import UnixSeconds

_AGAIN_S = 0.5
"""A node makes no more blocks by request than that."""
_AFTER_FAULT_S = 2.0
_LONGEST_S = 30.0
"""About a heartbeat: what it may cost at most that a machine's clock runs ahead of all others."""


class BlockRequests:
    """To one chain. ``ask`` has a block made; None where blocks come by themselves. ``clock``: seconds, never back."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[ProvenPoint | None]],
        on_error: Callable[[HubError], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._ask = ask
        self._on_error = on_error
        self._clock = clock
        self._not_before_s = 0.0

    async def ask(self, due: UnixSeconds) -> None:
        """Have the chain show a block of this time. One whose clock lags behind is let come up to it, not asked again
        and again.
        """
        if self._clock() < self._not_before_s:
            return
        try:
            made = await self._ask()
            wait_s = _AGAIN_S if made is None else min(max(_AGAIN_S, due - made.time), _LONGEST_S)
        except HubError as error:
            self._on_error(error)
            wait_s = _AFTER_FAULT_S
        self._not_before_s = self._clock() + wait_s
