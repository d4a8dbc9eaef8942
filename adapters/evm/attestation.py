"""Asks attestors for their signatures over a header, until enough agree. It checks every signature: none of them is
trusted here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import grpc
from grpc import aio
from interchain.attestor.v1 import attestor_service_pb2 as pb
from interchain.attestor.v1.attestor_service_pb2_grpc import AttestorServiceStub

from adapters.errors import AttestationRefused, NotProvable
from hub.clients.attestation import AttestationScope, AttestedHeader
from hub.clients.attested_evm import SignedHeader
from hub.clients.errors import ClientError
from hub.proofs.errors import ProofError
from hub.proofs.quorum import SignerSet, encode_quorum_signature
from hub.proofs.signatures import recover
from hub.quantities import Address, Epoch, Hash, Height, UnixSeconds

if TYPE_CHECKING:
    from interchain.attestor.v1.attestor_service_pb2_grpc import AttestorServiceAsyncStub

_NOT_YET = grpc.StatusCode.OUT_OF_RANGE
"""How an attestor says that the block is not final for it yet."""

_AGAIN_S = 0.2
"""An attestor that does not see the block as final yet is asked again after this."""


_REMEMBERED = 8
"""Headers that are not asked for again: one serves every batch proven at its height."""


class HeaderSource(Protocol):
    """Whoever can give a header that the hub will believe."""

    async def signed_header(self, height: Height) -> SignedHeader:
        """The header at a final height, with a quorum's signature; raises NotProvable."""
        ...

    def forget(self) -> None:
        """Ask again for every header, after history changed."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class AttestorTarget:
    """Where an attestor listens. Without a certificate it is spoken to in plain text, which only a devnet should do."""

    target: str
    root_certificate: Path | None = None


@dataclass(frozen=True, slots=True)
class Electorate:
    """Who must sign for one client of the hub: its configuration there."""

    scope: AttestationScope
    attestors: SignerSet
    threshold: int


class Attestors:
    """All attestors of one chain that are known."""

    def __init__(
        self, chain: str, electorate: Electorate, targets: Sequence[AttestorTarget], timeout_s: float = 10.0
    ) -> None:
        self._chain = chain
        self._electorate = electorate
        self._timeout_s = timeout_s
        self._channels = [_channel(target) for target in targets]
        self._stubs = [AttestorServiceStub(channel) for channel in self._channels]
        self._signed: dict[Height, SignedHeader] = {}
        self._one_at_a_time = asyncio.Lock()

    async def signed_header(self, height: Height) -> SignedHeader:
        """Ask all at once, and be content with the first ``threshold`` that agree; raises NotProvable."""
        async with self._one_at_a_time:
            if height not in self._signed:
                self._signed[height] = await self._collect(height)
                for old in sorted(self._signed)[:-_REMEMBERED]:
                    del self._signed[old]
            return self._signed[height]

    def forget(self) -> None:
        """Ask again for every header, after history changed."""
        self._signed.clear()

    async def _collect(self, height: Height) -> SignedHeader:
        votes: dict[AttestedHeader, dict[Address, bytes]] = {}
        faults: list[str] = []
        asked = [asyncio.create_task(self._ask(stub, height)) for stub in self._stubs]
        try:
            async with asyncio.timeout(self._timeout_s):
                for answer in asyncio.as_completed(asked):
                    try:
                        header, signer, signature = await answer
                    except (aio.AioRpcError, AttestationRefused, ProofError, ClientError) as error:
                        faults.append(_reason(error))
                        continue
                    signatures = votes.setdefault(header, {})
                    signatures[signer] = signature
                    if len(signatures) >= self._electorate.threshold:
                        return SignedHeader(header, encode_quorum_signature(self._electorate.attestors, signatures))
        except TimeoutError:
            faults.append(f"no further answer within {self._timeout_s:g} s")
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        raise NotProvable(self._chain, height, self._too_few(votes, faults))

    async def close(self) -> None:
        await asyncio.gather(*(channel.close() for channel in self._channels))

    async def _ask(self, stub: "AttestorServiceAsyncStub", height: Height) -> tuple[AttestedHeader, Address, bytes]:
        """One attestor's signature, checked; asks again while the block is not final for it."""
        request = pb.AttestRequest(client=self._electorate.scope.client, number=height)
        while True:
            try:
                answer = await stub.Attest(request, timeout=self._timeout_s)
            except aio.AioRpcError as error:
                if error.code() is not _NOT_YET:
                    raise
                await asyncio.sleep(_AGAIN_S)
                continue
            return self._checked(answer, height)

    def _checked(self, answer: pb.AttestResponse, height: Height) -> tuple[AttestedHeader, Address, bytes]:
        header = AttestedHeader(
            Epoch(answer.header.epoch),
            Height(answer.header.number),
            Hash(answer.header.block_hash),
            Hash(answer.header.state_root),
            UnixSeconds(answer.header.timestamp_unix_seconds),
        )
        signer = recover(header.digest(self._electorate.scope), answer.signature)
        if signer not in {member.address for member in self._electorate.attestors.members} or header.number != height:
            raise AttestationRefused(signer, "it is no attestor of this client, or signed another number")
        return header, signer, answer.signature

    def _too_few(self, votes: Mapping[AttestedHeader, Mapping[Address, bytes]], faults: Sequence[str]) -> str:
        agreed = max((len(signatures) for signatures in votes.values()), default=0)
        needed = self._electorate.threshold
        return f"{agreed} attestors agree, {needed} are needed" + (f" ({'; '.join(faults)})" if faults else "")


def _channel(target: AttestorTarget) -> aio.Channel:
    if target.root_certificate is None:
        return aio.insecure_channel(target.target)
    credentials = grpc.ssl_channel_credentials(target.root_certificate.read_bytes())
    return aio.secure_channel(target.target, credentials)


def _reason(error: Exception) -> str:
    if isinstance(error, aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error)
