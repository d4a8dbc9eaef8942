"""The contract that tests of a ledger call: it keeps notes, and provides and calls services across chains."""

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
    View,
    query,
    service,
    transaction,
)
from adapters.permissioned.ledger.identities import ContractName
from hub import messages as hub_messages
from hub.events import PacketSent
from hub.quantities import Gas
from hub.services.payload import InputEncoding
from tests.unit.hub_chain import CONSUMER, MEMBER
from tests.unit.hub_world import define, one
from tests.unit.member_ledger import MemberLedger

ANN, BEN = "bank-a/ann", "bank-b/ben"


class Note(Record, frozen=True):
    text: str


class Kept(Record, frozen=True):
    text: str
    by: str = ""


class Held(Record, frozen=True):
    request: bytes


class Desk(Contract, name="desk", version=1):
    """Keeps notes, answers requests at once or later, and calls a service."""

    notes = Collection("notes", Kept, key=("text",))
    held = Collection("held", Held, key=("request",))

    @transaction
    def write(self, ctx: Context, note: Note) -> Nothing:
        self.notes.put(Kept(note.text, ctx.member.member))
        return Nothing()

    @query
    def read(self, ctx: View, note: Note) -> Kept:
        return self.notes.get(note.text)

    @transaction
    def relent(self, _ctx: Context, note: Note) -> Nothing:
        self.notes.delete(note.text)
        return Nothing()

    @transaction
    def ask(self, ctx: Context, note: Note) -> Nothing:
        ctx.call("echo", note, deadline=UnixSeconds(ctx.time + 300), fee_cap=Amount(100))
        return Nothing()

    @transaction
    def release(self, ctx: Context, held: Held) -> Nothing:
        ctx.answer(held.request, Note("at last"))
        return Nothing()

    @service("desk-note", "says a note again")
    def say(self, ctx: ServiceContext, note: Note) -> Note | Later:
        if note.text == "later":
            self.held.put(Held(ctx.request_id))
            return LATER
        if note.text == "never":
            raise Refused("not that one")
        return Note(note.text + "!")

    def on_result(self, ctx: Context, call_id: bytes, answer: Answer) -> None:
        if self.notes.has("stubborn"):
            raise Refused("not now")
        if self.notes.has("mute"):
            raise Refused("")
        self.notes.put(Kept(f"answered {answer.code}"))

    def on_timeout(self, ctx: Context, call_id: bytes) -> None:
        self.notes.put(Kept("unheard"))


def note(ledger: MemberLedger, text: str) -> bytes:
    """What anyone reads of the note with this text."""
    place = ledger.state, ledger.now, ledger.header.height
    argument = b'{"text":"%s"}' % text.encode()
    asked = {"contract": ContractName("desk"), "method": "read", "arguments": argument}
    return ledger.machine.runtime.query(*place, **asked, caller=None)  # type: ignore[arg-type]


def offer(ledger: MemberLedger) -> None:
    """The desk's service at the hub, for hub accounts to call."""
    ledger.hub.do(MEMBER, define("desk-note"))
    bound = ("desk-note", ledger.client, b"desk", InputEncoding.JSON, Amount(5), Gas(1), 10, 60)
    ledger.hub.do(MEMBER, hub_messages.BindService(*bound))


def call_desk(ledger: MemberLedger, text: str) -> PacketSent:
    """A hub account calls; the packet that goes on to the ledger."""
    data = b'{"text":"%s"}' % text.encode()
    deadline = UnixSeconds(ledger.hub.now + 300)
    message = hub_messages.CallService("desk-note", "", b"", InputEncoding.JSON, data, Amount(50), deadline)
    return one(ledger.hub.do(CONSUMER, message).events, PacketSent)
