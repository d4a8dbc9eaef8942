"""A contract on one real chain calls a service that a contract on another provides: every hop proven."""

from pathlib import Path

from tests.e2e.network import running_network, until


async def test_a_call_from_a_to_b_is_answered(tmp_path: Path) -> None:
    async with running_network(tmp_path, "a", "b") as network, network.relayer():
        call = await network.a.greet(network.b.service, "hello, b")
        assert await until(lambda: network.a.answer(call)) == "hello, b"
        assert await network.a.outcomes(call) == ["result"]
        back = await network.b.greet(network.a.service, "hello, a")
        assert await until(lambda: network.b.answer(back)) == "hello, a"
