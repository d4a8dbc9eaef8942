"""Writes blocks.json: headers, the roots of a block's lists, and the digest that an account signs."""

from typing import Any

from hub.accounts.transactions import sign_transaction, transaction_digest, transaction_hash
from hub.block import BlockHeader, ResultCode, TransactionResult, event_root, result_root, transaction_root
from hub.events import AnyEvent, PacketReceived, Transferred, encode_event
from hub.genesis import Genesis
from hub.messages import Role
from hub.parameters import Parameters
from hub.proofs.quorum import SignerSet
from hub.proofs.signatures import address_of
from hub.quantities import Address, Amount, Hash, Height, Sequence, UnixSeconds
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


def transaction(key: bytes, body: bytes) -> dict[str, Any]:
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
        "about": "Genesis, header, roots of a block's lists, transactions (docs/protocol.md, sections 7, 10, 11)",
        "genesis": {"json": GENESIS.to_json().decode(), "hash": GENESIS.hash()},
        "header": {"fields": fields, "encoded": HEADER.encode(), "hash": HEADER.hash()},
        "events": {"encoded": [encode_event(event) for event in EVENTS], "root": event_root(EVENTS)},
        "results": {"encoded": [result.encode() for result in RESULTS], "root": result_root(RESULTS)},
        "emptyRoot": event_root(()),
        "transactions": [transaction(key, body) for key, body in ((KEYS[0], b"a body"), (KEYS[1], bytes(300)))],
    }


if __name__ == "__main__":
    write("blocks", vectors())
