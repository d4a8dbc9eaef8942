"""Attestors that sign two truths: the relayer, which only wanted to deliver a packet, shows the hub, which then freezes
the client. The attestors' keys are the test's; chain, hub and relayer are real.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.clients.attestation import AttestationScope, AttestedHeader
from hub.clients.attested_evm import Config, SignedHeader
from hub.clients.base import ClientStatus
from hub.events import ClientFrozen
from hub.messages import UpdateAttestedClient
from hub.proofs.quorum import sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Epoch, Hash, Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from relayers.run import Relayer
from tests.e2e.network import Network, running_network, until

KEYS = {address_of(key): key for key in (bytes([number]) * 32 for number in range(1, 4))}
"""Three of the network's four attestors, who conspire."""


def other_blocks(height: int, now: int) -> list[AttestedHeader]:
    """Blocks that the chain does not have, at every height that a relayer may prove something at soon."""
    return [forged(number, now) for number in range(height, height + 40)]


def a_block_from_later(_: int, now: int) -> list[AttestedHeader]:
    """The very first block, and a time that the chain has not reached: its true blocks then run backwards."""
    return [forged(1, now + 55)]


def forged(number: int, time: int) -> AttestedHeader:
    block_hash = Hash(number.to_bytes(32, "big"))
    return AttestedHeader(Epoch(1), Height(number), block_hash, Hash(b"\x66" * 32), UnixSeconds(time))


@pytest.mark.parametrize("lie", [other_blocks, a_block_from_later])
async def test_attestors_who_contradict_themselves_are_shown_to_the_hub(
    tmp_path: Path, lie: Callable[[int, int], list[AttestedHeader]]
) -> None:
    async with running_network(tmp_path, "a") as network:
        await network.a.greet(network.a.service, "true", within=110)
        now = (await network.hub.status()).time
        for header in lie(await network.a.anvil.height(), now):
            await network.hub.submit(
                [UpdateAttestedClient(network.a.client, await sign(network, header))], network.operator
            )
        assert (await network.hub.client(network.a.client)).status is ClientStatus.ACTIVE
        height = (await network.hub.status()).height
        async with network.relayer() as relayer:
            await until(lambda: is_frozen(network))
            await until(lambda: told(relayer))
            async for block in network.hub.watch(Height(height + 1), [ClientFrozen]):
                if block.events:
                    break
        assert await network.hub.unreceived(network.a.client, [PacketSequence(1)]) == (1,)


async def sign(network: Network, header: AttestedHeader) -> SignedHeader:
    config = (await network.hub.client(network.a.client)).config
    assert isinstance(config, Config)
    scope = AttestationScope(network.hub.genesis_hash, network.a.client, config.finality_rule, config.chain_id)
    return SignedHeader(header, sign_quorum(config.attestors, KEYS, header.digest(scope)))


async def is_frozen(network: Network) -> bool:
    return (await network.hub.client(network.a.client)).status is ClientStatus.FROZEN


async def told(relayer: Relayer) -> bool:
    return "the hub's client of the chain is frozen: replace it" in relayer.health().values()
