"""What is typed for a call becomes what the service takes, by the hub's own mapping."""

import json

import pytest
from eth_abi.abi import encode

from console.call_data import CallData, require_input
from console.commands.encodings import Encoding
from console.exits import Misused
from hub.answers import ServiceDefinition
from hub.quantities import Address

ITEM = [{"name": "item", "type": "string"}, {"name": "pieces", "type": "uint256"}]
TOTAL = [{"name": "total", "type": "uint256"}]
DATA = encode(["string", "uint256"], ["apple", 3])
TEXT = '{"item": "apple", "pieces": "3"}'


def service(json_schema: str = "", abi: bool = True) -> ServiceDefinition:
    abis = (json.dumps(ITEM), json.dumps(TOTAL)) if abi else ("", "")
    return ServiceDefinition("shop", Address(b"\x01" * 20), "", (), json_schema, json_schema, *abis)


def test_json_is_written_as_abi_where_the_service_takes_that_alone() -> None:
    given = CallData.of(TEXT, service())
    assert (given.encoding, given.data) == (Encoding.ABI, DATA)
    assert given.shown(encode(["uint256"], [21])) == '{"total":"21"}'
    assert given.shown(b"\x00") == b"\x00"  # what the answer's ABI does not fit is shown as it is


@pytest.mark.parametrize("offered", [service("{}"), service("{}", abi=False), service(abi=False)])
def test_json_stays_json_where_the_service_takes_it(offered: ServiceDefinition) -> None:
    given = CallData.of(f" {TEXT}\n", offered)
    assert (given.encoding, given.data) == (Encoding.JSON, TEXT.encode())
    assert given.shown(b'{"total":"21"}') == '{"total":"21"}'


@pytest.mark.parametrize("offered", [service(), service("{}")])
def test_hex_is_abi_as_it_stands(offered: ServiceDefinition) -> None:
    given = CallData.of("0x" + DATA.hex(), offered)
    assert (given.encoding, given.data) == (Encoding.ABI, DATA)
    assert given.shown(b"\x15") == b"\x15"


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"item": "apple"}',
        '{"item": "apple", "pieces": 3}',
        '{"item": 1, "pieces": "3"}',
        '{"item": "a", "pieces": "-1"}',
    ],
)
def test_what_does_not_fit_the_abi_is_said_before_anything_is_sent(text: str) -> None:
    with pytest.raises(Misused, match="does not fit shop's ABI"):
        CallData.of(text, service())


@pytest.mark.parametrize("text", ["{", "", "apple", "0x123", "0xzz", '{"a": 1.5}', "[" * 500])
def test_what_is_neither_json_nor_hex_is_refused(text: str) -> None:
    with pytest.raises(Misused):
        require_input(text)
