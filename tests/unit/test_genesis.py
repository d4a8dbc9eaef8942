"""The genesis: one canonical encoding, hence one hash; and what is refused."""

import json
from typing import Any

import pytest

from hub.accounts.errors import InvalidGenesis
from hub.genesis import Genesis
from hub.messages import Role
from hub.parameters import Parameters
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Amount, Seconds
from tests.unit.hub_chain import genesis
from tests.vectors.generate_quorum import ADDRESSES


def test_a_genesis_is_read_as_it_was_written() -> None:
    made = genesis()
    assert Genesis.from_json(made.to_json()) == made


def test_the_hash_is_that_of_the_content_not_of_the_layout() -> None:
    made = genesis()
    pretty = json.loads(made.to_json())
    pretty["roles"].reverse()
    again = Genesis.from_json(json.dumps(pretty, indent=2, sort_keys=False).encode())
    assert again.hash() == made.hash()
    assert made.to_json() == json.dumps(json.loads(made.to_json()), separators=(",", ":"), sort_keys=True).encode()


def test_every_field_is_in_the_hash() -> None:
    made = genesis()
    others = [
        genesis(chain_id="hub-tesu"),
        genesis(time=made.time + 1),
        genesis(devnet=False),
        genesis(parameters=Parameters()),
        genesis(balances=()),
        genesis(roles=()),
        genesis(validators=SignerSet.of_equals(1, [ADDRESSES[0]])),
    ]
    assert len({one.hash() for one in [made, *others]}) == 1 + len(others)


def test_parameters_left_out_have_their_defaults() -> None:
    raw = json.loads(genesis().to_json())
    raw["parameters"] = {"route_margin": "7"}
    assert Genesis.from_json(json.dumps(raw).encode()).parameters == Parameters(route_margin=Seconds(7))


A, B = Address(b"\x01" * 20), Address(b"\x02" * 20)


@pytest.mark.parametrize(
    "changes",
    [
        {"chain_id": ""},
        {"chain_id": "x" * 65},
        {"chain_id": "höb"},
        {"time": -1},
        {"time": 2**64},
        {"balances": ((B, Amount(1)), (A, Amount(1)))},
        {"balances": ((A, Amount(1)), (A, Amount(1)))},
        {"balances": ((A, Amount(-1)),)},
        {"balances": ((A, Amount(2**63)), (B, Amount(2**63)))},
        {"balances": ((Address(b"x"), Amount(1)),)},
        {"roles": ((A, Role.MEMBER), (A, Role.MEMBER))},
        {"validators": SignerSet.of_equals(2, [A])},
        {"parameters": Parameters(rate_window=Seconds(0))},
        {"parameters": Parameters(route_margin=Seconds(-1))},
    ],
)
def test_a_genesis_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidGenesis):
        genesis(**changes)


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"time": 5},
        {"time": "soon"},
        {"balances": [["01" * 20, "1"]]},
        {"balances": [["0x01", "1"]]},
        {"roles": [["0x" + "01" * 20, "KING"]]},
        {"validators": []},
        {"parameters": {"route_tyme": "1"}},
        {"parameters": {"route_margin": "-1"}},
    ],
)
def test_a_genesis_file_is_refused(change: dict[str, Any]) -> None:
    raw = json.loads(genesis().to_json()) | change
    with pytest.raises(InvalidGenesis):
        Genesis.from_json(json.dumps(raw).encode())


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidGenesis):
        Genesis.from_json(b"{")


@pytest.mark.parametrize(
    ("once", "twice", "rule"),
    [
        (b'"chain_id":"hub-test"', b'"chain_id":"hub-tesu","chain_id":"hub-test"', "a key stands twice"),
        (b'"devnet":true', b'"devnet":true,"devnet":true', "a key stands twice"),
        (b'"route_margin":', b'"route_margin":"7","route_margin":', "a key stands twice"),
        (b'"validators":[', b'"validators":[["%s","9"],', "validators name each address once"),
        (b'"balances":[', b'"balances":[["%s","9"],', "balances name each address once"),
        (b'"roles":[', b'"roles":[["%s","OPERATOR"],["%s","OPERATOR"],', "roles stand in rising order, each once"),
    ],
)
def test_nothing_stands_twice_in_a_genesis_file(once: bytes, twice: bytes, rule: str) -> None:
    """Which of two would hold is no matter of the reader: it may be the one that nobody looked at."""
    made = genesis(balances=((ADDRESSES[0], Amount(1)),), validators=SignerSet.of_equals(1, [ADDRESSES[0]]))
    text = made.to_json()
    assert once in text
    address = b"0x" + ADDRESSES[0].hex().encode()
    with pytest.raises(InvalidGenesis, match=rule):
        Genesis.from_json(text.replace(once, twice.replace(b"%s", address), 1))
