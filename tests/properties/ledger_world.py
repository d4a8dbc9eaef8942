"""A hub between a consumers' chain and a ledger with its contracts; the ledger's members call services of the hub."""

from typing import Any

from eth_abi.abi import encode

from adapters.permissioned.ledger.contracts.interface import (
    LATER,
    Amount,
    Answer,
    Collection,
    Context,
    Contract,
    Later,
    Nothing,
    Record,
    Refused,
    ServiceContext,
    UnixSeconds,
    service,
    transaction,
)
from adapters.permissioned.ledger.contracts.packages import Package
from adapters.permissioned.ledger.contracts.service_schemas import service_schema
from adapters.permissioned.ledger.contracts.shape import shape_of
from adapters.permissioned.ledger.documents.contract import DocumentsContract
from adapters.permissioned.ledger.documents.records import VerifyInput, VerifyOutput
from adapters.permissioned.ledger.receivables.contract import ReceivablesContract
from adapters.permissioned.ledger.receivables.records import StatusInput, StatusOutput
from hub import messages as hub_messages
from hub.quantities import Gas, Hash
from hub.services.payload import InputEncoding, caller_account
from tests.unit.hub_chain import CONSUMER, MEMBER, PROVIDER, HubChain
from tests.unit.hub_world import CALLER, abi_text, bind, define
from tests.unit.ledger_chain import Ledger
from tests.unit.member_ledger import MemberLedger
from tests.vectors.generate_quorum import ADDRESSES

OF_A_REFUSAL = "written by what was refused"
"""Stands nowhere."""
MEMBERS = ("bank-a/ann", "bank-b/ben", "customs/cy", "port/pat")


class Note(Record, frozen=True):
    text: str


class Ask(Record, frozen=True):
    text: str
    seconds: int


class Held(Record, frozen=True):
    request: bytes


class Told(Record, frozen=True):
    call_id: bytes
    code: int


class Mood(Record, frozen=True):
    name: str


def clerk(version: int) -> type[Contract]:
    """The contract ``clerk``, of which organisations may vote for a newer version."""

    class Clerk(Contract, name="clerk", version=version):
        """Answers at once, later, never or wrongly, as the text says; calls out; keeps what it was told."""

        held = Collection("held", Held, key=("request",))
        told = Collection("told", Told, key=("call_id",))
        moods = Collection("moods", Mood, key=("name",))

        @transaction
        def be_stubborn(self, _ctx: Context, mood: Mood) -> Nothing:
            self.moods.put(mood)
            return Nothing()

        @transaction
        def be_kind(self, _ctx: Context, mood: Mood) -> Nothing:
            self.moods.delete(mood.name)
            return Nothing()

        @transaction
        def ask(self, ctx: Context, asked: Ask) -> Nothing:
            ctx.call("echo", Note(asked.text), deadline=UnixSeconds(ctx.time + asked.seconds), fee_cap=Amount(100))
            if asked.text == "after all not":
                raise Refused("after all not")
            return Nothing()

        @transaction
        def release(self, ctx: Context, held: Held) -> Nothing:
            self.held.get(held.request)
            self.held.delete(held.request)
            ctx.answer(held.request, Note("at last"))
            return Nothing()

        @service("clerk-note", "says a note again")
        def say(self, ctx: ServiceContext, note: Note) -> Note | Later:
            match note.text:
                case "later":
                    self.held.put(Held(ctx.request_id))
                    return LATER
                case "never":
                    self.moods.put(Mood(OF_A_REFUSAL))
                    raise Refused("not that one")
                case _:
                    return Note(note.text)

        def on_result(self, ctx: Context, call_id: bytes, answer: Answer) -> None:
            self._told(ctx, call_id, answer.code)

        def on_timeout(self, ctx: Context, call_id: bytes) -> None:
            self._told(ctx, call_id, 0)

        def _told(self, ctx: Context, call_id: bytes, code: int) -> None:
            self.told.add(Told(call_id, code))
            ctx.emit("told", Told(call_id, code))
            if self.moods.has("stubborn"):
                raise Refused("not now")

        def migrate(self, ctx: Context, from_version: int) -> None:
            self.moods.put(Mood(f"migrated from {from_version}"))

    return Clerk


SERVICES = {
    "clerk-note": ("clerk", Note, Note),
    "document-verify": ("documents", VerifyInput, VerifyOutput),
    "receivable-status": ("receivables", StatusInput, StatusOutput),
}
"""What the ledger offers: by which contract, what it takes and answers."""


def definition(name: str) -> hub_messages.DefineService:
    """In JSON and ABI, from the contract's own records."""
    takes, answers = (service_schema(kind) for kind in SERVICES[name][1:])
    return define(
        name,
        input_json_schema=takes.json_schema or "",
        output_json_schema=answers.json_schema or "",
        input_abi=takes.abi or "",
        output_abi=answers.abi or "",
    )


def abi_input(name: str, value: Any) -> bytes:
    """What a contract on an EVM chain sends: a text for the clerk, else 32 bytes."""
    return abi_text(value) if name == "clerk-note" else encode(["bytes32"], [value])


class LedgerWorld:
    """``a``: where consumers' contracts are. The clocks of all begin together."""

    def __init__(self) -> None:
        self.ledger = MemberLedger(DocumentsContract, ReceivablesContract, clerk(1), enrolled=MEMBERS)
        self.first_clerk = self.ledger.installed["clerk"]
        self.hub = HubChain(time=self.ledger.now)
        self.a = Ledger(self.hub, "ledger-a", 9)
        self.ledger.connect(self.hub)
        hub, ledger = self.hub, self.ledger
        for name, (contract, *_) in SERVICES.items():
            terms = (InputEncoding.JSON, Amount(5), Gas(1), 10, 30)
            offer = hub_messages.BindService(name, ledger.client, contract.encode(), *terms)
            hub.do(MEMBER, definition(name), offer)
        hub.do(MEMBER, define("echo"))
        hub.do(PROVIDER, bind("", encoding=InputEncoding.JSON, provider=ADDRESSES[PROVIDER], grace_seconds=5))
        callers = [(ledger.client, caller) for caller in (b"clerk", *(member.encode() for member in MEMBERS))]
        for client, caller in [*callers, (self.a.client, CALLER)]:
            hub.do(CONSUMER, hub_messages.Transfer(caller_account(client, caller), Amount(500)))


def new_clerk() -> Package:
    """The package that a vote may put in the clerk's place."""
    return Package(shape_of(clerk(2)), Hash(b"\x02" * 32))
