"""What people type for bytes, addresses and moments, read strictly; and how moments are shown."""

import re
from datetime import UTC, datetime
from pathlib import Path
from sys import stdin

from console.exits import Misused
from hub.proofs.keccak import keccak256
from hub.quantities import MAX_AMOUNT, Address, Amount, UnixSeconds


def parse_address(text: str) -> Address:
    """20 bytes in hex; mixed case must carry the right EIP-55 checksum. Raises Misused."""
    digits = text.removeprefix("0x")
    if not re.fullmatch(r"[0-9a-fA-F]{40}", digits):
        raise Misused(f"{text!r} is no address: give 0x and 40 hex digits")
    value = bytes.fromhex(digits)
    if digits not in (digits.lower(), digits.upper()) and address_text(value) != "0x" + digits:
        raise Misused(f"{text} has a wrong checksum (EIP-55): copy it again, or write it all in small letters")
    return Address(value)


def parse_hex(text: str, what: str) -> bytes:
    """Bytes from hex, with or without 0x; raises Misused."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise Misused(f"{text!r} is not {what}: give an even number of hex digits after 0x") from error


def parse_amount(text: str) -> Amount:
    """Money in the hub's smallest unit; raises Misused."""
    if not (text.isascii() and text.isdecimal()) or int(text) > MAX_AMOUNT:
        raise Misused(f"{text!r} is no amount: give a whole number of the smallest unit, at most 2^128 - 1")
    return Amount(int(text))


def read_input(text: str) -> str:
    """An argument that may stand elsewhere: ``@FILE`` reads a file, ``-`` standard input."""
    if text == "-":
        return read_text(None)
    if text.startswith("@"):
        return read_text(Path(text[1:]))
    return text


def read_text(path: Path | None) -> str:
    """A file's text, or standard input's; raises Misused for bytes that are none, OSError."""
    try:
        return stdin.read() if path is None else path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Misused(f"{path or 'standard input'} is no text in UTF-8: name another file") from error


def address_text(value: bytes) -> str:
    """An address as people compare it (EIP-55); other bytes as hex.

    Importing eth_utils for it would take longer than all else that most commands do.
    """
    digits = value.hex()
    if len(value) != 20:
        return "0x" + digits
    nibbles = keccak256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if nibble > "7" else digit for digit, nibble in zip(digits, nibbles, strict=False)
    )


def parse_identity(client: str, text: str) -> bytes:
    """Who acts behind a client of the hub: an address; on a ledger a contract's name or ORG/NAME. Raises Misused."""
    if not is_of_ledger(client):
        return parse_address(text)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}", text):
        raise Misused(f"{text!r} names nobody on a ledger: give a contract's name, or ORG/NAME of a member")
    return text.encode()


def identity_text(client: str, identity: bytes) -> str:
    """The same for people to read."""
    named = is_of_ledger(client) and identity.isascii() and identity.decode().isprintable()
    return identity.decode() if named else address_text(identity)


def is_of_ledger(client: str) -> bool:
    """The hub's quorum clients are of chains of our own, where members and contracts have names."""
    return client.startswith("quorum-")


LATEST_MOMENT = 253_402_300_799
"""The last second of the year 9999, beyond which no date is written."""


def moment(seconds: int) -> str:
    """Unix seconds as UTC, to the second; what is beyond all dates, as others may have written it, as it is."""
    if seconds > LATEST_MOMENT:
        return str(seconds)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S") if seconds else ""


def parse_moment(text: str) -> UnixSeconds:
    """Unix seconds, or a date or a time of UTC in ISO 8601; raises Misused."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return UnixSeconds(int(text))
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misused(f"{text!r} is no time: write 2026-12-31, 2026-12-31T18:00 (UTC), or Unix seconds") from error
    seconds = int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    if seconds < 0:
        raise Misused(f"{text} is before 1970: give a later time")
    return UnixSeconds(seconds)
