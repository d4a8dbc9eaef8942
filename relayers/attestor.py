"""The attestor: signs headers of chains that it has seen itself, for the hub to believe (docs/protocol.md, section 8).

It signs only what a quorum of its own endpoints agrees on, that is final by the chain's rule, whose fields hash to the
block hash; never two hashes at one number; and nothing at all for a chain whose history has changed below finality.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from time import monotonic

import structlog
from interchain.attestor.v1 import attestor_service_pb2 as pb
from prometheus_client import CollectorRegistry, Counter, Gauge

from adapters.evm.endpoints import Endpoint
from adapters.evm.errors import (
    AlreadySigned,
    AttestorBusy,
    BlockNotFinal,
    ChainHalted,
    NoAgreement,
    NotAttested,
    SetChangeNotApproved,
)
from adapters.evm.witness import Witness
from hub.clients.attestation import AttestationScope, AttestedHeader, set_change_digest
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.quantities import Epoch, Hash, Height
from hub.signer import Signer
from relayers.attestor_config import (
    AttestedChainConfig,
    ChainsFile,
    load_chains,
)
from relayers.attestor_guard import AttestorGuard, GuardScope
from relayers.errors import InvalidConfiguration

VERSION = "0.1.0"
_BEYOND_ANY_BLOCK = 2**63
"""What the guard's numbers cannot hold."""
MOST_WAITING = 64
"""Different headers of one chain that may be asked for at once; more are refused, whoever asks."""
_REMEMBERED = 1_024
"""Signed headers that are answered without a look at the chain."""
FRESH_S = 0.25
"""How long the highest final number is taken to stand: relayers ask for a header again and again until it is final."""

log = structlog.get_logger(__name__)

Signed = tuple[AttestedHeader, bytes]
"""A header and our signature."""


class Watched:
    """One chain of the chains file, with its endpoints open.

    What anyone asks costs the endpoints no more than once: the same header is looked at once however many wait for it,
    and what was signed is kept.
    """

    def __init__(self, config: AttestedChainConfig, hub_genesis_hash: Hash, timeout_s: float, fresh_s: float) -> None:
        self.config = config
        self.scope = AttestationScope(hub_genesis_hash, ClientId(config.client), str(config.finality), config.chain_id)
        endpoints = [Endpoint(url, timeout_s) for url in config.endpoints]
        self.witness = Witness(config.client, config.chain_id, endpoints, config.quorum, config.finality)
        self.one_at_a_time = asyncio.Lock()
        self.signed: OrderedDict[Height, Signed] = OrderedDict()
        self.under_way: dict[Height, asyncio.Task[Signed]] = {}
        self._fresh_s = fresh_s
        self._final: tuple[float, asyncio.Task[Height]] | None = None

    async def final_number(self) -> Height:
        """The highest number that a quorum calls final, as it was a moment ago; raises NoAgreement."""
        # One look at a time, too: endpoints that are slow are not asked again while they think.
        if self._final is None or (self._final[1].done() and monotonic() - self._final[0] > self._fresh_s):
            looking = asyncio.create_task(self.witness.final_number())
            looking.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever asked may be gone
            self._final = monotonic(), looking
        return await asyncio.shield(self._final[1])

    def remember(self, signed: Signed) -> None:
        self.signed[signed[0].number] = signed
        if len(self.signed) > _REMEMBERED:
            self.signed.popitem(last=False)

    async def close(self) -> None:
        running = [*self.under_way.values(), *([self._final[1]] if self._final else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.witness.close()


class Attestor:
    """The core: what to sign and what not. One a key."""

    def __init__(
        self,
        signer: Signer,
        guard: AttestorGuard,
        chains: Path,
        *,
        devnet: bool,
        endpoint_timeout_s: float = 4.0,
        fresh_s: float = FRESH_S,
    ) -> None:
        """Raises InvalidConfiguration, OSError."""
        self.address = signer.address
        self._signer = signer
        self._guard = guard
        self._path = chains
        self._devnet = devnet
        self._endpoint_timeout_s = endpoint_timeout_s
        self._fresh_s = fresh_s
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
                known = Watched(config, chains.hub_genesis_hash, self._endpoint_timeout_s, self._fresh_s)
            fresh[client] = known
        self._retired += [known for client, known in self._watched.items() if fresh.get(client) is not known]
        self._watched = fresh
        self._modified_ns = modified_ns
        log.info("chains file read", path=str(self._path), clients=sorted(fresh))

    async def attest(self, client: str, number: Height) -> Signed:
        """Sign the header at ``number`` (0: the latest final one); raises AttestorError."""
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
        finals = await asyncio.gather(*(entry.final_number() for entry in watched), return_exceptions=True)
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
        await asyncio.gather(*(entry.close() for entry in [*self._watched.values(), *self._retired]))
        self._guard.close()

    async def _attest(self, watched: Watched, number: Height) -> Signed:
        """The signature that is known, or the one that is being made, or a new one."""
        if (halted := self._guard.halted(self._guard_scope(watched))) is not None:
            raise halted
        if number >= _BEYOND_ANY_BLOCK:
            raise BlockNotFinal(watched.config.client, number)
        if number in watched.signed:
            return watched.signed[number]
        final = await watched.final_number()
        if number == 0:
            number = final
        if number in watched.signed:
            return watched.signed[number]
        if number > final:
            raise BlockNotFinal(watched.config.client, number)
        making = watched.under_way.get(number)
        if making is None:
            if len(watched.under_way) >= MOST_WAITING:
                raise AttestorBusy(len(watched.under_way))
            making = watched.under_way[number] = asyncio.create_task(self._sign(watched, number))
            making.add_done_callback(lambda done: _finished(watched, number, done))
        return await asyncio.shield(making)

    async def _sign(self, watched: Watched, number: Height) -> Signed:
        scope = self._guard_scope(watched)
        async with watched.one_at_a_time:
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
            raise NoAgreement(watched.config.client, nearest[0], 0, watched.config.quorum, str(error)) from error
        if found != nearest[1]:
            raise self._guard.halt(scope, nearest[0], nearest[1], found)

    def _get(self, client: str) -> Watched:
        self._reload_if_changed()
        watched = self._watched.get(client)
        if watched is None:
            raise NotAttested(client[:64])  # no client has a longer name: what a stranger sends is not sent back
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


def _finished(watched: Watched, number: Height, done: asyncio.Task[Signed]) -> None:
    del watched.under_way[number]
    if not done.cancelled() and done.exception() is None:
        watched.remember(done.result())
