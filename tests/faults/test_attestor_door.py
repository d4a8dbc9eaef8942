"""What a stranger can make an attestor do, over real gRPC and real TLS."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # it ships no types
from grpc_status import rpc_status
from interchain.attestor.v1 import attestor_service_pb2 as pb
from interchain.attestor.v1.attestor_service_pb2_grpc import AttestorServiceStub

from adapters.errors import NotProvable
from adapters.evm.attestation import Attestors, AttestorTarget, Electorate
from adapters.evm.errors import BlockNotFinal
from console.certificates import TlsFiles as Certificates
from console.certificates import make_certificates
from hub.proofs.quorum import SignerSet
from hub.quantities import Height
from hub.signer import KeySigner
from relayers import attestor as attestor_core
from relayers.attestor import Attestor
from relayers.attestor_guard import AttestorGuard
from relayers.attestor_service import MAX_MESSAGE_BYTES, RunningAttestor, start_attestor
from relayers.errors import InvalidConfiguration
from tests.anvil_chain import AnvilChain, Proxy, running_anvil
from tests.faults.chain_attestor import CLIENT, KEYS, SCOPE, write_chains
from tests.faults.test_hostile_endpoints import attestor_config


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    with running_anvil(31337, "--no-mining") as chain:
        yield chain


@pytest.fixture
async def proxy(anvil: AnvilChain) -> AsyncIterator[Proxy]:
    await anvil.mine(40)
    async with Proxy(anvil.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), ["localhost", "127.0.0.1"])


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("strangers"), ["localhost"])


@asynccontextmanager
async def serving(folder: Path, proxy: Proxy, **changes: Any) -> AsyncIterator[RunningAttestor]:
    write_chains(folder / "chains.toml", [proxy.url])
    running = await start_attestor(replace(attestor_config(folder, devnet=True), **changes))
    try:
        yield running
    finally:
        await running.stop()


@asynccontextmanager
async def stub_of(running: RunningAttestor, *options: Any) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}", options=options) as channel:
        yield AttestorServiceStub(channel)


def asked(number: int) -> pb.AttestRequest:
    return pb.AttestRequest(client=CLIENT, number=number)


def reason(error: grpc.aio.AioRpcError) -> str:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return str(info.reason)


async def refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    return refusal.value


def electors(running: RunningAttestor, target: AttestorTarget) -> Attestors:
    members = SignerSet.of_equals(1, [running.attestor.address])
    return Attestors("chain", Electorate(SCOPE, members, 1), [target], timeout_s=5.0)


# --- who is let in ---


async def test_over_tls_an_attestor_is_asked_by_whoever_trusts_its_authority(
    tmp_path: Path, proxy: Proxy, certificates: Certificates, strangers: Certificates
) -> None:
    async with serving(tmp_path, proxy, certificate=certificates.server, key=certificates.server_key) as running:
        target = f"localhost:{running.port}"
        attestors = electors(running, AttestorTarget(target, certificates.authority))
        assert (await attestors.signed_header(Height(5))).header.number == 5
        await attestors.close()
        for other in (AttestorTarget(target, strangers.authority), AttestorTarget(target)):
            attestors = electors(running, other)
            with pytest.raises(NotProvable, match="0 attestors agree"):
                await attestors.signed_header(Height(5))
            await attestors.close()


async def test_with_an_authority_only_those_are_served_whose_certificate_it_signed(
    tmp_path: Path, proxy: Proxy, certificates: Certificates, strangers: Certificates
) -> None:
    tls = {"certificate": certificates.server, "key": certificates.server_key, "authority": certificates.authority}
    async with serving(tmp_path, proxy, **tls) as running:
        target, root = f"localhost:{running.port}", certificates.authority
        known = AttestorTarget(target, root, (certificates.client, certificates.client_key))
        attestors = electors(running, known)
        assert (await attestors.signed_header(Height(5))).header.number == 5
        await attestors.close()
        proxy.calls.clear()
        for stranger in (
            AttestorTarget(target, root),
            replace(known, identity=(strangers.client, strangers.client_key)),
        ):
            attestors = electors(running, stranger)
            with pytest.raises(NotProvable, match="0 attestors agree"):
                await attestors.signed_header(Height(6))
            await attestors.close()
        assert proxy.calls == []


# --- what it costs ---


async def test_equal_requests_are_one_look_at_the_chain_and_what_is_signed_none(tmp_path: Path, proxy: Proxy) -> None:
    async with serving(tmp_path, proxy) as running, stub_of(running) as stub:
        first = await stub.Attest(asked(4))
        proxy.calls.clear()
        answers = await asyncio.gather(*(stub.Attest(asked(5)) for _ in range(60)))
        assert len({answer.signature for answer in answers}) == 1
        assert proxy.calls.count("eth_getBlockByNumber") <= 2  # the number before is looked at as well, and once
        proxy.calls.clear()
        assert await stub.Attest(asked(4)) == first
        assert proxy.calls == []


async def test_numbers_that_are_not_final_cost_one_look_a_moment_however_many_ask(tmp_path: Path, proxy: Proxy) -> None:
    write_chains(tmp_path / "chains.toml", [proxy.url])
    guard = AttestorGuard(tmp_path / "guard")
    attestor = Attestor(KeySigner(KEYS[0]), guard, tmp_path / "chains.toml", devnet=True, fresh_s=3600.0)
    for _ in range(2):
        asks = (attestor.attest(CLIENT, Height(number)) for number in range(1_000, 1_060))
        answers = await asyncio.gather(*asks, return_exceptions=True)
        assert all(isinstance(answer, BlockNotFinal) for answer in answers)
        await attestor.info()
    assert proxy.calls == ["eth_chainId", "eth_blockNumber"]
    await attestor.close()


async def test_more_different_headers_than_are_held_are_refused(
    tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attestor_core, "MOST_WAITING", 8)
    async with serving(tmp_path, proxy) as running, stub_of(running) as stub:
        await stub.Attest(asked(0))
        answers = await asyncio.gather(*(stub.Attest(asked(n)) for n in range(1, 31)), return_exceptions=True)
        busy = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
        assert len(busy) >= 10
        assert {(error.code(), reason(error)) for error in busy} == {
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "ATTESTOR_BUSY")
        }
        assert (await stub.Attest(asked(30))).header.number == 30


async def test_one_who_asks_too_often_is_refused_and_costs_nothing(tmp_path: Path, proxy: Proxy) -> None:
    async with serving(tmp_path, proxy, requests_per_second=5) as running, stub_of(running) as stub:
        await stub.Attest(asked(5))
        proxy.calls.clear()
        calls = [*(stub.GetInfo(pb.GetInfoRequest()) for _ in range(30)), *(stub.Attest(asked(5)) for _ in range(30))]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        errors = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
        assert len(errors) >= 40
        assert {reason(error) for error in errors} == {"RATE_LIMITED"}
        assert len(proxy.calls) <= 30


async def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path, proxy: Proxy) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = f"127.0.0.1:{holder.getsockname()[1]}"
        with pytest.raises(OSError, match=taken):
            async with serving(tmp_path, proxy, listen=taken):
                pass


async def test_a_keystore_that_the_password_does_not_open_is_said_to_be(tmp_path: Path, proxy: Proxy) -> None:
    with pytest.raises(InvalidConfiguration, match="password"):
        async with serving(tmp_path, proxy, password="another"):
            pass


async def test_a_request_is_short(tmp_path: Path, proxy: Proxy) -> None:
    async with serving(tmp_path, proxy) as running, stub_of(running) as stub:
        long = pb.AttestRequest(client="x" * (MAX_MESSAGE_BYTES + 1))
        assert (await refused(stub.Attest(long))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await refused(stub.Attest(pb.AttestRequest(client="x" * 9_000)))).code() is grpc.StatusCode.NOT_FOUND
