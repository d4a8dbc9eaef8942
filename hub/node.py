"""A hub node. ``run_node`` is all that a command needs."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

from interchain.hub.v1 import (
    block_service_pb2_grpc,
    checkpoint_service_pb2_grpc,
    query_service_pb2_grpc,
    transaction_service_pb2_grpc,
)

from hub.app import App
from hub.chain_node import Node, NodeConfigOf, Opened, Serving, replay_chain, run_until_stopped, running_chain
from hub.engine.clock import Clock
from hub.engine.ledger import ChainKind
from hub.events import decode_event
from hub.genesis import Genesis
from hub.quantities import Height
from hub.rpc.blocks import Blocks
from hub.rpc.checkpoints import CheckpointServing
from hub.rpc.dialect import HUB
from hub.rpc.queries import Queries
from hub.rpc.serving import Service, service
from hub.rpc.transactions import Transactions
from hub.rpc.wire import decode_transaction
from hub.signer import Signer

__all__ = ["Node", "NodeConfig", "hub_kind", "replay_node", "run_node", "running_node", "services"]

NodeConfig: TypeAlias = NodeConfigOf[Genesis]


def hub_kind(genesis: Genesis) -> ChainKind:
    """A hub, as the engine takes it."""
    return ChainKind(App(genesis), decode_transaction, decode_event)


def running_node(
    config: NodeConfig, signer: Signer | None, clock: Clock | None = None, *, next_signer: Signer | None = None
) -> AbstractAsyncContextManager[Node]:
    """A node that runs as long as the context lasts.

    ``signer``: the validator's key; ``next_signer``: the one that it hands over to at a rotation. Raises as
    ``running_chain``.
    """
    signers = [one for one in (signer, next_signer) if one is not None]
    return running_chain(config, hub_kind(config.genesis), lambda opened: _serving(config, opened), signers, clock)


async def run_node(
    config: NodeConfig,
    signer: Signer | None,
    ready: Callable[[Node], None] = lambda _: None,
    *,
    next_signer: Signer | None = None,
) -> None:
    """Run until SIGINT or SIGTERM, or until the engine fails, which is raised."""
    await run_until_stopped(running_node(config, signer, next_signer=next_signer), ready)


def replay_node(config: NodeConfig, into: Path, told: Callable[[Height], None] = lambda _: None) -> Height:
    """Execute all blocks of a node that does not run, into a new store, comparing everything; the last height.

    Raises ReplayDiffers, StoreMissing, StoreInUse, StoreExists.
    """
    return replay_chain(config, hub_kind(config.genesis), into, told)


def _serving(config: NodeConfig, opened: Opened) -> Serving:
    return Serving(services(opened), None if config.tls is None else config.tls.credentials())


def services(opened: Opened) -> tuple[Service, ...]:
    """All that a hub's node serves."""
    ledger, engine, measures = opened.ledger, opened.engine, opened.measures
    return (
        service(
            "interchain.hub.v1.TransactionService",
            transaction_service_pb2_grpc.add_TransactionServiceServicer_to_server,
            Transactions(HUB, ledger, engine),
        ),
        service(
            "interchain.hub.v1.BlockService",
            block_service_pb2_grpc.add_BlockServiceServicer_to_server,
            Blocks(HUB, ledger, engine, measures),
        ),
        service(
            "interchain.hub.v1.CheckpointService",
            checkpoint_service_pb2_grpc.add_CheckpointServiceServicer_to_server,
            CheckpointServing(HUB, ledger, opened.checkpoints, measures),
        ),
        service(
            "interchain.hub.v1.QueryService",
            query_service_pb2_grpc.add_QueryServiceServicer_to_server,
            Queries(HUB, ledger, engine),
        ),
    )
