"""The packet relayer of one path: the hub and one chain. It believes nobody, nobody believes it, and it may be killed
at any time.

Its tasks read the hub, read the chain, read the chain's old blocks, and carry what ``plan`` says to each side. A fault
of one endpoint delays what needs that endpoint; a chain that changed its history makes it forget everything and begin
again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import NoReturn, TypeVar

import structlog

from adapters.chain import Chain, RotationEvent
from adapters.errors import ApplicationRefused, DeliveryRefused, Reorganised
from adapters.refusals import refused_by_applications
from hub.answers import Receipt
from hub.client import HubClient
from hub.clients.base import ProvenPoint
from hub.clients.errors import ConflictingHeader, TimeRunsBackwards
from hub.errors import HubError
from hub.events import (
    AcknowledgementWritten,
    DomainChanged,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
    ValidatorSetChanged,
    ValidatorSetProposed,
)
from hub.quantities import Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from hub.signer import Signer
from relayers.block_requests import BlockRequests
from relayers.chain_side import ChainSide
from relayers.client_keeper import ClientKeeper
from relayers.courier import Courier, Refused
from relayers.cursor import CursorFile
from relayers.flow import Flow
from relayers.hub_side import HubSide
from relayers.metrics import RelayerMetrics
from relayers.plan import Bounds, Kind, Task, chain_batches, hub_batches, time_wanted
from relayers.world import World

T = TypeVar("T")

_OF_CLIENTS = (ValidatorSetProposed, ValidatorSetChanged, DomainChanged)
_KINDS = (PacketSent, PacketReceived, AcknowledgementWritten, PacketAcknowledged, PacketTimedOut, *_OF_CLIENTS)
_TO_HUB, _TO_CHAIN = 0, 1

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often what is looked at. Seconds."""

    poll_s: float = 1.0
    """Between two looks at the chain's head: less than its block time."""
    retry_s: float = 2.0
    """After an endpoint or the hub did not answer."""
    hold_s: float = 10.0
    """Before a task that took place in a block not final yet is looked at again."""
    clients_s: float = 60.0
    """Between two looks at the clients' ages."""
    cursor_s: float = 600.0
    """Between two times that what was read is held against what is certified of the chain, and the cursor is kept."""
    backlog_blocks: int = 1000
    """Old blocks that are read at a time, the newest first."""


@dataclass(frozen=True, slots=True)
class Path:
    """What a path is made of."""

    hub: HubClient
    signer: Signer
    """The relayer's account at the hub."""
    chain: Chain
    hub_bounds: Bounds = Bounds(packets=100, bytes=512 * 1024)  # noqa: RUF009  # frozen
    rhythm: Rhythm = Rhythm()  # frozen
    cursor: CursorFile | None = None
    """Where it is kept how far the chain was read; None for nowhere."""


class PacketRelayer:
    """Carries packets between the hub and one chain until it is cancelled."""

    def __init__(self, path: Path, metrics: RelayerMetrics) -> None:
        self._hub = path.hub
        self._chain = path.chain
        self._hub_side = HubSide(path.hub, path.signer, path.chain)
        self._chain_side = ChainSide(path.hub, path.chain)
        self._hub_blocks = BlockRequests(self._hub_side.request_block, self._on_error)
        self._chain_blocks = BlockRequests(path.chain.request_block, self._on_error)
        self._hub_bounds = path.hub_bounds
        self._chain_bounds = Bounds(path.chain.limits.packets, path.chain.limits.bytes, path.chain.limits.gas)
        self._rhythm = path.rhythm
        self._cursor = path.cursor
        self._metrics = metrics
        self._world = World(path.chain.client_at_hub, path.chain.client_of_hub)
        self.faults: dict[str, str] = {}
        """What does not work at this moment, by part."""
        self._clients = ClientKeeper(
            path.hub, self._hub_side, path.chain, self._chain_side, faults=self.faults, on_error=self._on_error
        )

    async def run(self) -> NoReturn:
        """Relay for ever; cancel to stop. Raises ClientReconfigured (in a group) where the chain must be read
        otherwise.
        """
        while True:
            try:
                await self._learn_and_carry()
            except* Reorganised as group:
                log.warning("begins anew", path=self._chain.name, error=str(group.exceptions[0]))
                self._metrics.rebuilt(self._chain.name)
            self._chain.forget()
            await asyncio.sleep(self._rhythm.retry_s)

    async def _learn_and_carry(self) -> None:
        self._world = world = World(self._chain.client_at_hub, self._chain.client_of_hub)
        final = await self._insist("chain", self._chain.finalised)
        world.read_up_to = final.height
        self._to_hub = Courier(f"{self._chain.name} to hub", self._carry_to_hub, self._on_error)
        self._to_chain = Courier(f"hub to {self._chain.name}", self._carry_to_chain, self._on_error)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_hub(world))
                tasks.create_task(self._follow_chain(world, final.height))
                tasks.create_task(self._read_backlog(world, final.height))
                tasks.create_task(self._keep_cursor(world))
                tasks.create_task(self._serve_hub(world))
                tasks.create_task(self._serve_chain(world))
                tasks.create_task(self._clients.keep(world, self._rhythm.clients_s, self._rhythm.retry_s))
        finally:
            await self._to_hub.stop()
            await self._to_chain.stop()

    # ------------------------------------------------------------------------------------------------ reading

    async def _follow_hub(self, world: World) -> None:
        status = await self._insist("hub", self._hub.status)
        world.see_hub(ProvenPoint(status.height, status.time))
        await self._insist("hub", lambda: self._hub_side.open_packets(lambda e: world.learn_from_hub(e, backlog=True)))
        world.hub_is_known.set()
        height = status.height
        while True:
            try:
                async for block in self._hub.watch(Height(height + 1), _KINDS, patient=False):
                    if any(isinstance(record.event, _OF_CLIENTS) for record in block.events):
                        self._clients.look()
                    world.learn_from_hub(block.events)
                    world.see_hub(ProvenPoint(block.height, block.time))
                    height = block.height
            except HubError as error:
                await self._rest("hub", error)
                await self._insist("hub", self._hub.status)

    async def _follow_chain(self, world: World, cursor: Height) -> None:
        while True:
            try:
                final, latest = await self._chain.finalised(), await self._chain.latest()
                if final.height > cursor:
                    observed = await self._chain.scan(Height(cursor + 1), final.height)
                    if any(isinstance(entry.event, RotationEvent) for entry in observed):
                        self._clients.look()
                    world.learn_from_chain(observed)
                    cursor = final.height
                world.read_up_to = cursor
                world.see_chain(final, latest)
                if world.hub_is_known.is_set():
                    self._needed_from(world)
                self.faults.pop("chain", None)
            except Reorganised:
                raise
            except HubError as error:
                await self._rest("chain", error)
            self._measure(world)
            await asyncio.sleep(self._rhythm.poll_s)

    async def _read_backlog(self, world: World, high: Height) -> None:
        """Old blocks, the newest first, once the hub has said which of its own packets are still open."""
        await world.hub_is_known.wait()
        lowest = self._chain.first_height
        if (cursor := self._cursor) is not None:
            lowest = await self._insist("backlog", lambda: cursor.resume(self._chain))
        log.info("reads old blocks", path=self._chain.name, first=lowest, last=high)
        while high >= lowest:
            low = Height(max(lowest, high - self._rhythm.backlog_blocks + 1))
            try:
                world.learn_from_chain(await self._chain.scan(low, high), backlog=True)
            except Reorganised:
                raise
            except HubError as error:
                await self._rest("backlog", error)
            else:
                high = Height(low - 1)
                self.faults.pop("backlog", None)
        world.all_is_read.set()

    async def _keep_cursor(self, world: World) -> None:
        """Hold what was read against what is certified of the chain; keep up to where nothing need be read again."""
        await world.all_is_read.wait()
        while True:
            read_up_to, settled_up_to = world.read_up_to, world.settled_up_to(self._needed_from(world))
            pause_s = self._rhythm.cursor_s
            try:
                await self._chain.certified(read_up_to)
                if self._cursor is not None:
                    self._cursor.save(self._chain, settled_up_to, await self._chain.certified(settled_up_to))
            except Reorganised:
                raise
            except (HubError, OSError) as error:  # no fault of the path: it only costs a later start some time
                log.warning("cursor not kept", path=self._chain.name, error=str(error))
                pause_s = self._rhythm.clients_s
            await asyncio.sleep(pause_s)

    def _needed_from(self, world: World) -> Height | None:
        """Have what is settled dropped; the lowest block that is needed to prove the rest."""
        return self._chain.settled(world.to_chain.outgoing.keys(), world.to_chain.highest)

    # ------------------------------------------------------------------------------------------------ carrying

    async def _serve_hub(self, world: World) -> None:
        while True:
            courier = self._to_hub
            courier.forget_unless(world.open_at_hub)
            for batch in hub_batches(world.tasks_for_hub(), courier.blocked(), self._hub_bounds, courier.alone()):
                courier.launch(batch.tasks, None, world.wake)
            if (due := time_wanted(world.to_hub, world.hub, _now(world))) is not None:
                await self._hub_blocks.ask(due)
            await world.news(_TO_HUB, self._rhythm.poll_s)

    async def _serve_chain(self, world: World) -> None:
        await world.hub_is_known.wait()
        while True:
            courier = self._to_chain
            courier.forget_unless(world.open_at_chain)
            for batch in chain_batches(world.tasks_for_chain(), courier.blocked(), self._chain_bounds, courier.alone()):
                courier.launch(batch.tasks, batch.height, world.wake)
            if (due := time_wanted(world.to_chain, world.chain, _now(world))) is not None:
                await self._chain_blocks.ask(due)
            await world.news(_TO_CHAIN, self._rhythm.poll_s)

    async def _carry_to_hub(self, tasks: tuple[Task, ...], _: Height | None) -> Refused:
        world = self._world
        open_ones = await self._hub_side.still_to_do(tasks)
        for task in tasks:
            if task.packet.sequence not in open_ones:
                await self._catch_up(world, task)
        tasks = tuple(task for task in tasks if task.packet.sequence in open_ones)
        if not tasks:
            return {}
        receipt = await self._prove_to_hub(tasks, world.chain.proven.height)
        events = (record.event for record in receipt.events)
        refused = _refused(tasks, refused_by_applications("the hub", self._chain.client_at_hub, events))
        done = [task for task in tasks if task.key not in refused]
        self._done(world, f"{tasks[0].kind.value}_at_hub", done, world.flow_at_hub)
        world.learn_from_hub(receipt.events)
        return refused

    async def _prove_to_hub(self, tasks: tuple[Task, ...], height: Height) -> Receipt:
        """Deliver; where attestors contradict what they signed before, show the hub, which then freezes the client."""
        try:
            return await self._hub_side.deliver(tasks, height)
        except (ConflictingHeader, TimeRunsBackwards):
            log.error("attestors contradict themselves", path=self._chain.name, height=height)
            await self._hub_side.submit(await self._chain.client_update(height))
            raise

    async def _carry_to_chain(self, tasks: tuple[Task, ...], height: Height | None) -> Refused:
        world = self._world
        open_ones = await self._chain_side.still_to_do(tasks)
        gone = [task for task in tasks if (task.kind, task.packet.sequence) not in open_ones]
        for task in gone:
            self._metrics.redundant(self._chain.name, f"{task.kind.value}_at_chain", 1)
            self._to_chain.hold(task.key, self._rhythm.hold_s)
        tasks = tuple(task for task in tasks if (task.kind, task.packet.sequence) in open_ones)
        if not tasks:
            return {}
        delivered = await self._chain_side.deliver(tasks, height)
        log.info("delivered", path=self._chain.name, packets=len(tasks), gas=delivered.gas, height=delivered.height)
        self._metrics.spent(self._chain.name, tasks, delivered)
        for task in tasks:
            self._to_chain.hold(task.key, self._rhythm.hold_s)
        refused = _refused(tasks, delivered.refused)
        for kind in {task.kind for task in tasks}:
            some = [task for task in tasks if task.kind is kind and task.key not in refused]
            self._done(world, f"{kind.value}_at_chain", some, world.flow_at_chain)
        return refused

    async def _catch_up(self, world: World, task: Task) -> None:
        """Another relayer was there first: learn what came of it, and let the packet be where nothing is known."""
        self._metrics.redundant(self._chain.name, f"{task.kind.value}_at_hub", 1)
        if task.kind is Kind.RECEIVE:
            world.learn_from_hub(await self._hub_side.history(task.packet))
            self._to_hub.hold(task.key, self._rhythm.hold_s)
        else:
            world.settle_at_hub(task)

    # ------------------------------------------------------------------------------------------------ keeping well

    async def _insist(self, part: str, work: Callable[[], Awaitable[T]]) -> T:
        """Try until it works; a dead end only holds up its own path."""
        while True:
            try:
                done = await work()
            except Reorganised:
                raise
            except HubError as error:
                await self._rest(part, error)
            else:
                self.faults.pop(part, None)
                return done

    async def _rest(self, part: str, error: HubError) -> None:
        self.faults[part] = str(error)
        self._on_error(error)
        log.warning("waits", path=self._chain.name, part=part, error=str(error))
        await asyncio.sleep(self._rhythm.retry_s)

    def _on_error(self, error: HubError) -> None:
        self._clients.look_if(error)
        self._metrics.failed(self._chain.name, error.error if isinstance(error, DeliveryRefused) else error.reason())

    def _done(self, world: World, hop: str, tasks: Sequence[Task], flow_of: Callable[[Task], Flow]) -> None:
        ages_s = [world.age_s(flow_of(task), task.packet.sequence) for task in tasks]
        self._metrics.carried(self._chain.name, hop, ages_s)

    def _measure(self, world: World) -> None:
        for source, flow in (("chain", world.to_hub), ("hub", world.to_chain)):
            self._metrics.backlog.labels(self._chain.name, source).set(len(flow.outgoing))
            self._metrics.oldest.labels(self._chain.name, source).set(world.oldest_s(flow))
        for side, at in (("hub", world.hub), ("chain", world.chain)):
            self._metrics.height.labels(self._chain.name, side).set(at.proven.height)


def _refused(tasks: Sequence[Task], failed: Mapping[PacketSequence, ApplicationRefused]) -> Refused:
    """By tasks. One that was received is done, whatever its application said."""
    of_senders = (task for task in tasks if task.kind is not Kind.RECEIVE)
    return {task.key: failed[task.packet.sequence] for task in of_senders if task.packet.sequence in failed}


def _now(world: World) -> UnixSeconds:
    """By this machine's clock, too: where no side makes blocks neither shows how late it is."""
    return max(world.now(), UnixSeconds(int(time())))
