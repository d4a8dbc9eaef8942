"""What a command may meet, as a ConsoleError: the one table from exceptions to exit codes."""

import asyncio

import aiohttp
import grpc

from console.exits import ConsoleError, Misused, Refused, TimedOut, Unreachable
from hub.errors import HubError

_UNREACHABLE = {grpc.StatusCode.UNAVAILABLE}
_TIMED_OUT = {grpc.StatusCode.DEADLINE_EXCEEDED}


def as_console_error(error: BaseException) -> ConsoleError | None:  # noqa: PLR0911 a table reads best as one
    """The error as a person should read it, or None where it is a fault of ours that needs its traceback."""
    match error:
        case ConsoleError():
            return error
        case HubError():
            return Refused(str(error), error.reason(), **error.values())
        case grpc.RpcError():
            return _from_grpc(error)
        case asyncio.TimeoutError() | TimeoutError():
            return TimedOut(f"{error or 'it took too long'}: try again, or give more --timeout")
        case aiohttp.ClientConnectionError() | ConnectionError():
            return Unreachable(f"{error}: check that it runs and that the address is right (`ichub doctor`)")
        case OSError() if error.filename is not None:
            return Misused(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    return None


def _from_grpc(error: grpc.RpcError) -> ConsoleError:
    code = error.code() if hasattr(error, "code") else grpc.StatusCode.UNKNOWN
    details = (error.details() if hasattr(error, "details") else "") or "no reason was given"
    if code in _UNREACHABLE:
        return Unreachable(f"the hub does not answer ({details}): start it, or name another with --hub")
    if code in _TIMED_OUT:
        return TimedOut(f"the hub did not answer in time ({details}): try again, or give more --timeout")
    return Refused(details, code.name)
