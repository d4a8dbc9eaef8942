"""A transaction as every chain of our own sees it, whatever its messages are and whoever may sign it."""

from collections.abc import Sequence
from typing import Protocol

from hub.quantities import Address, Amount, Gas, UnixSeconds


class Transaction(Protocol):
    """What was signed, decoded. An account's transactions are carried out in order of their nonces, each once."""

    @property
    def chain_id(self) -> str: ...

    @property
    def account(self) -> Address: ...

    @property
    def nonce(self) -> int: ...

    @property
    def expiry(self) -> UnixSeconds: ...

    @property
    def fee(self) -> Amount: ...

    @property
    def gas_limit(self) -> Gas: ...

    @property
    def messages(self) -> Sequence[object]: ...


class SignedTransaction(Protocol):
    """A transaction as it was sent: ``body``, the signed bytes, the format byte first; ``signature``, all signatures;
    ``hash``, by which it is found.
    """

    @property
    def body(self) -> bytes: ...

    @property
    def signature(self) -> bytes: ...

    @property
    def hash(self) -> bytes: ...

    @property
    def transaction(self) -> Transaction: ...


def size_of(signed: SignedTransaction) -> int:
    """Bytes that it takes, signatures included."""
    return len(signed.body) + len(signed.signature)
