"""The client's side of the wire: the channel, and what a failed call means."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from hub.engine.errors import AccountQueueFull, MempoolFull, NodeStopping, RateLimited
from hub.errors import HubError
from hub.rpc.errors import DeadlineExceeded, HubUnreachable, UnknownRefusal
from hub.rpc.status import from_status

A = TypeVar("A")

OUT_OF_REACH = (HubUnreachable, DeadlineExceeded, NodeStopping)
BUSY = (MempoolFull, AccountQueueFull, RateLimited)

_OPTIONS = (
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.max_send_message_length", 8 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)


def open_channel(
    target: str, root_certificate: Path | bytes | None, certificate: Path | None, key: Path | None, *, insecure: bool
) -> grpc.aio.Channel:
    """``root_certificate``: a PEM file, or what stands in one. Raises OSError for a file that cannot be read."""
    if insecure:
        return grpc.aio.insecure_channel(target, options=_OPTIONS)
    files = [one.read_bytes() if isinstance(one, Path) else one for one in (root_certificate, key, certificate)]
    return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(*files), options=_OPTIONS)


async def answered(target: str, call: Awaitable[A]) -> A:
    """The answer of a call; raises the HubError that the hub raised, or RpcError for the way to it."""
    try:
        return _read(target, await call)
    except grpc.aio.AioRpcError as error:
        raise refusal(target, error) from error


async def streamed(target: str, stream: Any, idle_seconds: float) -> AsyncIterator[Any]:
    """The answers of a stream until it ends; raises as ``answered``, and HubUnreachable for one that fell silent."""
    try:
        while True:
            try:
                async with asyncio.timeout(idle_seconds):
                    answer = await stream.read()
            except TimeoutError as error:
                raise HubUnreachable(target, f"nothing came for {idle_seconds:.0f} seconds") from error
            if answer is grpc.aio.EOF:
                return
            yield _read(target, answer)
    except grpc.aio.AioRpcError as error:
        raise refusal(target, error) from error
    finally:
        stream.cancel()


def _read(target: str, answer: A) -> A:
    """gRPC answers None for bytes that are no answer."""
    if answer is None:
        raise UnknownRefusal("UNREADABLE_ANSWER", f"what {target} answers are bytes that are no answer")
    return answer


def refusal(target: str, error: grpc.aio.AioRpcError) -> HubError:
    """What a failed call means, whatever whoever was asked made of its details."""
    if (refused := _told(error)) is not None:
        return refused
    detail = error.details() or error.code().name
    match error.code():
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
            return HubUnreachable(target, detail)
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceeded(target)
        case code:
            return UnknownRefusal(code.name, detail)


def _told(error: grpc.aio.AioRpcError) -> HubError | None:
    """The error that was raised there; None where nothing, or nothing that can be read, is said of it."""
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # it has all that is asked of a Call
        return None if status is None else from_status(status)
    except (ValueError, DecodeError):  # a status of another code than the call's, or bytes that are none
        return None


class Patience:
    """Asks again, with growing pauses, while a hub cannot be reached or is busy: for what may be asked twice."""

    def __init__(self, seconds: float) -> None:
        self._give_up = time.monotonic() + seconds

    async def with_(self, ask: Callable[[], Awaitable[A]]) -> A:
        """Raises what is no matter of time at once, and what is when patience is at its end."""
        pause = 0.05
        while True:
            try:
                return await ask()
            except (*OUT_OF_REACH, *BUSY):
                if time.monotonic() + pause > self._give_up:
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
