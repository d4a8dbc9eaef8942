"""The hub goes away while a relayer works: its paths say so at once, and all goes on when it is back."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hub.client import HubClient
from relayers.run import Payer, Relayer
from tests.e2e.network import until
from tests.e2e.trade import RELAYER_KEY, RHYTHM, running_trade


class Wire:
    """Stands between a client and a port of this machine, and can be cut."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def join(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Nobody is there any more: what is open ends, and nothing new is taken."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, there_writer}
        try:
            await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
        finally:
            self._writers -= {writer, there_writer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.close()


async def test_a_hub_that_vanishes_is_told_at_the_next_failure(tmp_path: Path) -> None:
    """The clients are not looked at again within the test."""
    async with running_trade(tmp_path) as trade:
        wire = Wire(int(trade.hub.target.rpartition(":")[2]))
        await wire.join()
        async with await HubClient.connect(f"127.0.0.1:{wire.port}", insecure=True) as hub:
            relayer = Relayer(hub, Payer.of(RELAYER_KEY), replace(RHYTHM, clients_s=3600.0))
            relayer.relay({"trade": trade.target()})
            try:
                await trade.call_both_ways("well")
                assert relayer.health() == {}
                await wire.cut()

                async def told() -> str:
                    return relayer.health().get("trade: hub", "")

                assert "cannot be reached" in await until(told)
                call = await trade.ask_hub("patient")
                await wire.join()

                async def well() -> bool:
                    return relayer.health() == {}

                await until(well)
                await trade.answer(call)
                assert await trade.answered_by_hub(call) == b'{"text":"back"}'
            finally:
                await relayer.stop()
                await wire.cut()
