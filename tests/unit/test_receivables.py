"""The contract ``receivables``: one pledge, whoever asks for it; who learns what; and ``receivable-status``."""

import json
from pathlib import Path

import eth_abi.abi
import pytest

from adapters.permissioned.ledger.contracts.errors import MembersOnly, RecordNotFound, Refused
from adapters.permissioned.ledger.contracts.installed import read_sources
from adapters.permissioned.ledger.contracts.linter import lint_package
from adapters.permissioned.ledger.contracts.trial import Trial
from adapters.permissioned.ledger.contracts.values import read_json
from adapters.permissioned.ledger.identities import MemberRole
from adapters.permissioned.ledger.receivables.contract import ReceivablesContract
from adapters.permissioned.ledger.receivables.errors import AlreadyFinanced, AlreadyRegistered, NotTheHolder
from adapters.permissioned.ledger.receivables.records import (
    ById,
    Listing,
    Pledge,
    Registration,
    Standing,
    Standings,
    State,
    StatusOutput,
    Transfer,
)
from hub.services.payload import InputEncoding
from hub.services.transcode import convert
from tests.unit.receivable_trial import A, B, identifier, invoice, register, status


@pytest.fixture
def trial() -> Trial:
    return Trial(ReceivablesContract)


def test_the_linter_has_nothing_to_say() -> None:
    folder = Path(__file__).parents[2] / "adapters/permissioned/ledger/receivables"
    assert lint_package(read_sources(folder)) == ()


class TestOnce:
    def test_registered_once_among_all_banks(self, trial: Trial) -> None:
        first = register(trial)
        assert first == Registration(identifier(), State.FREE, (), complete=True)
        refusal = trial.refusal("receivables", "register", invoice(number="inv 2026 0042"), caller=B)
        assert isinstance(refusal, AlreadyRegistered)
        assert str(refusal) == f"receivable 0x{identifier().hex()} is registered already; it is free"

    @pytest.mark.parametrize("rival", [A, B])
    def test_financed_once(self, trial: Trial, rival: str) -> None:
        register(trial)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=A)
        refusal = trial.refusal("receivables", "pledge", Pledge(identifier()), caller=rival)
        assert isinstance(refusal, AlreadyFinanced)
        assert "it is financed" in str(refusal)
        assert "bank-a" not in str(refusal)
        assert isinstance(trial.refusal("receivables", "register", invoice(), caller=rival), AlreadyRegistered)

    def test_again_only_after_release(self, trial: Trial) -> None:
        register(trial)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=A)
        assert isinstance(trial.refusal("receivables", "release", ById(identifier()), caller=B), NotTheHolder)
        trial.invoke("receivables", "release", ById(identifier()), caller="bank-a/other")
        assert isinstance(trial.refusal("receivables", "release", ById(identifier()), caller=A), NotTheHolder)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=B)
        assert status(trial, identifier(), B).holder == "bank-b"

    def test_settled_is_for_good(self, trial: Trial) -> None:
        register(trial)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=B)
        assert isinstance(trial.refusal("receivables", "discharge", ById(identifier()), caller=A), NotTheHolder)
        trial.invoke("receivables", "discharge", ById(identifier()), caller=B)
        assert "it is settled" in str(trial.refusal("receivables", "pledge", Pledge(identifier()), caller=B))
        for method, asked in (
            ("pledge", Pledge(identifier())),
            ("release", ById(identifier())),
            ("discharge", ById(identifier())),
            ("transfer", Transfer(identifier(), "bank-a")),
            ("register", invoice()),
        ):
            assert trial.refusal("receivables", method, asked, caller=B, endorsers=("bank-a",)) is not None
        assert status(trial, identifier()).state is State.DISCHARGED

    def test_who_discharges_what_nobody_finances(self, trial: Trial) -> None:
        register(trial)
        assert isinstance(trial.refusal("receivables", "discharge", ById(identifier()), caller=B), Refused)
        trial.invoke("receivables", "discharge", ById(identifier()), caller=A)
        again = trial.refusal("receivables", "discharge", ById(identifier()), caller=A)
        assert "settled already" in str(again)

    def test_what_is_not_registered(self, trial: Trial) -> None:
        assert isinstance(trial.refusal("receivables", "pledge", Pledge(identifier()), caller=A), RecordNotFound)
        with pytest.raises(RecordNotFound):
            status(trial, identifier())


class TestTransfer:
    def test_with_the_receivers_endorsement(self, trial: Trial) -> None:
        register(trial)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=A)
        asked = Transfer(identifier(), "bank-b")
        assert "must endorse" in str(trial.refusal("receivables", "transfer", asked, caller=A))
        assert isinstance(
            trial.refusal("receivables", "transfer", asked, caller=B, endorsers=("bank-a",)), NotTheHolder
        )
        assert "already" in str(trial.refusal("receivables", "transfer", Transfer(identifier(), "bank-a"), caller=A))
        trial.invoke("receivables", "transfer", asked, caller=A, endorsers=("bank-b",))
        assert status(trial, identifier(), B).holder == "bank-b"
        assert isinstance(trial.refusal("receivables", "release", ById(identifier()), caller=A), NotTheHolder)


class TestPrivacy:
    def test_others_learn_that_it_is_financed_not_by_whom(self, trial: Trial) -> None:
        register(trial, A)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=B)
        everyone = {caller: status(trial, identifier(), caller) for caller in (A, B, "customs/dora")}
        assert {each.state for each in everyone.values()} == {State.PLEDGED}
        assert [each.holder for each in everyone.values()] == ["", "bank-b", ""]
        assert [each.registered_by for each in everyone.values()] == ["bank-a", "", ""]
        auditor = status(trial, identifier(), "customs/dora", MemberRole.AUDITOR)
        assert (auditor.holder, auditor.registered_by) == ("bank-b", "bank-a")

    def test_the_state_has_no_field_of_the_invoice(self, trial: Trial) -> None:
        register(trial)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=B)
        held = b"".join(key + value for key, value in trial.state.scan(b"\x00", b"\xff")).lower()
        for field in (b"811128135", b"91310000ma1fl1x00x", b"20260042", b"2026-11-02", b"eur", b"1250000"):
            assert field not in held
        assert (1_250_000).to_bytes(4, "big") not in held

    def test_only_one_who_is_known_asks(self, trial: Trial) -> None:
        register(trial)
        with pytest.raises(MembersOnly):
            trial.query("receivables", "status", ById(identifier()), Standing)

    def test_asking_keeps_nothing(self, trial: Trial) -> None:
        register(trial)
        found = trial.query("receivables", "check", invoice(number="INV-2026/0043"), Registration, caller=B)
        assert (found.state, len(found.near_duplicates)) == (State.UNKNOWN, 1)
        found = trial.query("receivables", "check", invoice(), Registration, caller=B)
        assert (found.state, found.near_duplicates) == (State.FREE, ())
        assert isinstance(
            trial.refusal("receivables", "pledge", Pledge(identifier(number="INV-2026/0043")), caller=B),
            RecordNotFound,
        )

    def test_the_list_is_ones_own(self, trial: Trial) -> None:
        for number, caller in enumerate((A, B, A, A)):
            register(trial, A, number=f"N{number * 1111}", amount=number + 1)
            asked = Pledge(identifier(number=f"N{number * 1111}", amount=number + 1))
            trial.invoke("receivables", "pledge", asked, caller=caller)
        first = trial.query("receivables", "held", Listing(2), Standings, caller=A)
        second = trial.query("receivables", "held", Listing(2, first.next_token), Standings, caller=A)
        assert (len(first.receivables), len(second.receivables), second.next_token) == (2, 1, b"")
        assert len(trial.query("receivables", "held", Listing(), Standings, caller=B).receivables) == 1


class TestService:
    def ask(self, trial: Trial, receivable_id: bytes) -> StatusOutput:
        (definition,) = trial.installed["receivables"].shape.services()
        data = json.dumps({"receivable_id": "0x" + receivable_id.hex()}).encode()
        in_json = trial.serve("receivables", "receivable-status", data)
        as_abi = convert(definition.input, data, InputEncoding.JSON, InputEncoding.ABI)
        in_abi = trial.serve("receivables", "receivable-status", as_abi, encoding=InputEncoding.ABI)
        assert in_json is not None
        assert in_abi is not None
        output: StatusOutput = read_json(StatusOutput, in_json.output)
        kinds = ["bool", "bool", "bool", "string", "uint64", "uint64"]
        fields = tuple(getattr(output, name) for name in StatusOutput.__struct_fields__)
        assert eth_abi.abi.decode(kinds, in_abi.output) == fields
        assert convert(definition.output, in_abi.output, InputEncoding.ABI, InputEncoding.JSON) == in_json.output
        return output

    def test_its_life(self, trial: Trial) -> None:
        start = trial.time
        assert self.ask(trial, identifier()) == StatusOutput(
            found=False, financed=False, settled=False, status="unknown"
        )
        register(trial)
        for seconds, method, asked, state in (
            (10, "pledge", Pledge(identifier()), "pledged"),
            (20, "release", ById(identifier()), "free"),
            (30, "discharge", ById(identifier()), "discharged"),
        ):
            trial.time = type(start)(start + seconds)
            trial.invoke("receivables", method, asked, caller=A)
            assert self.ask(trial, identifier()) == StatusOutput(
                found=True,
                financed=state == "pledged",
                settled=state == "discharged",
                status=state,
                registered_at=start,
                status_since=start + seconds,
            )
