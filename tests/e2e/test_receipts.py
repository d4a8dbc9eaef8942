"""A call between two real chains, its receipt, and its verification where nothing runs any more."""

import asyncio
import json
import os
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from adapters.evm.finality import block_header
from adapters.permissioned.ledger import messages as ledger_messages
from console.certificates import make_certificates
from console.chains import write_chain
from console.devnet.accounts import Holder, dev_account
from console.devnet.anvil import rpc, url_of
from console.home import NodeHome
from hub.answers import RequestState, ServiceRequest
from hub.engine.errors import RateLimited
from hub.messages import Transfer
from hub.proofs.keccak import keccak256
from hub.quantities import Amount, UnixSeconds
from hub.receipts.document import read_document
from hub.receipts.statement import Part
from hub.receipts.trust import FORMAT as TRUST_FORMAT
from hub.receipts.trust import EvmChain, OwnChain, Trust
from hub.services.payload import InputEncoding, caller_account
from relayers.run import Payer, Relayer
from tests.anvil_chain import account
from tests.e2e.devnet_world import ICHUB, Devnet, wait_for
from tests.e2e.network import FEE, RELAYER, RHYTHM, Network, running_network, until
from tests.e2e.test_commands import CONSUMER
from tests.e2e.trade import ANN, Trade, trade_with
from tests.unit.node_world import genesis
from tests.unit.receipt_world import refuse_each_change

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
    of_ledger = str(devnet.folder / "ledger" / "genesis.json")
    assert devnet.json("receipt", "trust", "--out", str(trust), "--genesis", of_ledger)["missing"] == ""
    (tmp_path / "genesis.json").write_bytes(genesis().to_json())
    foreign = devnet.run("receipt", "trust", "--out", "no.json", "--genesis", str(tmp_path / "genesis.json"), code=2)
    assert "of no chain of this hub" in foreign.stderr
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


async def passed(network: Network, time: int) -> bool:
    """Whether the hub has shown that time."""
    with suppress(RateLimited):
        await network.hub.request_block()
    return (await network.hub.status()).time >= time


async def test_calls_that_nobody_carried_are_shown_by_their_chains_and_the_hubs_silence(tmp_path: Path) -> None:
    """By an EVM chain's attestors, over mutual TLS; and by a ledger's node."""
    for name in ("tls", "ledger", "home"):
        (tmp_path / name).mkdir()
    tls, home = make_certificates(tmp_path / "tls", ["localhost"]), tmp_path / "home"
    async with (
        running_network(tmp_path, "a", attestor_tls=tls) as network,
        trade_with(network.node, tmp_path / "ledger") as trade,
    ):
        (home / "config.toml").write_text(f'[tls]\nenabled = false\n[client]\nhub = "{network.node.target}"\n')
        await network.a.greet("echo", "is anybody there", 1)
        await trade.ask_hub("is anybody there", within=8)
        write_chain(NodeHome(home), network.a.chain)
        write_chain(NodeHome(home), trade.file())
        sent = (await network.a.endpoints.attempt(lambda endpoint: block_header(endpoint, "latest"))).timestamp
        over = max(sent, trade.world.clock.now()) + 8
        await until(lambda: passed(network, over))
        attestors = [f"--attestor=localhost:{one.port}" for one in network.attestors]
        files = [
            "--attestor-certificate",
            str(tls.authority),
            "--attestor-identity",
            str(tls.client),
            str(tls.client_key),
        ]
        told = {
            client: await ichub(home, "receipt", "export", f"{client}/in/1", "--out", str(home / client), *words)
            for client, words in ((network.a.client, [*attestors, *files]), (trade.at_hub, []))
        }
    for client, statement in told.items():
        assert statement["outcome"] == "never received"
        assert [row["part"] for row in statement["proven"]] == [Part.CALL, Part.RESULT]
        assert (statement["caller"]["client"], statement["service"]) == (client, "echo")


async def ichub(home: Path, *words: str) -> Any:
    """What a command says in JSON while the nodes run in this process; it must be done."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICHUB")}
    process = await asyncio.create_subprocess_exec(
        str(ICHUB), *words, "--json", env={**environment, "ICHUB_HOME": str(home)}, stdout=PIPE, stderr=PIPE
    )
    told, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return json.loads(told)


async def calls_across_a_ledger(network: Network, trade: Trade) -> dict[str, bytes]:
    """Calls that touch a ledger, each answered with what it asked for; their requests at the hub."""
    await network.a.greet("desk-note", "bill of lading", 300)
    await trade.ask_desk("hi")
    money = Transfer(caller_account(trade.at_hub, ANN.encode()), Amount(1000))
    await network.hub.submit([money], trade.operator)
    deadline, data = UnixSeconds(trade.world.clock.now() + 300), encode(["string"], ["out"])
    await trade.ann.submit([ledger_messages.CallService(network.a.service, InputEncoding.ABI, data, FEE, deadline)])
    relayer = Relayer(network.hub, Payer.of(bytes(account(RELAYER).key)), RHYTHM)
    relayer.relay({**network.targets(), "trade": trade.target()})
    try:

        async def settled() -> list[ServiceRequest]:
            found = [
                one for name in ("desk-note", network.a.service) for one in (await network.hub.requests(name)).items
            ]
            return found if [one.state for one in found] == [RequestState.SETTLED] * 3 else []

        requests = await until(settled)
    finally:
        await relayer.stop()
    assert [one.code for one in requests] == [200] * 3
    return {f"{one.caller_client or 'hub'} to {one.client}": one.request_id for one in requests}


async def test_calls_across_a_ledger_have_receipts_in_which_no_byte_can_be_changed(tmp_path: Path) -> None:
    """From an EVM chain to a ledger, from a ledger to an EVM chain, from a hub account to a ledger."""
    (tmp_path / "ledger").mkdir()
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    async with (
        running_network(tmp_path, "a") as network,
        trade_with(network.node, tmp_path / "ledger") as trade,
    ):
        requests = await calls_across_a_ledger(network, trade)
        (home / "config.toml").write_text(f'[tls]\nenabled = false\n[client]\nhub = "{network.node.target}"\n')
        written = {
            name: await ichub(home, "receipt", "export", "0x" + request.hex(), "--out", str(away / f"{name}.json"))
            for name, request in requests.items()
        }
        await ichub(home, "receipt", "trust", "--out", str(away / "trust.json"))
    whole, at_hub = list(Part), [one for one in Part if one not in {Part.CALL, Part.RESULT}]
    parts = {"attested-0 to quorum-0": whole, "quorum-0 to attested-0": whole, "hub to quorum-0": at_hub}
    assert {name: [row["part"] for row in told["proven"]] for name, told in written.items()} == parts
    trust = read_document(TRUST_FORMAT, Trust, (away / "trust.json").read_bytes())
    assert {type(one.chain) for one in trust.chains} == {OwnChain, EvmChain}
    for name, told in written.items():
        assert json.loads(offline(away, f"{name}.json", "--trust", "trust.json", "--json").stdout) == told
    for name in ("attested-0 to quorum-0", "quorum-0 to attested-0"):
        assert refuse_each_change((away / f"{name}.json").read_bytes(), trust, samples=1) > 200
    assert written["attested-0 to quorum-0"]["provider"] == {"client": "quorum-0", "identity": "desk"}
    assert written["quorum-0 to attested-0"]["caller"] == {"client": "quorum-0", "identity": ANN}
