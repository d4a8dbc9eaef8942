"""Gas on a real Anvil, by the receipts of real transactions: the second of three of each kind, in a steady state.

All that the destination needs is in the one transaction that is counted: the hub's checkpoint with its signatures, the
packets, the receipts and the acknowledgements. Values, hashes and signatures look random, as they are: a zero byte
costs a quarter in calldata.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from hashlib import sha256
from itertools import count

from adapters.chain import Acknowledge, Delivery, Limits, Receive, Step, TimeOut, path_of
from adapters.errors import ChainError
from adapters.evm.attestation import HeaderSource
from adapters.evm.chain import EvmChain, EvmSettings
from adapters.evm.contract import Contract
from adapters.evm.delivery import batch_entry
from adapters.evm.deploy import Direction, Trust, Workshop, deploy_quorum_client, deploy_router
from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy
from adapters.evm.finality import Depth, block_header
from adapters.evm.sender import Pace, Sender
from adapters.evm.words import hex_checksum
from hub.clients.attested_evm import SignedHeader
from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import SignedCheckpoint
from hub.engine.view import View
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.proofs.eip712 import EvmDomain
from hub.proofs.merkle import batch_root
from hub.proofs.quorum import SignerSet, least_quorum, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Address, Epoch, Gas, Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from tests.anvil_chain import AnvilChain, account, running_anvil
from tests.bench.figures import Measured
from tests.bench.showing import CannotRun, Screen
from tests.bench.states import States, copied

HERE = ClientId("quorum-0")
AT_HUB = ClientId("attested-0")
PORT = PortId("null")
HUB = "hub-1"
VALUE_BYTES = 100
BATCH = 10
RECEIVE_GAS = 50_000
"""What the application is registered with; one that is asked for it at each packet costs some 700 gas more."""
STATE_KEYS = 100_000
_PACE = Pace(poll_s=0.01, stuck_s=10.0, give_up_s=60.0)
_ROUNDS = 3
"""Of each transaction; the second is counted."""
_SETS = (1, 5, 19)


def run(screen: Screen, states: States) -> dict[str, Measured]:
    """Every figure of the group; raises CannotRun."""
    path = states.of(STATE_KEYS, screen)
    try:
        with running_anvil() as anvil, copied(path) as (ledger, _):
            return asyncio.run(_measure(anvil, ledger.state, screen))
    except (StopIteration, RuntimeError, OSError) as error:
        raise CannotRun(f"Anvil does not start ({error}); `make setup` installs it") from error
    except ChainError as error:
        raise CannotRun(f"the contracts and the adapter do not fit: {error}") from error


async def _measure(anvil: AnvilChain, state: View, screen: Screen) -> dict[str, Measured]:
    figures: dict[str, Measured] = {}
    for members in _SETS:
        quorum = least_quorum(members)
        name = f"{quorum}of{members}"
        async with AsyncExitStack() as stack:
            with screen.step(f"evm: contracts on Anvil, {quorum} of {members} validators"):
                site = await Site.open(anvil, state, members, stack)
            with screen.step(f"evm: deliveries signed by {quorum} of {members}"):
                figures[f"evm.recv.single.{name}.gas"] = await _second(partial(site.receive, 1))
                if members > 1:
                    batch = await _second(partial(site.receive, BATCH), BATCH)
                    figures[f"evm.recv.batch10.{name}.gas_per_packet"] = batch
            if name == "4of5":
                with screen.step("evm: packets sent, acknowledged, timed out"):
                    figures |= await _sender_s_side(site)
    return figures


async def _sender_s_side(site: "Site") -> dict[str, Measured]:
    figures = {"evm.send.gas": await _second(site.send)}
    for _ in range(_ROUNDS * BATCH):
        await site.send()
    figures["evm.ack.batch10.gas_per_packet"] = await _second(site.acknowledge, BATCH)
    figures["evm.timeout.gas"] = await _second(site.time_out)
    return figures


async def _second(act: Callable[[], Awaitable[Gas]], packets: int = 1) -> Measured:
    """What the second of three took, for each packet."""
    taken = [await act() for _ in range(_ROUNDS)]
    return Measured(taken[1] / packets, 1, "three took " + ", ".join(f"{gas:,}" for gas in taken))


class Site:
    """A router on a chain, its client of a hub with so many validators, and an application that does nothing."""

    def __init__(self, chain: EvmChain, workshop: Workshop, application: Contract, hub: "SigningHub") -> None:
        self._chain = chain
        self._workshop = workshop
        self._application = application
        self._hub = hub
        self._received = count(1)
        self._sent = count(1)
        self._waiting: list[Packet] = []

    @classmethod
    async def open(cls, anvil: AnvilChain, state: View, members: int, stack: AsyncExitStack) -> "Site":
        endpoints = Endpoints("bench", [anvil.url])
        workshop = Workshop(endpoints, Sender(endpoints, account(0), anvil.chain_id, FeePolicy(), _PACE))
        router = await deploy_router(workshop, workshop.sender.address, Seconds(3600))
        now = (await endpoints.attempt(lambda endpoint: block_header(endpoint, "latest"))).timestamp
        hub = SigningHub(anvil.chain_id, now, members, state)
        hub.client_contract = await deploy_quorum_client(workshop, hub.trust())
        contract = Contract(endpoints, "Router", router.address)
        await workshop.call(contract, "addClient", HERE, AT_HUB, hex_checksum(hub.client_contract))
        address, _ = await workshop.create("NullApplication", hex_checksum(router.address))
        await workshop.call(contract, "registerApplication", PORT, hex_checksum(address), RECEIVE_GAS)
        for direction in Direction:
            await workshop.call(contract, "registerLane", int(direction), 1, PORT, PORT, "1", "bytes")
        settings = EvmSettings(
            "bench", anvil.chain_id, router.address, router.code_hash, HERE, AT_HUB, Depth(0), Height(1),
            Limits(50, 65536),
        )  # fmt: skip
        payer = Sender(endpoints, account(1), anvil.chain_id, FeePolicy(), _PACE)
        chain = EvmChain(settings, endpoints, _NoHeaders(), payer)
        stack.push_async_callback(chain.close)
        return cls(chain, workshop, Contract(endpoints, "NullApplication", address), hub)

    async def receive(self, packets: int) -> Gas:
        """Deliver the hub's next packets, all of its batch."""
        steps = [Receive(self._packet(AT_HUB, HERE, next(self._received))) for _ in range(packets)]
        return await self._by_batch(steps)

    async def send(self) -> Gas:
        """The application sends its next packet."""
        packet = self._packet(HERE, AT_HUB, next(self._sent))
        data = self._application.calldata("send", 1, packet.timeout, packet.payload.value)
        done = await self._workshop.sender.send(self._application.address, data)
        self._waiting.append(packet)
        return done.gas

    async def acknowledge(self) -> Gas:
        """Deliver the hub's acknowledgements of ten packets, all of its batch."""
        packets, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        return await self._by_batch([Acknowledge(packet, b"\x01") for packet in packets])

    async def time_out(self) -> Gas:
        """Deliver that the hub, later than a packet's timeout, has no receipt of it."""
        packet = self._waiting.pop(0)
        self._hub.time = max(self._hub.time, packet.timeout)
        step = TimeOut(packet)
        proof = self._hub.state.prove(path_of(step).encode()).encode()
        delivery = Delivery(self._hub.checkpoint(), [step], state_proofs={path_of(step): proof})
        return (await self._chain.deliver(delivery)).gas

    async def _by_batch(self, steps: Sequence[Step]) -> Gas:
        batch = [batch_entry(step) for step in steps if not isinstance(step, TimeOut)]
        return (await self._chain.deliver(Delivery(self._hub.checkpoint(batch), steps, batch))).gas

    def _packet(self, source: ClientId, destination: ClientId, sequence: int) -> Packet:
        payload = Payload(PORT, PORT, "1", "bytes", random_bytes(f"value {source} {sequence}", VALUE_BYTES))
        return Packet(Number(sequence), source, destination, UnixSeconds(self._hub.time + 600), payload)


class SigningHub:
    """A hub of so many validators of equal power, of whom just a quorum signs."""

    def __init__(self, chain_id: int, time: UnixSeconds, members: int, state: View) -> None:
        keys = {address_of(key): key for key in (sha256(b"validator %d" % n).digest() for n in range(members))}
        self._validators = SignerSet.of_equals(1, list(keys))
        signing = [member.address for member in self._validators.members[: least_quorum(members)]]
        self._keys = {address: keys[address] for address in signing}
        self._chain_id = chain_id
        self._height = 1
        self.time = time
        self.client_contract = Address(bytes(20))
        self.state = state

    def trust(self) -> Trust:
        single = len(self._validators.members) == 1
        return Trust(
            HUB, _GENESIS, HERE, AT_HUB, Height(1), self.time, self._validators, Seconds(86_400), Seconds(3600), single
        )

    def checkpoint(self, batch: Sequence[tuple[bytes, Hash]] = ()) -> SignedCheckpoint:
        """The next block as the validators sign it."""
        self._height += 1
        point = Checkpoint(
            chain=HUB,
            genesis_hash=_GENESIS,
            source_client=AT_HUB,
            destination_client=HERE,
            epoch=Epoch(1),
            height=Height(self._height),
            timestamp=self.time,
            block_hash=Hash(random_bytes(f"block {self._height}", 32)),
            app_root=self.state.app_root,
            batch_root=batch_root(batch),
            next_validator_set_hash=self._validators.hash(),
        )
        digest = point.digest(EvmDomain(self._chain_id, self.client_contract))
        return SignedCheckpoint(point, sign_quorum(self._validators, self._keys, digest))


class _NoHeaders(HeaderSource):
    """Nothing is proven to the hub here."""

    async def signed_header(self, height: Height) -> SignedHeader:
        raise NotImplementedError

    def forget(self) -> None: ...

    async def close(self) -> None: ...


def random_bytes(seed: str, length: int) -> bytes:
    """Bytes that look random and are the same each time."""
    parts = (sha256(f"{seed} {n}".encode()).digest() for n in count())
    data = b""
    while len(data) < length:
        data += next(parts)
    return data[:length]


_GENESIS = Hash(random_bytes("genesis", 32))
