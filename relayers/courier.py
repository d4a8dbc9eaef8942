"""Carries batches to one place, so that one bad packet, one slow answer, or one dead end stops nothing else.

A task is carried at most once at a time. A batch that is refused is halved until the packet that spoils it stands
alone; that one waits, longer each time. So does one that its application fails, while those beside it are done; it is
then better carried by itself. A batch that could not be tried (nobody answered) waits as a whole.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

import structlog

from adapters.errors import ApplicationRefused, ChainError, ClaimDisproved, DeliveryRefused, Reorganised
from hub.clients.errors import ClientError
from hub.errors import HubError
from hub.ibc.errors import PacketError
from hub.proofs.errors import ProofError
from hub.quantities import Height
from hub.services.errors import ServiceError
from relayers.plan import Task, TaskKey, halves

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
_LONGEST_REFUSAL_S = 600.0
"""An application is seldom mended within minutes, and whoever mends it can settle its packets at once."""

log = structlog.get_logger(__name__)

Refused = Mapping[TaskKey, ApplicationRefused]

Carry = Callable[[tuple[Task, ...], Height | None], Awaitable[Refused]]
"""Do these tasks, proven by the batch of the hub's block at the height, or by any newer state; those of them that their
applications failed. Raises HubError where none was done.
"""

OnError = Callable[[HubError], None]


_OF_THE_CLIENT = {
    # of an EVM chain's contracts
    "ClientFrozen",
    "ClientExpired",
    "CheckpointExpired",
    "CheckpointFromFuture",
    # of a chain of our own (hub/clients/errors.py)
    "ClientIsFrozen",
    "ClientHasExpired",
    "ClientNotFound",
    "HeaderTooOld",
    "HeaderFromTheFuture",
    "TimeRunsBackwards",
    # of both
    "WrongEpoch",
    "TooLittlePower",
}
"""Refusals of a chain that no choice of packets avoids. A pause is none: acknowledgements pass it."""


def spoils_its_batch(error: HubError) -> bool:
    """Whether a refusal may be the fault of one packet, so that the others would pass without it."""
    if isinstance(error, DeliveryRefused):
        return error.error not in _OF_THE_CLIENT
    return isinstance(error, PacketError | ProofError | ServiceError | ClaimDisproved)


class Courier:
    """One direction of one path."""

    def __init__(self, name: str, carry: Carry, on_error: OnError, at_once: int = 8) -> None:
        self._name = name
        self._carry = carry
        self._on_error = on_error
        self._slots = asyncio.Semaphore(at_once)
        self._under_way: set[TaskKey] = set()
        self._waits_until: dict[TaskKey, float] = {}
        self._wait_s: dict[TaskKey, float] = {}
        self._failed: set[TaskKey] = set()
        self._running: set[asyncio.Task[None]] = set()

    def blocked(self) -> set[TaskKey]:
        """Tasks that are under way or wait after a refusal; while one that goes alone is under way, all such."""
        now = monotonic()
        self._waits_until = {key: until for key, until in self._waits_until.items() if until > now}
        blocked = self._under_way | self._waits_until.keys()
        return blocked if self._failed.isdisjoint(self._under_way) else blocked | self._failed

    def alone(self) -> set[TaskKey]:
        """Tasks that their applications failed, until one is done."""
        return self._failed

    def forget_unless(self, is_open: Callable[[TaskKey], bool]) -> None:
        """Keep what was refused of packets that are still open: others have settled the rest."""
        self._failed = {key for key in self._failed if is_open(key)}
        self._wait_s = {key: wait for key, wait in self._wait_s.items() if is_open(key)}

    def launch(self, tasks: tuple[Task, ...], height: Height | None, done: Callable[[], None]) -> None:
        """Begin to carry a batch; ``done`` is called at its end, whatever that is."""
        keys = {task.key for task in tasks}
        self._under_way |= keys

        def finished(running: asyncio.Task[None]) -> None:
            self._running.discard(running)
            self._under_way.difference_update(keys)
            done()

        running = asyncio.create_task(self._run(tasks, height), name=f"{self._name} {len(tasks)}")
        self._running.add(running)
        running.add_done_callback(finished)

    def hold(self, key: TaskKey, seconds: float) -> None:
        """Do not try a task again for a while."""
        self._waits_until[key] = monotonic() + seconds

    async def stop(self) -> None:
        """Give up all that is under way."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, tasks: tuple[Task, ...], height: Height | None) -> None:
        async with self._slots:
            await self._try(tasks, height)

    async def _try(self, tasks: tuple[Task, ...], height: Height | None) -> None:
        try:
            refused = await self._carry(tasks, height)
        except Reorganised as error:
            self._on_error(error)
        except HubError as error:
            self._on_error(error)
            if spoils_its_batch(error) and len(tasks) > 1:
                for half in halves(tasks):
                    await self._try(half, height)
                return
            self._defer(tasks, error)
        except Exception as error:  # a fault of ours must not stop the others' packets
            log.exception("a batch failed", courier=self._name)
            self._defer(tasks, error)
        else:
            for task in tasks:
                if (failure := refused.get(task.key)) is None:
                    self._wait_s.pop(task.key, None)
                    self._failed.discard(task.key)
                else:
                    self._on_error(failure)
                    self._defer((task,), failure)

    def _defer(self, tasks: tuple[Task, ...], error: Exception) -> None:
        longest = _LONGEST_WAIT_S
        if isinstance(error, ApplicationRefused):
            longest = _LONGEST_REFUSAL_S
            self._failed.update(task.key for task in tasks)
        for task in tasks:
            wait = self._wait_s.get(task.key, _FIRST_WAIT_S)
            self._wait_s[task.key] = min(wait * 2, longest)
            self.hold(task.key, wait)
        quiet = isinstance(error, ChainError | ClientError) and not isinstance(
            error, DeliveryRefused | ApplicationRefused
        )
        (log.info if quiet else log.warning)(
            "not carried",
            courier=self._name,
            packets=[f"{task.kind.value} {task.packet.source_client}/{task.packet.sequence}" for task in tasks],
            error=str(error),
        )
