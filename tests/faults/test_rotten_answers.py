"""A chain whose only endpoint answers one question with rubbish: what the relayer does then fails by a name of ours,
or does not fail. Anything else would begin the whole path anew.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from adapters.chain import PacketEvent, Receive
from hub.clients.base import Claims
from hub.errors import HubError
from hub.ibc.commitment import Path, PathKind
from hub.quantities import Height
from hub.quantities import Sequence as PacketSequence
from tests.anvil_chain import Proxy, running_anvil
from tests.evm_hub import AT_HUB, HERE, JoinedChain, joined_chain
from tests.faults.test_hostile_endpoints import ROTTEN

HUGE = "0x" + "f" * 66
MORE_ROTTEN: list[Any] = [
    *ROTTEN, HUGE, "0x" + "f" * 16, [None], [{}], ["x"], {"topics": []},
    [{"topics": [], "data": "0x", "blockNumber": "0x1"}],
    [{"topics": ["0x"], "data": "0x", "blockNumber": "0x1", "logIndex": "0x0", "transactionHash": "0x"}],
    {"accountProof": None, "storageProof": None}, {"accountProof": [[]], "storageProof": [{}]},
    {"blockNumber": "0x1"}, {"blockNumber": 1, "status": "0x1"}, {"blockNumber": "0x1", "status": HUGE},
    "0x" + "00" * 31 + "07", "0x" + "ff" * 96, "0x" + "00" * 64,
]  # fmt: skip
METHODS = (
    "eth_getBlockByNumber", "eth_getLogs", "eth_call", "eth_getStorageAt", "eth_getProof", "eth_estimateGas",
    "eth_getTransactionCount", "eth_maxPriorityFeePerGas", "eth_getTransactionReceipt", "eth_sendRawTransaction",
    "eth_blockNumber",
)  # fmt: skip
CLAIMS = Claims(absent=(Path(PathKind.RECEIPT, HERE, PacketSequence(900)),))


@pytest.fixture
async def lied_to() -> AsyncIterator[tuple[JoinedChain, Proxy]]:
    with running_anvil() as anvil:
        async with Proxy(anvil.url) as proxy, joined_chain(anvil, [proxy.url], patience_s=0.05) as joined:
            await joined.send()
            await anvil.mine(20)
            yield joined, proxy


def everything_a_relayer_does(joined: JoinedChain) -> list[Callable[[], Awaitable[object]]]:
    chain, hub = joined.chain, joined.hub
    ones = {PacketSequence(1)}
    return [
        chain.latest,
        chain.finalised,
        lambda: chain.scan(Height(1), Height(20)),
        lambda: chain.committed(ones),
        lambda: chain.received(ones),
        lambda: chain.prove(Height(20), CLAIMS),
        chain.hub_client,
        lambda: chain.deliver(hub.by_batch([Receive(hub.packet(1_000))])),
        lambda: chain.update(hub.checkpoint()),
    ]


@pytest.mark.parametrize("method", METHODS)
async def test_a_rotten_answer_fails_by_name(lied_to: tuple[JoinedChain, Proxy], method: str) -> None:
    joined, proxy = lied_to
    for rotten in MORE_ROTTEN:
        proxy.lie = lambda asked, _, result, r=rotten: r if asked == method else result
        for act in everything_a_relayer_does(joined):
            with suppress(HubError):
                await act()
        joined.chain.forget()
    proxy.lie = None
    assert (await joined.chain.hub_client()).epoch == 1
    events = [entry.event for entry in await joined.chain.scan(Height(1), Height(20))]
    assert AT_HUB in {event.destination_client for event in events if isinstance(event, PacketEvent)}
