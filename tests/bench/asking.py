"""Documents looked up by a member: gRPC with mutual TLS, the node in a process of its own on one core.

A query is all of it: the call and its TLS records, the caller known by the certificate of the connection and admitted
by the table of access, the contract's code run on the state, its answer written as JSON. Asked over four connections,
some at a time on each, from the benchmark's own process; the connections are made before.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
import uvloop

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.documents.contract import DocumentsContract
from adapters.permissioned.ledger.documents.records import ByHash, DocumentType, Notarise
from adapters.permissioned.ledger.messages import InvokeContract
from hub.garbage import collect_seldom
from tests.bench.figures import Measured
from tests.bench.own_process import keep_to_one_core
from tests.bench.showing import CannotRun, Screen
from tests.unit.ledger_node_world import LedgerNodeWorld

DOCUMENTS = 1_000
CONNECTIONS, AT_ONCE = 4, 8
QUERIES = 6_000
WARMING = 600
_MEMBER = "bank-a/clerk"
_START_S = 120


@dataclass(frozen=True, slots=True)
class Served:
    """A node that runs: its port, and who asks it for the processor time that it has used, in seconds."""

    port: int
    told: Connection

    def cpu(self) -> float:
        self.told.send("cpu")
        used: float = self.told.recv()
        return used


def run(screen: Screen) -> dict[str, Measured]:
    """The figure of asking."""
    step = screen.step(f"ledger.query: {QUERIES:,} queries about {DOCUMENTS:,} documents")
    with step, TemporaryDirectory(prefix="ichub-bench-") as folder, _served(Path(folder)) as node:
        seconds, cpu = asyncio.run(_ask(Path(folder), node))
    note = f"{cpu / QUERIES * 1e6:,.0f} us of the node's CPU each, {AT_ONCE * CONNECTIONS} at a time"
    return {"ledger.query_per_s": Measured(QUERIES / seconds, QUERIES, note)}


async def _ask(folder: Path, node: Served) -> tuple[float, float]:
    async with AsyncExitStack() as open_ones:
        clients = [await open_ones.enter_async_context(_client(folder, node.port)) for _ in range(CONNECTIONS)]
        await _queries(clients, WARMING)
        began, cpu = time.perf_counter(), node.cpu()
        await _queries(clients, QUERIES)
        return time.perf_counter() - began, node.cpu() - cpu


async def _queries(clients: list[LedgerClient], count: int) -> None:
    waiting = iter(range(count))

    async def one_after_another(client: LedgerClient) -> None:
        for number in waiting:
            answer = await client.query("documents", "verify", write_json(ByHash(_hash(number % DOCUMENTS))))
            if b'"status":"valid"' not in answer:
                raise RuntimeError(f"another answer: {answer!r}")

    await asyncio.gather(*(one_after_another(client) for client in clients for _ in range(AT_ONCE)))


@asynccontextmanager
async def _client(folder: Path, port: int) -> AsyncIterator[LedgerClient]:
    client = await LedgerClient.connect(
        f"localhost:{port}",
        authorities=folder / "authorities.pem",
        certificate=folder / f"{_MEMBER}.pem",
        key=folder / f"{_MEMBER}.key",
    )
    try:
        yield client
    finally:
        await client.close()


# --- the node's process ---


@contextmanager
def _served(folder: Path) -> Iterator[Served]:
    """Raises CannotRun where the node does not come up."""
    context = get_context("spawn")
    told, telling = context.Pipe()
    process = context.Process(target=_serve, args=(folder, telling), name="ledger-node")
    process.start()
    telling.close()
    try:
        if not told.poll(_START_S):
            raise CannotRun(f"the node was not there after {_START_S} s")
        yield Served(told.recv(), told)
    except EOFError as error:
        raise CannotRun("the node's process ended") from error
    finally:
        told.close()
        process.join(10)
        if process.is_alive():
            process.kill()


def _serve(folder: Path, telling: Connection) -> None:
    keep_to_one_core()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    uvloop.run(_serve_until_closed(folder, telling))


async def _serve_until_closed(folder: Path, telling: Connection) -> None:
    """Tells the port once all documents are there, then the processor time used, as often as it is asked."""
    world = LedgerNodeWorld(folder, DocumentsContract)
    async with world.running() as node:
        clerk = await world.connect(node, _MEMBER, "member")
        await clerk.enrol()
        at_once = 50
        for first in range(0, DOCUMENTS, at_once):
            numbers = range(first, first + at_once)
            await clerk.submit([_notarisation(number) for number in numbers], simulate=False)
        await clerk.close()
        collect_seldom()
        telling.send(node.port)
        while await asyncio.to_thread(_asked, telling):
            telling.send(time.process_time())


def _asked(telling: Connection) -> bool:
    try:
        telling.recv()
    except EOFError:
        return False
    return True


def _notarisation(number: int) -> InvokeContract:
    document = Notarise(_hash(number), DocumentType.INVOICE, f"INV-{number}", ("bank-b", "customs"))
    return InvokeContract("documents", "notarise", write_json(document))


def _hash(number: int) -> bytes:
    return sha256(b"asked %d" % number).digest()
