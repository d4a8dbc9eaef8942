"""A call between two real chains, its receipt, and its verification where nothing runs any more."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from console.devnet.accounts import Holder, dev_account
from console.devnet.anvil import rpc, url_of
from console.packets import PacketName
from console.receipts import Collector, sent_by_chain, trust_of
from hub.proofs.keccak import keccak256
from hub.quantities import Sequence
from hub.receipts.receipt import Receipt
from hub.receipts.statement import Outcome, Part
from hub.receipts.verification import verify
from tests.e2e.devnet_world import ICHUB, Devnet, wait_for
from tests.e2e.network import running_network, until
from tests.e2e.test_commands import CONSUMER

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def devnet(tmp_path: Path) -> Iterator[Devnet]:
    made = Devnet(tmp_path)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.stop()


def offline(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of someone who has the files and no home, no hub, no chain."""
    return subprocess.run(
        [str(ICHUB), "receipt", "verify", *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_call_is_exported_and_verified_where_nothing_runs(devnet: Devnet, tmp_path: Path) -> None:
    file = tmp_path / "Mine.sol"
    file.write_text(CONSUMER)
    mine = devnet.json("devnet", "deploy", str(file), "--chain", "a")["address"]
    devnet.run("devnet", "fund", mine)
    url = url_of(devnet.ports.chain_a)
    go = "0x" + (keccak256(b"go(string)")[:4] + encode(["string"], ["quote-b"])).hex()
    rpc(url, "eth_sendTransaction", {"from": dev_account(Holder.VISITOR).address, "to": mine, "data": go})
    total = {"to": mine, "data": "0x" + keccak256(b"total()")[:4].hex()}
    wait_for(lambda: int(rpc(url, "eth_call", total, "latest"), 16) == 28, 60)

    away = tmp_path / "away"
    away.mkdir()
    receipt, trust = away / "receipt.json", away / "trust.json"
    written = devnet.json("receipt", "export", "attested-0/in/1", "--out", str(receipt))
    devnet.run("receipt", "trust", "--out", str(trust))
    again = devnet.run("receipt", "export", "attested-0/in/1", "--out", str(receipt), code=2)
    assert "is there already" in again.stderr
    assert devnet.stop() == 0

    told = json.loads(offline(away, "receipt.json", "--trust", "trust.json", "--json").stdout)
    assert told == written
    assert told["caller"] == {"client": "attested-0", "identity": mine}
    assert told["service"] == "quote-b"
    assert (told["result"]["code"], int(told["result"]["output"], 16)) == (200, 28)
    assert told["money"]["to"] == "the provider"
    assert [row["part"] for row in told["proven"]] == list(Part)
    assert [row["signed"] for row in told["proven"]][:2] == ["3 of 4, epoch 1", "1 of 1, epoch 1"]
    plain = offline(away, "receipt.json", "--trust", "trust.json")
    assert (plain.returncode, plain.stderr) == (0, "")
    assert told["receipt_hash"] in plain.stdout
    _refuse_changes(away, receipt.read_text())


def _refuse_changes(away: Path, text: str) -> None:
    """What was changed on the way is refused, by name, with its own exit code."""
    content: dict[str, Any] = json.loads(text)
    changes = {
        "hub's block": text.replace('"fee": "100"', '"fee": "101"'),
        "the call": text.replace(content["call"]["proof"]["signed"]["signature"][-8:], "0badbad0"),
        "provider's answer": text.replace(content["answer"]["acknowledgement"], "0x01"),
        "line 1": " " + text,
    }
    for part, changed in changes.items():
        assert changed != text
        (away / "changed.json").write_text(changed)
        done = offline(away, "changed.json", "--trust", "trust.json")
        assert done.returncode == 5, done.stderr
        assert part in done.stderr
    assert offline(away, "changed.json", "--trust", "receipt.json").returncode == 2


async def test_a_call_that_nobody_carried_is_shown_by_its_chain_and_the_hubs_silence(tmp_path: Path) -> None:
    async with running_network(tmp_path, "a", "b") as network:
        await network.a.greet(network.b.service, "is anybody there", 1)
        name = PacketName(network.a.client, True, Sequence(1))
        targets = [f"127.0.0.1:{one.port}" for one in network.attestors]
        sent = await until(lambda: sent_by_chain(network.hub, network.a.chain, name, targets))

        async def too_late() -> bool:
            await network.hub.request_block()
            return (await network.hub.status()).time >= sent.packet.timeout

        await until(too_late)
        silence = await Collector(network.hub).collect(name, None)
        told = verify(Receipt(call=sent, result=silence.result), await trust_of(network.hub))
    assert told.outcome is Outcome.NEVER_RECEIVED
    assert [step.part for step in told.steps] == [Part.CALL, Part.RESULT]
    assert told.question is not None
    assert told.question.service == network.b.service
