"""Identifiers: the forms that are accepted and each that is not."""

from collections.abc import Callable

import pytest

from hub.ibc.errors import InvalidIdentifier
from hub.ibc.identifiers import client_id, counterparty_client_id, port_id


@pytest.mark.parametrize("text", ["quorum-0", "attested-12", "beacon-light-3", "a" * 62 + "-0"])
def test_a_client_is_kind_and_number(text: str) -> None:
    assert client_id(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "evm-0",
        "quorum-",
        "quorum0000",
        "quorum-00",
        "quorum-01",
        "Quorum-0",
        "quorum_0-1",
        "-quorum-0",
        "quorum--0",
        "quorum-0\n",
        "a" * 63 + "-0",
    ],
)
def test_other_client_identifiers_are_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier) as refusal:
        client_id(text)
    assert repr(text) in str(refusal.value)


def test_another_chain_may_use_all_of_ics_24() -> None:
    assert counterparty_client_id("07-tendermint-0") == "07-tendermint-0"


@pytest.mark.parametrize(
    ("validate", "text"),
    [
        (counterparty_client_id, "short-0"),
        (counterparty_client_id, "a" * 65),
        (counterparty_client_id, "client/00"),
        (port_id, "p"),
        (port_id, "a" * 129),
        (port_id, "a port"),
    ],
)
def test_what_ics_24_refuses(validate: Callable[[str], str], text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        validate(text)
