"""A ledger's node. ``run_ledger`` is all that a command needs.

It stops before its first block where the contracts that are installed here are not those that the ledger pins.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import structlog
from interchain.ledger.v1 import (
    block_service_pb2_grpc,
    checkpoint_service_pb2_grpc,
    private_data_service_pb2_grpc,
    query_service_pb2_grpc,
    revocation_service_pb2_grpc,
    transaction_service_pb2_grpc,
)

from adapters.permissioned.ledger.contracts.activation import verify_installed
from adapters.permissioned.ledger.contracts.packages import Installed
from adapters.permissioned.ledger.every_event import decode_event
from adapters.permissioned.ledger.genesis import LedgerGenesis
from adapters.permissioned.ledger.identities import OrganisationId
from adapters.permissioned.ledger.machine import LedgerMachine
from adapters.permissioned.ledger.private.errors import PrivateStoreUnusable
from adapters.permissioned.ledger.private.store import PrivateStore
from adapters.permissioned.ledger.rpc.access import Access
from adapters.permissioned.ledger.rpc.dialect import LEDGER, decode_transaction
from adapters.permissioned.ledger.rpc.errors import TlsRequired
from adapters.permissioned.ledger.rpc.private_data import PrivateData
from adapters.permissioned.ledger.rpc.queries import LedgerQueries
from adapters.permissioned.ledger.rpc.revocations import OPEN_BOUNDS, Revocations
from adapters.permissioned.ledger.rpc.tls import LedgerTls
from adapters.permissioned.ledger.rpc.transactions import LedgerTransactions
from hub.chain_node import Node, NodeConfigOf, OpenDoor, Opened, Serving, replay_chain, run_until_stopped, running_chain
from hub.engine.clock import Clock, SystemClock
from hub.engine.errors import NodeStopping
from hub.engine.ledger import ChainKind
from hub.engine.threads import in_thread
from hub.history import head
from hub.quantities import Height
from hub.rpc.blocks import Blocks
from hub.rpc.checkpoints import CheckpointServing
from hub.rpc.serving import Service, TlsFiles, service
from hub.signer import Signer

log = structlog.get_logger("ledger-node")

NodeConfig: TypeAlias = NodeConfigOf[LedgerGenesis]


@dataclass(frozen=True, slots=True)
class PrivateConfig:
    """``store``: the file of private values. ``keeps_for``: the organisations for which this node keeps them.

    ``at_step``: called with each step of what changes that file, for fault injection.
    """

    store: Path
    keeps_for: tuple[OrganisationId, ...]
    at_step: Callable[[str], None] = lambda _: None


def ledger_kind(genesis: LedgerGenesis, installed: Installed) -> ChainKind:
    """A ledger, as the engine takes it."""
    return ChainKind(LedgerMachine(genesis, installed), decode_transaction, decode_event)


@asynccontextmanager
async def running_ledger(
    config: NodeConfig,
    private: PrivateConfig,
    installed: Installed,
    signers: Sequence[Signer] = (),
    clock: Clock | None = None,
    *,
    open_listen: str = "",
) -> AsyncIterator[Node]:
    """A node that runs as long as the context lasts.

    ``signers``: the validator's checkpoint key, and the one that it hands over to. ``open_listen``: ``host:port`` where
    callers without a certificate are served what is for them; empty for nowhere. Raises as ``running_chain``,
    TlsRequired, CodeError where the installed contracts are others than the pinned ones, PrivateStoreUnusable.
    """
    if config.tls is None:
        raise TlsRequired
    tls, machine = config.tls, LedgerMachine(config.genesis, installed)
    kind = ChainKind(machine, decode_transaction, decode_event)
    time = clock or SystemClock()
    store = PrivateStore(private.store, private.at_step)
    try:

        def serve(opened: Opened) -> Serving:
            verify_installed(opened.ledger.state, installed)
            access, revocations = Access(opened.ledger), _revocations(tls, machine, opened, time)
            services = (*_services(machine, opened, access, private, store), revocations)
            credentials = LedgerTls(tls, opened.ledger).credentials()
            door = None
            if open_listen:
                to_all = LedgerTls(tls, opened.ledger, open_to_all=True).credentials()
                door = OpenDoor(open_listen, [revocations], to_all, OPEN_BOUNDS)
            return Serving(services, credentials, access.admit, door)

        async with running_chain(config, kind, serve, signers, time) as node:
            purging = asyncio.create_task(_purge(node, store), name="private-purge")
            try:
                yield node
            finally:
                purging.cancel()
                await asyncio.wait([purging])
    finally:
        store.close()


async def run_ledger(
    config: NodeConfig,
    private: PrivateConfig,
    installed: Installed,
    signers: Sequence[Signer] = (),
    ready: Callable[[Node], None] = lambda _: None,
    *,
    open_listen: str = "",
) -> None:
    """Run until SIGINT or SIGTERM, or until the engine fails, which is raised."""
    await run_until_stopped(running_ledger(config, private, installed, signers, open_listen=open_listen), ready)


def replay_ledger(
    config: NodeConfig, installed: Installed, into: Path, told: Callable[[Height], None] = lambda _: None
) -> Height:
    """As ``hub.node.replay_node``."""
    return replay_chain(config, ledger_kind(config.genesis, installed), into, told)


def _revocations(tls: TlsFiles, machine: LedgerMachine, opened: Opened, clock: Clock) -> Service:
    return service(
        "interchain.ledger.v1.RevocationService",
        revocation_service_pb2_grpc.add_RevocationServiceServicer_to_server,
        Revocations(machine, opened.ledger, opened.engine, tls, clock),
    )


def _services(
    machine: LedgerMachine, opened: Opened, access: Access, private: PrivateConfig, store: PrivateStore
) -> tuple[Service, ...]:
    """All that a ledger's node serves to those whom it knows."""
    ledger, engine, measures = opened.ledger, opened.engine, opened.measures
    return (
        service(
            "interchain.ledger.v1.TransactionService",
            transaction_service_pb2_grpc.add_TransactionServiceServicer_to_server,
            LedgerTransactions(ledger, engine, access),
        ),
        service(
            "interchain.ledger.v1.BlockService",
            block_service_pb2_grpc.add_BlockServiceServicer_to_server,
            Blocks(LEDGER, ledger, engine, measures),
        ),
        service(
            "interchain.ledger.v1.CheckpointService",
            checkpoint_service_pb2_grpc.add_CheckpointServiceServicer_to_server,
            CheckpointServing(LEDGER, ledger, opened.checkpoints, measures),
        ),
        service(
            "interchain.ledger.v1.QueryService",
            query_service_pb2_grpc.add_QueryServiceServicer_to_server,
            LedgerQueries(ledger, engine, machine.runtime, access),
        ),
        service(
            "interchain.ledger.v1.PrivateDataService",
            private_data_service_pb2_grpc.add_PrivateDataServiceServicer_to_server,
            PrivateData(ledger, access, store, private.keeps_for),
        ),
    )


async def _purge(node: Node, store: PrivateStore) -> None:
    """Delete private values whose time is over by the block's time, block after block."""
    while True:
        state = node.ledger.state
        try:
            gone = await in_thread(store.purge, head(state).time)
        except PrivateStoreUnusable as error:
            log.error("private values whose time is over could not be deleted", detail=str(error))
        else:
            if gone:
                log.info("private values were deleted: their time was over", count=gone, height=state.height)
        try:
            await node.engine.wait_beyond(state.height)
        except NodeStopping:
            return
