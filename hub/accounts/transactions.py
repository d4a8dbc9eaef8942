"""Which transactions may stand in a block (docs/protocol.md, section 10)."""

from functools import lru_cache
from hashlib import sha256

from hub.accounts.accounts import account
from hub.accounts.errors import (
    ExpiryTooFar,
    MalformedTransaction,
    NonceTooHigh,
    NonceUsed,
    TransactionExpired,
    TransactionTooLarge,
    WrongChainId,
    WrongSignature,
)
from hub.messages import SignedTransaction, Transaction
from hub.proofs.errors import HighS
from hub.proofs.keccak import keccak256
from hub.proofs.signatures import recover, sign_digest
from hub.quantities import MAX_U64, Address, Hash, UnixSeconds
from hub.state.branch import StateReader
from hub.transaction import Transaction as AnyTransaction

MAX_TRANSACTION_BYTES = 2 * 1024 * 1024
MAX_MESSAGES = 64
MAX_EXPIRY_SECONDS = 24 * 3600
MAX_NONCE_LEAD = 1024
"""How many transactions of one account may wait for a block at the same time."""
SIGNATURE_BYTES = 65
_DOMAIN = b"\x19Interchain Hub Transaction:\n"


def transaction_digest(genesis_hash: Hash, body: bytes) -> Hash:
    """What an account signs: the body as it is sent, for this chain's genesis alone."""
    return Hash(keccak256(_DOMAIN + genesis_hash + sha256(body).digest()))


def transaction_hash(body: bytes, signature: bytes) -> Hash:
    """What a transaction is found by."""
    return Hash(sha256(body + signature).digest())


def sign_transaction(key: bytes, genesis_hash: Hash, body: bytes) -> bytes:
    """``r ‖ s ‖ v`` by a 32-byte private key."""
    compact = sign_digest(key, transaction_digest(genesis_hash, body))
    return compact[:32] + bytes((compact[32] & 0x7F,)) + compact[33:] + bytes((compact[32] >> 7,))


def recover_signer(genesis_hash: Hash, body: bytes, signature: bytes) -> Address:
    """Whose key signed; raises MalformedTransaction, HighS, UnrecoverableSignature."""
    if len(signature) != SIGNATURE_BYTES or signature[64] > 1:
        raise MalformedTransaction("a signature is r, s and v, 65 bytes, v 0 or 1")
    if signature[32] & 0x80:
        raise HighS(signature)
    compact = signature[:32] + bytes((signature[32] | signature[64] << 7,)) + signature[33:64]
    return _recover(transaction_digest(genesis_hash, body), compact)


def validate_shape(transaction: AnyTransaction, size: int) -> None:
    """What holds whether it is carried out or only tried out: what bounds the work, and what nobody reads yet.

    Raises TransactionTooLarge, MalformedTransaction.
    """
    if size > MAX_TRANSACTION_BYTES:
        raise TransactionTooLarge(size, MAX_TRANSACTION_BYTES)
    if not 1 <= len(transaction.messages) <= MAX_MESSAGES:
        raise MalformedTransaction(f"it has {len(transaction.messages)} messages, 1 to {MAX_MESSAGES} are allowed")
    if transaction.fee or transaction.gas_limit:
        raise MalformedTransaction("fee and gas_limit are reserved: leave them 0")


def validate_form(transaction: Transaction, size: int, chain_id: str, now: UnixSeconds) -> None:
    """What needs no state; raises TransactionTooLarge, WrongChainId, MalformedTransaction, TransactionExpired."""
    validate_envelope(transaction, size, chain_id, now)
    if len(transaction.account) != 20:
        raise MalformedTransaction("its account has 20 bytes")


def validate_envelope(transaction: AnyTransaction, size: int, chain_id: str, now: UnixSeconds) -> None:
    """What holds for transactions of all chains of our own.

    Raises TransactionTooLarge, WrongChainId, MalformedTransaction, TransactionExpired, ExpiryTooFar.
    """
    validate_shape(transaction, size)
    if transaction.chain_id != chain_id:
        raise WrongChainId(transaction.chain_id, chain_id)
    if not 0 <= transaction.nonce < MAX_U64:
        raise MalformedTransaction("its nonce is a number from 0 to 2**64 - 2")
    if now >= transaction.expiry:
        raise TransactionExpired(transaction.expiry, now)
    if transaction.expiry > now + MAX_EXPIRY_SECONDS:
        raise ExpiryTooFar(transaction.expiry, UnixSeconds(now + MAX_EXPIRY_SECONDS))


def validate_signature(signed: SignedTransaction, genesis_hash: Hash) -> None:
    """The hash is of these bytes, the signature by the account; raises MalformedTransaction, WrongSignature."""
    if transaction_hash(signed.body, signed.signature) != signed.hash:
        raise MalformedTransaction("its hash is not that of its bytes")
    recovered = recover_signer(genesis_hash, signed.body, signed.signature)
    if recovered != signed.transaction.account:
        raise WrongSignature(signed.transaction.account, recovered)


def validate_nonce(state: StateReader, transaction: AnyTransaction, lead: int = 0) -> None:
    """The account's next nonce, or at most ``lead`` more; raises NonceUsed, NonceTooHigh."""
    expected = account(state, transaction.account).nonce
    if transaction.nonce < expected:
        raise NonceUsed(transaction.nonce, expected)
    if transaction.nonce > expected + lead:
        raise NonceTooHigh(transaction.nonce, expected)


# What a signature recovers to is a matter of its bytes alone: checked on admission, it need not be worked out again.
_recover = lru_cache(maxsize=8192)(recover)
