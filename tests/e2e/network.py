"""A whole network in one process, but for its Anvils: a hub node, attestors, a relayer, two chains or more."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.evm.artifacts import artifact
from adapters.evm.contract import Contract
from adapters.evm.deploy import Workshop
from adapters.evm.endpoints import Endpoints
from adapters.evm.events import TOPICS, Ends, log_filter, read_log
from adapters.evm.fees import FeePolicy
from adapters.evm.sender import Pace, Sender
from adapters.evm.words import bytes_of, hex_of
from console.certificates import TlsFiles
from console.chains import ChainFile
from console.joining import Attestor, NewChain, Target, add_chain
from hub.answers import Receipt
from hub.client import HubClient
from hub.ibc.identifiers import ClientId
from hub.messages import BindService, DefineService, Faucet
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Amount, Gas, Height, Seconds
from hub.signer import KeySigner, write_keystore
from relayers.attestor_config import AttestorConfig
from relayers.attestor_service import RunningAttestor, start_attestor
from relayers.config import EvmTarget
from relayers.packets import Rhythm
from relayers.run import Payer, Relayer
from tests.anvil_chain import AnvilChain, account, running_anvil
from tests.e2e.node import OPERATOR_KEY, RunningNode, devnet_node
from tests.invariants import Past, past_of

SETUP, CALLER, RELAYER = 0, 1, 2
"""Whose account of Anvil is whose."""
ABI = 1
GREETING = json.dumps([{"name": "greeting", "type": "string"}])
FEE = Amount(100)
QUICK = Pace(poll_s=0.1, stuck_s=10.0, give_up_s=60.0)
RHYTHM = Rhythm(poll_s=0.25, retry_s=0.5, hold_s=3.0, clients_s=5.0)
PATIENCE_S = 90.0


def topic(event: str) -> bytes:
    """The first topic of one of the gateway's events."""
    abi = next(entry for entry in artifact("ServiceGateway").abi if entry.get("name") == event)
    return keccak256(f"{event}({','.join(field['type'] for field in abi['inputs'])})".encode())


@dataclass
class Site:
    """One chain of the network, with a consumer and a provider on it."""

    anvil: AnvilChain
    chain: ChainFile
    endpoints: Endpoints
    workshop: Workshop
    consumer: Contract
    provider: Address

    @property
    def service(self) -> str:
        return f"echo-{self.chain.name}"

    @property
    def client(self) -> ClientId:
        return ClientId(self.chain.client_at_hub)

    async def greet(self, service: str, text: str, within: int = 120) -> bytes:
        """Call a service; the call's identifier."""
        sent = await self.workshop.sender.send_for_receipt(
            self.consumer.address, self.consumer.calldata("greet", service, text, within)
        )
        called = topic("ServiceCalled")
        return next(bytes_of(log["topics"][1]) for log in sent["logs"] if bytes_of(log["topics"][0]) == called)

    async def deploy(self, name: str) -> Address:
        """A contract of ours that belongs to the gateway."""
        address, _ = await self.workshop.create(name, self.chain.gateway)
        return address

    async def answer(self, call_id: bytes) -> str:
        """What the consumer keeps of a call; empty while there is nothing."""
        kept: str = await self.consumer.read("answerOf", call_id)
        return kept

    async def outcomes(self, call_id: bytes) -> list[str]:
        """Every result or timeout that the gateway brought for a call: one, in the end."""
        result = topic("ServiceResult")
        topics = [[hex_of(result), hex_of(topic("ServiceTimeout"))], hex_of(call_id)]
        query = {"address": self.chain.gateway, "fromBlock": "0x0", "toBlock": "latest", "topics": topics}
        logs = await self.endpoints.call("eth_getLogs", query)
        return ["result" if bytes_of(log["topics"][0]) == result else "timeout" for log in logs]


@dataclass
class Network:
    """All of it."""

    node: RunningNode
    hub: HubClient
    operator: KeySigner
    attestors: list[RunningAttestor]
    folder: Path
    sites: dict[str, Site] = field(default_factory=dict)

    @property
    def a(self) -> Site:
        return self.sites["a"]

    @property
    def b(self) -> Site:
        return self.sites["b"]

    def targets(self) -> dict[str, EvmTarget]:
        """All chains, as a relayer is told of them."""
        return {
            name: EvmTarget(
                name=name,
                client=site.client,
                endpoints=tuple(site.chain.endpoints),
                attestors=tuple(f"127.0.0.1:{one.port}" for one in self.attestors),
                attestor_certificate=None,
                first_height=Height(site.chain.first_height),
                poll_s=0.25,
                stuck_s=10.0,
                fee_ceiling_gwei=500,
            )
            for name, site in self.sites.items()
        }

    async def offer(self, service: str, site: Site, provider: Address, within: int = 5, grace: int = 10) -> Receipt:
        """Define a service and bind a contract to it; durations in seconds."""
        define = DefineService(service, "Says what it is told.", ("test",), "", "", GREETING, GREETING)
        bind = BindService(service, site.client, provider, ABI, FEE, Gas(300_000), within, grace)
        return await self.hub.submit([define, bind], self.operator)

    @asynccontextmanager
    async def relayer(
        self, key: int = RELAYER, rhythm: Rhythm = RHYTHM, only: str | None = None, cursors: Path | None = None
    ) -> AsyncIterator[Relayer]:
        """A relayer of all chains or of one, that knows nothing yet but what ``cursors`` tell it."""
        relayer = Relayer(self.hub, Payer.of(bytes(account(key).key)), rhythm, cursors)
        relayer.relay({name: target for name, target in self.targets().items() if only in (None, name)})
        try:
            yield relayer
        finally:
            await relayer.stop()


async def until(what: Callable[[], Awaitable[Any]], patience_s: float = PATIENCE_S) -> Any:
    """Ask until the answer is true, and give it; raises TimeoutError."""
    async with asyncio.timeout(patience_s):
        while not (found := await what()):  # noqa: ASYNC110  # a chain outside tells nobody
            await asyncio.sleep(0.1)
        return found


@asynccontextmanager
async def running_network(
    folder: Path,
    *names: str,
    attestors: int = 4,
    trusting_seconds: int = 14 * 24 * 3600,
    next_key: bytes | None = None,
    replacement_delay: int = 60,
    attestor_tls: TlsFiles | None = None,
) -> AsyncIterator[Network]:
    """Start everything but a relayer: chains with a block a second, a hub, attestors, contracts, services, money.

    ``attestor_tls``: attestors serve over TLS with these files, and only whom their authority has certified.

    ``replacement_delay``: of the hub and of the chains' routers, in seconds.
    """
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(
            devnet_node(folder / "hub", next_key=next_key, replacement_delay=replacement_delay)
        )
        hub = await stack.enter_async_context(await HubClient.connect(node.target, insecure=True))
        genesis = (await hub.status()).genesis_hash
        running = [
            await stack.enter_async_context(_attestor(folder / f"attestor-{number}", number, genesis, attestor_tls))
            for number in range(1, attestors + 1)
        ]
        network = Network(node, hub, KeySigner(OPERATOR_KEY), running, folder)
        anvils = [stack.enter_context(running_anvil(31337 + number)) for number in range(len(names))]
        for name, anvil in zip(names, anvils, strict=True):
            plan = _plan(network, name, anvil, Seconds(trusting_seconds), Seconds(replacement_delay))
            network.sites[name] = await _join(stack, network, anvil, plan)
            await anvil.rpc("evm_setAutomine", False)  # until now a block for every transaction, to be quick
            await anvil.rpc("evm_setIntervalMining", 1)
        yield network
        node.others.extend([await _past_at(site) for site in network.sites.values()])


async def _past_at(site: Site) -> Past:
    """What the chain's router says of packets, but those that it sent."""
    ends, latest = Ends(ClientId(site.chain.client_of_hub), site.client), Height(await site.anvil.height())
    wanted = log_filter(Address(bytes_of(site.chain.router)), ends, Height(0), latest)
    logs = await site.endpoints.call("eth_getLogs", wanted)
    return past_of(read_log(log, ends, {}).observed.event for log in logs if bytes_of(log["topics"][0]) != TOPICS[0])


@asynccontextmanager
async def _attestor(folder: Path, number: int, genesis: bytes, tls: TlsFiles | None) -> AsyncIterator[RunningAttestor]:
    folder.mkdir(parents=True)  # noqa: ASYNC240
    write_keystore(folder / "key.json", bytes([number]) * 32, "secret", iterations=2)
    (folder / "chains.toml").write_text(f'hub_genesis_hash = "0x{genesis.hex()}"\n')
    running = await start_attestor(
        AttestorConfig(
            "127.0.0.1:0", "127.0.0.1:0", folder / "key.json", "secret", folder / "guard", folder / "chains.toml",
            tls.server if tls else None, tls.server_key if tls else None, devnet=True,
            authority=tls.authority if tls else None,
        )
    )  # fmt: skip
    try:
        yield running
    finally:
        await running.stop()


def _plan(network: Network, name: str, anvil: AnvilChain, trusting_period: Seconds, delay: Seconds) -> NewChain:
    return NewChain(
        name,
        [anvil.url],
        "depth:1",
        [Attestor(one.attestor.address, Target(f"127.0.0.1:{one.port}")) for one in network.attestors],
        trusting_period=trusting_period,
        max_clock_drift=Seconds(min(60, trusting_period - 1)),
        replacement_delay=delay,
        finality_time=Seconds(2),
    )


async def _join(stack: AsyncExitStack, network: Network, anvil: AnvilChain, plan: NewChain) -> Site:
    """Put the contracts on a chain, register it, and tell the attestors."""
    chain = await add_chain(plan, network.hub, network.operator, account(SETUP), report=print, pace=QUICK)
    for number in range(1, len(network.attestors) + 1):
        path = network.folder / f"attestor-{number}" / "chains.toml"
        table = (
            f'[{chain.client_at_hub}]\nchain_id = {anvil.chain_id}\nfinality = "depth:1"\nendpoints = ["{anvil.url}"]\n'
        )
        path.write_text(path.read_text() + "\n" + table)
    endpoints = Endpoints(plan.name, [anvil.url])
    stack.push_async_callback(endpoints.close)
    sender = Sender(endpoints, account(CALLER), anvil.chain_id, FeePolicy(), QUICK)
    workshop = Workshop(endpoints, sender)
    (consumer, _), (provider, _) = await asyncio.gather(
        workshop.create("GreetingConsumer", chain.gateway), workshop.create("EchoProvider", chain.gateway)
    )
    site = Site(anvil, chain, endpoints, workshop, Contract(endpoints, "GreetingConsumer", consumer), provider)
    await _offer(network, site)
    return site


async def _offer(network: Network, site: Site) -> Receipt:
    pocket = await network.hub.caller_account(site.client, site.consumer.address)
    faucet = Faucet(pocket.address, Amount(1_000_000))
    await network.hub.submit([faucet], network.operator)
    return await network.offer(site.service, site, site.provider)
