"""What the API refuses before the hub's rules are even asked, and what a client meets on its way to a hub."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError


@dataclass(eq=False)
class RpcError(HubError):
    """A call of the API cannot be served."""


# --- the message does not say what its type demands ---


@dataclass(eq=False)
class UndecodableMessage(RpcError):
    message: str
    template: ClassVar[str] = "these bytes are no {message}: serialise one with the hub's protos"


@dataclass(eq=False)
class UnknownFields(RpcError):
    message: str
    template: ClassVar[str] = (
        "the {message} holds fields that this hub does not know: it is of a later version, or damaged"
    )


@dataclass(eq=False)
class MissingField(RpcError):
    field: str
    template: ClassVar[str] = "{field} is missing"


@dataclass(eq=False)
class UnspecifiedEnum(RpcError):
    field: str
    number: int
    template: ClassVar[str] = "{field} has no known value (it is {number}): choose one"


@dataclass(eq=False)
class WrongLength(RpcError):
    field: str
    expected: int
    given: int
    template: ClassVar[str] = "{field} has {given} bytes, it must have {expected}"


@dataclass(eq=False)
class MalformedAmount(RpcError):
    field: str
    template: ClassVar[str] = "{field} is no amount: decimal digits without leading zeros, 0 to 2^128 - 1"


@dataclass(eq=False)
class NumberOutOfRange(RpcError):
    field: str
    template: ClassVar[str] = "{field} does not fit the API's number: it is negative or too large"


@dataclass(eq=False)
class InvalidArgument(RpcError):
    field: str
    rule: str
    template: ClassVar[str] = "{field} is refused: {rule}"


@dataclass(eq=False)
class InvalidPageToken(RpcError):
    template: ClassVar[str] = "the page token is not one that this hub gave: begin again without one"


# --- there is no such thing ---


@dataclass(eq=False)
class TransactionNotFound(RpcError):
    transaction_hash: bytes
    template: ClassVar[str] = "no transaction {transaction_hash} stands in a block here"


@dataclass(eq=False)
class PacketNotFound(RpcError):
    source_client: str
    destination_client: str
    sequence: int
    template: ClassVar[str] = (
        "nothing ever happened here to a packet {sequence} from {source_client} to {destination_client}"
    )


# --- on the way ---


@dataclass(eq=False)
class CertificateRequired(RpcError):
    template: ClassVar[str] = "this call needs a client certificate that the node's authority signed"


@dataclass(eq=False)
class HubUnreachable(RpcError):
    target: str
    detail: str
    template: ClassVar[str] = "the node at {target} cannot be reached: {detail}"


@dataclass(eq=False)
class DeadlineExceeded(RpcError):
    target: str
    template: ClassVar[str] = "the node at {target} did not answer in time: ask again, which is safe"


@dataclass(eq=False)
class UnknownRefusal(RpcError):
    """A hub of another version refused for a reason that this client has no class for."""

    name: str
    detail: str
    template: ClassVar[str] = "the hub refused: {detail} ({name})"
