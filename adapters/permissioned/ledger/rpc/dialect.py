"""How a ledger speaks over gRPC (hub/rpc/dialect.py)."""

from hashlib import sha256
from typing import Any

from interchain.ledger.v1 import (
    answer_pb2,
    block_service_pb2,
    checkpoint_service_pb2,
    query_service_pb2,
    transaction_service_pb2,
    tx_pb2,
)

from adapters.permissioned.ledger.every_event import LedgerEvent
from adapters.permissioned.ledger.identities import Fingerprint
from adapters.permissioned.ledger.messages import SignedTransaction, Transaction
from adapters.permissioned.ledger.transactions import MemberSignature, decode_signatures, encode_signatures
from hub.accounts.errors import MalformedTransaction
from hub.quantities import Hash
from hub.rpc.dialect import Dialect
from hub.rpc.wire import decode_body, encode_body

_MOST_SIGNATURE_BYTES = 96


def decode_transaction(body: bytes, signature: bytes) -> SignedTransaction:
    """A transaction from the very bytes that were signed, as ``decode_body``. The signatures are not looked at here."""
    transaction = decode_body(body, tx_pb2.TransactionBody, Transaction)
    return SignedTransaction(body, signature, sha256(body + signature).digest(), transaction)


def encode_transaction(transaction: Transaction) -> bytes:
    """The bytes of a body, to be signed."""
    return encode_body(transaction, tx_pb2.TransactionBody)


def _sent(message: Any) -> tuple[bytes, bytes]:
    return message.body, encode_signatures([_signature(one.certificate, one.signature) for one in message.signatures])


def _tried(request: Any) -> tuple[bytes, bytes]:
    return request.body, encode_signatures([_signature(certificate, b"") for certificate in request.signers])


def _as_sent(body: bytes, signature: bytes) -> tx_pb2.SignedTransaction:
    signatures = [
        tx_pb2.MemberSignature(certificate=one.certificate, signature=one.signature)
        for one in decode_signatures(signature)
    ]
    return tx_pb2.SignedTransaction(body=body, signatures=signatures)


def _signature(certificate: bytes, signature: bytes) -> MemberSignature:
    """Raises MalformedTransaction for what cannot be encoded."""
    if len(certificate) != 32:
        raise MalformedTransaction("a signature names its certificate by 32 bytes")
    if len(signature) > _MOST_SIGNATURE_BYTES:
        raise MalformedTransaction(f"a signature has at most {_MOST_SIGNATURE_BYTES} bytes")
    return MemberSignature(Fingerprint(Hash(certificate)), signature)


LEDGER: Dialect[LedgerEvent] = Dialect(
    events=LedgerEvent,
    answer=answer_pb2,
    transaction_service=transaction_service_pb2,
    block_service=block_service_pb2,
    checkpoint_service=checkpoint_service_pb2,
    query_service=query_service_pb2,
    decode_transaction=decode_transaction,
    sent=_sent,
    tried=_tried,
    as_sent=_as_sent,
)
