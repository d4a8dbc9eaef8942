"""Asks attestors for their signatures over a header, until enough agree. It checks every signature: none of them is
trusted here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import grpc
from grpc import aio
from interchain.attestor.v1 import attestor_service_pb2 as pb
from interchain.attestor.v1.attestor_service_pb2_grpc import AttestorServiceStub

from adapters.errors import AttestationRefused, NotProvable
from adapters.evm.errors import BlockNotFinal
from hub.clients.attestation import AttestationScope, AttestedHeader, set_change_digest
from hub.clients.attested_evm import SetChange, SignedHeader
from hub.errors import HubError
from hub.proofs.quorum import SignerSet, encode_quorum_signature
from hub.proofs.signatures import recover
from hub.quantities import Address, Epoch, Hash, Height, UnixSeconds
from hub.rpc.calling import answered
from hub.rpc.errors import WrongLength

if TYPE_CHECKING:
    from interchain.attestor.v1.attestor_service_pb2_grpc import AttestorServiceAsyncStub

T = TypeVar("T")

_AGAIN_S = 0.2
"""An attestor that does not see the block as final yet is asked again after this."""


_REMEMBERED = 8
"""Headers that are not asked for again: one serves every batch proven at its height."""


_OPTIONS = (("grpc.max_receive_message_length", 64 * 1024),)
"""A signature is short, whatever an attestor sends."""


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
    """Where an attestor listens; without a root certificate it is spoken to in plain text, which is for devnets.

    ``identity``: certificate and key that it is shown, where it requires them.
    """

    target: str
    root_certificate: Path | None = None
    identity: tuple[Path, Path] | None = None


@dataclass(frozen=True, slots=True)
class Watching:
    """What an attestor signs for one client of the hub: of which chain, final by which rule, in which epoch."""

    chain_id: int
    finality_rule: str
    epoch: Epoch


@dataclass(frozen=True, slots=True)
class AttestorInfo:
    """Who an attestor says it is, and what it watches, by the hub's client."""

    attestor: Address
    chains: Mapping[str, Watching]


async def attestor_info(target: AttestorTarget, timeout_s: float = 10.0) -> AttestorInfo:
    """Ask an attestor about itself. It signs nothing of this. Raises RpcError, OSError."""
    channel = _channel(target)
    try:
        call = AttestorServiceStub(channel).GetInfo(pb.GetInfoRequest(), timeout=timeout_s)
        told: pb.GetInfoResponse = await answered(target.target, call)
    finally:
        await channel.close()
    if len(told.attestor) != 20:
        raise WrongLength("attestor", 20, len(told.attestor))
    chains = {one.client: Watching(one.chain_id, one.finality_rule, Epoch(one.epoch)) for one in told.chains}
    return AttestorInfo(Address(told.attestor), chains)


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
        self._attestors = [
            (target.target, AttestorServiceStub(channel))
            for target, channel in zip(targets, self._channels, strict=True)
        ]
        self._signed: dict[Height, SignedHeader] = {}
        self._one_at_a_time = asyncio.Lock()

    async def signed_header(self, height: Height) -> SignedHeader:
        """Ask all at once, and be content with the first ``threshold`` that agree; raises NotProvable."""
        async with self._one_at_a_time:
            if (signed := self._signed.get(height)) is None:
                signed = self._signed[height] = await self._collect(height)
                for old in sorted(self._signed)[:-_REMEMBERED]:  # which may be this one: an endpoint may be behind
                    del self._signed[old]
            return signed

    def forget(self) -> None:
        """Ask again for every header, after history changed."""
        self._signed.clear()

    async def hand_over(self, next_set: SignerSet) -> SetChange:
        """The current set's signatures over the hash of the next, which each operator must have approved.

        Raises NotProvable.
        """
        epoch, next_hash = self._electorate.attestors.epoch, next_set.hash()
        digest = set_change_digest(self._electorate.scope, epoch, next_hash)
        request = pb.AttestSetChangeRequest(client=self._electorate.scope.client, epoch=epoch, next_set_hash=next_hash)

        async def ask(target: str, stub: "AttestorServiceAsyncStub") -> tuple[Hash, Address, bytes]:
            answer = await answered(target, stub.AttestSetChange(request, timeout=self._timeout_s))
            return next_hash, self._member(digest, answer.signature), answer.signature

        return SetChange(next_set, (await self._quorum(ask, Height(0)))[1])

    async def _collect(self, height: Height) -> SignedHeader:
        return SignedHeader(*await self._quorum(lambda target, stub: self._ask(target, stub, height), height))

    async def _quorum(
        self, ask: "Callable[[str, AttestorServiceAsyncStub], Awaitable[tuple[T, Address, bytes]]]", height: Height
    ) -> tuple[T, bytes]:
        """What enough attestors sign, and their signatures together; raises NotProvable."""
        votes: dict[T, dict[Address, bytes]] = {}
        faults: list[str] = []
        asked = [asyncio.ensure_future(ask(*attestor)) for attestor in self._attestors]
        try:
            async with asyncio.timeout(self._timeout_s):
                for answer in asyncio.as_completed(asked):
                    try:
                        said, signer, signature = await answer
                    except HubError as error:
                        faults.append(str(error))
                        continue
                    signatures = votes.setdefault(said, {})
                    signatures[signer] = signature
                    if len(signatures) >= self._electorate.threshold:
                        return said, encode_quorum_signature(self._electorate.attestors, signatures)
        except TimeoutError:
            faults.append(f"no further answer within {self._timeout_s:g} s")
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        agreed = max((len(signatures) for signatures in votes.values()), default=0)
        needed = f"{agreed} attestors agree, {self._electorate.threshold} are needed"
        raise NotProvable(self._chain, height, "; ".join([needed, *faults]))

    async def close(self) -> None:
        await asyncio.gather(*(channel.close() for channel in self._channels))

    async def _ask(
        self, target: str, stub: "AttestorServiceAsyncStub", height: Height
    ) -> tuple[AttestedHeader, Address, bytes]:
        """One attestor's signature, checked; asks again while the block is not final for it."""
        request = pb.AttestRequest(client=self._electorate.scope.client, number=height)
        while True:
            try:
                answer = await answered(target, stub.Attest(request, timeout=self._timeout_s))
            except BlockNotFinal:
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
        signer = self._member(header.digest(self._electorate.scope), answer.signature)
        if (header.number, header.epoch) != (height, self._electorate.attestors.epoch):
            raise AttestationRefused(signer, f"it signed block {header.number} in epoch {header.epoch}")
        return header, signer, answer.signature

    def _member(self, digest: Hash, signature: bytes) -> Address:
        """Who signed; raises AttestationRefused for a stranger, SignatureError."""
        signer = recover(digest, signature)
        if signer not in {member.address for member in self._electorate.attestors.members}:
            raise AttestationRefused(signer, "it is no attestor of this client, or signed something else")
        return signer


def _channel(target: AttestorTarget) -> aio.Channel:
    if target.root_certificate is None:
        return aio.insecure_channel(target.target, options=_OPTIONS)
    certificate, key = (path.read_bytes() for path in target.identity) if target.identity else (None, None)
    credentials = grpc.ssl_channel_credentials(target.root_certificate.read_bytes(), key, certificate)
    return aio.secure_channel(target.target, credentials, options=_OPTIONS)
