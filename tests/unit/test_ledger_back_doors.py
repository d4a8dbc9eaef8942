"""Who runs a ledger's node has no back door: what organisations decide by vote changes by no other message."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from interchain.ledger.v1 import tx_pb2
from msgspec.structs import replace

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.identities import OrganisationId
from adapters.permissioned.ledger.membership.records import AUTHORITIES, ORGANISATIONS, Standing
from adapters.permissioned.ledger.membership.validator_keys import binding_digest
from adapters.permissioned.ledger.rooms import LedgerRoom
from adapters.permissioned.ledger.service.events import CallSent
from hub.block import ResultCode
from hub.clients.quorum import Evidence, SignedElsewhere, Update
from hub.events import AcknowledgementWritten, PacketSent
from hub.quantities import Address, Amount, Hash, Seconds, UnixSeconds
from hub.services.payload import InputEncoding
from hub.signer import KeySigner
from hub.state.collections import Room
from hub.validators import validators
from tests.unit import certificate_workshop as workshop
from tests.unit.desk import ANN, BEN, Desk, Note, call_desk, offer
from tests.unit.hub_chain import HubChain
from tests.unit.hub_world import one
from tests.unit.member_ledger import MemberLedger
from tests.vectors.generate_quorum import ADDRESSES, KEYS

BANK_A = OrganisationId("bank-a")
CHIEF, VALIDATOR = "bank-a/chief", "bank-a/val"
NEXT = 15
"""The number of a key that no validator signs with yet."""

OPEN: dict[Any, str] = {
    m.EnrolMember: "an authority that was voted in signed the certificate, and its own key the enrolment",
    m.UpdateRevocations: "the authority signed the list",
    m.BindValidatorKey: "it says whose a key is, and gives it no power",
    m.Propose: "it asks, and decides nothing",
    m.Vote: "the one way to decide: as many organisations as the threshold asks for",
    m.InvokeContract: "under the endorsement policy that was voted for, in the contract's own data",
    m.CallService: "a member's own call",
    m.RetryCallback: "the outcome was proven, and the contract takes it or does not",
    m.ReceivePackets: "proven, by the client that was voted for",
    m.AcknowledgePackets: "proven, by the client that was voted for",
    m.TimeOutPackets: "proven, by the client that was voted for",
    m.UpdateQuorumClient: "the hub's own quorum signed it, and names its next one",
    m.ReportQuorumMisbehaviour: "the hub's own quorum signed both, and the client only stops",
    m.StoreRotationCheckpoint: "it carries out what was voted for, and is refused before",
}
"""Every kind of message, and why any member may send it."""


def test_no_message_does_what_is_voted_for() -> None:
    kinds = set(get_args(m.AnyMessage))
    assert kinds == set(OPEN)
    assert not kinds & {*get_args(a.ConnectingMessage), *get_args(a.Action)}
    sent = tx_pb2.Message.DESCRIPTOR.oneofs_by_name["message"].fields
    assert {getattr(field.message_type, "name", None) for field in sent} == {kind.__name__ for kind in OPEN}


GOVERNED = (
    LedgerRoom.CONTRACTS,
    Room.PARAMETERS,
    Room.VALIDATORS,
    Room.CLIENTS,
    Room.CLIENT_COUNTERS,
    Room.CLIENT_REPLACEMENTS,
    Room.COUNTERPARTIES,
    Room.DOMAIN_CHANGES,
    Room.FORMER_DOMAINS,
    Room.LANES,
    Room.LANE_NUMBERS,
)


def governed(ledger: MemberLedger) -> dict[Any, Any]:
    """All that organisations decide: who they are, what code is active, who signs, whom the ledger believes."""
    state, clients = ledger.state, ledger.machine.clients
    found: dict[Any, Any] = {}
    for room in GOVERNED:
        found.update(state.scan(bytes((room,)), bytes((room + 1,))))
    registered = {key for key, record in AUTHORITIES.scan(state) if record.standing is Standing.REGISTERED}
    for key, record in ORGANISATIONS.scan(state):  # but for intermediates that came along with a certificate
        found[key] = replace(record, authorities=tuple(one for one in record.authorities if one in registered))
    configs = {client: clients.config(state, client) for client in clients.all(state)}
    return found | {"authorities": registered, "configs": configs}


@pytest.fixture
def ledger() -> MemberLedger:
    """Of which bank-a runs the node; connected with a hub, and with a call, a request and an outcome that wait."""
    made = MemberLedger(Desk, enrolled=[ANN, BEN])
    made.enrol(VALIDATOR, "validator")
    hub = HubChain(time=workshop.NOW)
    hub.block(advance=made.now - hub.now)
    made.connect(hub)
    return made


def asked(ledger: MemberLedger) -> tuple[CallSent, PacketSent]:
    """A contract's call that is on its way to the hub."""
    events = ledger.invoke(ANN, "desk", "ask", Note("out")).events
    return one(events, CallSent), one(events, PacketSent)


def answered(ledger: MemberLedger, sent: PacketSent) -> m.AcknowledgePackets:
    """The hub's answer to a call, with its proof."""
    answer = one(ledger.bring_to_hub(sent).events, AcknowledgementWritten).acknowledgement
    return ledger.acknowledge_here([sent], [answer])


def renewed(ledger: MemberLedger) -> m.EnrolMember:
    """Another certificate of the operator's own, below an intermediate of its own."""
    issuing = workshop.intermediate(ledger.roots[BANK_A], "bank-a issuing").signed()
    ledger.members[CHIEF] = workshop.leaf(issuing, "bank-a", "chief", "admin").signed()
    return m.EnrolMember(ledger.members[CHIEF].der, (issuing.der,))


def revoked(ledger: MemberLedger) -> m.UpdateRevocations:
    root = ledger.roots[BANK_A]
    return m.UpdateRevocations(workshop.revocations(root, 1, ledger.members[ANN]).signed())


def bound(ledger: MemberLedger) -> m.BindValidatorKey:
    key = KeySigner(KEYS[NEXT])
    return m.BindValidatorKey(key.address, key.sign(binding_digest(ledger.machine.genesis_hash, VALIDATOR)))  # type: ignore[arg-type]


def called(ledger: MemberLedger) -> m.CallService:
    return m.CallService("echo", InputEncoding.JSON, b"{}", Amount(1), UnixSeconds(ledger.now + 60))


def not_taken(ledger: MemberLedger) -> m.RetryCallback:
    """An outcome that its contract would take by now."""
    ledger.invoke(ANN, "desk", "write", Note("stubborn"))
    call, sent = asked(ledger)
    ledger.do(BEN, answered(ledger, sent))
    ledger.invoke(ANN, "desk", "relent", Note("stubborn"))
    return m.RetryCallback(call.call_id)


def requested(ledger: MemberLedger) -> m.ReceivePackets:
    offer(ledger)
    return ledger.receive_here(call_desk(ledger, "hi"))


def timed_out(ledger: MemberLedger) -> m.TimeOutPackets:
    _, sent = asked(ledger)
    ledger.hub.block(advance=400)
    ledger.block(advance=int(ledger.hub.now - ledger.now))
    return ledger.time_out_here(sent)


def of_two_minds(ledger: MemberLedger) -> m.ReportQuorumMisbehaviour:
    """Two blocks of the hub's at one height."""
    domain = ledger.hub.app.clients.counterparty(ledger.hub.state, ledger.client).domain
    two: tuple[dict[str, Any], ...] = ({}, {"block_hash": Hash(b"\x66" * 32)})
    shown = (ledger.hub.checkpoint(ledger.client, **one) for one in two)
    return m.ReportQuorumMisbehaviour(ledger.hub_client, Evidence(*(SignedElsewhere(each, domain) for each in shown)))


DEEDS: dict[Any, Callable[[MemberLedger], m.AnyMessage]] = {
    m.EnrolMember: renewed,
    m.UpdateRevocations: revoked,
    m.BindValidatorKey: bound,
    m.Propose: lambda _: m.Propose(a.RemoveOrganisation("port"), Seconds(3600)),
    m.InvokeContract: lambda _: m.InvokeContract("desk", "write", b'{"text":"x"}'),
    m.CallService: called,
    m.RetryCallback: not_taken,
    m.ReceivePackets: requested,
    m.AcknowledgePackets: lambda ledger: answered(ledger, asked(ledger)[1]),
    m.TimeOutPackets: timed_out,
    m.UpdateQuorumClient: lambda ledger: m.UpdateQuorumClient(
        ledger.hub_client, Update(ledger.hub.checkpoint(ledger.client))
    ),
    m.ReportQuorumMisbehaviour: of_two_minds,
}
"""A message of each kind that is taken."""


def test_every_kind_is_tried() -> None:
    assert set(DEEDS) == set(OPEN) - {m.Vote, m.StoreRotationCheckpoint}


@pytest.mark.parametrize("kind", DEEDS, ids=lambda kind: kind.__name__)
def test_what_is_voted_for_changes_by_nothing_else(ledger: MemberLedger, kind: Any) -> None:
    message = DEEDS[kind](ledger)
    assert type(message) is kind
    before = governed(ledger)
    sender = VALIDATOR if kind is m.BindValidatorKey else CHIEF
    assert ledger.try_(sender, message).code is ResultCode.OK
    assert governed(ledger) == before


def test_one_organisation_s_vote_changes_nothing(ledger: MemberLedger) -> None:
    before = governed(ledger)
    number = ledger.propose(a.RemoveOrganisation("port"))
    ledger.do(CHIEF, m.Vote(number, True))
    assert governed(ledger) == before
    assert ledger.try_(CHIEF, m.Vote(number, True)).code is not ResultCode.OK
    for name in ("bank-b", "customs"):
        ledger.do(f"{name}/chief", m.Vote(number, True))
    assert governed(ledger) != before


def test_validators_hand_over_only_to_those_who_were_voted_for(ledger: MemberLedger) -> None:
    ledger.do(VALIDATOR, bound(ledger))
    before = governed(ledger)
    early = ledger.try_(CHIEF, m.StoreRotationCheckpoint(ledger.hub_client, ledger.checkpoint()))
    assert early.reason == "NO_ROTATION_PENDING"
    assert governed(ledger) == before
    members = tuple((Address(ADDRESSES[key]), 1) for key in (11, 12, 13, NEXT))
    ledger.decide(a.ProposeValidators(members))
    ledger.do(CHIEF, m.StoreRotationCheckpoint(ledger.hub_client, ledger.checkpoint()))
    assert {one.address for one in validators(ledger.state).members} == {address for address, _ in members}
