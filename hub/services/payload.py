"""What travels on port ``service``: the call, the request, the result (docs/protocol.md, section 2)."""

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import ClassVar

from hub.ibc.identifiers import ClientId
from hub.proofs.keccak import keccak256
from hub.quantities import MAX_AMOUNT, MAX_U16, MAX_U32, MAX_U64, Address, Amount, Gas, Hash, Sequence, UnixSeconds
from hub.services.errors import (
    MalformedPayload,
    ReservedField,
    UnknownInputEncoding,
    UnknownPayloadFormat,
    UnknownResultCode,
)

MAX_MESSAGE_BYTES = 1024
"""Of a result's message, in UTF-8."""

_FORMAT = b"\x01"
_PLAIN_BODY = 0


class InputEncoding(IntEnum):
    """How a call's input is written; its output is written the same way."""

    ABI = 1
    JSON = 2


class ResultCode(IntEnum):
    """How a call ended."""

    ANSWERED = 200
    INPUT_REFUSED = 400
    FEE_NOT_COVERED = 402
    NOT_AVAILABLE = 404
    """There is no such service, or no available binding."""
    PROVIDER_FAILED = 500
    NO_ANSWER = 504
    """No answer came in time."""


@dataclass(frozen=True, slots=True)
class Call:
    """A consumer asks the hub for a service; the gateway of the consumer's chain filled in ``caller``.

    ``gas_limit`` is for the consumer's callback. An encrypted body and a relayer's fee are reserved: both are refused.
    """

    kind: ClassVar[str] = "call"

    service: str
    caller: bytes
    deadline: UnixSeconds
    fee_cap: Amount
    gas_limit: Gas
    input_encoding: InputEncoding
    input: bytes

    def encode(self) -> bytes:
        """The payload; raises MalformedPayload where a field does not fit."""
        return b"".join(
            (
                _FORMAT,
                _short(self.kind, "service", self.service.encode(), least=1),
                _short(self.kind, "caller", self.caller, least=1),
                _number(self.kind, "deadline", self.deadline, MAX_U64),
                _number(self.kind, "fee_cap", self.fee_cap, MAX_AMOUNT),
                _number(self.kind, "gas_limit", self.gas_limit, MAX_U32),
                _number(self.kind, "relayer_fee", 0, MAX_AMOUNT),
                bytes((_PLAIN_BODY, self.input_encoding)),
                self.input,
            )
        )

    @staticmethod
    def decode(data: bytes) -> "Call":
        """Read a payload; raises MalformedPayload, UnknownPayloadFormat, ReservedField, UnknownInputEncoding."""
        reader = _Reader(Call.kind, data)
        service, caller = reader.text("service", least=1), reader.short("caller", least=1)
        deadline, fee_cap, gas_limit = reader.number(8), reader.number(16), reader.number(4)
        if reader.number(16):
            raise ReservedField("relayer_fee")
        if reader.number(1) != _PLAIN_BODY:
            raise ReservedField("body")
        encoding = input_encoding(reader.number(1))
        return Call(service, caller, UnixSeconds(deadline), Amount(fee_cap), Gas(gas_limit), encoding, reader.rest())


@dataclass(frozen=True, slots=True)
class Request:
    """The hub asks a provider. ``gas_limit`` is for the provider's code.

    ``caller_client`` is the hub's client of the caller's chain, proven; empty for an account of the hub itself.
    """

    kind: ClassVar[str] = "request"

    request_id: Hash
    service: str
    provider: bytes
    caller_client: ClientId
    caller: bytes
    deadline: UnixSeconds
    gas_limit: Gas
    input_encoding: InputEncoding
    input: bytes

    def encode(self) -> bytes:
        """The payload; raises MalformedPayload where a field does not fit."""
        if len(self.request_id) != 32:
            raise MalformedPayload(self.kind, 1, "request_id has 32 bytes")
        return b"".join(
            (
                _FORMAT,
                self.request_id,
                _short(self.kind, "service", self.service.encode(), least=1),
                _short(self.kind, "provider", self.provider, least=1),
                _short(self.kind, "caller_client", self.caller_client.encode(), least=0),
                _short(self.kind, "caller", self.caller, least=1),
                _number(self.kind, "deadline", self.deadline, MAX_U64),
                _number(self.kind, "gas_limit", self.gas_limit, MAX_U32),
                bytes((self.input_encoding,)),
                self.input,
            )
        )

    @staticmethod
    def decode(data: bytes) -> "Request":
        """Read a payload; raises MalformedPayload, UnknownPayloadFormat, UnknownInputEncoding."""
        reader = _Reader(Request.kind, data)
        request = Hash(reader.take(32))
        service, provider = reader.text("service", least=1), reader.short("provider", least=1)
        caller_client, caller = ClientId(reader.text("caller_client", least=0)), reader.short("caller", least=1)
        deadline, gas_limit = UnixSeconds(reader.number(8)), Gas(reader.number(4))
        encoding = input_encoding(reader.number(1))
        return Request(request, service, provider, caller_client, caller, deadline, gas_limit, encoding, reader.rest())


@dataclass(frozen=True, slots=True)
class Result:
    """How a call ended: every acknowledgement on port ``service`` but the error acknowledgement.

    A message longer than 1024 bytes of UTF-8 is cut at the last whole character that fits.
    """

    kind: ClassVar[str] = "result"

    code: ResultCode
    output: bytes = b""
    message: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", cut_message(self.message))

    def encode(self) -> bytes:
        """The acknowledgement; raises MalformedPayload where the output does not fit."""
        return b"".join(
            (
                _FORMAT,
                _number(self.kind, "code", self.code, MAX_U16),
                _number(self.kind, "the output's length", len(self.output), MAX_U32),
                self.output,
                self.message.encode(),
            )
        )

    @staticmethod
    def decode(data: bytes) -> "Result":
        """Read an acknowledgement; raises MalformedPayload, UnknownPayloadFormat, UnknownResultCode."""
        reader = _Reader(Result.kind, data)
        code = result_code(reader.number(2))
        output = reader.take(reader.number(4))
        message = reader.rest()
        if len(message) > MAX_MESSAGE_BYTES:
            raise MalformedPayload(Result.kind, len(data) - len(message), "the message has more than 1024 bytes")
        return Result(code, output, _utf8(Result.kind, "message", message, len(data) - len(message)))


def result_code(code: int) -> ResultCode:
    """A result code from its number; raises UnknownResultCode."""
    try:
        return ResultCode(code)
    except ValueError:
        raise UnknownResultCode(code) from None


def input_encoding(encoding: int) -> InputEncoding:
    """An input encoding from its number; raises UnknownInputEncoding."""
    try:
        return InputEncoding(encoding)
    except ValueError:
        raise UnknownInputEncoding(encoding) from None


def cut_message(message: str) -> str:
    """At most 1024 bytes of UTF-8, no character cut; what UTF-8 cannot hold becomes a question mark."""
    return message.encode("utf-8", "replace")[:MAX_MESSAGE_BYTES].decode("utf-8", "ignore")


def packet_request_id(destination_client: ClientId, sequence: Sequence) -> Hash:
    """The identifier of the request that a caller's packet makes; the client is the hub's of the caller's chain."""
    return Hash(sha256(b"request" + destination_client.encode() + sequence.to_bytes(8, "big")).digest())


def account_request_id(account: Address, nonce: int, message_index: int) -> Hash:
    """The identifier of the request that a hub account's transaction makes with its message of that index, from 0."""
    return Hash(sha256(b"request" + account + nonce.to_bytes(8, "big") + message_index.to_bytes(2, "big")).digest())


def caller_account(client: ClientId, caller: bytes) -> Address:
    """The hub account of a proven caller: anyone may fund it, only calls proven to come from ``caller`` spend it."""
    return Address(keccak256(b"interchain-caller" + bytes((len(client.encode()),)) + client.encode() + caller)[12:])


def _number(kind: str, field: str, value: int, most: int) -> bytes:
    if not 0 <= value <= most:
        raise MalformedPayload(kind, 0, f"{field} is a number from 0 to {most}")
    return value.to_bytes((most.bit_length() + 7) // 8, "big")


def _short(kind: str, field: str, value: bytes, least: int) -> bytes:
    if not least <= len(value) <= 255:
        raise MalformedPayload(kind, 0, f"{field} has {least} to 255 bytes")
    return bytes((len(value),)) + value


def _utf8(kind: str, field: str, value: bytes, offset: int) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise MalformedPayload(kind, offset, f"{field} is not UTF-8") from None


class _Reader:
    """Reads a payload from its first byte on; every field is there in full or the payload is refused."""

    __slots__ = ("_at", "_data", "_kind")

    def __init__(self, kind: str, data: bytes) -> None:
        self._kind, self._data, self._at = kind, data, 0
        if (version := self.number(1)) != 1:
            raise UnknownPayloadFormat(kind, version)

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise MalformedPayload(
                self._kind, self._at, f"{count} bytes are due, {len(self._data) - self._at} are left"
            )
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def short(self, field: str, least: int) -> bytes:
        value = self.take(self.number(1))
        if len(value) < least:
            raise MalformedPayload(self._kind, self._at, f"{field} is empty")
        return value

    def text(self, field: str, least: int) -> str:
        value = self.short(field, least)
        return _utf8(self._kind, field, value, self._at - len(value))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)
