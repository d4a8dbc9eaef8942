"""The gRPC server: who may come in, what is said about it, and what a call costs that asks for too much."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # it ships no types
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from interchain.hub.v1 import (
    block_service_pb2,
    block_service_pb2_grpc,
    checkpoint_service_pb2,
    checkpoint_service_pb2_grpc,
    query_service_pb2,
    query_service_pb2_grpc,
    transaction_service_pb2,
    transaction_service_pb2_grpc,
    tx_pb2,
)

from console.certificates import TlsFiles as Certificates
from console.certificates import make_certificates
from hub.client import HubClient
from hub.engine.embedded import EngineOptions
from hub.engine.threads import HEAVY
from hub.messages import Transaction, Transfer
from hub.node import Node, NodeConfig, running_node
from hub.quantities import Amount, Gas, UnixSeconds
from hub.rpc import views
from hub.rpc.checkpoints import AT_ONCE
from hub.rpc.errors import HubUnreachable, UnknownRefusal
from hub.rpc.serving import TlsFiles
from hub.rpc.wire import encode_transaction
from tests.unit.node_world import ADDRESSES, OPERATOR, SIGNERS, SOMEONE, START, VALIDATOR, StillClock, genesis

PATIENCE_S = 20.0
PATH = b"quorum-0\x01" + bytes(8)
PAYMENT = Transfer(ADDRESSES[VALIDATOR], Amount(1))
SERVICES = [f"interchain.hub.v1.{name}Service" for name in ("Transaction", "Block", "Checkpoint", "Query")]


@asynccontextmanager
async def serving(folder: Path, **changes: Any) -> AsyncIterator[Node]:
    fields: dict[str, Any] = {"listen": "127.0.0.1:0", "metrics": "127.0.0.1:0", "engine": EngineOptions(gather=0.0)}
    config = NodeConfig(genesis(), folder / "store", folder / "guard", **(fields | changes))
    async with running_node(config, SIGNERS[VALIDATOR], StillClock()) as node:
        yield node


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
async def channel(node: Node) -> AsyncIterator[grpc.aio.Channel]:
    """A client that is not ours: any gRPC client of any language."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.port}") as opened:
        yield opened


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), ["localhost", "127.0.0.1"])


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("strangers"), ["localhost"])


def refused(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "interchain-hub"
    return info


async def test_tls_lets_in_whoever_trusts_the_authority(
    tmp_path: Path, certificates: Certificates, strangers: Certificates
) -> None:
    async with serving(tmp_path, tls=TlsFiles(certificates.server, certificates.server_key)) as node:
        target = f"localhost:{node.port}"
        async with await HubClient.connect(target, root_certificate=certificates.authority) as hub:
            assert (await hub.status()).chain_id == "hub-test"
        wrong: tuple[dict[str, Any], ...] = ({"root_certificate": strangers.authority}, {}, {"insecure": True})
        for options in wrong:
            with pytest.raises(HubUnreachable):
                await HubClient.connect(target, timeout_seconds=5, **options)


async def test_mutual_tls_lets_in_whom_the_authority_signed(
    tmp_path: Path, certificates: Certificates, strangers: Certificates
) -> None:
    tls = TlsFiles(certificates.server, certificates.server_key, certificates.authority)
    async with serving(tmp_path, tls=tls) as node:
        target, root = f"localhost:{node.port}", certificates.authority
        good: dict[str, Any] = {"certificate": certificates.client, "key": certificates.client_key}
        async with await HubClient.connect(target, root_certificate=root, **good) as hub:
            assert (await hub.status()).height == 0
        wrong: tuple[dict[str, Any], ...] = ({}, {"certificate": strangers.client, "key": strangers.client_key})
        for bad in wrong:
            with pytest.raises(HubUnreachable):
                await HubClient.connect(target, root_certificate=root, timeout_seconds=5, **bad)


async def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(OSError, match=f"127.0.0.1:{port}"):
            async with serving(tmp_path, listen=f"127.0.0.1:{port}"):
                pass
    async with serving(tmp_path):  # the store and the guard were let go
        pass


async def test_health_and_reflection_serve_any_client(channel: grpc.aio.Channel) -> None:
    typed_for_the_blocking_one: Any = channel
    health: Any = health_pb2_grpc.HealthStub(channel)  # its types know no method
    for service in ("", *SERVICES):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflection: Any = reflection_pb2_grpc.ServerReflectionStub(typed_for_the_blocking_one)
    asked = reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    answer = await asked.read()
    assert set(SERVICES) <= {service.name for service in answer.list_services_response.service}
    asked.cancel()


async def test_metrics_and_health_are_served_for_prometheus(node: Node) -> None:
    async with await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as hub:
        await hub.submit([Transfer(ADDRESSES[VALIDATOR], Amount(1))], SIGNERS[OPERATOR])
        with pytest.raises(Exception, match="fund it first"):
            await hub.submit([Transfer(ADDRESSES[VALIDATOR], Amount(10**9))], SIGNERS[SOMEONE], simulate=False)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{node.metrics_port}") as session:
        async with session.get("/metrics") as answer:
            lines = (await answer.text()).splitlines()
        async with session.get("/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")
    for line in (
        "hub_height 2.0",
        'hub_transactions_total{result="ok"} 1.0',
        'hub_transactions_total{result="refused"} 1.0',
        'hub_refusals_total{reason="INSUFFICIENT_FUNDS"} 1.0',
        'hub_events_total{kind="Transferred"} 1.0',
        "hub_block_seconds_count 2.0",
        'hub_rpc_calls_total{code="OK",method="Submit"} 1.0',
        'hub_rpc_calls_total{code="FAILED_PRECONDITION",method="Submit"} 1.0',
    ):
        assert line in lines


async def test_a_refusal_is_a_rich_status(channel: grpc.aio.Channel) -> None:
    queries = query_service_pb2_grpc.QueryServiceStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await queries.GetClient(query_service_pb2.GetClientRequest(client="quorum-9"))
    assert error.value.code() is grpc.StatusCode.NOT_FOUND
    assert error.value.details() == "there is no client quorum-9: create it, or check its name"
    info = refused(error.value)
    assert (info.reason, dict(info.metadata)) == ("CLIENT_NOT_FOUND", {"client": "quorum-9"})


async def test_fields_that_nobody_knows_are_refused(channel: grpc.aio.Channel) -> None:
    unknown = query_service_pb2.GetAccountRequest.FromString(b"\x0a\x14" + bytes(20) + b"\x98\x06\x01")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await query_service_pb2_grpc.QueryServiceStub(channel).GetAccount(unknown)
    assert refused(error.value).reason == "UNKNOWN_FIELDS"


@pytest.mark.parametrize(
    ("size", "token", "reason"),
    [
        (1001, "", "INVALID_ARGUMENT"),
        (1, "???", "INVALID_PAGE_TOKEN"),
        (1, "AAAAAAAAAAAAAAAA", "INVALID_PAGE_TOKEN"),
        (1, "ü", "INVALID_PAGE_TOKEN"),
    ],
)
async def test_pages_that_cannot_be_are_refused(channel: grpc.aio.Channel, size: int, token: str, reason: str) -> None:
    queries = query_service_pb2_grpc.QueryServiceStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await queries.ListLanes(query_service_pb2.ListLanesRequest(page_size=size, page_token=token))
    assert refused(error.value).reason == reason
    for tokens in ("_w==", "gqFh", "k6FhoWKhYw=="):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await queries.ListBindings(query_service_pb2.ListBindingsRequest(page_token=tokens))
        assert refused(error.value).reason == "INVALID_PAGE_TOKEN"


async def test_watching_an_event_that_does_not_exist_is_refused(channel: grpc.aio.Channel) -> None:
    stream = block_service_pb2_grpc.BlockServiceStub(channel).Watch(block_service_pb2.WatchRequest(kinds=["Sneezed"]))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stream.read()
    info = refused(error.value)
    assert (info.reason, info.metadata["rule"]) == ("INVALID_ARGUMENT", "there is no event Sneezed")


async def test_a_message_that_is_too_large_is_refused_and_the_node_lives(node: Node, channel: grpc.aio.Channel) -> None:
    transactions = transaction_service_pb2_grpc.TransactionServiceStub(channel)
    huge = transaction_service_pb2.SubmitRequest(transaction=tx_pb2.SignedTransaction(body=bytes(9 * 2**20)))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await transactions.Submit(huge)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    async with await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as hub:
        assert (await hub.status()).height == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "MALFORMED_TRANSACTION"),
        (b"\xff\xff", "UNKNOWN_TRANSACTION_FORMAT"),
        (b"\x0a\x05hub-1", "UNKNOWN_TRANSACTION_FORMAT"),
        (b"\x01", "WRONG_LENGTH"),
        (b"\x01\xff\xff", "UNDECODABLE_MESSAGE"),
        (b"\x01\x0a\x05hub-1", "WRONG_LENGTH"),
    ],
)
async def test_a_body_that_is_no_transaction_is_refused(channel: grpc.aio.Channel, body: bytes, reason: str) -> None:
    transactions = transaction_service_pb2_grpc.TransactionServiceStub(channel)
    request = transaction_service_pb2.SubmitRequest(
        transaction=tx_pb2.SignedTransaction(body=body, signature=bytes(65))
    )
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await transactions.Submit(request)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused(error.value).reason == reason


async def test_a_fault_of_the_node_says_nothing_of_its_inside(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(views, "parameter_answers", fail)
    async with await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as hub:
        with pytest.raises(UnknownRefusal) as refusal:
            await hub.parameters()
        assert (refusal.value.name, "swordfish" in str(refusal.value)) == ("INTERNAL", False)
        assert (await hub.status()).height == 0


class Held:
    """Work that takes until it is let go; counts how often it was begun."""

    def __init__(self, work: Any) -> None:
        self.begun = 0
        self.let_go = threading.Event()
        self._work = work

    def __call__(self, *arguments: Any) -> Any:
        self.begun += 1
        self.let_go.wait(PATIENCE_S)
        return self._work(*arguments)


MANY = 40
"""More than there are threads."""


async def test_proofs_and_trials_however_many_keep_no_checkpoint_waiting(
    node: Node, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = checkpoint_service_pb2_grpc.CheckpointServiceStub(channel)
    transactions = transaction_service_pb2_grpc.TransactionServiceStub(channel)
    prove, simulate = Held(node.ledger.prove), Held(node.ledger.simulate)
    monkeypatch.setattr(node.ledger, "prove", prove)
    monkeypatch.setattr(node.ledger, "simulate", simulate)
    body = encode_transaction(
        Transaction("hub-test", ADDRESSES[SOMEONE], 0, UnixSeconds(START + 60), Amount(0), Gas(0), (PAYMENT,))
    )
    heavy: list[Any] = []
    for _ in range(MANY):
        heavy.append(checkpoints.GetProof(checkpoint_service_pb2.GetProofRequest(paths=[PATH])))
        heavy.append(transactions.Simulate(transaction_service_pb2.SimulateRequest(body=body)))
    try:
        async with asyncio.timeout(PATIENCE_S):
            while prove.begun < HEAVY or simulate.begun < HEAVY:
                await query_service_pb2_grpc.QueryServiceStub(channel).GetStatus(query_service_pb2.GetStatusRequest())
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await checkpoints.GetCheckpoint(
                checkpoint_service_pb2.GetCheckpointRequest(client="quorum-0"), timeout=PATIENCE_S / 2
            )
        assert refused(error.value).reason == "COUNTERPARTY_NOT_REGISTERED"
    finally:
        prove.let_go.set()
        simulate.let_go.set()
    await asyncio.gather(*heavy)
    assert (prove.begun, simulate.begun) == (MANY, MANY)


async def test_of_a_long_proof_that_nobody_waits_for_any_more_the_rest_is_not_made(
    node: Node, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = checkpoint_service_pb2_grpc.CheckpointServiceStub(channel)
    prove = Held(node.ledger.prove)
    monkeypatch.setattr(node.ledger, "prove", prove)
    long = checkpoint_service_pb2.GetProofRequest(paths=[PATH] * 1024)
    call = checkpoints.GetProof(long)
    asking = asyncio.ensure_future(call)
    async with asyncio.timeout(PATIENCE_S):
        while not prove.begun:  # noqa: ASYNC110 -- a thread tells nobody
            await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(PATIENCE_S):
        while not any(task.cancelling() for task in asyncio.all_tasks()):  # noqa: ASYNC110 -- nor does a server
            await asyncio.sleep(0.01)
    prove.let_go.set()
    answer = await checkpoints.GetProof(long)
    assert len(answer.state_proof.proofs) == 1024
    assert prove.begun == 1 + 1024 // AT_ONCE


async def test_a_caller_who_gives_up_leaves_no_trace(node: Node, channel: grpc.aio.Channel) -> None:
    stream = block_service_pb2_grpc.BlockServiceStub(channel).Watch(block_service_pb2.WatchRequest(from_height=1))
    reading = asyncio.ensure_future(stream.read())
    while node.measures.watchers._value.get() == 0:  # noqa: ASYNC110 -- a gauge tells nobody
        await asyncio.sleep(0)
    stream.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    while node.measures.watchers._value.get():  # noqa: ASYNC110
        await asyncio.sleep(0)
