"""Setting an EVM chain up: the contracts, the client of the hub, the lanes (contracts/README.md, "Setting a chain up").

It is done in two parts, because the hub names its client of the chain in between:

    router = await deploy_router(contracts, admin, replacement_delay=...)
    ...                                    # register router.address and router.code_hash at the hub -> attested-0
    joined = await join_hub(contracts, router.address, trust)
"""

from dataclasses import dataclass
from enum import IntEnum

from adapters.errors import NotProvable
from adapters.evm.contract import Contract, constructor_data
from adapters.evm.delivery import validator_set
from adapters.evm.endpoints import Endpoints
from adapters.evm.sender import Sender
from adapters.evm.words import bytes_of, hex_checksum, hex_of, number_of
from hub.ibc.identifiers import ClientId
from hub.proofs.keccak import keccak256
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Hash, Height, Seconds, UnixSeconds

SERVICE_PORT = "service"
SERVICE_VERSION = "service-1"
SERVICE_ENCODING = "application/x-interchain-service"


class Direction(IntEnum):
    """Which way a lane goes, seen from the EVM chain."""

    OUTBOUND = 0
    INBOUND = 1


@dataclass(frozen=True, slots=True)
class Workshop:
    """What is needed to put contracts on a chain."""

    endpoints: Endpoints
    sender: Sender

    async def create(self, name: str, *arguments: object) -> tuple[Address, Height]:
        """Create a contract of ours; its address and the height of its block."""
        receipt = await self.sender.send_for_receipt(None, constructor_data(name, *arguments))
        return Address(bytes_of(receipt["contractAddress"])), Height(number_of(receipt["blockNumber"]))

    async def call(self, contract: Contract, function: str, *arguments: object) -> None:
        """Transact; raises DeliveryRefused, by name."""
        await self.sender.send(contract.address, contract.calldata(function, *arguments))

    async def code_hash(self, address: Address) -> Hash:
        """What the hub's client pins; raises NotProvable where there is no code."""
        code = bytes_of(await self.endpoints.call("eth_getCode", hex_of(address), "latest"))
        if not code:
            raise NotProvable(self.endpoints.chain, Height(0), f"there is no contract at {hex_of(address)}")
        return Hash(keccak256(code))


@dataclass(frozen=True, slots=True)
class DeployedRouter:
    """What the hub must be told of a chain."""

    address: Address
    code_hash: Hash
    height: Height
    """Of the block that created it: nothing of ours stands in earlier ones."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the chain's client believes of the hub at first."""

    chain: str
    genesis_hash: Hash
    client: ClientId
    """The chain's client of the hub, as quorum-0."""
    client_at_hub: ClientId
    """The hub's client of the chain, as attested-0."""
    height: Height
    time: UnixSeconds
    validators: SignerSet
    trusting_period: Seconds
    max_clock_drift: Seconds
    accept_single_operator: bool


@dataclass(frozen=True, slots=True)
class JoinedHub:
    """Where everything stands. Lane numbers are the chain's."""

    quorum_client: Address
    gateway: Address
    client_number: int
    outbound_lane: int
    inbound_lane: int


async def deploy_router(workshop: Workshop, admin: Address, replacement_delay: Seconds) -> DeployedRouter:
    """Step 1. ``admin`` gets every role; ``replacement_delay`` is what a client's replacement waits."""
    address, height = await workshop.create("Router", hex_checksum(admin), replacement_delay)
    return DeployedRouter(address, await workshop.code_hash(address), height)


async def deploy_quorum_client(workshop: Workshop, trust: Trust) -> Address:
    """Step 3: the light client of the hub, bound to both identifiers."""
    address, _ = await workshop.create(
        "QuorumClient",
        (
            trust.chain,
            trust.genesis_hash,
            trust.client_at_hub,
            trust.client,
            trust.height,
            trust.time,
            trust.trusting_period,
            trust.max_clock_drift,
            validator_set(trust.validators),
            trust.accept_single_operator,
        ),
    )
    return address


async def join_hub(workshop: Workshop, router: Address, quorum_client: Address, trust: Trust) -> JoinedHub:
    """Steps 4 to 6: client, gateway on port ``service``, a lane each way."""
    contract = Contract(workshop.endpoints, "Router", router)
    await workshop.call(contract, "addClient", trust.client, trust.client_at_hub, hex_checksum(quorum_client))
    number = await contract.read("clientNumber", trust.client)
    gateway, _ = await workshop.create("ServiceGateway", hex_checksum(router))
    await workshop.call(contract, "registerApplication", SERVICE_PORT, hex_checksum(gateway), 0)
    lanes = []
    for direction in (Direction.OUTBOUND, Direction.INBOUND):
        await workshop.call(
            contract,
            "registerLane",
            int(direction),
            number,
            SERVICE_PORT,
            SERVICE_PORT,
            SERVICE_VERSION,
            SERVICE_ENCODING,
        )
        lanes.append(await contract.read("laneCount"))
    return JoinedHub(quorum_client, gateway, number, *lanes)
