"""A hub node put together: its store, its engine, its keys, its servers. ``run_node`` is all that a command needs.

What a node is given is its ``NodeConfig``; reading files, asking for passwords and writing them is the console's.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from aiohttp import web
from interchain.hub.v1 import (
    block_service_pb2_grpc,
    checkpoint_service_pb2_grpc,
    query_service_pb2_grpc,
    transaction_service_pb2_grpc,
)
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hub.app import App
from hub.engine.checkpoints import Checkpoints
from hub.engine.clock import Clock, SystemClock
from hub.engine.embedded import EmbeddedEngine, EngineOptions
from hub.engine.engine import Engine
from hub.engine.errors import GuardMissing
from hub.engine.guard import Guard
from hub.engine.ledger import ChainKind, Ledger
from hub.engine.measures import Measures
from hub.engine.store import Store, StoreOptions
from hub.events import decode_event
from hub.genesis import Genesis
from hub.quantities import Height
from hub.rpc.blocks import Blocks
from hub.rpc.checkpoints import CheckpointServing
from hub.rpc.dialect import HUB
from hub.rpc.queries import Queries
from hub.rpc.serving import Server, Service, TlsFiles, service
from hub.rpc.transactions import Transactions
from hub.rpc.wire import decode_transaction
from hub.signer import Signer
from hub.validators import was_validator

log = structlog.get_logger("node")


def hub_kind(genesis: Genesis) -> ChainKind:
    """A hub, as the engine takes it."""
    return ChainKind(App(genesis), decode_transaction, decode_event)


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Where a node keeps what it has, and where it serves.

    ``store``: a folder of its own. ``guard``: a file outside the store, that a backup of the store never brings back.
    ``tls`` None is plain text. ``metrics``: ``host:port`` of the Prometheus metrics, empty for none.
    """

    genesis: Genesis
    store: Path
    guard: Path
    listen: str = "127.0.0.1:18500"
    tls: TlsFiles | None = None
    metrics: str = ""
    verify_last: int = 64
    """Blocks that are looked through at the start."""
    engine: EngineOptions = field(default_factory=EngineOptions)
    disk: StoreOptions = field(default_factory=StoreOptions)


@dataclass(frozen=True, slots=True)
class Node:
    """A node that runs. ``port`` and ``metrics_port`` are where it really serves; the latter is 0 for nowhere."""

    ledger: Ledger
    engine: EmbeddedEngine
    checkpoints: Checkpoints
    measures: Measures
    store: Store
    port: int
    metrics_port: int


@asynccontextmanager
async def running_node(
    config: NodeConfig, signer: Signer | None, clock: Clock | None = None, *, next_signer: Signer | None = None
) -> AsyncIterator[Node]:
    """Open, verify, serve; and at the end stop in order: no more blocks, then no more calls, then the disk.

    ``signer``: the validator's key; ``next_signer``: the one that it hands over to at a rotation.

    Raises what the store, the guard or the genesis are refused for, ReplayDiffers, OSError for a port that is taken.
    """
    measures = Measures()
    store = open_store(config)
    guards: list[Guard] = []
    try:
        ledger = Ledger(hub_kind(config.genesis), store)
        ledger.verify_last(config.verify_last)
        signers = [one for one in (signer, next_signer) if one is not None]
        guards += open_guards(config, signers, ledger)
        checkpoints = Checkpoints(ledger, list(zip(signers, guards, strict=True)))
        engine = EmbeddedEngine(ledger, clock or SystemClock(), config.engine, measures)
        server = Server(services(ledger, engine, checkpoints, measures), measures)
        await engine.start()
        try:
            port = await server.start(config.listen, config.tls)
            async with _metrics(config.metrics, measures, engine) as metrics_port:
                log.info("serving", chain=config.genesis.chain_id, height=ledger.head.height, port=port)
                yield Node(ledger, engine, checkpoints, measures, store, port, metrics_port)
        finally:
            await engine.stop()
            await server.stop()
    finally:
        for guard in guards:
            guard.close()
        store.close()


async def run_node(
    config: NodeConfig,
    signer: Signer | None,
    ready: Callable[[Node], None] = lambda _: None,
    *,
    next_signer: Signer | None = None,
) -> None:
    """Run until SIGINT or SIGTERM, or until the engine fails, which is raised."""
    async with running_node(config, signer, next_signer=next_signer) as node:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        ready(node)
        node.engine.ended.add_done_callback(lambda _: stop.set())
        await stop.wait()
        if node.engine.ended.done() and (fault := node.engine.ended.exception()) is not None:
            log.critical("the engine failed: the node stops", exc_info=fault)
            raise fault
        log.info("stopping", height=node.ledger.head.height)


def replay_node(config: NodeConfig, into: Path, told: Callable[[Height], None] = lambda _: None) -> Height:
    """Execute all blocks of a node that does not run, into a new store, comparing everything; the last height.

    Raises ReplayDiffers, StoreMissing, StoreInUse, StoreExists.
    """
    genesis_hash = config.genesis.hash()
    store = Store.open(config.store, genesis_hash, config.disk)
    try:
        again = Store.create(into, genesis_hash)
        try:
            ledger = Ledger(hub_kind(config.genesis), store)
            for height in ledger.replay(again):
                told(height)
            return ledger.head.height
        finally:
            again.close()
    finally:
        store.close()


def open_store(config: NodeConfig) -> Store:
    """The node's store, begun where there is none yet."""
    genesis_hash = config.genesis.hash()
    if config.store.exists() and any(config.store.iterdir()):
        return Store.open(config.store, genesis_hash, config.disk)
    return Store.create(config.store, genesis_hash, config.disk)


def open_guards(config: NodeConfig, signers: Sequence[Signer], ledger: Ledger) -> list[Guard]:
    """One guard a key, all in the one file. It is begun only where the chain has not, or for keys that have never
    been a validator's; raises GuardMissing, GuardDamaged.
    """
    if not signers:
        return []
    if not config.guard.exists():
        begun = ledger.head.height > 0
        if begun and any(was_validator(ledger.state, signer.address) for signer in signers):
            raise GuardMissing(str(config.guard))
        config.guard.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Guard.create(config.guard, signers[0].address, ledger.machine.genesis_hash).close()
    return [Guard(config.guard, signer.address, ledger.machine.genesis_hash) for signer in signers]


def services(ledger: Ledger, engine: Engine, checkpoints: Checkpoints, measures: Measures) -> tuple[Service, ...]:
    """All that a hub's node serves."""
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
            CheckpointServing(HUB, ledger, checkpoints, measures),
        ),
        service(
            "interchain.hub.v1.QueryService",
            query_service_pb2_grpc.add_QueryServiceServicer_to_server,
            Queries(HUB, ledger, engine),
        ),
    )


@asynccontextmanager
async def _metrics(listen: str, measures: Measures, engine: Engine) -> AsyncIterator[int]:
    """``/metrics`` for Prometheus and ``/healthz`` for whoever restarts nodes; the port."""
    if not listen:
        yield 0
        return

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(measures.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="ok\n") if engine.running else web.Response(text="engine stopped\n", status=503)

    application = web.Application()
    application.add_routes([web.get("/metrics", metrics), web.get("/healthz", health)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        host, _, port = listen.rpartition(":")
        site = web.TCPSite(runner, host or None, int(port), reuse_address=True)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
