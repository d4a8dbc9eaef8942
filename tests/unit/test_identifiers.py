"""Identifiers: the forms that are accepted and each that is not."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.ibc.errors import InvalidIdentifier
from hub.ibc.identifiers import client_id, counterparty_client_id, port_id
from tests.vectors.writing import read

VALIDATE: dict[str, Callable[[str], str]] = {
    "client": client_id,
    "counterparty": counterparty_client_id,
    "port": port_id,
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case['kind']}, {case['name']}") for case in read("packets")["identifiers"]]
)
def test_identifiers(case: dict[str, Any]) -> None:
    text, validate = case["identifier"], VALIDATE[case["kind"]]
    if case["error"] is None:
        assert validate(text) == text
        return
    with pytest.raises(InvalidIdentifier) as refusal:
        validate(text)
    assert type(refusal.value).__name__ == case["error"]
    assert f"'{text}'" in str(refusal.value)


@pytest.mark.parametrize("case", read("packets")["characters"], ids=lambda case: case["kind"])
def test_no_other_character_is_allowed(case: dict[str, str]) -> None:
    for code in range(256):
        text = case["before"] + chr(code) + case["after"]
        if chr(code) in case["allowed"]:
            assert VALIDATE[case["kind"]](text) == text
        else:
            with pytest.raises(InvalidIdentifier):
                VALIDATE[case["kind"]](text)
