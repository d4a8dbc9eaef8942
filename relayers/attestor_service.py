"""The attestor over gRPC: its server and its daemon."""

# ruff: noqa: N802, ARG002  # gRPC gives the methods their names and arguments

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace

import grpc.aio
import structlog
from interchain.attestor.v1 import attestor_service_pb2 as pb
from interchain.attestor.v1.attestor_service_pb2_grpc import (
    AttestorServiceServicer,
    add_AttestorServiceServicer_to_server,
)
from interchain.hub.v1.light_client_pb2 import AttestedHeader as LightClientHeader

from adapters.evm.errors import NoAgreement
from hub.engine.measures import CallMeasures
from hub.quantities import Epoch, Hash, Height
from hub.rpc.door import Door
from hub.rpc.serving import Refusals, TlsFiles, add_port
from hub.signer import KeySigner
from relayers.attestor import Attestor
from relayers.attestor_config import AttestorConfig
from relayers.attestor_guard import AttestorGuard
from relayers.keystore import key_of
from relayers.monitor import Monitor

MAX_MESSAGE_BYTES = 16 * 1024
"""A request names a client and a number, or a hash."""
MAX_CALLS = 256
"""Of all connections together; more are answered RESOURCE_EXHAUSTED."""
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 8 * 1024),
    ("grpc.max_concurrent_streams", 64),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.so_reuseport", 0),
)

log = structlog.get_logger(__name__)


class AttestorServicer(AttestorServiceServicer):
    """The attestor over gRPC. What it raises is told by ``Refusals``."""

    def __init__(self, attestor: Attestor) -> None:
        self._attestor = attestor
        self._address = attestor.address

    async def Attest(
        self, request: pb.AttestRequest, context: grpc.aio.ServicerContext[pb.AttestRequest, pb.AttestResponse]
    ) -> pb.AttestResponse:
        try:
            header, signature = await self._attestor.attest(request.client, Height(request.number))
        except NoAgreement as error:
            # Anyone may ask: on which endpoints it relies is nobody's business, least of all who would flood them.
            raise replace(error, faults="its log says more") from error
        answer = LightClientHeader(
            epoch=header.epoch,
            number=header.number,
            block_hash=header.block_hash,
            state_root=header.state_root,
            timestamp_unix_seconds=header.timestamp,
        )
        return pb.AttestResponse(header=answer, signature=signature, attestor=self._address)

    async def AttestSetChange(
        self,
        request: pb.AttestSetChangeRequest,
        context: grpc.aio.ServicerContext[pb.AttestSetChangeRequest, pb.AttestSetChangeResponse],
    ) -> pb.AttestSetChangeResponse:
        signature = await self._attestor.attest_set_change(
            request.client, Epoch(request.epoch), Hash(request.next_set_hash)
        )
        return pb.AttestSetChangeResponse(signature=signature, attestor=self._address)

    async def GetInfo(
        self,
        request: pb.GetInfoRequest,
        context: grpc.aio.ServicerContext[pb.GetInfoRequest, pb.GetInfoResponse],
    ) -> pb.GetInfoResponse:
        return await self._attestor.info()


class RunningAttestor:
    """The daemon's servers, and where they listen."""

    def __init__(
        self, attestor: Attestor, server: grpc.aio.Server, port: int, monitor: Monitor, monitored: str
    ) -> None:
        self.attestor = attestor
        self.port = port
        self.monitor_address = monitored
        self._server = server
        self._monitor = monitor

    async def stop(self) -> None:
        await self._server.stop(grace=1)
        await self._monitor.stop()
        await self.attestor.close()


async def start_attestor(config: AttestorConfig) -> RunningAttestor:
    """Open key and guard, and serve; raises InvalidConfiguration, GuardUnusable, OSError."""
    signer = KeySigner(key_of(config.keystore, config.password))
    attestor = Attestor(signer, AttestorGuard(config.guard, begin=config.devnet), config.chains, devnet=config.devnet)
    door = Door(config.requests_per_second)
    calls = Refusals(CallMeasures(attestor.registry, "attestor"), lambda _method, context: door.admit(context.peer()))
    server = grpc.aio.server(interceptors=[calls], options=_OPTIONS, maximum_concurrent_rpcs=MAX_CALLS)
    add_AttestorServiceServicer_to_server(AttestorServicer(attestor), server)
    tls = None
    if config.certificate is not None and config.key is not None:
        tls = TlsFiles(config.certificate, config.key, config.authority).credentials()
    port = add_port(server, config.listen, tls)
    monitor = Monitor(attestor.registry, attestor.health)
    monitored = await monitor.start(config.monitor)
    await server.start()
    log.info("attestor runs", attestor="0x" + signer.address.hex(), port=port, monitor=monitored)
    return RunningAttestor(attestor, server, port, monitor, monitored)


async def run_attestor(config: AttestorConfig) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reads the chains file again."""
    running = await start_attestor(config)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    loop.add_signal_handler(signal.SIGHUP, running.attestor.reload_or_complain)
    with suppress(asyncio.CancelledError):
        await stopped.wait()
    await running.stop()
