"""Configuration files read field by field: every complaint names the file and the field, and a misspelt field is
refused.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.quantities import Hash
from relayers.errors import InvalidConfiguration

PASSWORD_VARIABLE = "ICHUB_KEYSTORE_PASSWORD"  # noqa: S105  # a name, not a password


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, PEM files both."""

    certificate: Path
    key: Path


class Fields:
    """One table of a TOML file, read field by field; every complaint names file and field."""

    def __init__(self, path: Path, table: str, values: Mapping[str, Any]) -> None:
        self._path = path
        self._table = table
        self._values = dict(values)
        self._read: set[str] = set()

    def wrong(self, name: str, rule: str) -> InvalidConfiguration:
        """The error for a field."""
        return InvalidConfiguration(str(self._path), f"{self._table}.{name}" if self._table else name, rule)

    def has(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str | None = None) -> str:
        value = self._value(name, default)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "is no text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._value(name, None)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.wrong(name, "is no list of texts")
        return tuple(value)

    def number(self, name: str, default: int | None = None) -> int:
        value = self._value(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(name, "is no whole number from 0 on")
        return value

    def seconds(self, name: str, default: float | None = None) -> float:
        value = self._value(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            raise self.wrong(name, "is no positive number of seconds")
        return float(value)

    def flag(self, name: str) -> bool:
        value = self._value(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false")
        return value

    def hex(self, name: str, length: int) -> bytes:
        value = self.text(name)
        try:
            data = bytes.fromhex(value.removeprefix("0x"))
        except ValueError:
            data = b""
        if len(data) != length or not value.startswith("0x"):
            raise self.wrong(name, f"is not 0x and {length} bytes in hex")
        return data

    def hash(self, name: str) -> Hash:
        return Hash(self.hex(name, 32))

    def path(self, name: str) -> Path:
        return self._path.parent / self.text(name)

    def optional_path(self, name: str) -> Path | None:
        return self.path(name) if self.has(name) else None

    def optional_pair(self, certificate: str, key: str) -> KeyPair | None:
        """A certificate and its key, given both or not at all."""
        if self.has(certificate) != self.has(key):
            raise self.wrong(certificate, f"and {key} belong together: give both or none")
        return KeyPair(self.path(certificate), self.path(key)) if self.has(certificate) else None

    def password(self) -> str:
        """From ``password_file``, else from the environment: never from the configuration itself."""
        if (path := self.optional_path("password_file")) is not None:
            return path.read_text().strip()
        if PASSWORD_VARIABLE not in os.environ:
            raise self.wrong("password_file", f"is missing, and {PASSWORD_VARIABLE} is not set")
        return os.environ[PASSWORD_VARIABLE]

    def table(self, name: str) -> "Fields":
        """One table: ``[name]``."""
        value = self._value(name, None)
        if not isinstance(value, dict):
            raise self.wrong(name, "is no table")
        return Fields(self._path, f"{self._table}.{name}" if self._table else name, value)

    def tables(self, name: str) -> dict[str, "Fields"]:
        """Tables below a name: ``[name.key]``."""
        value = self._value(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
            raise self.wrong(name, "is no group of tables")
        return {key: Fields(self._path, f"{name}.{key}", item) for key, item in value.items()}

    def refuse_unknown(self) -> None:
        """A field that nobody asked for is misspelt."""
        for name in self._values.keys() - self._read:
            raise self.wrong(name, "is unknown: is it misspelt?")

    def _value(self, name: str, default: object) -> Any:
        self._read.add(name)
        value = self._values.get(name, default)
        if value is None:
            raise self.wrong(name, "is missing")
        return value


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as it stands; raises InvalidConfiguration, OSError."""
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfiguration(str(path), "the file", f"is no TOML: {error}") from error
