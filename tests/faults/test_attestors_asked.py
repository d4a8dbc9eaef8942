"""Attestors that are asked over gRPC: how many suffice, whose signature counts, and what an operator sees of one."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from adapters.errors import NotProvable
from adapters.evm.attestation import Attestors, AttestorTarget, Electorate
from adapters.evm.errors import ChainHalted
from hub.proofs.quorum import SignerSet, verify_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Height
from hub.signer import write_keystore
from relayers.attestor_config import AttestorConfig
from relayers.attestor_service import RunningAttestor, start_attestor
from tests.anvil_chain import AnvilChain, running_anvil
from tests.faults.chain_attestor import CLIENT, KEYS, SCOPE, write_chains


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    with running_anvil(31337, "--no-mining") as chain:
        yield chain


@asynccontextmanager
async def daemon(folder: Path, key: bytes, urls: list[str]) -> AsyncIterator[RunningAttestor]:
    folder.mkdir()  # noqa: ASYNC240
    write_chains(folder / "chains.toml", urls)
    write_keystore(folder / "key.json", key, "secret", iterations=2)
    config = AttestorConfig(
        "127.0.0.1:0", "127.0.0.1:0", folder / "key.json", "secret", folder / "guard", folder / "chains.toml",
        None, None, devnet=True,
    )  # fmt: skip
    running = await start_attestor(config)
    try:
        yield running
    finally:
        await running.stop()


@asynccontextmanager
async def four_attestors(anvil: AnvilChain, folder: Path) -> AsyncIterator[tuple[list[RunningAttestor], Attestors]]:
    async with AsyncExitStack() as stack:
        running = [
            await stack.enter_async_context(daemon(folder / f"attestor-{number}", KEYS[number], [anvil.url]))
            for number in range(4)
        ]
        electorate = Electorate(SCOPE, SignerSet.of_equals(1, [address_of(key) for key in KEYS[:4]]), 3)
        targets = [AttestorTarget(f"127.0.0.1:{one.port}") for one in running]
        attestors = Attestors("chain", electorate, targets, timeout_s=3.0)
        stack.push_async_callback(attestors.close)
        yield running, attestors


async def test_three_of_four_attestors_suffice_and_two_do_not(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    async with four_attestors(anvil, tmp_path) as (running, attestors):
        await running[0].stop()
        signed = await attestors.signed_header(Height(5))
        signers = SignerSet.of_equals(1, [address_of(key) for key in KEYS[:4]])
        assert verify_quorum(signers, signed.header.digest(SCOPE), signed.signature) == 3
        await running[1].stop()
        with pytest.raises(NotProvable, match="2 attestors agree, 3 are needed"):
            await attestors.signed_header(Height(6))


async def test_attestors_are_asked_again_until_the_block_is_final(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    async with four_attestors(anvil, tmp_path) as (_, attestors):
        with pytest.raises(NotProvable, match="no further answer"):
            await attestors.signed_header(Height(9))
        await anvil.mine()
        assert (await attestors.signed_header(Height(9))).header.number == 9


async def test_a_stranger_s_signature_counts_for_nothing(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    async with daemon(tmp_path / "stranger", KEYS[4], [anvil.url]) as running:
        electorate = Electorate(SCOPE, SignerSet.of_equals(1, [address_of(KEYS[0])]), 1)
        attestors = Attestors("chain", electorate, [AttestorTarget(f"127.0.0.1:{running.port}")])
        with pytest.raises(NotProvable, match="no attestor of this client"):
            await attestors.signed_header(Height(5))
        await attestors.close()


async def test_an_older_header_is_given_after_many_newer_ones(anvil: AnvilChain, tmp_path: Path) -> None:
    """An endpoint that is behind the others, asked after them."""
    await anvil.mine(20)
    async with daemon(tmp_path / "one", KEYS[0], [anvil.url]) as running:
        electorate = Electorate(SCOPE, SignerSet.of_equals(1, [address_of(KEYS[0])]), 1)
        attestors = Attestors("chain", electorate, [AttestorTarget(f"127.0.0.1:{running.port}")])
        for height in (*range(3, 13), 2):
            assert (await attestors.signed_header(Height(height))).header.number == height
        await attestors.close()


async def test_an_operator_sees_health_and_metrics(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    async with daemon(tmp_path / "one", KEYS[0], [anvil.url]) as running, aiohttp.ClientSession() as session:
        await running.attestor.attest(CLIENT, Height(5))
        async with session.get(f"http://{running.monitor_address}/metrics") as response:
            assert 'attestor_headers_signed_total{client="attested-0"} 1.0' in await response.text()
        async with session.get(f"http://{running.monitor_address}/health") as response:
            assert response.status == 200
        await anvil.rpc("anvil_reorg", 8, [])
        await anvil.mine(2)
        with pytest.raises(ChainHalted):
            await running.attestor.attest(CLIENT, Height(7))
        async with session.get(f"http://{running.monitor_address}/health") as response:
            assert response.status == 503
            assert "halted" in await response.text()
