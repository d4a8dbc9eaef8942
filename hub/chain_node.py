"""A node of any chain of our own put together: its store, its engine, its keys, its servers.

A kind of chain gives its ``ChainKind`` and what it serves (``Serving``). What a node is given is its configuration;
reading files, asking for passwords and writing them is the console's.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import grpc
import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hub.engine.checkpoints import Checkpoints
from hub.engine.clock import Clock, SystemClock
from hub.engine.database import holds_data
from hub.engine.embedded import EmbeddedEngine, EngineOptions
from hub.engine.engine import Engine
from hub.engine.errors import GuardMissing, StoreLost, StoreMissing
from hub.engine.guard import Guard, highest_signed
from hub.engine.ledger import ChainKind, Ledger
from hub.engine.measures import Measures
from hub.engine.store import Store, StoreOptions
from hub.garbage import collect_seldom
from hub.quantities import Hash, Height
from hub.rpc.serving import Admit, Bounds, Server, Service, TlsFiles
from hub.signer import Signer
from hub.validators import was_validator

log = structlog.get_logger("node")


class ChainGenesis(Protocol):
    """What a node asks of the genesis of any kind of chain."""

    @property
    def chain_id(self) -> str: ...

    def hash(self) -> Hash: ...


G = TypeVar("G", bound=ChainGenesis)


@dataclass(frozen=True)  # with slots, a frozen generic dataclass cannot be made through an alias (CPython 3.11)
class NodeConfigOf(Generic[G]):
    """Where a node keeps what it has, and where it serves.

    ``store``: a folder of its own. ``guard``: a file outside the store, that a backup of the store never brings back.
    ``tls`` None is plain text. ``metrics``: ``host:port`` of the Prometheus metrics, empty for none.
    """

    genesis: G
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
class Opened:
    """A node that is verified and does not run yet."""

    ledger: Ledger
    engine: EmbeddedEngine
    checkpoints: Checkpoints
    measures: Measures


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """Where (``listen``: ``host:port``) and as whom strangers are served something, and how much room they get."""

    listen: str
    services: Sequence[Service]
    credentials: grpc.ServerCredentials
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Serving:
    """What a kind of chain serves, as whom (None: in plain text), and whom it admits (None: everyone).

    ``open_to_all``: what it serves to strangers at an address of their own, if anything.
    """

    services: Sequence[Service]
    credentials: grpc.ServerCredentials | None
    admit: Admit | None = None
    open_to_all: OpenDoor | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node that runs. The ports are where it really serves, the last two 0 for nowhere."""

    ledger: Ledger
    engine: EmbeddedEngine
    checkpoints: Checkpoints
    measures: Measures
    store: Store
    port: int
    open_port: int
    metrics_port: int


@asynccontextmanager
async def running_chain(
    config: NodeConfigOf[Any],
    kind: ChainKind,
    serve: Callable[[Opened], Serving],
    signers: Sequence[Signer],
    clock: Clock | None = None,
) -> AsyncIterator[Node]:
    """Open, verify, serve; and at the end stop in order: no more blocks, then no more calls, then the disk.

    ``serve`` is asked once, before the first block is made: what it raises stops the node. ``signers``: the validator's
    key, and the one that it hands over to at a rotation.

    Raises what the store, the guard or the genesis are refused for, ReplayDiffers, OSError for a port that is taken.
    """
    measures = Measures()
    store = open_store(config)
    guards: list[Guard] = []
    try:
        ledger = Ledger(kind, store)
        ledger.verify_last(config.verify_last)
        guards += open_guards(config, signers, ledger)
        checkpoints = Checkpoints(ledger, list(zip(signers, guards, strict=True)))
        engine = EmbeddedEngine(ledger, clock or SystemClock(), config.engine, measures)
        serving = serve(Opened(ledger, engine, checkpoints, measures))
        server, door = Server(serving.services, measures, serving.admit), serving.open_to_all
        strangers = None if door is None else Server(door.services, measures, serving.admit, door.bounds)
        await engine.start()
        try:
            port = await server.start(config.listen, serving.credentials)
            open_port = 0 if door is None or strangers is None else await strangers.start(door.listen, door.credentials)
            async with _metrics(config.metrics, measures, engine) as metrics_port:
                log.info("serving", chain=config.genesis.chain_id, height=ledger.head.height, port=port)
                yield Node(ledger, engine, checkpoints, measures, store, port, open_port, metrics_port)
        finally:
            await engine.stop()
            for one in filter(None, (server, strangers)):
                await one.stop()
    finally:
        for guard in guards:
            guard.close()
        store.close()


async def run_until_stopped(
    running: AbstractAsyncContextManager[Node], ready: Callable[[Node], None] = lambda _: None
) -> None:
    """Run until SIGINT or SIGTERM, or until the engine fails, which is raised."""
    async with running as node:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        ready(node)
        collect_seldom()
        node.engine.ended.add_done_callback(lambda _: stop.set())
        await stop.wait()
        if node.engine.ended.done() and (fault := node.engine.ended.exception()) is not None:
            log.critical("the engine failed: the node stops", exc_info=fault)
            raise fault
        log.info("stopping", height=node.ledger.head.height)


def replay_chain(
    config: NodeConfigOf[Any], kind: ChainKind, into: Path, told: Callable[[Height], None] = lambda _: None
) -> Height:
    """Execute all blocks of a node that does not run, into a new store, comparing everything; the last height.

    Raises ReplayDiffers, StoreMissing, StoreInUse, StoreExists.
    """
    genesis_hash = config.genesis.hash()
    store = Store.open(config.store, genesis_hash, config.disk)
    try:
        again = Store.create(into, genesis_hash)
        try:
            ledger = Ledger(kind, store)
            for height in ledger.replay(again):
                told(height)
            return ledger.head.height
        finally:
            again.close()
    finally:
        store.close()


def open_store(config: NodeConfigOf[Any]) -> Store:
    """The node's store, begun where there is none yet, or where its beginning was cut short; raises StoreLost where
    the guard tells that the chain has blocks: a second history of it would be of no use to anyone.
    """
    genesis_hash = config.genesis.hash()
    try:
        return Store.open(config.store, genesis_hash, config.disk)
    except StoreMissing:
        if holds_data(config.store):
            raise
    if config.guard.exists() and (signed := highest_signed(config.guard, genesis_hash)):
        raise StoreLost(str(config.store), signed)
    return Store.create(config.store, genesis_hash, config.disk)


def open_guards(config: NodeConfigOf[Any], signers: Sequence[Signer], ledger: Ledger) -> list[Guard]:
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
