"""A node of any chain of our own, in this process: what its clients ask, answered from a state machine in memory.

It answers as hub/rpc does, with the same views, and keeps every block; only the newest state can be proven.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from hub import answers
from hub.block import BlockHeader, BlockOutcome, ResultCode
from hub.clients.quorum import SignedCheckpoint
from hub.engine.records import BlockRecord
from hub.errors import HubError
from hub.events import Event, packet_key
from hub.ibc.commitment import PathKind
from hub.ibc.identifiers import ClientId
from hub.machine import Machine, RefusedMessage
from hub.quantities import Epoch, Hash, Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from hub.rpc import views
from hub.rpc.errors import PacketNotFound
from hub.state.branch import MemoryState
from hub.state.errors import BlockNotFound, HeightNotRetained
from hub.validators import validators_of
from tests.unit.quorum_chain import ReferenceTree


class InMemory(Protocol):
    """``HubChain`` and ``MemberLedger``."""

    state: MemoryState
    tree: ReferenceTree
    header: BlockHeader
    outcomes: list[BlockOutcome]

    @property
    def blocks(self) -> Sequence[tuple[BlockHeader, Any]]: ...

    def block(self, *transactions: Any, advance: int = 1) -> BlockOutcome: ...


class MachineNode:
    """``sign``: a checkpoint of a block for the counterparty of a client."""

    def __init__(
        self, chain: InMemory, machine: Machine[Any], sign: Callable[[ClientId, Height], SignedCheckpoint]
    ) -> None:
        self._chain = chain
        self._machine = machine
        self._sign = sign
        self.closed = False

    async def close(self) -> None:
        self.closed = True

    # --- blocks ---

    async def status(self) -> answers.NodeStatus:
        header = self._chain.header
        signers = validators_of(self._chain.state, self._chain.outcomes[-1].epoch)
        assert signers is not None
        return answers.NodeStatus(
            chain_id=self._machine.chain_id,
            genesis_hash=self._machine.genesis_hash,
            height=header.height,
            time=header.time,
            block_hash=header.hash(),
            app_root=header.app_root,
            oldest_height=header.height,
            epoch=signers.epoch,
            validators=signers.members,
            engine="memory",
            devnet=self._machine.devnet,
            version="0",
            pending_transactions=0,
        )

    async def block(self, height: Height | None = None) -> answers.BlockInfo:
        header = self._record(height or self._chain.header.height).header
        return answers.BlockInfo(header, header.hash(), ())

    async def request_block(self) -> Height:
        self._chain.block()
        return self._chain.header.height

    async def watch(
        self, from_height: Height, kinds: Collection[type[Event]] = (), *, patient: bool = True
    ) -> AsyncGenerator[answers.BlockEventsOf[Any], None]:
        """It never goes away: nobody need be ``patient``."""
        height = from_height or Height(self._chain.header.height + 1)
        while True:
            while height <= self._chain.header.height:
                record = self._record(height)
                placed = [one for one in record.events() if not kinds or type(one.event) in kinds]
                yield answers.BlockEventsOf(height, record.header.time, views.event_records(placed))
                height = Height(height + 1)
            await asyncio.sleep(0)

    async def events_between(
        self, first: Height, last: Height, kinds: Collection[type[Event]] = ()
    ) -> AsyncGenerator[answers.BlockEventsOf[Any], None]:
        async with aclosing(self.watch(first, kinds)) as blocks:
            async for block in blocks:
                yield block
                if block.height == last:
                    return

    # --- clients, lanes, packets ---

    async def client(self, client: str) -> answers.ClientInfo:
        return views.client_answer(self._machine.clients, self._chain.state, client)

    async def lanes(self) -> tuple[answers.LaneInfo, ...]:
        return tuple(views.lane_answers(self._chain.state, 0))

    async def commitments(self, client: str) -> tuple[PacketSequence, ...]:
        return tuple(views.sequences_at(self._machine.clients, self._chain.state, PathKind.COMMITMENT, client, 0))

    async def unreceived(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]:
        return tuple(views.unreceived(self._machine.clients, self._chain.state, client, list(sequences)))

    async def unacknowledged(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]:
        return tuple(views.unacknowledged(self._machine.clients, self._chain.state, client, list(sequences)))

    async def packet(
        self, source_client: str, destination_client: str, sequence: PacketSequence
    ) -> answers.PacketHistoryOf[Any]:
        name = source_client, destination_client, sequence
        steps = [
            placed
            for height in range(1, self._chain.header.height + 1)
            for placed in self._record(Height(height)).events()
            if placed.event.index_key() == packet_key(*name)
        ]
        if not steps:
            raise PacketNotFound(*name)
        return answers.PacketHistoryOf(*name, views.event_records(steps))

    # --- what proves the chain ---

    async def checkpoint(self, client: str, height: Height | None = None) -> SignedCheckpoint:
        wanted = height or self._chain.header.height
        self._record(wanted)
        return self._sign(ClientId(client), wanted)

    async def batch(self, client: str, height: Height | None = None) -> answers.Batch:
        wanted = height or self._chain.header.height
        found = self._record(wanted).batch(ClientId(client))
        entries = tuple(answers.BatchEntry(path, commitment) for path, commitment in found.entries)
        return answers.Batch(client, wanted, found.root, entries)

    async def prove(self, height: Height | None, paths: Sequence[bytes]) -> answers.StateProof:
        newest = self._chain.header.height
        if height not in (None, newest):
            raise HeightNotRetained(height or newest, newest)
        proofs = tuple(
            answers.PathProof(path, self._chain.state.get(path) or b"", self._chain.tree.proof(path)) for path in paths
        )
        return answers.StateProof(newest, self._chain.header.app_root, proofs)

    async def rotation(self) -> answers.Rotation:
        return views.rotation_answer(self._machine.clients, self._chain.state)

    async def rotation_checkpoint(self, client: str, epoch: Epoch) -> answers.RotationCheckpoint:
        return views.rotation_checkpoint_answer(self._machine.clients, self._chain.state, client, epoch)

    # --- transactions ---

    def put(self, signed: Any) -> answers.ReceiptOf[Any]:
        """Make a block of one transaction; raises what it is refused for, and then there is no block."""
        header = self._chain.header
        height, time = Height(header.height + 1), UnixSeconds(header.time + 1)
        next_block = self._machine.begin(self._chain.state, height, time, header.hash())
        try:
            next_block.attempt(signed)
        except RefusedMessage as refused:
            raise refused.error from refused
        (result,) = self._chain.block(signed).results
        assert result.code is not ResultCode.REFUSED
        made = self._chain.header
        placed = self._record(made.height).events_of(0)
        return answers.ReceiptOf(Hash(result.hash), made.height, made.time, 0, result.code, views.event_records(placed))

    def _record(self, height: Height) -> BlockRecord:
        if not 1 <= height <= self._chain.header.height:
            raise BlockNotFound(height)
        header = self._chain.blocks[height - 1][0]
        return BlockRecord.of(header, self._chain.outcomes[height - 1], self._machine.genesis_validators)


def refused(error: HubError) -> Callable[..., Any]:
    """A call that always ends so."""

    async def raise_it(*_: object, **__: object) -> None:
        raise error

    return raise_it


def answering(answer: object) -> Callable[..., Any]:
    """A call that is always answered so."""

    async def answer_it(*_: object, **__: object) -> object:
        return answer

    return answer_it
