"""Every error ends a command in the right way: its exit code, its reason, one sentence."""

from errno import EADDRINUSE

import pytest

import adapters.permissioned.ledger.every_error  # noqa: F401  # of a ledger, too
import hub.rpc.status  # noqa: F401  # knows every error of the hub
from adapters.errors import DeliveryRefused, EndpointsFailed
from console import errors
from console.errors import as_console_error
from console.exits import ConsoleError, ExitCode, Misused
from hub.accounts.errors import RoleMissing
from hub.errors import HubError
from hub.quantities import Address
from hub.rpc.errors import DeadlineExceeded, HubUnreachable
from relayers.errors import InvalidConfiguration


def _all(kind: type[HubError]) -> set[type[HubError]]:
    return {kind} | {one for child in kind.__subclasses__() for one in _all(child)}


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (Misused("no", "NO_HOME"), ExitCode.USAGE, "NO_HOME"),
        (HubUnreachable("x:1", "refused"), ExitCode.UNREACHABLE, "HUB_UNREACHABLE"),
        (EndpointsFailed("a", ("x",)), ExitCode.UNREACHABLE, "ENDPOINTS_FAILED"),
        (DeadlineExceeded("x:1"), ExitCode.TIMED_OUT, "DEADLINE_EXCEEDED"),
        (TimeoutError("slow"), ExitCode.TIMED_OUT, "TIMEDOUT"),
        (TimeoutError(), ExitCode.TIMED_OUT, "TIMEDOUT"),
        (DeliveryRefused("a", "WrongSigner"), ExitCode.REFUSED, "DELIVERY_REFUSED"),
        (InvalidConfiguration("f", "listen", "is missing"), ExitCode.USAGE, "INVALID_CONFIGURATION"),
        (ConnectionRefusedError(111, "refused"), ExitCode.UNREACHABLE, "UNREACHABLE"),
        (FileNotFoundError(2, "No such file or directory", "/x"), ExitCode.USAGE, "MISUSED"),
        (OSError(EADDRINUSE, "cannot listen at 127.0.0.1:1"), ExitCode.USAGE, "MISUSED"),
        (ExceptionGroup("g", [HubUnreachable("x:1", "refused")]), ExitCode.UNREACHABLE, "HUB_UNREACHABLE"),
    ],
)
def test_an_error_has_its_code(error: BaseException, code: ExitCode, reason: str) -> None:
    found = as_console_error(error)
    assert isinstance(found, ConsoleError)
    assert (found.code, found.reason) == (code, reason)
    assert "\n" not in str(found)


def test_a_fault_of_ours_is_not_dressed_up() -> None:
    assert as_console_error(KeyError("x")) is None
    assert as_console_error(ValueError("x")) is None


def test_a_refusal_keeps_its_values_and_says_what_to_do() -> None:
    found = as_console_error(RoleMissing(Address(bytes(20)), "MEMBER"))
    assert found is not None
    assert found.reason == "ROLE_MISSING"
    assert "--key" in str(found)
    assert found.values["role"] == "MEMBER"


def test_several_faults_are_told_one_after_the_other() -> None:
    error = EndpointsFailed("a", ("http://x: refused", "http://y: silent"))
    assert str(error) == "no endpoint of a served the request: http://x: refused; http://y: silent"
    assert error.values()["faults"] == "http://x: refused; http://y: silent"


def test_every_hint_is_for_an_error_that_there_is() -> None:
    assert errors._NEXT.keys() <= {kind.reason() for kind in _all(HubError)}
