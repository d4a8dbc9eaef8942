"""Who signs: one small interface, so that an HSM or a KMS can take a keystore file's place."""

import json
import os
from pathlib import Path
from typing import Protocol

from hub.proofs.signatures import address_of, sign_digest
from hub.quantities import Address, Hash


class Signer(Protocol):
    """Holds one secp256k1 key and lets nobody see it."""

    @property
    def address(self) -> Address: ...

    def sign(self, digest: Hash) -> bytes:
        """The 64-byte compact signature (EIP-2098, low s) of a 32-byte digest."""
        ...


class KeySigner:
    """A signer whose key is in memory."""

    __slots__ = ("_address", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._address = address_of(key)

    @property
    def address(self) -> Address:
        return self._address

    def sign(self, digest: Hash) -> bytes:
        return sign_digest(self._key, digest)


def signer_from_keystore(path: Path, password: str) -> KeySigner:
    """Open an encrypted V3 keystore; raises OSError, ValueError for a wrong password or another file."""
    from eth_account import Account  # noqa: PLC0415 -- it takes a second to import, which few who sign need

    return KeySigner(bytes(Account.decrypt(json.loads(path.read_text()), password)))


def write_keystore(path: Path, key: bytes, password: str, iterations: int | None = None) -> None:
    """Write a key as an encrypted V3 keystore that only its owner can read; raises FileExistsError."""
    from eth_account import Account  # noqa: PLC0415 -- as above

    document = Account.encrypt(key, password, iterations=iterations)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(document, file)
