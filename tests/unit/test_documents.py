"""The contract ``documents``, and its service ``document-verify`` as other chains see it."""

import json
from pathlib import Path
from typing import Any

import eth_abi.abi
import pytest

from adapters.permissioned.ledger.contracts.errors import (
    ArgumentsRefused,
    MembersOnly,
    RecordExists,
    RecordNotFound,
    Refused,
)
from adapters.permissioned.ledger.contracts.events import RecordWritten
from adapters.permissioned.ledger.contracts.installed import read_sources
from adapters.permissioned.ledger.contracts.linter import lint_package
from adapters.permissioned.ledger.contracts.trial import Trial
from adapters.permissioned.ledger.contracts.values import read_json
from adapters.permissioned.ledger.documents.contract import DocumentsContract, NotTheIssuer
from adapters.permissioned.ledger.documents.records import (
    ByHash,
    Document,
    Documents,
    DocumentType,
    Listing,
    Notarise,
    Revoke,
    Status,
    Supersede,
    Verification,
    VerifyOutput,
)
from adapters.permissioned.ledger.identities import RemoteCaller
from hub.ibc.identifiers import ClientId
from hub.services.payload import InputEncoding, ResultCode
from hub.services.transcode import check, convert

T0 = 1_800_000_000
BILL, DRAFT, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
CARRIER, BANK, CUSTOMS = "carrier/cleo", "bank-a/ben", "customs/dora"
ABI, JSON = InputEncoding.ABI, InputEncoding.JSON


def bill(document_hash: bytes = BILL, **changes: object) -> Notarise:
    fields: dict[str, object] = {
        "document_hash": document_hash,
        "document_type": DocumentType.BILL_OF_LADING,
        "number": "MSCU-7",
        "parties": ("bank-a", "customs", "Müller GmbH"),
        "valid_until": T0 + 1000,
    }
    return Notarise(**{**fields, **changes})  # type: ignore[arg-type]  # a table of fields, one of which is changed


@pytest.fixture
def trial() -> Trial:
    trial = Trial(DocumentsContract, time=T0)
    trial.invoke("documents", "notarise", bill(), caller=CARRIER)
    return trial


def verified(trial: Trial, document_hash: bytes = BILL) -> Verification:
    return trial.query("documents", "verify", ByHash(document_hash), Verification)


def status(trial: Trial, document_hash: bytes = BILL) -> Status:
    return verified(trial, document_hash).status


def test_the_linter_has_nothing_to_say() -> None:
    folder = Path(__file__).parents[2] / "adapters/permissioned/ledger/documents"
    assert lint_package(read_sources(folder)) == ()


def test_notarised(trial: Trial) -> None:
    written = trial.events[0]
    assert isinstance(written, RecordWritten)
    assert written.key == "0x" + BILL.hex()
    document = verified(trial).document
    assert document is not None
    assert (document.issuer, document.notarised_by, document.notarised_at) == ("carrier", "cleo", T0)
    assert (document.supersedes, document.superseded_by) == (b"", b"")
    assert status(trial) is Status.VALID
    assert status(trial, OTHER) is Status.UNKNOWN


def test_once_and_never_again(trial: Trial) -> None:
    for caller in (CARRIER, BANK):
        assert isinstance(trial.refusal("documents", "notarise", bill(), caller=caller), RecordExists)
    trial.invoke("documents", "revoke", Revoke(BILL, "lost"), caller=CARRIER)
    assert isinstance(trial.refusal("documents", "notarise", bill(), caller=CARRIER), RecordExists)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"document_hash": b"\x01" * 31}, ArgumentsRefused),
        ({"document_hash": bytes(32)}, Refused),
        ({"number": ""}, ArgumentsRefused),
        ({"number": "x" * 129}, ArgumentsRefused),
        ({"parties": ("bank-a", "bank-a")}, Refused),
        ({"parties": ("",)}, ArgumentsRefused),
        ({"number": "1\x1b[2J"}, Refused),  # would wipe the screen of who reads it
        ({"number": "A-17\u202e"}, Refused),  # would show what follows backwards
        ({"number": "17\u061c-4"}, Refused),
        ({"parties": ("bank-a", "Yards\n& Co")}, Refused),
        ({"parties": tuple(f"p{n}" for n in range(17))}, ArgumentsRefused),
        ({"valid_until": T0}, Refused),
        ({"valid_from": T0 + 5, "valid_until": T0 + 5}, Refused),
        ({"valid_from": -1}, ArgumentsRefused),
        ({"document_type": "love-letter"}, ArgumentsRefused),
    ],
)
def test_what_is_not_notarised(trial: Trial, changes: dict[str, Any], error: type[Exception]) -> None:
    refusal = trial.refusal("documents", "notarise", bill(**{"document_hash": OTHER, **changes}), caller=CARRIER)
    assert isinstance(refusal, error)


def test_the_longest_that_is_notarised(trial: Trial) -> None:
    parties = tuple(f"{number:02}".ljust(128, "p") for number in range(16))
    trial.invoke("documents", "notarise", bill(OTHER, number="x" * 128, parties=parties, valid_from=0), caller=CARRIER)
    refusal = trial.refusal("documents", "revoke", Revoke(OTHER, "x" * 513), caller=CARRIER)
    assert isinstance(refusal, ArgumentsRefused)
    trial.invoke("documents", "revoke", Revoke(OTHER, "x" * 512), caller=CARRIER)


def test_only_members_write(trial: Trial) -> None:
    stranger = RemoteCaller(ClientId("attested-1"), b"\x11" * 20)
    refusal = trial.refusal("documents", "notarise", bill(OTHER), caller=stranger, endorsers=("carrier",))
    assert isinstance(refusal, MembersOnly)


def test_validity_is_by_the_blocks_time(trial: Trial) -> None:
    trial.invoke("documents", "notarise", bill(OTHER, valid_from=T0 + 10, valid_until=T0 + 20), caller=CARRIER)
    seen = []
    for moment in (0, 9, 10, 19, 20, 10_000):
        trial.time = type(trial.time)(T0 + moment)
        seen.append(status(trial, OTHER))
    early, valid, late = Status.NOT_YET_VALID, Status.VALID, Status.EXPIRED
    assert seen == [early, early, valid, valid, late, late]


def test_without_an_end_it_is_valid_for_ever(trial: Trial) -> None:
    trial.invoke("documents", "notarise", bill(OTHER, valid_until=0), caller=CARRIER)
    trial.time = type(trial.time)(2**60)
    assert status(trial, OTHER) is Status.VALID
    trial.invoke("documents", "countersign", ByHash(OTHER), caller=BANK)


class TestCountersigning:
    def test_by_parties_once(self, trial: Trial) -> None:
        trial.invoke("documents", "countersign", ByHash(BILL), caller=BANK)
        trial.time = type(trial.time)(T0 + 5)
        trial.invoke("documents", "countersign", ByHash(BILL), caller=CUSTOMS)
        document = verified(trial).document
        assert document is not None
        signed = [(each.organisation, each.member, each.at) for each in document.countersignatures]
        assert signed == [("bank-a", "ben", T0), ("customs", "dora", T0 + 5)]
        assert "already" in str(trial.refusal("documents", "countersign", ByHash(BILL), caller="bank-a/other"))

    @pytest.mark.parametrize("caller", [CARRIER, "bank-b/ben"])
    def test_by_nobody_else(self, trial: Trial, caller: str) -> None:
        assert "not a party" in str(trial.refusal("documents", "countersign", ByHash(BILL), caller=caller))

    def test_before_it_is_valid(self, trial: Trial) -> None:
        trial.invoke("documents", "notarise", bill(OTHER, valid_from=T0 + 10), caller=CARRIER)
        trial.invoke("documents", "countersign", ByHash(OTHER), caller=BANK)
        document = verified(trial, OTHER).document
        assert document is not None
        assert [each.organisation for each in document.countersignatures] == ["bank-a"]

    def test_not_when_it_is_over(self, trial: Trial) -> None:
        trial.time = type(trial.time)(T0 + 1000)
        assert "expired" in str(trial.refusal("documents", "countersign", ByHash(BILL), caller=BANK))
        trial.invoke("documents", "revoke", Revoke(BILL, "lost"), caller=CARRIER)
        assert "revoked" in str(trial.refusal("documents", "countersign", ByHash(BILL), caller=BANK))
        assert isinstance(trial.refusal("documents", "countersign", ByHash(OTHER), caller=BANK), RecordNotFound)


class TestSuperseding:
    def test_links_both_ways(self, trial: Trial) -> None:
        trial.time = type(trial.time)(T0 + 3)
        trial.invoke("documents", "supersede", Supersede(BILL, bill(DRAFT)), caller=CARRIER)
        old, new = verified(trial, BILL), verified(trial, DRAFT)
        assert (old.status, new.status) == (Status.SUPERSEDED, Status.VALID)
        assert old.document is not None
        assert new.document is not None
        assert (old.document.superseded_by, old.document.superseded_at) == (DRAFT, T0 + 3)
        assert new.document.supersedes == BILL

    def test_only_the_newest_by_the_issuer_in_its_type(self, trial: Trial) -> None:
        asked = Supersede(BILL, bill(DRAFT))
        assert isinstance(trial.refusal("documents", "supersede", asked, caller=BANK), NotTheIssuer)
        invoice = Supersede(BILL, bill(DRAFT, document_type=DocumentType.INVOICE))
        assert "type" in str(trial.refusal("documents", "supersede", invoice, caller=CARRIER))
        itself = Supersede(BILL, bill(BILL))
        assert isinstance(trial.refusal("documents", "supersede", itself, caller=CARRIER), RecordExists)
        trial.invoke("documents", "supersede", asked, caller=CARRIER)
        again = Supersede(BILL, bill(OTHER))
        assert "newest" in str(trial.refusal("documents", "supersede", again, caller=CARRIER))
        assert status(trial, OTHER) is Status.UNKNOWN
        assert "newest" in str(trial.refusal("documents", "revoke", Revoke(BILL, "x"), caller=CARRIER))


class TestRevoking:
    def test_by_the_issuer_with_a_reason_once(self, trial: Trial) -> None:
        assert str(trial.refusal("documents", "revoke", Revoke(BILL, "lost"), caller=BANK)) == (
            "only carrier, who issued the document, may revoke it"
        )
        assert isinstance(trial.refusal("documents", "revoke", Revoke(BILL, ""), caller=CARRIER), ArgumentsRefused)
        assert "one line" in str(trial.refusal("documents", "revoke", Revoke(BILL, "a\nb"), caller=CARRIER))
        trial.time = type(trial.time)(T0 + 7)
        trial.invoke("documents", "revoke", Revoke(BILL, "lost"), caller="carrier/other")
        document = verified(trial).document
        assert document is not None
        assert (document.revoked_at, document.revocation_reason) == (T0 + 7, "lost")
        assert status(trial) is Status.REVOKED
        assert "is revoked" in str(trial.refusal("documents", "revoke", Revoke(BILL, "again"), caller=CARRIER))


def test_lists_in_pages(trial: Trial) -> None:
    for number in range(5):
        trial.time = type(trial.time)(T0 + 10 - number)
        asked = bill(
            bytes([0x10 + number]) * 32, document_type=DocumentType.INVOICE, number=str(number), parties=("customs",)
        )
        trial.invoke("documents", "notarise", asked, caller=BANK)

    def listed(query: str, name: str) -> list[str]:
        numbers: list[str] = []
        token = b""
        for _ in range(10):
            page = trial.query("documents", query, Listing(name, 2, token), Documents)
            assert len(page.documents) <= 2
            numbers += [document.number for document in page.documents]
            if not (token := page.next_token):
                return numbers
        raise AssertionError("the pages do not end")

    assert listed("by_issuer", "bank-a") == ["4", "3", "2", "1", "0"]
    assert listed("by_issuer", "bank") == []
    assert listed("by_type", "bill-of-lading") == ["MSCU-7"]
    assert listed("by_party", "customs") == ["MSCU-7", "4", "3", "2", "1", "0"]
    assert listed("by_party", "Müller GmbH") == ["MSCU-7"]


class TestService:
    """``document-verify``: from JSON and from ABI, to either, by the definition that the package gives."""

    OUTPUT_ABI = (
        *("bool", "bool", "string", "string", "string", "uint64", "uint64", "string[]"),
        *("string", "string", "uint64", "uint64", "bytes32", "string"),
    )

    def ask(self, trial: Trial, document_hash: bytes) -> VerifyOutput:
        (definition,) = trial.installed["documents"].shape.services()
        assert definition.service == "document-verify"
        data = json.dumps({"document_hash": "0x" + document_hash.hex()}).encode()
        check(definition.input, JSON, data)
        in_json = trial.serve("documents", "document-verify", data)
        as_abi = convert(definition.input, data, JSON, ABI)
        assert as_abi == document_hash
        in_abi = trial.serve("documents", "document-verify", as_abi, encoding=ABI)
        assert in_json is not None
        assert in_abi is not None
        assert in_json.code is in_abi.code is ResultCode.ANSWERED
        assert convert(definition.output, in_json.output, JSON, ABI) == in_abi.output
        assert convert(definition.output, in_abi.output, ABI, JSON) == in_json.output
        output: VerifyOutput = read_json(VerifyOutput, in_json.output)
        decoded = eth_abi.abi.decode(self.OUTPUT_ABI, in_abi.output)
        fields = tuple(getattr(output, name) for name in VerifyOutput.__struct_fields__)
        assert decoded == fields
        return output

    def test_valid(self, trial: Trial) -> None:
        trial.invoke("documents", "countersign", ByHash(BILL), caller=BANK)
        output = self.ask(trial, BILL)
        assert output == VerifyOutput(
            found=True,
            valid=True,
            status="valid",
            document_type="bill-of-lading",
            issuer="carrier",
            notarised_at=T0,
            valid_until=T0 + 1000,
            countersigned_by=("bank-a",),
            number="MSCU-7",
            notarised_by="cleo",
            valid_from=T0,
            status_since=T0,
        )

    def test_unknown_is_an_answer(self, trial: Trial) -> None:
        assert self.ask(trial, OTHER) == VerifyOutput(found=False, valid=False, status="unknown")

    def test_what_has_become_of_it(self, trial: Trial) -> None:
        trial.time = type(trial.time)(T0 + 4)
        trial.invoke("documents", "supersede", Supersede(BILL, bill(DRAFT)), caller=CARRIER)
        output = self.ask(trial, BILL)
        assert (output.valid, output.status, output.status_since) == (False, "superseded", T0 + 4)
        assert output.superseded_by == DRAFT
        trial.invoke("documents", "revoke", Revoke(DRAFT, "forged"), caller=CARRIER)
        output = self.ask(trial, DRAFT)
        assert (output.found, output.valid, output.status) == (True, False, "revoked")
        assert output.status_since == T0 + 4
        assert output.revocation_reason == "forged"

    @pytest.mark.parametrize(
        ("valid_from", "moment", "status", "since"),
        [
            (T0 + 10, T0 + 9, "not-yet-valid", T0),
            (T0 + 10, T0 + 11, "valid", T0 + 10),
            (T0 - 100, T0 + 11, "valid", T0),
        ],
    )
    def test_since_when(self, trial: Trial, valid_from: int, moment: int, status: str, since: int) -> None:
        trial.invoke("documents", "notarise", bill(OTHER, valid_from=valid_from), caller=CARRIER)
        trial.time = type(trial.time)(moment)
        output = self.ask(trial, OTHER)
        assert (output.status, output.status_since, output.valid_from) == (status, since, valid_from)

    def test_expired(self, trial: Trial) -> None:
        trial.time = type(trial.time)(T0 + 1000)
        output = self.ask(trial, BILL)
        assert (output.valid, output.status, output.status_since) == (False, "expired", T0 + 1000)

    @pytest.mark.parametrize("data", [b"{}", b'{"document_hash": "0x00"}', b'{"document_hash": "01"}', b"\xff"])
    def test_another_input_is_refused(self, trial: Trial, data: bytes) -> None:
        result = trial.serve("documents", "document-verify", data)
        assert result is not None
        assert result.code is ResultCode.INPUT_REFUSED


def test_the_first_result_is_the_document() -> None:
    trial = Trial(DocumentsContract, time=T0)
    result = trial.invoke("documents", "notarise", bill(valid_from=T0 + 1), caller=CARRIER)
    assert read_json(Document, result) == verified(trial).document
