"""BlockService: blocks, their events from any height on, and a request for one."""

# ruff: noqa: N802, ARG002  # gRPC gives the methods their names and arguments

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from interchain.hub.v1 import answer_pb2

from hub.answers import BlockEventsOf, BlockInfo
from hub.engine.engine import Engine
from hub.engine.ledger import Ledger
from hub.engine.measures import Measures
from hub.events import Event
from hub.quantities import Hash, Height
from hub.rpc.dialect import Dialect
from hub.rpc.errors import InvalidArgument
from hub.rpc.views import event_records
from hub.rpc.wire import refuse_unknown_fields, to_proto

PROGRESS = 100
"""Blocks without an event that was asked for, after which a stream still says how far it has come."""


class Blocks:
    """The service of any chain of our own."""

    def __init__(self, dialect: Dialect[Any], ledger: Ledger, engine: Engine, measures: Measures) -> None:
        self._dialect = dialect
        self._pb = dialect.block_service
        self._kinds = dialect.kinds
        self._ledger = ledger
        self._engine = engine
        self._measures = measures

    async def GetBlock(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        record = self._ledger.record(Height(request.height or self._ledger.head.height))
        hashes = tuple(Hash(result.hash) for result in record.results)
        block = BlockInfo(record.header, record.header.hash(), hashes)
        return self._pb.GetBlockResponse(block=to_proto(block, answer_pb2.BlockInfo))

    async def RequestBlock(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        return self._pb.RequestBlockResponse(height=await self._engine.request_block())

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:
        refuse_unknown_fields(request)
        unknown = set(request.kinds) - self._kinds
        if unknown:
            raise InvalidArgument("kinds", f"there is no event {min(unknown)}")
        kinds = frozenset(request.kinds) or self._kinds
        next_height = Height(request.from_height or self._ledger.head.height + 1)
        with self._measures.watchers.track_inprogress():
            async for block in self._blocks(next_height, kinds):
                yield self._pb.WatchResponse(block=self._dialect.block_events(block))

    async def _blocks(self, height: Height, kinds: frozenset[str]) -> AsyncIterator[BlockEventsOf[Event]]:
        """Every block that has such an event, once and in order; of the others now and then one, and the latest."""
        quiet = 0
        while True:
            head = self._ledger.head.height
            while height <= head:
                block = self._events(height, kinds)
                quiet = 0 if block.events else quiet + 1
                if quiet:
                    await asyncio.sleep(0)  # a long way through old blocks must not keep others waiting
                if block.events or quiet % PROGRESS == 0 or height == head:
                    yield block
                height = Height(height + 1)
            await self._engine.wait_beyond(Height(height - 1))

    def _events(self, height: Height, kinds: frozenset[str]) -> BlockEventsOf[Event]:
        record = self._ledger.record(height)
        events = event_records(placed for placed in record.events() if type(placed.event).__name__ in kinds)
        return BlockEventsOf(height, record.header.time, events)
