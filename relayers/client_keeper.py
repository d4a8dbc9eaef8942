"""Keeps the light clients at both ends of a path from expiring, and hands them over when validators do."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import structlog

from adapters.chain import Chain
from adapters.errors import DeliveryRefused
from hub.answers import ClientInfo
from hub.client import HubClient
from hub.clients import quorum
from hub.clients.base import ClientStatus, ProvenPoint
from hub.clients.errors import WrongEpoch
from hub.errors import HubError
from relayers.chain_side import ChainSide
from relayers.errors import ClientReconfigured
from relayers.hub_side import HubSide
from relayers.plan import wants_update
from relayers.rotation import ChainRotation, HubRotation
from relayers.world import World

log = structlog.get_logger(__name__)


class ClientKeeper:
    """Of one path. ``faults`` tells what an operator must do, if anything, by part."""

    def __init__(
        self,
        hub: HubClient,
        hub_side: HubSide,
        chain: Chain,
        chain_side: ChainSide,
        *,
        faults: dict[str, str],
        on_error: Callable[[HubError], None],
    ) -> None:
        self._hub = hub
        self._hub_side = hub_side
        self._chain = chain
        self._chain_side = chain_side
        self._faults = faults
        self._on_error = on_error
        self._hub_rotation = HubRotation(hub, hub_side, chain)
        self._chain_rotation = ChainRotation(hub, hub_side, chain)
        self._change = asyncio.Event()
        self._known: object = None

    def look(self) -> None:
        """Look at the clients now: validators hand over, or the hub signs for another domain."""
        self._change.set()

    def look_if(self, error: HubError) -> None:
        """Look at the clients now where a side refuses what another set has signed."""
        if isinstance(error, WrongEpoch) or (isinstance(error, DeliveryRefused) and error.error == "WrongEpoch"):
            self.look()

    async def keep(self, world: World, every_s: float, retry_s: float) -> NoReturn:
        """Show each side the other before its client expires, and its next validators when they take over.

        Raises ClientReconfigured.
        """
        while True:
            self._change.clear()
            failed = False
            for part, work in (
                ("rotation at hub", self._keep_hub_rotation),
                ("rotation on chain", self._keep_chain_rotation),
                ("client on chain", self._keep_chain),
                ("client at hub", self._keep_hub),
            ):
                try:
                    fault = await work(world)
                except ClientReconfigured:
                    raise
                except HubError as error:
                    fault, failed = str(error), True
                    self._on_error(error)
                if fault:
                    self._faults[part] = fault
                    log.warning("client not kept", path=self._chain.name, part=part, error=fault)
                else:
                    self._faults.pop(part, None)
            await (asyncio.sleep(retry_s) if failed else self._next_look(every_s))

    async def _next_look(self, at_most_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._change.wait()

    async def _keep_hub_rotation(self, _: World) -> str:
        await self._hub_rotation.store()
        return ""

    async def _keep_chain_rotation(self, _: World) -> str:
        await self._chain_rotation.store()
        return ""

    async def _keep_chain(self, world: World) -> str:
        """The chain's client of the hub."""
        view = await self._chain.hub_client()
        if view.status is not ClientStatus.ACTIVE:
            return f"the chain's client of the hub is {view.status.value}: replace it"
        view = await self._hub_rotation.hand_over(view)
        self._chain_side.epoch = view.epoch
        if wants_update(view.latest, view.trusting_period, world.now()):
            await self._hub_side.request_block()  # an idle hub's newest block may be as old as what is believed
            await self._chain.update(await self._chain_side.checkpoint())
        return ""

    async def _keep_hub(self, world: World) -> str:
        """The hub's client of the chain."""
        info = await self._hub.client(self._chain.client_at_hub)
        known = _rests_on(info)
        if self._known not in (None, known):
            raise ClientReconfigured(self._chain.client_at_hub)
        self._known = known
        if info.status is not ClientStatus.ACTIVE:
            return f"the hub's client of the chain is {info.status.value}: replace it"
        await self._chain_rotation.hand_over()
        if wants_update(ProvenPoint(info.height, info.time), info.config.trusting_period, world.now()):
            made = await self._chain.request_block()  # an idle chain's newest block may be as old as what is believed
            await self._hub_side.submit(await self._chain.client_update((made or world.chain.proven).height))
        return ""


def _rests_on(info: ClientInfo) -> object:
    """What a path is begun anew for where it changes. Validators of a chain's own hand over without that."""
    config = info.config
    believed = (config.chain, config.genesis_hash) if isinstance(config, quorum.Config) else config
    # For another domain the batches of before prove nothing; begun anew, their packets go under the newest state.
    return believed, info.evm_chain_id, info.client_contract, info.salt
