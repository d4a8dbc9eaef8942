"""What a hub's operator does on the command line alone: rotate the validators, replace a client; take both back."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from console.devnet.processes import ROOT
from console.home import NodeHome
from console.output import Output
from console.session import hub_of, signer_of
from hub.clients.quorum import Config
from hub.messages import CreateQuorumClient, RegisterCounterparty
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Hash, Seconds
from tests.e2e.command import ichub
from tests.e2e.devnet_world import wait_for

ICHUB = ROOT / "ichub"
ITEM = [{"name": "item", "type": "string"}, {"name": "pieces", "type": "uint256"}]
TOTAL = [{"name": "total", "type": "uint256"}]
SALT = Hash(b"\x5a" * 32)
LEDGER = Config(
    "ledger-1",
    SALT,
    SignerSet.of(1, {Address(b"\x03" * 20): 1}),
    Seconds(10**6),
    Seconds(10),
    accept_single_operator=True,
)


class Operator:
    """A devnet's home, its node running, and the command."""

    def __init__(self, folder: Path, port: int) -> None:
        self.home = NodeHome(folder / "home")
        self.run("init", "--devnet", "--listen", f"127.0.0.1:{port}")
        self.run("keys", "new", "second", "--password-file", str(self.home.password_file))
        self.edit("config.toml", 'next_validator = ""', 'next_validator = "second"')
        self.edit("config.toml", 'metrics = "127.0.0.1:18504"', 'metrics = ""')
        self.edit("genesis.json", '"replacement_delay":"60"', '"replacement_delay":"0"')
        self.log = (folder / "node.log").open("w")
        self.node = subprocess.Popen(
            [str(ICHUB), "start", "--home", str(self.home.path)], stdout=self.log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(lambda: "serving" in (folder / "node.log").read_text(), 60)
            asyncio.run(self.connect())
        except BaseException:
            self.stop()
            raise

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.home.path / name
        text = path.read_text()
        assert old in text, f"{name} has no {old}:\n{text}"
        path.write_text(text.replace(old, new))

    def run(self, *words: str, code: int = 0) -> str:
        done = ichub(*words, "--home", str(self.home.path))
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def refusal(self, *words: str, code: int = 1) -> str:
        reason: str = json.loads(self.run(*words, "--json", code=code))["error"]["reason"]
        return reason

    async def connect(self) -> None:
        """A ledger that has joined, so that a rotation has someone to wait for."""
        async with hub_of(self.home) as hub:
            register = RegisterCounterparty("quorum-0", "quorum-8", 0, b"", SALT)
            await hub.submit(
                [CreateQuorumClient(LEDGER), register], signer_of(Output(False), self.home, "operator", None)
            )

    async def input_of(self, request_id: str) -> bytes:
        async with hub_of(self.home) as hub:
            return (await hub.request(bytes.fromhex(request_id[2:]))).input

    def stop(self) -> None:
        self.node.terminate()
        self.node.wait(30)
        self.log.close()


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Operator(tmp_path_factory.mktemp("operator"), port)
    yield made
    made.stop()


def test_validators_are_proposed_withdrawn_proposed_again_and_take_over(operator: Operator) -> None:
    before = operator.json("validators", "show")
    assert (before["epoch"], before["proposed_validators"]) == (1, [])
    proposed = operator.json("validators", "propose", "second=2", "operator=3")
    assert (proposed["epoch"], proposed["proposed_epoch"], len(proposed["proposed_validators"])) == (1, 2, 2)
    assert operator.refusal("validators", "propose", "second") == "ROTATION_PENDING"
    operator.run("validators", "withdraw")
    assert operator.refusal("validators", "withdraw") == "NO_ROTATION_PENDING"
    assert operator.refusal("validators", "store") == "NO_ROTATION_PENDING"
    assert "relayers bring it" in operator.run("validators", "propose", "second")
    (waited,) = operator.json("validators", "show")["counterparties"]
    assert (waited["client"], waited["hand_over"]) == ("quorum-0", "waited for")
    after = operator.json("validators", "store")
    assert (after["epoch"], after["proposed_validators"]) == (2, [])
    assert after["validators"] == [f"{operator.home.keystore.entry('second').address} (power 1)"]
    assert "quorum-0" in operator.run("validators", "show")


def test_what_cannot_be_meant_is_said_before_anything_is_sent(operator: Operator) -> None:
    for words in (
        ("validators", "propose", "second", "second=2"),
        ("validators", "propose", "second=0"),
        ("validators", "propose", "0x12"),
        ("client", "replace", "quorum-0", "--apply", "--cancel"),
        ("client", "replace", "quorum-0", "--apply", "--epoch", "5"),
        ("client", "replace", "quorum-0", "--threshold", "2"),
        ("client", "replace", "quorum-0", "--finality-time", "2"),
    ):
        operator.refusal(*words, code=2)


def test_a_client_is_replaced_as_it_was_announced_or_not_at_all(operator: Operator) -> None:
    assert operator.refusal("client", "replace", "quorum-0", "--apply") == "REPLACEMENT_NOT_SCHEDULED"
    assert operator.json("client", "replace", "quorum-0", "--epoch", "4")["replaceable_from"]
    operator.run("client", "replace", "quorum-0", "--cancel")
    assert operator.refusal("client", "replace", "quorum-0", "--cancel") == "REPLACEMENT_NOT_SCHEDULED"
    members = ["--member", "0x" + "04" * 20, "--member", "0x" + "05" * 20 + "=7"]
    operator.run("client", "replace", "quorum-0", "--epoch", "4", "--trusting-period", "5000", *members)
    assert operator.json("client", "show", "quorum-0")["epoch"] == 1
    operator.run("client", "replace", "quorum-0", "--apply")
    shown = operator.json("client", "show", "quorum-0")
    assert (shown["epoch"], shown["trusting_period_seconds"], shown["max_clock_drift_seconds"]) == (4, 5000, 10)
    assert [member.rpartition(" (")[2] for member in shown["validators"]] == ["power 1)", "power 7)"]
    assert shown["replaceable_from"] == ""


def test_a_service_that_takes_abi_alone_is_called_with_json(operator: Operator, tmp_path: Path) -> None:
    for name, components in {"input": ITEM, "output": TOTAL}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(components))
    abis = ["--input-abi", str(tmp_path / "input.json"), "--output-abi", str(tmp_path / "output.json")]
    operator.run("service", "define", "shop", *abis)
    operator.run("service", "bind", "shop", "--encoding", "abi", "--price", "1")
    called = operator.json("call", "shop", '{"item": "apple", "pieces": "3"}', "--fee-cap", "1")
    assert asyncio.run(operator.input_of(called["request_id"])) == encode(["string", "uint256"], ["apple", 3])
    operator.refusal("call", "shop", '{"item": "apple"}', "--fee-cap", "1", code=2)
    assert operator.refusal("call", "nothing", "{}") == "SERVICE_NOT_FOUND"
