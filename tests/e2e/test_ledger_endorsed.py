"""A contract whose policy wants two organisations, invoked from the command line."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.ledger_home import LedgerHome
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
    assert [one["receivable"] for one in person.type("receivable", "held")] == [receivable]
    transfer = ("receivable", "transfer", receivable, "--to", "bank-b")
    assert person.run(*transfer).returncode == 1
    person.type(*transfer, "--endorse", "bank-b/admin")
    assert person.type("receivable", "held") == []
    person.type("receivable", "discharge", receivable, "--as", "bank-b/admin")
    assert person.type("receivable", "status", receivable)["state"] == "discharged"


# --- by drafts: the endorser's key is in a home of its own ---


@pytest.fixture(scope="module")
def bea(person: Typing, tmp_path_factory: pytest.TempPathFactory) -> Typing:
    """A member of bank-b, on her own machine: four files, as docs/members.md says."""
    person.type("enrol", "bank-b/bea")
    place, home = LedgerHome(Path(person.environment["ICHUB_LEDGER_HOME"])), tmp_path_factory.mktemp("bea") / "home"
    members = home / "organisations" / "bank-b" / "members"
    members.mkdir(parents=True)
    (home / "tls").mkdir()
    shutil.copy(place.authorities, home / "tls" / "authorities.pem")
    for file in place.member_files("bank-b/bea"):
        shutil.move(file, members / file.name)
    (home / "config.toml").write_text(f'ledger = "{place.config().ledger}"\nmember = "bank-b/bea"\n')
    return Typing(home)


def test_a_draft_goes_to_the_endorser_s_machine_and_back(person: Typing, bea: Typing, tmp_path: Path) -> None:
    document, file = "0x" + "22" * 32, str(tmp_path / "revoke.json")
    person.type("document", "notarise", document, "--number", "2", "--endorse", "bank-b/admin")
    plain = person.run("document", "revoke", document, "--reason", "lost at sea", "--draft", file)
    assert (plain.returncode, "has that of bank-a" in plain.stderr) == (0, True), plain.stderr
    assert f"`ichub ledger endorse {file}`" in plain.stdout
    assert person.type("document", "verify", document)["status"] == "valid"
    early = person.run("submit", file)
    assert (early.returncode, "not of bank-b: let them" in early.stderr) == (1, True), early.stderr
    looked = bea.run("endorse", file)
    assert (looked.returncode, "add --yes" in looked.stderr.lower()) == (2, True), looked.stderr
    for said in ("bank-a/admin", "documents.revoke", f"document_hash {document}", "reason lost at sea"):
        assert said in looked.stdout
    shown = bea.type("endorse", file, "--yes")
    assert (shown["signed_as"], shown["author"]) == ("bank-b/bea", "bank-a/admin")
    again = bea.run("endorse", file, "--yes")
    assert (again.returncode, "bank-b/bea signed twice" in again.stderr) == (1, True), again.stderr
    bea.type("submit", file)  # any member may
    assert person.type("document", "verify", document)["status"] == "revoked"
    (*_, last) = person.type("history", "documents", "documents", document)
    assert [signer.partition(" ")[0] for signer in last["signed_by"]] == ["bank-a/admin", "bank-b/bea"]
    for late in (person.run("submit", file), person.run("endorse", file, "--as", "customs/admin", "--yes")):
        assert (late.returncode, "has sent this draft, or another" in late.stderr) == (1, True), late.stderr


def test_copies_that_were_signed_at_the_same_time_are_put_together(person: Typing, bea: Typing, tmp_path: Path) -> None:
    document, file, copy = "0x" + "33" * 32, tmp_path / "draft.json", tmp_path / "copy.json"
    person.type("document", "notarise", document, "--number", "3", "--draft", str(file))
    shutil.copy(file, copy)
    person.type("endorse", str(file), "--as", "customs/admin", "--yes")
    early = bea.run("submit", str(file))  # no author: the policy is asked for before the draft is used up
    assert (early.returncode, "has that of bank-a, customs, not of bank-b" in early.stderr) == (1, True), early.stderr
    bea.type("endorse", str(copy), "--yes")
    person.type("submit", str(file), str(copy))
    (only,) = person.type("history", document)
    assert len(only["signed_by"]) == 3
    told = person.run("history", document).stdout
    assert told.index("endorsed by") < told.index("customs/admin") < told.index("bank-b/bea")


def test_a_draft_is_not_what_it_was_or_of_someone_else(person: Typing, bea: Typing, tmp_path: Path) -> None:
    file, broken = tmp_path / "draft.json", tmp_path / "broken.json"
    person.type("document", "notarise", "0x" + "44" * 32, "--number", "4", "--draft", str(file))
    again = person.run("document", "notarise", "0x" + "44" * 32, "--number", "4", "--draft", str(file))
    assert (again.returncode, "is there already" in again.stderr) == (2, True), again.stderr
    text = file.read_text()
    digits = "44" * 32
    for changed, reason in (
        (text.replace(digits.encode().hex(), ("45" * 32).encode().hex()), "DRAFT_CHANGED"),
        (text.replace("interchain-ledger-draft", "interchain-receipt"), "UNKNOWN_DOCUMENT"),
        (text.replace("\n ", "\n  "), "NOT_CANONICAL"),
        (re.sub(r'"genesis_hash": "0x..', '"genesis_hash": "0x00', text), "DRAFT_OF_ANOTHER_LEDGER"),
        (text[:-40], "NOT_A_DOCUMENT"),
    ):
        assert changed != text
        broken.write_text(changed)
        for done in (bea.run("endorse", str(broken), "--yes", "--json"), bea.run("submit", str(broken), "--json")):
            assert (done.returncode, json.loads(done.stderr)["error"]["reason"]) == (1, reason)
        assert broken.read_text() == changed
    person.type("enrol", "customs/olga", "--role", "auditor")
    olga = person.run("endorse", str(file), "--yes", "--as", "customs/olga")
    assert (olga.returncode, "auditors read everything and write nothing" in olga.stderr) == (1, True), olga.stderr
    port = person.run("endorse", str(file), "--yes", "--as", "port/admin")  # its certificate is there, unknown to all
    assert (port.returncode, "`ichub ledger enrol" in port.stderr) == (1, True), port.stderr
