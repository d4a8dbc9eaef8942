"""How long a call takes on a devnet: real processes of two Anvil chains, a ledger, a hub, four attestors and a relayer.

First calls from one EVM chain to a contract on the other, then to the ledger's contract ``documents``. They come one by
one, some each second, at all points of a block's second. A call takes from when its transaction is sent until its
result can be read in a block of the consumer's chain; in blocks, from the block of the one to the block of the other,
or, where the provider's chain is the slower one, as many as that makes meanwhile. Both chains make a block a second,
and the hub believes what they call ``finalized``: on the devnet's Anvils two blocks behind. The ledger's blocks are
final at once, and made as there is something to put into them.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.errors import ChainError
from adapters.evm.finality import block_header
from adapters.evm.words import bytes_of, hex_of, number_of
from console.devnet.contracts import Deployed
from console.devnet.network import Network
from console.devnet.ports import Ports, require_free
from console.devnet.wiring import connect, connect_ledger
from console.exits import ConsoleError, Misused
from console.home import find_home
from console.output import Output
from console.session import hub_of, signer_of
from console.tour.document_verify import ISSUER
from console.tour.market import FEE, Call, Site, kept_of, open_site
from console.tour.trade import Trade, bill_of_lading, invoke, offer_services, open_asker
from hub.errors import HubError
from hub.proofs.keccak import keccak256
from tests.bench.figures import Measured
from tests.bench.showing import CannotRun, Screen, percentile

CALLS = 120
LEDGER_CALLS = 60
WARMING = 5
INTERVAL_S = 0.31
"""Between calls: no divisor of a second, so that they come at all points of a block."""
PATIENCE_S = 60.0
_POLL_S = 0.05
_ALIKE = 1.1
"""Up to so many times as long as the other's, a chain's blocks are taken to be alike: they are seen through clocks."""
_RESULT = hex_of(keccak256(b"ServiceResult(bytes32,address,uint16,bytes,string,uint32)"))
"""What the gateway emits once a call has its result."""
_CHAINS = ("a", "b")
_PORT_BASES = range(19_000, 29_000, 500)
_ANSWERED = 200


@dataclass(slots=True)
class Timings:
    """Seconds and blocks of each call that was answered."""

    seconds: list[float] = field(default_factory=list)
    blocks: list[float] = field(default_factory=list)

    @staticmethod
    def half_within(values: list[float], form: str) -> Measured:
        """What half of them do not pass; the least and the most are shown beside it."""
        return Measured(percentile(values, 0.5), len(values), f"min {min(values):{form}}, max {max(values):{form}}")


def run(screen: Screen) -> dict[str, Measured]:
    """Every figure of the group; raises CannotRun."""
    try:
        evm, ledger = asyncio.run(_measure(screen))
    except (ConsoleError, ChainError, HubError, OSError) as error:
        raise CannotRun(f"the devnet does not come up: {error}") from error
    return {
        "e2e.call.p50_s": evm.half_within(evm.seconds, ".2f"),
        "e2e.call.p99_s": Measured(percentile(evm.seconds, 0.99), len(evm.seconds)),
        "e2e.call.p50_blocks": evm.half_within(evm.blocks, ".0f"),
        "e2e.evm_to_ledger.p50_s": ledger.half_within(ledger.seconds, ".2f"),
    }


async def _measure(screen: Screen) -> tuple[Timings, Timings]:
    with tempfile.TemporaryDirectory(prefix="ichub-bench-") as folder:
        network = Network(Path(folder) / "devnet", _free_ports())
        try:
            with screen.step("e2e: starting two chains, a ledger, a hub, four attestors, a relayer"):
                await _start(network)
            async with _askers(network, screen) as (buyer, consignee):
                with screen.step(f"e2e: {WARMING + CALLS} calls from a contract to a contract"):
                    evm = await _call(buyer, CALLS)
                with screen.step(f"e2e: {WARMING + LEDGER_CALLS} calls from a contract to the ledger"):
                    return evm, await _call(consignee, LEDGER_CALLS)
        finally:
            network.stop()


async def _call(asker: "Asker", count: int) -> Timings:
    watch = Watch(asker)
    watching = asyncio.create_task(watch.results())
    try:
        await asyncio.gather(*(watch.call(INTERVAL_S * n) for n in range(WARMING)))
        return await _collect([watch.call(INTERVAL_S * n) for n in range(count)])
    finally:
        watching.cancel()


async def _collect(calls: Sequence[Awaitable[tuple[float, int]]]) -> Timings:
    timings = Timings()
    for seconds, blocks in await asyncio.gather(*calls):
        timings.seconds.append(seconds)
        timings.blocks.append(blocks)
    return timings


@dataclass(frozen=True, slots=True)
class Asker:
    """Who calls a service: a contract on the chain of ``site``. ``outcome``: a call's code and message.

    ``counted``: the chain whose blocks are counted.
    """

    site: Site
    counted: Site
    ask: Callable[[], Awaitable[Call]]
    outcome: Callable[[Call], Awaitable[tuple[int, str]]]


def is_slower(provider_block_s: float, consumer_block_s: float) -> bool:
    """Whether the provider's blocks are the longer ones: those of the slower chain are counted."""
    return provider_block_s > consumer_block_s * _ALIKE


async def seconds_a_block(site: Site) -> float:
    """On the average since the chain's first block."""
    first = await site.endpoints.attempt(lambda endpoint: block_header(endpoint, 1))
    latest = await site.latest()
    return (latest.timestamp - first.timestamp) / (latest.number - first.number)


async def buyer_of(site: Site, provider: Site) -> Asker:
    """The tour's buyer, who asks the shop on the other chain."""
    service = provider.service
    counted = provider if is_slower(await seconds_a_block(provider), await seconds_a_block(site)) else site

    async def ask() -> Call:
        return (await site.ask(service))[0]

    async def outcome(call: Call) -> tuple[int, str]:
        found = await site.outcome(call)
        return found.code, found.message

    return Asker(site, counted, ask, outcome)


def consignee_of(site: Site, consignee: Deployed, document_hash: bytes) -> Asker:
    """The tour's consignee, who asks the ledger about a document."""

    async def ask() -> Call:
        return site.calls_in(await consignee.send("ask", document_hash, round(PATIENCE_S), FEE))[0]

    async def outcome(call: Call) -> tuple[int, str]:
        kept = await kept_of(consignee, call)
        return kept.code, kept.message

    return Asker(site, site, ask, outcome)


class Watch:
    """Sees results as they come into blocks."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._site = asker.site
        self._seen: dict[bytes, tuple[float, int]] = {}
        self._news = asyncio.Condition()

    async def call(self, after: float) -> tuple[float, int]:
        """One call, ``after`` seconds from now: how many seconds and blocks it took; raises CannotRun."""
        await asyncio.sleep(after)
        began = time.monotonic()
        call = await self._asker.ask()
        height = await self._counted_height(call.height)
        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(lambda: call.call_id in self._seen)
        except TimeoutError:
            raise CannotRun(f"a call had no result after {PATIENCE_S:.0f} s") from None
        await self._require_answered(call)
        seen, seen_height = self._seen[call.call_id]
        return seen - began, seen_height - height

    async def results(self) -> None:
        """Note when each result can first be read, for ever."""
        since: int = (await self._site.latest()).number
        while True:
            query = {"address": self._site.chain.gateway, "fromBlock": hex(since), "topics": [_RESULT]}
            logs = await self._site.endpoints.call("eth_getLogs", query)
            now = time.monotonic()
            for log in logs:
                if (call_id := bytes_of(log["topics"][1])) not in self._seen:
                    self._seen[call_id] = now, await self._counted_height(number_of(log["blockNumber"]))
            if logs:
                since = number_of(logs[-1]["blockNumber"])
            async with self._news:
                self._news.notify_all()
            await asyncio.sleep(_POLL_S)

    async def _counted_height(self, height: int) -> int:
        """Where the counted chain stands when the caller's has come to this height."""
        counted = self._asker.counted
        return height if counted is self._site else (await counted.latest()).number

    async def _require_answered(self, call: Call) -> None:
        code, message = await self._asker.outcome(call)
        if code != _ANSWERED:
            raise CannotRun(f"a call was answered {code}: {message}")


@asynccontextmanager
async def _askers(network: Network, screen: Screen) -> AsyncIterator[tuple[Asker, Asker]]:
    home = find_home(network.layout.hub.path)
    operator = signer_of(Output(False), home, None, None)
    async with hub_of(home) as hub:
        with screen.step("e2e: contracts on both chains, members on the ledger, all registered at the hub"):
            chains = [await connect(network, name, hub, operator) for name in _CHAINS]
            a, b = [await open_site(chain, hub, operator) for chain in chains]
            trade = Trade(network, await connect_ledger(network, hub, operator))
            await offer_services(trade.chain, hub, operator)
            bill = bill_of_lading("BENCH-1")
            await invoke(await trade.member(ISSUER), "documents", "notarise", bill)
            consignee = await open_asker("Consignee", a, hub, operator)
        try:
            yield await buyer_of(a, b), consignee_of(a, consignee, bill.document_hash)
        finally:
            await trade.close()
            await a.close()
            await b.close()


async def _start(network: Network) -> None:
    network.make_ledger()
    network.start_ledger()
    network.make_files()
    for name in _CHAINS:
        network.start_chain(name)
    network.start_hub()
    network.start_attestors()
    await asyncio.gather(*(network.chain_ready(name) for name in _CHAINS), network.hub_ready(), network.ledger_ready())
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
