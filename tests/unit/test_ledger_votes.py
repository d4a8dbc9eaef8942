"""What votes do to a ledger: policies, parameters, organisations; and proposals that fail or expire."""

import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.events import ProposalFailed, ProposalPassed
from adapters.permissioned.ledger.governance import proposals
from hub import messages as hub_messages
from hub.block import ResultCode
from hub.errors import HubError
from hub.quantities import Address, Hash, Seconds
from tests.unit import certificate_workshop as workshop
from tests.unit.desk import ANN, BEN, Desk, Note
from tests.unit.hub_world import one
from tests.unit.member_ledger import MemberLedger


@pytest.fixture
def ledger() -> MemberLedger:
    return MemberLedger(Desk, enrolled=[ANN, BEN])


def changed(**values: int) -> a.ChangeParameters:
    return a.ChangeParameters(tuple(a.ParameterChange(name, value) for name, value in values.items()))


class TestVotes:
    def test_a_policy_asks_for_endorsements(self, ledger: MemberLedger) -> None:
        assert one(ledger.decide(a.ChangePolicy("desk", "bank-a and bank-b")).events, ProposalPassed)
        assert ledger.invoke(ANN, "desk", "write", Note("x")).reason == "ENDORSEMENT_MISSING"
        assert ledger.invoke(ANN, "desk", "write", Note("x"), endorsers=[BEN]).code is ResultCode.OK

    def test_only_admins_propose_and_vote(self, ledger: MemberLedger) -> None:
        number = ledger.propose(a.RetireContract("desk"))
        for message in (m.Propose(a.RetireContract("desk"), Seconds(3600)), m.Vote(number, True)):
            assert ledger.try_(ANN, message).reason == "MEMBER_ROLE_REFUSED"
            with pytest.raises(HubError):
                ledger.machine.check(ledger.state, ledger.sign(ANN, message), ledger.now)

    @pytest.mark.parametrize(
        ("action", "reason"),
        [
            (a.RetireContract("no-such"), "CONTRACT_NOT_ACTIVE"),
            (changed(no_such=1), "ACTION_REFUSED"),
            (changed(votes_numerator=2), "ACTION_REFUSED"),
            (changed(votes_denominator=3), "ACTION_REFUSED"),
            (changed(votes_numerator=0), "ACTION_REFUSED"),
            (changed(votes_numerator=1, votes_denominator=2**64 - 1), "ACTION_REFUSED"),
            (changed(replacement_delay=366 * 86_400 + 1), "ACTION_REFUSED"),
            (changed(), "ACTION_REFUSED"),
            (a.ChangeParameters((a.ParameterChange("votes_numerator", 1),) * 2), "ACTION_REFUSED"),
            (a.ActivateContract("Not a name", 1, Hash(bytes(32)), "any member"), "INVALID_CONTRACT_NAME"),
            (a.ActivateContract("x" * 300, 1, Hash(bytes(32)), "any member"), "INVALID_CONTRACT_NAME"),
            (a.UpgradeContract("", 1, Hash(bytes(32)), "any member"), "INVALID_CONTRACT_NAME"),
            (a.ProposeValidators(((Address(b"\x01" * 20), 1),)), "ACTION_REFUSED"),
            (a.RemoveOrganisation("nobody"), "ORGANISATION_UNKNOWN"),
            (a.Connect(hub_messages.ApplyClientReplacement("quorum-9")), "REPLACEMENT_NOT_SCHEDULED"),
        ],
    )
    def test_an_action_that_is_refused_fails_its_proposal(
        self, ledger: MemberLedger, action: a.Action, reason: str
    ) -> None:
        failed = one(ledger.decide(action).events, ProposalFailed)
        assert failed.reason == reason

    def test_a_parameter_and_an_organisation(self, ledger: MemberLedger) -> None:
        ledger.decide(changed(votes_numerator=2, votes_denominator=3))
        number = ledger.propose(a.RetireContract("desk"))
        for organisation in ("bank-a", "bank-b"):
            assert not [
                e for e in ledger.do(f"{organisation}/chief", m.Vote(number, True)).events if "Passed" in str(e)
            ]
        ledger.decide(a.RemoveOrganisation("bank-b"))
        with pytest.raises(HubError) as refused:
            ledger.invoke(BEN, "desk", "write", Note("x"))
        assert refused.value.reason() in {"ORGANISATION_REMOVED", "AUTHORITY_REMOVED"}
        root = workshop.root("insurer root").signed()
        ledger.decide(a.AddOrganisation("insurer", "Insurer", (root.der,)))
        ledger.members["insurer/ida"] = workshop.leaf(root, "insurer", "ida").signed()
        ledger.do("insurer/ida", m.EnrolMember(ledger.members["insurer/ida"].der, ()))
        assert ledger.invoke("insurer/ida", "desk", "write", Note("x")).code is ResultCode.OK

    def test_a_proposal_expires_by_a_block_of_its_own(self, ledger: MemberLedger) -> None:
        number = ledger.propose(a.RetireContract("desk"))
        due = ledger.machine.next_due(ledger.state)
        assert due == ledger.now + 3600
        ledger.block(advance=3600)
        found = proposals.proposal(ledger.state, number)
        assert found is not None
        assert found.outcome is proposals.Outcome.EXPIRED
        assert ledger.machine.next_due(ledger.state) is None
