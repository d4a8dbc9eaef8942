"""The hub's validators hand over to the next set: what a path's relayer does for it, at the hub and at its chain.

While a rotation is pending the hub waits for the old quorum's checkpoint for every counterparty: ``store`` brings that
for the path's chain. Once the hub has rotated, ``hand_over`` takes the chain's client from its epoch to the hub's, one
stored checkpoint after the other, however long the chain has slept.
"""

import structlog

from adapters.chain import Chain, ClientView
from adapters.errors import DeliveryRefused
from hub.accounts.errors import NoRotationPending
from hub.client import HubClient
from hub.messages import StoreRotationCheckpoint
from relayers.hub_side import HubSide

log = structlog.get_logger(__name__)


class Rotation:
    """One path's part in the hub's rotations."""

    def __init__(self, hub: HubClient, hub_side: HubSide, chain: Chain) -> None:
        self._hub = hub
        self._hub_side = hub_side
        self._chain = chain

    async def store(self) -> None:
        """Bring the hub the checkpoint that it waits for, if it waits for this chain's; raises HubError."""
        client = self._chain.client_at_hub
        if client not in (await self._hub.rotation()).missing:
            return
        signed = await self._hub.checkpoint(client)
        try:
            await self._hub_side.submit(StoreRotationCheckpoint(client, signed))
        except NoRotationPending:
            return  # another relayer brought the last one
        log.info("rotation checkpoint stored", path=self._chain.name, epoch=signed.checkpoint.epoch)

    async def hand_over(self, view: ClientView) -> ClientView:
        """Take the chain's client, which believes ``view``, to the set that signs the hub's blocks; what it believes
        then.

        Raises RotationCheckpointNotFound where nothing leads on, DeliveryRefused, HubError.
        """
        current = (await self._hub.rotation()).validators.epoch
        if view.epoch < current > (await self._hub.status()).epoch:
            await self._hub.request_block()  # the newest block is still the old set's: let there be one to be shown
        while view.epoch < current:
            found = await self._hub.rotation_checkpoint(self._chain.client_at_hub, view.epoch)
            try:
                await self._chain.rotate(found.signed, found.next_set)
            except DeliveryRefused:
                if (await self._chain.hub_client()).epoch == view.epoch:
                    raise  # else another relayer was there first
            log.info("client handed over", path=self._chain.name, epoch=found.next_set.epoch)
            view = await self._chain.hub_client()
        return view
