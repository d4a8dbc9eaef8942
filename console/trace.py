"""A packet's whole life: what the hub and the chains say of it and of the call that it belongs to, in order of time.

A packet is named by the hub's client of the chain, its direction there, and its number: ``attested-0/in/5``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_account import Account

from adapters.chain import Chain, Observed, PacketEvent, SenderEvent
from adapters.evm.endpoints import Endpoints
from adapters.evm.words import bytes_of, hex_of
from adapters.permissioned.ledger.service.errors import CallNotFound
from console.chain_access import ledger_client, open_blocks, open_chain
from console.chains import ChainFile, KnownChain, LedgerFile
from console.exits import Misused
from console.failures import Failure, PacketHere, failures_here, failures_on_evm_chain
from console.packets import PacketName
from hub.answers import EventRecord, ServiceRequest
from hub.client import HubClient
from hub.events import (
    AcknowledgementWritten,
    AnyEvent,
    EscrowSettled,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
    RequestForwarded,
    ServiceCalled,
    ServiceResulted,
)
from hub.ibc.identifiers import ClientId
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from hub.rpc.errors import PacketNotFound
from hub.services.errors import RequestNotFound, ServiceError
from hub.services.payload import Request, packet_request_id

_NAME = re.compile(r"([a-z0-9-]+-\d+)/(in|out)/(\d+)\Z")
_CALLED = keccak256(b"ServiceCalled(bytes32,address,string,uint64,uint64)")
_SENT = keccak256(b"PacketSent(bytes32,uint64,uint16,uint64,bytes32,bytes)")
_PACKET_SENT = "packet sent"


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One thing that happened: when, where, in which transaction, to which packet."""

    time: UnixSeconds
    place: str
    height: Height
    index: int
    """Its place among the block's events."""
    transaction: bytes
    packet: str
    """Empty for what befalls the call as a whole."""
    what: str


@dataclass(frozen=True, slots=True)
class Life:
    """The packets of one call, or one packet alone, and all that happened to them."""

    packets: tuple[PacketName, ...]
    request: ServiceRequest | None
    steps: tuple[LifeStep, ...]


class Tracer:
    """Reads one life from the hub and the chains that this home knows."""

    def __init__(self, hub: HubClient, chains: Sequence[KnownChain]) -> None:
        self._hub = hub
        self._chains = {chain.client_at_hub: chain for chain in chains}
        self._counterparties: dict[str, str] = {}

    async def trace(self, name: str) -> Life:
        """By a packet's name, a request's identifier, or a call's; raises Misused where nobody knows it."""
        packets, request = await self.resolve(name)
        steps: list[LifeStep] = []
        for packet in packets:
            steps += await self._at_hub(packet)
            steps += await self._at_chain(packet)
        if request is not None:
            steps += await self._of_request(request)
        order = sorted(steps, key=lambda step: (step.time, _rank(step), step.height, step.index))
        return Life(tuple(packets), request, tuple(order))

    async def resolve(self, name: str) -> tuple[list[PacketName], ServiceRequest | None]:
        """The packets of the call that is named, and the hub's request, if there is one; raises Misused."""
        if match := _NAME.match(name):
            packet = PacketName(match[1], match[2] == "in", PacketSequence(int(match[3])))
            request = await self._request(await self._request_id(packet))
            return ([packet] if request is None else packets_of(request)), request
        try:
            identifier = bytes.fromhex(name.removeprefix("0x"))
        except ValueError:
            identifier = b""
        if len(identifier) != 32:
            raise Misused(
                f"{name!r} names no packet: give CLIENT/in|out/NUMBER, as attested-0/in/5, or 0x and 64 hex digits"
            )
        if (request := await self._request(identifier)) is not None:
            return packets_of(request), request
        packet = await self._called(identifier)
        request = await self._request(packet_request_id(packet.client, packet.sequence))  # type: ignore[arg-type]
        return ([packet] if request is None else packets_of(request)), request

    async def _request(self, identifier: bytes) -> ServiceRequest | None:
        try:
            return await self._hub.request(identifier) if identifier else None
        except RequestNotFound:
            return None

    async def _request_id(self, packet: PacketName) -> bytes:
        """Of the call that a packet belongs to; empty where it belongs to none."""
        if packet.inward:
            return packet_request_id(ClientId(packet.client), packet.sequence)
        for event in [record.event for record in await self._history(packet)]:
            if isinstance(event, PacketSent):
                try:
                    return Request.decode(event.value).request_id
                except ServiceError:
                    return b""
        return b""

    async def _called(self, call_id: bytes) -> PacketName:
        """The packet of a call that was made on one of the chains."""
        for client, chain in self._chains.items():
            if isinstance(chain, LedgerFile):
                found = await _on_ledger(chain, call_id)
            else:
                found = await _on_evm_chain(chain, call_id)
            if found is not None:
                return PacketName(client, True, found)
        raise Misused(
            f"0x{call_id.hex()} is no request and no call on the chains known here: check it, or `ichub packet list`"
        )

    async def _history(self, packet: PacketName) -> tuple[EventRecord, ...]:
        source, destination = await self._ends(packet)
        try:
            return (await self._hub.packet(source, destination, packet.sequence)).steps
        except PacketNotFound:
            return ()

    async def _ends(self, packet: PacketName) -> tuple[str, str]:
        """Source and destination client."""
        if packet.client not in self._counterparties:
            self._counterparties[packet.client] = (await self._hub.client(packet.client)).counterparty_client
        there = self._counterparties[packet.client]
        return (there, packet.client) if packet.inward else (packet.client, there)

    async def _at_hub(self, packet: PacketName) -> list[LifeStep]:
        """What befell a packet; not one the other way, where both clients have the same name."""
        steps = [
            await self._step(record, str(packet))
            for record in await self._history(packet)
            if isinstance(record.event, SenderEvent) is not packet.inward
        ]
        source, destination = await self._ends(packet)
        there = source if packet.inward else destination
        here = PacketHere(packet.client, there, packet.sequence, packet.inward)
        failures = await failures_here(self._hub, here)
        times = [(await self._hub.block(one.height)).header.time for one in failures]
        return steps + [_failed(one, time, "hub", packet) for one, time in zip(failures, times, strict=True)]

    async def _of_request(self, request: ServiceRequest) -> list[LifeStep]:
        """What befell the call as a whole."""
        history = await self._hub.request_history(request.request_id)
        return [await self._step(record, "") for record in history.steps]

    async def _step(self, record: EventRecord, packet: str) -> LifeStep:
        time = (await self._hub.block(record.height)).header.time
        place = (record.height, record.index, record.transaction_hash)
        return LifeStep(time, "hub", *place, packet, describe(record.event))

    async def _at_chain(self, packet: PacketName) -> list[LifeStep]:
        chain = self._chains.get(packet.client)
        if chain is None:
            return []
        ends = await self._ends(packet)
        adapter = await open_chain(chain, self._hub, Account.create())
        blocks = open_blocks(chain)
        try:
            found = [
                one
                for one in await observed(adapter, ends, packet.sequence)
                if isinstance(one.event, SenderEvent) is packet.inward  # not one the other way with the same names
            ]
            steps = [
                LifeStep(
                    await blocks.time(one.height),
                    chain.name,
                    one.height,
                    one.position,
                    one.transaction,
                    str(packet),
                    describe(one.event),
                )
                for one in found
            ]
            failures = await self._failures_at(chain, packet, found)
            return steps + [_failed(one, await blocks.time(one.height), chain.name, packet) for one in failures]
        finally:
            await adapter.close()
            await blocks.close()

    async def _failures_at(self, chain: KnownChain, packet: PacketName, steps: Sequence[Observed]) -> list[Failure]:
        if isinstance(chain, ChainFile):
            return await failures_on_evm_chain(chain, packet.sequence, steps) if packet.inward else []
        here = PacketHere(chain.client_of_hub, packet.client, packet.sequence, not packet.inward)
        async with await ledger_client(chain) as ledger:
            return await failures_here(ledger, here)


def _failed(failure: Failure, time: UnixSeconds, place: str, packet: PacketName) -> LifeStep:
    return LifeStep(time, place, failure.height, failure.index, failure.transaction, str(packet), failure.what)


def _rank(step: LifeStep) -> int:
    """Which of two steps of one second came first: a chain's sending before what the hub did, the rest after it."""
    if step.place == "hub":
        return 1
    return 0 if step.what == _PACKET_SENT else 2


def packets_of(request: ServiceRequest) -> list[PacketName]:
    """The call's packet and the request's, as far as there are any."""
    packets = []
    if request.caller_client:
        packets.append(PacketName(request.caller_client, True, request.call_sequence))
    if request.client and request.request_sequence:
        packets.append(PacketName(request.client, False, request.request_sequence))
    return packets


def describe(event: AnyEvent) -> str:  # noqa: PLR0911  # a table reads best whole
    """What happened, in a few words."""
    match event:
        case PacketSent():
            return _PACKET_SENT
        case PacketReceived():
            return "packet received"
        case AcknowledgementWritten():
            return "acknowledgement written"
        case PacketAcknowledged():
            return "acknowledgement learned"
        case PacketTimedOut():
            return "timeout learned"
        case ServiceCalled(service=service, fee=fee):
            return f"call of {service} accepted, {fee} into escrow"
        case RequestForwarded(client=client):
            return f"request forwarded to {client}"
        case ServiceResulted(code=code, message=message):
            return f"result {code}" + (f": {message}" if message else "")
        case EscrowSettled(amount=amount, paid=paid):
            return f"{amount} {'paid to the provider' if paid else 'refunded to the caller'}"
        case _:
            return type(event).__name__


async def observed(chain: Chain, ends: tuple[str, str], sequence: PacketSequence) -> list[Observed]:
    """All that a chain's own events say of one packet."""
    latest = (await chain.latest()).height
    return [
        one
        for one in await chain.scan(chain.first_height, latest)
        if isinstance(one.event, PacketEvent)
        and (one.event.source_client, one.event.destination_client, one.event.sequence) == (*ends, sequence)
    ]


async def _on_ledger(chain: LedgerFile, call_id: bytes) -> PacketSequence | None:
    """The packet of a call that a member or a contract made there; None where it knows of none."""
    async with await ledger_client(chain) as ledger:
        try:
            return (await ledger.call(call_id)).sequence
        except CallNotFound:
            return None


async def _on_evm_chain(chain: ChainFile, call_id: bytes) -> PacketSequence | None:
    """The packet of a call that a contract made there, found in the chain's logs; None where there is none."""
    endpoints = Endpoints(chain.name, chain.endpoints)
    try:
        query = {"fromBlock": hex(chain.first_height), "toBlock": "latest"}
        topics = [hex_of(_CALLED), hex_of(call_id)]
        for log in await endpoints.call("eth_getLogs", {**query, "address": chain.gateway, "topics": topics}):
            receipt = await endpoints.call("eth_getTransactionReceipt", log["transactionHash"])
            return sequence_in(receipt["logs"], Address(bytes_of(chain.router)), call_id)
    finally:
        await endpoints.close()
    return None


def sequence_in(logs: Sequence[Mapping[str, Any]], router: Address, call_id: bytes) -> PacketSequence:
    """Of the packet whose path key is the call's, among the logs of its transaction, in which others than the router
    may say anything; raises Misused.
    """
    for log in logs:
        topics = [bytes_of(topic) for topic in log["topics"]]
        of_router = bytes_of(log["address"]) == router and topics[:1] == [_SENT]
        if of_router and bytes_of(log["data"])[64:96] == call_id:
            return PacketSequence(int.from_bytes(topics[2], "big"))
    raise Misused(f"0x{call_id.hex()} was called, but no packet of it is in its transaction: is the gateway ours?")
