"""A contract whose policy wants two organisations, invoked from the command line."""

from collections.abc import Iterator

import pytest

from tests.e2e.ledger_person import Typing, running_ledger


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typing]:
    """Documents are for bank-a and bank-b together."""
    with running_ledger(tmp_path_factory.mktemp("ledger") / "home") as typing:
        number = typing.type("proposal", "change-policy", "documents", "bank-a and bank-b")["number"]
        for name in ("bank-a", "bank-b", "customs"):
            typing.type("proposal", "vote", str(number), "--yes", "--as", f"{name}/admin")
        assert typing.type("proposal", "show", str(number))["outcome"] == "passed"
        yield typing


def test_who_endorses_signs_too(person: Typing) -> None:
    document = "0x" + "11" * 32
    person.type("document", "notarise", document, "--number", "1", "--endorse", "bank-b/admin")
    revoke = ("contract", "invoke", "documents", "revoke", f'{{"document_hash": "{document}", "reason": "lost"}}')
    for endorse, code, said in (
        ((), 1, "has that of bank-a, not of bank-b: add --endorse ORG/NAME"),
        (("--endorse", "customs/admin"), 1, "has that of bank-a, customs, not of bank-b:"),
        (("--endorse", "bank-b/nobody"), 2, "`ichub ledger enrol bank-b/nobody`"),
        (("--endorse", "port/admin"), 1, "port/admin cannot endorse before it is enrolled"),
        (("--endorse", "bank-a/admin"), 1, "bank-a/admin signed twice"),
    ):
        refused = person.run(*revoke, *endorse)
        assert (refused.returncode, said in refused.stderr) == (code, True), refused.stderr
    assert person.type("document", "verify", document)["status"] == "valid"
    person.type(*revoke, "--endorse", "bank-b/admin")
    assert person.type("document", "verify", document)["status"] == "revoked"
    changes = person.type("history", "documents", "documents", document)
    assert [one["method"] for one in changes] == ["notarise", "revoke"]
    for one in changes:
        assert [signer.partition(" ")[0] for signer in one["signed_by"]] == ["bank-a/admin", "bank-b/admin"]


def test_a_bank_that_endorses_takes_a_receivable_over(person: Typing) -> None:
    terms = ("--seller", "9131X", "--buyer", "9144Y", "--number", "A-17", "--amount", "125000", "--currency", "CNY",
             "--date", "2026-03-01")  # fmt: skip
    person.type("receivable", "register", *terms)
    receivable = person.type("receivable", "check", *terms)["receivable_id"]
    person.type("receivable", "pledge", receivable)
    transfer = ("contract", "invoke", "receivables", "transfer",
                f'{{"receivable_id": "{receivable}", "to": "bank-b"}}')  # fmt: skip
    assert person.run(*transfer).returncode == 1
    person.type(*transfer, "--endorse", "bank-b/admin")
    person.type("receivable", "release", receivable, "--as", "bank-b/admin")
