"""A connected chain as the adapter sees it, opened from its file here and its client at the hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from eth_account.signers.local import LocalAccount

from adapters.chain import Chain
from adapters.evm.chain import EvmChain
from adapters.evm.endpoints import Endpoints
from adapters.evm.finality import block_header
from adapters.permissioned.chain import LedgerChain, LedgerSettings
from adapters.permissioned.ledger.client import LedgerClient
from console.chains import ChainFile, KnownChain, LedgerFile
from hub.client import HubClient
from hub.ibc.identifiers import ClientId
from hub.quantities import Height, UnixSeconds
from relayers.config import EvmTarget
from relayers.evm_chain import Wallet, evm_chain
from relayers.fields import KeyPair

_POLL_SECONDS = 0.5
_STUCK_SECONDS = 30.0
_FEE_CEILING_GWEI = 500


@dataclass(frozen=True, slots=True)
class Attestors:
    """Where attestors listen, who signed their certificates (None: plain text), and what they are shown of us."""

    targets: Sequence[str] = ()
    certificate: Path | None = None
    identity: KeyPair | None = None


NO_ATTESTORS = Attestors()


async def open_chain(
    chain: KnownChain, hub: HubClient, payer: LocalAccount, attestors: Attestors = NO_ATTESTORS
) -> Chain:
    """To be closed by the caller. Of an EVM chain nothing can be proven to the hub without attestors; a ledger is only
    read, by the member of its file.

    Raises InvalidConfiguration where the client at the hub is not one of that chain, HubError.
    """
    if isinstance(chain, LedgerFile):
        return await open_ledger(chain)
    return await open_evm_chain(chain, hub, payer, attestors)


async def open_evm_chain(
    chain: ChainFile, hub: HubClient, payer: LocalAccount, attestors: Attestors = NO_ATTESTORS
) -> EvmChain:
    """As ``open_chain``."""
    target = EvmTarget(
        name=chain.name,
        client=ClientId(chain.client_at_hub),
        endpoints=tuple(chain.endpoints),
        attestors=tuple(attestors.targets),
        attestor_certificate=attestors.certificate,
        attestor_identity=attestors.identity,
        first_height=Height(chain.first_height),
        poll_s=_POLL_SECONDS,
        stuck_s=_STUCK_SECONDS,
        fee_ceiling_gwei=_FEE_CEILING_GWEI,
    )
    return await evm_chain(hub, target, Wallet(payer))


async def open_ledger(chain: LedgerFile) -> LedgerChain:
    """For reading only; to be closed by the caller. Raises HubError, OSError."""
    ends = ClientId(chain.client_of_hub), ClientId(chain.client_at_hub)
    return LedgerChain(LedgerSettings(chain.name, *ends, Height(chain.first_height)), await ledger_client(chain))


class Blocks(Protocol):
    """A chain's blocks, for people to look at. Each raises ChainError, HubError or OSError where nobody answers."""

    async def height(self) -> Height:
        """Of the newest one."""
        ...

    async def time(self, height: Height) -> UnixSeconds: ...

    async def close(self) -> None: ...


def open_blocks(chain: KnownChain, timeout_s: float = 10.0) -> Blocks:
    """Connects once it is asked; to be closed by the caller."""
    return LedgerBlocks(chain, timeout_s) if isinstance(chain, LedgerFile) else EvmBlocks(chain, timeout_s)


class EvmBlocks:
    """``Blocks`` of an EVM chain."""

    def __init__(self, chain: ChainFile, timeout_s: float) -> None:
        self._endpoints = Endpoints(chain.name, chain.endpoints, timeout_s=timeout_s)

    async def height(self) -> Height:
        return (await self._endpoints.attempt(lambda endpoint: block_header(endpoint, "latest"))).number

    async def time(self, height: Height) -> UnixSeconds:
        return (await self._endpoints.attempt(lambda endpoint: block_header(endpoint, height))).timestamp

    async def close(self) -> None:
        await self._endpoints.close()


class LedgerBlocks:
    """``Blocks`` of a permissioned ledger."""

    def __init__(self, chain: LedgerFile, timeout_s: float) -> None:
        self._chain, self._timeout_s = chain, timeout_s
        self._client: LedgerClient | None = None

    async def height(self) -> Height:
        return (await (await self._connected()).status()).height

    async def time(self, height: Height) -> UnixSeconds:
        return (await (await self._connected()).block(height)).header.time

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _connected(self) -> LedgerClient:
        if self._client is None:
            self._client = await ledger_client(self._chain, self._timeout_s)
        return self._client


async def ledger_client(chain: LedgerFile, timeout_s: float = 30.0) -> LedgerClient:
    """A connection as the member of the ledger's file; raises HubError, OSError."""
    return await LedgerClient.connect(
        chain.target,
        authorities=Path(chain.authorities),
        certificate=Path(chain.certificate),
        key=Path(chain.key),
        timeout_seconds=timeout_s,
    )
