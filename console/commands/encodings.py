"""How inputs and outputs are written, as the command line names it."""

from enum import Enum


class Encoding(Enum):
    """docs/protocol.md, section 2: ``input_encoding``."""

    ABI = "abi"
    JSON = "json"

    @property
    def number(self) -> int:
        return 1 if self is Encoding.ABI else 2

    @classmethod
    def of(cls, number: int) -> "Encoding":
        return cls.ABI if number == 1 else cls.JSON
