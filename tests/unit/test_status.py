"""One table of errors and statuses: each error has one row, no row is without one, and each comes back as it went."""

import importlib
import inspect
import pkgutil
import typing
from dataclasses import fields, is_dataclass
from string import Formatter

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]  # it ships no types

import adapters.evm
import adapters.permissioned
import hub
from adapters.permissioned.ledger.every_error import ERRORS
from hub.errors import HubError
from hub.ibc.errors import TimeoutElapsed
from hub.quantities import UnixSeconds
from hub.rpc import errors as rpc
from hub.rpc.status import DOMAIN, TABLE, code_of, from_status, rebuild, to_status

PACKAGES = (hub, adapters.permissioned, adapters.evm)
for module in (one for package in PACKAGES for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")):
    if module.name.rpartition(".")[2] == "errors":
        importlib.import_module(module.name)


def family(error: type[HubError]) -> set[type[HubError]]:
    return {error}.union(*map(family, error.__subclasses__()))


ROOMS = {error for error in family(HubError) if error.template == HubError.template}
"""What is never raised: the root, and what groups others."""
CONCRETE = sorted(
    (e for e in family(HubError) - ROOMS if e.__module__.startswith(tuple(f"{one.__name__}." for one in PACKAGES))),
    key=lambda e: e.__name__,
)


def example(error: type[HubError]) -> HubError:
    """An error with a value in each field, as its types say."""
    values = {}
    hints = typing.get_type_hints(error)
    for field in fields(error):
        hint = hints[field.name]
        while hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        values[field.name] = {int: 2**63, str: "größer, {und} 0x", bytes: b"\x00\xff", bool: True}[hint]
    return error(**values)


@pytest.mark.parametrize("error", CONCRETE, ids=lambda error: error.__name__)
def test_every_error_has_its_row(error: type[HubError]) -> None:
    """The hub's in ``hub/rpc/status.py``, a ledger's and an attestor's by the code that they name."""
    if error.__module__.startswith("hub."):
        assert error in TABLE, f"hub/rpc/status.py needs a row for {error.__module__}.{error.__name__}"
    assert code_of(error) is not grpc.StatusCode.OK


@pytest.mark.parametrize("error", CONCRETE, ids=lambda error: error.__name__)
def test_no_text_depends_on_the_python_that_runs(error: type[HubError]) -> None:
    """It stands in a block's results, and ``repr`` escapes what the Unicode of its Python does not know yet."""
    assert not any(conversion for *_, conversion in Formatter().parse(error.template))


def test_no_row_is_without_an_error() -> None:
    """Nor does anything outside these packages name a status: it would be no error that this test knows."""
    assert set(TABLE) <= set(CONCRETE)
    named = {error for error in family(HubError) - ROOMS if hasattr(error, "status")}
    assert {error for error in named if not error.__module__.startswith("tests.")} <= set(CONCRETE)
    assert {error.__module__ for error in CONCRETE} >= {module.__name__ for module in ERRORS}


def test_no_error_is_a_group_and_concrete_at_once() -> None:
    assert all(inspect.getmodule(error) for error in CONCRETE)
    assert all(is_dataclass(error) for error in CONCRETE)
    for group in ROOMS - {HubError}:
        assert group.__subclasses__(), f"{group.__name__} has no template and nothing under it"


def test_reasons_are_unique_and_stable_names() -> None:
    reasons = [error.reason() for error in CONCRETE]
    assert len(set(reasons)) == len(reasons)
    assert all(reason.replace("_", "").isalnum() and reason.isupper() for reason in reasons)


@pytest.mark.parametrize("error", CONCRETE, ids=lambda error: error.__name__)
def test_an_error_comes_back_as_it_went(error: type[HubError]) -> None:
    sent = example(error)
    received = from_status(to_status(sent))
    assert type(received) is error
    assert received.values() == sent.values()
    assert [getattr(received, f.name) for f in fields(sent)] == [getattr(sent, f.name) for f in fields(sent)]
    assert str(received) == str(sent)


def test_the_status_says_all_that_a_client_of_any_language_needs() -> None:
    status = to_status(TimeoutElapsed(UnixSeconds(100), UnixSeconds(101)))
    assert status.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert status.message == "the packet timed out at 100 and it is 101: prove the timeout at its source instead"
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("TIMEOUT_ELAPSED", DOMAIN)
    assert dict(info.metadata) == {"timeout": "100", "now": "101"}


def test_a_reason_of_a_later_version_is_told_in_its_own_words() -> None:
    refusal = rebuild("MOON_NOT_FULL", {"phase": "waxing"}, "the moon is not full")
    assert isinstance(refusal, rpc.UnknownRefusal)
    assert str(refusal) == "the hub refused: the moon is not full (MOON_NOT_FULL)"


@pytest.mark.parametrize("values", [{}, {"timeout": "1"}, {"timeout": "soon", "now": "2"}])
def test_values_that_do_not_fit_are_no_crash(values: dict[str, str]) -> None:
    assert isinstance(rebuild("TIMEOUT_ELAPSED", values, "it timed out"), rpc.UnknownRefusal)


def test_a_status_of_another_service_is_not_ours() -> None:
    status = to_status(TimeoutElapsed(UnixSeconds(100), UnixSeconds(101)))
    status.details[0].Pack(error_details_pb2.ErrorInfo(reason="TIMEOUT_ELAPSED", domain="elsewhere.example"))
    assert from_status(status) is None
