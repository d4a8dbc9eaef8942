"""Keys of records: parts that sort as their values do, none a prefix of another's (as FoundationDB's tuple layer)."""

from collections.abc import Iterable
from typing import TypeAlias

from adapters.permissioned.ledger.contracts.errors import KeyRefused

KeyPart: TypeAlias = str | int | bytes
"""Text in the order of its UTF-8; integers from 0 to 2^64 - 1 in their own; bytes in theirs."""

MAX_KEY_BYTES = 1024

_BYTES, _TEXT, _NUMBER = b"\x01", b"\x02", b"\x03"


def encode_key(collection: str, parts: Iterable[KeyPart]) -> bytes:
    """The parts as bytes; raises KeyRefused, in which ``collection`` is named."""
    encoded = b"".join([_encode(collection, part) for part in parts])
    if len(encoded) > MAX_KEY_BYTES:
        raise KeyRefused(collection, f"it has {len(encoded)} bytes, {MAX_KEY_BYTES} are allowed")
    return encoded


def key_text(parts: Iterable[KeyPart]) -> str:
    """A key as a person reads it: parts joined by ``/``, of which their own and ``%`` are escaped; bytes as 0x-hex."""
    return "/".join(map(_text, parts))


def beyond(parts: bytes) -> bytes:
    """The first key beyond all that begin with these encoded parts. Behind them stands the kind of the next part; 0xff
    stands there only where the last of them is longer, by a NUL: ``a`` is not the beginning of ``a\\0b``."""
    return parts + b"\xff"


def _encode(collection: str, part: KeyPart) -> bytes:
    match part:
        case bool():
            raise KeyRefused(collection, "a part is text, a number or bytes")
        case str():
            try:
                return _TEXT + part.encode().replace(b"\x00", b"\x00\xff") + b"\x00"
            except UnicodeEncodeError:
                raise KeyRefused(collection, "its text is not UTF-8") from None
        case bytes():
            return _BYTES + part.replace(b"\x00", b"\x00\xff") + b"\x00"
        case int():
            if not 0 <= part < 1 << 64:
                raise KeyRefused(collection, "a number in it is from 0 to 2^64 - 1")
            return _NUMBER + part.to_bytes(8, "big")
        case _:
            raise KeyRefused(collection, "a part is text, a number or bytes")


def _text(part: KeyPart) -> str:
    match part:
        case str():
            return part.replace("%", "%25").replace("/", "%2F")
        case bytes():
            return "0x" + part.hex()
        case _:
            return str(part)
