"""Reading a chain's events by height, with nothing durable: a relayer that starts empty reads them again.

The cursor is the height and hash of the last block that was read: the next range must join it. Where it does not,
blocks that had been read are gone, and so is everything that was learned from them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from eth_abi.exceptions import DecodingError

from adapters.errors import CallRefused, EndpointFault, Reorganised
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.events import Ends, RouterLog, log_filter, read_log
from adapters.evm.finality import block_header
from adapters.evm.header import BlockHeader
from hub.events import PacketSent
from hub.ibc.lanes import Lane
from hub.quantities import Address, Hash, Height

LONGEST_RANGE = 1000
"""Blocks in one ``eth_getLogs``; public endpoints allow as few."""

_REMEMBERED = 256
"""Ends of ranges whose hashes are kept, to notice that history changed."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What the router itself has counted at some block: packets sent, acknowledgements appended."""

    sent: int
    appended: int


@dataclass(frozen=True, slots=True)
class Source:
    """What to read: one router's events for one pair of clients."""

    router: Address
    ends: Ends
    lanes: Mapping[int, Lane]
    counters: Callable[[Endpoint, Height], Awaitable[Counters | None]]
    """The router's counters at the end of a block, by one endpoint; None where it no longer has that block's state."""


class Scanner:
    """Reads ranges of blocks and remembers the hashes of their last blocks."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._known: dict[Height, Hash] = {}
        self._counters: dict[Height, Counters] = {}

    async def scan(self, source: Source, first: Height, last: Height) -> list[RouterLog]:
        """All events in ``first..last``, in order; raises Reorganised, EndpointsFailed."""
        logs: list[RouterLog] = []
        while first <= last:
            end = Height(min(last, first + LONGEST_RANGE - 1))
            logs += await self._read(source, first, end)
            first = Height(end + 1)
        return logs

    def forget(self) -> None:
        """Begin anew, after a reorganisation."""
        self._known.clear()
        self._counters.clear()

    async def _read(self, source: Source, first: Height, last: Height) -> list[RouterLog]:
        async def work(endpoint: Endpoint) -> tuple[list[RouterLog], Hash, Hash, Counters | None]:
            beginning = await block_header(endpoint, first)
            logs = await _logs(endpoint, source, first, last)
            end = beginning if first == last else await block_header(endpoint, last)
            counted = await source.counters(endpoint, last)
            before = self._counted_before(first, beginning)
            if before is None:
                before = await source.counters(endpoint, Height(first - 1))
            if counted is not None and before is not None:
                _refuse_incomplete(endpoint, logs, before, counted)
            return logs, beginning.parent_hash, end.hash, counted

        logs, before, at_end, counted = await self._endpoints.attempt(work)
        for height, found in ((Height(first - 1), before), (last, at_end)):
            if self._known.get(height, found) != found:
                raise Reorganised(self._endpoints.chain, height)
        self._remember(last, at_end, counted)
        return logs

    def _counted_before(self, first: Height, beginning: BlockHeader) -> Counters | None:
        """What was counted at the block before, if the range joins it: another history has counters of its own."""
        height = Height(first - 1)
        return self._counters.get(height) if self._known.get(height) == beginning.parent_hash else None

    def _remember(self, height: Height, block_hash: Hash, counted: Counters | None) -> None:
        self._known[height] = block_hash
        if counted is not None:
            self._counters[height] = counted
        if len(self._known) > _REMEMBERED:
            self._counters.pop(min(self._known), None)
            del self._known[min(self._known)]


def _refuse_incomplete(endpoint: Endpoint, logs: Sequence[RouterLog], before: Counters, counted: Counters) -> None:
    """An endpoint that leaves logs out contradicts the router's own counters; raises EndpointFault."""
    sent = [log.observed.event.sequence for log in logs if isinstance(log.observed.event, PacketSent)]
    appended = [log.appended.n for log in logs if log.appended is not None]
    if sent != list(range(before.sent + 1, counted.sent + 1)):
        raise EndpointFault(
            endpoint.url, f"packets {before.sent + 1} to {counted.sent} were sent, it gave logs of {sent}"
        )
    if appended != list(range(before.appended, counted.appended)):
        raise EndpointFault(
            endpoint.url,
            f"acknowledgements {before.appended} to {counted.appended - 1} were written, it gave {appended}",
        )


async def _logs(endpoint: Endpoint, source: Source, first: Height, last: Height) -> list[RouterLog]:
    try:
        entries = await endpoint.call("eth_getLogs", log_filter(source.router, source.ends, first, last))
    except CallRefused as refusal:
        raise EndpointFault(endpoint.url, str(refusal)) from refusal
    if not isinstance(entries, Sequence):
        raise EndpointFault(endpoint.url, "eth_getLogs was answered with no list")
    try:
        logs = [read_log(entry, source.ends, source.lanes) for entry in entries]
    except (DecodingError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise EndpointFault(endpoint.url, f"a log is malformed: {error!r}") from error
    if any(not first <= log.observed.height <= last for log in logs):
        raise EndpointFault(endpoint.url, "it gave logs of other blocks than were asked for")
    return sorted(logs, key=lambda log: (log.observed.height, log.observed.position))
