"""Requests that no honest client sends: every field of every request at its extremes."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

NAMES = ("quorum-0", "echo", "quorum-9", "x" * 300, "\0", "é" * 200, "attested-" + "9" * 55, "../../etc/passwd", "%n%s")
TOKENS = (b"\0" * 8, b"\xff" * 8, b"x" * 300, b"\x93\xa4echo\xa8quorum-0\xc4\x00", bytes([0x91]) * 200)
BYTES = (b"", bytes(20), bytes(32), b"quorum-0\x01" + b"\xff" * 8, b"x" * 300, b"\xff" * 129)
NUMBERS = (0, 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
FAULTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE)
DEPTH = 3
"""How many messages within one another are looked into."""


def values(field: FieldDescriptor, depth: int = DEPTH) -> tuple[Any, ...]:
    if field.name == "page_token":
        return (*(base64.urlsafe_b64encode(token).decode() for token in TOKENS), "A", "=")
    if field.message_type is not None:
        made = GetMessageClass(field.message_type)
        inner = field.message_type.fields if depth else ()
        return (made(), *(made(**given) for one in inner for given in extremes(one, depth - 1)))
    kinds = {
        FieldDescriptor.TYPE_STRING: NAMES,
        FieldDescriptor.TYPE_BYTES: BYTES,
        FieldDescriptor.TYPE_UINT64: NUMBERS,
        FieldDescriptor.TYPE_UINT32: NUMBERS[:4],
        FieldDescriptor.TYPE_BOOL: (True,),
    }
    return kinds.get(field.type, ())


def extremes(field: FieldDescriptor, depth: int = DEPTH) -> Iterator[dict[str, Any]]:
    """The field alone, at each of its extremes."""
    for value in values(field, depth):
        yield {field.name: [value] * 3 if field.is_repeated else value}


def requests_of(method: MethodDescriptor, sound: Mapping[str, Any]) -> Iterator[Any]:
    """One field at its extremes, all others as they are in a request that means something."""
    request = GetMessageClass(method.input_type)
    fields = method.input_type.fields
    base = {field.name: sound[field.name] for field in fields if field.name in sound}
    yield request()
    yield request(**base)
    for field in fields:
        for given in extremes(field):
            yield request(**(base | given))


async def ask_all(channel: grpc.aio.Channel, method: MethodDescriptor, sound: Mapping[str, Any]) -> None:
    """A refusal has a name; a fault of the node is a way to find out more, or to stop it: then the test fails."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    await ask_what_is_no_request(channel, path, method.server_streaming)
    answer = GetMessageClass(method.output_type).FromString
    for request in requests_of(method, sound):
        try:
            async with asyncio.timeout(20):
                if method.server_streaming:
                    stream = channel.unary_stream(path, _encode, answer)(request, timeout=0.05)
                    await stream.read()
                else:
                    await channel.unary_unary(path, _encode, answer)(request, timeout=10)
        except grpc.aio.AioRpcError as error:
            if error.code() in FAULTS:
                pytest.fail(f"{request} -> {error.code()}: {error.details()}")


async def ask_what_is_no_request(channel: grpc.aio.Channel, path: str, streaming: bool) -> None:
    raw = b"\xff\xff"
    stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(path)
    unary: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await (stream(raw, timeout=10).read() if streaming else unary(raw, timeout=10))
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.value.details() == (
        f"these bytes are no {path.rpartition('/')[2]}Request: serialise one with the hub's protos"
    )


def _encode(message: Any) -> bytes:
    return bytes(message.SerializeToString())
