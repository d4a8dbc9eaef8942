"""The relayer daemon: one ``PacketRelayer`` a chain, each by itself, started and stopped as the configuration says."""

import asyncio
import pathlib
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

import structlog
from eth_account import Account
from eth_account.signers.local import LocalAccount

from adapters.chain import Chain
from hub.client import HubClient
from hub.errors import HubError
from hub.quantities import Hash
from hub.signer import KeySigner, Signer
from relayers.config import ChainTarget, EvmTarget, HubTarget, LedgerTarget, RelayerConfig, load_relayer_config
from relayers.cursor import CursorFile
from relayers.errors import CertificateRenewed, ClientReconfigured, InvalidConfiguration
from relayers.evm_chain import Wallet, evm_chain
from relayers.fields import KeyPair
from relayers.keystore import key_of
from relayers.ledger_chain import ledger_chain
from relayers.metrics import RelayerMetrics
from relayers.monitor import Monitor
from relayers.packets import PacketRelayer, Path, Rhythm

_LOOK_AGAIN_S = 2.0
_RETRY_S = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Payer:
    """One key: an account at the hub, and one of the same address on every EVM chain."""

    signer: Signer
    account: LocalAccount

    @classmethod
    def of(cls, key: bytes) -> "Payer":
        return cls(KeySigner(key), Account.from_key(key))


class Relayer:
    """All paths of one daemon."""

    def __init__(
        self, hub: HubClient, payer: Payer, rhythm: Rhythm | None = None, cursors: pathlib.Path | None = None
    ) -> None:
        self._hub = hub
        self._cursors = cursors
        self._payer = payer
        self._wallet = Wallet(payer.account)
        self._rhythm = rhythm
        self._paths: dict[ChainTarget, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._running: dict[str, PacketRelayer] = {}
        self._faults: dict[str, str] = {}
        self.metrics = RelayerMetrics()

    def relay(self, chains: Mapping[str, ChainTarget]) -> None:
        """Relay for these chains and no others; what is relayed already goes on undisturbed."""
        wanted = set(chains.values())
        for target in self._paths.keys() - wanted:
            ending = self._paths.pop(target)
            ending.cancel()
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            self._running.pop(target.name, None)
            self._faults.pop(target.name, None)
        for target in wanted - self._paths.keys():
            self._paths[target] = asyncio.create_task(self._keep(target), name=target.name)

    def health(self) -> dict[str, str]:
        """What does not work, by path and part."""
        parts = {
            f"{name}: {part}": fault
            for name, relayer in self._running.items()
            for part, fault in relayer.faults.items()
        }
        return {**self._faults, **parts}

    async def stop(self) -> None:
        self.relay({})
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _keep(self, target: ChainTarget) -> None:
        """Keep one path going: whatever befalls it stays its own."""
        while True:
            shown = _modified(_identity(target))
            try:
                cursor, chain = await self._cursor(target), await self._open(target)
            except HubError as error:
                self._fault(target, error)
                await asyncio.sleep(_RETRY_S)
                continue
            try:
                rhythm = self._rhythm or Rhythm(poll_s=target.poll_s)
                path = Path(self._hub, self._payer.signer, chain, rhythm=rhythm, cursor=cursor)
                relayer = PacketRelayer(path, self.metrics)
                self._running[target.name] = relayer
                self._faults.pop(target.name, None)
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(relayer.run())
                    tasks.create_task(_until_renewed(_identity(target), shown))
            except* (ClientReconfigured, CertificateRenewed) as group:
                log.info("begins anew", path=target.name, reason=str(_first(group)))
            except* Exception as group:  # a path that fails is begun anew, and stops no other
                log.exception("path failed", path=target.name)
                self._fault(target, _first(group))
            finally:
                await chain.close()
            await asyncio.sleep(_RETRY_S)

    async def _cursor(self, target: ChainTarget) -> CursorFile | None:
        """Raises HubError."""
        if self._cursors is None:
            return None
        return CursorFile(self._cursors / f"{target.client}.json", Hash((await self._hub.status()).genesis_hash))

    async def _open(self, target: ChainTarget) -> Chain:
        """Raises InvalidConfiguration, HubError."""
        match target:
            case EvmTarget():
                return await evm_chain(self._hub, target, self._wallet)
            case LedgerTarget():
                return await ledger_chain(self._hub, target)
            case _:
                assert_never(target)

    def _fault(self, target: ChainTarget, error: Exception) -> None:
        self._faults[target.name] = str(error)
        self.metrics.failed(target.name, error.reason() if isinstance(error, HubError) else type(error).__name__)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """What happened first, however deep the groups of tasks are in each other."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _identity(target: ChainTarget) -> KeyPair | None:
    """What a path shows of us."""
    match target:
        case EvmTarget():
            return target.attestor_identity
        case LedgerTarget():
            return target.identity
        case _:
            assert_never(target)


def _modified(identity: KeyPair | None) -> tuple[int, ...]:
    """When its files were last written; nothing where one is missing."""
    try:
        return tuple(file.stat().st_mtime_ns for file in (identity.certificate, identity.key)) if identity else ()
    except OSError:
        return ()


async def _until_renewed(identity: KeyPair | None, shown: tuple[int, ...]) -> None:
    """Raises CertificateRenewed once the files are others than were shown; a connection keeps what it began with."""
    while identity is not None:
        await asyncio.sleep(_LOOK_AGAIN_S)
        if (now := _modified(identity)) and now != shown:
            raise CertificateRenewed(str(identity.certificate))


async def connect(hub: HubTarget) -> HubClient:
    """A connection as the configuration says; raises HubUnreachable, OSError for a file."""
    return await HubClient.connect(
        hub.target,
        root_certificate=hub.root_certificate,
        certificate=hub.identity.certificate if hub.identity else None,
        key=hub.identity.key if hub.identity else None,
        insecure=hub.insecure,
    )


async def run_relayer(config: RelayerConfig) -> None:
    """Relay until SIGINT or SIGTERM; the file is read again when it changes, or on SIGHUP.

    Raises InvalidConfiguration, HubUnreachable where the hub cannot be reached at first, OSError.
    """
    key = key_of(config.keystore, config.password)
    hub = await connect(config.hub)
    relayer = Relayer(hub, Payer.of(key), cursors=config.cursors)
    monitor = Monitor(relayer.metrics.registry, relayer.health)
    log.info("relayer runs", monitor=await monitor.start(config.monitor), chains=sorted(config.chains))
    relayer.relay(config.chains)
    stopped, changed = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    loop.add_signal_handler(signal.SIGHUP, changed.set)
    watching = asyncio.create_task(_watch_file(relayer, config, changed))
    await stopped.wait()
    watching.cancel()
    await relayer.stop()
    await monitor.stop()
    await hub.close()


async def _watch_file(relayer: Relayer, config: RelayerConfig, changed: asyncio.Event) -> None:
    """Follow the file's changes; a file that is wrong leaves everything as it was."""
    seen_ns = config.path.stat().st_mtime_ns
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await changed.wait()
        try:
            modified_ns = config.path.stat().st_mtime_ns
            if modified_ns != seen_ns or changed.is_set():
                relayer.relay(load_relayer_config(config.path).chains)
                log.info("configuration read again", path=str(config.path))
            seen_ns = modified_ns
        except (InvalidConfiguration, OSError) as error:
            log.error("configuration not read, the last one stays in use", error=str(error))
        changed.clear()
