"""What the interchain service model refuses."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError


@dataclass(eq=False)
class ServiceError(HubError):
    """A rule of the interchain service model was broken."""


# --- payloads ---


@dataclass(eq=False)
class MalformedPayload(ServiceError):
    """``kind`` is call, request or result; ``offset`` counts bytes from the payload's first."""

    kind: str
    offset: int
    rule: str
    template: ClassVar[str] = "the {kind} is malformed at byte {offset}: {rule}"


@dataclass(eq=False)
class UnknownPayloadFormat(ServiceError):
    kind: str
    format: int
    template: ClassVar[str] = "the {kind} has format {format}, only format 1 is known: send that, or upgrade the reader"


@dataclass(eq=False)
class ReservedField(ServiceError):
    """A field that later versions will fill was not empty."""

    field: str
    template: ClassVar[str] = "{field} is reserved: leave it 0"


@dataclass(eq=False)
class UnknownInputEncoding(ServiceError):
    encoding: int
    template: ClassVar[str] = "{encoding} is not an input encoding: 1 is ABI, 2 is JSON"


@dataclass(eq=False)
class UnknownResultCode(ServiceError):
    code: int
    template: ClassVar[str] = "{code} is not a result code: use 200, 400, 402, 404, 500 or 504"
