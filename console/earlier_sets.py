"""The validators of earlier epochs, of the hub and of ledgers: their states still show how each set handed over.

Nothing of it is believed: ``hub.receipts.succession`` verifies each step, from a first set that somebody vouches for.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.genesis import LedgerGenesis
from hub.accounts.errors import RotationCheckpointNotFound
from hub.answers import RotationCheckpoint
from hub.client import HubClient
from hub.errors import HubError
from hub.genesis import Genesis
from hub.proofs.eip712 import SaltDomain
from hub.quantities import Epoch
from hub.receipts.succession import HandOver, succession, with_chain, with_hub
from hub.receipts.trust import Anchor, OwnChain, Trust


class Followed(NamedTuple):
    """What was found: ``trust`` with all sets that are proven, and the last epoch to which hand-overs lead. A later one
    stands there because it was told, and for nothing else.
    """

    trust: Trust
    proven_to: Epoch


def founders(genesis: bytes) -> OwnChain:
    """The hub or the ledger of a genesis file in its first epoch; its hash is worked out, and told by nobody.

    Raises InvalidGenesis, InvalidLedgerGenesis.
    """
    try:
        of_hub = Genesis.from_json(genesis)
    except HubError:
        of_ledger = LedgerGenesis.from_json(genesis)
        return OwnChain(of_ledger.chain_id, of_ledger.hash(), of_ledger.signers)
    return OwnChain(of_hub.chain_id, of_hub.hash(), of_hub.validators)


async def with_hub_sets(hub: HubClient, trust: Trust, first: OwnChain) -> Followed:
    """The hub's sets from ``first`` up to the present one, each proven by the one before.

    As far as hand-overs are kept: a set that changed when no chain was connected has none, and signed for nobody.
    Raises InvalidTrust.
    """
    anchors = {anchor.client: anchor for anchor in trust.chains}

    async def step(epoch: Epoch) -> HandOver | None:
        for client, anchor in anchors.items():  # one that was connected later has none
            if (found := await _kept(hub.rotation_checkpoint, client, epoch)) is not None:
                domain = trust.domain(client, found.signed.checkpoint.height)
                return HandOver(client, anchor.counterparty.client, domain, found.signed, found.next_set)
        return None

    proven = await _followed(first, trust.hub[-1].epoch, step)
    return Followed(with_hub(trust, proven), proven[-1].epoch)


async def with_ledger_sets(ledger: LedgerClient, trust: Trust, anchor: Anchor, first: OwnChain) -> Followed:
    """The same for the ledger of an anchor, up to the set in which it is told; raises InvalidTrust."""
    source, domain = anchor.counterparty.client, SaltDomain(trust.genesis_hash)

    async def step(epoch: Epoch) -> HandOver | None:
        found = await _kept(ledger.rotation_checkpoint, source, epoch)
        return None if found is None else HandOver(source, anchor.client, domain, found.signed, found.next_set)

    proven = await _followed(first, anchor.chain.epoch, step)
    return Followed(with_chain(trust, anchor, proven), proven[-1].epoch)


async def _followed(
    first: OwnChain, last: Epoch, step: Callable[[Epoch], Awaitable[HandOver | None]]
) -> Sequence[OwnChain]:
    steps: list[HandOver] = []
    for epoch in range(first.epoch, last):
        found = await step(Epoch(epoch))
        if found is None:
            break
        steps.append(found)
    return succession(first, steps)


async def _kept(
    ask: Callable[[str, Epoch], Awaitable[RotationCheckpoint]], client: str, epoch: Epoch
) -> RotationCheckpoint | None:
    with suppress(RotationCheckpointNotFound):
        return await ask(client, epoch)
    return None
