"""An EVM chain's light client of the hub and its place in the router, as both tell (contracts/src/QuorumClient.sol)."""

import asyncio
from dataclasses import dataclass

from adapters.errors import EndpointFault
from adapters.evm.contract import Contract
from adapters.evm.words import bytes_of
from hub.clients.base import ClientStatus, ProvenPoint
from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds

_STATUSES = (ClientStatus.ACTIVE, ClientStatus.FROZEN, ClientStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class QuorumClientView:
    """What a light client of a chain of our own believes, and whom."""

    status: ClientStatus
    latest: ProvenPoint
    chain_hash: Hash
    """keccak256 of the chain ID."""
    genesis_hash: Hash
    trusting_period: Seconds
    max_clock_drift: Seconds
    accept_single_operator: bool
    epoch: Epoch
    set_hash: Hash


@dataclass(frozen=True, slots=True)
class RouterClient:
    """What a router says of one of its clients."""

    number: int
    light_client: Address
    proposed: Address | None
    """What is to take over."""
    replaceable_from: UnixSeconds
    """When it may; 0 where nothing is proposed."""


async def view_quorum_client(contract: Contract, chain: str) -> QuorumClientView:
    """Raises DeliveryRefused or CallRefused where there is no such client, EndpointFault, EndpointsFailed."""
    (status, height, time), trust, (epoch, _, set_hash) = await asyncio.gather(
        contract.read("latest"), contract.read("trust"), contract.read("validatorSet")
    )
    if status >= len(_STATUSES):
        raise EndpointFault(chain, f"its client of the hub has a status {status}, which there is not")
    chain_hash, genesis_hash, trusting_period, max_clock_drift, single = trust
    return QuorumClientView(
        status=_STATUSES[status],
        latest=ProvenPoint(Height(height), UnixSeconds(time)),
        chain_hash=Hash(chain_hash),
        genesis_hash=Hash(genesis_hash),
        trusting_period=Seconds(trusting_period),
        max_clock_drift=Seconds(max_clock_drift),
        accept_single_operator=single,
        epoch=Epoch(epoch),
        set_hash=Hash(set_hash),
    )


async def view_router_client(router: Contract, client: ClientId, chain: str) -> RouterClient:
    """Raises EndpointFault where the router has no such client, EndpointsFailed."""
    number = await router.read("clientNumber", client)
    if number == 0:
        raise EndpointFault(chain, f"the router has no client {client}")
    record = await router.read("getClient", number)
    light_client, proposed = (Address(bytes_of(record[name].lower())) for name in ("lightClient", "replacement"))
    return RouterClient(number, light_client, proposed if any(proposed) else None, record["replaceableFrom"])
