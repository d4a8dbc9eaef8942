"""What a relayer does at a chain: takes the hub's checkpoint and what it proves, and delivers it."""

from collections.abc import Sequence
from typing import assert_never

from adapters.chain import Acknowledge, Chain, Delivered, Delivery, Receive, Step, TimeOut, path_of
from hub.client import HubClient
from hub.clients.quorum import SignedCheckpoint
from hub.quantities import Epoch, Height
from hub.quantities import Sequence as PacketSequence
from hub.state.errors import HeightNotRetained
from relayers.plan import Kind, Task


class ChainSide:
    """One chain, and the hub that is shown to it."""

    def __init__(self, hub: HubClient, chain: Chain) -> None:
        self._hub = hub
        self._chain = chain
        self.epoch: Epoch | None = None
        """Of the hub's validators that the chain's client believes, as far as it was looked at."""

    async def checkpoint(self, height: Height | None = None) -> SignedCheckpoint:
        """The hub's checkpoint for this chain, the newest by default."""
        return await self._hub.checkpoint(self._chain.client_at_hub, height)

    async def deliver(self, tasks: Sequence[Task], height: Height | None) -> Delivered:
        """By the batch of the hub's block at ``height`` where it holds all tasks, else against the newest state."""
        steps = [_step(task) for task in tasks]
        delivery = None if height is None else await self._by_batch(steps, height)
        return await self._chain.deliver(delivery or await self._by_state(steps))

    async def still_to_do(self, tasks: Sequence[Task]) -> set[tuple[Kind, PacketSequence]]:
        """Those of some tasks that the chain, at its newest block, has not seen done."""
        receives = {task.packet.sequence for task in tasks if task.kind is Kind.RECEIVE}
        others = {task.packet.sequence for task in tasks if task.kind is not Kind.RECEIVE}
        received = await self._chain.received(receives) if receives else set()
        committed = await self._chain.committed(others) if others else set()
        return {
            (task.kind, task.packet.sequence)
            for task in tasks
            if (
                task.packet.sequence not in received if task.kind is Kind.RECEIVE else task.packet.sequence in committed
            )
        }

    async def _by_batch(self, steps: Sequence[Step], height: Height) -> Delivery | None:
        """None where the block is no longer kept, or is of another epoch than the chain's client believes, or does not
        hold all of these: a full outbox spills into later ones.
        """
        try:
            batch = await self._hub.batch(self._chain.client_at_hub, height)
            checkpoint = await self.checkpoint(height)
        except HeightNotRetained:
            return None
        if self.epoch not in (None, checkpoint.checkpoint.epoch):
            return None
        entries = tuple((entry.path, entry.commitment) for entry in batch.entries)
        if not {path_of(step).encode() for step in steps} <= {path for path, _ in entries}:
            return None
        return Delivery(checkpoint, steps, entries)

    async def _by_state(self, steps: Sequence[Step]) -> Delivery:
        paths = [path_of(step) for step in steps]
        shown = await self._hub.prove(None, [path.encode() for path in paths])
        checkpoint = await self.checkpoint(shown.height)
        proofs = {path: found.proof for path, found in zip(paths, shown.proofs, strict=True)}
        return Delivery(checkpoint, steps, state_proofs=proofs)


def _step(task: Task) -> Step:
    match task.kind:
        case Kind.RECEIVE:
            return Receive(task.packet)
        case Kind.ACKNOWLEDGE:
            return Acknowledge(task.packet, task.acknowledgement)
        case Kind.TIME_OUT:
            return TimeOut(task.packet)
        case _:
            assert_never(task.kind)
