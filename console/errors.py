"""What a command may meet, as a ConsoleError: the one table from exceptions to exit codes."""

from errno import EADDRINUSE, EADDRNOTAVAIL

import grpc

from adapters.errors import EndpointFault, EndpointsFailed, TransactionLost
from console.exits import ConsoleError, Misused, Refused, TimedOut, Unreachable
from hub.errors import HubError
from hub.rpc.errors import DeadlineExceeded, HubUnreachable
from relayers.errors import GuardUnusable, InvalidConfiguration

_KINDS: tuple[tuple[tuple[type[HubError], ...], type[ConsoleError]], ...] = (
    ((HubUnreachable, EndpointsFailed, EndpointFault), Unreachable),
    ((DeadlineExceeded, TransactionLost), TimedOut),
    ((InvalidConfiguration, GuardUnusable), Misused),
    ((HubError,), Refused),
)
_NEXT = {
    "HUB_UNREACHABLE": "start it with `ichub start`, a devnet with `ichub devnet`, or name another with --hub",
    "ENDPOINTS_FAILED": "check that the chain's node runs and that its URL is right",
    "ROLE_MISSING": "sign with a key that has it (--key), or let an operator grant it",
    "SERVICE_NOT_FOUND": "`ichub service list` shows what there is",
    "SERVICE_ALREADY_DEFINED": "choose another name, or bind to the one that is there",
    "NO_AVAILABLE_BINDING": "`ichub service show` shows who offers it",
    "FEE_CAP_TOO_LOW": "allow more with --fee-cap",
    "FEE_NOT_COVERED": "put money into the account (on a devnet: `ichub devnet fund ADDRESS`)",
    "INSUFFICIENT_FUNDS": "put money into the account (on a devnet: `ichub devnet fund ADDRESS`)",
    "DEADLINE_TOO_SHORT": "allow more time with --deadline",
    "DEADLINE_ELAPSED": "give a later one with --deadline",
    "GRACE_TOO_SHORT": "allow more with --grace-seconds",
    "CERTIFICATE_UNKNOWN": "`ichub ledger enrol ORG/NAME`",
    "RECORD_EXISTS": "`ichub ledger history` shows who wrote it",
    "CLIENT_NOT_FOUND": "`ichub client list` shows what there is",
}
"""What the command line adds to a refusal: which of its commands helps. By the refusal's reason."""


def as_console_error(error: BaseException) -> ConsoleError | None:  # noqa: PLR0911 a table reads best whole
    """The error as a person should read it, or None where it is a fault of ours that needs its traceback."""
    match error:
        case ConsoleError():
            return error
        case BaseExceptionGroup() if len(error.exceptions) == 1:
            return as_console_error(error.exceptions[0])
        case HubError():
            kind = next(kind for errors, kind in _KINDS if isinstance(error, errors))
            hint = _NEXT.get(error.reason())
            return kind(f"{error}; {hint}" if hint else str(error), error.reason(), **error.values())
        case grpc.RpcError():
            return Unreachable(f"the hub broke off ({error!r}): try again, and look into its log")
        case TimeoutError():
            return TimedOut(f"{str(error) or 'it took too long'}: try again, or give more --timeout")
        case ConnectionError():
            return Unreachable(f"{error}: check that it runs and that the address is right")
        case OSError() if error.errno in (EADDRINUSE, EADDRNOTAVAIL):
            return Misused(f"{error.strerror}; stop what listens there, or name another address")
        case OSError() if error.filename is not None:
            return Misused(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    return None
