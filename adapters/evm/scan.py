"""Reading a chain's events by height, with nothing durable: a relayer that starts empty reads them again.

The cursor is the height and hash of the last block that was read: the next range must join it. Where it does not,
blocks that had been read are gone, and so is everything that was learned from them.

What an endpoint says happened is held against the chain's own state: what it leaves out or adds, by the router's
counters; what it says was settled, by proof that the packet's commitment is gone. Where it does not fit, another is
asked.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from eth_abi.exceptions import DecodingError

from adapters.errors import CallRefused, EndpointFault, Reorganised
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.events import Ends, RouterLog, log_filter, read_log
from adapters.evm.finality import block_header
from adapters.evm.header import BlockHeader
from hub.events import PacketAcknowledged, PacketSent, PacketTimedOut
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
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
    standing: Callable[[Endpoint, BlockHeader, Sequence[Path]], Awaitable[set[Path]]]
    """Which packet commitments stand in the state of a block, proven by one endpoint; raises EndpointFault."""


@dataclass(frozen=True, slots=True)
class _Range:
    """What one endpoint told of a range of blocks; ``newest`` is the block whose state it was held against."""

    logs: list[RouterLog]
    parent_hash: Hash
    end: BlockHeader
    newest: BlockHeader
    counted: Counters | None


class Scanner:
    """Reads ranges of blocks and remembers the hashes of their last blocks."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._known: dict[Height, Hash] = {}
        self._counters: dict[Height, Counters] = {}
        self._newest: BlockHeader | None = None

    async def scan(self, source: Source, first: Height, last: Height) -> list[RouterLog]:
        """All events in ``first..last``, in order; raises Reorganised, EndpointsFailed."""
        logs: list[RouterLog] = []
        start = first
        while start <= last:
            end = Height(min(last, start + LONGEST_RANGE - 1))
            logs += await self._read(source, start, end, last)
            start = Height(end + 1)
        return logs

    def forget(self) -> None:
        """Begin anew, after a reorganisation."""
        self._known.clear()
        self._counters.clear()
        self._newest = None

    async def _read(self, source: Source, first: Height, last: Height, goal: Height) -> list[RouterLog]:
        async def work(endpoint: Endpoint) -> _Range:
            beginning = await block_header(endpoint, first)
            logs = await _logs(endpoint, source, first, last)
            end = beginning if first == last else await block_header(endpoint, last)
            counted = await source.counters(endpoint, last)
            before = self._counted_before(first, beginning)
            if before is None:
                before = await source.counters(endpoint, Height(first - 1))
            if counted is not None and before is not None:
                _refuse_incomplete(endpoint, logs, before, counted)
            newest = end
            if settled := _settled(logs):
                newest = await self._newest_of(endpoint, end, goal)
                sent = counted if newest is end else await source.counters(endpoint, newest.number)
                await _refuse_unsettled(endpoint, source, settled, newest, sent)
            return _Range(logs, beginning.parent_hash, end, newest, counted)

        told = await self._endpoints.attempt(work)
        for height, found in (
            (Height(first - 1), told.parent_hash),
            (last, told.end.hash),
            (told.newest.number, told.newest.hash),
        ):
            if self._known.get(height, found) != found:
                raise Reorganised(self._endpoints.chain, height)
        self._remember(told.end, told.counted)
        self._known.setdefault(told.newest.number, told.newest.hash)
        return told.logs

    async def _newest_of(self, endpoint: Endpoint, end: BlockHeader, goal: Height) -> BlockHeader:
        """The newest block that was read, or the last of the scan: few endpoints keep the states of old ones. Where one
        is false, what is read after it does not join.
        """
        if self._newest is not None and self._newest.number >= goal:
            return self._newest
        return end if end.number == goal else await block_header(endpoint, goal)

    def _counted_before(self, first: Height, beginning: BlockHeader) -> Counters | None:
        """What was counted at the block before, if the range joins it: another history has counters of its own."""
        height = Height(first - 1)
        return self._counters.get(height) if self._known.get(height) == beginning.parent_hash else None

    def _remember(self, header: BlockHeader, counted: Counters | None) -> None:
        if self._newest is None or header.number > self._newest.number:
            self._newest = header
        self._known[header.number] = header.hash
        if counted is not None:
            self._counters[header.number] = counted
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


def _settled(logs: Sequence[RouterLog]) -> list[Path]:
    """Where the packets stood that are said to be settled."""
    events = (log.observed.event for log in logs)
    return [
        Path(PathKind.COMMITMENT, ClientId(event.source_client), event.sequence)
        for event in events
        if isinstance(event, PacketAcknowledged | PacketTimedOut)
    ]


async def _refuse_unsettled(
    endpoint: Endpoint, source: Source, settled: Sequence[Path], newest: BlockHeader, counted: Counters | None
) -> None:
    """A packet is settled once it was sent and its commitment is gone, for good: the state of any later block says so,
    and contradicts an endpoint that invents it; raises EndpointFault.
    """
    if counted is None:
        raise EndpointFault(endpoint.url, f"it has no state of block {newest.number}")
    for path in settled:
        if not 1 <= path.sequence <= counted.sent:
            raise EndpointFault(
                endpoint.url, f"it says that packet {path.sequence} is settled, {counted.sent} were sent"
            )
    for path in sorted(await source.standing(endpoint, newest, settled), key=lambda path: path.sequence):
        raise EndpointFault(
            endpoint.url, f"it says that packet {path.sequence} is settled, its commitment stands at {newest.number}"
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
