"""Chains that change their newest blocks, and chains that change what was final."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.network import Network, Site, running_network, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Network]:
    async with running_network(tmp_path_factory.mktemp("network"), "a", "b") as running:
        yield running


async def drop_newest(site: Site, blocks: int) -> None:
    """Replace the newest blocks by empty ones: their transactions are gone."""
    await site.anvil.rpc("anvil_reorg", blocks, [])


async def gone(site: Site, call: bytes) -> bool:
    return await site.answer(call) == ""


async def test_a_delivery_that_a_reorganisation_undid_is_made_again(network: Network) -> None:
    async with network.relayer():
        call = await network.a.greet(network.b.service, "twice delivered")
        await until(lambda: network.a.answer(call))
        await drop_newest(network.a, 1)
        assert await gone(network.a, call)
        assert await until(lambda: network.a.answer(call)) == "twice delivered"
        assert await network.a.outcomes(call) == ["result"]


async def test_a_call_that_was_undone_before_it_was_final_never_happened(network: Network) -> None:
    async with network.relayer():
        await network.a.greet(network.b.service, "undone")
        await drop_newest(network.a, 1)
        call = await network.a.greet(network.b.service, "done")  # the packet takes the other's number
        assert await until(lambda: network.a.answer(call)) == "done"


async def test_a_change_of_final_history_is_believed_by_nobody_and_stops_no_other_chain(network: Network) -> None:
    async with network.relayer() as relayer:
        beginning = await network.b.anvil.height()
        call = await network.b.greet(network.a.service, "before")
        await until(lambda: network.b.answer(call))
        await drop_newest(network.b, await network.b.anvil.height() - beginning)
        # The first takes the number of a packet that the hub has answered, and gets that answer: finality was broken,
        # and an acknowledgement names a number. The second is new to the hub, and must be proven to it.
        _, lost = [await network.b.greet(network.a.service, text) for text in ("after", "after that")]

        def value(name: str, **labels: str) -> float:
            return relayer.metrics.registry.get_sample_value(name, labels) or 0

        async def rebuilt() -> bool:
            return value("relayer_rebuilds_total", path="b") > 0

        async def halted() -> bool:
            return sum(network.b.client in one.attestor.health() for one in network.attestors) >= 2

        await until(rebuilt)
        await until(halted)
        assert await gone(network.b, lost)
        own = await network.a.greet(network.a.service, "the living")
        assert await until(lambda: network.a.answer(own)) == "the living"
        assert not any(network.a.client in one.attestor.health() for one in network.attestors)
        assert value("relayer_errors_total", path="b", reason="NOT_PROVABLE") > 0
