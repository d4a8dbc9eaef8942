"""What makes two receivables the same, and what makes them alike: the canonical form of a receivable, and its hashes.

Whoever has an invoice can work out its identifier, and ask for it. The ledger's state holds hashes alone.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, NamedTuple

from adapters.permissioned.ledger.contracts.interface import (
    Meta,
    Record,
    Refused,
    day_number,
    letters_and_digits,
    upper_ascii,
)

from .currencies import CURRENCIES

MAX_NUMBER_CHARACTERS = 32
"""Of an invoice's number in its canonical form."""

KEY_BYTES = 8
"""Of the hashes by which alike receivables are found. Two that meet by chance give a warning too much, nothing else."""

_REGISTERED = "abcdefghijklmnopqrstuvwxyz0123456789"

ShortText = Annotated[str, Meta(min_length=1, max_length=128)]


class Receivable(Record, frozen=True):
    """An invoice or another receivable, as a bank has it before it.

    ``seller``, ``buyer``: their registration numbers, from the register that the consortium has agreed on (LEI, USCC,
    VAT number, …). ``amount``: in the currency's smallest unit. ``currency``: ISO 4217. ``issued_on``: YYYY-MM-DD.
    """

    seller: ShortText
    buyer: ShortText
    number: ShortText
    amount: Annotated[int, Meta(ge=1)]
    currency: str
    issued_on: str


class Identity(NamedTuple):
    """A receivable's hashes.

    ``receivable_id``: sha256 over all six canonical fields. ``pair``: of seller and buyer; ``terms``: of these, amount
    and currency. ``same_number``, ``same_digits`` (empty where it has none), ``alike``: of the pair and the number, its
    digits, the number with at most one character left out. ``day``: the number of the day of issue.
    """

    receivable_id: bytes
    pair: bytes
    terms: bytes
    same_number: bytes
    same_digits: bytes
    alike: tuple[bytes, ...]
    day: int


def identify(receivable: Receivable) -> Identity:
    """Raises Refused where a field has no canonical form."""
    seller = _registered("seller", receivable.seller)
    buyer = _registered("buyer", receivable.buyer)
    number = _folded("number", receivable.number)
    if seller == buyer:
        raise Refused("seller and buyer are the same")
    if len(number) > MAX_NUMBER_CHARACTERS:
        raise Refused(f"the number has more than {MAX_NUMBER_CHARACTERS} letters and digits")
    currency = upper_ascii(receivable.currency)
    if currency not in CURRENCIES:
        raise Refused("the currency is a code of ISO 4217, such as EUR")
    day = day_number(receivable.issued_on)
    if day is None:
        raise Refused("the date of issue is a day, as YYYY-MM-DD")
    amount = str(receivable.amount)
    digits = "".join(each for each in number if each in "0123456789").lstrip("0")
    return Identity(
        receivable_id=_hash("identity", seller, buyer, number, amount, currency, receivable.issued_on),
        pair=_hash("pair", seller, buyer)[:KEY_BYTES],
        terms=_hash("terms", seller, buyer, amount, currency)[:KEY_BYTES],
        same_number=_hash("number", seller, buyer, number)[:KEY_BYTES],
        same_digits=_hash("digits", seller, buyer, digits)[:KEY_BYTES] if digits else b"",
        alike=tuple(_hash("alike", seller, buyer, each)[:KEY_BYTES] for each in _shortened(number)),
        day=day,
    )


def _shortened(number: str) -> Iterable[str]:
    """The number, and all that it becomes when one character is left out; each once."""
    return dict.fromkeys((number, *(number[:at] + number[at + 1 :] for at in range(len(number)))))


def _folded(field: str, text: str) -> str:
    folded = letters_and_digits(text)
    if not folded:
        raise Refused(f"the {field} has a letter or digit, and only characters that every node knows (Unicode 3.2)")
    return folded


def _registered(field: str, text: str) -> str:
    """A registration number. In another script's letter a company would stand that looks the same and is another."""
    folded = _folded(field, text)
    if not all(each in _REGISTERED for each in folded):
        raise Refused(f"the {field} is a registration number: of A to Z and 0 to 9, as its register writes it")
    return folded


def _hash(what: str, *fields: str) -> bytes:
    """sha256 of ``interchain-receivable``, what is hashed, and each field after its length in bytes (u32)."""
    hashed = b"interchain-receivable"
    for field in (what, *fields):
        data = field.encode()
        hashed += len(data).to_bytes(4, "big") + data
    return sha256(hashed).digest()
