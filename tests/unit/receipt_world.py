"""Calls that really happened, between EVM chains and between ledgers, and the receipts that are collected of them."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from console.packets import PacketName
from console.receipts import Collector, trust_of
from hub import messages as m
from hub.answers import (
    Batch,
    BatchEntry,
    BlockEvents,
    BlockInfo,
    ClientInfo,
    EventRecord,
    LaneInfo,
    NodeStatus,
    PacketHistory,
    PathProof,
    Receipt,
    RequestHistory,
    ServiceRequest,
    StateProof,
)
from hub.clients.attestation import AttestationScope, AttestedHeader
from hub.clients.attested_evm import Config, Proof, SignedHeader
from hub.clients.domain_change import domain_at
from hub.clients.quorum import SignedCheckpoint
from hub.clients.router_proof import AcknowledgementWindow
from hub.clients.router_storage import (
    acknowledgement_chain,
    acknowledgement_slot,
    commitment_slot,
    receipt_bit,
    receipt_slot,
)
from hub.events import PacketSent, PacketStep, RequestStep
from hub.ibc.commitment import acknowledgement_commitment, commitment_path
from hub.ibc.identifiers import ClientId
from hub.ibc.lanes import Lane, LaneRecord, encode_records
from hub.messages import SignedTransaction
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from hub.receipts import receipt as r
from hub.receipts.document import read_document
from hub.receipts.errors import ReceiptError
from hub.receipts.trust import Trust
from hub.receipts.verification import verify
from hub.rpc import views
from hub.rpc.errors import PacketNotFound
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.errors import RequestNotFound
from hub.services.payload import Call, Request, Result, ResultCode, caller_account, packet_request_id
from tests.unit.attested_chain import CODE_HASH, FIVE, ROUTER, Storage, signatures
from tests.unit.hub_chain import CONSUMER, MEMBER, OPERATOR, RELAYER, HubChain
from tests.unit.hub_world import CALLER, FUNDS, bind, call, define, one
from tests.vectors.generate_quorum import ADDRESSES, KEYS
from tests.vectors.writing import label

HUB_KEYS = KEYS[10:14]
HUB_SET = SignerSet.of_equals(1, [address_of(key) for key in HUB_KEYS])
KEY_OF = dict(zip(ADDRESSES, KEYS, strict=True))


class HubAnswers:
    """The hub as its SDK answers, of a chain that lives in memory; the first ``signing`` of its validators sign."""

    def __init__(self, hub: HubChain, signing: int) -> None:
        self._hub = hub
        self._validators = hub.app.genesis.validators
        self._keys = {one.address: KEY_OF[one.address] for one in self._validators.members[:signing]}

    @property
    def _last(self) -> Height:
        return self._hub.header.height

    async def status(self) -> NodeStatus:
        head = self._hub.header
        return NodeStatus(
            chain_id=self._hub.app.genesis.chain_id,
            genesis_hash=self._hub.app.genesis_hash,
            height=head.height,
            time=head.time,
            block_hash=head.hash(),
            app_root=head.app_root,
            oldest_height=Height(0),
            epoch=self._validators.epoch,
            validators=self._validators.members,
            engine="embedded",
            devnet=True,
            version="test",
            pending_transactions=0,
        )

    async def clients(self) -> tuple[ClientInfo, ...]:
        return tuple([await self.client(name) for name in self._hub.app.clients.all(self._hub.state)])

    async def client(self, name: str) -> ClientInfo:
        return views.client_answer(self._hub.app.clients, self._hub.state, name)

    async def lanes(self) -> tuple[LaneInfo, ...]:
        return tuple(views.lane_answers(self._hub.state, 0))

    async def request(self, request_id: bytes) -> ServiceRequest:
        return views.request_answer(self._hub.state, request_id)

    async def request_history(self, request_id: bytes) -> RequestHistory:
        every = [record for height in range(1, self._last + 1) for record in self._events(height)]
        found = [one for one in every if isinstance(one.event, RequestStep) and one.event.request_id == request_id]
        return RequestHistory(Hash(request_id), tuple(found))

    async def request_block(self) -> Height:
        self._hub.block()
        return self._last

    async def block(self, height: Height) -> BlockInfo:
        header, transactions = self._hub.blocks[height - 1]
        return BlockInfo(header, header.hash(), tuple(Hash(signed.hash) for signed in transactions))

    async def watch(self, height: Height, kinds: Collection[type] = ()) -> AsyncIterator[BlockEvents]:
        for at in range(height, self._last + 1):
            found = [one for one in self._events(at) if not kinds or isinstance(one.event, tuple(kinds))]
            yield BlockEvents(Height(at), self._hub.blocks[at - 1][0].time, tuple(found))

    async def packet(self, source: str, destination: str, sequence: Number) -> PacketHistory:
        found = [
            record
            for height in range(1, self._last + 1)
            for record in self._events(height)
            if isinstance(record.event, PacketStep)
            and (record.event.source_client, record.event.destination_client, record.event.sequence)
            == (source, destination, sequence)
        ]
        if not found:
            raise PacketNotFound(source, destination, sequence)
        return PacketHistory(source, destination, sequence, tuple(found))

    async def transaction(self, transaction_hash: bytes) -> tuple[Receipt | None, SignedTransaction]:
        (found,) = [one for _, sent in self._hub.blocks for one in sent if one.hash == transaction_hash]
        return None, found

    async def batch(self, client: ClientId, height: Height) -> Batch:
        for batch in self._hub.outcomes[height - 1].batches:
            if batch.client == client:
                return Batch(client, height, batch.root, tuple(BatchEntry(*entry) for entry in batch.entries))
        return Batch(client, height, Hash(bytes(32)), ())

    async def prove(self, _: Height | None, paths: Sequence[bytes]) -> StateProof:
        tree = self._hub.tree
        proofs = tuple(PathProof(path, self._hub.state.get(path) or b"", tree.proof(path)) for path in paths)
        return StateProof(self._last, self._hub.header.app_root, proofs)

    async def checkpoint(self, client: ClientId, height: Height) -> SignedCheckpoint:
        shown = self._hub.shown(client, height)
        domain = domain_at(self._hub.state, client, shown.height)
        return SignedCheckpoint(shown, sign_quorum(self._validators, self._keys, shown.digest(domain)))

    def _events(self, height: int) -> list[EventRecord]:
        outcome = self._hub.outcomes[height - 1]
        by = [result.hash for result in outcome.results for _ in result.events]
        by += [Hash(b"")] * len(outcome.end_events)
        return [
            EventRecord(Height(height), index, by[index], event)  # type: ignore[arg-type]
            for index, event in enumerate(outcome.events)
        ]


def answer_200(request: Request) -> bytes:
    return Result(ResultCode.ANSWERED, request.input).encode()


class EvmSide:
    """An EVM chain with a router, connected to the hub: its storage, and what a relayer carries from there."""

    def __init__(self, hub: HubChain, number: int) -> None:
        self.hub = hub
        self.client, self.there = ClientId(f"attested-{number}"), ClientId(f"quorum-{number + 3}")
        self.chain_id = 31337 + number
        self.height, self.sent_packets, self.acknowledged = 100, 0, list[tuple[Number, Hash]]()
        self.sent: dict[int, LaneRecord] = {}
        self.words: dict[Hash, bytes] = {Hash(label(f"slot {n}")): label(f"word {n}") for n in range(9)}
        config = Config(
            self.chain_id, ROUTER, CODE_HASH, FIVE, 4, "finalized", Seconds(86_400), Seconds(30), Seconds(0)
        )
        ends = (PORT, PORT, VERSION, ENCODING)
        self.inward, self.outward = Lane(self.there, self.client, *ends), Lane(self.client, self.there, *ends)
        contract = Address(label(f"client contract {number}")[:20])
        hub.do(
            OPERATOR,
            m.CreateAttestedClient(config),
            m.RegisterCounterparty(self.client, self.there, self.chain_id, contract, b""),
            m.RegisterLane(self.there, self.client, *ends),
            m.RegisterLane(self.client, self.there, *ends),
        )
        self.first_lane = 2 * number + 1

    def call(self, made: Call, timeout: int = 60) -> Number:
        """A contract here calls a service: the packet is committed."""
        self.sent_packets += 1
        sequence = Number(self.sent_packets)
        record = LaneRecord(self.first_lane, sequence, UnixSeconds(self.hub.now + timeout), made.encode())
        self.sent[sequence] = record
        slot = commitment_slot(commitment_path(self.there, sequence))
        self.words[slot] = self.inward.commitment(record)
        return sequence

    def receive_message(self, *sequences: int) -> m.ReceivePackets:
        slots = [commitment_slot(commitment_path(self.there, Number(sequence))) for sequence in sequences]
        records = encode_records([self.sent[sequence] for sequence in sequences])
        return m.ReceivePackets(self.client, records, self.proof(slots))

    def shown(self, sequence: Number) -> r.Sent:
        """A call of this chain as the chain itself shows it, whether or not the hub has it."""
        proof = self.proof([commitment_slot(commitment_path(self.there, sequence))])
        assert isinstance(proof.basis, SignedHeader)
        return r.Sent(self.inward.packet(self.sent[sequence]), r.AttestedStorage(proof.basis, proof.storage))

    def take_in(self, sent: PacketSent, behave: Callable[[Request], bytes] = answer_200) -> bytes:
        """The router delivers the hub's packet: a receipt, and what the gateway answered."""
        slot = receipt_slot(self.there, sent.sequence)
        word = int.from_bytes(self.words.get(slot, b""), "big") | receipt_bit(sent.sequence)
        self.words[slot] = word.to_bytes(32, "big")
        acknowledgement = behave(Request.decode(sent.value))
        self.acknowledged.append((sent.sequence, acknowledgement_commitment(acknowledgement)))
        self.words[acknowledgement_slot(self.there, 0)] = acknowledgement_chain(self.acknowledged)
        return acknowledgement

    def acknowledge_message(self, sent: Sequence[PacketSent], answers: Sequence[bytes]) -> m.AcknowledgePackets:
        window = AcknowledgementWindow(self.there, 0, tuple(self.acknowledged))
        return m.AcknowledgePackets(self.client, self._records(sent), tuple(answers), self.proof((), (window,)))

    def timeout_message(self, *sent: PacketSent) -> m.TimeOutPackets:
        slots = [receipt_slot(self.there, packet.sequence) for packet in sent]
        return m.TimeOutPackets(self.client, self._records(sent), self.proof(slots))

    def proof(self, slots: Sequence[Hash], windows: Sequence[AcknowledgementWindow] = ()) -> Proof:
        """What stands in these slots, under the next block's header."""
        self.height += 1
        storage = Storage(self.words)
        time = self.hub.now
        block_hash = Hash(label(f"block {self.client} {self.height}"))
        header = AttestedHeader(Epoch(1), Height(self.height), block_hash, storage.state.root, time)
        scope = AttestationScope(self.hub.app.genesis_hash, self.client, "finalized", self.chain_id)
        signed = SignedHeader(header, signatures(FIVE, 4, header.digest(scope)))
        return Proof(signed, storage.proof(slots, windows))

    def _records(self, sent: Sequence[PacketSent]) -> bytes:
        lane = self.first_lane + 1
        return encode_records([LaneRecord(lane, one.sequence, one.timeout, one.value) for one in sent])


class EvmWorld:
    """A hub of four validators between a consumer's EVM chain ``a`` and a provider's ``b``, which offers ``echo``."""

    def __init__(self, signing: int = 3) -> None:
        self.hub = HubChain(validators=HUB_SET)
        self.a, self.b = EvmSide(self.hub, 0), EvmSide(self.hub, 1)
        self.answers = HubAnswers(self.hub, signing)
        self.hub.do(MEMBER, define("echo"), bind(self.b.client))
        self.hub.do(CONSUMER, m.Transfer(caller_account(self.a.client, CALLER), FUNDS))

    def accepted(self, **changes: Any) -> tuple[Number, PacketSent]:
        """A call that the hub took on, and the packet in which it went on; a neighbour is proven beside it."""
        neighbour, sequence = self.a.call(call(service="nobody")), self.a.call(call(**changes))
        done = self.hub.do(RELAYER, self.a.receive_message(neighbour, sequence))
        return sequence, one(done.events, PacketSent)

    def answered(self, behave: Callable[[Request], bytes] = answer_200, **changes: Any) -> Number:
        """A call that was answered."""
        sequence, sent = self.accepted(**changes)
        self.hub.do(RELAYER, self.b.acknowledge_message([sent], [self.b.take_in(sent, behave)]))
        return sequence

    def receipt(self, sequence: int) -> r.Receipt:
        return collected(self.answers, PacketName(self.a.client, True, Number(sequence)))

    def trust(self) -> Trust:
        return trust_told_by(self.answers)


def trust_told_by(answers: HubAnswers) -> Trust:
    return asyncio.run(trust_of(answers))  # type: ignore[arg-type]


def collected(answers: HubAnswers, packet: PacketName | None, request_id: bytes = b"") -> r.Receipt:
    """The receipt of the call in a packet, or of a request that no packet made."""

    async def work() -> r.Receipt:
        request: ServiceRequest | None = None
        wanted = packet_request_id(ClientId(packet.client), packet.sequence) if packet else request_id
        with suppress(RequestNotFound):
            request = await answers.request(wanted)
        return await Collector(answers).collect(packet, request)  # type: ignore[arg-type]

    return asyncio.run(work())


replace = msgspec.structs.replace


# --- a changed byte ---

_HEX = b"0123456789abcdef"


def refuse_each_change(data: bytes, trust: Trust, samples: int = 5) -> int:
    """Change a byte at a time of a sound receipt, on every line of it: each is found, and its place named; how many."""
    tried = 0
    for place, byte in _changes(data, samples):
        changed = data[:place] + bytes((byte,)) + data[place + 1 :]
        with pytest.raises(ReceiptError) as refusal:  # either may refuse it
            verify(read_document(r.FORMAT, r.Receipt, changed), trust)
        said = str(refusal.value)
        assert any(name in said for name in _names_of(data, place)), said
        tried += 1
    return tried


_PLACES = {
    b"format": ("the file is ",),
    b"version": ("the file is ",),
    b"call": ("call",),
    b"request": ("request",),
    b"answer": ("answer",),
    b"result": ("result",),
    b"blocks": ("the hub's block", "blocks", "the hub's acceptance", "the hub's decision", "the settlement"),
}
"""What a refusal calls what stands under each field of the file."""


def _names_of(data: bytes, place: int) -> tuple[str, ...]:
    """What may be said of a byte: its place, a field of changed name, its line or one soon after where reading stopped.

    A list that was made an object shows that where its first entry, of one line, ends.
    """
    line = data.count(b"\n", 0, place) + 1
    fields = [text.split(b'"')[1] for text in data.split(b"\n")[:line] if text[:2] == b' "']
    lines = [f"line {at}" for at in range(line, line + 3)]
    return *lines, "no field has this name", *_PLACES.get((fields or [b""])[-1], ())


def _changes(data: bytes, samples: int) -> Iterator[tuple[int, int]]:
    """Places and other values: on every line its ends and samples; digits to other digits, else a bit or the case."""
    start, draw = 0, random.Random(1)
    for line in data.splitlines(keepends=True):
        places = range(start, start + len(line))
        ends = {*places[:1], *places[-3:]} if samples > 1 else set()
        for place in sorted(ends.union(draw.sample(places, min(samples, len(places))))):
            byte = data[place]
            digit = _HEX.find(byte)
            yield place, _HEX[(digit + 1) % 16] if digit >= 0 else byte ^ draw.choice((0x01, 0x20, 0x80))
        start += len(line)
