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


# --- schemas and data ---
# Messages name places and rules, never the data: they are part of results, on which all nodes must agree.


@dataclass(eq=False)
class InvalidJson(ServiceError):
    rule: str
    template: ClassVar[str] = "this is not JSON as services use it: {rule}"


@dataclass(eq=False)
class SchemaMissing(ServiceError):
    part: str
    template: ClassVar[str] = "the {part} has no schema: give a JSON Schema, ABI components, or both"


@dataclass(eq=False)
class SchemaTooLarge(ServiceError):
    size: int
    limit: int
    template: ClassVar[str] = "the schema has {size} bytes, {limit} are allowed"


@dataclass(eq=False)
class InvalidJsonSchema(ServiceError):
    """``place`` is a JSON pointer into the schema."""

    place: str
    rule: str
    template: ClassVar[str] = "the JSON Schema is refused at #{place}: {rule}"


@dataclass(eq=False)
class InvalidAbi(ServiceError):
    """``place`` is a JSON pointer into the ABI components."""

    place: str
    rule: str
    template: ClassVar[str] = "the ABI components are refused at #{place}: {rule}"


@dataclass(eq=False)
class SchemasDiffer(ServiceError):
    """Where both are given they describe the same values; ``place`` is a JSON pointer into such a value."""

    place: str
    rule: str
    template: ClassVar[str] = "JSON Schema and ABI describe different things at #{place}: {rule}"


@dataclass(eq=False)
class EncodingsDiffer(ServiceError):
    template: ClassVar[str] = (
        "input and output must offer the same encodings: a call is answered in the encoding it came in"
    )


@dataclass(eq=False)
class EncodingNotOffered(ServiceError):
    encoding: str
    template: ClassVar[str] = "the service has no {encoding} schema: use the other encoding"


@dataclass(eq=False)
class DataTooLarge(ServiceError):
    size: int
    limit: int
    template: ClassVar[str] = "the data has {size} bytes, {limit} are allowed"


@dataclass(eq=False)
class MalformedAbi(ServiceError):
    """The data is not the one canonical ABI encoding of any value of its type."""

    offset: int
    rule: str
    template: ClassVar[str] = "the ABI data is malformed at byte {offset}: {rule}"


@dataclass(eq=False)
class SchemaMismatch(ServiceError):
    """``place`` is a JSON pointer into the data, ``keyword`` what it breaks there; in large data only the root."""

    place: str
    keyword: str
    template: ClassVar[str] = "the data does not match the service's JSON Schema at #{place}: {keyword}"


@dataclass(eq=False)
class NotTranslatable(ServiceError):
    """The value has no counterpart in ABI; ``place`` is a JSON pointer into the data."""

    place: str
    rule: str
    template: ClassVar[str] = "the data has no ABI counterpart at #{place}: {rule}"
