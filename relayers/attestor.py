"""The attestor: signs headers of chains that it has seen itself, for the hub to believe (docs/protocol.md, section 8).

It signs only what a quorum of its own endpoints agrees on, that is final by the chain's rule, whose fields hash to the
block hash; never two hashes at one number; and nothing at all for a chain whose history has changed below finality.
"""

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import grpc.aio
import structlog
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]  # ships no types
from grpc_status import rpc_status
from interchain.attestor.v1 import attestor_service_pb2 as pb
from interchain.attestor.v1.attestor_service_pb2_grpc import (
    AttestorServiceServicer,
    add_AttestorServiceServicer_to_server,
)
from interchain.hub.v1.light_client_pb2 import AttestedHeader as LightClientHeader
from prometheus_client import CollectorRegistry, Counter, Gauge

from adapters.errors import BlockNotFinal, ChainError, NoAgreement
from adapters.evm.endpoints import Endpoint
from adapters.evm.witness import Witness
from hub.clients.attestation import AttestationScope, AttestedHeader, set_change_digest
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.quantities import Epoch, Hash, Height
from hub.signer import Signer, signer_from_keystore
from relayers.attestor_config import (
    AttestedChainConfig,
    AttestorConfig,
    ChainsFile,
    load_chains,
)
from relayers.attestor_guard import AttestorGuard, GuardScope
from relayers.errors import AlreadySigned, ChainHalted, InvalidConfiguration, NotAttested, SetChangeNotApproved
from relayers.monitor import Monitor

VERSION = "0.1.0"
_BEYOND_ANY_BLOCK = 2**63
"""What the guard's numbers cannot hold."""
log = structlog.get_logger(__name__)


class Watched:
    """One chain of the chains file, with its endpoints open."""

    def __init__(self, config: AttestedChainConfig, hub_genesis_hash: Hash, timeout_s: float) -> None:
        self.config = config
        self.scope = AttestationScope(hub_genesis_hash, ClientId(config.client), str(config.finality), config.chain_id)
        endpoints = [Endpoint(url, timeout_s) for url in config.endpoints]
        self.witness = Witness(config.client, config.chain_id, endpoints, config.quorum, config.finality)
        self.one_at_a_time = asyncio.Lock()


class Attestor:
    """The core: what to sign and what not. One a key."""

    def __init__(
        self, signer: Signer, guard: AttestorGuard, chains: Path, *, devnet: bool, endpoint_timeout_s: float = 4.0
    ) -> None:
        """Raises InvalidConfiguration, OSError."""
        self.address = signer.address
        self._signer = signer
        self._guard = guard
        self._path = chains
        self._devnet = devnet
        self._endpoint_timeout_s = endpoint_timeout_s
        self._modified_ns = 0
        self._watched: dict[str, Watched] = {}
        self._retired: list[Watched] = []
        self.registry = CollectorRegistry()
        labels = ("client",)
        self._signed = Counter("attestor_headers_signed", "Headers signed.", labels, registry=self.registry)
        self._refused = Counter(
            "attestor_refusals", "Requests refused, by reason.", ("client", "reason"), registry=self.registry
        )
        self._dissent = Counter(
            "attestor_endpoint_dissent", "Endpoints that contradicted the quorum.", labels, registry=self.registry
        )
        self._highest = Gauge("attestor_highest_signed", "Highest number signed.", labels, registry=self.registry)
        self._halted = Gauge("attestor_halted", "1 where nothing is signed any more.", labels, registry=self.registry)
        self.reload()

    def reload(self) -> None:
        """Read the chains file again; what has not changed keeps its connections. Raises InvalidConfiguration,
        OSError.
        """
        modified_ns = self._path.stat().st_mtime_ns
        chains: ChainsFile = load_chains(self._path, devnet=self._devnet)
        fresh = {}
        for client, config in chains.chains.items():
            known = self._watched.get(client)
            if known is None or (known.config, known.scope.hub_genesis_hash) != (config, chains.hub_genesis_hash):
                known = Watched(config, chains.hub_genesis_hash, self._endpoint_timeout_s)
            fresh[client] = known
        self._retired += [known for client, known in self._watched.items() if fresh.get(client) is not known]
        self._watched = fresh
        self._modified_ns = modified_ns
        log.info("chains file read", path=str(self._path), clients=sorted(fresh))

    async def attest(self, client: str, number: Height) -> tuple[AttestedHeader, bytes]:
        """Sign the header at ``number`` (0: the latest final one); raises AttestorError, ChainError."""
        watched = self._get(client)
        try:
            return await self._attest(watched, number)
        except HubError as error:
            self._refused.labels(client, error.reason()).inc()
            if isinstance(error, ChainHalted):
                self._halted.labels(client).set(1)
                log.error("chain halted", client=client, error=str(error))
            elif not isinstance(error, BlockNotFinal):
                log.warning("nothing signed", client=client, number=number, error=str(error))
            raise

    async def attest_set_change(self, client: str, epoch: Epoch, next_set_hash: Hash) -> bytes:
        """Sign the hand-over that the operator approved in the chains file; raises AttestorError."""
        watched = self._get(client)
        if (epoch, next_set_hash) != (watched.config.epoch, watched.config.next_set_hash):
            raise SetChangeNotApproved(client, epoch)
        self._guard.admit_set_change(self._guard_scope(watched), epoch, next_set_hash)
        return self._signer.sign(set_change_digest(watched.scope, epoch, next_set_hash))

    async def info(self) -> pb.GetInfoResponse:
        """Who this is, what it watches and how far those chains have come."""
        self._reload_if_changed()
        watched = list(self._watched.values())
        finals = await asyncio.gather(*(entry.witness.final_number() for entry in watched), return_exceptions=True)
        chains = [
            pb.AttestedChain(
                client=entry.config.client,
                chain_id=entry.config.chain_id,
                finality_rule=str(entry.config.finality),
                latest_final=final if isinstance(final, int) else 0,
                epoch=entry.config.epoch,
            )
            for entry, final in zip(watched, finals, strict=True)
        ]
        return pb.GetInfoResponse(attestor=self._signer.address, chains=chains, version=VERSION)

    def health(self) -> dict[str, str]:
        """Every chain for which nothing is signed, and why."""
        halts = {client: self._guard.halted(self._guard_scope(entry)) for client, entry in self._watched.items()}
        return {client: str(halted) for client, halted in halts.items() if halted is not None}

    async def close(self) -> None:
        await asyncio.gather(*(entry.witness.close() for entry in [*self._watched.values(), *self._retired]))
        self._guard.close()

    async def _attest(self, watched: Watched, number: Height) -> tuple[AttestedHeader, bytes]:
        scope = self._guard_scope(watched)
        if (halted := self._guard.halted(scope)) is not None:
            raise halted
        if number >= _BEYOND_ANY_BLOCK:
            raise BlockNotFinal(watched.config.client, number)
        async with watched.one_at_a_time:
            if number == 0:
                number = await watched.witness.final_number()
            await self._refuse_changed_history(watched, scope, number)
            verdict = await watched.witness.final_header(number)
            if verdict.dissent:
                self._dissent.labels(watched.config.client).inc(verdict.dissent)
            found = verdict.header
            header = AttestedHeader(watched.config.epoch, found.number, found.hash, found.state_root, found.timestamp)
            try:
                self._guard.admit_header(scope, number, found.hash)
            except AlreadySigned as known:
                if known.signed_hash:
                    raise self._guard.halt(scope, number, Hash(known.signed_hash), found.hash) from known
                raise
        self._signed.labels(watched.config.client).inc()
        self._highest.labels(watched.config.client).set(number)
        return header, self._signer.sign(header.digest(watched.scope))

    async def _refuse_changed_history(self, watched: Watched, scope: GuardScope, number: Height) -> None:
        """What was signed nearest must still stand; raises ChainHalted, for good, where a quorum says that it does
        not.
        """
        nearest = self._guard.nearest(scope, number)
        if nearest is None or nearest[0] == number:
            return
        try:
            found = (await watched.witness.final_header(nearest[0])).header.hash
        except BlockNotFinal as error:
            # What was final is not any more: the endpoints are behind what they said before, or were wound back.
            raise NoAgreement(watched.config.client, nearest[0], 0, watched.config.quorum, (str(error),)) from error
        if found != nearest[1]:
            raise self._guard.halt(scope, nearest[0], nearest[1], found)

    def _get(self, client: str) -> Watched:
        self._reload_if_changed()
        watched = self._watched.get(client)
        if watched is None:
            raise NotAttested(client)
        return watched

    def reload_or_complain(self) -> None:
        """Read the chains file again; where it is wrong the last one stays in use."""
        try:
            self.reload()
        except (InvalidConfiguration, OSError) as error:
            log.error("chains file not read, the last one stays in use", error=str(error))

    def _reload_if_changed(self) -> None:
        with suppress(OSError):
            if self._path.stat().st_mtime_ns != self._modified_ns:
                self.reload_or_complain()

    def _guard_scope(self, watched: Watched) -> GuardScope:
        return GuardScope(self._signer.address, watched.scope.hub_genesis_hash, watched.config.client)


class AttestorServicer(AttestorServiceServicer):
    """The attestor over gRPC."""

    def __init__(self, attestor: Attestor) -> None:
        self._attestor = attestor
        self._address = attestor.address

    async def Attest(  # noqa: N802  # named by the API
        self, request: pb.AttestRequest, context: grpc.aio.ServicerContext[pb.AttestRequest, pb.AttestResponse]
    ) -> pb.AttestResponse:
        try:
            header, signature = await self._attestor.attest(request.client, Height(request.number))
        except HubError as error:
            await context.abort_with_status(rpc_status.to_status(_status(error)))
        answer = LightClientHeader(
            epoch=header.epoch,
            number=header.number,
            block_hash=header.block_hash,
            state_root=header.state_root,
            timestamp_unix_seconds=header.timestamp,
        )
        return pb.AttestResponse(header=answer, signature=signature, attestor=self._address)

    async def AttestSetChange(  # noqa: N802
        self,
        request: pb.AttestSetChangeRequest,
        context: grpc.aio.ServicerContext[pb.AttestSetChangeRequest, pb.AttestSetChangeResponse],
    ) -> pb.AttestSetChangeResponse:
        try:
            signature = await self._attestor.attest_set_change(
                request.client, Epoch(request.epoch), Hash(request.next_set_hash)
            )
        except HubError as error:
            await context.abort_with_status(rpc_status.to_status(_status(error)))
        return pb.AttestSetChangeResponse(signature=signature, attestor=self._address)

    async def GetInfo(  # noqa: N802
        self,
        request: pb.GetInfoRequest,  # noqa: ARG002  # asks for nothing in particular
        context: grpc.aio.ServicerContext[pb.GetInfoRequest, pb.GetInfoResponse],  # noqa: ARG002
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
    """Open key and guard, and serve; raises InvalidConfiguration, GuardUnusable, OSError, ValueError (a wrong
    password).
    """
    signer = signer_from_keystore(config.keystore, config.password)
    attestor = Attestor(signer, AttestorGuard(config.guard, begin=config.devnet), config.chains, devnet=config.devnet)
    server = grpc.aio.server()
    add_AttestorServiceServicer_to_server(AttestorServicer(attestor), server)
    if config.certificate is not None and config.key is not None:
        pair = (config.key.read_bytes(), config.certificate.read_bytes())
        port = server.add_secure_port(config.listen, grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port(config.listen)
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


def _status(error: HubError) -> status_pb2.Status:
    """OUT_OF_RANGE: ask again later; UNAVAILABLE: the endpoints; FAILED_PRECONDITION: an operator must act."""
    match error:
        case BlockNotFinal():
            code = code_pb2.OUT_OF_RANGE
        case NotAttested():
            code = code_pb2.NOT_FOUND
        case ChainError():
            code = code_pb2.UNAVAILABLE
        case _:
            code = code_pb2.FAILED_PRECONDITION
    if isinstance(error, NoAgreement):
        # Anyone may ask: which endpoints an attestor relies on is nobody's business, least of all who would flood them.
        error = replace(error, faults=("its log says more",))
    info = error_details_pb2.ErrorInfo(reason=error.reason(), domain="interchain.attestor", metadata=error.values())
    detail = any_pb2.Any()
    detail.Pack(info)
    return status_pb2.Status(code=code, message=str(error), details=[detail])
