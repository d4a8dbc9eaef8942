"""A ledger and a hub that know each other, both in memory, and what a relayer sees of them and does at the hub."""

from collections.abc import Sequence
from typing import Any, cast

from adapters.chain import Delivery, path_of
from adapters.permissioned.chain import LedgerChain, LedgerSettings
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.service.events import CallSent
from hub import messages as hub_messages
from hub.answers import ReceiptOf
from hub.client import HubClient
from hub.clients.quorum import Config
from hub.events import PacketSent
from hub.proofs.quorum import SignerSet
from hub.quantities import Amount, Gas, Hash, Seconds, UnixSeconds
from hub.services.payload import InputEncoding, caller_account
from hub.signer import KeySigner
from relayers.flow import packet_of
from relayers.hub_side import HubSide
from relayers.plan import Kind, Task
from tests.unit.desk import ANN, Desk
from tests.unit.hub_chain import CONSUMER, MEMBER, OPERATOR, PROVIDER, RELAYER, VALIDATOR, HubChain
from tests.unit.hub_world import bind, define, one
from tests.unit.machine_node import MachineNode
from tests.unit.member_ledger import MemberLedger
from tests.vectors.generate_quorum import ADDRESSES, KEYS

CARRIER = "port/chief"


class HubNode(MachineNode):
    """The hub in memory, as ``HubClient`` gives it to a relayer."""

    def __init__(self, hub: HubChain) -> None:
        super().__init__(hub, hub.app, lambda client, height: hub.checkpoint(client, height=height))
        self._hub = hub

    async def submit(self, messages: Sequence[hub_messages.AnyMessage], _: object) -> ReceiptOf[Any]:
        return self.put(self._hub.sign(RELAYER, *messages))


class World:
    """A ledger and a hub that know each other, and all that a relayer has of them."""

    def __init__(self, *, other_clients: int = 0) -> None:
        self.ledger = MemberLedger(Desk, enrolled=[ANN])
        self.hub = HubChain(time=self.ledger.now)
        for number in range(other_clients):
            signers = SignerSet.of_equals(1, [ADDRESSES[VALIDATOR - 1 - number]])
            other = Config(f"other-{number}", Hash(bytes([9 + number] * 32)), signers, Seconds(86_400), Seconds(60))
            self.hub.do(OPERATOR, hub_messages.CreateQuorumClient(other))
        self.hub.block(advance=max(0, self.ledger.now - self.hub.now))
        self.ledger.connect(self.hub)
        self.at_hub, self.of_hub = self.ledger.client, self.ledger.hub_client
        self.node = MachineNode(self.ledger, self.ledger.machine, lambda _, height: self.ledger.checkpoint(height))
        self.hub_node = HubNode(self.hub)
        self.sent: list[Sequence[m.AnyMessage]] = []
        self.chain = LedgerChain(LedgerSettings("trade", self.of_hub, self.at_hub), self.node, self.submit)
        self.offer()

    async def submit(self, messages: Sequence[m.AnyMessage]) -> ReceiptOf[Any]:
        self.sent.append(messages)
        return self.node.put(self.ledger.sign(CARRIER, *messages))

    def offer(self) -> None:
        """A service of a contract of the ledger, one of a hub account, and money for who calls that."""
        self.hub.do(MEMBER, define("desk-note"))
        terms = (InputEncoding.JSON, Amount(5), Gas(1), 10, 60)
        self.hub.do(MEMBER, hub_messages.BindService("desk-note", self.at_hub, b"desk", *terms))
        self.hub.do(MEMBER, define("echo"))
        self.hub.do(PROVIDER, bind("", encoding=InputEncoding.JSON, provider=ADDRESSES[PROVIDER]))
        self.hub.do(CONSUMER, hub_messages.Transfer(caller_account(self.at_hub, ANN.encode()), Amount(200)))

    def hub_calls(self, *texts: str) -> list[PacketSent]:
        """Calls from a hub account to the ledger's contract, all in one block of the hub."""
        deadline = UnixSeconds(self.hub.now + 300)
        terms = ("desk-note", "", b"", InputEncoding.JSON)
        asked = [
            hub_messages.CallService(*terms, b'{"text":"%s"}' % text.encode(), Amount(50), deadline) for text in texts
        ]
        events = self.hub.do(CONSUMER, *asked).events
        return [event for event in events if isinstance(event, PacketSent)]

    def member_calls(self) -> tuple[bytes, PacketSent]:
        """A call from a member of the ledger to the hub account's service: its ID, and the packet."""
        deadline = UnixSeconds(self.ledger.now + 300)
        call = m.CallService("echo", InputEncoding.JSON, b'{"text":"out"}', Amount(100), deadline)
        events = self.ledger.do(ANN, call).events
        return one(events, CallSent).call_id, one(events, PacketSent)

    def delivery(self, *steps: Any, batch: bool = False) -> Delivery:
        """What the hub proves for these steps: by the batch of its newest block, or in its newest state."""
        checkpoint = self.hub.checkpoint(self.at_hub)
        if batch:
            assert self.hub.outcome is not None
            (shown,) = [one for one in self.hub.outcome.batches if one.client == self.at_hub]
            return Delivery(checkpoint, steps, shown.entries)
        proofs = {path_of(step): self.hub.tree.proof(path_of(step).encode()) for step in steps}
        return Delivery(checkpoint, steps, state_proofs=proofs)


async def prove_to_hub(world: World, kind: Kind, *sent: PacketSent, answers: Sequence[bytes] = ()) -> Any:
    """The real relayer's work at the hub, proven by the ledger's newest block."""
    side = HubSide(cast(HubClient, world.hub_node), KeySigner(KEYS[RELAYER]), world.chain)
    height = (await world.chain.finalised()).height
    tasks = [
        Task(kind, packet_of(one), one.lane, height, False, answers[index] if answers else b"")
        for index, one in enumerate(sent)
    ]
    assert await side.still_to_do(tasks) == {one.sequence for one in sent}
    receipt = await side.deliver(tasks, height)
    return [record.event for record in receipt.events]
