"""A receipt's file: a byte changed anywhere, cut short, spelt otherwise, garbage."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from hub.receipts.document import MAX_BYTES, read_document, write_document
from hub.receipts.errors import (
    DocumentTooLarge,
    MalformedField,
    NotADocument,
    NotCanonical,
    ReceiptError,
    UnknownDocument,
)
from hub.receipts.receipt import FORMAT, Receipt
from hub.receipts.statement import Statement
from hub.receipts.verification import verify
from tests.unit.receipt_forgery import (
    of_ledgers,
    sound,
    two,
)
from tests.unit.receipt_world import refuse_each_change


@pytest.mark.parametrize("between", ["EVM chains", "ledgers"])
def test_a_changed_byte_anywhere_is_found_and_named(between: str) -> None:
    receipt, trust = (two().first, two().trust) if between == "EVM chains" else of_ledgers()[1:]
    data = write_document(FORMAT, receipt)
    assert isinstance(verify(read_document(FORMAT, Receipt, data), trust), Statement)
    assert refuse_each_change(data, trust) > 1000


def test_a_file_that_is_cut_short_is_refused_wherever_it_ends() -> None:
    data = sound()
    for end in range(0, len(data) - 1, 97):
        with pytest.raises((NotADocument, UnknownDocument)):
            read_document(FORMAT, Receipt, data[:end])
    with pytest.raises(NotCanonical):
        read_document(FORMAT, Receipt, data[:-1])


Edit = Callable[[dict[str, Any]], object]
DOCUMENTS: dict[str, tuple[Edit, type[ReceiptError]]] = {
    "unknown version": (lambda d: d.update(version="2"), UnknownDocument),
    "a trust file": (lambda d: d.update(format="interchain-trust"), UnknownDocument),
    "an unknown field": (lambda d: d.update(note="paid in full"), MalformedField),
    "an unknown field within": (lambda d: d["call"]["packet"].update(memo="x"), MalformedField),
    "a missing field": (lambda d: d["call"]["packet"].pop("timeout"), MalformedField),
    "null for what is absent": (lambda d: d.update(answer=None), MalformedField),
    "a bare number": (lambda d: d["call"]["packet"].update(sequence=2), MalformedField),
    "a number with a point": (lambda d: d["call"]["packet"].update(sequence=2.5), NotADocument),
    "a number with a zero before": (lambda d: d["call"]["packet"].update(sequence="02"), MalformedField),
    "a number too large": (lambda d: d["call"]["packet"].update(sequence=str(2**64)), MalformedField),
    "a hash of 31 bytes": (lambda d: d["blocks"][0]["header"].update(app_root="0x" + "11" * 31), MalformedField),
    "half a byte": (lambda d: d["call"]["packet"]["payload"].update(value="0x0"), MalformedField),
    "upper-case hex": (lambda d: d["call"]["packet"]["payload"].update(value="0xAB"), MalformedField),
    "an unknown kind": (lambda d: d["call"]["proof"].update(kind="oracle"), MalformedField),
    "a kind of event that proves nothing": (
        lambda d: d["blocks"][0]["events"][0]["event"].update(kind="Minted"),
        MalformedField,
    ),
    "a list for an object": (lambda d: d.update(call=[]), MalformedField),
    "text that is no text": (lambda d: d["call"]["packet"].update(source_client="\ud800abcdefg-1"), NotADocument),
    "a header that cannot be": (lambda d: d["call"]["proof"]["signed"]["header"].update(epoch="0"), MalformedField),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_no_receipt_is_refused_by_name(name: str) -> None:
    edit, error = DOCUMENTS[name]
    content = json.loads(sound())
    edit(content)
    with pytest.raises(error):
        read_document(FORMAT, Receipt, json.dumps(content, indent=1).encode() + b"\n")


def test_other_spellings_of_the_same_are_refused() -> None:
    data = sound()
    content = json.loads(data)
    spelled = {
        "white space": json.dumps(content).encode() + b"\n",
        "another order": json.dumps(dict(reversed(content.items())), indent=1).encode() + b"\n",
        "something behind": data + b"\n",
        "escapes": data.replace(b'"hub-test"', b'"hub\\u002dtest"', 1),
    }
    for other in spelled.values():
        with pytest.raises(NotCanonical):
            read_document(FORMAT, Receipt, other)
    with pytest.raises(NotADocument, match="twice"):
        read_document(FORMAT, Receipt, data.replace(b'"version": "1",', b'"version": "1",\n "version": "1",', 1))


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b"\xff", b"[" * 100_000, b'{"a":NaN}', b'{"format":{}}'])
def test_garbage_is_refused_by_name(data: bytes) -> None:
    with pytest.raises((NotADocument, UnknownDocument)):
        read_document(FORMAT, Receipt, data)


def test_an_oversized_file_is_not_even_parsed() -> None:
    with pytest.raises(DocumentTooLarge):
        read_document(FORMAT, Receipt, b" " * (MAX_BYTES + 1))
