"""What every step of the tour is given."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from console.devnet.network import Network
from console.tour.market import Site
from console.tour.trade import Trade
from hub.answers import RequestState, ServiceRequest
from hub.client import HubClient
from hub.quantities import UnixSeconds
from hub.services.errors import RequestNotFound
from hub.signer import Signer


@dataclass
class Stage:
    """A devnet on which all runs, and what stands on it."""

    network: Network
    hub: HubClient
    operator: Signer
    trade: Trade
    sites: dict[str, Site] = field(default_factory=dict)

    @property
    def a(self) -> Site:
        return self.sites["a"]

    @property
    def b(self) -> Site:
        return self.sites["b"]

    async def until(self, what: str, ready: Callable[[], Awaitable[bool]], patience: float, every: float = 0.2) -> None:
        """Wait until it is so; raises TimedOut."""
        await self.network.wait_until(what, ready, patience, every)

    async def request(self, request_id: bytes) -> ServiceRequest | None:
        """A call as the hub knows it, None before it was accepted."""
        try:
            return await self.hub.request(request_id)
        except RequestNotFound:
            return None

    async def accepted(self, request_id: bytes) -> bool:
        return await self.request(request_id) is not None

    async def settled(self, request_id: bytes) -> bool:
        request = await self.request(request_id)
        return request is not None and request.state is RequestState.SETTLED

    async def hub_time_passes(self, moment: UnixSeconds) -> None:
        """Wait until a block of the hub shows a later time."""
        while (now := (await self.hub.status()).time) <= moment:
            await asyncio.sleep(max(0.2, moment - now))
            await self.hub.request_block()
