"""Requests that no honest client sends: every field of every request at its extremes. A refusal has a name; a fault of
the node (INTERNAL, UNKNOWN) is a way to find out more, or to stop it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from interchain.hub.v1 import (
    block_service_pb2,
    checkpoint_service_pb2,
    query_service_pb2,
    transaction_service_pb2,
)

from hub import messages as m
from hub.engine.embedded import EngineOptions
from hub.node import Node, NodeConfig, running_node
from tests.faults.hostile_requests import ask_all
from tests.unit.hub_world import bind, define
from tests.unit.node_world import ADDRESSES, OPERATOR, SIGNERS, VALIDATOR, StillClock, genesis, sign
from tests.unit.quorum_chain import CONFIG

METHODS = [
    method
    for module, name in (
        (transaction_service_pb2, "TransactionService"),
        (block_service_pb2, "BlockService"),
        (checkpoint_service_pb2, "CheckpointService"),
        (query_service_pb2, "QueryService"),
    )
    for method in module.DESCRIPTOR.services_by_name[name].methods
]
SOUND = {"client": "quorum-0", "service": "echo"}


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Node]:
    config = NodeConfig(
        genesis(), folder / "store", folder / "guard", listen="127.0.0.1:0", engine=EngineOptions(gather=0.0)
    )
    async with running_node(config, SIGNERS[VALIDATOR], StillClock()) as running:
        salt = CONFIG.genesis_hash
        begin = sign(
            OPERATOR,
            0,
            m.CreateQuorumClient(CONFIG),
            m.RegisterCounterparty("quorum-0", "quorum-7", 0, b"", salt),
            m.RegisterLane("quorum-0", "quorum-7", "service", "service", "service-1", "application/x"),
            define("echo"),
            bind("", provider=ADDRESSES[OPERATOR], encoding=2),
        )
        await running.engine.submit(begin)
        yield running


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_a_hostile_request_is_refused_by_name(tmp_path: Path, method: MethodDescriptor) -> None:
    async with serving(tmp_path) as node, grpc.aio.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        await ask_all(channel, method, SOUND)
        assert node.engine.running
