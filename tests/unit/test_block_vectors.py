"""blocks.json: what is written there is what the code makes, worked out here from the protocol's text alone."""

from hashlib import sha256

import pytest

from hub.accounts.transactions import recover_signer
from hub.block import BlockHeader
from hub.errors import HubError
from hub.genesis import Genesis
from hub.proofs.keccak import keccak256
from hub.quantities import Hash
from hub.rpc import wire
from tests.vectors.generate_blocks import vectors
from tests.vectors.writing import plain, read, unhex

VECTORS = read("blocks")


def rfc6962(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, as its text has it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\1" + rfc6962(leaves[:half]) + rfc6962(leaves[half:])).digest()


def test_the_file_is_what_the_generator_writes() -> None:
    assert plain(vectors()) == VECTORS


def test_the_genesis_is_read_and_hashed() -> None:
    text = VECTORS["genesis"]["json"].encode()
    assert Genesis.from_json(text).to_json() == text
    assert sha256(text).digest() == unhex(VECTORS["genesis"]["hash"])


def test_the_header() -> None:
    encoded = unhex(VECTORS["header"]["encoded"])
    widths = {"version": 2, "height": 8, "time": 8}
    parts = []
    for name, value in VECTORS["header"]["fields"].items():
        parts.append(int(value).to_bytes(widths[name], "big") if name in widths else unhex(value))
    assert b"".join(parts) == encoded
    assert sha256(encoded).digest() == unhex(VECTORS["header"]["hash"])
    assert BlockHeader.decode(encoded).hash() == unhex(VECTORS["header"]["hash"])


def test_the_roots() -> None:
    for kind in ("events", "results"):
        leaves = [sha256(unhex(encoded)).digest() for encoded in VECTORS[kind]["encoded"]]
        assert rfc6962(leaves) == unhex(VECTORS[kind]["root"])
    assert rfc6962([]) == unhex(VECTORS["emptyRoot"])


def test_the_transactions() -> None:
    genesis_hash = Hash(unhex(VECTORS["genesis"]["hash"]))
    for one in VECTORS["transactions"]:
        body, signature = unhex(one["body"]), unhex(one["signature"])
        assert wire.decode_transaction(body, signature).transaction.account == unhex(one["account"])
        assert body[0] == 1
        text = b"\x19Interchain Hub Transaction:\n" + genesis_hash + sha256(body).digest()
        assert keccak256(text) == unhex(one["digest"])
        assert sha256(body + signature).digest() == unhex(one["hash"])
        assert recover_signer(genesis_hash, body, signature) == unhex(one["account"])


@pytest.mark.parametrize("one", VECTORS["malformedTransactions"], ids=lambda one: one["attack"])
def test_a_malformed_transaction_is_refused_by_name(one: dict[str, str]) -> None:
    with pytest.raises(HubError) as refusal:
        wire.decode_transaction(unhex(one["body"]), b"")
    assert refusal.value.reason() == one["error"]


def test_what_members_of_a_ledger_sign() -> None:
    body = unhex(VECTORS["ledgerTransaction"]["body"])
    assert body[0] == 1
    genesis_hash = unhex(VECTORS["genesis"]["hash"])
    text = b"\x19Interchain Ledger Transaction:\n" + genesis_hash + sha256(body).digest()
    assert unhex(VECTORS["ledgerTransaction"]["signed"]) == text
