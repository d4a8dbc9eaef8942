"""Endpoints that are silent, slow, behind or lying: the next is asked, or it is said that nobody answers."""

from typing import Any

import pytest

from adapters.chain import Receive
from adapters.errors import CallRefused, EndpointsFailed, ReadingDoubted
from adapters.evm.endpoints import Endpoints
from hub.clients.base import Claims
from hub.ibc.commitment import Path, PathKind
from hub.quantities import Sequence as PacketSequence
from tests.anvil_chain import AnvilChain, Proxy, only_for
from tests.evm_hub import HERE, JoinedChain

pytest_plugins = ("tests.faults.two_endpoints",)


@pytest.mark.parametrize("fault", ["silent", "garbage"])
async def test_a_broken_endpoint_is_passed_over_and_rests(anvil: AnvilChain, proxies: list[Proxy], fault: str) -> None:
    setattr(proxies[0], fault, True)
    endpoints = Endpoints("chain", [proxy.url for proxy in proxies], timeout_s=2.0)
    for _ in range(3):
        assert await endpoints.call("eth_chainId") == "0x7a69"
    assert (len(proxies[0].calls), len(proxies[1].calls)) == (1, 3)
    await endpoints.close()


async def test_when_nobody_answers_all_faults_are_told(proxies: list[Proxy]) -> None:
    proxies[0].silent = proxies[1].garbage = True
    endpoints = Endpoints("chain", [proxy.url for proxy in proxies], timeout_s=2.0)
    with pytest.raises(EndpointsFailed) as failed:
        await endpoints.call("eth_chainId")
    assert [word in fault for word, fault in zip(("2 s", "failed"), failed.value.faults, strict=True)] == [True] * 2
    proxies[0].silent = False  # who rests is asked last, but asked
    assert await endpoints.call("eth_chainId") == "0x7a69"
    await endpoints.close()


async def test_a_refusal_is_an_answer_and_not_asked_of_everyone(proxies: list[Proxy]) -> None:
    endpoints = Endpoints("chain", [proxy.url for proxy in proxies])
    with pytest.raises(CallRefused, match="eth_noSuchThing"):
        await endpoints.call("eth_noSuchThing")
    assert (len(proxies[0].calls), len(proxies[1].calls)) == (1, 0)
    await endpoints.close()


async def test_a_false_proof_is_asked_of_another(joined: JoinedChain, proxies: list[Proxy]) -> None:
    await joined.chain.deliver(joined.hub.by_batch([Receive(joined.hub.packet(1))]))
    head = (await joined.chain.latest()).height

    def false(proof: Any) -> Any:
        nodes = proof["storageProof"][0]["proof"]
        return {**proof, "storageProof": [{**proof["storageProof"][0], "proof": [*nodes[:-1], nodes[-1][:-2] + "00"]}]}

    proxies[0].lie = only_for("eth_getProof", false)
    claims = Claims(absent=[Path(PathKind.RECEIPT, HERE, PacketSequence(2))])
    assert (await joined.chain.prove(head, claims)).storage.storage_nodes
    with pytest.raises(ReadingDoubted, match="its receipt's bit is set"):  # what is false is proven by nobody
        await joined.chain.prove(head, Claims(absent=[Path(PathKind.RECEIPT, HERE, PacketSequence(1))]))


@pytest.mark.parametrize("liar", [0, 1])
async def test_what_one_endpoint_says_is_done_is_not_left_undone(
    joined: JoinedChain, proxies: list[Proxy], liar: int
) -> None:
    """It would hold packets up, for ever where nothing else happens that gives it away."""
    await joined.send()
    await joined.send()
    await joined.chain.deliver(joined.hub.by_batch([Receive(joined.hub.packet(1))]))
    ones = {PacketSequence(1), PacketSequence(2)}
    for word in ("0x" + "00" * 32, "0x" + "ff" * 32):
        proxies[liar].lie = only_for("eth_getStorageAt", lambda _, word=word: word)
        assert await joined.chain.committed(ones) == ones
    assert await joined.chain.received(ones) == {1}
    proxies[liar].lie = None
    proxies[liar].silent = True
    assert await joined.chain.received(ones) == {1}


@pytest.mark.parametrize("silent", [0, 1])
async def test_an_endpoint_that_refuses_or_is_silent_leaves_the_others_word(proxies: list[Proxy], silent: int) -> None:
    endpoints = Endpoints("chain", [proxy.url for proxy in proxies], timeout_s=2.0)
    assert await endpoints.of_each(lambda one: one.quantity("eth_chainId")) == [31337] * 2
    with pytest.raises(CallRefused):
        await endpoints.of_each(lambda one: one.call("eth_nothing"))
    proxies[silent].silent = True
    assert await endpoints.of_each(lambda one: one.quantity("eth_chainId")) == [31337]
    proxies[1 - silent].silent = True
    with pytest.raises(EndpointsFailed):
        await endpoints.of_each(lambda one: one.quantity("eth_chainId"))
    await endpoints.close()


async def test_a_transaction_goes_out_by_whoever_takes_it(joined: JoinedChain, proxies: list[Proxy]) -> None:
    proxies[0].silent = True
    delivered = await joined.chain.deliver(joined.hub.by_batch([Receive(joined.hub.packet(1))]))
    assert delivered.height == (await joined.chain.latest()).height
