"""Headers as JSON-RPC gives them, and finality rules as people write them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.evm.endpoints import Endpoint
from adapters.evm.finality import Depth, FinalityLag, Finalized, Safe, final_height, finality_lag, finality_rule
from adapters.evm.header import header_of
from hub.quantities import Seconds
from tests.anvil_chain import AnvilChain, running_anvil

BLOCK_SECONDS = 12
HARDFORKS = ("london", "paris", "shanghai", "cancun", "prague", "osaka")


@pytest.fixture(scope="module")
def anvil() -> Iterator[AnvilChain]:
    with running_anvil(31337, "--no-mining") as chain:
        asyncio.run(chain.rpc("anvil_mine", "0xa", hex(BLOCK_SECONDS)))
        yield chain


@pytest.fixture
async def block(anvil: AnvilChain) -> dict[str, Any]:
    found: dict[str, Any] = await anvil.rpc("eth_getBlockByNumber", "0x7", False)
    return found


@pytest.mark.parametrize("hardfork", HARDFORKS)
async def test_every_fork_s_header_hashes_to_its_hash(hardfork: str) -> None:
    with running_anvil(31337, "--no-mining", f"--hardfork={hardfork}") as chain:
        await chain.mine(2)
        found = await chain.rpc("eth_getBlockByNumber", "0x2", False)
        header = header_of(found)
        assert (header.number, "0x" + header.hash.hex()) == (2, found["hash"])
        assert "0x" + header.state_root.hex() == found["stateRoot"]


def hashed_fields(block: dict[str, Any]) -> list[str]:
    return [name for name in block if name not in ("totalDifficulty", "size", "uncles", "transactions", "withdrawals")]


async def test_any_changed_field_is_noticed(block: dict[str, Any]) -> None:
    fields = hashed_fields(block)
    assert len(fields) == 22
    for name in fields:
        value = block[name]
        changed = "0x00" if value == "0x" else value[:-1] + ("1" if value[-1] == "0" else "0")
        with pytest.raises(ValueError, match="hash"):
            header_of({**block, name: changed})


async def test_any_missing_field_is_noticed(block: dict[str, Any]) -> None:
    for name in hashed_fields(block):
        with pytest.raises((KeyError, ValueError)):
            header_of({key: value for key, value in block.items() if key != name})


@pytest.mark.parametrize("bad", [None, 7, "7", "0x", "0xzz", [], "-0x1"])
async def test_what_is_no_number_is_refused(block: dict[str, Any], bad: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        header_of({**block, "number": bad})


@pytest.mark.parametrize(
    ("text", "rule"), [("depth:0", Depth(0)), ("depth:12", Depth(12)), ("safe", Safe()), ("finalized", Finalized())]
)
def test_a_finality_rule_is_read_and_written_the_same(text: str, rule: object) -> None:
    assert finality_rule(text) == rule
    assert str(rule) == text


@pytest.mark.parametrize(
    "text", ["", "depth", "depth:", "depth:-1", "depth:01", "depth:+1", "depth:1:2", "latest", "Safe", "depth:٣"]
)
def test_anything_else_is_no_finality_rule(text: str) -> None:
    with pytest.raises(ValueError, match="finality rule"):
        finality_rule(text)


@pytest.mark.parametrize(
    ("text", "height"), [("depth:0", 10), ("depth:3", 7), ("depth:50", 0), ("safe", 9), ("finalized", 8)]
)
async def test_what_is_final_follows_the_rule(anvil: AnvilChain, text: str, height: int) -> None:
    endpoint = Endpoint(anvil.url, 5.0)
    assert await final_height(endpoint, finality_rule(text)) == height
    await endpoint.close()


@pytest.mark.parametrize(("text", "blocks"), [("depth:0", 0), ("depth:3", 3), ("safe", 1), ("finalized", 2)])
async def test_the_final_block_is_so_far_behind_the_head(anvil: AnvilChain, text: str, blocks: int) -> None:
    endpoint = Endpoint(anvil.url, 5.0)
    lag = await finality_lag(endpoint, finality_rule(text))
    assert lag == FinalityLag(blocks, Seconds(blocks * BLOCK_SECONDS))
    await endpoint.close()


async def test_while_only_the_genesis_is_final_nothing_is_measured(anvil: AnvilChain) -> None:
    endpoint = Endpoint(anvil.url, 5.0)
    assert await finality_lag(endpoint, Depth(10)) is None
    assert await finality_lag(endpoint, Depth(9)) is not None
    await endpoint.close()
