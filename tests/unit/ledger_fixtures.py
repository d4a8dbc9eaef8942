"""Fixtures for tests of a ledger's node (``pytest_plugins``): its world, the node, a member who is enrolled."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.permissioned.ledger.client import LedgerClient
from hub.chain_node import Node
from tests.unit.ledger_node_world import LedgerNodeWorld


@pytest.fixture
def world(tmp_path: Path) -> LedgerNodeWorld:
    return LedgerNodeWorld(tmp_path)


@pytest.fixture
async def node(world: LedgerNodeWorld) -> AsyncIterator[Node]:
    async with world.running() as running:
        yield running


@pytest.fixture
async def ann(world: LedgerNodeWorld, node: Node) -> AsyncIterator[LedgerClient]:
    async with await world.connect(node, "bank-a/ann", "member") as client:
        await client.enrol()
        yield client
