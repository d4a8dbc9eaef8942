"""Between a ledger and its hub nothing is believed without a proof: each thing that may be wrong is refused by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import pytest

from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.interface import (
    Contract,
    Record,
    ServiceContext,
    service,
)
from hub import messages as hub_messages
from hub.block import BlockHeader, BlockOutcome, ResultCode
from hub.events import AcknowledgementWritten, PacketSent, ServiceCalled
from hub.proofs.errors import MalformedCheckpoint
from hub.proofs.quorum import SignerSet
from hub.quantities import Amount, Gas, Hash, Height, UnixSeconds
from hub.services.payload import InputEncoding, caller_account
from hub.state.branch import MemoryState
from tests.unit import certificate_workshop as workshop
from tests.unit.hub_chain import CONSUMER, MEMBER, PROVIDER, RELAYER, HubChain, kept
from tests.unit.hub_world import bind, define, one
from tests.unit.member_ledger import MemberLedger
from tests.unit.proof_forgery import (
    ABSENCE,
    CHECKPOINTS,
    PRESENCE,
    Forgeries,
    Source,
    the_hub,
    the_ledger,
    where_nothing_stands,
    with_checkpoint,
    with_proof,
)
from tests.vectors.generate_quorum import ADDRESSES

ANN = "bank-a/ann"
FOUR = SignerSet.of_equals(1, ADDRESSES[6:10])
"""The hub's validators: as many as the ledger's."""
replace = msgspec.structs.replace


class Note(Record, frozen=True):
    text: str


class Desk(Contract, name="desk", version=1):
    @service("desk-note", "says a note again")
    def say(self, ctx: ServiceContext, note: Note) -> Note:
        return note


@dataclass(frozen=True, slots=True)
class Shown:
    """What ``source`` shows, honestly, in ``message``; ``tried`` is the block with it that the other would make."""

    source: Source
    message: Any
    state: MemoryState
    tried: Callable[[Any], BlockOutcome]


def connected() -> MemberLedger:
    """A ledger whose service the hub's accounts may call, and whose member may call the hub's."""
    ledger, hub = MemberLedger(Desk, enrolled=[ANN]), HubChain(time=workshop.NOW, validators=FOUR)
    hub.block(advance=ledger.now - hub.now)
    ledger.connect(hub)
    terms = ("desk-note", ledger.client, b"desk", InputEncoding.JSON, Amount(5), Gas(1), 10, 60)
    hub.do(MEMBER, define("desk-note"), hub_messages.BindService(*terms))
    hub.do(MEMBER, define("echo"))
    hub.do(PROVIDER, bind("", encoding=InputEncoding.JSON, provider=ADDRESSES[PROVIDER]))
    hub.do(CONSUMER, hub_messages.Transfer(caller_account(ledger.client, ANN.encode()), Amount(200)))
    return ledger


def request(ledger: MemberLedger) -> PacketSent:
    """A packet of the hub for the ledger."""
    deadline = UnixSeconds(ledger.hub.now + 300)
    wanted = ("desk-note", "", b"", InputEncoding.JSON, b'{"text":"in"}', Amount(50), deadline)
    return one(ledger.hub.do(CONSUMER, hub_messages.CallService(*wanted)).events, PacketSent)


def call(ledger: MemberLedger) -> PacketSent:
    """A packet of the ledger for the hub."""
    deadline = UnixSeconds(ledger.now + 300)
    message = m.CallService("echo", InputEncoding.JSON, b'{"text":"out"}', Amount(100), deadline)
    return one(ledger.do(ANN, message).events, PacketSent)


def answered(ledger: MemberLedger, sent: PacketSent) -> Any:
    answer = one(ledger.take_in(sent).events, AcknowledgementWritten).acknowledgement
    return ledger.acknowledge_at_hub([sent], [answer])


def resulted(ledger: MemberLedger, sent: PacketSent) -> Any:
    accepted = one(ledger.bring_to_hub(sent).events, ServiceCalled)
    response = hub_messages.RespondService(accepted.request_id, 200, b'{"text":"back"}', "")
    answer = one(ledger.hub.do(PROVIDER, response).events, AcknowledgementWritten).acknowledgement
    return ledger.acknowledge_here([sent], [answer])


def late(ledger: MemberLedger) -> None:
    ledger.hub.block(advance=400)
    ledger.block(advance=400)


def request_late(ledger: MemberLedger, sent: PacketSent) -> Any:
    late(ledger)
    return ledger.time_out_at_hub(sent)


def call_late(ledger: MemberLedger, sent: PacketSent) -> Any:
    late(ledger)
    return ledger.time_out_here(sent)


TO_HUB: dict[str, Callable[[MemberLedger], Any]] = {
    "a call": lambda ledger: ledger.receive_at_hub(call(ledger)),
    "an answer": lambda ledger: answered(ledger, request(ledger)),
    "a request's timeout": lambda ledger: request_late(ledger, request(ledger)),
}
HERE: dict[str, Callable[[MemberLedger], Any]] = {
    "a request": lambda ledger: ledger.receive_here(request(ledger)),
    "a result": lambda ledger: resulted(ledger, call(ledger)),
    "a call's timeout": lambda ledger: call_late(ledger, call(ledger)),
}
TIMEOUTS = ("a request's timeout", "a call's timeout")
ALL = (*TO_HUB, *HERE)


def forgeries(what: str) -> Forgeries:
    """A timeout shows that something is not there, all else that something is."""
    return ABSENCE if what in TIMEOUTS else PRESENCE


@cache
def shown(what: str) -> Shown:
    """Made once: nothing of what is tried is committed."""
    ledger = connected()
    hub, machine = ledger.hub, ledger.machine
    if what in TO_HUB:
        message = TO_HUB[what](ledger)
        return Shown(the_ledger(ledger), message, hub.state, lambda it: tried(hub.app, hub, hub.sign(RELAYER, it)))
    message = HERE[what](ledger)
    carrier = "port/chief"
    return Shown(the_hub(ledger), message, ledger.state, lambda it: tried(machine, ledger, ledger.sign(carrier, it)))


def tried(machine: Any, chain: Any, signed: Any) -> BlockOutcome:
    header: BlockHeader = chain.header
    block = machine.begin(chain.state, Height(header.height + 1), UnixSeconds(header.time + 1), header.hash())
    block.apply(signed)
    outcome: BlockOutcome = block.finish()
    return outcome


def refused(shown: Shown, message: Any) -> str:
    """The reason for which it is refused; nothing would have changed."""
    outcome, after = shown.tried(message), MemoryState()
    assert outcome.results[0].code is ResultCode.REFUSED
    assert not outcome.results[0].events
    after.apply(dict(shown.state.scan(b"", b"\xff")))
    after.apply(outcome.changes)
    assert kept(after) == kept(shown.state)
    return outcome.results[0].reason


@pytest.mark.parametrize("what", ALL)
def test_what_is_honest_is_believed(what: str) -> None:
    result = shown(what).tried(shown(what).message).results[0]
    assert result.code is ResultCode.OK, result.text


@pytest.mark.parametrize("what", ALL)
@pytest.mark.parametrize("wrong", CHECKPOINTS)
def test_a_checkpoint_is_refused_by_name(what: str, wrong: str) -> None:
    honest, (forged, reason) = shown(what), CHECKPOINTS[wrong]
    assert refused(honest, with_checkpoint(honest.message, forged(honest.source))) == reason


@pytest.mark.parametrize(("what", "wrong"), [(what, wrong) for what in ALL for wrong in forgeries(what)])
def test_a_proof_is_refused_by_name(what: str, wrong: str) -> None:
    honest, (forged, reason) = shown(what), forgeries(what)[wrong]
    assert refused(honest, with_proof(honest.message, forged(honest.source))) == reason


@pytest.mark.parametrize("what", TIMEOUTS)
def test_that_nothing_stands_elsewhere_shows_nothing(what: str) -> None:
    """Where the other path ends, in a leaf or in an empty place, depends on all else in the state."""
    honest = shown(what)
    forged = with_proof(honest.message, where_nothing_stands(honest.source))
    assert refused(honest, forged) in {"TREE_ROOT_MISMATCH", "UNRELATED_NEIGHBOUR"}


@pytest.mark.parametrize("what", ALL)
def test_another_client_is_refused_by_name(what: str) -> None:
    assert refused(shown(what), replace(shown(what).message, client="quorum-7")) == "CLIENT_NOT_FOUND"


@pytest.mark.parametrize("what", ALL)
def test_no_checkpoint_names_a_zero_root(what: str) -> None:
    with pytest.raises(MalformedCheckpoint):
        shown(what).source.signed(app_root=Hash(bytes(32)))
