"""A ledger's node goes away while a relayer works: it is told, other chains are not held up, and all goes on when it is
back.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.errors import EndpointFault
from hub.quantities import Height
from relayers.ledger_chain import ledger_chain
from relayers.run import Payer, Relayer
from tests.anvil_chain import account
from tests.e2e.network import RELAYER, RHYTHM, running_network, until
from tests.e2e.trade import running_trade, trade_with


async def test_a_ledger_that_vanishes_is_told_and_stops_no_other(tmp_path: Path) -> None:
    async with running_network(tmp_path, "a") as network, trade_with(network.node, tmp_path / "ledger") as trade:
        relayer = Relayer(network.hub, Payer.of(bytes(account(RELAYER).key)), RHYTHM)
        relayer.relay({**network.targets(), "trade": trade.target()})
        try:
            await trade.call_both_ways("well")
            await trade.stop_ledger()

            async def told() -> bool:
                return "trade: chain" in relayer.health()

            await until(told)
            waiting = await trade.ask_desk("patient")
            call = await network.a.greet(network.a.service, "among the living")
            assert await until(lambda: network.a.answer(call)) == "among the living"
            assert all(part.startswith("trade: ") for part in relayer.health())
            faults = {"path": "trade", "reason": "ENDPOINT_FAULT"}
            assert relayer.metrics.registry.get_sample_value("relayer_errors_total", faults)

            await trade.start_ledger()
            assert await trade.answered_by_desk(waiting) == b'{"text":"patient!"}'
            await trade.call_both_ways("back again")

            async def well() -> bool:
                return relayer.health() == {}

            await until(well)
        finally:
            await relayer.stop()


async def test_a_relayer_that_begins_before_the_ledger_s_node_waits_for_it(tmp_path: Path) -> None:
    async with running_trade(tmp_path) as trade:
        await trade.stop_ledger()
        waiting = await trade.ask_desk("early")
        async with trade.relayer() as relayer:

            async def told() -> str:
                return relayer.health().get("trade", "")

            assert "cannot be reached" in await until(told)
            await trade.start_ledger()
            assert await trade.answered_by_desk(waiting) == b'{"text":"early!"}'
            assert "trade" not in relayer.health()


async def test_a_node_that_goes_away_in_the_middle_of_a_scan_is_a_fault(tmp_path: Path) -> None:
    async with running_trade(tmp_path) as trade:
        chain = await ledger_chain(trade.hub, trade.target())
        try:
            newest = (await chain.latest()).height
            scanning = asyncio.create_task(chain.scan(Height(1), Height(newest + 1)))

            async def reads() -> bool:
                return trade.node.measures.registry.get_sample_value("hub_watchers") == 1

            await until(reads)
            assert not scanning.done()
            await trade.stop_ledger()
            with pytest.raises(EndpointFault):
                await scanning
            await trade.start_ledger()

            async def reads_again() -> bool:
                with suppress(EndpointFault):
                    return await chain.scan(Height(1), newest) == []
                return False

            await until(reads_again)
        finally:
            await chain.close()
