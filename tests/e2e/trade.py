"""A ledger and a hub, each a real node, that know each other, and what a relayer is told to stand between them."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.governance.proposals import Outcome
from adapters.permissioned.ledger.membership.validator_keys import binding_digest
from adapters.permissioned.ledger.service.events import CallSent
from console.chains import LedgerFile
from console.ledger_joining import NewLedger, add_ledger
from hub import messages as hub_messages
from hub.answers import RequestState
from hub.chain_node import Node
from hub.client import HubClient
from hub.clients.quorum import Config
from hub.engine.embedded import EngineOptions
from hub.events import ServiceCalled
from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Amount, Gas, Height, Seconds, UnixSeconds
from hub.services.payload import InputEncoding, caller_account
from hub.signer import KeySigner, Signer
from relayers.config import LedgerTarget
from relayers.fields import KeyPair
from relayers.packets import Rhythm
from relayers.run import Payer, Relayer
from tests.e2e.network import until
from tests.e2e.node import OPERATOR_KEY, RunningNode, devnet_node
from tests.unit.desk import Desk
from tests.unit.hub_world import bind, define
from tests.unit.ledger_node_world import ORGANISATIONS, LedgerNodeWorld
from tests.unit.node_world import SIGNERS, StillClock

ANN, CARRIER, FERRYMAN, SEALER = "bank-a/ann", "port/carrier", "customs/ferryman", "bank-b/sealer"
RELAYER_KEY = b"\x33" * 32
NOBODY = Address(b"")
TRUST = (Seconds(86_400), Seconds(3600))
RHYTHM = Rhythm(poll_s=0.1, retry_s=0.2, hold_s=1.0)


class RunningClock(StillClock):
    """The machine's, and as much further as it was moved."""

    def now(self) -> UnixSeconds:
        return UnixSeconds(super().now() + int(time.monotonic()))

    def monotonic(self) -> float:
        return super().monotonic() + time.monotonic()


@dataclass
class Trade:
    """Start with ``running_trade``. The ledger makes blocks only where there is reason to: its heartbeat is an hour."""

    world: LedgerNodeWorld
    hub: HubClient
    operator: KeySigner
    signers: list[Signer]
    """The checkpoint keys that the ledger's node holds."""
    ann: LedgerClient = field(init=False)
    chiefs: list[LedgerClient] = field(default_factory=list)
    at_hub: ClientId = ClientId("")  # noqa: RUF009  # text
    of_hub: ClientId = ClientId("")  # noqa: RUF009
    node: Node = field(init=False)
    port: int = 0
    """Of the ledger's node, which keeps it over a restart."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start_ledger(self) -> None:
        """The ledger's node, where it was when it was stopped."""
        listen, engine = f"localhost:{self.port}", EngineOptions(heartbeat=3600.0)
        running = self.world.running(signers=self.signers, listen=listen, engine=engine)
        self.node = await self._stack.enter_async_context(running)
        self.port = self.node.port

    async def stop_ledger(self) -> None:
        await self._stack.aclose()

    def target(self, member: str = CARRIER) -> LedgerTarget:
        """The path, as a relayer is told of it that is this member."""
        identity = KeyPair(*self.world.files(member))
        target = f"localhost:{self.port}"
        return LedgerTarget("trade", self.at_hub, target, self.world.authorities, identity, Height(1), 0.1)

    def file(self) -> LedgerFile:
        """The ledger, as a home of the hub knows it that reads there as ann."""
        authorities, certificate, key = map(str, (self.world.authorities, *self.world.files(ANN)))
        target = f"localhost:{self.port}"
        return LedgerFile(
            "trade",
            self.world.genesis.chain_id,
            target,
            authorities,
            certificate,
            key,
            self.at_hub,
            self.of_hub,
            1,
        )

    @asynccontextmanager
    async def relayer(self, member: str = CARRIER, key: bytes = RELAYER_KEY) -> AsyncIterator[Relayer]:
        """A relayer that knows nothing yet."""
        relayer = Relayer(self.hub, Payer.of(key), RHYTHM)
        relayer.relay({"trade": self.target(member)})
        try:
            yield relayer
        finally:
            await relayer.stop()

    async def connect(self) -> None:
        """Clients, counterparties and a lane on both sides: at the hub by its operator, at the ledger by votes."""
        plan = NewLedger("trade", self.ann, self.chiefs[:3], *TRUST)
        joined = await add_ledger(plan, self.hub, self.operator, report=lambda _: None)
        self.at_hub, self.of_hub = joined.client_at_hub, joined.client_of_hub

    async def decide(self, action: a.Action) -> None:
        """Propose it at the ledger, and let three of four organisations be for it."""
        await self.chiefs[0].submit([m.Propose(action, Seconds(3600))])
        number = (await self.chiefs[0].proposals())[-1].number
        for chief in self.chiefs[:3]:
            await chief.submit([m.Vote(number, True)])
        assert (await self.chiefs[0].proposal(number)).outcome is Outcome.PASSED

    async def offer(self) -> None:
        """The desk's service, one of the operator's own, and money for who calls that."""
        me = self.operator.address
        terms = (InputEncoding.JSON, Amount(5), Gas(1), 1, 60)
        await self.hub.submit(
            [
                define("desk-note"),
                hub_messages.BindService("desk-note", self.at_hub, b"desk", *terms),
                define("echo"),
                bind("", encoding=InputEncoding.JSON, provider=me),
                hub_messages.Transfer(caller_account(self.at_hub, ANN.encode()), Amount(200)),
            ],
            self.operator,
        )

    # --- who signs ---

    async def propose_validators(self, *signers: Signer) -> None:
        """Have it voted for that these sign the ledger's next blocks; each key but the genesis's is first bound to its
        member.
        """
        async with await self.world.connect(self.node, SEALER) as sealer:
            digest = binding_digest(sealer.genesis_hash, sealer.member)
            for signer in signers:
                if signer is not self.signers[0]:
                    await sealer.submit([m.BindValidatorKey(signer.address, signer.sign(digest))])
        await self.decide(a.ProposeValidators(tuple(sorted((signer.address, 1) for signer in signers))))

    async def epochs(self) -> tuple[int, int]:
        """Of the ledger's validators, and of those that the hub's client believes."""
        believed = (await self.hub.client(self.at_hub)).config
        assert isinstance(believed, Config)
        return (await self.ann.rotation()).validators.epoch, believed.validators.epoch

    async def hub_epochs(self) -> tuple[int, int]:
        """Of the hub's validators, and of those that the ledger's client believes."""
        believed = (await self.ann.client(self.of_hub)).config
        assert isinstance(believed, Config)
        return (await self.hub.rotation()).validators.epoch, believed.validators.epoch

    # --- calls ---

    async def ask_desk(self, text: str, within: int = 300) -> bytes:
        """A hub account calls the ledger's contract; the request's identifier."""
        deadline = UnixSeconds(self.world.clock.now() + within)
        question = b'{"text":"%s"}' % text.encode()
        call = hub_messages.CallService("desk-note", "", b"", InputEncoding.JSON, question, Amount(50), deadline)
        receipt = await self.hub.submit([call], self.operator)
        return next(one.event.request_id for one in receipt.events if isinstance(one.event, ServiceCalled))

    async def ask_hub(self, text: str, within: int = 300) -> bytes:
        """A member of the ledger calls a hub account; the call's identifier."""
        deadline = UnixSeconds(self.world.clock.now() + within)
        question = b'{"text":"%s"}' % text.encode()
        receipt = await self.ann.submit([m.CallService("echo", InputEncoding.JSON, question, Amount(100), deadline)])
        return next(one.event.call_id for one in receipt.events if isinstance(one.event, CallSent))

    async def answer(self, call_id: bytes) -> None:
        """The hub account answers once the call has arrived."""

        async def arrived() -> bool:
            return any(request.request_id == call_id for request in (await self.hub.requests("echo")).items)

        await until(arrived)
        await self.hub.submit([hub_messages.RespondService(call_id, 200, b'{"text":"back"}', "")], self.operator)

    async def answered_by_desk(self, request_id: bytes) -> bytes:
        """What the ledger's contract has answered, once it has."""

        async def ended() -> bool:
            return (await self.hub.request(request_id)).state is not RequestState.PENDING

        await until(ended)
        request = await self.hub.request(request_id)
        assert request.code == 200, request.message
        return request.output

    async def answered_by_hub(self, call_id: bytes) -> bytes:
        """What the hub account has answered, once the ledger knows it."""

        async def ended() -> bool:
            return (await self.ann.call(call_id)).code != 0

        await until(ended)
        call = await self.ann.call(call_id)
        assert call.code == 200, call
        return call.output

    async def call_both_ways(self, text: str) -> None:
        """Each way a call passes and its answer comes back."""
        inward, outward = await self.ask_desk(text), await self.ask_hub(text)
        await self.answer(outward)
        assert await self.answered_by_desk(inward) == b'{"text":"%s!"}' % text.encode()
        assert await self.answered_by_hub(outward) == b'{"text":"back"}'


@asynccontextmanager
async def running_trade(
    folder: Path, signers: Sequence[Signer] = SIGNERS[:1], next_hub_key: bytes | None = None
) -> AsyncIterator[Trade]:
    """With a hub of its own. ``signers``: the ledger's checkpoint keys, first the one that the genesis names.
    ``next_hub_key`` signs for the hub after a rotation to it.
    """
    async with (
        devnet_node(folder / "hub", next_key=next_hub_key) as node,
        trade_with(node, folder, signers) as trade,
    ):
        yield trade


@asynccontextmanager
async def trade_with(
    node: RunningNode,
    folder: Path,
    signers: Sequence[Signer] = SIGNERS[:1],
    *,
    joined: bool = True,
    devnet: bool = True,
) -> AsyncIterator[Trade]:
    """A ledger in ``folder`` beside a hub that runs, connected to it unless ``joined`` is false; ``devnet``: what its
    genesis says it is.
    """
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(await HubClient.connect(node.target, insecure=True))
        world = LedgerNodeWorld(folder, Desk, RunningClock(int(time.time() - time.monotonic())), devnet=devnet)
        trade = Trade(world, hub, KeySigner(OPERATOR_KEY), list(signers))
        await trade.start_ledger()
        stack.push_async_callback(trade.stop_ledger)

        async def member(name: str, role: str) -> LedgerClient:
            client = await stack.enter_async_context(await world.connect(trade.node, name, role))
            await client.enrol()
            return client

        trade.chiefs = [await member(f"{organisation}/chief", "admin") for organisation in ORGANISATIONS]
        trade.ann, _ = await member(ANN, "member"), await member(CARRIER, "member")
        await member(SEALER, "validator")
        if joined:
            await trade.connect()
            await trade.offer()
        yield trade
    node.others.append(world.past)
