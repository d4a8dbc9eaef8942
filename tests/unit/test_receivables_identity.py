"""What makes an invoice the same as another, however it is written, and which invoice has no identity."""

from hashlib import sha256

import pytest

from adapters.permissioned.ledger.contracts.errors import ArgumentsRefused, Refused
from adapters.permissioned.ledger.contracts.trial import Trial
from adapters.permissioned.ledger.receivables.contract import ReceivablesContract
from adapters.permissioned.ledger.receivables.identity import identify
from tests.unit.receivable_trial import A, identifier, invoice


@pytest.fixture
def trial() -> Trial:
    return Trial(ReceivablesContract)


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
            {"number": "\u10a0INV-2026/0042"},  # folded to a letter that came later than Unicode 3.2
            {"number": "INV-2026/0042\u04c0"},
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
