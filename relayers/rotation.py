"""Validators hand over to the next set, the hub's and those of a chain that has its own: what a path's relayer does for
it at both ends.

While a rotation is pending, whose validators it is waits for the old quorum's checkpoint for every counterparty:
``store`` brings that for the path's other end. Once it has taken place, ``hand_over`` takes the other end's client from
its epoch to the present one, one stored checkpoint after the other, however long the other end has slept.
"""

import structlog

from adapters.chain import Chain, ClientView
from adapters.errors import ChainError, DeliveryRefused
from hub.accounts.errors import NoRotationPending
from hub.client import HubClient
from hub.clients import quorum
from hub.errors import HubError
from hub.messages import StoreRotationCheckpoint
from hub.quantities import Epoch
from relayers.hub_side import HubSide

log = structlog.get_logger(__name__)


class HubRotation:
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
            await self._hub_side.request_block()  # the newest block is the old set's: let there be one to be shown
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


class ChainRotation:
    """One path's part in the rotations of a chain's own validators; nothing where it has none."""

    def __init__(self, hub: HubClient, hub_side: HubSide, chain: Chain) -> None:
        self._hub = hub
        self._hub_side = hub_side
        self._chain = chain

    async def store(self) -> None:
        """Bring the chain the checkpoint that it waits for, if it waits for the hub's; raises ChainError."""
        if not await self._waits_for_hub():
            return
        try:
            await self._chain.store_hand_over()
        except ChainError:
            if await self._waits_for_hub():
                raise
            return  # another relayer brought it
        log.info("rotation checkpoint stored at the chain", path=self._chain.name)

    async def hand_over(self) -> None:
        """Take the hub's client to the set that signs the chain's blocks.

        Raises NotProvable where nothing leads on, ClientError, ChainError.
        """
        own = await self._chain.validators()
        if own is None:
            return
        if own.epoch_shown < own.epoch:
            await self._chain.request_block()  # the newest block is still the old set's: let there be one to be shown
        believed = await self._believed()
        while believed < own.epoch:
            message = await self._chain.hand_over(believed)
            try:
                await self._hub_side.submit(message)
            except HubError:
                if await self._believed() == believed:
                    raise  # else another relayer was there first
            believed = await self._believed()
            log.info("the hub's client handed over", path=self._chain.name, epoch=believed)

    async def _waits_for_hub(self) -> bool:
        own = await self._chain.validators()
        return own is not None and own.waits_for_hub

    async def _believed(self) -> Epoch:
        """The epoch that the hub's client believes; raises TypeError for a client of a chain without validators."""
        config = (await self._hub.client(self._chain.client_at_hub)).config
        if not isinstance(config, quorum.Config):
            raise TypeError(f"{self._chain.client_at_hub} is no client of a chain with validators")
        return config.validators.epoch
