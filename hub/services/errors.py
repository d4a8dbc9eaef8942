"""What the interchain service model refuses."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Address, Amount, Seconds, UnixSeconds


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
    """``place`` is a JSON pointer into the data, ``keyword`` what it breaks there.

    Where very much may be wrong, only that something is.
    """

    place: str
    keyword: str
    template: ClassVar[str] = "the data does not match the service's JSON Schema at #{place}: {keyword}"


@dataclass(eq=False)
class NotTranslatable(ServiceError):
    """The value has no counterpart in ABI; ``place`` is a JSON pointer into the data."""

    place: str
    rule: str
    template: ClassVar[str] = "the data has no ABI counterpart at #{place}: {rule}"


# --- definitions and bindings ---


@dataclass(eq=False)
class InvalidDefinition(ServiceError):
    rule: str
    template: ClassVar[str] = "the service definition is refused: {rule}"


@dataclass(eq=False)
class ServiceAlreadyDefined(ServiceError):
    service: str
    template: ClassVar[str] = "service {service} is defined already: use another name"


@dataclass(eq=False)
class InvalidBinding(ServiceError):
    rule: str
    template: ClassVar[str] = "the service binding is refused: {rule}"


@dataclass(eq=False)
class GraceTooShort(ServiceError):
    """Of a binding to a contract. All in seconds."""

    grace_seconds: Seconds
    least: Seconds
    finality_time: Seconds
    margin: Seconds
    template: ClassVar[str] = (
        "a grace of {grace_seconds} s is too short: use {least} at least, for the provider's chain makes a block final "
        "after {finality_time} s, and {margin} s are left for the way"
    )


@dataclass(eq=False)
class BindingNotOwned(ServiceError):
    service: str
    provider: bytes
    owner: Address
    template: ClassVar[str] = (
        "the binding of {service} to {provider} belongs to {owner}: only that account may change it"
    )


# --- calls that are not accepted: each is a result at once, with this code ---


@dataclass(eq=False)
class CallRefused(ServiceError):
    """A call that the hub does not take on. From a contract it is answered with ``code`` and the error's text."""

    code: ClassVar[int] = 400


@dataclass(eq=False)
class ServiceNotFound(CallRefused):
    service: str
    code: ClassVar[int] = 404
    template: ClassVar[str] = "there is no service {service}"


@dataclass(eq=False)
class NoAvailableBinding(CallRefused):
    service: str
    code: ClassVar[int] = 404
    template: ClassVar[str] = "no provider of {service} is available now"


@dataclass(eq=False)
class DeadlineElapsed(CallRefused):
    deadline: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the deadline {deadline} is over: it is {now}"


@dataclass(eq=False)
class DeadlineTooShort(CallRefused):
    """No provider can meet it; of the quickest, in seconds: its own time, its chain's finality, what the way takes."""

    deadline: UnixSeconds
    earliest: UnixSeconds
    max_response_seconds: Seconds
    finality_time: Seconds
    margin: Seconds
    template: ClassVar[str] = (
        "the deadline {deadline} cannot be met: use {earliest} at least, for the provider may take "
        "{max_response_seconds} s, its chain makes a block final after {finality_time} s, and {margin} s are left for "
        "the way"
    )


@dataclass(eq=False)
class DeadlineTooFar(CallRefused):
    deadline: UnixSeconds
    latest: UnixSeconds
    template: ClassVar[str] = "the deadline {deadline} is too far ahead: use at most {latest}"


@dataclass(eq=False)
class InputRefused(CallRefused):
    rule: str
    template: ClassVar[str] = "the input is refused: {rule}"


@dataclass(eq=False)
class FeeCapTooLow(CallRefused):
    fee_cap: Amount
    price: Amount
    code: ClassVar[int] = 402
    template: ClassVar[str] = "the fee cap {fee_cap} is below the lowest price, {price}"


@dataclass(eq=False)
class FeeNotCovered(CallRefused):
    account: Address
    balance: Amount
    price: Amount
    code: ClassVar[int] = 402
    template: ClassVar[str] = "the hub account {account} has {balance}, the price is {price}: fund it first"


@dataclass(eq=False)
class RateCapReached(CallRefused):
    client: str
    cap: Amount
    until: UnixSeconds
    code: ClassVar[int] = 402
    template: ClassVar[str] = (
        "calls over {client} may put {cap} at stake within a window, and this one would go beyond: try again at {until}"
    )


# --- answers ---


@dataclass(eq=False)
class RequestNotFound(ServiceError):
    request_id: bytes
    template: ClassVar[str] = "there is no request {request_id}"


@dataclass(eq=False)
class NotTheProvider(ServiceError):
    request_id: bytes
    template: ClassVar[str] = "request {request_id} is for another provider: only that one may answer it"


@dataclass(eq=False)
class AlreadyResulted(ServiceError):
    request_id: bytes
    result: int
    template: ClassVar[str] = "request {request_id} has its one result, {result}, already"


@dataclass(eq=False)
class ResponseRefused(ServiceError):
    rule: str
    template: ClassVar[str] = "the response is refused: {rule}"
