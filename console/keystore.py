"""Keys on disk: encrypted V3 keystores (Web3 Secret Storage), one file a key, as every Ethereum wallet reads them.

One kind of key serves an EVM chain, a hub account, a validator and an attestor.
"""

import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.amounts import address_text
from console.exits import Misused

SCRYPT_ROUNDS = 2**18
"""The V3 standard's cost: about a second and 256 MB to open a key."""
DEVNET_SCRYPT_ROUNDS = 2**10
"""For keys that guard nothing."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key's public side."""

    name: str
    address: str
    path: Path


class Keystore:
    """A directory of keystore files, readable by their owner only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def entries(self) -> list[KeyEntry]:
        """All keys by name; raises Misused for a file that is no keystore."""
        return [self._entry(path) for path in sorted(self.directory.glob("*.json"))]

    def entry(self, name: str) -> KeyEntry:
        """A key's public side; raises Misused where there is none of the name."""
        path = self._path(name)
        if not path.exists():
            known = ", ".join(entry.name for entry in self.entries()) or "none yet"
            raise Misused(
                f"there is no key {name!r} in {self.directory} (there are: {known}); "
                f"make it with `ichub keys new {name}`"
            )
        return self._entry(path)

    def create(self, name: str, password: str, rounds: int = SCRYPT_ROUNDS) -> KeyEntry:
        """A new random key; raises Misused where the name is taken."""
        return self.add(name, secrets.token_bytes(32), password, rounds)

    def add(self, name: str, private_key: bytes, password: str, rounds: int = SCRYPT_ROUNDS) -> KeyEntry:
        """Store a key that exists already; raises Misused where the name is taken."""
        path = self._path(name)
        if path.exists():
            raise Misused(f"the key {name!r} exists already in {self.directory}: choose another name")
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        from eth_account import Account  # noqa: PLC0415  # it takes long, and most commands do without

        encrypted = Account.encrypt(private_key, password, kdf="scrypt", iterations=rounds)
        write_private(path, json.dumps(encrypted, indent=1).encode())
        return self._entry(path)

    def open(self, name: str, password: str) -> bytes:
        """The private key; raises Misused where the password is wrong."""
        from eth_account import Account  # noqa: PLC0415  # it takes long, and most commands do without

        entry = self.entry(name)
        try:
            return bytes(Account.decrypt(entry.path.read_text(), password))
        except ValueError as error:
            raise Misused(f"the password does not open the key {name!r} ({entry.path}): give the right one") from error

    def _path(self, name: str) -> Path:
        if not _NAME.match(name):
            raise Misused(f"{name!r} cannot name a key: use small letters, digits and -, at most 63")
        return self.directory / f"{name}.json"

    def _entry(self, path: Path) -> KeyEntry:
        try:
            content: dict[str, Any] = json.loads(path.read_text())
            return KeyEntry(path.stem, address_text(bytes.fromhex(content["address"].removeprefix("0x"))), path)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Misused(f"{path} is not a V3 keystore: put it elsewhere or restore it from your copy") from error


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, never leaving half of one."""
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
