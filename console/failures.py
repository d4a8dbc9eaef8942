"""Applications that failed at a packet: why one that arrived was answered with an error, why another still waits though
its end is known. That stands nowhere under the packet's name: the blocks are looked through in which it may have been.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_abi.exceptions import DecodingError

from adapters.chain import Observed
from adapters.errors import EndpointFault
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.events import Refusal, refusal_filter, refusals
from adapters.evm.scan import LONGEST_RANGE
from adapters.evm.words import bytes_of
from console.chains import ChainFile
from hub.answers import EventRecordOf
from hub.chain_client import ChainClient
from hub.events import (
    AcknowledgementWritten,
    ApplicationFailed,
    Event,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
)
from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Height
from hub.quantities import Sequence as PacketSequence
from hub.rpc.errors import PacketNotFound

_MOST_LETTERS = 200
"""Of a reason, which others wrote."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An application's no, and where it stands."""

    height: Height
    index: int
    transaction: bytes
    what: str


@dataclass(frozen=True, slots=True)
class PacketHere:
    """A packet as a chain of our own sees it: by its own client, the other end's, and its number."""

    client: str
    counterparty: str
    sequence: PacketSequence
    received: bool
    """Whether it came in here; else it was sent from here."""

    @property
    def ends(self) -> tuple[str, str]:
        """Source and destination client."""
        return (self.counterparty, self.client) if self.received else (self.client, self.counterparty)


async def failures_here(node: ChainClient[Any], packet: PacketHere) -> list[Failure]:
    """By the events of the hub or a ledger. A packet that came in fails once, one that was sent at each try.

    A failure tells its client and number alone: which of two packets it is of is told by its place, for what came in
    fails between its receipt and its acknowledgement.
    """
    came_in = await _history(node, replace(packet, received=True))
    refused_at = _refusal_of_received(came_in)
    if packet.received:
        if refused_at is None:
            return []
        first = last = refused_at[0]
    else:
        sent = [record for record in await _history(node, packet) if _is_sender_s(record)]
        if not sent:
            return []
        first, last = sent[0].height, await _end(node, sent)
    found = []
    async for block in node.events_between(first, last, (ApplicationFailed,)):
        for record in block.events:
            event = record.event
            if not isinstance(event, ApplicationFailed):
                continue
            if (event.client, event.sequence) != (packet.client, packet.sequence):
                continue
            if ((record.height, record.index) == refused_at) is packet.received:
                what = _words(packet.received, f"{event.reason} ({event.message})")
                found.append(Failure(record.height, record.index, record.transaction_hash, what))
    return first_and_last(found)


async def failures_on_evm_chain(chain: ChainFile, sequence: PacketSequence, steps: Sequence[Observed]) -> list[Failure]:
    """Of a packet that was sent there, by the router's events; ``steps``: what else befell it. Raises ChainError."""
    sent = [one.height for one in steps if isinstance(one.event, PacketSent)]
    if not sent:
        return []
    settled = [one.height for one in steps if isinstance(one.event, PacketAcknowledged | PacketTimedOut)]
    endpoints = Endpoints(chain.name, chain.endpoints)
    found: list[Refusal] = []
    try:
        first = sent[0]
        last = settled[0] if settled else Height(await endpoints.quantity("eth_blockNumber"))
        while first <= last:
            end = Height(min(last, first + LONGEST_RANGE - 1))
            found += await endpoints.attempt(_Reading(chain, first, end).by)
            first = Height(end + 1)
    finally:
        await endpoints.close()
    return first_and_last(
        [
            Failure(
                one.height,
                one.position,
                one.transaction,
                _words(False, "" if one.reason.error == "NoReason" else str(one.reason)),
            )
            for one in found
            if one.sequence == sequence
        ]
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """Some blocks of a chain."""

    chain: ChainFile
    first: Height
    last: Height

    async def by(self, endpoint: Endpoint) -> list[Refusal]:
        """All refusals in these blocks, as one endpoint tells them; raises EndpointFault, CallRefused."""
        router, client = Address(bytes_of(self.chain.router)), ClientId(self.chain.client_of_hub)
        logs = await endpoint.call("eth_getLogs", refusal_filter(router, client, self.first, self.last))
        try:
            return refusals(logs, router, client)
        except (DecodingError, LookupError, TypeError, ValueError, OverflowError) as error:
            raise EndpointFault(endpoint.url, f"a log is malformed: {error!r}") from error


def first_and_last(failures: Sequence[Failure]) -> list[Failure]:
    """A packet is tried again and again: what is between the first and the newest try is counted only."""
    if len(failures) <= 2:
        return list(failures)
    newest = replace(failures[-1], what=f"{failures[-1].what} (tried {len(failures)} times)")
    return [failures[0], newest]


def _words(received: bool, reason: str) -> str:
    """In one line, however it was written."""
    said = " ".join(reason.split()) or "it gave no reason, or used up its gas"
    if len(said) > _MOST_LETTERS:
        said = said[: _MOST_LETTERS - 1] + "…"
    return f"refused by its application: {said}" if received else f"not settled, its application failed: {said}"


async def _history(node: ChainClient[Any], packet: PacketHere) -> Sequence[EventRecordOf[Any]]:
    try:
        return (await node.packet(*packet.ends, packet.sequence)).steps
    except PacketNotFound:
        return ()


def _is_sender_s(record: EventRecordOf[Event]) -> bool:
    return isinstance(record.event, PacketSent | PacketAcknowledged | PacketTimedOut)


def _refusal_of_received(steps: Sequence[EventRecordOf[Event]]) -> tuple[Height, int] | None:
    """Where the application of a packet that came in may have failed: one place is left for it."""
    places = {type(record.event): (record.height, record.index) for record in steps}
    received, written = places.get(PacketReceived), places.get(AcknowledgementWritten)
    if received is None or written != (received[0], received[1] + 2):
        return None
    return received[0], received[1] + 1


async def _end(node: ChainClient[Any], steps: Sequence[EventRecordOf[Event]]) -> Height:
    """The block in which a packet that was sent was settled; the newest where it waits."""
    ends = [record.height for record in steps if isinstance(record.event, PacketAcknowledged | PacketTimedOut)]
    if ends:
        return ends[0]
    return (await node.status()).height
