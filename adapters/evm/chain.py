"""An EVM chain as a relayer sees it: ``adapters.chain.Chain`` over JSON-RPC endpoints, a router, and its attestors."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from eth_abi.exceptions import DecodingError

from adapters.chain import ClientView, Delivered, Delivery, Limits, Observed, TimeOut
from adapters.errors import (
    ApplicationRefused,
    CallRefused,
    ChainError,
    ClaimDisproved,
    DeliveryRefused,
    EndpointFault,
    NotProvable,
    ReadingDoubted,
    Reorganised,
    StateNotServed,
)
from adapters.evm.attestation import HeaderSource
from adapters.evm.contract import Contract
from adapters.evm.counters import Counters, CounterSlots
from adapters.evm.delivery import deliver_data, header, timeout_data, validator_set
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.events import Ends, refusals
from adapters.evm.finality import FinalityRule, block_header, final_height
from adapters.evm.header import BlockHeader
from adapters.evm.lanes import RouterLanes
from adapters.evm.proofs import AcknowledgementLog, Prover
from adapters.evm.quorum_client import view_quorum_client
from adapters.evm.scan import Scanner, Source
from adapters.evm.sender import Sender, delivered_by
from adapters.evm.words import bytes_of, hex_of
from hub.clients.attested_evm import Proof, SignedHeader
from hub.clients.base import Claims, ProvenPoint
from hub.clients.quorum import SignedCheckpoint
from hub.clients.router_storage import commitment_slot, receipt_bit, receipt_slot
from hub.ibc.commitment import PathKind, commitment_path
from hub.ibc.identifiers import ClientId
from hub.messages import AnyMessage, UpdateAttestedClient
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Epoch, Gas, Hash, Height
from hub.quantities import Sequence as PacketSequence


@dataclass(frozen=True, slots=True)
class EvmSettings:
    """What stands on the chain, as its operator set it up."""

    name: str
    chain_id: int
    router: Address
    router_code_hash: Hash
    client: ClientId
    """The router's client of the hub, as quorum-0."""
    client_at_hub: ClientId
    """The hub's client of this chain, as attested-0."""
    finality: FinalityRule
    first_height: Height
    limits: Limits


class EvmChain:
    """One chain, one pair of clients, one account that pays. ``sender`` None: for reading only."""

    def __init__(
        self, settings: EvmSettings, endpoints: Endpoints, headers: HeaderSource, sender: Sender | None = None
    ) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._headers = headers
        self._sender = sender
        self._router = Contract(endpoints, "Router", settings.router)
        self._ends = Ends(settings.client, settings.client_at_hub)
        self._scanner = Scanner(endpoints)
        self._acknowledgements = AcknowledgementLog(settings.client)
        self._prover = Prover(endpoints, settings.router, settings.router_code_hash)
        self._lanes = RouterLanes(endpoints, self._router, self._prover)
        self._client_number: int | None = None
        self._light_client: Contract | None = None
        self._set: tuple[Epoch, Hash] | None = None
        self._doubted: ReadingDoubted | None = None
        """Why all must be read again, until it is."""

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def client_at_hub(self) -> ClientId:
        return self._settings.client_at_hub

    @property
    def client_of_hub(self) -> ClientId:
        return self._settings.client

    @property
    def limits(self) -> Limits:
        return self._settings.limits

    @property
    def first_height(self) -> Height:
        return self._settings.first_height

    async def latest(self) -> ProvenPoint:
        head = await self._endpoints.attempt(lambda endpoint: block_header(endpoint, "latest"))
        return ProvenPoint(head.number, head.timestamp)

    async def finalised(self) -> ProvenPoint:
        async def work(endpoint: Endpoint) -> ProvenPoint:
            head = await block_header(endpoint, await final_height(endpoint, self._settings.finality))
            return ProvenPoint(head.number, head.timestamp)

        return await self._endpoints.attempt(work)

    async def request_block(self) -> ProvenPoint | None:
        """Blocks come by themselves."""
        return None

    async def scan(self, first: Height, last: Height) -> Sequence[Observed]:
        if self._doubted is not None:
            raise self._doubted
        settings = self._settings
        source = Source(
            settings.router, self._ends, self._lanes, settings.first_height, self._counters, self._prover.standing
        )
        logs = await self._scanner.scan(source, first, last)
        self._acknowledgements.add(log.appended for log in logs if log.appended is not None)
        return [log.observed for log in logs]

    async def certified(self, height: Height) -> Hash:
        signed = (await self._headers.signed_header(height)).header.block_hash
        if (found := self._scanner.hash_of(height)) not in (None, signed):
            raise self._doubt(
                height, f"0x{found.hex()} was read there, attestors sign 0x{signed.hex()}"
            ) or Reorganised(self.name, height)
        return signed

    def settled(self, still_open: Collection[PacketSequence], up_to: PacketSequence) -> Height | None:
        return self._acknowledgements.drop_settled(still_open, up_to)

    def forget(self) -> None:
        self._doubted = None
        self._scanner.forget()
        self._lanes.forget()
        self._client_number = None
        self._acknowledgements.forget()
        self._headers.forget()

    async def committed(self, sequences: Collection[PacketSequence]) -> set[PacketSequence]:
        """Those that any endpoint says stand: whoever hides some would hold them up, who invents some wastes gas."""
        slots = {n: commitment_slot(commitment_path(self._settings.client, n)) for n in sequences}
        told = await self._words(slots.values())
        return {sequence for sequence, slot in slots.items() if any(words[slot] for words in told)}

    async def received(self, sequences: Collection[PacketSequence]) -> set[PacketSequence]:
        """Those that all endpoints which answer say were received, likewise."""
        slots = {sequence: receipt_slot(self._settings.client, sequence) for sequence in sequences}
        told = await self._words(slots.values())
        return {
            sequence for sequence, slot in slots.items() if all(words[slot] & receipt_bit(sequence) for words in told)
        }

    async def prove(self, height: Height, claims: Claims) -> Proof:
        acknowledged = [path.sequence for path, _ in claims.present if path.kind is PathKind.ACKNOWLEDGEMENT]
        try:
            windows = self._acknowledgements.windows(acknowledged, height)
        except KeyError as missing:
            cause = f"acknowledgement {missing} or one before it has not been read yet"
            raise NotProvable(self.name, height, cause) from missing
        basis = await self._headers.signed_header(height)
        try:
            storage = await self._prover.prove(height, basis.header.state_root, claims, windows)
        except ClaimDisproved as error:
            raise self._doubt(height, error.cause) or error from error
        return Proof(basis, storage)

    async def client_update(self, height: Height) -> AnyMessage:
        return UpdateAttestedClient(self._settings.client_at_hub, await self._headers.signed_header(height))

    async def hub_client(self) -> ClientView:
        view = await view_quorum_client((await self._client())[1], self.name)
        return ClientView(view.latest, view.epoch, view.status, view.trusting_period)

    async def deliver(self, delivery: Delivery) -> Delivered:
        number, _ = await self._client()
        head = header(delivery.checkpoint, await self._current_set(delivery.checkpoint))
        lane_of = await self._lanes.numbering([step.packet for step in delivery.steps])
        if any(isinstance(step, TimeOut) for step in delivery.steps):
            function, data = "timeoutPackets", timeout_data(number, head, delivery, lane_of)
        else:
            function, data = "deliverProven", deliver_data(number, head, delivery, lane_of)
        try:
            return await self._transact(function, data)
        except DeliveryRefused as refusal:
            if refusal.error != "ApplicationReverted" or len(delivery.steps) != 1:
                raise
            cause = refusal.arguments.get("reason", "")
            raise ApplicationRefused(self.name, delivery.steps[0].packet.sequence, cause) from refusal

    async def update(self, checkpoint: SignedCheckpoint) -> Delivered:
        contract = (await self._client())[1]
        head = header(checkpoint, await self._current_set(checkpoint))
        return await self._payer().send(contract.address, contract.calldata("updateClient", head))

    async def rotate(self, checkpoint: SignedCheckpoint, next_set: SignerSet) -> Delivered:
        contract = (await self._client())[1]
        head = header(checkpoint, await self._current_set(checkpoint))
        self._set = None
        return await self._payer().send(contract.address, contract.calldata("rotate", validator_set(next_set), head))

    async def validators(self) -> None:
        """None of its own."""

    async def store_hand_over(self) -> Delivered:
        """Nothing waits for it."""
        raise NotProvable(self.name, Height(0), "it has no validators of its own")

    async def hand_over(self, epoch: Epoch) -> AnyMessage:
        """Attestors hand over by ``ichub`` (docs/operating.md)."""
        raise NotProvable(self.name, Height(0), f"it has no validators of its own to hand over from epoch {epoch}")

    async def signed_header(self, height: Height) -> SignedHeader:
        """The attestors' header alone; raises NotProvable."""
        return await self._headers.signed_header(height)

    async def close(self) -> None:
        await self._headers.close()
        await self._endpoints.close()

    async def _counters(self, endpoint: Endpoint, header: BlockHeader) -> Counters | None:
        try:
            known = await self._number(endpoint)
        except (CallRefused, DeliveryRefused) as refusal:
            raise EndpointFault(endpoint.url, f"it does not tell the router's clients: {refusal}") from refusal
        slots = CounterSlots(self._settings.client, known)
        try:
            words = await self._prover.words(endpoint, header, slots.all())
        except StateNotServed:
            return None
        if not (number := slots.number(words)):
            return Counters(0, 0)
        if number != known:
            raise EndpointFault(endpoint.url, f"it shows that {self._settings.client} is client {number} of the router")
        self._client_number = known
        return slots.counters(words)

    async def _transact(self, function: str, data: bytes) -> Delivered:
        calldata, most = self._router.calldata(function) + data, self._settings.limits.gas
        receipt = await self._payer().send_for_receipt(
            self._router.address, calldata, most_gas=None if most is None else Gas(most)
        )
        try:
            found = refusals(receipt["logs"], self._settings.router, self._ends.here)
        except (LookupError, TypeError, ValueError, DecodingError) as error:
            raise EndpointFault(self.name, f"the logs of a receipt are malformed: {error!r}") from error
        refused = {one.sequence: ApplicationRefused(self.name, one.sequence, str(one.reason)) for one in found}
        return replace(delivered_by(receipt), refused=refused)

    def _doubt(self, height: Height, cause: str) -> ReadingDoubted | None:
        """Have all read again by another endpoint; None where there is none that was not doubted."""
        if self._doubted is None and self._endpoints.doubt_first():
            self._doubted = ReadingDoubted(self.name, height, cause)
        return self._doubted

    def _payer(self) -> Sender:
        if self._sender is None:
            raise ChainError()
        return self._sender

    async def _words(self, slots: Iterable[Hash]) -> list[dict[Hash, int]]:
        """What stands in some of the router's slots at the newest block, by each endpoint."""
        router, distinct = hex_of(self._settings.router), sorted(set(slots))

        async def by(endpoint: Endpoint) -> dict[Hash, int]:
            calls = (endpoint.data("eth_getStorageAt", router, hex_of(slot), "latest") for slot in distinct)
            words = await asyncio.gather(*calls)
            return {slot: int.from_bytes(word, "big") for slot, word in zip(distinct, words, strict=True)}

        return await self._endpoints.of_each(by)

    async def _client(self) -> tuple[int, Contract]:
        """The router's number of our client, and the light client behind it, which a replacement may change."""
        number = await self._number()
        record = await self._router.read("getClient", number)
        if record["clientId"] != self._settings.client:
            raise EndpointFault(self.name, f"it says that the router's client {number} is {record['clientId']}")
        self._client_number = number
        address = Address(bytes_of(record["lightClient"].lower()))
        if self._light_client is None or self._light_client.address != address:
            self._light_client = Contract(self._endpoints, "QuorumClient", address)
            self._set = None
        return number, self._light_client

    async def _number(self, endpoint: Endpoint | None = None) -> int:
        """As one endpoint tells it, or any, until it is known; raises EndpointFault for none."""
        if self._client_number is not None:
            return self._client_number
        number: int = await self._router.read("clientNumber", self._settings.client, endpoint=endpoint)
        if number == 0:
            told = self.name if endpoint is None else endpoint.url
            raise EndpointFault(told, f"the router has no client {self._settings.client}")
        return number

    async def _current_set(self, signed: SignedCheckpoint) -> Hash:
        """The hash of the set that the light client believes now."""
        if self._set is None or self._set[0] != signed.checkpoint.epoch:
            epoch, _, set_hash = await (await self._client())[1].read("validatorSet")
            self._set = Epoch(epoch), Hash(set_hash)
        return self._set[1]
