"""Brings a devnet up, gives the tour, and keeps it until it is told to stop."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from console.chains import ChainFile, known_chains
from console.devnet.network import Network
from console.devnet.ports import Ports
from console.devnet.table import ONE_NODE, show_live
from console.devnet.wiring import connect, connect_ledger
from console.exits import CheckFailed
from console.home import ROOT, find_home
from console.output import Output
from console.session import hub_of, signer_of
from console.tour.market import compile_all, open_site
from console.tour.outcome import Outcome
from console.tour.run import run_tour, write_outcomes
from console.tour.stage import Stage
from console.tour.trade import Trade, offer_services
from hub.client import HubClient
from hub.clients import attested_evm
from hub.signer import Signer

DEVNET = ROOT / "build" / "devnet"
_FIRST_CHAINS = ("a", "b")
_PARENT_EVERY_SECONDS = 0.5
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    port_base: int
    once: bool
    tour: bool
    stop_with_parent: bool
    folder: Path = DEVNET

    @property
    def tour_file(self) -> Path:
        """Beside the folder, which the next devnet clears."""
        return self.folder.parent / "tour.json"


async def run_devnet(wish: Wish, output: Output, console: Console) -> list[Outcome]:
    """The tour's outcomes; everything that was started is stopped again, however it ends.

    Raises Misused where a port is taken, CancelledError where it was stopped before it was all up.
    """
    network = Network(wish.folder, Ports.from_base(wish.port_base))
    outcomes: list[Outcome] = []
    up = False
    with _stopped_by_signals(wish.stop_with_parent):
        try:
            with output.progress("starting two chains, a ledger, a hub, four attestors, a relayer"):
                await _start(network)
            async with _stage(network, output) as stage:
                up = True
                outcomes += await _tour(stage, wish, output, console) if wish.tour else []
                if not wish.once:
                    _greet(wish.folder, console)
                    await show_live(stage.hub, lambda: known_chains(network.layout.hub), console)
        except asyncio.CancelledError:
            if not up or wish.once:
                raise
        finally:
            with output.progress("stopping everything"):
                network.stop()
    return outcomes


async def _start(network: Network) -> None:
    for name in _FIRST_CHAINS:
        network.start_chain(name)
    network.make_ledger()
    network.start_ledger()
    network.make_files()
    network.start_hub()
    network.start_attestors()
    ready = (network.chain_ready(name) for name in _FIRST_CHAINS)
    await asyncio.gather(*ready, network.hub_ready(), network.ledger_ready())
    network.start_relayer()
    await network.attestors_ready()


@asynccontextmanager
async def _stage(network: Network, output: Output) -> AsyncIterator[Stage]:
    home = find_home(network.layout.hub.path)
    operator = signer_of(output, home, None, None)
    async with hub_of(home) as hub:
        with output.progress("deploying contracts, having the ledger's organisations vote, registering all"):
            chains, ledger, _ = await asyncio.gather(
                _connect_chains(network, hub, operator),
                connect_ledger(network, hub, operator),
                asyncio.to_thread(compile_all),
            )
        stage = Stage(network, hub, operator, Trade(network, ledger))
        output.note(f"{ledger.name}: {ONE_NODE}")
        with output.progress("opening a shop and a buyer on each EVM chain, offering the ledger's services"):
            opened = asyncio.gather(*(open_site(chain, hub, operator) for chain in chains))
            await offer_services(ledger, hub, operator)
            stage.sites |= {site.chain.name: site for site in await opened}
        try:
            yield stage
        finally:
            await stage.trade.close()
            for site in stage.sites.values():
                await site.close()


async def _connect_chains(network: Network, hub: HubClient, operator: Signer) -> list[ChainFile]:
    """Each begins once those before it have their clients, so that these are numbered in order."""

    async def in_turn(place: int, name: str) -> ChainFile:
        async def has_come() -> bool:
            return sum(isinstance(one.config, attested_evm.Config) for one in await hub.clients()) == place

        await network.wait_until(f"it is {name}'s turn", has_come)
        return await connect(network, name, hub, operator)

    return await asyncio.gather(*(in_turn(place, name) for place, name in enumerate(_FIRST_CHAINS)))


async def _tour(stage: Stage, wish: Wish, output: Output, console: Console) -> list[Outcome]:
    def show(outcome: Outcome) -> None:
        mark = ("ok    ", "green") if outcome.ok else ("FAILED", "bold red")
        console.print(Text.assemble(mark, f"  {outcome.name:<17}{outcome.seconds:>6.1f} s  {outcome.detail}"))

    outcomes = await run_tour(stage, show, partial(output.progress, traced=False))
    write_outcomes(wish.tour_file, outcomes)
    return outcomes


def _greet(folder: Path, console: Console) -> None:
    console.print(f"all runs; logs in {folder}/*.log. In another terminal: ./ichub chain list")


@contextmanager
def _stopped_by_signals(stop_with_parent: bool) -> Iterator[None]:
    """Inside, Ctrl-C, SIGTERM, a closed terminal and, if wished, the parent's end cancel the task at hand."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("this runs in a task")
    for number in _SIGNALS:
        loop.add_signal_handler(number, task.cancel)
    watching = asyncio.create_task(_watch_parent(task)) if stop_with_parent else None
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _watch_parent(task: asyncio.Task[object]) -> None:
    """Whoever started this is gone (its id changes then): stop as well."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  # nothing tells of a parent's end
        await asyncio.sleep(_PARENT_EVERY_SECONDS)
    task.cancel()


def require_all(outcomes: list[Outcome], wish: Wish) -> None:
    """Raises CheckFailed, naming the steps that failed."""
    failed = [outcome.name for outcome in outcomes if not outcome.ok]
    if failed:
        raise CheckFailed(
            f"{len(failed)} of {len(outcomes)} steps failed: {', '.join(failed)}; "
            f"look into {wish.tour_file} and {wish.folder}/*.log",
            reason="TOUR_FAILED",
        )
