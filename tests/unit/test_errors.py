"""The error tree: each error reads well, carries its values and has a stable name."""

from collections.abc import Iterator
from dataclasses import fields
from string import Formatter

import pytest

import hub.accounts.errors
import hub.clients.errors
import hub.engine.errors
import hub.ibc.errors
import hub.proofs.errors
import hub.services.errors
import hub.state.errors  # noqa: F401
from hub.errors import HubError
from hub.ibc.errors import TimeoutElapsed
from hub.quantities import UnixSeconds


def concrete(root: type[HubError]) -> Iterator[type[HubError]]:
    for child in root.__subclasses__():
        if child.__subclasses__():
            yield from concrete(child)
        else:
            yield child


ERRORS: list[type[HubError]] = sorted(concrete(HubError), key=lambda error: error.__name__)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_a_template_names_only_what_the_error_carries(error: type[HubError]) -> None:
    named = {name.split("!")[0].split(":")[0] for _, name, _, _ in Formatter().parse(error.template) if name}
    assert named <= {field.name for field in fields(error)}
    assert error.template != HubError.template


def test_an_error_reads_well() -> None:
    error = TimeoutElapsed(UnixSeconds(100), UnixSeconds(101))
    assert str(error) == "the packet timed out at 100 and it is 101: prove the timeout at its source instead"
    assert error.reason() == "TIMEOUT_ELAPSED"
    assert error.values() == {"timeout": "100", "now": "101"}


def test_no_two_errors_share_a_reason() -> None:
    reasons = [error.reason() for error in concrete(HubError)]
    assert len(reasons) == len(set(reasons))
