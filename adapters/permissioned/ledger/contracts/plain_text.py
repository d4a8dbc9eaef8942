"""Text that all nodes read alike, whatever version of Unicode their Python knows.

Only characters that Unicode 3.2 has are taken: how they are normalised and folded is fixed for ever (Unicode Character
Encoding Stability Policies), and Python keeps that version's tables.
"""

import re
from datetime import date
from unicodedata import ucd_3_2_0

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_INVISIBLE = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u3164\ufe00-\ufe0f\uffa0]")
"""Letters and marks that show nothing (Default_Ignorable_Code_Point); others that show nothing are of category Cf."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What steers a terminal, breaks a line or turns the direction of writing."""
_SPACES = re.compile(r"[\x09-\x0d\x20\x85\xa0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000]+")


def canonical_text(text: str) -> str | None:
    """NFKC, case folded, runs of white space one space, none at the ends. None where a character is not of Unicode 3.2
    or is an invisible, control, private or surrogate one."""
    if _INVISIBLE.search(text):
        return None
    folded = ucd_3_2_0.normalize("NFKC", _SPACES.sub(" ", text))
    if any(ucd_3_2_0.category(character) in {"Cn", "Cc", "Co", "Cs", "Cf"} for character in folded):
        return None
    # Folding may undo the normal form, and the normal form the folding, once (Unicode, section 3.13, D146).
    folded = ucd_3_2_0.normalize("NFKC", folded.casefold())
    folded = ucd_3_2_0.normalize("NFKC", folded.casefold())
    return _SPACES.sub(" ", folded).strip(" ")


def is_one_line(text: str) -> bool:
    """Whether a text is shown as it is read: without line breaks, control characters, changes of direction."""
    return _CONTROLS.search(text) is None


def is_name(text: str) -> bool:
    """A letter and up to 63 letters, digits, ``_`` and ``-``, of ASCII."""
    return _NAME.fullmatch(text) is not None


def read_decimal(text: str) -> int | None:
    """A number without sign and leading zeros, of ASCII digits, below 10^19; None where it is something else."""
    return int(text) if _DECIMAL.fullmatch(text) else None


def day_number(text: str) -> int | None:
    """A day, written ``YYYY-MM-DD``, as its number, 1 being 0001-01-01; None where there is no such day."""
    parts = _DATE.fullmatch(text)
    if parts is None:
        return None
    try:
        return date(*(int(part) for part in parts.groups())).toordinal()
    except ValueError:
        return None


def upper_ascii(text: str) -> str:
    """The letters a to z as A to Z, all else as it is."""
    return text.translate(_UPPER)


def letters_and_digits(text: str) -> str | None:
    """``canonical_text`` without all that is neither letter nor number, decimal digits of every script as 0 to 9.

    None where ``canonical_text`` is.
    """
    folded = canonical_text(text)
    if folded is None:
        return None
    # Cn: what a letter of Unicode 3.2 is folded to may be newer, and is a letter as well (U+10A0, to U+2D00).
    kept = (each for each in folded if ucd_3_2_0.category(each)[0] in "LMN" or ucd_3_2_0.category(each) == "Cn")
    return "".join(str(ucd_3_2_0.decimal(each, each)) for each in kept)
