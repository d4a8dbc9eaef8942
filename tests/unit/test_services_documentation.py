"""docs/services.md says what is so: its schemas and data are taken, and what it calls refused is refused."""

import json
import re
import shlex
from pathlib import Path

import eth_abi.abi
import pytest

from hub.services.errors import ServiceError
from hub.services.payload import InputEncoding
from hub.services.schema import ServiceSchema, validate_definition, validate_schema
from hub.services.transcode import check, convert

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/services.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
INPUT = ServiceSchema(FILES["input.schema.json"], FILES["input.abi.json"])
OUTPUT = ServiceSchema(FILES["output.schema.json"], FILES["output.abi.json"])
ABI, JSON = InputEncoding.ABI, InputEncoding.JSON


def refused(name: str) -> list[tuple[str, str]]:
    return [(written, reason) for written, reason in re.findall(r"(.*\S) {2,}([A-Z_]+)\n", FILES[name])]


def test_the_service_can_be_defined() -> None:
    validate_definition(INPUT, OUTPUT)
    validate_definition(ServiceSchema(INPUT.json_schema), ServiceSchema(OUTPUT.json_schema))
    validate_definition(ServiceSchema(abi=INPUT.abi), ServiceSchema(abi=OUTPUT.abi))


def test_both_inputs_are_the_same() -> None:
    data = bytes.fromhex(FILES["input.abi.hex"])
    assert data == eth_abi.abi.encode(["(string,string)"], [("ETH", "EUR")])
    assert convert(INPUT, FILES["input.json"].encode(), JSON, ABI) == data
    assert json.loads(convert(INPUT, data, ABI, JSON)) == json.loads(FILES["input.json"])


def test_the_output_is_carried_to_a_contract() -> None:
    data = convert(OUTPUT, FILES["output.json"].encode(), JSON, ABI)
    price, at, sources = json.loads(FILES["output.json"]).values()
    assert eth_abi.abi.decode(["uint256", "uint64", "address[]"], data) == (int(price), int(at), (sources[0].lower(),))


@pytest.mark.parametrize(("written", "reason"), refused("refused.txt"))
def test_schemas_that_are_refused(written: str, reason: str) -> None:
    schema = ServiceSchema(abi=written) if written.startswith("[") else ServiceSchema(written)
    with pytest.raises(ServiceError) as refusal:
        validate_schema("input", schema)
    assert refusal.value.reason() == reason


@pytest.mark.parametrize(("written", "reason"), refused("refused-input.txt"))
def test_inputs_that_are_refused(written: str, reason: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        check(INPUT, JSON, written.encode())
    assert refusal.value.reason() == reason


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", PAGE))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()


def test_the_call_of_the_page_is_its_input() -> None:
    (command,) = re.findall(r"^\$ ichub call (.*)$", PAGE, re.MULTILINE)
    assert json.loads(shlex.split(command)[1]) == json.loads(FILES["input.json"])
