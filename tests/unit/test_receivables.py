"""The contract ``receivables``: one identity, one pledge, near-duplicates told; and ``receivable-status``."""

import json
from hashlib import sha256
from pathlib import Path

import eth_abi
import pytest

from adapters.permissioned.ledger.contracts.errors import ArgumentsRefused, MembersOnly, RecordNotFound, Refused
from adapters.permissioned.ledger.contracts.installed import read_sources
from adapters.permissioned.ledger.contracts.linter import lint_package
from adapters.permissioned.ledger.contracts.trial import Trial, as_caller
from adapters.permissioned.ledger.contracts.values import read_json
from adapters.permissioned.ledger.identities import MemberRole
from adapters.permissioned.ledger.receivables.contract import (
    MAX_CANDIDATES,
    MAX_OTHERS,
    MAX_TOLD,
    ReceivablesContract,
)
from adapters.permissioned.ledger.receivables.errors import (
    AlreadyFinanced,
    AlreadyRegistered,
    NearDuplicatesPledged,
    NotTheHolder,
    TooManyNearDuplicates,
)
from adapters.permissioned.ledger.receivables.identity import Receivable, identify
from adapters.permissioned.ledger.receivables.records import (
    MAX_ACKNOWLEDGED,
    ById,
    Likeness,
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

A, B = "bank-a/ben", "bank-b/bea"


def invoice(**changes: object) -> Receivable:
    fields: dict[str, object] = {
        "seller": "DE 811 128 135",
        "buyer": "91310000MA1FL1X00X",
        "number": "INV-2026/0042",
        "amount": 1_250_000,
        "currency": "EUR",
        "issued_on": "2026-11-02",
    }
    return Receivable(**{**fields, **changes})  # type: ignore[arg-type]  # a table of fields, some of which are changed


def identifier(**changes: object) -> bytes:
    return identify(invoice(**changes)).receivable_id


@pytest.fixture
def trial() -> Trial:
    return Trial(ReceivablesContract)


def register(trial: Trial, caller: str = A, **changes: object) -> Registration:
    found: Registration = read_json(
        Registration, trial.invoke("receivables", "register", invoice(**changes), caller=caller)
    )
    return found


def status(trial: Trial, receivable_id: bytes, caller: str = A, role: MemberRole = MemberRole.MEMBER) -> Standing:
    return trial.query("receivables", "status", ById(receivable_id), Standing, caller=as_caller(caller, role))


def test_the_linter_has_nothing_to_say() -> None:
    folder = Path(__file__).parents[2] / "adapters/permissioned/ledger/receivables"
    assert lint_package(read_sources(folder)) == ()


class TestIdentity:
    def test_worked_out_by_hand(self) -> None:
        fields = ("identity", "de811128135", "91310000ma1fl1x00x", "inv20260042", "1250000", "EUR", "2026-11-02")
        framed = b"".join(len(field).to_bytes(4, "big") + field.encode() for field in fields)
        assert identifier() == sha256(b"interchain-receivable" + framed).digest()

    @pytest.mark.parametrize(
        "changes",
        [
            {"seller": "de811128135"},
            {"seller": "DE-811.128.135"},
            {"seller": "\uff24\uff25\uff18\uff11\uff11\uff11\uff12\uff18\uff11\uff13\uff15"},  # full width
            {"seller": " DE\u00a0811\u2009128\u3000135 "},
            {"buyer": "91310000ma1fl1x00x"},
            {"number": "inv 2026 0042"},
            {"number": "INV20260042"},
            {"number": "INV\u20132026\u20440042"},
            {"number": "INV-\u0662\u0660\u0662\u0666/0042"},  # Arabic digits
            {"number": "\u2160NV-2026/0042"},  # a Roman one
            {"currency": "eur"},
        ],
    )
    def test_the_same_however_it_is_written(self, changes: dict[str, object]) -> None:
        assert identifier(**changes) == identifier()

    @pytest.mark.parametrize(
        "changes",
        [
            {"seller": "DE 811 128 136"},
            {"buyer": "91310000MA1FL1X00Y"},
            {"seller": "91310000MA1FL1X00X", "buyer": "DE 811 128 135"},
            {"number": "INV-2026/0043"},
            {"amount": 1_250_001},
            {"currency": "USD"},
            {"issued_on": "2026-11-03"},
            {"seller": "DE 811 128 13", "buyer": "591310000MA1FL1X00X"},
        ],
    )
    def test_others_are_others(self, changes: dict[str, object]) -> None:
        assert identifier(**changes) != identifier()

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"amount": 0}, ArgumentsRefused),
            ({"amount": -1}, ArgumentsRefused),
            ({"seller": ""}, ArgumentsRefused),
            ({"seller": "--"}, Refused),
            ({"seller": "x" * 129}, ArgumentsRefused),
            ({"number": "x" * 33}, Refused),
            ({"number": "\U0001f600 1"}, Refused),  # newer than Unicode 3.2
            ({"number": "1\u200d2"}, Refused),  # invisible
            ({"number": "1\x002"}, Refused),
            *(
                ({"number": f"1{invisible}2"}, Refused)
                for invisible in "\u034f\u115f\u1160\u17b4\u180b\u3164\ufe0f\uffa0"
            ),
            ({"seller": "D\u0415 811 128 135"}, Refused),  # a Cyrillic letter that looks like an E
            ({"buyer": "9131\u041e000MA1FL1X00X"}, Refused),
            ({"buyer": "91310000MA1FL1X00X\u0301"}, Refused),
            ({"buyer": "de811128135"}, Refused),
            ({"currency": "EURO"}, Refused),
            ({"currency": "XXX"}, Refused),
            ({"issued_on": "2026-02-29"}, Refused),
            ({"issued_on": "2026-2-1"}, Refused),
            ({"issued_on": "02.11.2026"}, Refused),
            ({"issued_on": "\u0662026-11-02"}, Refused),
        ],
    )
    def test_what_has_no_identity(self, trial: Trial, changes: dict[str, object], error: type[Exception]) -> None:
        assert isinstance(trial.refusal("receivables", "register", invoice(**changes), caller=A), error)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"seller": "--"}, "the seller has a letter or digit"),
            ({"buyer": "--"}, "the buyer has a letter or digit"),
            ({"number": "--"}, "the number has a letter or digit"),
            ({"seller": "D\u0415 1"}, "the seller is a registration number"),
            ({"buyer": "D\u0415 1"}, "the buyer is a registration number"),
            ({"buyer": "de811128135"}, "seller and buyer are the same"),
            ({"number": "x" * 33}, "more than 32 letters and digits"),
            ({"currency": "EURO"}, "ISO 4217"),
            ({"issued_on": "2026-02-30"}, "the date of issue is a day"),
        ],
    )
    def test_what_is_wrong_is_named(self, changes: dict[str, object], said: str) -> None:
        with pytest.raises(Refused, match=said):
            identify(invoice(**changes))

    def test_its_hashes_worked_out_by_hand(self) -> None:
        """What ledgers keep: a change of any would part new receivables from those that are registered."""

        def hashed(what: str, *fields: str) -> bytes:
            framed = b"".join(len(field).to_bytes(4, "big") + field.encode() for field in (what, *fields))
            return sha256(b"interchain-receivable" + framed).digest()[:8]

        found = identify(invoice(number="A1-02", issued_on="1970-01-02"))
        pair = ("de811128135", "91310000ma1fl1x00x")
        assert found.pair == hashed("pair", *pair)
        assert found.terms == hashed("terms", *pair, "1250000", "EUR")
        assert found.same_number == hashed("number", *pair, "a102")
        assert found.same_digits == hashed("digits", *pair, "102")
        assert found.alike == tuple(hashed("alike", *pair, each) for each in ("a102", "102", "a02", "a12", "a10"))
        assert found.day == identify(invoice(issued_on="1970-01-01")).day + 1
        assert identify(invoice(number="0-a-0")).same_digits == b""
        assert identify(invoice(number="xyz 1-02")).same_digits == found.same_digits
        assert len(identify(invoice(number="aab")).alike) == 3  # what comes out twice stands once

    def test_the_longest_number(self) -> None:
        assert identifier(number="x-" * 32) == identifier(number="X" * 32)


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


class TestNearDuplicates:
    @pytest.mark.parametrize(
        ("changes", "likeness"),
        [
            ({"amount": 1, "issued_on": "2020-01-01"}, Likeness.SAME_NUMBER),
            ({"currency": "USD"}, Likeness.SAME_NUMBER),
            ({"number": "RE 2026-0042", "amount": 1, "issued_on": "2020-01-01"}, Likeness.SAME_DIGITS),
            ({"number": "002026.0042 a", "amount": 1}, Likeness.SAME_DIGITS),
            ({"number": "other 7", "issued_on": "2026-12-02"}, Likeness.SAME_TERMS),
            ({"number": "other 7", "issued_on": "2026-10-03"}, Likeness.SAME_TERMS),
            ({"number": "INV-2026/0043", "issued_on": "2020-01-01"}, Likeness.SIMILAR_NUMBER),  # one changed
            ({"number": "INV-2026/00423", "issued_on": "2020-01-01"}, Likeness.SIMILAR_NUMBER),  # one added
            ({"number": "INV-2026/042", "issued_on": "2020-01-01"}, Likeness.SIMILAR_NUMBER),  # one left out
            ({"number": "INV-2026/0024", "issued_on": "2020-01-01"}, Likeness.SIMILAR_NUMBER),  # two swapped
            ({"number": "\u0406NV-2026/0042"}, Likeness.SAME_DIGITS),  # a Cyrillic letter
            ({"number": "INV-2026/0043", "amount": 1_250_001}, Likeness.SIMILAR_NUMBER),  # the same day
        ],
    )
    def test_what_is_alike(self, trial: Trial, changes: dict[str, object], likeness: Likeness) -> None:
        register(trial)
        found = register(trial, B, **changes)
        assert [(each.receivable_id, each.likeness, each.state) for each in found.near_duplicates] == [
            (identifier(), likeness, State.FREE)
        ]
        assert found.complete

    @pytest.mark.parametrize(
        "changes",
        [
            {"number": "other 7", "issued_on": "2026-12-03"},
            {"number": "other 7", "issued_on": "2026-10-02"},
            {"number": "other 7", "amount": 1},
            {"number": "INV-2026/0055", "issued_on": "2020-01-01"},  # two changed
            {"number": "INV-2026/0043", "amount": 1, "issued_on": "2026-11-03"},  # the next invoice
            {"seller": "DE 811 128 136"},
            {"buyer": "91310000MA1FL1X00Y"},
        ],
    )
    def test_what_is_not(self, trial: Trial, changes: dict[str, object]) -> None:
        register(trial)
        assert register(trial, B, **changes).near_duplicates == ()

    def test_a_pledged_one_must_be_acknowledged(self, trial: Trial) -> None:
        register(trial)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=A)
        twin = identifier(number="INV-2026/0043")
        found = register(trial, B, number="INV-2026/0043")
        assert [each.state for each in found.near_duplicates] == [State.PLEDGED]
        refusal = trial.refusal("receivables", "pledge", Pledge(twin), caller=B)
        assert isinstance(refusal, NearDuplicatesPledged)
        assert identifier().hex() in str(refusal)
        wrong = Pledge(twin, (bytes(32),))
        assert isinstance(trial.refusal("receivables", "pledge", wrong, caller=B), NearDuplicatesPledged)
        trial.invoke("receivables", "pledge", Pledge(twin, (bytes(32), identifier())), caller=B)
        assert status(trial, twin, B).acknowledged == (identifier(),)
        assert status(trial, twin, A).acknowledged == ()

    def test_pledged_after_it_was_registered(self, trial: Trial) -> None:
        register(trial)
        twin = identifier(number="INV-2026/0043")
        register(trial, B, number="INV-2026/0043")
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=A)
        assert isinstance(trial.refusal("receivables", "pledge", Pledge(twin), caller=B), NearDuplicatesPledged)
        trial.invoke("receivables", "release", ById(identifier()), caller=A)
        assert trial.refusal("receivables", "pledge", Pledge(twin), caller=B) is None

    def test_a_crowd_hides_nothing(self, trial: Trial) -> None:
        register(trial)
        trial.invoke("receivables", "pledge", Pledge(identifier()), caller=A)
        for day in range(1, 29):
            register(trial, B, issued_on=f"2026-01-{day:02}", number="INV-2026/0042")
        found = register(trial, B, number="INV-2026/0043")
        assert found.near_duplicates[0].receivable_id == identifier()
        assert not found.complete
        twin = Pledge(identifier(number="INV-2026/0043"))
        assert isinstance(trial.refusal("receivables", "pledge", twin, caller=B), NearDuplicatesPledged)

    def test_more_than_can_be_looked_at_is_refused(self, trial: Trial) -> None:
        for number in range(MAX_CANDIDATES + 1):
            register(trial, A, number=f"X{number}Y{number}", amount=number + 1)
            pledged = Pledge(identifier(number=f"X{number}Y{number}", amount=number + 1), ())
            refusal = trial.refusal("receivables", "pledge", pledged, caller=A)
        assert refusal is None
        assert not register(trial, B).complete
        assert isinstance(trial.refusal("receivables", "pledge", Pledge(identifier()), caller=B), TooManyNearDuplicates)

    def test_more_than_can_be_acknowledged_is_refused(self, trial: Trial) -> None:
        alike = [identifier(amount=number) for number in range(1, MAX_ACKNOWLEDGED + 3)]
        for number, receivable_id in enumerate(alike, start=1):
            found = register(trial, A, amount=number)
            assert len(found.near_duplicates) == min(number - 1, MAX_TOLD)
            assert found.complete == (number - 1 <= MAX_TOLD)
            known = tuple(alike[: min(number - 1, MAX_ACKNOWLEDGED)])
            refusal = trial.refusal("receivables", "pledge", Pledge(receivable_id, known), caller=A)
            assert (refusal is None) == (number <= MAX_ACKNOWLEDGED + 1)
        assert isinstance(refusal, TooManyNearDuplicates)

    def test_what_is_listed_is_bounded_and_says_so(self, trial: Trial) -> None:
        """Pledged ones come first; of the others some are enough."""
        for number in range(1, MAX_OTHERS + 2):
            found = register(trial, A, amount=number, issued_on="2020-01-01")
            assert len(found.near_duplicates) == number - 1
            assert found.complete
        assert len(register(trial, A, amount=999, issued_on="2020-01-01").near_duplicates) == MAX_OTHERS
        assert not register(trial, A, amount=1000, issued_on="2020-01-01").complete

    def test_numbers_without_digits_have_none_in_common(self, trial: Trial) -> None:
        """However many others register such ones, of other sellers: nobody is kept from looking by them."""
        for number in range(MAX_OTHERS + 2):
            found = register(trial, A, seller=f"S{number}", number="ABC")
            assert (found.near_duplicates, found.complete) == ((), True)
        assert register(trial, B, seller="S1", number="XYZ", amount=1).near_duplicates == ()


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
        assert eth_abi.decode(kinds, in_abi.output) == fields
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
