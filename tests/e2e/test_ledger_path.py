"""A ledger and a hub, each a real node, and the real relayer between them, as a member of the ledger."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.client import LedgerClient
from hub import messages as hub_messages
from hub.answers import RequestState
from hub.client import HubClient
from hub.clients.quorum import Config
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import SignerSet
from hub.proofs.signatures import address_of
from hub.quantities import Address, Amount, Gas, Hash, Height, Seconds, UnixSeconds
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.payload import InputEncoding, caller_account
from hub.signer import KeySigner
from relayers.config import LedgerTarget
from relayers.errors import InvalidConfiguration
from relayers.fields import KeyPair
from relayers.ledger_chain import ledger_chain
from relayers.packets import Rhythm
from relayers.run import Payer, Relayer
from tests.e2e.network import until
from tests.e2e.node import OPERATOR_KEY, VALIDATOR_KEY, devnet_node
from tests.unit.hub_world import bind, define
from tests.unit.ledger_node_world import ORGANISATIONS, LedgerNodeWorld
from tests.unit.test_ledger_machine import Desk

ANN, CARRIER = "bank-a/ann", "port/carrier"
RELAYER_KEY = b"\x33" * 32
NOBODY = Address(b"")
TRUST = (Seconds(86_400), Seconds(3600))


@dataclass
class Trade:
    """A ledger and a hub that know each other."""

    world: LedgerNodeWorld
    hub: HubClient
    operator: KeySigner
    ann: LedgerClient
    chiefs: list[LedgerClient]
    target: LedgerTarget
    at_hub: ClientId = ClientId("")  # noqa: RUF009  # text
    of_hub: ClientId = ClientId("")  # noqa: RUF009

    async def connect(self) -> None:
        """Clients, counterparties and a lane on both sides: at the hub by its operator, at the ledger by votes."""
        ledger = await self.ann.status()
        theirs = Config(ledger.chain_id, ledger.genesis_hash, SignerSet(ledger.epoch, ledger.validators), *TRUST)
        await self.hub.submit([hub_messages.CreateQuorumClient(theirs)], self.operator)
        self.at_hub = ClientId((await self.hub.clients())[-1].client)
        hub = await self.hub.status()
        ours = Config(hub.chain_id, hub.genesis_hash, SignerSet(hub.epoch, hub.validators), *TRUST)
        await self.decide(hub_messages.CreateQuorumClient(ours))
        self.of_hub = ClientId((await self.ann.clients())[-1].client)
        await self.decide(
            hub_messages.RegisterCounterparty(self.of_hub, self.at_hub, 0, NOBODY, hub.genesis_hash),
        )
        counterparty = hub_messages.RegisterCounterparty(self.at_hub, self.of_hub, 0, NOBODY, ledger.genesis_hash)
        await self.hub.submit([counterparty], self.operator)
        for ends in sorted({(self.of_hub, self.at_hub), (self.at_hub, self.of_hub)}):
            lane = hub_messages.RegisterLane(*ends, PORT, PORT, VERSION, ENCODING)
            await self.decide(lane)
            await self.hub.submit([lane], self.operator)

    async def decide(self, message: a.ConnectingMessage) -> None:
        """Propose it at the ledger, and let three of four organisations be for it."""
        await self.chiefs[0].submit([m.Propose(a.Connect(message), Seconds(3600))])
        number = (await self.chiefs[0].proposals())[-1].number
        for chief in self.chiefs[:3]:
            await chief.submit([m.Vote(number, True)])

    async def offer(self) -> None:
        """The desk's service, one of the operator's own, and money for who calls that."""
        me = self.operator.address
        terms = (InputEncoding.JSON, Amount(5), Gas(1), 10, 60)
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


@pytest.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    world = LedgerNodeWorld(tmp_path, Desk)
    async with AsyncExitStack() as stack:
        hub_node = await stack.enter_async_context(devnet_node(tmp_path / "hub"))
        hub = await stack.enter_async_context(await HubClient.connect(hub_node.target, insecure=True))
        node = await stack.enter_async_context(world.running())

        async def member(name: str, role: str) -> LedgerClient:
            client = await stack.enter_async_context(await world.connect(node, name, role))
            await client.enrol()
            return client

        chiefs = [await member(f"{organisation}/chief", "admin") for organisation in ORGANISATIONS]
        ann, _ = await member(ANN, "member"), await member(CARRIER, "member")
        identity = KeyPair(*world.files(CARRIER))
        target = LedgerTarget(
            "trade", ClientId(""), f"localhost:{node.port}", world.authorities, identity, Height(1), 0.1
        )
        made = Trade(world, hub, KeySigner(OPERATOR_KEY), ann, chiefs, target)
        await made.connect()
        made.target = replace(target, client=made.at_hub)
        await made.offer()
        yield made


async def test_calls_both_ways_through_the_relayer(trade: Trade) -> None:
    """A hub account asks the ledger's contract, a member of the ledger asks a hub account; each gets its answer."""
    deadline = UnixSeconds((await trade.hub.status()).time + 300)
    asked = hub_messages.CallService("desk-note", "", b"", InputEncoding.JSON, b'{"text":"hi"}', Amount(50), deadline)
    await trade.hub.submit([asked], trade.operator)
    await trade.ann.submit([m.CallService("echo", InputEncoding.JSON, b'{"text":"out"}', Amount(100), deadline)])
    (call,) = await trade.ann.calls()
    relayer = Relayer(trade.hub, Payer.of(RELAYER_KEY), Rhythm(poll_s=0.1, retry_s=0.2, hold_s=1.0))
    relayer.relay({"trade": trade.target})
    try:

        async def arrived() -> bool:
            return any(request.request_id == call.call_id for request in (await trade.hub.requests("echo")).items)

        async def answered() -> bool:
            (request,) = (await trade.hub.requests("desk-note")).items
            return request.state is not RequestState.PENDING and (await trade.ann.calls())[0].code != 0

        await until(arrived)
        await trade.hub.submit([hub_messages.RespondService(call.call_id, 200, b'{"text":"back"}', "")], trade.operator)
        await until(answered)
        assert relayer.health() == {}
    finally:
        await relayer.stop()
    (request,) = (await trade.hub.requests("desk-note")).items
    assert (request.code, request.output) == (200, b'{"text":"hi!"}')
    (call,) = await trade.ann.calls()
    assert (call.code, call.output) == (200, b'{"text":"back"}')


async def test_a_path_that_is_configured_wrongly_says_so(trade: Trade) -> None:
    other = Config("ledger-test", Hash(b"\x07" * 32), SignerSet.of_equals(1, [address_of(VALIDATOR_KEY)]), *TRUST)
    await trade.hub.submit([hub_messages.CreateQuorumClient(other)], trade.operator)
    stranger = ClientId((await trade.hub.clients())[-1].client)
    unconnected = replace(trade.target, client=stranger)
    with pytest.raises(InvalidConfiguration, match="has no counterparty yet"):
        await ledger_chain(trade.hub, unconnected)
    counterparty = hub_messages.RegisterCounterparty(stranger, "quorum-0", 0, NOBODY, Hash(b"\x07" * 32))
    await trade.hub.submit([counterparty], trade.operator)
    with pytest.raises(
        InvalidConfiguration, match=r"is a node of ledger-test .*, and quorum-1 believes ledger-test of genesis 0x0707"
    ):
        await ledger_chain(trade.hub, unconnected)
    swapped = KeyPair(trade.target.identity.certificate, trade.world.files(ANN)[1])
    for identity in (swapped, KeyPair(trade.world.folder / "none.pem", trade.world.folder / "none.key")):
        with pytest.raises(InvalidConfiguration, match="certificate"):
            await ledger_chain(trade.hub, replace(trade.target, identity=identity))
