"""The devnet's processes and files: what is started with which command, and when it is ready."""

import asyncio
import fcntl
import json
import secrets
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.identities import OrganisationId
from adapters.permissioned.ledger.parameters import Parameters
from console.commands.init import HomePlan, make_home
from console.commands.ledger.node import make_ledger_home
from console.config import ConfigValues
from console.devnet.accounts import Holder, dev_account
from console.devnet.anvil import anvil_command, is_ready, url_of
from console.devnet.ports import Ports, require_free
from console.devnet.processes import Supervisor
from console.exits import ConsoleError, Misused, TimedOut
from console.home import NodeHome
from console.ledger_home import LedgerHome
from console.ledger_session import connect as connect_member
from console.members import AttestorFile, make_attestor, make_relayer
from console.session import hub_of
from hub.errors import HubError
from hub.quantities import Amount, Hash

CHAIN_IDS = {"a": 31337, "b": 31338, "c": 31339}
ATTESTORS = 4
THRESHOLD = 3
SUPPLY = Amount(10**15)
_CHAIN_ID = "devnet-1"
LEDGER = "trade"
"""What the ledger is called, as the EVM chains are a, b and c."""
ORGANISATIONS = tuple(OrganisationId(name) for name in ("bank-a", "bank-b", "carrier", "customs"))
RELAYER_MEMBER = "customs/relayer"
_LEDGER_ID = "devnet-trade-1"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the devnet's files stand."""

    root: Path

    @property
    def hub(self) -> NodeHome:
        return NodeHome(self.root / "hub")

    @property
    def ledger(self) -> LedgerHome:
        return LedgerHome(self.root / "ledger")

    @property
    def relayer(self) -> Path:
        return self.root / "relayer"

    def attestor(self, number: int) -> Path:
        return self.root / f"attestor-{number}"


class Network:
    """A devnet that is being started, runs, and is stopped."""

    def __init__(self, root: Path, ports: Ports) -> None:
        self.layout = Layout(root)
        self.ports = ports
        self._lock = _lock(root)
        try:
            require_free(ports)
            _clear(root)
        except BaseException:
            self._lock.close()
            raise
        self.supervisor = Supervisor(root)
        self.attestors: list[AttestorFile] = []
        self.genesis_hash = Hash(bytes(32))
        self.relayer_files: tuple[Path, ...] = ()

    def chain_port(self, name: str) -> int:
        return int(getattr(self.ports, f"chain_{name}"))

    def start_chain(self, name: str) -> None:
        self.supervisor.start(f"chain-{name}", anvil_command(self.chain_port(name), CHAIN_IDS[name]))

    async def chain_ready(self, name: str) -> None:
        port, chain_id = self.chain_port(name), CHAIN_IDS[name]
        await self.wait_until(f"chain {name} is ready", lambda: asyncio.to_thread(is_ready, url_of(port), chain_id))

    def make_files(self) -> None:
        """The hub's home and the attestors', anew."""
        values = ConfigValues(
            listen=f"127.0.0.1:{self.ports.hub}", metrics=f"127.0.0.1:{self.ports.hub_metrics}", heartbeat_seconds=5
        )
        plan = HomePlan(_CHAIN_ID, devnet=True, hosts=("localhost", "127.0.0.1"), values=values, supply=SUPPLY)
        self.genesis_hash = make_home(self.layout.hub, plan, secrets.token_hex(16)).hash()
        for number in range(1, ATTESTORS + 1):
            listen = getattr(self.ports, f"attestor_{number}")
            monitor = getattr(self.ports, f"attestor_{number}_monitor")
            self.attestors.append(
                make_attestor(
                    self.layout.attestor(number),
                    f"127.0.0.1:{listen}",
                    f"127.0.0.1:{monitor}",
                    self.genesis_hash,
                    devnet=True,
                )
            )
        make_relayer(
            self.layout.relayer,
            f"127.0.0.1:{self.ports.relayer}",
            f"localhost:{self.ports.hub}",
            self.layout.hub.tls / "ca.pem",
            bytes(dev_account(Holder.RELAYER).key),
        )
        self.relayer_files = tuple(self.layout.relayer.iterdir())

    def make_ledger(self) -> None:
        """The ledger's home, anew: one node, with the authorities and admins of all four organisations."""
        make_ledger_home(
            self.layout.ledger,
            _LEDGER_ID,
            dict.fromkeys(ORGANISATIONS),
            list(ORGANISATIONS),
            [],
            hosts=("localhost", "127.0.0.1"),
            listen=f"127.0.0.1:{self.ports.ledger}",
            open_listen=f"127.0.0.1:{self.ports.ledger_open}",
            devnet=True,
            password=secrets.token_hex(16),
            parameters=Parameters(),
        )

    def start_ledger(self) -> None:
        self.supervisor.start("ledger", _ichub("ledger", "start", "--home", str(self.layout.ledger.path)))

    async def ledger_ready(self) -> None:
        async def ready() -> bool:
            try:
                async with await self.member(self.layout.ledger.config().member):
                    return True
            except (HubError, ConsoleError, OSError):
                return False

        await self.wait_until("the ledger is ready", ready)

    async def member(self, member: str) -> LedgerClient:
        """A connection to the ledger as ORG/NAME, whose certificate is in the home; to be closed by the caller."""
        return await connect_member(self.layout.ledger, member)

    def start_hub(self) -> None:
        self.supervisor.start("hub", _ichub("start", "--home", str(self.layout.hub.path)))

    async def hub_ready(self) -> None:
        async def ready() -> bool:
            try:
                async with hub_of(self.layout.hub) as hub:
                    return (await hub.status()).devnet
            except (HubError, OSError):
                return False

        await self.wait_until("the hub is ready", ready)

    def start_attestors(self) -> None:
        for number in range(1, ATTESTORS + 1):
            self.supervisor.start(f"attestor-{number}", _ichub("attestor", "start", str(self.layout.attestor(number))))

    async def attestors_ready(self) -> None:
        for number in range(1, ATTESTORS + 1):
            port = getattr(self.ports, f"attestor_{number}_monitor")
            await self.wait_until(f"attestor {number} is ready", partial(asyncio.to_thread, is_healthy, port))

    def start_relayer(self) -> None:
        self.supervisor.start("relayer", _ichub("relayer", "start", str(self.layout.relayer)))

    async def relayer_ready(self) -> None:
        await self.wait_until("the relayer is ready", lambda: asyncio.to_thread(is_healthy, self.ports.relayer))

    def relayer_faults(self) -> str:
        """What the relayer says of its own health; empty where all is well, or where it does not run."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports.relayer}/health", timeout=5) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            body = error.read()
        except (OSError, urllib.error.URLError):
            return ""
        faults: dict[str, str] = json.loads(body)["faults"]
        return "; ".join(f"{part}: {fault}" for part, fault in faults.items())

    def empty_relayer(self) -> int:
        """Remove all that the relayer has written; its configuration and key, which it was given, stay."""
        given = set(self.relayer_files)
        written = [path for path in self.layout.relayer.rglob("*") if path.is_file() and path not in given]
        for path in written:
            path.unlink()
        return len(written)

    async def wait_until(
        self, what: str, ready: Callable[[], Awaitable[bool]], patience: float = 120.0, every: float = 0.1
    ) -> None:
        """Ask until it is so; raises TimedOut, or CheckFailed where a process died meanwhile."""
        deadline = asyncio.get_running_loop().time() + patience
        while not await ready():
            self.supervisor.require_running()
            if asyncio.get_running_loop().time() > deadline:
                raise TimedOut(
                    f"{what}: not so after {patience:.0f} s; look into {self.layout.root}/*.log", "NOT_READY"
                )
            await asyncio.sleep(every)

    def stop(self) -> None:
        self.supervisor.stop_all()
        self._lock.close()


def is_healthy(port: int) -> bool:
    """Whether a daemon's monitor on this machine says that all is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _ichub(*words: str) -> Sequence[str]:
    return [sys.executable, "-m", "console", *words]


def _lock(root: Path) -> IO[str]:
    """Held while the devnet runs; raises Misused where another runs in the same folder."""
    path = root.with_name(root.name + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Misused(
            f"a devnet runs in {root} already: stop it, or give another --folder and PORT_BASE", reason="DEVNET_RUNS"
        ) from None
    return file


def _clear(root: Path) -> None:
    """A devnet begins anew: what the last one left is removed, its own folder alone."""
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True, mode=0o755)
