"""A chain's client of the hub, replaced by another contract under its identifier: at the router, and at the hub, whose
checkpoints must be for the new contract.

All that matters stands on the chain and at the hub: what is to be done next follows from what both say, so that it can
be broken off anywhere, by anyone, and gone on with. A contract that was deployed and not proposed is used by nobody.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import assert_never

from eth_account import Account

from adapters.errors import CallRefused, DeliveryRefused
from adapters.evm.contract import Contract
from adapters.evm.deploy import Trust, Workshop, deploy_quorum_client
from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy
from adapters.evm.finality import block_header
from adapters.evm.quorum_client import QuorumClientView, view_quorum_client, view_router_client
from adapters.evm.sender import Sender
from adapters.evm.words import hex_checksum
from console.amounts import address_text, moment, parse_address
from console.chains import ChainFile
from console.exits import Misused, Refused
from console.succession import Deploy, Follow, Propose, Replace, Schedule, Standing, Step, Wait, next_step
from hub.answers import ClientInfo, NodeStatus
from hub.client import HubClient
from hub.clients.base import ClientStatus
from hub.engine.errors import RateLimited
from hub.ibc.identifiers import ClientId
from hub.messages import ApplyDomainChange, CancelDomainChange, ScheduleDomainChange
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Seconds, UnixSeconds
from hub.signer import Signer

_LONGEST_SLEEP_S = 60.0
_SHORTEST_SLEEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Of the new client, in seconds; None: as the present one has it."""

    trusting_period: Seconds | None = None
    max_clock_drift: Seconds | None = None


class Replacing:
    """One chain's client of the hub. ``workshop`` pays on the chain and has the router's CLIENT_ROLE; ``operator`` is
    one at the hub.

    Every method raises ChainError, by name where a contract refuses, and HubError.
    """

    def __init__(
        self, chain: ChainFile, workshop: Workshop, hub: HubClient, operator: Signer, report: Callable[[str], None]
    ) -> None:
        self._chain = chain
        self._workshop = workshop
        self._hub = hub
        self._operator = operator
        self._report = report
        self._client = ClientId(chain.client_at_hub)
        self._waits = ""
        self._router = Contract(workshop.endpoints, "Router", parse_address(chain.router))

    async def go_on(self, *, anew: bool, wait: bool, lifetimes: Lifetimes) -> dict[str, object]:
        """Do what can be done now, and with ``wait`` all of it; how it stands then.

        Nothing is done where the client is active, unless ``anew`` or a replacement is under way. Raises Misused.
        """
        at = await self.standing()
        present = await self._view(at.router.light_client)
        wanted = anew or present is None or present.status is not ClientStatus.ACTIVE
        changed = False
        while (step := next_step(at, wanted=wanted)) is not None:
            if isinstance(step, Wait) and not wait:
                return _row(at, changed, step)
            await self._do(step, at, lifetimes)
            changed, wanted = changed or not isinstance(step, Wait), False
            at = await self.standing()
        return _row(at, changed)

    async def cancel(self) -> dict[str, object]:
        """Take back what was announced, at both ends; raises Refused where nothing was."""
        at = await self.standing()
        if not at.router.proposed and not at.scheduled:
            raise Refused(
                f"no replacement of {self._chain.name}'s client of the hub is announced", "REPLACEMENT_NOT_SCHEDULED"
            )
        if at.router.proposed:
            await self._workshop.call(self._router, "cancelClientReplacement", at.router.number)
        if at.scheduled:
            await self._hub.submit([CancelDomainChange(self._client)], self._operator)
        return _row(await self.standing(), changed=True)

    async def standing(self) -> Standing:
        """How it stands now."""
        router = await view_router_client(self._router, ClientId(self._chain.client_of_hub), self._chain.name)
        head = await self._workshop.endpoints.attempt(lambda endpoint: block_header(endpoint, "latest"))
        info = await self._hub.client(self._client)
        scheduled = info.scheduled_domain
        ripe = max(router.replaceable_from, scheduled.applicable_from if scheduled else 0, head.timestamp)
        named = {router.light_client, router.proposed, scheduled and Address(scheduled.client_contract)} - {None}
        fit = [contract for contract in named if contract and await self._can_lead(contract, UnixSeconds(ripe))]
        return Standing(
            router=router,
            router_time=head.timestamp,
            hub_contract=Address(info.client_contract),
            scheduled=Address(scheduled.client_contract) if scheduled else None,
            applicable_from=scheduled.applicable_from if scheduled else UnixSeconds(0),
            hub_time=await self._hub_time(info),
            fit=frozenset(fit),
        )

    async def _do(self, step: Step, at: Standing, lifetimes: Lifetimes) -> None:
        name = self._chain.name
        match step:
            case Deploy(instead):
                if instead:
                    self._report(f"{name}: what was announced cannot take over any more: another begins")
                await self._propose(at, await self._deploy(at, lifetimes))
            case Propose(contract):
                await self._propose(at, contract)
            case Schedule(contract):
                self._report(f"{self._client}: announcing at the hub that its checkpoints shall be for the new client")
                message = ScheduleDomainChange(self._client, self._chain.chain_id, contract, b"")
                await self._hub.submit([message], self._operator)
            case Wait():
                if str(step) != self._waits:
                    self._waits = str(step)
                    self._report(f"{name}: waiting {step}")
                await asyncio.sleep(min(max(step.seconds / 2, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S))
            case Replace():
                self._report(f"{name}: the new client takes over at the router")
                await self._workshop.call(self._router, "replaceClient", at.router.number)
            case Follow():
                self._report(f"{self._client}: the hub's checkpoints are for the new client from now on")
                await self._hub.submit([ApplyDomainChange(self._client)], self._operator)
            case _:
                assert_never(step)

    async def _deploy(self, at: Standing, lifetimes: Lifetimes) -> Address:
        present = await self._view(at.router.light_client)
        if present is None:
            raise Refused(f"{address_text(at.router.light_client)} is no client of ours: look at it yourself")
        trusting = lifetimes.trusting_period or present.trusting_period
        delay = max(
            await self._router.read("replacementDelay"), int((await self._hub.parameters())["replacement_delay"])
        )
        if trusting <= delay:
            raise Misused(
                f"a client that trusts for {trusting} s would expire before it may take over, which takes {delay} s: "
                "give more --trusting-period"
            )
        refuse_another_hub(self._chain.name, present, await self._hub.status())
        await self._show_time()
        status = await self._hub.status()
        self._report(f"{self._chain.name}: deploying a new client of the hub")
        drift = lifetimes.max_clock_drift
        return await deploy_quorum_client(
            self._workshop,
            Trust(
                chain=status.chain_id,
                genesis_hash=status.genesis_hash,
                client=ClientId(self._chain.client_of_hub),
                client_at_hub=self._client,
                height=status.height,
                time=status.time,
                validators=(await self._hub.rotation()).validators,
                trusting_period=trusting,
                max_clock_drift=present.max_clock_drift if drift is None else drift,
                accept_single_operator=present.accept_single_operator,
            ),
        )

    async def _propose(self, at: Standing, contract: Address) -> None:
        self._report(f"{self._chain.name}: proposing {address_text(contract)} to the router")
        await self._workshop.call(self._router, "proposeClientReplacement", at.router.number, hex_checksum(contract))

    async def _view(self, contract: Address) -> QuorumClientView | None:
        """None where it is no client of a chain of our own."""
        try:
            return await view_quorum_client(
                Contract(self._workshop.endpoints, "QuorumClient", contract), self._chain.name
            )
        except (CallRefused, DeliveryRefused):
            return None

    async def _can_lead(self, contract: Address, until: UnixSeconds) -> bool:
        view = await self._view(contract)
        if view is None or view.status is not ClientStatus.ACTIVE:
            return False
        status = await self._hub.status()
        same_set = view.set_hash == (await self._hub.rotation()).validators.hash()
        return _follows(view, status) and same_set and view.latest.time + view.trusting_period > until

    async def _hub_time(self, info: ClientInfo) -> UnixSeconds:
        """Of its newest block; where the clock here says that it may be late enough, it is asked for a new one."""
        now = (await self._hub.status()).time
        if info.scheduled_domain and now < info.scheduled_domain.applicable_from <= time.time():
            await self._show_time()
            now = (await self._hub.status()).time
        return now

    async def _show_time(self) -> None:
        with suppress(RateLimited):
            await self._hub.request_block()


def refuse_another_hub(chain: str, present: QuorumClientView, hub: NodeStatus) -> None:
    """A chain's client of the hub is replaced by one of the same hub; raises Refused."""
    if not _follows(present, hub):
        raise Refused(
            f"{chain}'s client believes a hub of genesis 0x{present.genesis_hash.hex()}, and that is {hub.chain_id} of "
            f"0x{hub.genesis_hash.hex()}: name the right one with --hub; another hub gets a router of its own",
            reason="ANOTHER_HUB",
        )


def _follows(view: QuorumClientView, hub: NodeStatus) -> bool:
    return (view.chain_hash, view.genesis_hash) == (keccak256(hub.chain_id.encode()), hub.genesis_hash)


@asynccontextmanager
async def replacing_at(
    chain: ChainFile, hub: HubClient, operator: Signer, payer: bytes, report: Callable[[str], None]
) -> AsyncIterator[Replacing]:
    """``payer``: the private key that pays on the chain."""
    endpoints = Endpoints(chain.name, chain.endpoints)
    try:
        sender = Sender(endpoints, Account.from_key(payer), chain.chain_id, FeePolicy())
        yield Replacing(chain, Workshop(endpoints, sender), hub, operator, report)
    finally:
        await endpoints.close()


def _row(at: Standing, changed: bool, waits: Wait | None = None) -> dict[str, object]:
    coming = at.router.proposed or at.scheduled
    return {
        "quorum_client": address_text(at.router.light_client),
        "next_quorum_client": address_text(coming) if coming else "",
        "changed": changed,
        "waits": str(waits or ""),
        "router_until": moment(waits.router_until if waits else 0),
        "hub_until": moment(waits.hub_until if waits else 0),
    }
