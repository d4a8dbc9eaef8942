"""How long a call takes on a devnet: real processes of two Anvil chains, a hub, four attestors and a relayer.

Calls come one by one, some each second, at all points of a block's second. A call takes from when its transaction is
sent until its result can be read in a block of the consumer's chain; in blocks, from the block of the one to the block
of the other. Both chains make a block a second, and the hub believes what they call ``finalized``: on the devnet's
Anvils two blocks behind.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.errors import ChainError
from adapters.evm.words import bytes_of, hex_of, number_of
from console.devnet.network import Network
from console.devnet.ports import Ports, require_free
from console.devnet.wiring import connect
from console.exits import ConsoleError, Misused
from console.home import find_home
from console.session import hub_of, signer_of
from console.tour.market import Call, Site, open_site
from hub.errors import HubError
from hub.proofs.keccak import keccak256
from tests.bench.figures import Measured
from tests.bench.showing import CannotRun, Screen, percentile

CALLS = 120
WARMING = 5
INTERVAL_S = 0.31
"""Between calls: no divisor of a second, so that they come at all points of a block."""
PATIENCE_S = 60.0
_POLL_S = 0.05
_SETTLED = hex_of(keccak256(b"Settled(bytes32,uint16,bool)"))
"""What the buyer of the tour emits once a call has its result."""
_CHAINS = ("a", "b")
_PORT_BASES = range(19_000, 29_000, 500)
_ANSWERED = 200


@dataclass(slots=True)
class Timings:
    """Seconds and blocks of each call that was answered."""

    seconds: list[float] = field(default_factory=list)
    blocks: list[float] = field(default_factory=list)


def run(screen: Screen) -> dict[str, Measured]:
    """Every figure of the group; raises CannotRun."""
    try:
        timings = asyncio.run(_measure(screen))
    except (ConsoleError, ChainError, HubError, OSError) as error:
        raise CannotRun(f"the devnet does not come up: {error}") from error
    n = len(timings.seconds)
    note = f"min {min(timings.seconds):.2f}, max {max(timings.seconds):.2f}"
    return {
        "e2e.call.p50_s": Measured(percentile(timings.seconds, 0.5), n, note),
        "e2e.call.p99_s": Measured(percentile(timings.seconds, 0.99), n),
        "e2e.call.p50_blocks": Measured(
            percentile(timings.blocks, 0.5), n, f"min {min(timings.blocks):.0f}, max {max(timings.blocks):.0f}"
        ),
    }


async def _measure(screen: Screen) -> Timings:
    with tempfile.TemporaryDirectory(prefix="ichub-bench-") as folder:
        network = Network(Path(folder) / "devnet", _free_ports())
        try:
            with screen.step("e2e: starting two chains, a hub, four attestors, a relayer"):
                await _start(network)
            async with _sites(network, screen) as (a, b):
                with screen.step(f"e2e: {WARMING + CALLS} calls from a contract to a contract"):
                    return await _call(a, b.service)
        finally:
            network.stop()


async def _call(site: Site, service: str) -> Timings:
    watch = Watch(site)
    watching = asyncio.create_task(watch.results())
    try:
        await asyncio.gather(*(watch.call(service, INTERVAL_S * n) for n in range(WARMING)))
        return await _collect([watch.call(service, INTERVAL_S * n) for n in range(CALLS)])
    finally:
        watching.cancel()


async def _collect(calls: Sequence[Awaitable[tuple[float, int]]]) -> Timings:
    timings = Timings()
    for seconds, blocks in await asyncio.gather(*calls):
        timings.seconds.append(seconds)
        timings.blocks.append(blocks)
    return timings


class Watch:
    """Sees results as they come into blocks."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen: dict[bytes, tuple[float, int]] = {}
        self._news = asyncio.Condition()

    async def call(self, service: str, after: float) -> tuple[float, int]:
        """One call, ``after`` seconds from now: how many seconds and blocks it took; raises CannotRun."""
        await asyncio.sleep(after)
        began = time.monotonic()
        (call,) = await self._site.ask(service)
        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(lambda: call.call_id in self._seen)
        except TimeoutError:
            raise CannotRun(f"a call had no result after {PATIENCE_S:.0f} s") from None
        await self._require_answered(call)
        seen, height = self._seen[call.call_id]
        return seen - began, height - call.height

    async def results(self) -> None:
        """Note when each result can first be read, for ever."""
        since: int = (await self._site.latest()).number
        while True:
            query = {"address": hex_of(self._site.buyer.address), "fromBlock": hex(since), "topics": [_SETTLED]}
            logs = await self._site.endpoints.call("eth_getLogs", query)
            now = time.monotonic()
            for log in logs:
                self._seen.setdefault(bytes_of(log["topics"][1]), (now, number_of(log["blockNumber"])))
            if logs:
                since = number_of(logs[-1]["blockNumber"])
            async with self._news:
                self._news.notify_all()
            await asyncio.sleep(_POLL_S)

    async def _require_answered(self, call: Call) -> None:
        outcome = await self._site.outcome(call)
        if outcome.code != _ANSWERED:
            raise CannotRun(f"a call was answered {outcome.code}: {outcome.message}")


@asynccontextmanager
async def _sites(network: Network, screen: Screen) -> AsyncIterator[tuple[Site, Site]]:
    home = find_home(network.layout.hub.path)
    operator = signer_of(home, None, None)
    async with hub_of(home) as hub:
        with screen.step("e2e: contracts on both chains, registered at the hub"):
            chains = [await connect(network, name, hub, operator) for name in _CHAINS]
            a, b = [await open_site(chain, hub, operator) for chain in chains]
        try:
            yield a, b
        finally:
            await a.close()
            await b.close()


async def _start(network: Network) -> None:
    network.make_files()
    for name in _CHAINS:
        network.start_chain(name)
    network.start_hub()
    network.start_attestors()
    await asyncio.gather(*(network.chain_ready(name) for name in _CHAINS), network.hub_ready())
    network.start_relayer()
    await network.attestors_ready()


def _free_ports() -> Ports:
    """Away from those of a devnet that may be running; raises Misused."""
    for base in _PORT_BASES[:-1]:
        ports = Ports.from_base(base)
        try:
            require_free(ports)
        except Misused:
            continue
        return ports
    return Ports.from_base(_PORT_BASES[-1])
