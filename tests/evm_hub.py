"""A hub made by hand, with its keys held by the test, and an EVM chain that has joined it: for tests of the adapter
alone.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from adapters.chain import Acknowledge, Delivery, Limits, Receive, Step, TimeOut, path_of
from adapters.evm.chain import EvmChain, EvmSettings
from adapters.evm.contract import Contract
from adapters.evm.delivery import batch_entry
from adapters.evm.deploy import Direction, Trust, Workshop, deploy_quorum_client, deploy_router
from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy
from adapters.evm.finality import Depth, block_header
from adapters.evm.sender import Pace, Sender
from adapters.evm.words import hex_checksum
from hub.clients.attestation import AttestationScope, AttestedHeader
from hub.clients.attested_evm import SignedHeader
from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import SignedCheckpoint
from hub.ibc.commitment import RECEIPT, acknowledgement_commitment, packet_commitment
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.proofs.eip712 import EvmDomain
from hub.proofs.merkle import batch_root
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from tests.anvil_chain import AnvilChain, account
from tests.unit.quorum_chain import ReferenceTree

HERE = ClientId("quorum-0")
AT_HUB = ClientId("attested-0")
GENESIS = Hash(b"\x11" * 32)
KEYS = {address_of(key): key for key in (bytes([number]) * 32 for number in range(1, 5))}
VALIDATORS = SignerSet.of_equals(1, list(KEYS))
PORT = PortId("null")


class HandmadeHub:
    """Signs whatever the test wants. Its state is a reference tree over IBC paths."""

    def __init__(self, chain_id: int, time: UnixSeconds) -> None:
        self.chain_id = chain_id
        self.height = 1
        self.time = time
        self.client_contract = Address(bytes(20))
        self.state: dict[bytes, bytes] = {b"something-0\x01else": b"\x01"}

    def checkpoint(self, batch: Sequence[tuple[bytes, Hash]] = (), **changes: object) -> SignedCheckpoint:
        self.height += 1
        fields: dict[str, object] = {
            "chain": "hub-1",
            "genesis_hash": GENESIS,
            "source_client": AT_HUB,
            "destination_client": HERE,
            "epoch": Epoch(1),
            "height": Height(self.height),
            "timestamp": self.time,
            "block_hash": Hash(self.height.to_bytes(32, "big")),
            "app_root": ReferenceTree(self.state).root,
            "batch_root": batch_root(batch),
            "next_validator_set_hash": VALIDATORS.hash(),
        } | changes
        point = Checkpoint(**fields)  # type: ignore[arg-type]
        digest = point.digest(EvmDomain(self.chain_id, self.client_contract))
        return SignedCheckpoint(point, sign_quorum(VALIDATORS, KEYS, digest))

    def by_batch(self, steps: Sequence[Step], others: Sequence[tuple[bytes, Hash]] = ()) -> Delivery:
        batch = [batch_entry(step) for step in steps if not isinstance(step, TimeOut)] + list(others)
        return Delivery(self.checkpoint(batch), steps, batch)

    def by_state(self, steps: Sequence[Step]) -> Delivery:
        for step in steps:
            match step:
                case Receive(packet):
                    self.state[path_of(step).encode()] = packet_commitment(packet)
                case Acknowledge(_, acknowledgement):
                    self.state[path_of(step).encode()] = acknowledgement_commitment(acknowledgement)
        tree = ReferenceTree(self.state)
        proofs = {path_of(step): tree.proof(path_of(step).encode()) for step in steps}
        return Delivery(self.checkpoint(), steps, state_proofs=proofs)

    def packet(self, sequence: int, timeout: int | None = None, value: bytes = b"hello") -> Packet:
        """A packet from the hub to the chain."""
        payload = Payload(PORT, PORT, "1", "bytes", value)
        until = UnixSeconds(timeout or self.time + 600)
        return Packet(PacketSequence(sequence), AT_HUB, HERE, until, payload)

    def receive(self, packet: Packet) -> None:
        """Note a packet of the chain as received in the hub's state."""
        self.state[path_of(TimeOut(packet)).encode()] = RECEIPT


class HandmadeAttestors:
    """Signs whatever header the chain has."""

    def __init__(self, endpoints: Endpoints, scope: AttestationScope) -> None:
        self._endpoints = endpoints
        self._scope = scope

    async def signed_header(self, height: Height) -> SignedHeader:
        found = await self._endpoints.attempt(lambda endpoint: block_header(endpoint, height))
        header = AttestedHeader(Epoch(1), found.number, found.hash, found.state_root, found.timestamp)
        return SignedHeader(header, sign_quorum(VALIDATORS, KEYS, header.digest(self._scope)))

    def forget(self) -> None: ...

    async def close(self) -> None: ...


class JoinedChain:
    """An Anvil with a router, a client of the handmade hub, and an application that does nothing."""

    def __init__(
        self,
        anvil: AnvilChain,
        chain: EvmChain,
        hub: HandmadeHub,
        workshop: Workshop,
        *,
        app: Contract,
        router: Address,
    ) -> None:
        self.anvil = anvil
        self.chain = chain
        self.hub = hub
        self.workshop = workshop
        self.application = app
        self.router = router

    async def send(self, value: bytes = b"hello", until: int | None = None) -> None:
        """The application sends a packet to the hub."""
        await self.workshop.call(self.application, "send", 1, until or self.hub.time + 600, value)

    async def everything(self) -> Sequence[object]:
        """All events so far."""
        head = (await self.chain.latest()).height
        return [entry.event for entry in await self.chain.scan(Height(1), head)]


@asynccontextmanager
async def joined_chain(
    anvil: AnvilChain, urls: Iterable[str] = (), limits: Limits | None = None, patience_s: float = 20.0
) -> AsyncIterator[JoinedChain]:
    """Deploy everything; the chain is then reached through ``urls``, its own by default. A transaction that is not
    mined within ``patience_s`` is lost.
    """
    direct = Endpoints("setup", [anvil.url])
    pace = Pace(poll_s=0.01, stuck_s=5.0, give_up_s=20.0)
    sender = Sender(direct, account(0), anvil.chain_id, FeePolicy(), pace)
    workshop = Workshop(direct, sender)
    router = await deploy_router(workshop, sender.address, Seconds(3600))
    now = (await direct.attempt(lambda endpoint: block_header(endpoint, "latest"))).timestamp
    hub = HandmadeHub(anvil.chain_id, now)
    trust = Trust("hub-1", GENESIS, HERE, AT_HUB, Height(1), now, VALIDATORS, Seconds(86_400), Seconds(3600), False)
    hub.client_contract = await deploy_quorum_client(workshop, trust)
    contract = Contract(direct, "Router", router.address)
    await workshop.call(contract, "addClient", HERE, AT_HUB, hex_checksum(hub.client_contract))
    address, _ = await workshop.create("NullApplication", hex_checksum(router.address))
    await workshop.call(contract, "registerApplication", PORT, hex_checksum(address), 0)
    for direction in Direction:
        await workshop.call(contract, "registerLane", int(direction), 1, PORT, PORT, "1", "bytes")
    endpoints = Endpoints("chain", list(urls) or [anvil.url], timeout_s=2.0)
    scope = AttestationScope(GENESIS, AT_HUB, "depth:0", anvil.chain_id)
    settings = EvmSettings(
        "chain", anvil.chain_id, router.address, router.code_hash, HERE, AT_HUB, Depth(0), Height(1),
        limits or Limits(50, 65536),
    )  # fmt: skip
    payer = Sender(endpoints, account(1), anvil.chain_id, FeePolicy(), replace(pace, give_up_s=patience_s))
    chain = EvmChain(settings, endpoints, HandmadeAttestors(direct, scope), payer)
    try:
        application = Contract(direct, "NullApplication", address)
        yield JoinedChain(anvil, chain, hub, workshop, app=application, router=router.address)
    finally:
        await chain.close()
        await direct.close()
