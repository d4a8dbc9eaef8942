"""The live table of a devnet: chains, packets in flight, latencies."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from adapters.errors import ChainError
from console.chain_access import Blocks, open_blocks
from console.chains import KnownChain, LedgerFile
from console.output import rows_table
from console.packets import PACKET_EVENTS, PacketBook
from hub.answers import BlockEvents, ClientInfo, NodeStatus
from hub.client import HubClient
from hub.errors import HubError
from hub.events import ServiceCalled, ServiceResulted
from hub.quantities import Height, UnixSeconds

ONE_NODE = "a permissioned ledger of four organisations; on this devnet one node, which holds all of their keys"
_EVERY_SECONDS = 1.0
_REMEMBERED = 200


@dataclass
class Watching:
    """What the hub's events say, kept up to date."""

    packets: PacketBook = field(default_factory=PacketBook)
    calls: dict[bytes, UnixSeconds] = field(default_factory=dict)
    latencies: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    results: dict[int, int] = field(default_factory=dict)

    def add(self, block: BlockEvents) -> None:
        self.packets.add(block)
        for record in block.events:
            match record.event:
                case ServiceCalled(request_id=name):
                    self.calls[name] = block.time
                case ServiceResulted(request_id=name, code=code):
                    self.results[code] = self.results.get(code, 0) + 1
                    if (began := self.calls.pop(name, None)) is not None:
                        self.latencies.append(block.time - began)


async def follow(hub: HubClient, watching: Watching) -> None:
    """Take in every block of the hub, for ever."""
    async for block in hub.watch(Height(1), (*PACKET_EVENTS, ServiceCalled, ServiceResulted)):
        watching.add(block)


async def show_live(hub: HubClient, chains: Callable[[], list[KnownChain]], console: Console) -> None:
    """Draw until cancelled; where the output is no terminal, nothing is drawn. ``chains`` is asked each time."""
    watching = Watching()
    blocks: dict[str, Blocks] = {}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follow(hub, watching))
        try:
            with Live(console=console, refresh_per_second=4) if console.is_terminal else nullcontext() as live:
                while True:
                    known = chains()
                    for chain in known:
                        blocks.setdefault(chain.name, open_blocks(chain, timeout_s=1))
                    if live is not None:
                        live.update(await _draw(hub, known, blocks, watching))
                    await asyncio.sleep(_EVERY_SECONDS)
        finally:
            await asyncio.gather(*(one.close() for one in blocks.values()))


async def _draw(hub: HubClient, chains: list[KnownChain], blocks: dict[str, Blocks], watching: Watching) -> Group:
    status, clients, heads = await asyncio.gather(
        hub.status(), hub.clients(), asyncio.gather(*(_head(blocks[chain.name]) for chain in chains))
    )
    by_client = {client.client: client for client in clients}
    rows = [
        chain_row(chain, head, by_client.get(chain.client_at_hub), watching.packets)
        for chain, head in zip(chains, heads, strict=True)
    ]
    notes = [Text(f"{chain.name}: {ONE_NODE}", style="dim") for chain in chains if isinstance(chain, LedgerFile)]
    end = Text("Ctrl-C stops everything.", style="dim")
    return Group(_hub_line(status), rows_table("", rows), _calls(watching), *notes, end)


async def _head(blocks: Blocks) -> int | None:
    try:
        return await blocks.height()
    except (ChainError, HubError, OSError):
        return None


def chain_row(chain: KnownChain, head: int | None, client: ClientInfo | None, packets: PacketBook) -> dict[str, object]:
    """One line: the chain's height, what the hub has proven of it, and what is on its way."""
    open_ = packets.in_flight()
    return {
        "chain": chain.name,
        "id": chain.chain_id,
        "height": head if head is not None else "silent",
        "client": chain.client_at_hub,
        "status": client.status.value if client else "",
        "proven": client.height if client else 0,
        "to hub": sum(not line.outward and line.destination_client == chain.client_at_hub for line in open_),
        "from hub": sum(line.outward and line.source_client == chain.client_at_hub for line in open_),
    }


def _hub_line(status: NodeStatus) -> Text:
    return Text(f"hub {status.chain_id} at height {status.height}, {status.pending_transactions} transactions waiting")


def _calls(watching: Watching) -> Table:
    results = ", ".join(f"{code}: {count}" for code, count in sorted(watching.results.items()))
    row = {
        "calls open": len(watching.calls),
        "results": results,
        "at the hub, median": _seconds(watching.latencies, median),
        "slowest": _seconds(watching.latencies, max),
    }
    return rows_table("", [row])


def _seconds(values: Iterable[int], choose: object) -> str:
    known = list(values)
    return f"{choose(known):.0f} s" if known and callable(choose) else ""
