"""Receipts are put together here, from what the hub still tells of a call; and what they rest on, from its clients.

Nothing that is collected is believed: ``hub.receipts`` verifies the whole before it is written, and after.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

from eth_account import Account

from console.chain_access import NO_ATTESTORS, Attestors, open_chain
from console.chains import KnownChain
from console.exits import Refused
from console.packets import PacketName, recent_blocks
from console.trace import observed
from hub.answers import ClientInfo, EventRecord, ServiceRequest
from hub.client import HubClient
from hub.clients import attested_evm
from hub.clients.base import Claims
from hub.clients.batch_proof import batch_paths
from hub.clients.counterparty import Counterparty
from hub.clients.domain_change import FormerDomain
from hub.clients.errors import MembershipNotProven
from hub.clients.quorum import Proof, StateProofs
from hub.engine.errors import RateLimited
from hub.events import (
    AcknowledgementWritten,
    EscrowSettled,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketStep,
    PacketTimedOut,
    ServiceCalled,
    ServiceResulted,
    encode_event,
)
from hub.ibc.client_lifecycle import checkpoint_domain
from hub.ibc.commitment import Path, PathKind, packet_commitment
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, decode_records
from hub.ibc.packet import Packet
from hub.messages import AcknowledgePackets, ReceivePackets, TimeOutPackets
from hub.proofs.merkle import record_path
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Height
from hub.quantities import Sequence as PacketSequence
from hub.receipts.errors import HeaderElsewhere
from hub.receipts.narrowing import narrow
from hub.receipts.receipt import Acknowledged, CallEvent, Evidence, HubBlock, NotReceived, ProvenEvent, Receipt, Sent
from hub.receipts.trust import Anchor, Chain, EvmChain, OwnChain, Trust
from hub.rpc.errors import PacketNotFound
from relayers.flow import packet_of

_EVENTS = (ServiceCalled, ServiceResulted, EscrowSettled)
_LATER_BLOCKS = 64
"""Where an outbox was full, a commitment stands in the batch of one of so many later blocks."""

S = TypeVar("S", bound=PacketStep)

Report = Callable[[str], None]
Carrying = ReceivePackets | AcknowledgePackets | TimeOutPackets


async def trust_of(hub: HubClient) -> Trust:
    """What the hub says of itself and of its chains now: to be checked by other means before anyone rests on it."""
    status = await hub.status()
    own = OwnChain(status.chain_id, status.genesis_hash, SignerSet(status.epoch, status.validators))
    anchors = [_anchor(info) for info in await hub.clients() if info.counterparty_client]
    return Trust(hub=(own,), chains=tuple(sorted(anchors, key=lambda anchor: anchor.client)))


def _anchor(info: ClientInfo) -> Anchor:
    domain = checkpoint_domain(info.evm_chain_id, info.client_contract, info.salt)
    former = tuple(
        FormerDomain(one.last_height, checkpoint_domain(one.evm_chain_id, one.client_contract, one.salt))
        for one in info.former_domains
    )
    counterparty = Counterparty(ClientId(info.counterparty_client), domain)
    return Anchor(ClientId(info.client), counterparty, _chain(info), former or None)


def _chain(info: ClientInfo) -> Chain:
    config = info.config
    if isinstance(config, attested_evm.Config):
        return EvmChain(
            config.chain_id,
            config.router,
            config.router_code_hash,
            config.attestors,
            config.threshold,
            config.finality_rule,
        )
    return OwnChain(config.chain, config.genesis_hash, config.validators)


@dataclass(frozen=True, slots=True)
class _Carried:
    """What a relayer's message brought for one packet: the packet, its place in the message, and what shows it."""

    message: Carrying
    index: int
    packet: Packet
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Step(Generic[S]):
    """What happened to a packet at the hub, and in which transaction."""

    height: Height
    transaction: bytes
    event: S

    def is_of(self, packet: Packet) -> bool:
        """Whether it happened to just this packet."""
        named = (self.event.source_client, self.event.destination_client, self.event.sequence)
        return named == (packet.source_client, packet.destination_client, packet.sequence)


class Collector:
    """Puts one receipt together. ``report`` is told what goes on."""

    def __init__(self, hub: HubClient, report: Report = lambda _: None) -> None:
        self._hub = hub
        self._report = report
        self._lanes: dict[int, Lane] = {}

    async def collect(self, packet: PacketName | None, request: ServiceRequest | None) -> Receipt:
        """Of a call by its own packet, where a contract made it, and its request, where the hub accepted it.

        What cannot be had is left out. Raises Refused, HubError.
        """
        call, result = (None, None) if packet is None else await self._of_call(packet)
        forwarded, answer = (None, None) if request is None else await self._of_request(request)
        blocks = () if request is None else await self._blocks(request)
        return Receipt(call=call, request=forwarded, answer=answer, result=result, blocks=blocks)

    # --- between the caller's chain and the hub ---

    async def _of_call(self, name: PacketName) -> tuple[Sent | None, Acknowledged | NotReceived | None]:
        self._report("the call and its result")
        there = ClientId((await self._hub.client(name.client)).counterparty_client)
        history = await self._history(there, name.client, name.sequence)
        received, written = _step(history, PacketReceived), _step(history, AcknowledgementWritten)
        if received is None:
            return None, await self._not_received(name)
        carried = await self._carried(received, Path(PathKind.COMMITMENT, there, name.sequence))
        sent = None if carried is None else Sent(carried.packet, carried.evidence)
        if written is None:
            return sent, None
        path = Path(PathKind.ACKNOWLEDGEMENT, ClientId(name.client), name.sequence)
        proof = await self._by_batch(name.client, written.height, path) or await self._by_state(name.client, path)
        return sent, Acknowledged(written.event.acknowledgement, proof)

    async def _not_received(self, name: PacketName) -> NotReceived:
        with suppress(RateLimited):
            await self._hub.request_block()  # so that the newest block may be past the packet's timeout
        path = Path(PathKind.RECEIPT, ClientId(name.client), name.sequence)
        return NotReceived(ClientId(name.client), name.sequence, await self._by_state(name.client, path))

    # --- between the hub and the provider's chain ---

    async def _of_request(self, request: ServiceRequest) -> tuple[Sent | None, Acknowledged | NotReceived | None]:
        if not request.client:
            return None, None
        self._report("the request and its answer")
        there = (await self._hub.client(request.client)).counterparty_client
        history = await self._history(request.client, there, request.request_sequence)
        sent = _step(history, PacketSent)
        if sent is None:
            return None, None
        packet = packet_of(sent.event)
        path = Path(PathKind.COMMITMENT, packet.source_client, packet.sequence)
        proof = await self._by_batch(request.client, sent.height, path)
        return (None, None) if proof is None else (Sent(packet, proof), await self._answer(packet, history))

    async def _answer(self, packet: Packet, history: Sequence[EventRecord]) -> Acknowledged | NotReceived | None:
        there, sequence = packet.destination_client, packet.sequence
        if (acknowledged := _step(history, PacketAcknowledged)) is not None:
            carried = await self._carried(acknowledged, Path(PathKind.ACKNOWLEDGEMENT, there, sequence))
            if carried is not None and isinstance(carried.message, AcknowledgePackets):
                return Acknowledged(carried.message.acknowledgements[carried.index], carried.evidence)
        elif (timed_out := _step(history, PacketTimedOut)) is not None:
            carried = await self._carried(timed_out, Path(PathKind.RECEIPT, there, sequence))
            if carried is not None:
                return NotReceived(there, sequence, carried.evidence)
        return None

    # --- at the hub ---

    async def _blocks(self, request: ServiceRequest) -> tuple[HubBlock, ...]:
        """The blocks with the call's events."""
        self._report("the hub's blocks")
        found: dict[Height, list[tuple[int, CallEvent]]] = {}
        for record in (await self._hub.request_history(request.request_id)).steps:
            if isinstance(record.event, _EVENTS):
                found.setdefault(record.height, []).append((record.index, record.event))
        client = request.caller_client or request.client or await self._any_counterparty()
        return tuple([await self._block(client, height, found[height]) for height in sorted(found)])

    async def _block(self, client: str, height: Height, wanted: Sequence[tuple[int, CallEvent]]) -> HubBlock:
        all_events = [
            record.event async for block in recent_blocks(self._hub, height, height, ()) for record in block.events
        ]
        hashes = [sha256(encode_event(event)).digest() for event in all_events]
        events = tuple(ProvenEvent(event, record_path(hashes, index)) for index, event in wanted)
        header = (await self._hub.block(height)).header
        return HubBlock(await self._hub.checkpoint(client, height), header, events)

    async def _any_counterparty(self) -> str:
        """Somebody for whom the hub signs its blocks: a call between hub accounts concerns no chain."""
        for info in await self._hub.clients():
            if info.counterparty_client:
                return info.client
        raise Refused(
            "the hub signs blocks for chains only, and has none yet: add one with `ichub chain add`", "NO_COUNTERPARTY"
        )

    # --- how ---

    async def _history(self, source: str, destination: str, sequence: PacketSequence) -> tuple[EventRecord, ...]:
        try:
            return (await self._hub.packet(source, destination, sequence)).steps
        except PacketNotFound:
            return ()

    async def _carried(self, step: _Step[S], path: Path) -> _Carried | None:
        """What brought a packet this step; None where it does not show it by itself."""
        _, signed = await self._hub.transaction(step.transaction)
        for message in signed.transaction.messages:
            if not isinstance(message, Carrying):
                continue
            for index, record in enumerate(decode_records(message.records)):
                packet = (await self._lane(record.lane)).packet(record)
                if not step.is_of(packet):
                    continue
                router = await _router(self._hub, message.client)
                try:
                    return _Carried(message, index, packet, narrow(message.proof, path, index, router))
                except HeaderElsewhere as error:
                    self._report(str(error))
        return None

    async def _lane(self, number: int) -> Lane:
        if number not in self._lanes:
            self._lanes = {
                lane.lane: Lane(
                    ClientId(lane.source_client),
                    ClientId(lane.destination_client),
                    PortId(lane.source_port),
                    PortId(lane.destination_port),
                    lane.version,
                    lane.encoding,
                )
                for lane in await self._hub.lanes()
            }
        return self._lanes[number]

    async def _by_batch(self, client: str, height: Height, path: Path) -> Proof | None:
        """The commitment in the batch of the block that wrote it, or of a later one where the outbox was full."""
        last = (await self._hub.status()).height
        for later in range(height, min(height + _LATER_BLOCKS, last) + 1):
            batch = await self._hub.batch(client, Height(later))
            with suppress(MembershipNotProven):
                way = batch_paths([(entry.path, entry.commitment) for entry in batch.entries], [path.encode()])
                return Proof(await self._hub.checkpoint(client, Height(later)), way)
        return None

    async def _by_state(self, client: str, path: Path) -> Proof:
        """What stands at a path, or that nothing does, in the newest state."""
        shown = await self._hub.prove(None, [path.encode()])
        return Proof(await self._hub.checkpoint(client, shown.height), StateProofs((shown.proofs[0].proof,)))


async def sent_by_chain(
    hub: HubClient, chain: KnownChain, name: PacketName, attestors: Attestors = NO_ATTESTORS
) -> Sent | None:
    """A packet as its own chain shows it, for what no message at the hub does; None where the chain never sent it.

    A ledger's node proves it, an EVM chain's attestors. Raises NotProvable where too few of these sign the header,
    EndpointsFailed, HubError.
    """
    adapter = await open_chain(chain, hub, Account.create(), attestors)
    try:
        for one in await observed(adapter, (adapter.client_of_hub, name.client), name.sequence):
            if isinstance(one.event, PacketSent):
                packet = packet_of(one.event)
                path = Path(PathKind.COMMITMENT, packet.source_client, packet.sequence)
                claims = Claims(present=((path, packet_commitment(packet)),))
                proof = await adapter.prove(one.height, claims)
                return Sent(packet, narrow(proof, path, 0, await _router(hub, name.client)))
    finally:
        await adapter.close()
    return None


def _step(history: Sequence[EventRecord], kind: type[S]) -> _Step[S] | None:
    """The first event of its kind."""
    for record in history:
        if isinstance(record.event, kind):
            return _Step(record.height, record.transaction_hash, record.event)
    return None


async def _router(hub: HubClient, client: str) -> Address:
    """Of the EVM chain behind a client; empty for another kind of chain."""
    config = (await hub.client(client)).config
    return config.router if isinstance(config, attested_evm.Config) else Address(b"")
