"""How things are done between a hub, a consumers' chain and a ledger, each deed looked at: what is refused changes
nothing, and what a packet or a call goes through happens once.
"""

from collections import Counter
from typing import Any

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.events import ContractEvent
from adapters.permissioned.ledger.contracts.interface import Record
from adapters.permissioned.ledger.contracts.values import read_json, write_json
from adapters.permissioned.ledger.documents.records import Status
from adapters.permissioned.ledger.service.events import CallEnded, CallSent, RequestAnswered, RequestServed
from hub import messages as hub_messages
from hub.accounts import money
from hub.block import ResultCode, TransactionResult
from hub.clients.quorum import Update
from hub.errors import HubError
from hub.events import AcknowledgementWritten, EscrowSettled, Event, PacketSent, ServiceCalled, ServiceResulted
from hub.proofs.quorum import SignerSet
from hub.services import requests
from hub.services.payload import Request, Result, packet_request_id
from hub.validators import hand_over, proposed_validators, validators
from tests.properties.ledger_flows import Flows
from tests.properties.ledger_world import LedgerWorld, Told
from tests.unit.hub_chain import RELAYER, genesis, kept
from tests.unit.member_ledger import ORGANISATIONS

CARRIERS = tuple(f"{name}/chief" for name in ORGANISATIONS)
LATE = {"TIMEOUT_ELAPSED"}


class Deeds:
    """``documents``: by hash what the model holds a document to be. ``swapped``: when the clerk's code was replaced."""

    def begin(self) -> None:
        world = LedgerWorld()
        self.world, self.ledger, self.hub, self.a = world, world.ledger, world.hub, world.a
        self.flows = Flows()
        self.a_events: list[Event] = []
        self.outward = self.flows.between(self.ledger.hub_client, self.ledger.client)
        self.inward = self.flows.between(self.ledger.client, self.ledger.hub_client)
        self.consumer = self.flows.between(self.a.hub_client, self.a.client)
        self.counts: Counter[tuple[str, bytes]] = Counter()
        self.codes: dict[bytes, int] = {}
        self.told: dict[bytes, int] = {}
        self.documents: dict[bytes, Status] = {}
        self.active = {"clerk", "documents", "receivables"}
        self.swapped: int | None = None
        self.revoked: set[str] = set()
        self.lists: dict[str, list[bytes]] = {}
        self.sent: list[tuple[str, Any]] = []
        self.note()

    # --- one deed at a chain ---

    def at_hub(self, who: int, message: hub_messages.AnyMessage, *, honest: bool = False) -> TransactionResult:
        """A transaction in a block of its own; refused or repeated, it changes nothing but a nonce."""
        before = kept(self.hub.state)
        result = self.hub.try_(who, message, advance=0)
        if result.code is not ResultCode.OK:
            assert not result.events
            assert kept(self.hub.state) == before
        self.note()
        assert not honest or result.code is not ResultCode.REFUSED or result.reason in LATE, result.text
        return result

    def at_ledger(
        self, member: str, *messages: m.AnyMessage, honest: bool = False, **changes: Any
    ) -> TransactionResult | None:
        """The same at the ledger; None where it may not even stand in a block, and then there is none."""
        before, everything = kept(self.ledger.state), dict(self.ledger.state.scan(b"", b"\xff"))
        try:
            result = self.ledger.block(self.ledger.sign(member, *messages, **changes), advance=0).results[0]
        except HubError:
            assert dict(self.ledger.state.scan(b"", b"\xff")) == everything
            if honest:
                raise
            return None
        assert member not in self.revoked
        if result.code is not ResultCode.OK:
            assert not result.events
            assert kept(self.ledger.state) == before
        self.note()
        assert not honest or result.code is not ResultCode.REFUSED or result.reason in LATE, result.text
        return result

    def invoke(self, member: str, contract: str, method: str, argument: Record) -> TransactionResult | None:
        return self.at_ledger(member, m.InvokeContract(contract, method, write_json(argument)))

    def decided(self, action: a.Action) -> None:
        self.ledger.decide(action)
        self.note()

    def relayed(self, side: str, message: Any, carrier: str = CARRIERS[0]) -> None:
        """What an honest relayer sends is taken, unless time has run out meanwhile."""
        self.sent.append((side, message))
        if side == "hub":
            self.at_hub(RELAYER, message, honest=True)
        else:
            self.at_ledger(carrier, message, honest=True)

    # --- the ledger's validators, who change ---

    @property
    def hubs_epoch(self) -> int:
        """Of the ledger's validators, as the hub believes."""
        config: Any = self.hub.app.clients.config(self.hub.state, self.ledger.client)
        return int(config.validators.epoch)

    def follow(self) -> None:
        """Make a block that the present validators sign, and lead the hub to them."""
        current = validators(self.ledger.state)
        if self.ledger.outcomes[-1].epoch != current.epoch:
            self.ledger.block(advance=0)
            self.note()
        while self.hubs_epoch < current.epoch:
            signed, after = hand_over(self.ledger.state, self.hubs_epoch, self.ledger.hub_client)  # type: ignore[arg-type]
            update = hub_messages.UpdateQuorumClient(self.ledger.client, Update(signed, after))
            self.relayed("hub", update)

    def propose_validators(self, powers: SignerSet) -> None:
        """Vote for the next set, if none is pending."""
        if proposed_validators(self.ledger.state) is None:
            self.decided(a.ProposeValidators(tuple((one.address, one.power) for one in powers.members)))

    # --- what one honest relayer does in one round ---

    def carry_all(self) -> None:
        self.follow()
        hub, here = self.hub, self.ledger
        if calls := self.consumer.undelivered(hub.now):
            self.relayed("hub", self.a.receive_message(*(one.sequence for one in calls)))
        if calls := self.outward.undelivered(hub.now):
            self.relayed("hub", here.receive_at_hub(*calls))
        if requested := self.inward.undelivered(max(here.now, hub.now)):
            self.relayed("ledger", here.receive_here(*requested))
        if answered := self.inward.unlearned():
            self.relayed("hub", here.acknowledge_at_hub(answered, self.inward.answers_to(answered)))
        if late := self.inward.late(here.now):
            self.relayed("hub", here.time_out_at_hub(*late))
        if learned := self.outward.unlearned():
            self.relayed("ledger", here.acknowledge_here(learned, self.outward.answers_to(learned)))
        if late := self.outward.late(hub.now):
            self.relayed("ledger", here.time_out_here(*late))
        self.tell_consumers()

    def tell_consumers(self) -> None:
        if told := self.consumer.unlearned():
            self.at_a(self.a.learn([one.sequence for one in told], self.consumer.answers_to(told)))
        if late := self.consumer.late(self.hub.now):
            self.at_a(self.a.give_up(*(one.sequence for one in late)))

    def at_a(self, events: list[Any]) -> None:
        self.a_events += events
        self.note()

    # --- what is known of it, and must hold ---

    def note(self) -> None:
        """Take in what has happened; fails where something happened twice, or is not what the model expects."""
        self.flows.note("a", self.a_events)
        for event in self.flows.note("hub", list(self.hub.events)):
            match event:
                case ServiceCalled() | EscrowSettled() | ServiceResulted():
                    self.once(type(event).__name__, event.request_id)
            if isinstance(event, ServiceResulted):
                self.codes[event.request_id] = event.code
        new = self.flows.note("ledger", self.ledger.events)
        for event in new:
            match event:
                case CallSent() | CallEnded():
                    self.once(type(event).__name__, event.call_id)
                case RequestServed() | RequestAnswered():
                    self.once(type(event).__name__, event.request_id)
                case ContractEvent(contract="clerk", kind="told"):
                    told = read_json(Told, event.data)
                    self.once("told", told.call_id)
                    self.told[told.call_id] = told.code
                case AcknowledgementWritten():
                    self.check_answer(self.inward.sent[event.sequence], Result.decode(event.acknowledgement))

    def once(self, kind: str, identifier: bytes) -> None:
        self.counts[kind, identifier] += 1
        assert self.counts[kind, identifier] == 1

    def check_answer(self, sent: PacketSent, answer: Result) -> None:
        """What the ledger answers is what its members had written when it was asked, and comes from what is active."""
        request = self.asked(sent)
        contract = request.provider.decode()
        assert (answer.code.value == 404) == (contract not in self.active), answer.message
        if contract == "documents" and answer.code.value == 200:
            known = self.documents.get(_hash_in(request.input), Status.UNKNOWN)
            assert f'"status":"{known.value}"'.encode() in answer.output

    def check_promises(self) -> None:
        self.hub.check_money()
        assert money.supply(self.hub.state) == genesis().balances[0][1]
        for record in requests.requests(self.hub.state):
            assert record.is_open == (record.request_id not in self.codes)
            assert not record.is_open or self.hub.now < record.due
            assert record.is_open or record.code == self.codes[record.request_id]
            assert record.is_open or record.client or record.escrow is not requests.Escrow.HELD

    @staticmethod
    def asked(sent: PacketSent) -> Request:
        """What the hub asked a contract of the ledger."""
        return Request.decode(sent.value)

    def request_id(self, sent: PacketSent) -> bytes:
        """The hub's identifier of a call that came from a consumer's chain."""
        return packet_request_id(self.a.client, sent.sequence)


def _hash_in(data: bytes) -> bytes:
    """The document's hash in the JSON ``{"document_hash":"0x…"}``."""
    return bytes.fromhex(data.decode().partition("0x")[2][:64])
