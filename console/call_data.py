"""What a person types for a call and reads of its answer, where the service speaks Solidity ABI alone.

JSON is written into ABI, and read from it, by the hub's own mapping (docs/services.md), from the definition's named
components.
"""

from dataclasses import dataclass
from typing import Self

from console.amounts import parse_hex
from console.commands.encodings import Encoding
from console.exits import Misused
from hub.answers import ServiceDefinition
from hub.services.abi import parse_abi
from hub.services.abi_data import decode, encode
from hub.services.errors import ServiceError
from hub.services.json_schema import MAX_DATA_DEPTH
from hub.services.json_text import canonical, parse
from hub.services.mapping import components_from_json, components_to_json


@dataclass(frozen=True, slots=True)
class CallData:
    """A call's input as it travels; ``answer_abi``: the ABI that its output is to be shown as JSON by."""

    encoding: Encoding
    data: bytes
    answer_abi: str = ""

    @classmethod
    def of(cls, text: str, service: ServiceDefinition) -> Self:
        """``text``: JSON, or ABI bytes as 0x-hex; raises Misused."""
        stripped = text.strip()
        if stripped.startswith("0x"):
            return cls(Encoding.ABI, parse_hex(stripped, "ABI bytes"))
        require_input(stripped)
        if service.input_json_schema or not service.input_abi:
            return cls(Encoding.JSON, stripped.encode())
        try:
            kind = parse_abi(service.input_abi)
            data = encode(kind, components_from_json(kind, parse(stripped.encode(), MAX_DATA_DEPTH)))
        except ServiceError as error:
            raise Misused(
                f"the input does not fit {service.service}'s ABI: {error}; "
                f"`ichub service show {service.service}` shows it"
            ) from error
        return cls(Encoding.ABI, data, service.output_abi)

    def shown(self, output: bytes) -> str | bytes:
        """An answer as its caller reads it: text where the input was text."""
        if self.encoding is Encoding.JSON:
            return output.decode(errors="replace")
        if not self.answer_abi:
            return output
        try:
            kind = parse_abi(self.answer_abi)
            return canonical(components_to_json(kind, decode(kind, output))).decode()
        except ServiceError:
            return output


def require_input(text: str) -> None:
    """Raises Misused for what is neither JSON nor hex, before a hub is asked for anything."""
    stripped = text.strip()
    if stripped.startswith("0x"):
        parse_hex(stripped, "ABI bytes")
        return
    try:
        parse(stripped.encode(), MAX_DATA_DEPTH)
    except ServiceError as error:
        raise Misused(f"the input is neither JSON nor 0x-hex ({error}): quote it for your shell") from error
