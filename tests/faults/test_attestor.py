"""The attestor before lying, silent and contradicting endpoints, before changed history, and after restarts."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.evm import witness
from adapters.evm.errors import (
    AlreadySigned,
    BlockNotFinal,
    ChainHalted,
    NoAgreement,
    NotAttested,
    SetChangeNotApproved,
)
from adapters.evm.witness import Witness
from hub.clients.attestation import AttestationScope, set_change_digest
from hub.ibc.identifiers import ClientId
from hub.proofs.signatures import address_of, recover
from hub.quantities import Epoch, Hash, Height
from relayers.attestor import Attestor
from relayers.attestor_guard import AttestorGuard, GuardScope
from tests.anvil_chain import AnvilChain, Lie, Proxy, running_anvil
from tests.faults.chain_attestor import CLIENT, GENESIS, KEYS, SCOPE, an_attestor

PATIENCE_S = 20.0


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    with running_anvil(31337, "--no-mining") as chain:
        yield chain


@asynccontextmanager
async def attestor_behind(
    anvil: AnvilChain, folder: Path, count: int = 3, timeout_s: float = 2.0
) -> AsyncIterator[tuple[Attestor, list[Proxy]]]:
    async with AsyncExitStack() as stack:
        proxies = [await stack.enter_async_context(Proxy(anvil.url)) for _ in range(count)]
        attestor = an_attestor(folder, [proxy.url for proxy in proxies], timeout_s=timeout_s)
        stack.push_async_callback(attestor.close)
        yield attestor, proxies


def with_field(name: str, value: str) -> Lie:
    """Blocks with one field changed, so that they no longer hash to their hash."""

    def lie(method: str, _: list[Any], result: Any) -> Any:
        return {**result, name: value} if method == "eth_getBlockByNumber" and result else result

    return lie


async def test_a_header_that_all_agree_on_is_signed(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    async with attestor_behind(anvil, tmp_path) as (attestor, _):
        header, signature = await attestor.attest(CLIENT, Height(5))
        block = await anvil.rpc("eth_getBlockByNumber", "0x5", False)
        assert ("0x" + header.block_hash.hex(), "0x" + header.state_root.hex()) == (block["hash"], block["stateRoot"])
        assert recover(header.digest(SCOPE), signature) == address_of(KEYS[0])
        newest, _ = await attestor.attest(CLIENT, Height(0))
        assert newest.number == 8


async def test_a_lying_endpoint_beside_silent_honest_ones_convinces_nobody(anvil: AnvilChain, tmp_path: Path) -> None:
    """KelpDAO 2026: honest endpoints flooded, a poisoned one believed."""
    with running_anvil(31337, "--no-mining", "--timestamp=1700000000") as forged:
        await anvil.mine(10)
        await forged.mine(10)
        async with attestor_behind(anvil, tmp_path) as (attestor, proxies):
            proxies[0].upstream = forged.url
            for honest in proxies[1:]:
                honest.silent = True
            with pytest.raises(NoAgreement):
                await attestor.attest(CLIENT, Height(5))
            with pytest.raises(NoAgreement):
                await attestor.attest(CLIENT, Height(0))


async def test_a_consistent_lie_of_a_minority_is_outvoted(anvil: AnvilChain, tmp_path: Path) -> None:
    with running_anvil(31337, "--no-mining", "--timestamp=1700000000") as forged:
        await anvil.mine(10)
        await forged.mine(10)
        async with attestor_behind(anvil, tmp_path) as (attestor, proxies):
            proxies[0].upstream = forged.url
            header, _ = await attestor.attest(CLIENT, Height(5))
            assert "0x" + header.block_hash.hex() == (await anvil.rpc("eth_getBlockByNumber", "0x5", False))["hash"]
            assert attestor.registry.get_sample_value("attestor_endpoint_dissent_total", {"client": CLIENT}) == 1


@pytest.mark.parametrize(
    "field", ["stateRoot", "timestamp", "number", "parentHash", "extraData", "hash", "requestsHash"]
)
async def test_a_header_that_does_not_hash_to_its_hash_has_no_vote(
    anvil: AnvilChain, tmp_path: Path, field: str
) -> None:
    await anvil.mine(10)
    async with attestor_behind(anvil, tmp_path) as (attestor, proxies):
        for proxy in proxies[:2]:
            proxy.lie = with_field(field, "0x" + "ab" * (8 if field in ("timestamp", "number") else 32))
        with pytest.raises(NoAgreement, match=r"hash|answered block|malformed"):
            await attestor.attest(CLIENT, Height(5))


@pytest.mark.parametrize("fault", ["silent", "garbage"])
async def test_one_broken_endpoint_of_three_stops_nothing(anvil: AnvilChain, tmp_path: Path, fault: str) -> None:
    await anvil.mine(10)
    async with attestor_behind(anvil, tmp_path) as (attestor, proxies):
        setattr(proxies[1], fault, True)
        header, _ = await attestor.attest(CLIENT, Height(5))
        assert header.number == 5


async def test_an_endpoint_that_hangs_holds_up_no_signature(
    anvil: AnvilChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relayer waits for ten seconds, and a header is three looks at the chain."""
    monkeypatch.setattr(witness, "LATE_S", 0.05)
    await anvil.mine(10)
    async with attestor_behind(anvil, tmp_path, count=4, timeout_s=3600.0) as (attestor, proxies):
        proxies[2].silent = True
        async with asyncio.timeout(PATIENCE_S):
            for number, signed in ((5, 5), (7, 7), (0, 8)):
                assert (await attestor.attest(CLIENT, Height(number)))[0].number == signed
            with pytest.raises(BlockNotFinal):
                await attestor.attest(CLIENT, Height(9))


@pytest.mark.parametrize(
    ("heights", "late", "certain"),
    [
        ([8, 8, 8], 1, True),
        ([9, 8, 8], 1, True),
        ([9, 9, 8], 1, False),  # with one more at 9 a quorum calls 9 final
        ([9, 8], 2, False),
        ([8, 8], 0, False),
        ([8, 8, 8], 0, True),
        ([9, 9, 8], 0, True),
        ([9, 9, 9, 0], 0, True),
    ],
)
def test_what_is_final_is_certain_once_nobody_can_change_it(heights: list[int], late: int, certain: bool) -> None:
    four = Witness("chain", 1, [None] * 4, 3, None)  # type: ignore[list-item, arg-type]
    assert four._is_certain([Height(height) for height in heights], late) is certain


async def test_slow_endpoints_are_asked_once_however_often_one_asks(
    anvil: AnvilChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Witness] = []
    final_number = Witness.final_number

    def counted(self: Witness) -> Any:
        looks.append(self)
        return final_number(self)

    monkeypatch.setattr(Witness, "final_number", counted)
    async with attestor_behind(anvil, tmp_path, count=1, timeout_s=3600.0) as (attestor, (proxy,)):
        proxy.silent = True
        asked = []
        for _ in range(5):
            asked.append(asyncio.create_task(attestor.info()))
            for _ in range(5):
                await asyncio.sleep(0)
        assert len(looks) == 1
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)


async def test_an_endpoint_of_another_chain_has_no_vote(anvil: AnvilChain, tmp_path: Path) -> None:
    with running_anvil(1, "--no-mining") as other:
        await anvil.mine(10)
        await other.mine(10)
        async with attestor_behind(anvil, tmp_path) as (attestor, proxies):
            for proxy in proxies[:2]:
                proxy.upstream = other.url
            with pytest.raises(NoAgreement, match="chain 1, not 31337"):
                await attestor.attest(CLIENT, Height(5))


async def test_what_is_not_final_is_not_signed(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    async with attestor_behind(anvil, tmp_path) as (attestor, proxies):
        with pytest.raises(BlockNotFinal):
            await attestor.attest(CLIENT, Height(9))
        await attestor.attest(CLIENT, Height(8))

        def far_ahead(method: str, _: list[Any], result: Any) -> Any:
            return hex(10**6) if method == "eth_blockNumber" else result

        proxies[0].lie = far_ahead  # one alone cannot make a block final
        with pytest.raises((BlockNotFinal, NoAgreement)):
            await attestor.attest(CLIENT, Height(9))


async def test_a_reorganisation_below_finality_halts_the_chain_for_good(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    async with attestor_behind(anvil, tmp_path) as (attestor, proxies):
        signed, _ = await attestor.attest(CLIENT, Height(8))
        await anvil.rpc("anvil_reorg", 5, [])  # blocks 6 to 10 are replaced
        await anvil.mine(5)
        with pytest.raises(ChainHalted) as halted:
            await attestor.attest(CLIENT, Height(12))
        assert (halted.value.number, halted.value.signed_hash) == (8, signed.block_hash)
        assert CLIENT in attestor.health()
        assert attestor.registry.get_sample_value("attestor_halted", {"client": CLIENT}) == 1
        again = an_attestor(tmp_path, [proxy.url for proxy in proxies], epoch=2)
        with pytest.raises(ChainHalted, match="new keys"):  # a restart does not forget, nor does another epoch
            await again.attest(CLIENT, Height(3))
        await again.close()


async def test_a_reorganisation_above_finality_halts_nothing(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    async with attestor_behind(anvil, tmp_path) as (attestor, _):
        await attestor.attest(CLIENT, Height(8))
        await anvil.rpc("anvil_reorg", 2, [])
        await anvil.mine(5)
        header, _ = await attestor.attest(CLIENT, Height(11))
        assert header.number == 11


async def test_old_history_is_checked_against_what_was_signed_above_it(anvil: AnvilChain, tmp_path: Path) -> None:
    """A number below the signed ones is signed only in the chain that was signed."""
    await anvil.mine(10)
    async with attestor_behind(anvil, tmp_path) as (attestor, _):
        await attestor.attest(CLIENT, Height(8))
        await anvil.rpc("anvil_reorg", 7, [])
        await anvil.mine(2)
        with pytest.raises(ChainHalted):
            await attestor.attest(CLIENT, Height(6))


async def test_never_two_hashes_at_one_number(tmp_path: Path) -> None:
    guard = AttestorGuard(tmp_path / "guard")
    mine = GuardScope(address_of(KEYS[0]), GENESIS, CLIENT)
    other = GuardScope(address_of(KEYS[0]), GENESIS, "attested-1")
    guard.admit_header(mine, Height(5), Hash(b"\x01" * 32))
    guard.admit_header(mine, Height(5), Hash(b"\x01" * 32))
    guard.admit_header(other, Height(5), Hash(b"\x02" * 32))
    with pytest.raises(AlreadySigned):
        guard.admit_header(mine, Height(5), Hash(b"\x02" * 32))
    guard.close()
    reopened = AttestorGuard(tmp_path / "guard")
    with pytest.raises(AlreadySigned):
        reopened.admit_header(mine, Height(5), Hash(b"\x02" * 32))
    reopened.admit_set_change(mine, Epoch(1), Hash(b"\x03" * 32))
    with pytest.raises(AlreadySigned):
        reopened.admit_set_change(mine, Epoch(1), Hash(b"\x04" * 32))
    reopened.close()


async def test_the_chains_file_is_read_again_when_it_changes(anvil: AnvilChain, tmp_path: Path) -> None:
    await anvil.mine(10)
    attestor = an_attestor(tmp_path, [anvil.url])
    with pytest.raises(NotAttested):
        await attestor.attest("attested-1", Height(5))
    path = tmp_path / "chains.toml"
    more = f'[attested-1]\nchain_id = 31337\nfinality = "depth:1"\nendpoints = ["{anvil.url}"]\n'
    path.write_text(path.read_text() + "\n" + more)
    os.utime(path, ns=(0, 123))
    header, signature = await attestor.attest("attested-1", Height(5))
    scope = AttestationScope(GENESIS, ClientId("attested-1"), "depth:1", 31337)
    assert recover(header.digest(scope), signature) == attestor.address
    path.write_text("this is no TOML")
    os.utime(path, ns=(0, 456))
    await attestor.attest("attested-1", Height(6))  # the last good one stays in use
    await attestor.close()


async def test_a_hand_over_is_signed_only_as_the_operator_approved_it(anvil: AnvilChain, tmp_path: Path) -> None:
    approved = Hash(b"\x77" * 32)
    attestor = an_attestor(tmp_path, [anvil.url], next_set_hash="0x" + approved.hex())
    signature = await attestor.attest_set_change(CLIENT, Epoch(1), approved)
    assert recover(set_change_digest(SCOPE, Epoch(1), approved), signature) == attestor.address
    for epoch, next_set in ((1, b"\x78" * 32), (2, approved)):
        with pytest.raises(SetChangeNotApproved):
            await attestor.attest_set_change(CLIENT, Epoch(epoch), Hash(next_set))
    await attestor.close()


def test_a_quorum_of_endpoints_is_at_least_a_majority() -> None:
    for count in range(1, 8):
        for quorum in range(count + 2):
            fits = count // 2 < quorum <= count
            try:
                Witness("chain", 1, [None] * count, quorum, None)  # type: ignore[list-item, arg-type]
            except ValueError:
                assert not fits
            else:
                assert fits
