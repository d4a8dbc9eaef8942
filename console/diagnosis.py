"""What ``ichub doctor`` looks at: each check is a function that says what it found and what to do."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.errors import ChainError
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.finality import FinalityLag, block_header, final_height, finality_lag, finality_rule
from adapters.evm.words import number_of
from console import checks
from console.attestor_diagnosis import attestor_checks
from console.certificates import TlsFiles
from console.chain_access import ledger_client
from console.chains import ChainFile, LedgerFile, known_chains
from console.checks import CLOCK_TOLERANCE_SECONDS, Check
from console.config import Config
from console.exits import ConsoleError
from console.finality import proposed_finality_time
from console.home import NodeHome
from console.node import node_config
from console.session import hub_of
from hub.answers import ClientInfo
from hub.errors import HubError
from hub.genesis import Genesis
from hub.node import replay_node
from hub.quantities import Seconds
from hub.version import VERSION

_STALE_SECONDS = 300


def local_checks(home: NodeHome) -> Iterator[Check]:
    """What can be seen without asking anyone."""
    yield checks.python()
    yield checks.disk(home.path)
    try:
        config = home.config()
    except ConsoleError as error:
        yield Check("configuration", False, str(error), "make a home with `ichub init`, or name one with --home")
        return
    yield Check("configuration", True, str(home.config_file))
    yield _genesis(home, config)
    yield from _keys(home)
    yield from _certificates(home)
    yield checks.signers_guard(home.guard, home.data)
    yield checks.api_port(config.node.listen)


async def remote_checks(home: NodeHome, hub: str | None, relayers: Sequence[Path] = ()) -> AsyncIterator[Check]:
    """What must be asked: the hub, every EVM chain's endpoints, every ledger's node; the attestors that ``relayers``'
    configurations name.
    """
    async for check in _hub(home, hub):
        yield check
    clients = await _clients(home, hub)
    for chain in known_chains(home):
        if isinstance(chain, LedgerFile):
            yield await _ledger(chain)
            continue
        for url in chain.endpoints:
            yield await _endpoint(chain, url)
        if chain.client_at_hub in clients and (lag := await _finality_lag(chain)) is not None:
            yield finality(chain, clients[chain.client_at_hub].finality_time, lag)
    for path in relayers:
        async for check in attestor_checks(path, clients):
            yield check


def replay_check(home: NodeHome) -> Check:
    """Execute all blocks of a stopped node again, beside its store, and compare roots and events."""
    with TemporaryDirectory(prefix="replay-", dir=home.path) as folder:
        try:
            height = replay_node(node_config(home), Path(folder) / "store")
        except (HubError, ConsoleError) as error:
            return Check("replay", False, str(error), "stop the node first; if it was, restore a backup")
    return Check("replay", True, f"blocks 0 to {height} give the same roots and events")


def _genesis(home: NodeHome, config: Config) -> Check:
    try:
        genesis = Genesis.from_json(home.genesis_file.read_bytes())
        validators = {member.address for member in genesis.validators.members}
        key = home.keystore.entry(config.keys.validator)
    except (OSError, HubError, ConsoleError) as error:
        return Check("genesis", False, str(error), "restore genesis.json from another node of the same hub")
    begun = home.data.is_dir() and any(home.data.iterdir())  # then the validators may be others by now
    mine = begun or bytes.fromhex(key.address[2:]) in validators
    found = f"0x{genesis.hash().hex()} of {genesis.chain_id}, {len(validators)} validator(s)"
    return Check("genesis", mine, found, f"{key.address} ({key.name}) is none of the validators: check keys.validator")


def _keys(home: NodeHome) -> Iterator[Check]:
    yield from checks.keystores(home.keystore)
    yield from checks.secrets([home.password_file])


def _certificates(home: NodeHome) -> Iterator[Check]:
    files = TlsFiles(home.tls)
    for path in (files.authority, files.server, files.client):
        yield checks.certificate(path, "`ichub init --renew-certificates`, then restart")


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
    yield Check("hub's clock", ahead <= CLOCK_TOLERANCE_SECONDS, f"{ahead:+d} s against this machine", "set the clocks")
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
    return Check(name, -CLOCK_TOLERANCE_SECONDS <= age <= _STALE_SECONDS, found, "its node lags, or a clock is wrong")


def finality(chain: ChainFile, reckoned: Seconds, lag: FinalityLag) -> Check:
    """Whether the chain makes blocks final as quickly as the hub reckons with."""
    found = f"final {lag.blocks} blocks and {lag.seconds} s behind the head; the hub reckons with {reckoned} s"
    proposed = proposed_finality_time(lag.seconds)
    mend = f"if it stays so: `ichub client replace {chain.client_at_hub} --finality-time {proposed}`"
    return Check(f"finality of {chain.name}", lag.seconds <= reckoned + CLOCK_TOLERANCE_SECONDS, found, mend)


async def _clients(home: NodeHome, hub: str | None) -> dict[str, ClientInfo]:
    """What the hub believes of the chains, by its clients; nothing where it does not answer, as is told already."""
    try:
        async with hub_of(home, hub) as connection:
            return {info.client: info for info in await connection.clients()}
    except (HubError, ConsoleError, OSError):
        return {}


async def _finality_lag(chain: ChainFile) -> FinalityLag | None:
    """None where it cannot be measured: who does not answer is told already."""
    endpoints = Endpoints(chain.name, chain.endpoints)
    try:
        rule = finality_rule(chain.finality)
        return await endpoints.attempt(lambda endpoint: finality_lag(endpoint, rule))
    except (ChainError, ValueError):
        return None
    finally:
        await endpoints.close()


async def _ledger(chain: LedgerFile) -> Check:
    name, file = f"node of {chain.name}", f"chains/{chain.name}.toml"
    try:
        client = await ledger_client(chain, timeout_s=5)
        try:
            status = await client.status()
        finally:
            await client.close()
    except (HubError, OSError, ValueError, TypeError) as error:
        return Check(name, False, str(error), f"check the node, or change target and member in {file}")
    if status.chain_id != chain.chain_id:
        found = f"{chain.target} is of {status.chain_id}, not of {chain.chain_id}"
        return Check(name, False, found, f"name the right target in {file}")
    ahead = status.time - int(time.time())
    found = f"{chain.target} at height {status.height}, as {client.member}"
    return Check(name, ahead <= CLOCK_TOLERANCE_SECONDS, found, f"its clock is {ahead} s ahead: set the clocks")
