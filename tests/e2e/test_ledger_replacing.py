"""A ledger's client of its hub is frozen and begins anew by vote: packets of before and after get through. The hub
validator's key is the test's; hub, ledger, relayer and command are real.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.governance.proposals import Outcome
from console.amounts import address_text
from console.ledger_home import LedgerHome
from hub.clients.base import ClientStatus
from hub.clients.quorum import Config, Evidence, SignedCheckpoint, SignedElsewhere
from hub.proofs.eip712 import SaltDomain
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Hash
from tests.e2e.command import Done, ichub
from tests.e2e.network import until
from tests.e2e.node import VALIDATOR_KEY, devnet_node
from tests.e2e.trade import Trade, trade_with

DELAY_SECONDS = 600


class Admin:
    """bank-a's admin at a terminal, with one home at the ledger and one that knows the hub."""

    def __init__(self, folder: Path, trade: Trade, hub: str) -> None:
        self.home = LedgerHome(folder / "of the ledger")
        here = self.home.organisation("bank-a").member("chief")
        here[0].parent.mkdir(parents=True)
        for there, copy in zip(trade.world.files("bank-a/chief"), here, strict=True):
            shutil.copy(there, copy)
        self.home.authorities.parent.mkdir()
        shutil.copy(trade.world.authorities, self.home.authorities)
        self.home.config_file.write_text(f'ledger = "localhost:{trade.port}"\nmember = "bank-a/chief"\n')
        hub_home = folder / "of the hub"
        hub_home.mkdir()
        (hub_home / "config.toml").write_text(f'[tls]\nenabled = false\n[client]\nhub = "{hub}"\n')
        self.environment = {"ICHUB_LEDGER_HOME": str(self.home.path), "ICHUB_HOME": str(hub_home)}

    async def run(self, *words: str) -> Done:
        return await asyncio.to_thread(ichub, "ledger", "proposal", *words, "--json", environment=self.environment)

    async def type(self, *words: str) -> Any:
        """What a command says in JSON; it must be done."""
        done = await self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    async def refused(self, *words: str) -> Any:
        return json.loads((await self.run(*words)).stderr.splitlines()[-1])["error"]


@pytest.fixture
async def trade(tmp_path: Path) -> AsyncIterator[tuple[Trade, Admin]]:
    async with (
        devnet_node(tmp_path / "hub") as node,
        trade_with(node, tmp_path / "ledger") as made,
    ):
        change = a.ParameterChange("replacement_delay", DELAY_SECONDS)
        await made.decide(a.ChangeParameters((change,)))
        yield made, Admin(tmp_path, made, node.target)


async def freeze(trade: Trade) -> None:
    """Show the ledger two blocks of the hub at one height, both signed by its validator."""
    validators = SignerSet.of_equals(1, [address_of(VALIDATOR_KEY)])
    domain = SaltDomain(trade.ann.genesis_hash)
    true = (await trade.hub.checkpoint(trade.at_hub)).checkpoint
    shown = [
        SignedElsewhere(
            SignedCheckpoint(
                one, sign_quorum(validators, {validators.members[0].address: VALIDATOR_KEY}, one.digest(domain))
            ),
            domain,
        )
        for one in (true, msgspec.structs.replace(true, block_hash=Hash(b"\x66" * 32)))
    ]
    await trade.ann.submit([m.ReportQuorumMisbehaviour(trade.of_hub, Evidence(*shown))])


async def vote(trade: Trade, number: int) -> tuple[Outcome, str]:
    """Three of four organisations are for it; what became of it, and why."""
    for chief in trade.chiefs[:3]:
        await chief.submit([m.Vote(number, True)])
    found = await trade.ann.proposal(number)
    return found.outcome, found.reason


async def test_a_frozen_client_of_the_hub_begins_anew_by_vote_and_packets_pass(trade: tuple[Trade, Admin]) -> None:
    here, admin = trade
    async with here.relayer():
        await here.call_both_ways("before")
    nothing = await admin.refused("replace-client", "--apply")
    assert (nothing["reason"], nothing["exit_code"]) == ("NOT_ANNOUNCED", 2)
    await freeze(here)
    async with here.relayer() as relayer:
        waiting = await here.ask_desk("while frozen", within=DELAY_SECONDS + 300)

        async def told() -> bool:
            return any("client of the hub is frozen" in one for one in relayer.health().values())

        await until(told)
    announced = await admin.type("replace-client", "--trusting-period", "7200")
    assert (announced["client"], announced["chain"], announced["epoch"]) == (here.of_hub, "hub-test", 1)
    assert announced["validators"] == [f"{address_text(address_of(VALIDATOR_KEY))} (power 1)"]
    assert "--apply" in announced["done"]
    assert await vote(here, announced["number"]) == (Outcome.PASSED, "")
    early = await admin.type("replace-client", "--apply")
    assert "not before" in early["done"]
    assert await vote(here, early["number"]) == (Outcome.FAILED, "REPLACEMENT_NOT_RIPE")
    assert (await here.ann.client(here.of_hub)).status is ClientStatus.FROZEN
    here.world.clock.advance(DELAY_SECONDS)
    ripe = await admin.type("replace-client", "--apply")
    assert await vote(here, ripe["number"]) == (Outcome.PASSED, "")
    info = await here.ann.client(here.of_hub)
    assert isinstance(info.config, Config)
    assert (info.status, info.config.trusting_period) == (ClientStatus.ACTIVE, 7200)
    async with here.relayer() as relayer:
        assert await here.answered_by_desk(waiting) == b'{"text":"while frozen!"}'
        await here.call_both_ways("after")
        assert relayer.health() == {}


async def test_a_ledger_passes_to_no_other_hub_and_takes_back_what_it_announced(
    trade: tuple[Trade, Admin], tmp_path: Path
) -> None:
    here, admin = trade
    for words, reason in (
        (("replace-client", "--apply", "--cancel"), "MISUSED"),
        (("replace-client", "--apply", "--trusting-period", "7200"), "MISUSED"),
        (("replace-client", "quorum-9"), "CLIENT_NOT_FOUND"),
        (("replace-client", "--hub", "127.0.0.1:1"), "HUB_UNREACHABLE"),
    ):
        assert (await admin.refused(*words))["reason"] == reason, words
    async with devnet_node(tmp_path / "another", route_margin=6) as node:
        assert (await admin.refused("replace-client", "--hub", node.target))["reason"] == "ANOTHER_HUB"
    before = await here.ann.client(here.of_hub)
    for options in ((), ("--cancel",)):
        assert await vote(here, (await admin.type("replace-client", *options))["number"]) == (Outcome.PASSED, "")
    assert (await here.ann.client(here.of_hub)).replaceable_from == before.replaceable_from == 0
