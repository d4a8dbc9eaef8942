"""Endpoints that answer anything at all, and what they must not learn, tell or stop."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from aiohttp import web
from interchain.attestor.v1 import attestor_service_pb2 as pb
from interchain.attestor.v1.attestor_service_pb2_grpc import AttestorServiceStub
from structlog.testing import capture_logs

from adapters.errors import ChainError, EndpointFault, EndpointsFailed
from adapters.evm import answers
from adapters.evm.contract import Contract
from adapters.evm.endpoints import Endpoint, Endpoints, public_part
from adapters.evm.errors import BlockNotFinal
from adapters.evm.finality import Depth, FinalityRule, Finalized, Safe
from adapters.evm.witness import Witness
from hub.errors import HubError
from hub.quantities import Address, Height
from hub.signer import write_keystore
from relayers.attestor_config import AttestorConfig
from relayers.attestor_guard import AttestorGuard
from relayers.attestor_service import start_attestor
from relayers.errors import GuardUnusable
from tests.anvil_chain import AnvilChain, Proxy, running_anvil
from tests.faults.chain_attestor import CLIENT, an_attestor, write_chains

ROTTEN: list[Any] = [
    None, [], {}, "", "x", "0x", "0x" + "f" * 200, "0x-5", "-0x5", 5, -1, 1.5, True, [[]], {"number": "0x1"},
    {"number": {"number": "0x1"}}, {"hash": "0x" + "00" * 32}, "0x" + "0" * 3, "\ud800", ["0x1"],
]  # fmt: skip
SECRET = "k3y-0f-the-provider"


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    with running_anvil(31337, "--no-mining") as chain:
        yield chain


@asynccontextmanager
async def answering(body: bytes, status: int = 200) -> AsyncIterator[str]:
    """An endpoint that answers everything alike; its URL, with a key in it."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type="application/json")

    application = web.Application(client_max_size=2**20)
    application.add_routes([web.post("/{anything:.*}", answer)])
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://user:{SECRET}@127.0.0.1:{runner.addresses[0][1]}/v3/{SECRET}?key={SECRET}"
    finally:
        await runner.cleanup()


# --- answers that mean nothing ---


@pytest.mark.parametrize("rule", [Depth(2), Safe(), Finalized()], ids=str)
async def test_a_rotten_answer_is_one_endpoints_fault(anvil: AnvilChain, rule: FinalityRule) -> None:
    """Whatever one endpoint says to whichever question: the two honest ones are heard."""
    await anvil.mine(10)
    async with AsyncExitStack() as stack:
        proxies = [await stack.enter_async_context(Proxy(anvil.url)) for _ in range(3)]
        witness = Witness("chain", 31337, [Endpoint(proxy.url, 2.0) for proxy in proxies], 2, rule)
        stack.push_async_callback(witness.close)
        for method in ("eth_chainId", "eth_blockNumber", "eth_getBlockByNumber"):
            for rotten in ROTTEN:
                proxies[0].lie = lambda asked, _, result, m=method, r=rotten: r if asked == m else result
                assert (await witness.final_header(await witness.final_number())).agreed >= 2


@pytest.mark.parametrize("rotten", ROTTEN, ids=repr)
async def test_rotten_answers_alone_are_refused_by_name(anvil: AnvilChain, rotten: Any) -> None:
    await anvil.mine(10)
    async with Proxy(anvil.url) as proxy:
        endpoint = Endpoint(proxy.url, 2.0)
        witness = Witness("chain", 31337, [endpoint], 1, Depth(2))
        for method in ("eth_chainId", "eth_blockNumber", "eth_getBlockByNumber"):
            proxy.lie = lambda asked, _, result, m=method: rotten if asked == m else result
            for step in (witness.final_number, lambda: witness.final_header(Height(5))):
                try:
                    await step()
                except ChainError:
                    continue
        await witness.close()


@pytest.mark.parametrize("rotten", ROTTEN, ids=repr)
async def test_a_rotten_view_is_asked_of_another(anvil: AnvilChain, rotten: Any) -> None:
    """An endpoint that answers ``eth_call`` with rubbish rests, like one that does not answer."""
    async with Proxy(anvil.url) as liar, Proxy(anvil.url) as honest:
        liar.lie = lambda *_: rotten
        honest.lie = lambda *_: "0x" + (7).to_bytes(32, "big").hex()
        endpoints = Endpoints("chain", [liar.url, honest.url], timeout_s=2.0)
        assert await Contract(endpoints, "Router", Address(b"\x11" * 20)).read("laneCount") == 7
        await endpoints.close()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[" * 200_000, b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 200_000, b'{"error":5}', b"[]", b"null",
        b'{"error":{"code":"x","message":7,"data":[1]}}', b'{"error":{"code":3,"data":{"data":{"a":1}}}}', b"\xff" * 99,
    ],
    ids=map(str, range(9)),
)  # fmt: skip
async def test_a_rotten_body_is_a_named_fault(body: bytes) -> None:
    async with answering(body) as url:
        endpoint = Endpoint(url, 2.0)
        with pytest.raises(HubError):
            await endpoint.call("eth_chainId")
        await endpoint.close()


async def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWER_BYTES", 1_000)
    async with answering(b'{"jsonrpc":"2.0","id":1,"result":"' + b"x" * 5_000 + b'"}') as url:
        endpoint = Endpoint(url, 2.0)
        with pytest.raises(EndpointFault):
            await endpoint.call("eth_chainId")
        await endpoint.close()


@pytest.mark.parametrize(
    ("answer", "deep"),
    [
        (b"[" * 32 + b"]" * 32, False),
        (b"[" * 33 + b"]" * 33, True),
        (b'{"a":' * 33, True),
        (b"[]" * 1_000, False),
        (b'["' + b"[" * 1_000 + b'"]', False),
        (b'["\\"' + b"[" * 1_000 + b'"]', False),
        (b'["\\\\"' + b"[" * 1_000, True),
        (b"]" * 40 + b"[" * 50, False),
        (b"]" * 40 + b"[" * 73, True),
    ],
)
def test_the_depth_of_an_answer_is_known_before_it_is_parsed(answer: bytes, deep: bool) -> None:
    """Brackets alone would overflow the parser's stack, and end the whole process."""
    if deep:
        with pytest.raises(ValueError, match="levels"):
            answers.refuse_deep(answer)
    else:
        answers.refuse_deep(answer)


# --- secrets ---


@pytest.mark.parametrize(("body", "status"), [(b"no", 403), (b"", 500), (b"{}", 200), (b'{"result":"x"}', 200)])
async def test_a_providers_key_stands_in_no_log_and_no_error(body: bytes, status: int) -> None:
    """Providers put their keys into URLs: neither a log nor an error that travels may name more than the host."""
    async with answering(body, status) as url, answering(body, status) as other:
        endpoints = Endpoints("chain", [url, other, f"http://127.0.0.1:1/{SECRET}"], timeout_s=2.0)
        witness = Witness("chain", 31337, list(endpoints.all), 2, Depth(2))
        with capture_logs() as logs, pytest.raises(EndpointsFailed) as failed:
            await endpoints.attempt(witness._final)
        with pytest.raises(ChainError) as disagreed:
            await witness.final_header(Height(5))
        said = json.dumps(logs) + str(failed.value) + str(failed.value.values()) + str(disagreed.value)
        assert SECRET not in said
        assert "127.0.0.1" in said
        await endpoints.close()


def test_only_the_public_part_of_a_url_is_told() -> None:
    assert public_part("https://user:pw@rpc.example.com:8443/v3/key?token=1") == "https://rpc.example.com:8443/…"
    assert public_part("http://127.0.0.1:8545") == "http://127.0.0.1:8545"
    assert public_part("http://127.0.0.1:8545/") == "http://127.0.0.1:8545"


# --- the attestor's own door ---


def attestor_config(folder: Path, *, devnet: bool) -> AttestorConfig:
    if not (folder / "key.json").exists():
        write_keystore(folder / "key.json", b"\x01" * 32, "secret", iterations=2)
    return AttestorConfig(
        "127.0.0.1:0", "127.0.0.1:0", folder / "key.json", "secret", folder / "guard", folder / "chains.toml",
        None, None, devnet,
    )  # fmt: skip


async def test_a_stranger_does_not_learn_the_attestors_endpoints(tmp_path: Path) -> None:
    """KelpDAO: the honest endpoints were flooded. Whoever does not know them cannot flood them."""
    async with answering(b"no", 403) as url:
        write_chains(tmp_path / "chains.toml", [url])
        running = await start_attestor(attestor_config(tmp_path, devnet=True))
        async with grpc.aio.insecure_channel(f"127.0.0.1:{running.port}") as channel:
            attestor = AttestorServiceStub(channel)
            for number in (0, 5):
                with pytest.raises(grpc.aio.AioRpcError) as refusal:
                    await attestor.Attest(pb.AttestRequest(client=CLIENT, number=number))
                said = f"{refusal.value.details()} {refusal.value.trailing_metadata()}"
                assert SECRET not in said
                assert "127.0.0.1" not in said
            answer = str(await attestor.GetInfo(pb.GetInfoRequest()))
            assert "127.0.0.1" not in answer
        await running.stop()


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1])
async def test_a_number_beyond_any_block_is_not_final(anvil: AnvilChain, tmp_path: Path, number: int) -> None:
    await anvil.mine(10)
    attestor = an_attestor(tmp_path, [anvil.url])
    await attestor.attest(CLIENT, Height(5))
    with pytest.raises(BlockNotFinal):
        await attestor.attest(CLIENT, Height(number))
    await attestor.close()


async def test_an_attestor_whose_guard_is_gone_does_not_start(tmp_path: Path) -> None:
    """Without it nobody knows what was signed: a second hash at one number might follow the first."""
    write_chains(tmp_path / "chains.toml", [f"http://127.0.0.1:{port}" for port in (1, 2, 3)])
    AttestorGuard(tmp_path / "guard").close()
    running = await start_attestor(attestor_config(tmp_path, devnet=False))
    await running.stop()
    (tmp_path / "guard").unlink()
    with pytest.raises(GuardUnusable):
        await start_attestor(attestor_config(tmp_path, devnet=False))
    assert not (tmp_path / "guard").exists()
