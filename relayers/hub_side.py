"""What a relayer does at the hub: proves what happened on a chain, and submits it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import assert_never

from adapters.chain import Chain
from adapters.lanes import LaneNumbers
from hub.answers import EventRecord, Receipt
from hub.client import HubClient
from hub.clients.base import Claims, ProvenPoint
from hub.engine.errors import RateLimited
from hub.ibc.commitment import Path, PathKind, acknowledgement_commitment, packet_commitment
from hub.ibc.packet import Packet
from hub.messages import AcknowledgePackets, AnyMessage, Proof, ReceivePackets, TimeOutPackets
from hub.quantities import Height
from hub.quantities import Sequence as PacketSequence
from hub.rpc.errors import PacketNotFound
from hub.signer import Signer
from relayers.plan import Kind, Task

_AT_ONCE = 32
"""Packets whose histories are asked for at the same time."""


class HubSide:
    """One relayer's account at the hub, and one chain behind it."""

    def __init__(self, hub: HubClient, signer: Signer, chain: Chain) -> None:
        self._hub = hub
        self._signer = signer
        self._chain = chain
        self._lanes = LaneNumbers(hub.lanes)

    async def submit(self, message: AnyMessage) -> Receipt:
        """One message, one transaction; raises the hub's refusal."""
        return await self._hub.submit([message], self._signer)

    async def request_block(self) -> ProvenPoint:
        """Have the hub make a block that shows the time."""
        with suppress(RateLimited):  # another asked a moment ago, and got it
            await self._hub.request_block()
        status = await self._hub.status()
        return ProvenPoint(status.height, status.time)

    async def deliver(self, tasks: Sequence[Task], height: Height) -> Receipt:
        """Tasks of one kind, proven at a final height of the chain; raises HubError."""
        proof = await self._chain.prove(height, claims_of(tasks))
        records = await self._lanes.records(task.packet for task in tasks)
        return await self.submit(_message(self._chain.client_at_hub, tasks, records, proof))

    async def still_to_do(self, tasks: Sequence[Task]) -> set[PacketSequence]:
        """Those of tasks of one kind that the hub has not seen done."""
        sequences = [task.packet.sequence for task in tasks]
        if tasks[0].kind is Kind.RECEIVE:
            return set(await self._hub.unreceived(self._chain.client_at_hub, sequences))
        return set(await self._hub.unacknowledged(self._chain.client_at_hub, sequences))

    async def history(self, packet: Packet) -> tuple[EventRecord, ...]:
        """What happened to a packet at the hub; nothing where it is unknown there."""
        try:
            found = await self._hub.packet(packet.source_client, packet.destination_client, packet.sequence)
        except PacketNotFound:
            return ()
        return found.steps

    async def open_packets(self, learn: Callable[[tuple[EventRecord, ...]], None]) -> None:
        """Tell of every packet that the hub sent to the chain and that still waits."""
        at_hub, of_hub = self._chain.client_at_hub, self._chain.client_of_hub
        sequences = await self._hub.commitments(at_hub)
        for first in range(0, len(sequences), _AT_ONCE):
            asked = (self._hub.packet(at_hub, of_hub, one) for one in sequences[first : first + _AT_ONCE])
            for found in await asyncio.gather(*asked):
                learn(found.steps)


def claims_of(tasks: Sequence[Task]) -> Claims:
    """What the chain's store must show for these tasks at the hub."""
    return Claims(
        present=tuple(_present(task) for task in tasks if task.kind is not Kind.TIME_OUT),
        absent=tuple(
            Path(PathKind.RECEIPT, task.packet.destination_client, task.packet.sequence)
            for task in tasks
            if task.kind is Kind.TIME_OUT
        ),
    )


def _present(task: Task) -> tuple[Path, bytes]:
    packet = task.packet
    if task.kind is Kind.RECEIVE:
        return Path(PathKind.COMMITMENT, packet.source_client, packet.sequence), packet_commitment(packet)
    path = Path(PathKind.ACKNOWLEDGEMENT, packet.destination_client, packet.sequence)
    return path, acknowledgement_commitment(task.acknowledgement)


def _message(client: str, tasks: Sequence[Task], records: bytes, proof: Proof) -> AnyMessage:
    kind = tasks[0].kind
    match kind:
        case Kind.RECEIVE:
            return ReceivePackets(client, records, proof)
        case Kind.ACKNOWLEDGE:
            return AcknowledgePackets(client, records, tuple(task.acknowledgement for task in tasks), proof)
        case Kind.TIME_OUT:
            return TimeOutPackets(client, records, proof)
        case _:
            assert_never(kind)
