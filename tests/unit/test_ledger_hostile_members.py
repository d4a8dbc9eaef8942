"""Members and organisations that mean ill, or are careless, at the state machine: each refused, or without effect."""

import pytest
from msgspec.structs import replace

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.events import ProposalFailed
from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.identities import fingerprint
from adapters.permissioned.ledger.membership import errors as e
from adapters.permissioned.ledger.membership import registry
from adapters.permissioned.ledger.membership.certificates import read_authority
from hub import messages as hub
from hub.block import ResultCode
from hub.clients.quorum import Config
from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Hash
from tests.unit import certificate_workshop as workshop
from tests.unit.hub_chain import HubChain
from tests.unit.hub_world import one
from tests.unit.member_ledger import ORGANISATIONS, SIGNERS, MemberLedger
from tests.vectors.generate_quorum import ADDRESSES

ANN = "bank-a/ann"


@pytest.fixture
def ledger() -> MemberLedger:
    return MemberLedger(enrolled=[ANN])


def test_nobody_enrols_another_s_certificate(ledger: MemberLedger) -> None:
    """That its authority signed it does not show that its key is anyone's."""
    others = ledger.issue("bank-b/ben")
    for thief in (ANN, "bank-b/chief"):
        assert ledger.try_(thief, m.EnrolMember(others.der, ())).reason == "ENROLMENT_NOT_ALONE"
    assert registry.certificate(ledger.state, fingerprint(others.der)) is None
    ledger.do("bank-b/ben", m.EnrolMember(others.der, ()))
    assert registry.certificate(ledger.state, fingerprint(others.der)) is not None


def test_no_organisation_joins_without_a_root(ledger: MemberLedger) -> None:
    """It would be counted in votes that it cannot cast: three such, and no vote ever passes."""
    failed = one(ledger.decide(a.AddOrganisation("idle", "Idle", ())).events, ProposalFailed)
    assert failed.reason == "ROOT_MISSING"
    ledger.decide(a.RemoveOrganisation("port"))
    failed = one(ledger.decide(a.AddOrganisation("port", "Port", ())).events, ProposalFailed)
    assert failed.reason == "ROOT_MISSING"
    expired = workshop.root("port, once").with_(not_after=ledger.now).signed()
    failed = one(ledger.decide(a.AddOrganisation("port", "Port", (expired.der,))).events, ProposalFailed)
    assert failed.reason == "CERTIFICATE_EXPIRED"


def test_no_ledger_begins_with_an_organisation_without_a_root() -> None:
    ledger = MemberLedger()
    founders = [*ledger.machine.genesis.organisations]
    founders[1] = type(founders[1])(founders[1].id, founders[1].display_name, ())
    with pytest.raises(e.RootMissing):
        MemberLedger(organisations=tuple(founders))


def test_a_root_that_has_ended_is_no_root_to_keep(ledger: MemberLedger) -> None:
    ended = workshop.root("port, for a minute").with_(not_after=ledger.now + 60).signed()
    ledger.decide(a.AddAuthority("port", ended.der))
    ledger.block(advance=60)
    first = read_authority(ledger.roots[ORGANISATIONS[3]].der).authority_id
    failed = one(ledger.decide(a.RemoveAuthority(first)).events, ProposalFailed)
    assert failed.reason == "LAST_AUTHORITY"
    ledger.decide(a.RemoveAuthority(read_authority(ended.der).authority_id))


def test_a_removed_organisation_has_no_validators_in_the_next_set(ledger: MemberLedger) -> None:
    ledger.decide(a.RemoveOrganisation("port"))
    keys = {name: ADDRESSES[number] for name, number in zip(ORGANISATIONS, SIGNERS, strict=True)}
    failed = one(ledger.decide(validators(*keys.values())).events, ProposalFailed)
    assert failed.reason == "ORGANISATION_REMOVED"
    remaining = [key for name, key in keys.items() if name != "port"]
    assert ledger.decide(validators(*remaining)).code is ResultCode.OK


def test_who_is_removed_and_back_within_one_second_votes_anew(ledger: MemberLedger) -> None:
    number = ledger.propose(a.RetireContract("none"))
    removal = ledger.propose(a.RemoveOrganisation("port"))
    back = ledger.propose(a.AddOrganisation("port", "Port", (ledger.roots[ORGANISATIONS[3]].der,)))
    for name in ("bank-a", "bank-b"):
        ledger.do(f"{name}/chief", m.Vote(removal, True))
        ledger.do(f"{name}/chief", m.Vote(back, True))
    signed = [
        ledger.sign("port/chief", m.Vote(number, True)),
        ledger.sign("customs/chief", m.Vote(removal, True), m.Vote(back, True)),
    ]
    ledger.block(*signed)
    record = proposals.proposal(ledger.state, number)
    assert record is not None
    assert proposals.tally(ledger.state, record, ledger.now) == (0, 0, 4)
    ledger.do("port/chief", m.Vote(number, False))


def test_a_ledger_has_one_hub(ledger: MemberLedger) -> None:
    """``attested-0`` of another hub is another chain, and another caller under the same name; its calls and requests
    would have the identifiers of the first one's."""
    ledger.connect(HubChain(time=ledger.now))
    known = ledger.machine.clients.config(ledger.state, ledger.hub_client)
    assert isinstance(known, Config)
    ledger.decide(a.Connect(hub.CreateQuorumClient(replace(known, genesis_hash=Hash(b"\x07" * 32)))))
    second = hub.RegisterCounterparty(ClientId("quorum-1"), ledger.client, 0, Address(b""), b"\x07" * 32)
    failed = one(ledger.decide(a.Connect(second)).events, ProposalFailed)
    assert failed.reason == "ACTION_REFUSED"
    assert "quorum-0" in failed.message
    assert [client for client, _ in ledger.machine.counterparties(ledger.state)] == ["quorum-0"]


def validators(*addresses: bytes) -> a.ProposeValidators:
    return a.ProposeValidators(tuple((Address(address), 1) for address in addresses))
