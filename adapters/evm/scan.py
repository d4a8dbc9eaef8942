"""Reading a chain's events by height.

The next range must join the height and hash of the last block that was read. Where it does not, blocks that had been
read are gone, and so is everything that was learned from them.

What an endpoint says happened is held against the chain's own state: what it leaves out or adds, by the router's
counters; what it says was settled, by the packet's commitment, which must be gone; all of it by proof. Few endpoints
keep the states of old blocks: what was counted there follows from the events of the ranges that join, up to a block
whose state is proven. Where it does not fit, another endpoint is asked.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from eth_abi.exceptions import DecodingError

from adapters.errors import CallRefused, EndpointFault, ReadingDoubted, Reorganised
from adapters.evm.counters import Counters
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.events import Ends, RouterLog, log_filter, read_log
from adapters.evm.finality import block_header
from adapters.evm.header import BlockHeader
from adapters.evm.lanes import RouterLanes
from hub.events import PacketAcknowledged, PacketSent, PacketTimedOut
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Hash, Height

LONGEST_RANGE = 1000
"""Blocks in one ``eth_getLogs``; public endpoints allow as few."""

_REMEMBERED = 512
"""Ends of ranges that are kept, to notice that history changed."""


@dataclass(frozen=True, slots=True)
class Source:
    """What to read: one router's events for one pair of clients."""

    router: Address
    ends: Ends
    lanes: RouterLanes
    first_height: Height
    """Nothing was counted before this block."""
    counters: Callable[[Endpoint, BlockHeader], Awaitable[Counters | None]]
    """The router's counters at the end of a block, proven by one endpoint; None where it does not have that block's
    state. Raises EndpointFault.
    """
    standing: Callable[[Endpoint, BlockHeader, Sequence[Path]], Awaitable[set[Path]]]
    """Which packet commitments stand in the state of a block, proven by one endpoint; raises EndpointFault."""


@dataclass(frozen=True, slots=True)
class _Count:
    """What was counted at the end of a block: proven by its state, or following from the events beside it."""

    counters: Counters
    proven: bool


_NOTHING = _Count(Counters(0, 0), proven=True)


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that was read up to, or from behind."""

    hash: Hash
    count: _Count | None


@dataclass(frozen=True, slots=True)
class _Range:
    """What one endpoint told of a range of blocks; ``newest`` is the block whose state it was held against."""

    logs: list[RouterLog]
    before: _Block
    end: _Block
    newest: BlockHeader


class Scanner:
    """Reads ranges of blocks and remembers the hashes and counters of the blocks at their ends."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._known: dict[Height, _Block] = {}
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
        self._newest = None

    def hash_of(self, height: Height) -> Hash | None:
        """Of a block at an end of what was read, by what was read; None where that is not known any more."""
        known = self._known.get(height)
        return None if known is None else known.hash

    async def _read(self, source: Source, first: Height, last: Height, goal: Height) -> list[RouterLog]:
        told = await self._endpoints.attempt(lambda endpoint: self._ask(endpoint, source, first, last, goal))
        for height, found in (
            (Height(first - 1), told.before.hash),
            (last, told.end.hash),
            (told.newest.number, told.newest.hash),
        ):
            if self.hash_of(height) not in (None, found):
                raise Reorganised(self._endpoints.chain, height)
        self._remember(Height(first - 1), told.before)
        self._remember(last, told.end)
        self._remember(told.newest.number, _Block(told.newest.hash, None))
        if self._newest is None or told.newest.number > self._newest.number:
            self._newest = told.newest
        return told.logs

    async def _ask(self, endpoint: Endpoint, source: Source, first: Height, last: Height, goal: Height) -> _Range:
        beginning = await block_header(endpoint, first)
        logs = await _logs(endpoint, source, first, last)
        end = beginning if first == last else await block_header(endpoint, last)
        after = self._counted(last, end.hash) or await _proven(endpoint, source, end)
        if after is None and self._is_new(last, goal):
            raise EndpointFault(endpoint.url, f"it has no state of block {last}")
        before = self._counted(Height(first - 1), beginning.parent_hash)
        if before is None:
            before = await _counted_before(endpoint, source, first, beginning)
        before, after = self._added_up(endpoint, logs, before, after, last)
        newest = end
        if settled := _settled(logs):
            newest = await self._newest_of(endpoint, end, goal)
            count = after if newest is end else await _proven(endpoint, source, newest)
            await _refuse_unsettled(endpoint, source, settled, newest, count)
        return _Range(logs, _Block(beginning.parent_hash, before), _Block(end.hash, after), newest)

    def _is_new(self, last: Height, goal: Height) -> bool:
        """Whether a range ends at a block so new that its state is to be had, if what happens there is to be proven."""
        return last == goal and (self._newest is None or last > self._newest.number)

    async def _newest_of(self, endpoint: Endpoint, end: BlockHeader, goal: Height) -> BlockHeader:
        """The newest block that was read, or the last of the scan: few endpoints keep the states of old ones. Where one
        is false, what is read after it does not join.
        """
        if self._newest is not None and self._newest.number >= goal:
            return self._newest
        return end if end.number == goal else await block_header(endpoint, goal)

    def _counted(self, height: Height, block_hash: Hash) -> _Count | None:
        """What was counted up to a block, as far as it is known: another history has counters of its own."""
        known = self._known.get(height)
        return known.count if known is not None and known.hash == block_hash else None

    def _added_up(
        self, endpoint: Endpoint, logs: Sequence[RouterLog], before: _Count | None, after: _Count | None, last: Height
    ) -> tuple[_Count, _Count]:
        """What was counted before and after a range, each by the other where it is not known.

        Raises EndpointFault for logs that contradict what is proven; ReadingDoubted where they contradict what follows
        from other ranges, which may have been told falsely themselves.
        """
        sent = [log.observed.event.sequence for log in logs if isinstance(log.observed.event, PacketSent)]
        appended = [log.appended.n for log in logs if log.appended is not None]
        if after is not None:
            before = before or _follows(after, -len(sent), -len(appended))
        elif before is not None:
            after = _follows(before, len(sent), len(appended))
        else:
            raise EndpointFault(endpoint.url, f"it has no state of block {last}")
        fault = _incomplete(sent, appended, before.counters, after.counters)
        if not fault:
            return before, after
        if (before.proven and after.proven) or not self._endpoints.doubt_first():
            raise EndpointFault(endpoint.url, fault)
        raise ReadingDoubted(self._endpoints.chain, last, fault)

    def _remember(self, height: Height, block: _Block) -> None:
        """The latest that were read are kept, and the lowest: old blocks, read behind new ones, join it."""
        known = self._known.pop(height, None)
        keeps = known is not None and known.count is not None and (block.count is None or known.count.proven)
        self._known[height] = known if known is not None and keeps else block
        if len(self._known) > _REMEMBERED:
            lowest = min(self._known)
            del self._known[next(height for height in self._known if height != lowest)]


async def _proven(endpoint: Endpoint, source: Source, header: BlockHeader) -> _Count | None:
    if header.number < source.first_height:
        return _NOTHING
    counters = await source.counters(endpoint, header)
    return None if counters is None else _Count(counters, proven=True)


async def _counted_before(endpoint: Endpoint, source: Source, first: Height, beginning: BlockHeader) -> _Count | None:
    """What was counted up to the block before a range, by its state, if the endpoint has it."""
    if first <= source.first_height:
        return _NOTHING
    header = await block_header(endpoint, Height(first - 1))
    if header.hash != beginning.parent_hash:
        raise EndpointFault(endpoint.url, f"its block {first} does not join its block {first - 1}")
    return await _proven(endpoint, source, header)


def _follows(count: _Count, sent: int, appended: int) -> _Count:
    return _Count(Counters(count.counters.sent + sent, count.counters.appended + appended), proven=False)


def _incomplete(sent: Sequence[int], appended: Sequence[int], before: Counters, after: Counters) -> str:
    """What is left out or added, by the router's own counters; nothing where all is there."""
    if list(sent) != list(range(before.sent + 1, after.sent + 1)):
        return f"packets {before.sent + 1} to {after.sent} were sent, it gave logs of {list(sent)}"
    if list(appended) != list(range(before.appended, after.appended)):
        return f"acknowledgements {before.appended} to {after.appended - 1} were written, it gave {list(appended)}"
    return ""


def _settled(logs: Sequence[RouterLog]) -> list[Path]:
    """Where the packets stood that are said to be settled."""
    events = (log.observed.event for log in logs)
    return [
        Path(PathKind.COMMITMENT, ClientId(event.source_client), event.sequence)
        for event in events
        if isinstance(event, PacketAcknowledged | PacketTimedOut)
    ]


async def _refuse_unsettled(
    endpoint: Endpoint, source: Source, settled: Sequence[Path], newest: BlockHeader, counted: _Count | None
) -> None:
    """A packet is settled once it was sent and its commitment is gone, for good: the state of any later block says so,
    and contradicts an endpoint that invents it; raises EndpointFault.
    """
    if counted is None:
        raise EndpointFault(endpoint.url, f"it has no state of block {newest.number}")
    sent = counted.counters.sent
    for path in settled:
        if not 1 <= path.sequence <= sent:
            raise EndpointFault(endpoint.url, f"it says that packet {path.sequence} is settled, {sent} were sent")
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

    def read() -> list[RouterLog]:
        return [read_log(entry, source.ends, source.lanes.known) for entry in entries]

    try:
        try:
            logs = read()
        except LookupError:  # of a lane that is not known yet
            await source.lanes.learn(endpoint)
            logs = read()
    except (DecodingError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise EndpointFault(endpoint.url, f"a log is malformed: {error!r}") from error
    if any(not first <= log.observed.height <= last for log in logs):
        raise EndpointFault(endpoint.url, "it gave logs of other blocks than were asked for")
    return sorted(logs, key=lambda log: (log.observed.height, log.observed.position))
