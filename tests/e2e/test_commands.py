"""The commands against a devnet that runs, as in the newcomer's second terminal."""

import json
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

import pytest
from eth_abi.abi import encode

from console.devnet.accounts import Holder, dev_account
from console.devnet.anvil import anvil_command, is_ready, rpc, url_of
from console.devnet.processes import Supervisor
from hub.proofs.keccak import keccak256
from tests.e2e.devnet_world import Devnet, left_behind, wait_for

pytestmark = pytest.mark.timeout(600)

CONSUMER = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;
import {IServiceGateway, ServiceConsumer} from "@interchain/ServiceConsumer.sol";

contract Mine is ServiceConsumer {
    uint256 public total;
    constructor(IServiceGateway gateway) ServiceConsumer(gateway) {}
    function go(string calldata service) external returns (bytes32) {
        return _callService(service, abi.encode("pear", uint256(4)), 90, 100, 100_000);
    }
    function _onResult(bytes32, uint16 code, bytes calldata output, string calldata) internal override {
        total = code == 200 ? abi.decode(output, (uint256)) : code;
    }
    function _onTimeout(bytes32) internal override {}
}
"""
INPUT_ABI = [{"name": "item", "type": "string"}, {"name": "pieces", "type": "uint256"}]
OUTPUT_ABI = [{"name": "total", "type": "uint256"}]
INTEGER = {"type": "string", "pattern": "^(0|[1-9][0-9]*)$", "maxLength": 78}


@pytest.fixture(scope="module")
def devnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnet]:
    made = Devnet(tmp_path_factory.mktemp("commands"))
    yield made
    assert made.stop() == 0
    assert left_behind(made.base) == [], "Ctrl-C left it behind"


def _schema(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _define(devnet: Devnet, tmp_path: Path, name: str) -> None:
    contents = {
        "--input-abi": INPUT_ABI,
        "--output-abi": OUTPUT_ABI,
        "--input-json": _schema(item={"type": "string", "maxLength": 100}, pieces=INTEGER),
        "--output-json": _schema(total=INTEGER),
    }
    words = []
    for option, content in contents.items():
        path = tmp_path / f"{option[2:]}.json"
        path.write_text(json.dumps(content))
        words += [option, str(path)]
    devnet.run("service", "define", name, *words, "--description", "a test", "--tag", "test")


def test_what_is_there_is_listed_and_shown(devnet: Devnet) -> None:
    chains = devnet.json("chain", "list")
    assert sorted((chain["chain"], chain["client"], chain["status"]) for chain in chains) == [
        ("a", "attested-0", "active"),
        ("b", "attested-1", "active"),
        ("trade", "quorum-0", "active"),
    ]
    assert devnet.json("chain", "show", "trade")["kind"] == "permissioned ledger"
    assert devnet.json("chain", "show", "a")["client"] == "attested-0"
    assert devnet.json("client", "show", "attested-1")["threshold"] == "3 of 4"
    services = {service["service"]: service["bindings"] for service in devnet.json("service", "list")}
    assert services == {"document-verify": 1, "quote-a": 1, "quote-b": 1, "receivable-status": 1}
    (ledgers,) = devnet.json("service", "show", "document-verify")["bindings"]
    assert (ledgers["client"], ledgers["provider"]) == ("quorum-0", "documents")
    (binding,) = devnet.json("service", "show", "quote-b")["bindings"]
    assert (binding["client"], binding["encoding"], binding["price"]) == ("attested-1", "abi", "100")


def test_the_doctor_finds_a_devnet_well(devnet: Devnet) -> None:
    checks = devnet.json("doctor")
    looked_at = {check["check"] for check in checks}
    assert {"hub", "same genesis", "versions", "endpoint of a", "endpoint of b", "node of trade"} <= looked_at
    assert {"finality of a", "finality of b"} <= looked_at
    assert all(check["ok"] for check in checks)


def test_a_call_from_a_hub_account_is_answered_by_a_contract_and_traced(devnet: Devnet) -> None:
    data = "0x" + encode(["string", "uint256"], ["apple", 3]).hex()
    result = devnet.json("call", "quote-b", data, "--fee-cap", "100", "--wait")
    assert result["code"] == 200
    assert int(result["output"], 16) == 21
    life = devnet.json("packet", "trace", result["request_id"])
    assert [(step["place"], step["what"]) for step in life["steps"]] == [
        ("hub", "packet sent"),
        ("hub", "call of quote-b accepted, 100 into escrow"),
        ("hub", "request forwarded to attested-1"),
        ("b", "acknowledgement written"),
        ("hub", "acknowledgement learned"),
        ("hub", "result 200"),
        ("hub", "100 paid to the provider"),
    ]
    assert all(step["height"] > 0 and len(step["transaction"]) == 66 for step in life["steps"])
    (packet,) = life["packets"]
    assert devnet.json("packet", "trace", packet)["steps"] == life["steps"]
    assert packet in {line["packet"] for line in devnet.json("packet", "list", "--all")}


def test_what_the_relayer_does_is_measured_and_told(devnet: Devnet) -> None:
    """What the calls above made of it."""
    wait_for(lambda: _asked(devnet, "/health") == (200, '{"healthy": true, "faults": {}}'), 30)
    status, metrics = _asked(devnet, "/metrics")
    measured = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert status == 200
    assert {
        f'{name}{{path="{path}",source="{source}"}}'
        for name in ("relayer_backlog_packets", "relayer_oldest_packet_seconds")
        for path in ("a", "b", "trade")
        for source in ("chain", "hub")
    } <= set(measured)
    assert float(measured['relayer_hop_seconds_count{hop="receive_at_chain",path="b"}']) >= 1


def _asked(devnet: Devnet, path: str) -> tuple[int, str]:
    """What the relayer answers to whoever watches it: the status and the text."""
    with closing(HTTPConnection("127.0.0.1", devnet.ports.relayer, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_bill_of_lading_is_asked_about_from_the_hub(devnet: Devnet, tmp_path: Path) -> None:
    """The ledger's own commands, then a call whose packet has the same clients' names at both ends."""
    bill = tmp_path / "bill.pdf"
    bill.write_bytes(b"40 crates of apples")
    devnet.run("ledger", "enrol", "carrier/zoe")
    terms = ("--type", "bill-of-lading", "--number", "4711", "--as", "carrier/zoe")
    devnet.run("ledger", "document", "notarise", str(bill), *terms)
    asked = json.dumps({"document_hash": "0x" + sha256(b"40 crates of apples").hexdigest()})
    result = devnet.json("call", "document-verify", asked, "--fee-cap", "100", "--wait")
    answer = result["output"] if isinstance(result["output"], dict) else json.loads(result["output"])
    assert (answer["status"], answer["issuer"], answer["notarised_by"]) == ("valid", "carrier", "zoe")
    life = devnet.json("packet", "trace", result["request_id"])
    assert life["packets"] == ["quorum-0/out/1"]
    assert [(step["place"], step["what"]) for step in life["steps"] if step["place"] == "trade"] == [
        ("trade", "packet received"),
        ("trade", "acknowledgement written"),
    ]
    assert [step["what"] for step in life["steps"] if step["place"] == "hub"] == [
        "packet sent",
        "call of document-verify accepted, 100 into escrow",
        "request forwarded to quorum-0",
        "acknowledgement learned",
        "result 200",
        "100 paid to the provider",
    ]
    listed = devnet.json("packet", "list", "--all", "--client", "quorum-0")
    assert [line["packet"] for line in listed] == life["packets"]
    devnet.run("account", "transfer", "carrier/zoe", "7", "--client", "quorum-0")
    assert devnet.json("account", "show", "carrier/zoe", "--client", "quorum-0")["balance"] == "7"


def test_a_member_of_the_ledger_calls_a_contract(devnet: Devnet) -> None:
    devnet.run("ledger", "enrol", "bank-a/bo")
    devnet.run("account", "transfer", "bank-a/bo", "200", "--client", "quorum-0")
    data = "0x" + encode(["string", "uint256"], ["apple", 3]).hex()
    asked = ("ledger", "call", "quote-b", data, "--as", "bank-a/bo", "--wait")
    assert "quote-b answered 402" in devnet.run(*asked, code=1).stderr
    result = devnet.json(*asked, "--fee-cap", "100")
    assert (result["state"], result["code"], int(result["output"], 16)) == ("resulted", 200, 21)
    known = devnet.json("ledger", "query", "calls", "--as", "bank-a/bo")
    assert {one["code"] for one in known} == {200, 402}
    life = devnet.json("packet", "trace", result["call"])
    assert (life["steps"][0]["place"], life["steps"][0]["what"]) == ("trade", "packet sent")
    assert "acknowledgement learned" in {step["what"] for step in life["steps"] if step["place"] == "trade"}
    assert life["packets"][0].startswith("quorum-0/in/")


def test_refusals_have_their_codes(devnet: Devnet) -> None:
    data = "0x" + encode(["string", "uint256"], ["apple", 3]).hex()
    assert "--fee-cap" in devnet.run("call", "quote-b", data, "--wait", code=1).stderr
    refused = json.loads(devnet.run("call", "nothing", data, "--json", code=1).stderr)["error"]
    assert refused["reason"] == "SERVICE_NOT_FOUND"
    assert devnet.run("packet", "trace", "0x" + "00" * 32, code=2).stderr.startswith("error: ")
    assert "KIND-N" in devnet.run("packet", "list", "--client", "a", code=1).stderr
    assert "client list" in devnet.run("packet", "list", "--client", "attested-9", code=1).stderr
    assert "neither JSON nor 0x-hex" in devnet.run("call", "quote-b", "{", code=2).stderr
    assert devnet.run("chain", "list", "--hub", "localhost:9", code=3).stderr.startswith("error: ")


def test_a_contract_of_ones_own_is_served_by_a_person_in_json(devnet: Devnet, tmp_path: Path) -> None:
    _define(devnet, tmp_path, "by-hand")
    devnet.run("service", "bind", "by-hand", "--encoding", "json", "--price", "100", "--grace-seconds", "20")
    file = tmp_path / "Mine.sol"
    file.write_text(CONSUMER)
    mine = devnet.json("devnet", "deploy", str(file), "--chain", "a")["address"]
    devnet.run("devnet", "fund", mine)
    assert devnet.json("account", "show", mine, "--client", "attested-0")["balance"] == "1000000"
    url = url_of(devnet.ports.chain_a)
    go = "0x" + (keccak256(b"go(string)")[:4] + encode(["string"], ["by-hand"])).hex()
    rpc(url, "eth_sendTransaction", {"from": dev_account(Holder.VISITOR).address, "to": mine, "data": go})
    wait_for(lambda: bool(devnet.json("service", "requests", "by-hand")), 60)
    (request,) = devnet.json("service", "requests", "by-hand")
    assert json.loads(request["input"]) == {"item": "pear", "pieces": "4"}
    assert "JSON Schema" in devnet.run("service", "respond", request["request"], '{"sum": "5"}', code=1).stderr
    devnet.run("service", "respond", request["request"], '{"total": "28"}')
    total = {"to": mine, "data": "0x" + keccak256(b"total()")[:4].hex()}
    wait_for(lambda: int(rpc(url, "eth_call", total, "latest"), 16) == 28, 60)
    assert devnet.json("account", "show", mine, "--client", "attested-0")["balance"] == "999900"


def test_no_answer_is_a_timeout(devnet: Devnet, tmp_path: Path) -> None:
    _define(devnet, tmp_path, "silent")
    devnet.run("service", "bind", "silent", "--encoding", "json", "--grace-seconds", "0", "--max-response-seconds", "1")
    text = '{"item": "x", "pieces": "1"}'
    assert "no answer in time" in devnet.run("call", "silent", text, "--deadline", "3", "--wait", code=4).stderr
    (request,) = devnet.json("service", "requests", "silent", "--all")
    steps = devnet.json("packet", "trace", request["request"])["steps"]
    assert [step["what"].split(",")[0] for step in steps][:2] == [
        "call of silent accepted",
        "result 504: no answer in time",
    ]


def test_money_and_roles(devnet: Devnet) -> None:
    other = "0x" + "12" * 20
    devnet.run("account", "transfer", other, "5")
    devnet.run("account", "grant", other, "member")
    assert devnet.json("account", "show", other) == {
        "account": "0x1212121212121212121212121212121212121212",
        "balance": "5",
        "next_nonce": 0,
        "roles": ["member"],
    }
    devnet.run("account", "revoke", other, "member")
    assert devnet.json("account", "show", other)["roles"] == []
    assert "choose one of" in devnet.run("account", "grant", other, "king", code=2).stderr
    assert "fund it" in devnet.run("account", "transfer", other, "9" * 18, code=1).stderr


def test_a_chain_is_added_by_one_command_and_called(devnet: Devnet, tmp_path: Path) -> None:
    url = url_of(devnet.ports.chain_c)
    supervisor = Supervisor(tmp_path)
    try:
        supervisor.start("chain", anvil_command(devnet.ports.chain_c, 31399))
        supervisor.wait_until("the chain is ready", lambda: is_ready(url, 31399))
        key = tmp_path / "key"
        key.write_text(bytes(dev_account(Holder.CHAIN_OPERATOR).key).hex())
        devnet.run("keys", "import", "payer", str(key))
        files = [f"--attestor-file={devnet.folder}/attestor-{number}/config.toml" for number in range(1, 5)]
        relayer = f"--relayer-file={devnet.folder}/relayer/config.toml"
        wait_for(lambda: int(rpc(url, "eth_blockNumber"), 16) > 3, 30)
        unmeasured = devnet.run("chain", "add", "c", "--rpc", url, "--payer", "payer", *files, relayer, code=2).stderr
        assert "s behind the head; say how many seconds it may take: --finality-time" in unmeasured
        terms = (*files, relayer, "--finality-time", "3")
        added = devnet.json("chain", "add", "c", "--rpc", url, "--payer", "payer", *terms)
        assert added["name"] == "c"
        shown = devnet.json("chain", "show", "c")
        assert shown["finality_time_seconds"] == 3
        assert devnet.json("client", "show", shown["client"])["finality_time_seconds"] == 3
        assert "already" in devnet.run("chain", "add", "c", "--rpc", url, "--payer", "payer", *files, code=2).stderr
        file = tmp_path / "Mine.sol"
        file.write_text(CONSUMER)
        mine = devnet.json("devnet", "deploy", str(file), "--chain", "c")["address"]
        devnet.run("devnet", "fund", mine)
        go = "0x" + (keccak256(b"go(string)")[:4] + encode(["string"], ["quote-a"])).hex()
        rpc(url, "eth_sendTransaction", {"from": dev_account(Holder.VISITOR).address, "to": mine, "data": go})
        total = {"to": mine, "data": "0x" + keccak256(b"total()")[:4].hex()}
        wait_for(lambda: int(rpc(url, "eth_call", total, "latest"), 16) == 28, 90)
        steps = devnet.json("packet", "trace", f"{shown['client']}/in/1")["steps"]
        assert [step["after"] for step in steps] == sorted(step["after"] for step in steps)
        assert {place: [step["what"] for step in steps if step["place"] == place] for place in ("c", "hub", "a")} == {
            "c": ["packet sent", "acknowledgement learned"],
            "hub": [
                "packet received",
                "packet sent",
                "call of quote-a accepted, 100 into escrow",
                "request forwarded to attested-0",
                "acknowledgement learned",
                "result 200",
                "acknowledgement written",
                "100 paid to the provider",
            ],
            "a": ["acknowledgement written"],
        }
        there = ("--client", shown["client"], "--provider", mine)
        devnet.run("service", "bind", "quote-b", *there, "--price", "1000")
        offers = devnet.json("service", "show", "quote-b")["bindings"]
        assert [offer["grace_seconds"] for offer in offers if offer["client"] == shown["client"]] == [3 + 3]
        refused = devnet.run("service", "bind", "quote-b", *there, "--grace-seconds", "5", code=1).stderr
        assert "makes a block final after 3 s, and 3 s are left for the way" in refused
    finally:
        supervisor.stop_all()
    wait_for(lambda: '"c: chain"' in _asked(devnet, "/health")[1], 60)
    assert _asked(devnet, "/health")[0] == 503


def test_the_terminal_shows_chains_clients_packets_on_their_way_and_latencies(devnet: Devnet) -> None:
    """What was drawn while the calls above were made."""
    wait_for(lambda: "504: 1" in devnet.terminal.text, 60)
    lines = [line.split() for line in devnet.terminal.text.splitlines()]
    assert ["chain", "id", "height", "client", "status", "proven", "to", "hub", "from", "hub"] in lines
    for name, chain_id, client in (
        ("a", "31337", "attested-0"),
        ("b", "31338", "attested-1"),
        ("trade", "devnet-trade-1", "quorum-0"),
    ):
        drawn = [line for line in lines if line[:2] == [name, chain_id] and line[3:5] == [client, "active"]]
        assert len({line[2] for line in drawn}) > 1, f"{name} stands still"
        assert {line[6] for line in drawn} | {line[7] for line in drawn} > {"0"}, f"no packet of {name} was on its way"
    assert "hub devnet-1 at height" in devnet.terminal.text
    assert "Ctrl-C stops everything." in devnet.terminal.text
    assert ["calls", "open", "results", "at", "the", "hub,", "median", "slowest"] in lines
    assert any("504: 1" in " ".join(line) and line[-1] == line[-3] == "s" for line in lines)
