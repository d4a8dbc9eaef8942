"""Requests that no honest client sends: every field of every request at its extremes. A refusal has a name; a fault of
the node (INTERNAL, UNKNOWN) is a way to find out more, or to stop it.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from interchain.hub.v1 import (
    block_service_pb2,
    checkpoint_service_pb2,
    query_service_pb2,
    transaction_service_pb2,
)

from hub import messages as m
from hub.engine.embedded import EngineOptions
from hub.node import Node, NodeConfig, running_node
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
NAMES = ("quorum-0", "echo", "quorum-9", "x" * 300, "\0", "é" * 200, "attested-" + "9" * 55, "../../etc/passwd", "%n%s")
TOKENS = (b"\0" * 8, b"\xff" * 8, b"x" * 300, b"\x93\xa4echo\xa8quorum-0\xc4\x00", bytes([0x91]) * 200)
BYTES = (b"", bytes(20), bytes(32), b"quorum-0\x01" + b"\xff" * 8, b"x" * 300, b"\xff" * 129)
NUMBERS = (0, 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
FAULTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE)


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


def values(field: FieldDescriptor) -> tuple[Any, ...]:
    if field.name == "page_token":
        return (*(base64.urlsafe_b64encode(token).decode() for token in TOKENS), "A", "=")
    kinds = {
        FieldDescriptor.TYPE_STRING: NAMES,
        FieldDescriptor.TYPE_BYTES: BYTES,
        FieldDescriptor.TYPE_UINT64: NUMBERS,
        FieldDescriptor.TYPE_UINT32: NUMBERS[:4],
        FieldDescriptor.TYPE_BOOL: (True,),
    }
    return kinds.get(field.type, ())


def requests_of(method: MethodDescriptor) -> Iterator[Any]:
    """One field at its extremes, all others as they are in a request that means something."""
    request = GetMessageClass(method.input_type)
    sound: dict[str, Any] = {"client": "quorum-0", "service": "echo"}
    fields = method.input_type.fields
    base = {field.name: sound[field.name] for field in fields if field.name in sound}
    yield request()
    yield request(**base)
    for field in fields:
        for value in values(field):
            given = [value] * 3 if field.is_repeated else value
            yield request(**(base | {field.name: given}))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_a_hostile_request_is_refused_by_name(tmp_path: Path, method: MethodDescriptor) -> None:
    async with serving(tmp_path) as node, grpc.aio.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        path = f"/{method.containing_service.full_name}/{method.name}"
        answer = GetMessageClass(method.output_type).FromString
        for request in requests_of(method):
            try:
                async with asyncio.timeout(20):
                    if method.server_streaming:
                        stream = channel.unary_stream(path, _encode, answer)(request, timeout=0.05)
                        await stream.read()
                    else:
                        await channel.unary_unary(path, _encode, answer)(request, timeout=10)
            except grpc.aio.AioRpcError as error:
                if error.code() in FAULTS:
                    pytest.fail(f"{request} -> {error.code()}: {error.details()}")
        assert node.engine.running


def _encode(message: Any) -> bytes:
    return bytes(message.SerializeToString())
