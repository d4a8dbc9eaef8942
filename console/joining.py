"""Adding an EVM chain to a running network: contracts on the chain, a client, a counterparty and lanes at the hub.

One function for the command line and the devnet alike. It can be run again after a failure: nothing that it left behind
is used by anyone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NewType

from eth_account.signers.base import BaseAccount

from adapters.evm.deploy import (
    SERVICE_ENCODING,
    SERVICE_PORT,
    SERVICE_VERSION,
    DeployedRouter,
    JoinedHub,
    Trust,
    Workshop,
    deploy_quorum_client,
    deploy_router,
    join_hub,
)
from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy
from adapters.evm.sender import Pace, Sender
from adapters.evm.words import number_of
from console.amounts import address_text
from console.chains import ChainFile
from console.exits import Misused
from console.finality import chosen_finality_time
from console.session import status_of_now
from hub.accounts.errors import ValidatorsChanged
from hub.answers import NodeStatus, Receipt
from hub.client import HubClient
from hub.clients import attested_evm
from hub.events import ClientCreated
from hub.ibc.identifiers import ClientId
from hub.messages import CreateAttestedClient, RegisterCounterparty, RegisterLane
from hub.proofs.quorum import SignerSet, least_quorum
from hub.quantities import Address, Epoch, Seconds
from hub.signer import Signer

CLIENT_OF_HUB = ClientId("quorum-0")
"""What every chain's router calls its client of the hub: it has one."""
FIRST_EPOCH = Epoch(1)

_TWO_WEEKS = Seconds(14 * 24 * 3600)
_A_DAY = Seconds(24 * 3600)
_A_MINUTE = Seconds(60)

Report = Callable[[str], None]
Target = NewType("Target", str)


@dataclass(frozen=True, slots=True)
class Attestor:
    """One who vouches for a chain's headers, and where it is asked."""

    address: Address
    target: Target


@dataclass(frozen=True, slots=True)
class NewChain:
    """A chain as its operator describes it. Durations in seconds."""

    name: str
    endpoints: Sequence[str]
    finality: str
    attestors: Sequence[Attestor]
    threshold: int = 0
    """Of the attestors; 0: the least that is more than two thirds."""
    trusting_period: Seconds = _TWO_WEEKS
    max_clock_drift: Seconds = _A_MINUTE
    finality_time: Seconds | None = None
    """None: it is measured, and whoever adds the chain told what to choose."""
    replacement_delay: Seconds = _A_DAY
    accept_single_operator: bool = False


async def add_chain(
    chain: NewChain, hub: HubClient, operator: Signer, payer: BaseAccount, *, report: Report, pace: Pace | None = None
) -> ChainFile:
    """Set the chain up and register it; returns what the home shall remember.

    Raises Misused for what cannot be meant, ChainError, DeliveryRefused and HubError for what was refused.
    """
    status = await hub.status()
    require_operators(chain, status)
    endpoints = Endpoints(chain.name, chain.endpoints)
    try:
        chain_id = number_of(await endpoints.call("eth_chainId"))
        finality_time = await chosen_finality_time(endpoints, chain.finality, chain.finality_time, report)
        workshop = Workshop(endpoints, Sender(endpoints, payer, chain_id, FeePolicy(), pace))
        report(f"{chain.name}: deploying the router")
        router = await deploy_router(workshop, workshop.sender.address, chain.replacement_delay)
        report(f"{chain.name}: registering its client at the hub")
        config = _config(chain, chain_id, router, finality_time)
        client = created_client(await hub.submit([CreateAttestedClient(config)], operator))
        trust, contract = await _client_of_hub(chain, client, workshop, hub, operator, chain_id=chain_id, report=report)
        report(f"{chain.name}: registering it and the lanes at the router")
        joined = await join_hub(workshop, router.address, contract, trust)
    finally:
        await endpoints.close()
    return _chain_file(chain, chain_id, client, router, joined)


def _config(chain: NewChain, chain_id: int, router: DeployedRouter, finality_time: Seconds) -> attested_evm.Config:
    powers = {attestor.address: 1 for attestor in chain.attestors}
    return attested_evm.Config(
        chain_id=chain_id,
        router=router.address,
        router_code_hash=router.code_hash,
        attestors=SignerSet.of(FIRST_EPOCH, powers),
        threshold=chain.threshold or least_quorum(len(powers)),
        finality_rule=chain.finality,
        trusting_period=chain.trusting_period,
        max_clock_drift=chain.max_clock_drift,
        finality_time=finality_time,
    )


def created_client(receipt: Receipt) -> ClientId:
    """The client that a transaction created."""
    events = [record.event for record in receipt.events]
    return next(ClientId(event.client) for event in events if isinstance(event, ClientCreated))


async def _trust(chain: NewChain, client: ClientId, hub: HubClient) -> Trust:
    status = await status_of_now(hub)
    return Trust(
        chain=status.chain_id,
        genesis_hash=status.genesis_hash,
        client=CLIENT_OF_HUB,
        client_at_hub=client,
        height=status.height,
        time=status.time,
        validators=SignerSet(status.epoch, status.validators),
        trusting_period=chain.trusting_period,
        max_clock_drift=chain.max_clock_drift,
        accept_single_operator=status.devnet or chain.accept_single_operator,
    )


async def _client_of_hub(
    chain: NewChain,
    client: ClientId,
    workshop: Workshop,
    hub: HubClient,
    operator: Signer,
    *,
    chain_id: int,
    report: Report,
) -> tuple[Trust, Address]:
    """The chain's client of the hub, deployed and registered there as the counterparty, with the lanes.

    Once it is registered no rotation of the hub's validators leaves it behind. Where one took effect before, the hub
    refuses the registration, and another is deployed that begins with the new validators.
    """
    while True:
        report(f"{chain.name}: deploying its client of the hub ({client} at the hub)")
        trust = await _trust(chain, client, hub)
        contract = await deploy_quorum_client(workshop, trust)
        counterparty = RegisterCounterparty(
            client, CLIENT_OF_HUB, chain_id, contract, b"", epoch=trust.validators.epoch
        )
        try:
            await hub.submit([counterparty, *_lanes(client)], operator)
        except ValidatorsChanged as changed:
            report(f"{chain.name}: the hub's validators have become those of epoch {changed.present}: once more")
        else:
            return trust, contract


def _lanes(client: ClientId) -> tuple[RegisterLane, RegisterLane]:
    strings = (SERVICE_PORT, SERVICE_PORT, SERVICE_VERSION, SERVICE_ENCODING)
    return RegisterLane(CLIENT_OF_HUB, client, *strings), RegisterLane(client, CLIENT_OF_HUB, *strings)


def require_operators(chain: NewChain, status: NodeStatus) -> None:
    """Raises Misused for a hub that one operator runs alone, unless that is accepted, and for no attestors."""
    if len(status.validators) == 1 and not (status.devnet or chain.accept_single_operator):
        raise Misused(
            f"{status.chain_id} has one validator, so one operator can sign anything to this chain; "
            "accept that with --accept-single-operator, or join a replicated hub",
            reason="SINGLE_OPERATOR",
        )
    if len({attestor.address for attestor in chain.attestors}) != len(chain.attestors) or not chain.attestors:
        raise Misused("name at least one attestor, and each once: --attestor ADDRESS@HOST:PORT")


def _chain_file(
    chain: NewChain, chain_id: int, client: ClientId, router: DeployedRouter, joined: JoinedHub
) -> ChainFile:
    return ChainFile(
        name=chain.name,
        chain_id=chain_id,
        endpoints=tuple(chain.endpoints),
        finality=chain.finality,
        client_at_hub=client,
        client_of_hub=CLIENT_OF_HUB,
        router=address_text(router.address),
        quorum_client=address_text(joined.quorum_client),
        gateway=address_text(joined.gateway),
        first_height=router.height,
    )
