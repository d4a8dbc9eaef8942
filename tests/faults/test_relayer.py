"""The relayer against real chains and a real hub: bursts, races, restarts, dead chains, packets that nobody carried."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from hub.answers import RequestState, ServiceRequest
from hub.ibc.identifiers import ClientId
from tests.anvil_chain import AnvilChain
from tests.e2e.network import RHYTHM, Network, Site, running_network, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Network]:
    async with running_network(tmp_path_factory.mktemp("network"), "a", "b") as running:
        yield running


@contextmanager
def stopped(anvil: AnvilChain) -> Iterator[None]:
    """A chain whose endpoint takes connections and never answers."""
    anvil.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        anvil.process.send_signal(signal.SIGCONT)


async def answers(site: Site, calls: list[bytes]) -> list[str]:
    """Wait until every call has its answer; exactly one outcome each."""
    await until(lambda: _all(site, calls))
    for call in calls:
        assert len(await site.outcomes(call)) == 1
    return [await site.answer(call) for call in calls]


async def _all(site: Site, calls: list[bytes]) -> bool:
    return all(await asyncio.gather(*(site.answer(call) for call in calls)))


async def test_a_burst_is_carried_in_few_transactions(network: Network) -> None:
    texts = [f"greeting {number}" for number in range(24)]
    calls = await asyncio.gather(*(network.a.greet(network.b.service, text) for text in texts))
    async with network.relayer() as relayer:
        assert await answers(network.a, calls) == texts
        carried = relayer.metrics.registry.get_sample_value
        assert carried("relayer_tasks_carried_total", {"path": "a", "hop": "receive_at_hub"}) == 24
        assert carried("relayer_tasks_carried_total", {"path": "b", "hop": "receive_at_chain"}) == 24
        assert (carried("relayer_transactions_total", {"path": "b"}) or 99) <= 6
        assert carried(
            "relayer_gas_total", {"path": "b", "source": network.b.client, "lane": "4", "hop": "receive_at_chain"}
        )
        assert carried("relayer_hop_seconds_count", {"path": "a", "hop": "receive_at_hub"}) == 24
        assert (carried("relayer_hop_seconds_sum", {"path": "a", "hop": "receive_at_hub"}) or 0) > 0
        sent = {"path": "a", "source": "chain"}
        await until(lambda: _is_true(carried("relayer_backlog_packets", sent) == 0))
        assert carried("relayer_oldest_packet_seconds", sent) == 0
        assert relayer.health() == {}


async def test_two_relayers_side_by_side_deliver_everything_once(network: Network) -> None:
    async with network.relayer(key=2), network.relayer(key=3):
        texts = [f"both {number}" for number in range(6)]
        calls = [await network.a.greet(network.b.service, text) for text in texts]
        assert await answers(network.a, calls) == texts


@pytest.mark.parametrize("keeps", [False, True], ids=["begins empty", "goes on from its cursors"])
async def test_a_relayer_that_was_killed_finishes(network: Network, tmp_path: Path, keeps: bool) -> None:
    """Killed at five moments of a call's way; what it knew is gone each time, but for how far it had read."""
    again = partial(network.relayer, rhythm=replace(RHYTHM, cursor_s=0.1), cursors=tmp_path if keeps else None)
    texts = [f"late {number}" for number in range(3)]
    calls = [await network.a.greet(network.b.service, text) for text in texts]
    for seconds in (1.0, 1.5, 2.0, 2.5):
        async with again():
            await asyncio.sleep(seconds)
    async with again():
        assert await answers(network.a, calls) == texts
    assert sum(file.startswith("attested-") for file in os.listdir(tmp_path)) == (2 if keeps else 0)


async def test_a_provider_s_reason_reaches_the_caller(network: Network) -> None:
    provider = await network.b.deploy("RevertingProvider")
    await network.offer("out-of-order", network.b, provider)
    async with network.relayer():
        call = await network.a.greet("out-of-order", "hello")
        assert await answers(network.a, [call]) == ["the provider is out of order"]


async def test_a_call_that_nobody_carries_times_out_at_its_source(network: Network) -> None:
    call = await network.a.greet(network.b.service, "too late", within=6)
    height = await network.a.anvil.height()
    await until(lambda: _blocks_since(network.a, height, 8))
    async with network.relayer():
        assert await answers(network.a, [call]) == ["the call never reached the hub"]
        assert await network.a.outcomes(call) == ["timeout"]


async def _blocks_since(site: Site, height: int, blocks: int) -> bool:
    return await site.anvil.height() >= height + blocks


async def test_an_application_that_fails_waits_and_costs_nothing(network: Network) -> None:
    """The gateway of one chain is out of order when results come: no gas is paid for that, and none of them is lost."""
    site = network.a
    texts = [f"later {number}" for number in range(3)]
    calls = [await site.greet(network.b.service, text) for text in texts]
    code = await site.anvil.rpc("eth_getCode", site.chain.gateway, "latest")
    await site.anvil.rpc("anvil_setCode", site.chain.gateway, "0x5f5ffd")  # it reverts at everything
    async with network.relayer() as relayer:
        count = relayer.metrics.registry.get_sample_value
        refusals = {"path": "a", "reason": "APPLICATION_REFUSED"}
        await until(lambda: _is_true((count("relayer_errors_total", refusals) or 0) >= 4))
        assert not await _all(site, calls)
        sent = {"path": "a", "source": "chain"}
        assert (count("relayer_backlog_packets", sent) or 0) >= len(calls)
        assert (count("relayer_oldest_packet_seconds", sent) or 0) > 0
        assert not count("relayer_transactions_total", {"path": "a"})
        assert not count("relayer_tasks_carried_total", {"path": "a", "hop": "acknowledge_at_chain"})
        await site.anvil.rpc("anvil_setCode", site.chain.gateway, code)
        assert await answers(site, calls) == texts


async def test_a_dead_chain_stops_no_other_and_its_calls_end_with_504(network: Network) -> None:
    async with network.relayer() as relayer:
        await answers(network.b, [await network.b.greet(network.b.service, "well")])
        with stopped(network.b.anvil):
            doomed = await network.a.greet(network.b.service, "to the dead", within=15)
            texts = [f"among the living {number}" for number in range(3)]
            calls = [await network.a.greet(network.a.service, text) for text in texts]
            assert await answers(network.a, calls) == texts
            await until(lambda: _is_true("b: chain" in relayer.health()))
            await until(lambda: network.a.answer(doomed))
            assert await network.a.outcomes(doomed) == ["result"]
            request = await _unanswered(network)
            assert (request.code, request.state) == (504, RequestState.RESULTED)
        settled = await until(lambda: _settled(network))
        assert settled.code == 504  # the money is settled later, the result does not change
        assert await network.a.outcomes(doomed) == ["result"]
        assert await answers(network.b, [await network.b.greet(network.b.service, "alive again")]) == ["alive again"]


async def _is_true(value: bool) -> bool:
    return value


async def _unanswered(network: Network) -> ServiceRequest:
    """The one request that ended without an answer."""
    page = await network.hub.requests(network.b.service, page_size=1000)
    return next(one for one in page.items if one.code == 504)


async def _settled(network: Network) -> ServiceRequest | None:
    request = await _unanswered(network)
    return request if request.state is RequestState.SETTLED else None


async def test_a_wrong_configuration_of_one_path_stops_no_other(network: Network) -> None:
    async with AsyncExitStack() as stack:
        relayer = await stack.enter_async_context(network.relayer())
        targets = network.targets()
        targets["c"] = replace(targets["b"], name="c", client=ClientId("attested-99"))
        relayer.relay(targets)
        call = await network.a.greet(network.b.service, "still")
        assert await answers(network.a, [call]) == ["still"]
        assert "c" in relayer.health()
        del targets["c"]
        relayer.relay(targets)
        assert "c" not in relayer.health()
