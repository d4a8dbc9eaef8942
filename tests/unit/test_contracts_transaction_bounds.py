"""What one transaction may use of a ledger with all its messages and packets: both sides of the bound, no false 500."""

from dataclasses import fields, replace

import pytest

from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.bounds import BOUNDS, TRANSACTION_BOUNDS, TransactionExhausted
from adapters.permissioned.ledger.contracts.errors import TransactionBoundExceeded
from adapters.permissioned.ledger.contracts.events import ContractInvoked
from adapters.permissioned.ledger.contracts.interface import (
    Collection,
    Context,
    Contract,
    Nothing,
    Record,
    Refused,
    ServiceContext,
    service,
    transaction,
)
from adapters.permissioned.ledger.contracts.runtime import Invocation, Runtime
from adapters.permissioned.ledger.contracts.trial import as_caller
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.identities import ContractName
from adapters.permissioned.ledger.service.events import RequestServed
from hub import messages as hub_messages
from hub.block import ResultCode, TransactionResult
from hub.events import PacketSent
from hub.quantities import Amount, Gas, UnixSeconds
from hub.services.payload import InputEncoding
from tests.unit import certificate_workshop as workshop
from tests.unit.hub_chain import CONSUMER, MEMBER, HubChain
from tests.unit.hub_world import bind, define, one
from tests.unit.member_ledger import MemberLedger
from tests.unit.unlinted import UnlintedTrial

ANN = "bank-a/ann"
MOST = TRANSACTION_BOUNDS.written_bytes


class Bale(Record, frozen=True):
    name: str
    text: str = ""


class Word(Record, frozen=True):
    text: str


class Barn(Contract, name="barn", version=1):
    """Keeps much."""

    bales = Collection("bales", Bale, key=("name",))

    @transaction
    def store(self, ctx: Context, bale: Bale) -> Nothing:
        self.bales.put(bale)
        return Nothing()

    @transaction
    def look(self, ctx: Context, bale: Bale) -> Nothing:
        if self.bales.has(bale.name):
            raise Refused("it is there")
        return Nothing()

    @service("barn-fill", "stores as much as one invocation may")
    def fill(self, ctx: ServiceContext, word: Word) -> Word:
        for number in range(15):
            self.bales.put(Bale(f"{word.text}{number:02}", "x" * 16_000))
        return word


def storing(number: int, size: int) -> m.InvokeContract:
    return m.InvokeContract("barn", "store", write_json(Bale(f"{number:02}", "x" * size)))


def written(result: TransactionResult) -> int:
    return sum(event.written_bytes for event in result.events if isinstance(event, ContractInvoked))


@pytest.fixture
def ledger() -> MemberLedger:
    return MemberLedger(Barn, enrolled=[ANN])


def test_what_one_invocation_may_use_always_fits() -> None:
    for field in fields(BOUNDS):
        assert getattr(TRANSACTION_BOUNDS, field.name) >= 4 * getattr(BOUNDS, field.name)


def test_messages_together_are_bounded(ledger: MemberLedger) -> None:
    overhead = written(ledger.do(ANN, storing(0, 16_000))) - 16_000
    sizes = [MOST // 64 - overhead] * 64
    most = [storing(number, size) for number, size in enumerate(sizes)]
    both = ledger.block(ledger.sign(ANN, *most), ledger.sign("bank-a/chief", *most)).results
    assert [(result.code, written(result)) for result in both] == [(ResultCode.OK, MOST)] * 2  # each from nothing
    sizes[0] += 1
    refused = ledger.try_(ANN, *(storing(number, size) for number, size in enumerate(sizes)))
    assert (refused.code, refused.reason, refused.message) == (ResultCode.REFUSED, "TRANSACTION_BOUND_EXCEEDED", 63)
    assert dict(refused.values) == {"bound": "written_bytes", "limit": str(MOST)}
    assert refused.events == ()


def test_a_batch_of_packets_that_is_too_much_is_refused_whole_and_no_packet_is_answered_500(
    ledger: MemberLedger,
) -> None:
    """Else a relayer could make calls fail by what it puts beside them."""
    hub = HubChain(time=workshop.NOW)
    hub.block(advance=ledger.now - hub.now)
    ledger.connect(hub)
    hub.do(MEMBER, define("barn-fill"))
    offer = {"service": "barn-fill", "provider": b"barn", "encoding": InputEncoding.JSON, "price": Amount(5)}
    hub.do(MEMBER, bind(ledger.client, **offer, gas_limit=Gas(1), max_response_seconds=10, grace_seconds=60))
    sent = [call(hub, f"{number}") for number in range(6)]
    one_alone = ledger.take_in(sent[5])
    assert one(one_alone.events, RequestServed).code == 200
    assert 4 * written(one_alone) <= MOST < 5 * written(one_alone)
    refused = ledger.try_("port/chief", ledger.receive_here(*sent[:5]))
    assert (refused.code, refused.reason) == (ResultCode.REFUSED, "TRANSACTION_BOUND_EXCEEDED")
    refused = ledger.try_("port/chief", *(ledger.receive_here(packet) for packet in sent[:5]))
    assert (refused.code, refused.reason, refused.message) == (ResultCode.REFUSED, "TRANSACTION_BOUND_EXCEEDED", 4)
    for some in (sent[:4], sent[4:5]):
        taken = ledger.do("port/chief", ledger.receive_here(*some))
        served = [event.code for event in taken.events if isinstance(event, RequestServed)]
        assert served == [200] * len(some)


def call(hub: HubChain, text: str) -> PacketSent:
    data, deadline = b'{"text":"%s"}' % text.encode(), UnixSeconds(hub.now + 300)
    message = hub_messages.CallService("barn-fill", "", b"", InputEncoding.JSON, data, Amount(50), deadline)
    return one(hub.do(CONSUMER, message).events, PacketSent)


@pytest.mark.parametrize("bound", ["reads", "argument_bytes", "result_bytes"])
def test_what_is_dropped_was_used_too(bound: str) -> None:
    """Branches share the count, and a contract that fails gives nothing back."""
    trial = UnlintedTrial(Barn)
    invocation = Invocation(ContractName("barn"), "look", write_json(Bale("none")), as_caller(ANN), ())
    unit = {"reads": 1, "argument_bytes": len(invocation.arguments), "result_bytes": len(b"{}")}[bound]
    most = replace(TRANSACTION_BOUNDS, **{bound: 5 * unit})
    runtime = Runtime(trial.installed, trial.services, transaction_bounds=most)
    ctx = trial.begin()
    for number in range(5):
        runtime.invoke(ctx if number % 2 else ctx.branch(), invocation)
    with pytest.raises(TransactionExhausted) as exhausted:
        runtime.invoke(ctx.branch(), invocation)
    assert exhausted.value.refusal.values() == TransactionBoundExceeded(bound, 5 * unit).values()
    runtime.invoke(ctx.transaction(), invocation)
