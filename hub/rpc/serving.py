"""The gRPC server: TLS, limits, health, reflection, and every refusal as a rich status."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from hub.engine.measures import CallMeasures, Measures
from hub.errors import HubError, NodeFault
from hub.rpc.errors import UndecodableMessage
from hub.rpc.status import has_code, to_status

log = structlog.get_logger("rpc")

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
MAX_CONCURRENT_STREAMS = 1_000
"""Of one connection."""
MAX_CALLS = 10_000
"""Of all connections together; more are answered RESOURCE_EXHAUSTED."""
_OPTIONS = (
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.so_reuseport", 0),
)
"""A port that another node holds is an error: two nodes behind one port would answer by turns."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a server takes: bytes of one request, streams of one connection, calls of all together."""

    message_bytes: int = MAX_MESSAGE_BYTES
    streams: int = MAX_CONCURRENT_STREAMS
    calls: int = MAX_CALLS


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. With ``authority``, only clients whose certificate it signed are served."""

    certificate: Path
    key: Path
    authority: Path | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Raises OSError."""
        authority = None if self.authority is None else self.authority.read_bytes()
        pair = (self.key.read_bytes(), self.certificate.read_bytes())
        return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)


Admit = Callable[[str, Any], None]
"""Given a method's full name and the call's context; raises HubError for a caller whom the method is not for."""


class Refusals(grpc.aio.ServerInterceptor):
    """Counts and times every call, answers a HubError with its status, one that has none and anything else with
    INTERNAL and no detail; knows which calls have not ended.
    """

    def __init__(self, measures: CallMeasures, admit: Admit | None = None) -> None:
        self._measures = measures
        self._admit = admit or (lambda _method, _context: None)
        self._running: set[asyncio.Task[Any]] = set()

    async def end(self) -> None:
        """Wait for calls that the server has let go already: they may still read, in threads that nobody can cancel."""
        if self._running:
            await asyncio.wait(self._running)

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith("/interchain."):
            return handler
        if (task := asyncio.current_task()) is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        # The request is read here and not by gRPC, which tells what cannot be read as a fault of ours.
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, handler.unary_stream, handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(method, handler.unary_unary, handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )

    def _unary(
        self, method: str, inner: Callable[[Any, Any], Awaitable[Any]], read: Callable[[bytes], Any]
    ) -> Callable[[bytes, Any], Awaitable[Any]]:
        name = method.rpartition("/")[2]

        async def call(raw: bytes, context: Any) -> Any:
            began = time.monotonic()
            try:
                self._admit(method, context)
                answer = await inner(_request(name, read, raw), context)
            except Exception as error:
                await self._refuse(name, context, error)
            self._measures.calls.labels(name, "OK").inc()
            self._measures.rpc_seconds.labels(name).observe(time.monotonic() - began)
            return answer

        return call

    def _stream(
        self, method: str, inner: Callable[[Any, Any], AsyncIterator[Any]], read: Callable[[bytes], Any]
    ) -> Callable[[bytes, Any], AsyncIterator[Any]]:
        name = method.rpartition("/")[2]

        async def call(raw: bytes, context: Any) -> AsyncIterator[Any]:
            try:
                self._admit(method, context)
                async for answer in inner(_request(name, read, raw), context):
                    self._admit(method, context)  # still: a stream may outlive what its caller may do
                    yield answer
            except Exception as error:
                await self._refuse(name, context, error)
            self._measures.calls.labels(name, "OK").inc()

        return call

    async def _refuse(self, name: str, context: Any, error: Exception) -> NoReturn:
        if isinstance(error, grpc.aio.AbortError | asyncio.CancelledError):
            raise error
        if isinstance(error, NodeFault):
            log.error("a call cannot be served here", method=name, detail=str(error))
            error = error.told
        if not (isinstance(error, HubError) and has_code(type(error))):
            log.exception("a call failed", method=name, exc_info=error)
            self._measures.calls.labels(name, "INTERNAL").inc()
            await context.abort(grpc.StatusCode.INTERNAL, "the node failed to answer: its log says more")
            raise error
        status = rpc_status.to_status(to_status(error))
        self._measures.calls.labels(name, status.code.name).inc()
        self._measures.rpc_errors.labels(error.reason()).inc()
        await context.abort_with_status(status)
        raise error


def _request(method: str, read: Callable[[bytes], Any], raw: bytes) -> Any:
    """Raises UndecodableMessage."""
    try:
        return read(raw)
    except DecodeError as error:
        raise UndecodableMessage(f"{method}Request") from error


Service = tuple[str, Callable[[grpc.aio.Server], None]]
"""A service's full name, and how it is registered with a server."""


def service(name: str, register: Callable[[Any, grpc.aio.Server], None], servicer: object) -> Service:
    """``register``: what gRPC generated for the service; ``servicer``: anything that has its methods."""
    return name, lambda server: register(servicer, server)


def add_port(server: grpc.aio.Server, listen: str, credentials: grpc.ServerCredentials | None) -> int:
    """Have a server listen at ``host:port`` (port 0: any free one), without credentials in plain text; the port.

    Raises OSError (EADDRINUSE).
    """
    try:
        if credentials is None:
            return int(server.add_insecure_port(listen))
        return int(server.add_secure_port(listen, credentials))
    except RuntimeError as error:  # gRPC says nothing more precise
        raise OSError(
            errno.EADDRINUSE, f"cannot listen at {listen}: it is taken, or no address of this machine"
        ) from error


class Server:
    """A gRPC server over ``services``; of those, ``admit`` decides who may call what."""

    def __init__(
        self,
        services: Iterable[Service],
        measures: Measures,
        admit: Admit | None = None,
        bounds: Bounds = Bounds(),  # frozen
    ) -> None:
        self._calls = Refusals(measures, admit)
        options = (
            *_OPTIONS,
            ("grpc.max_receive_message_length", bounds.message_bytes),
            ("grpc.max_concurrent_streams", bounds.streams),
        )
        self._server = grpc.aio.server(
            interceptors=[self._calls], options=options, maximum_concurrent_rpcs=bounds.calls
        )
        self._health = health.aio.HealthServicer()
        names = []
        for name, register in services:
            register(self._server)
            names.append(name)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        self._names = names

    async def start(self, listen: str, credentials: grpc.ServerCredentials | None) -> int:
        """Serve at ``host:port`` (port 0: any free one), or in plain text; the port. Raises OSError."""
        port = add_port(self._server, listen, credentials)
        await self._server.start()
        for name in ("", *self._names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def stop(self, grace_seconds: float = 2.0) -> None:
        """No more calls; those under way are given this time, and have ended when this returns."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)
        await self._calls.end()
