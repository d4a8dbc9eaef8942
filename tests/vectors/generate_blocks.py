"""Writes blocks.json: headers, the roots of a block's lists, and the digest that an account signs."""

from collections.abc import Iterator
from typing import Any

from adapters.permissioned.ledger.messages import Transaction as LedgerTransaction
from adapters.permissioned.ledger.messages import Vote
from adapters.permissioned.ledger.rpc import dialect
from adapters.permissioned.ledger.transactions import preimage
from hub.accounts.transactions import sign_transaction, transaction_digest, transaction_hash
from hub.block import BlockHeader, ResultCode, TransactionResult, event_root, result_root, transaction_root
from hub.events import AnyEvent, PacketReceived, Transferred, encode_event
from hub.genesis import Genesis
from hub.messages import Faucet, Role, Transaction, Transfer
from hub.parameters import Parameters
from hub.proofs.quorum import SignerSet
from hub.proofs.signatures import address_of
from hub.quantities import Address, Amount, Gas, Hash, Height, Sequence, UnixSeconds
from hub.rpc.wire import encode_transaction
from tests.vectors.generate_quorum import ADDRESSES, KEYS
from tests.vectors.writing import label, write

GENESIS = Genesis(
    "hub-1",
    UnixSeconds(1_760_000_000),
    False,
    Parameters(),
    ((ADDRESSES[0], Amount(10**15)), (ADDRESSES[1], Amount(1))),
    ((ADDRESSES[0], Role.OPERATOR), (ADDRESSES[0], Role.MEMBER)),
    SignerSet.of(1, dict(zip(ADDRESSES[:4], (1, 2, 3, 4), strict=True))),
)
EVENTS: tuple[AnyEvent, ...] = (
    Transferred(ADDRESSES[0], Address(b"\x77" * 20), Amount(2**64 - 1)),
    PacketReceived("quorum-0", "attested-0", Sequence(7)),
)
RESULTS = (
    TransactionResult(Hash(label("transaction 0")), ResultCode.OK, events=EVENTS),
    TransactionResult(
        Hash(label("transaction 1")),
        ResultCode.REFUSED,
        2,
        "NONCE_USED",
        "said so",
        (("nonce", "1"), ("expected", "2")),
    ),
    TransactionResult(Hash(label("transaction 2")), ResultCode.NO_OP),
)
HEADER = BlockHeader(
    1,
    GENESIS.hash(),
    Height(9),
    UnixSeconds(1_760_000_321),
    Hash(label("parent")),
    transaction_root([result.hash for result in RESULTS]),
    result_root(RESULTS),
    event_root(EVENTS),
    Hash(label("app root")),
    GENESIS.validators.hash(),
    Hash(label("next set")),
)


BODY = encode_transaction(
    Transaction(
        "hub-1", ADDRESSES[0], 0, UnixSeconds(1_760_003_600), Amount(0), Gas(0), (Faucet(ADDRESSES[1], Amount(1)),)
    )
)
LEDGER_BODY = dialect.encode_transaction(
    LedgerTransaction("ledger-1", "bank-a/ann", 7, UnixSeconds(1_760_003_600), Amount(0), Gas(0), (Vote(1, True),))
)


def transaction(key: bytes, nonce: int, *messages: Transfer) -> dict[str, Any]:
    fields = (GENESIS.chain_id, address_of(key), nonce, UnixSeconds(1_760_003_600), Amount(0), Gas(0))
    body = encode_transaction(Transaction(*fields, messages))
    signature = sign_transaction(key, GENESIS.hash(), body)
    return {
        "account": address_of(key),
        "body": body,
        "digest": transaction_digest(GENESIS.hash(), body),
        "signature": signature,
        "hash": transaction_hash(body, signature),
    }


def vectors() -> dict[str, Any]:
    fields = {name: getattr(HEADER, name) for name in HEADER.__struct_fields__}
    return {
        "about": "Genesis, header, roots of a block's lists, transactions (docs/protocol.md, sections 7, 10 to 12)",
        "genesis": {"json": GENESIS.to_json().decode(), "hash": GENESIS.hash()},
        "header": {"fields": fields, "encoded": HEADER.encode(), "hash": HEADER.hash()},
        "events": {"encoded": [encode_event(event) for event in EVENTS], "root": event_root(EVENTS)},
        "results": {"encoded": [result.encode() for result in RESULTS], "root": result_root(RESULTS)},
        "emptyRoot": event_root(()),
        "transactions": [
            transaction(KEYS[0], 0, Transfer(Address(b"\x77" * 20), Amount(5))),
            transaction(KEYS[1], 2**64 - 2, *[Transfer(ADDRESSES[0], Amount(2**64 - 1))] * 2),
        ],
        "malformedTransactions": [
            {"attack": attack, "body": body, "error": error} for attack, body, error in malformed(BODY)
        ],
        "ledgerTransaction": {
            "body": LEDGER_BODY,
            "signed": preimage(GENESIS.hash(), LEDGER_BODY),
        },
    }


def malformed(body: bytes) -> Iterator[tuple[str, bytes, str]]:
    """Bodies that are refused whoever signs them."""
    yield "no format byte", body[1:], "UNKNOWN_TRANSACTION_FORMAT"
    yield "format 0", b"\x00" + body[1:], "UNKNOWN_TRANSACTION_FORMAT"
    yield "format 2", b"\x02" + body[1:], "UNKNOWN_TRANSACTION_FORMAT"
    yield "the format byte twice", body[:1] + body, "UNDECODABLE_MESSAGE"
    yield "nothing but the format byte", body[:1], "WRONG_LENGTH"
    yield "nothing", b"", "MALFORMED_TRANSACTION"
    yield "a field that nobody knows", body + b"\x98\x06\x01", "UNKNOWN_FIELDS"


if __name__ == "__main__":
    write("blocks", vectors())
