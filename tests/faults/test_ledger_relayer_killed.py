"""A relayer's process is killed with a ledger's packets under way, and begins again with an empty disk."""

from pathlib import Path

import pytest

from console.devnet.processes import Supervisor
from console.members import make_relayer, tell_relayer_of_ledger
from relayers.config import load_relayer_config
from tests.e2e.network import until
from tests.e2e.trade import CARRIER, RELAYER_KEY, Trade, running_trade


class RelayerProcess:
    """``ichub relayer start`` of a home for the ledger's path."""

    def __init__(self, trade: Trade, folder: Path) -> None:
        self._home = folder / "relayer"
        config = make_relayer(self._home, "127.0.0.1:0", trade.hub.target, None, RELAYER_KEY)
        config.write_text(config.read_text().replace("[hub]\n", "[hub]\ninsecure = true\n"))
        tell_relayer_of_ledger(config, trade.file(), *trade.world.files(CARRIER))
        assert load_relayer_config(config).hub.insecure
        self._given = set(self._home.rglob("*"))
        self._supervisor = Supervisor(folder / "logs")

    def start(self) -> None:
        self._supervisor.start("relayer", ["./ichub", "relayer", "start", str(self._home)])

    def kill(self) -> None:
        """kill -9; and whatever it has written is gone."""
        self._supervisor.require_running()
        self._supervisor.kill("relayer")
        for path in set(self._home.rglob("*")) - self._given:
            if path.is_file():
                path.unlink()

    def stop(self) -> None:
        self._supervisor.stop_all()


@pytest.mark.timeout(300)
async def test_what_was_under_way_with_a_ledger_is_delivered_once(tmp_path: Path) -> None:
    """Killed between the receiving of the ledger's packets and their acknowledgements, with others not yet received.

    That nothing is delivered twice is looked at when the nodes have stopped (tests/invariants.py).
    """
    async with running_trade(tmp_path) as trade:
        relayer = RelayerProcess(trade, tmp_path)
        relayer.start()
        try:
            received = [await trade.ask_hub(f"received {number}") for number in range(3)]

            async def arrived() -> bool:
                return {one.request_id for one in (await trade.hub.requests("echo")).items} == set(received)

            await until(arrived)
            relayer.kill()
            sent = [await trade.ask_hub(f"sent {number}") for number in range(2)]
            asked = [await trade.ask_desk(f"asked {number}") for number in range(2)]
            for call in received:
                await trade.answer(call)
            assert len(await trade.ann.commitments(trade.of_hub)) == len(received) + len(sent)
            assert len(await trade.hub.commitments(trade.at_hub)) == len(asked)

            relayer.start()
            for call in received:
                assert await trade.answered_by_hub(call) == b'{"text":"back"}'
            for number, request in enumerate(asked):
                assert await trade.answered_by_desk(request) == b'{"text":"asked %d!"}' % number
            for call in sent:
                await trade.answer(call)
                assert await trade.answered_by_hub(call) == b'{"text":"back"}'

            async def nothing_is_open() -> bool:
                at_ledger = await trade.ann.commitments(trade.of_hub)
                return not at_ledger and not await trade.hub.commitments(trade.at_hub)

            await until(nothing_is_open)
        finally:
            relayer.stop()
