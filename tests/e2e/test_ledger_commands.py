"""The commands of a ledger against a real node, as a newcomer types them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.permissioned.ledger.contracts.installed import ENTRY_POINTS
from adapters.permissioned.ledger.identities import MemberRole, OrganisationId, member_name
from console.consortium import OrganisationFolder
from console.ledger_home import LedgerHome
from tests.e2e.ledger_person import Typing, free_port, running_ledger
from tests.unit.counters import VERSION_1, VERSION_2


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Python finds a package that offers the contract ``counters`` in two versions."""
    folder = tmp_path_factory.mktemp("packages")
    for name, source in (("typed_counters_1", VERSION_1), ("typed_counters_2", VERSION_2)):
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
        (folder / name / "contract.py").write_text(source)
    described = folder / "typed_counters-2.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: typed-counters\nVersion: 2\n")
    (described / "entry_points.txt").write_text(
        f"[{ENTRY_POINTS}]\ncounters = typed_counters_2.contract:Counters\n"
        "counters.1 = typed_counters_1.contract:Counters\n"
    )
    return folder


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Iterator[Typing]:
    with running_ledger(tmp_path_factory.mktemp("a ledger") / "home", packages) as typing:
        yield typing


def decide(person: Typing, *words: str) -> Any:
    """Propose it, and have it voted for until it has passed."""
    number = str(person.type("proposal", *words)["number"])
    for name in ("bank-a", "bank-b", "customs", "port"):
        voted = person.type("proposal", "vote", number, "--yes", "--as", f"{name}/admin")
        if voted["outcome"] != "pending":
            break
    assert voted["outcome"] == "passed", voted
    return voted


def test_members(person: Typing) -> None:
    assert person.type("enrol", "bank-a/ann")["member"] == "bank-a/ann"
    assert "before" in person.type("enrol", "bank-a/ann")["done"]
    assert {one["member"] for one in person.type("member", "list", "bank-a")} == {
        "bank-a/admin",
        "bank-a/ann",
        "bank-a/node",
    }
    assert person.type("member", "show", "bank-a/ann")["nonce"] == 2
    assert [one["organisation"] for one in person.type("org", "list")] == ["port", "bank-a", "bank-b", "customs"]
    assert len(person.type("ca", "list")) == 4
    nobody = person.run("query", "status", "--as", "customs/nobody")
    assert nobody.returncode == 2
    assert "ichub ledger enrol customs/nobody" in nobody.stderr


def test_an_auditor_need_not_enrol(person: Typing) -> None:
    for words in (("--role", "auditor"), ()):  # the second time its certificate says what it is
        assert "need not enrol" in person.type("enrol", "bank-b/olga", *words)["done"]
    assert "bank-b/olga" not in {one["member"] for one in person.type("member", "list", "bank-b")}
    assert person.run("query", "status", "--as", "bank-b/olga").returncode == 0
    refused = person.run("document", "notarise", "0x" + "55" * 32, "--number", "55", "--as", "bank-b/olga")
    assert refused.returncode == 1
    assert "auditors write nothing" in refused.stderr


def test_a_revoked_member_is_refused(person: Typing) -> None:
    person.type("enrol", "customs/zoe")
    person.type("member", "revoke", "customs/zoe")
    refused = person.run("query", "status", "--as", "customs/zoe")
    assert refused.returncode == 1
    assert "was revoked" in refused.stderr
    (zoe,) = [one for one in person.type("member", "list", "customs") if one["member"] == "customs/zoe"]
    assert zoe["refused_for"] == "CERTIFICATE_REVOKED"
    (customs,) = [one for one in person.type("ca", "list") if one["organisation"] == "customs"]
    assert customs["revocations"] == "number 1, 1 revoked"


def test_anyone_brings_a_revocation_list(person: Typing, tmp_path: Path) -> None:
    """An auditor of another organisation; and whoever finds it, with no certificate and no home."""
    person.type("enrol", "customs/yan")
    person.type("enrol", "bank-b/olga", "--role", "auditor")
    place = LedgerHome(person.home)
    folder = place.organisation("customs")
    written = folder.revoke(folder.member(member_name("yan"))[0])
    taken = person.type("ca", "publish-crl", str(written), "--as", "bank-b/olga")
    assert not taken["already_known"]
    assert person.run("query", "status", "--as", "customs/yan").returncode == 1
    elsewhere = Typing(tmp_path / "no home")
    words = ("--at", place.config().open_listen, "--believe", str(place.authorities))
    again = elsewhere.type("ca", "publish-crl", str(written), *words)
    assert (again["already_known"], again["done"]) == (True, "that list was known")
    folder.certify(member_name("wu"), MemberRole.MEMBER)
    newer = folder.revoke(folder.member(member_name("wu"))[0])
    assert elsewhere.type("ca", "publish-crl", str(newer), *words)["height"] > taken["height"]
    for list_, at, code, said in (
        (place.authorities, place.config().open_listen, 2, "no revocation list"),
        (written, "nowhere", 2, "no place"),
        (written, "127.0.0.1:1", 3, "cannot be reached"),
    ):
        done = elsewhere.run("ca", "publish-crl", str(list_), "--at", at, "--believe", str(place.authorities))
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_a_document_s_life(person: Typing, tmp_path: Path) -> None:
    document = tmp_path / "a bill.pdf"
    document.write_bytes(b"goods")
    assert person.type("document", "verify", str(document))["status"] == "unknown"
    terms = ("--type", "bill-of-lading", "--number", "4711", "--party", "customs")
    person.type("document", "notarise", str(document), *terms)
    person.type("document", "countersign", str(document), "--as", "customs/admin")
    found = person.type("document", "verify", str(document))
    assert (found["status"], found["document"]["issuer"]) == ("valid", "bank-a")
    refused = person.run("document", "revoke", str(document), "--reason", "lost", "--as", "customs/admin")
    assert refused.returncode == 1
    person.type("document", "revoke", str(document), "--reason", "lost")
    assert person.type("document", "verify", str(document))["status"] == "revoked"
    digest = found["document"]["document_hash"]
    changes = person.type("history", "documents", "documents", digest)
    assert [(one["by"], one["method"]) for one in changes] == [
        ("bank-a/admin", "notarise"),
        ("customs/admin", "countersign"),
        ("bank-a/admin", "revoke"),
    ]
    for key in (str(document), digest, digest.removeprefix("0x"), f"documents/documents/{digest}"):
        assert person.type("history", key) == changes
    told = person.run("history", digest).stdout
    certificate = changes[1]["signed_by"][0].partition(" ")[2]
    for said in (f"Block {changes[1]['block']}, 20", "countersign: written", "customs/admin", certificate):
        assert said in told


def test_a_history_that_is_not_there_is_told_with_what_to_name(person: Typing) -> None:
    for words, code, said in (
        (("0x" + "ee" * 32,), 1, "neither a document nor a receivable"),
        (("documents/documents/0x" + "ee" * 32,), 1, "nothing ever happened"),
        (("nothing.pdf",), 2, "names no record"),
        (("documents", "documents"), 2, "CONTRACT/COLLECTION/KEY"),
        (("0xee",), 2, "is no sha256"),
    ):
        done = person.run("history", *words)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_documents_are_valid_for_a_time_superseded_and_listed(person: Typing) -> None:
    def notarise(digits: str, *words: str) -> str:
        document = "0x" + digits * 32
        person.type("document", "notarise", document, "--number", digits, "--party", "The Shipper", *words)
        return document

    def status(document: str) -> str:
        return str(person.type("document", "verify", document)["status"])

    first = notarise("a1", "--type", "invoice", "--valid-until", "2999-12-31")
    later = notarise("a2", "--valid-from", "2999-01-01T12:00", "--valid-until", "2999-12-31")
    assert (status(first), status(later)) == ("valid", "not-yet-valid")
    known = person.type("document", "verify", later)["document"]
    assert (known["valid_from"], known["valid_until"]) == ("32472187200", "32503593600")
    second = notarise("a3", "--supersedes", first)
    assert (status(first), status(second)) == ("superseded", "valid")
    assert person.type("document", "verify", second)["document"]["supersedes"] == first
    for words, said in (
        (("--valid-until", "2001-01-01"), "over before it begins"),
        (("--valid-until", "soon"), "is no time"),
        (("--supersedes", first), "the document is superseded"),
        (("--supersedes", second, "--type", "other"), "has the type of the one before"),
        (("--supersedes", second, "--type", "invoice", "--as", "bank-b/admin"), "only bank-a"),
    ):
        refused = person.run("document", "notarise", "0x" + "a4" * 32, "--number", "a4", *words)
        assert said in refused.stderr
        assert refused.returncode in {1, 2}
    listed = person.type("document", "list", "--party", "The Shipper")
    assert [(one["document_hash"], one["status"]) for one in listed] == [
        (first, "superseded"),
        (later, "not-yet-valid"),
        (second, "valid"),
    ]
    assert person.type("document", "list", "--party", "The Shipper", "--limit", "2") == listed[:2]
    assert [one["document_hash"] for one in person.type("document", "list", "--type", "invoice")] == [first, second]
    assert listed[0] in person.type("document", "list")
    assert person.type("document", "list", "--issuer", "customs") == []
    assert person.run("document", "list", "--issuer", "customs", "--type", "other").returncode == 2


def test_a_receivable_is_financed_once(person: Typing) -> None:
    terms = ("--seller", "9131X", "--buyer", "9144Y", "--number", "A-17", "--amount", "125000", "--currency", "CNY",
             "--date", "2026-03-01")  # fmt: skip
    registered = person.type("receivable", "register", *terms)
    receivable = registered["receivable_id"]
    assert (registered["state"], registered["near_duplicates"]) == ("free", [])
    assert person.type("receivable", "check", *terms)["receivable_id"] == receivable
    person.type("receivable", "pledge", receivable)
    twice = person.run("receivable", "pledge", receivable, "--as", "bank-b/admin")
    assert twice.returncode == 1
    assert person.run("receivable", "pledge", "0x5d").returncode == 2
    assert person.type("receivable", "status", receivable)["state"] == "pledged"
    assert re.search(r"^since +20\d\d-", person.run("receivable", "status", receivable).stdout, re.MULTILINE)
    person.type("receivable", "release", receivable)
    person.type("receivable", "pledge", receivable, "--as", "bank-b/admin")
    changes = person.type("history", receivable)
    assert {one["record"] for one in changes} == {f"receivables/receivables/{receivable}"}
    assert [one["method"] for one in changes] == ["register", "pledge", "release", "pledge"]


def test_a_vote(person: Typing) -> None:
    number = person.type("proposal", "change-parameters", "votes_numerator=2", "votes_denominator=3")["number"]
    for name in ("bank-a", "bank-b", "customs"):
        person.type("proposal", "vote", str(number), "--yes", "--as", f"{name}/admin")
    assert person.type("proposal", "show", str(number))["outcome"] == "passed"
    assert person.type("query", "parameters")["votes_denominator"] == "3"
    assert [one["number"] for one in person.type("proposal", "list")] == [number]


def test_a_second_root_by_vote(person: Typing, tmp_path: Path) -> None:
    def of_bank_a() -> dict[str, str]:
        return {
            one["authority"]: one["standing"] for one in person.type("ca", "list") if one["organisation"] == "bank-a"
        }

    second = OrganisationFolder(tmp_path / "a second root", OrganisationId("bank-a"))
    second.make_authority()
    (first,) = of_bank_a()
    decide(person, "add-authority", "bank-a", str(second.authority))
    (added,) = of_bank_a().keys() - {first}
    assert of_bank_a() == {first: "registered", added: "registered"}
    decide(person, "remove-authority", added)
    assert of_bank_a() == {first: "registered", added: "removed"}
    two = tmp_path / "two.pem"
    two.write_bytes(second.authority.read_bytes() * 2)
    for words, said in (
        (("add-authority", "bank-a", str(two)), "2 certificates"),
        (("add-authority", "bank-a", str(second.authority_key)), "no certificates in PEM"),
        (("remove-authority", "0x1234"), "`ichub ledger ca list`"),
        (("remove-authority", "bank-a"), "is no authority's identifier"),
    ):
        done = person.run("proposal", *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_validators_hand_over(person: Typing) -> None:
    """No hub is connected, hence nobody to be waited for."""
    before = person.type("validators", "show")
    assert (before["epoch"], [one.partition(":")[0] for one in before["keys"]]) == (1, ["bank-a/node"])
    nobody_s = person.run("validators", "propose", "0x" + "11" * 20)
    assert (nobody_s.returncode, "halt" in nobody_s.stderr) == (0, False)  # it is the vote that carries it out
    assert "before" in person.type("enrol", "bank-a/node")["done"]
    wrong = person.run("validators", "bind", "validator-2", "--as", "bank-a/admin")
    assert wrong.returncode == 1
    assert "admin" in wrong.stderr
    address = person.type("validators", "bind", "validator-2", "--as", "bank-a/node")["address"]
    assert person.type("validators", "bind", "validator-2", "--as", "bank-a/node")["address"] == address
    proposed = person.run("validators", "propose", "validator-2=3", "--json")
    number = json.loads(proposed.stdout)["number"]
    for said in (proposed, person.run("proposal", "show", str(number), "--json")):
        assert "warning: bank-a alone could halt the ledger" in said.stderr
    for name in ("bank-a", "bank-b", "customs"):
        person.type("proposal", "vote", str(number), "--yes", "--as", f"{name}/admin")
    after = person.type("validators", "show")
    assert (after["epoch"], after["validators"]) == (2, [f"{address} (power 3)"])
    assert after["keys"] == [f"bank-a/node: {address}"]
    assert (after["proposed_validators"], after["waits_for"]) == ([], [])
    nothing = person.run("validators", "store")
    assert nothing.returncode == 1
    assert "no rotation" in nothing.stderr


def test_what_a_newcomer_gets_wrong_is_told_with_what_to_do(person: Typing, tmp_path: Path) -> None:
    for words, code, said in (
        (("enrol", "ann"), 2, "write ORG/NAME"),
        (("enrol", "bank-x/joe"), 2, "authority's key of bank-x is not here"),
        (("proposal", "vote", "1"), 2, "--yes or --no"),
        (("document", "verify", "nothing.pdf"), 2, "nothing.pdf"),
        (("contract", "query", "nothing", "x"), 1, "`ichub ledger contract list`"),
    ):
        done = person.run(*words)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    alone = Typing(tmp_path / "alone")
    alone.type("init", "--organisation", "bank-a", "--devnet", "--listen", f"127.0.0.1:{free_port()}")
    found = alone.run("query", "status")
    assert found.returncode == 3
    assert "`ichub ledger start`" in found.stderr


def test_answers_are_for_people_to_read(person: Typing) -> None:
    person.type("document", "notarise", "0x" + "77" * 32, "--number", "77")
    plain = person.run("document", "verify", "0x" + "77" * 32).stdout
    assert re.search(r"notarised at +20\d\d-\d\d-\d\d ", plain)
    assert "superseded by" not in plain
    assert plain.splitlines()[1].split() == ["status", "valid"]
    number = person.type("proposal", "change-parameters", "votes_denominator=5")["number"]
    shown = person.run("proposal", "show", str(number)).stdout
    assert "changes: votes_denominator = 5" in shown


def test_a_contract_is_looked_through(person: Typing, tmp_path: Path) -> None:
    assert person.run("contract", "lint", "adapters/permissioned/ledger/documents").returncode == 0
    package = tmp_path / "clock"
    package.mkdir()
    (package / "__init__.py").write_text("from time import time\n")
    found = person.run("contract", "lint", str(package))
    assert found.returncode == 5
    assert "import" in found.stdout
    assert {one["contract"] for one in person.type("contract", "list")} == {"documents", "receivables"}


def test_a_contract_is_activated_upgraded_and_retired_by_vote(
    person: Typing, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its package is installed at the node and here."""
    nowhere = person.run("proposal", "activate-contract", "counters")
    assert (nowhere.returncode, "is not installed here" in nowhere.stderr) == (2, True), nowhere.stderr
    monkeypatch.syspath_prepend(packages)

    def state() -> dict[str, object]:
        return next(one for one in person.type("contract", "list") if one["contract"] == "counters")

    asked = '{"name":"cellar","count":3}'
    assert decide(person, "activate-contract", "counters.1", "--policy", "bank-a")["action"] == "ActivateContract"
    assert (state()["version"], state()["policy"]) == (1, "bank-a")
    person.type("contract", "invoke", "counters", "add", asked)
    upgraded = decide(person, "activate-contract", "counters", "--upgrade")
    assert upgraded["action"] == "UpgradeContract"
    assert (state()["version"], state()["policy"]) == (2, "any member")
    assert "m3" in person.run("contract", "query", "counters", "read", '{"name":"cellar"}').stdout
    decide(person, "retire-contract", "counters")
    refused = person.run("contract", "invoke", "counters", "add", asked)
    assert (refused.returncode, "counters" in refused.stderr) == (1, True), refused.stderr
    assert state()["retired"] is True


def test_an_organisation_joins_and_leaves_by_vote(person: Typing) -> None:
    person.type("enrol", "port/admin")
    place = LedgerHome(person.home)
    folder = place.organisation("exporter")
    folder.make_authority()
    nobody = person.run("enrol", "exporter/kai")
    assert nobody.returncode == 3, nobody.stderr  # no authority of its is registered: the handshake fails
    nothing = person.run("proposal", "add-organisation", "exporter", "--authority", str(folder.authority_key))
    assert (nothing.returncode, "no certificates in PEM" in nothing.stderr) == (2, True), nothing.stderr
    decide(person, "add-organisation", "exporter", "--authority", str(folder.authority), "--name", "Exporter Ltd")

    def listed() -> dict[str, object]:
        return next(one for one in person.type("org", "list") if one["organisation"] == "exporter")

    assert (listed()["name"], listed()["removed"]) == ("Exporter Ltd", False)
    assert person.type("enrol", "exporter/kai")["member"] == "exporter/kai"
    decide(person, "remove-organisation", "exporter")
    assert listed()["removed"] is True
    assert person.run("query", "status", "--as", "exporter/kai").returncode != 0
