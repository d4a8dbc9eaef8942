"""Requests that no honest client sends to a ledger's node: every field of every request at its extremes."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor
from interchain.ledger.v1 import (
    answer_pb2,
    block_service_pb2,
    checkpoint_service_pb2,
    private_data_service_pb2,
    query_service_pb2,
    revocation_service_pb2,
    transaction_service_pb2,
)

from adapters.permissioned.ledger.contracts.private import salted_hash
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.messages import InvokeContract
from tests.faults.hostile_requests import ask_all
from tests.unit.ledger_node_world import LedgerNodeWorld, Named, Note, Sealed

METHODS = [
    method
    for module in (
        transaction_service_pb2,
        block_service_pb2,
        checkpoint_service_pb2,
        query_service_pb2,
        private_data_service_pb2,
        revocation_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
SALT = bytes(32)
SOUND: dict[str, Any] = {
    "client": "quorum-0",
    "organisation": "bank-a",
    "name": "ann",
    "contract": "board",
    "method": "read",
    "arguments": write_json(Named("tide")),
    "caller": "bank-a/ann",
    "number": 1,
    "salt": SALT,
    "value": b"secret",
}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_a_hostile_request_is_refused_by_name(tmp_path: Path, method: MethodDescriptor) -> None:
    world = LedgerNodeWorld(tmp_path)
    async with world.running() as node, await world.connect(node, "bank-a/ann", "admin") as ann:
        await ann.enrol()
        sealed = Sealed("tide", salted_hash(SALT, b"secret"), ("bank-a",), 1000)
        await ann.submit(
            [
                InvokeContract("board", "pin", write_json(Note("tide", "high"))),
                InvokeContract("board", "seal", write_json(sealed)),
            ]
        )
        of_private = method.containing_service.name == "PrivateDataService"
        key: Any = [answer_pb2.KeyPart(text="tide")] if of_private else "tide"
        collection = "sealed" if of_private else "notes"
        await ask_all(ann._channel, method, SOUND | {"key": key, "collection": collection})
        assert node.engine.running
        assert await ann.query("board", "read", write_json(Named("tide"))) == b'{"text":"high, says bank-a/ann"}'
