"""What ``ichub doctor`` looks at: each check is a function that says what it found and what to do."""

import platform
import shutil
import stat
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.errors import ChainError
from adapters.evm.endpoints import Endpoint
from adapters.evm.finality import block_header, final_height, finality_rule
from adapters.evm.words import number_of
from console.certificates import TlsFiles, expires_at
from console.chains import ChainFile, evm_chains
from console.config import Config
from console.devnet.ports import holder, is_free
from console.exits import ConsoleError
from console.home import NodeHome
from console.node import node_config
from console.session import hub_of
from hub.errors import HubError
from hub.genesis import Genesis
from hub.node import replay_node
from hub.version import VERSION

_RENEW_BEFORE = timedelta(days=30)
_LEAST_FREE_BYTES = 2 * 1024**3
_CLOCK_TOLERANCE_SECONDS = 15
_STALE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``fix`` says what to do where it is not well."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def local_checks(home: NodeHome) -> Iterator[Check]:
    """What can be seen without asking anyone."""
    yield _python()
    yield _disk(home.path)
    try:
        config = home.config()
    except ConsoleError as error:
        yield Check("configuration", False, str(error), "make a home with `ichub init`, or name one with --home")
        return
    yield Check("configuration", True, str(home.config_file))
    yield _genesis(home, config)
    yield from _keys(home)
    yield from _certificates(home)
    yield _guard(home)
    yield _port("API port", config.node.listen)


async def remote_checks(home: NodeHome, hub: str | None) -> AsyncIterator[Check]:
    """What must be asked: the hub, and every chain's endpoints."""
    async for check in _hub(home, hub):
        yield check
    for chain in evm_chains(home):
        for url in chain.endpoints:
            yield await _endpoint(chain, url)


def replay_check(home: NodeHome) -> Check:
    """Execute all blocks of a stopped node again, beside its store, and compare roots and events."""
    with TemporaryDirectory(prefix="replay-", dir=home.path) as folder:
        try:
            height = replay_node(node_config(home), Path(folder) / "store")
        except (HubError, ConsoleError) as error:
            return Check("replay", False, str(error), "stop the node first; if it was, restore a backup")
    return Check("replay", True, f"blocks 0 to {height} give the same roots and events")


def _python() -> Check:
    fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Check("python", fits, platform.python_version(), "use Python 3.11, 3.12 or 3.13")


def _disk(path: Path) -> Check:
    place = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    return Check("disk", free >= _LEAST_FREE_BYTES, f"{free / 1024**3:.1f} GiB free at {place}", "free some space")


def _genesis(home: NodeHome, config: Config) -> Check:
    try:
        genesis = Genesis.from_json(home.genesis_file.read_bytes())
        validators = {member.address for member in genesis.validators.members}
        key = home.keystore.entry(config.keys.validator)
    except (OSError, HubError, ConsoleError) as error:
        return Check("genesis", False, str(error), "restore genesis.json from another node of the same hub")
    begun = home.data.is_dir() and any(home.data.iterdir())  # then the validators may be others by now
    mine = begun or bytes.fromhex(key.address[2:]) in validators
    found = f"{genesis.chain_id}, 0x{genesis.hash().hex()}, {len(validators)} validator(s)"
    return Check("genesis", mine, found, f"{key.address} ({key.name}) is none of the validators: check keys.validator")


def _keys(home: NodeHome) -> Iterator[Check]:
    try:
        entries = home.keystore.entries()
    except ConsoleError as error:
        yield Check("keys", False, str(error), "move that file away")
        return
    yield Check("keys", bool(entries), ", ".join(entry.name for entry in entries) or "none", "`ichub keys new NAME`")
    secret = [entry.path for entry in entries] + [path for path in (home.password_file,) if path.exists()]
    for path in secret:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Check("keys", False, f"{path} can be read by others ({mode:o})", f"chmod 600 {path}")


def _certificates(home: NodeHome) -> Iterator[Check]:
    files = TlsFiles(home.tls)
    for path in (files.authority, files.server, files.client):
        try:
            end = expires_at(path)
        except ConsoleError as error:
            yield Check("certificates", False, str(error), "`ichub init --renew-certificates`")
            continue
        left = end - datetime.now(UTC)
        found = f"{path.name} is good until {end:%Y-%m-%d}"
        yield Check("certificates", left > _RENEW_BEFORE, found, "`ichub init --renew-certificates`, then restart")


def _guard(home: NodeHome) -> Check:
    inside = home.guard.resolve().is_relative_to(home.data.resolve())
    return Check("signer's guard", home.guard.is_dir() and not inside, str(home.guard), "it must stand outside data/")


def _port(name: str, listen: str) -> Check:
    port = int(listen.rpartition(":")[2])
    found = f"{port} is free" if is_free(port) else f"{port} is held by {holder(port)}"
    return Check(name, True, found)


async def _hub(home: NodeHome, hub: str | None) -> AsyncIterator[Check]:
    try:
        async with hub_of(home, hub) as connection:
            status = await connection.status()
    except (HubError, ConsoleError, OSError) as error:
        yield Check("hub", False, str(error), "start it with `ichub start`, or name another with --hub")
        return
    yield Check("hub", True, f"{status.chain_id} at height {status.height}, engine {status.engine}")
    ours = (
        Genesis.from_json(home.genesis_file.read_bytes()).hash() if home.genesis_file.exists() else status.genesis_hash
    )
    yield Check("same genesis", ours == status.genesis_hash, f"0x{status.genesis_hash.hex()}", "it is another hub")
    ahead = status.time - int(time.time())
    yield Check(
        "hub's clock", ahead <= _CLOCK_TOLERANCE_SECONDS, f"{ahead:+d} s against this machine", "set the clocks"
    )
    found = f"node {status.version}, here {VERSION}"
    yield Check("versions", status.version == VERSION, found, "use the same version")


async def _endpoint(chain: ChainFile, url: str) -> Check:
    name = f"endpoint of {chain.name}"
    endpoint = Endpoint(url, timeout_s=5)
    try:
        chain_id = number_of(await endpoint.call("eth_chainId"))
        head = await block_header(endpoint, "latest")
        final = await final_height(endpoint, finality_rule(chain.finality))
    except (ChainError, ValueError) as error:
        return Check(name, False, str(error), f"check the node, or change endpoints in chains/{chain.name}.toml")
    finally:
        await endpoint.close()
    if chain_id != chain.chain_id:
        return Check(name, False, f"{url} is chain {chain_id}, not {chain.chain_id}", "name the right endpoint")
    age = int(time.time()) - head.timestamp
    found = f"{url} at block {head.number} ({age} s old), final {final}"
    return Check(name, -_CLOCK_TOLERANCE_SECONDS <= age <= _STALE_SECONDS, found, "its node lags, or a clock is wrong")
