"""Invoices that are alike: told to who registers one, acknowledged by who pledges it, and never too many."""

import pytest

from adapters.permissioned.ledger.contracts.trial import Trial
from adapters.permissioned.ledger.receivables.contract import MAX_CANDIDATES, MAX_OTHERS, MAX_TOLD, ReceivablesContract
from adapters.permissioned.ledger.receivables.errors import NearDuplicatesPledged, TooManyNearDuplicates
from adapters.permissioned.ledger.receivables.records import MAX_ACKNOWLEDGED, ById, Likeness, Pledge, State
from tests.unit.receivable_trial import A, B, identifier, register, status


@pytest.fixture
def trial() -> Trial:
    return Trial(ReceivablesContract)


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
