"""Light clients that would expire, attestors that hand over, endpoints that lie: the relayer keeps its path alive."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.evm.attestation import Attestors, AttestorTarget, Electorate
from adapters.evm.events import TOPICS
from adapters.evm.words import hex_of
from hub.clients.attestation import AttestationScope
from hub.clients.attested_evm import Config
from hub.clients.base import ClientStatus
from hub.messages import UpdateAttestedClient
from hub.proofs.quorum import SignerSet
from hub.quantities import Hash
from tests.anvil_chain import Proxy
from tests.e2e.network import RHYTHM, Network, Site, running_network, until


async def test_clients_are_updated_before_they_expire(tmp_path: Path) -> None:
    async with running_network(tmp_path, "a", trusting_seconds=12) as network:
        async with network.relayer(rhythm=replace(RHYTHM, clients_s=1.0)):
            idle_since = await network.a.anvil.height()
            await until(lambda: _blocks(network.a, idle_since + 26))  # twice the trusting period without a packet
            assert (await network.hub.client(network.a.client)).status is ClientStatus.ACTIVE
            call = await network.a.greet(network.a.service, "still here", within=30)
            assert await until(lambda: network.a.answer(call)) == "still here"
        idle_since = await network.a.anvil.height()
        await until(lambda: _blocks(network.a, idle_since + 14))
        await network.hub.request_block()
        assert (await network.hub.client(network.a.client)).status is ClientStatus.EXPIRED


async def _blocks(site: Site, height: int) -> bool:
    return await site.anvil.height() >= height


async def test_a_path_goes_on_after_its_attestors_handed_over(tmp_path: Path) -> None:
    async with running_network(tmp_path, "a") as network, network.relayer():
        before = await network.a.greet(network.a.service, "by the first four")
        assert await until(lambda: network.a.answer(before)) == "by the first four"
        next_set = SignerSet.of_equals(2, [one.attestor.address for one in network.attestors[1:]])
        tell(network, f'next_set_hash = "0x{next_set.hash().hex()}"\n')
        attestors = await electors(network)
        change = await attestors.hand_over(next_set)
        await attestors.close()
        await network.hub.submit([UpdateAttestedClient(network.a.client, change)], network.operator)
        tell(network, "epoch = 2\n")
        await network.attestors[0].stop()
        after = await network.a.greet(network.a.service, "by the other three")
        assert await until(lambda: network.a.answer(after)) == "by the other three"


def tell(network: Network, line: str) -> None:
    """Replace what was last told to the attestors about the chain by another line."""
    for number in range(1, len(network.attestors) + 1):
        path = network.folder / f"attestor-{number}" / "chains.toml"
        kept = [one for one in path.read_text().splitlines(keepends=True) if not one.startswith(("next_set", "epoch"))]
        path.write_text("".join(kept) + line)
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000))


async def electors(network: Network) -> Attestors:
    config = (await network.hub.client(network.a.client)).config
    assert isinstance(config, Config)
    scope = AttestationScope(
        Hash((await network.hub.status()).genesis_hash), network.a.client, config.finality_rule, config.chain_id
    )
    targets = [AttestorTarget(f"127.0.0.1:{one.port}") for one in network.attestors]
    return Attestors("a", Electorate(scope, config.attestors, config.threshold), targets)


async def test_a_lying_endpoint_beside_an_honest_one_delays_at_most(tmp_path: Path) -> None:
    async with running_network(tmp_path, "a") as network, Proxy(network.a.anvil.url) as liar:

        def lie(method: str, _: list[Any], result: Any) -> Any:
            match method:
                case "eth_getLogs":
                    return []
                case "eth_getProof":
                    return {**result, "storageProof": [{**one, "proof": []} for one in result["storageProof"]]}
                case "eth_getStorageAt":
                    return "0x" + "00" * 32
            return result

        liar.lie = lie
        endpoints = (liar.url, network.a.anvil.url)
        async with network.relayer() as relayer:
            relayer.relay({"a": replace(network.targets()["a"], endpoints=endpoints)})
            calls = [await network.a.greet(network.a.service, f"truth {number}", 3600) for number in range(3)]
            await until(lambda: asked(liar, "eth_getLogs"), patience_s=240)
            for number, call in enumerate(calls):
                assert await until(partial(network.a.answer, call), patience_s=240) == f"truth {number}"
                assert await network.a.outcomes(call) == ["result"]


async def asked(proxy: Proxy, method: str) -> bool:
    """Sooner or later: an endpoint that this machine's load made late once rests first."""
    return method in proxy.calls


SENT, WRITTEN = hex_of(TOPICS[0]), hex_of(TOPICS[2])


def altering(kind: str, at_most: int) -> Callable[[str, list[Any], Any], Any]:
    """Change the last byte of what logs of a kind say, of the first so many."""
    altered: set[str] = set()

    def lie(method: str, _: list[Any], result: Any) -> Any:
        return [alter(entry) for entry in result] if method == "eth_getLogs" else result

    def alter(entry: dict[str, Any]) -> dict[str, Any]:
        if entry["topics"][0] != kind or (entry["data"] not in altered and len(altered) == at_most):
            return entry
        altered.add(entry["data"])
        data = bytearray.fromhex(entry["data"][2:])
        place = int.from_bytes(data[96:128] if kind == SENT else data[:32], "big")
        data[place + 32 + int.from_bytes(data[place : place + 32], "big") - 1] ^= 1
        return {**entry, "data": "0x" + data.hex()}

    return lie


@pytest.mark.parametrize("kind", [SENT, WRITTEN], ids=["a packet", "an acknowledgement"])
async def test_what_an_endpoint_altered_is_read_again_by_another(tmp_path: Path, kind: str) -> None:
    async with running_network(tmp_path, "a") as network, Proxy(network.a.anvil.url) as liar:
        liar.lie = altering(kind, at_most=1000)
        endpoints = (liar.url, network.a.anvil.url)
        async with network.relayer() as relayer:
            relayer.relay({"a": replace(network.targets()["a"], endpoints=endpoints)})
            for text in ("first", "second"):
                call = await network.a.greet(network.a.service, text)
                assert await until(partial(network.a.answer, call)) == text
            assert relayer.metrics.registry.get_sample_value("relayer_rebuilds_total", {"path": "a"}) == 1


async def test_what_the_only_endpoint_altered_waits_alone(tmp_path: Path) -> None:
    async with running_network(tmp_path, "a") as network, Proxy(network.a.anvil.url) as liar:
        calls = [await network.a.greet(network.a.service, f"one of three {number}") for number in range(3)]
        liar.lie = altering(SENT, at_most=1)
        async with network.relayer() as relayer:
            relayer.relay({"a": replace(network.targets()["a"], endpoints=(liar.url,))})
            for number, call in enumerate(calls[1:], 1):
                assert await until(partial(network.a.answer, call)) == f"one of three {number}"
            assert not await network.a.answer(calls[0])
            reason = {"path": "a", "reason": "CLAIM_DISPROVED"}
            assert relayer.metrics.registry.get_sample_value("relayer_errors_total", reason)
