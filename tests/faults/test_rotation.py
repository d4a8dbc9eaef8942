"""The hub's validators hand over while chains run, while one of them is looked after by nobody, and after it has slept
through several rotations. Keys are the test's, chains are real.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from adapters.chain import Receive
from adapters.errors import DeliveryRefused
from adapters.evm.contract import Contract
from hub.clients.quorum import SignedCheckpoint
from hub.messages import ProposeValidatorSet, StoreRotationCheckpoint
from hub.proofs.eip712 import EvmDomain
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Address, Epoch
from tests.anvil_chain import running_anvil
from tests.e2e.network import RHYTHM, Network, Site, running_network, until
from tests.e2e.node import VALIDATOR_KEY
from tests.evm_hub import JoinedChain, joined_chain

NEXT_KEY = b"\x23" * 32
SLOW_LOOKS = replace(RHYTHM, clients_s=3600.0)
"""So that what happens quickly was set off by the hub's news."""


async def propose(network: Network, key: bytes) -> None:
    await network.hub.submit([ProposeValidatorSet(((address_of(key), 1),))], network.operator)


async def epoch(network: Network) -> int:
    return (await network.hub.rotation()).validators.epoch


async def believed(site: Site) -> int:
    """The epoch that a chain's client of the hub believes."""
    client = Contract(site.endpoints, "QuorumClient", Address(bytes.fromhex(site.chain.quorum_client[2:])))
    found: int = (await client.read("validatorSet"))[0]
    return found


async def test_a_rotation_waits_for_a_chain_that_nobody_looks_after_and_leads_it_on_when_it_wakes(
    tmp_path: Path,
) -> None:
    async with running_network(tmp_path, "a", "b", next_key=NEXT_KEY) as network:
        a, b = network.a, network.b
        async with network.relayer(rhythm=SLOW_LOOKS, only="a"):
            await propose(network, NEXT_KEY)
            await until(lambda: stored(network, a.client))
            assert (await network.hub.rotation()).missing == (b.client,)
            call = await a.greet(a.service, "by the old set")
            assert await until(lambda: a.answer(call)) == "by the old set"
            assert (await epoch(network), await believed(a)) == (1, 1)
            signed = await network.hub.checkpoint(b.client)
            await network.hub.submit([StoreRotationCheckpoint(b.client, signed)], network.operator)
            assert await epoch(network) == 2
            call = await a.greet(a.service, "by the new set")
            assert await until(lambda: a.answer(call)) == "by the new set"
            assert (await believed(a), await believed(b)) == (2, 1)
            await propose(network, VALIDATOR_KEY)  # a third set, of the first one's key: b sleeps on
            signed = await network.hub.checkpoint(b.client)
            await network.hub.submit([StoreRotationCheckpoint(b.client, signed)], network.operator)
            await until(lambda: reached(network, 3))
            call = await a.greet(a.service, "by the third")
            assert await until(lambda: a.answer(call)) == "by the third"
        assert await believed(b) == 1
        async with network.relayer(rhythm=SLOW_LOOKS):
            call = await b.greet(b.service, "after a long sleep")
            assert await until(lambda: b.answer(call)) == "after a long sleep"
            assert (await believed(a), await believed(b)) == (3, 3)


async def stored(network: Network, client: str) -> bool:
    return client in (await network.hub.rotation()).stored


async def reached(network: Network, wanted: int) -> bool:
    return await epoch(network) == wanted


# --- many keys, held by the test --------------------------------------------------------------------------------------

NEXT_KEYS = {address_of(key): key for key in (bytes([number]) * 32 for number in range(11, 16))}
NEXT_SET = SignerSet.of_equals(2, list(NEXT_KEYS))
NOBODY = SignerSet.of_equals(2, [Address(b"\x77" * 20)])


@pytest.fixture
async def joined() -> AsyncIterator[JoinedChain]:
    with running_anvil() as anvil:
        async with joined_chain(anvil) as chain:
            yield chain


def resigned(joined: JoinedChain, checkpoint: SignedCheckpoint, signers: int) -> SignedCheckpoint:
    """The same checkpoint of the next epoch, signed by so many of the next set's five."""
    shown = msgspec.structs.replace(checkpoint.checkpoint, epoch=Epoch(2), next_validator_set_hash=NEXT_SET.hash())
    digest = shown.digest(EvmDomain(joined.anvil.chain_id, joined.hub.client_contract))
    keys = dict(sorted(NEXT_KEYS.items())[:signers])
    return SignedCheckpoint(shown, sign_quorum(NEXT_SET, keys, digest))


async def test_a_client_passes_from_four_keys_to_five_others_and_believes_these_alone(joined: JoinedChain) -> None:
    naming = joined.hub.checkpoint(next_validator_set_hash=NEXT_SET.hash())
    for wrong in (NOBODY, SignerSet.of_equals(3, list(NEXT_KEYS)), SignerSet.of_equals(2, list(NEXT_KEYS)[:4])):
        with pytest.raises(DeliveryRefused, match="WrongValidatorSet"):
            await joined.chain.rotate(naming, wrong)
    with pytest.raises(DeliveryRefused):  # a checkpoint that names no other set hands over to none
        await joined.chain.rotate(joined.hub.checkpoint(), NEXT_SET)
    with pytest.raises(DeliveryRefused, match="WrongEpoch"):
        await joined.chain.update(resigned(joined, naming, 5))
    assert (await joined.chain.hub_client()).epoch == 1

    await joined.chain.rotate(naming, NEXT_SET)
    assert (await joined.chain.hub_client()).epoch == 2
    with pytest.raises(DeliveryRefused, match="WrongEpoch"):
        await joined.chain.deliver(joined.hub.by_batch([Receive(joined.hub.packet(1))]))
    newer = joined.hub.checkpoint()
    for few in (1, 3):
        with pytest.raises(DeliveryRefused, match="TooLittlePower"):
            await joined.chain.update(resigned(joined, newer, few))
    await joined.chain.update(resigned(joined, newer, 4))
    assert (await joined.chain.hub_client()).latest.height == newer.checkpoint.height
