"""A ledger is joined by votes: what one admin may do, where it stops, and that it goes on."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.permissioned.ledger import messages as m
from console.exits import Misused, Refused
from console.ledger_joining import JoinedLedger, NewLedger, VotesAwaited, add_ledger
from hub.client import HubClient
from relayers.config import LedgerTarget, load_relayer_config
from tests.e2e.command import Done, ichub
from tests.e2e.devnet_world import ICHUB, wait_for
from tests.e2e.ledger_person import Typing, free_port, running_ledger
from tests.e2e.node import devnet_node
from tests.e2e.trade import TRUST, Trade, trade_with


@pytest.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    """A ledger and a hub that know nothing of each other."""
    async with (
        devnet_node(tmp_path / "hub") as node,
        trade_with(node, tmp_path / "ledger", joined=False) as made,
    ):
        yield made


async def test_a_ledger_is_joined_as_its_organisations_vote(trade: Trade) -> None:
    """Each time it is run it does what it may: one admin is not enough, and nothing is proposed or made twice."""
    chief, *others = trade.chiefs
    plan = NewLedger("trade", trade.ann, [chief], *TRUST)

    async def join() -> JoinedLedger:
        return await add_ledger(plan, trade.hub, trade.operator, report=lambda _: None)

    for proposals in (1, 2):
        before = len(await trade.ann.proposals())
        for _ in range(2):
            with pytest.raises(VotesAwaited, match=r"has 1 of 4.*run this again") as awaited:
                await join()
        made = [one.number for one in (await trade.ann.proposals())[before:]]
        assert len(made) == proposals
        assert awaited.value.values == {"proposals": ", ".join(map(str, made))}
        for other in others[:2]:
            await other.submit([m.Vote(number, True) for number in made])
    joined = await join()
    assert await join() == joined
    assert (await trade.hub.client(joined.client_at_hub)).counterparty_client == joined.client_of_hub
    assert (await trade.ann.client(joined.client_of_hub)).counterparty_client == joined.client_at_hub
    assert len(await trade.hub.lanes()) == len(await trade.ann.lanes()) == 1
    assert len(await trade.hub.clients()) == 1


async def test_a_ledger_that_has_a_hub_is_left_to_it(trade: Trade, tmp_path: Path) -> None:
    await trade.connect()
    async with (
        devnet_node(tmp_path / "second", route_margin=6) as node,
        await HubClient.connect(node.target, insecure=True) as second,
    ):
        plan = NewLedger("trade", trade.ann, trade.chiefs, *TRUST)
        with pytest.raises(Refused, match=f"has its hub behind {trade.of_hub}"):
            await add_ledger(plan, second, trade.operator, report=lambda _: None)
        assert await second.clients() == ()


async def test_a_vote_that_is_lost_is_put_anew(trade: Trade) -> None:
    plan = NewLedger("trade", trade.ann, trade.chiefs[:1], *TRUST)

    async def join(plan: NewLedger) -> JoinedLedger:
        return await add_ledger(plan, trade.hub, trade.operator, report=lambda _: None)

    with pytest.raises(VotesAwaited):
        await join(plan)
    number = (await trade.ann.proposals())[-1].number
    for chief in trade.chiefs[1:3]:
        await chief.submit([m.Vote(number, False)])
    with pytest.raises(VotesAwaited, match=f"{number + 1} has 1 of 4"):
        await join(plan)
    with pytest.raises(Misused, match="keys of admins"):
        await join(replace(plan, admins=[]))


async def test_a_ledger_of_one_operator_is_believed_off_a_devnet_only_knowingly(tmp_path: Path) -> None:
    async with (
        devnet_node(tmp_path / "hub") as node,
        trade_with(node, tmp_path / "ledger", joined=False, devnet=False) as trade,
    ):
        plan = NewLedger("trade", trade.ann, trade.chiefs, *TRUST)
        with pytest.raises(Misused, match="with --accept-single-operator") as refused:
            await add_ledger(plan, trade.hub, trade.operator, report=lambda _: None)
        assert refused.value.reason == "SINGLE_OPERATOR"
        assert (await trade.hub.clients(), await trade.ann.proposals()) == ((), ())
        knowingly = replace(plan, accept_single_operator=True)
        joined = await add_ledger(knowingly, trade.hub, trade.operator, report=lambda _: None)
        assert (await trade.hub.client(joined.client_at_hub)).counterparty_client == joined.client_of_hub
        assert (await trade.ann.client(joined.client_of_hub)).counterparty_client == joined.client_at_hub


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Typing]:
    with running_ledger(tmp_path / "ledger") as typing:
        yield typing


@pytest.fixture
def hub_home(tmp_path: Path) -> Iterator[Path]:
    """Of a hub that runs."""
    home = tmp_path / "hub"
    done = ichub("init", "--home", str(home), "--devnet", "--listen", f"127.0.0.1:{free_port()}")
    assert done.returncode == 0, done.stderr
    with subprocess.Popen([str(ICHUB), "start", "--home", str(home)], stderr=subprocess.DEVNULL) as node:
        try:
            wait_for(lambda: ichub("chain", "list", "--home", str(home)).returncode == 0, 60)
            yield home
        finally:
            node.terminate()


def test_one_command_connects_a_ledger_or_says_whose_votes_it_needs(
    person: Typing, hub_home: Path, tmp_path: Path
) -> None:
    """bank-a's admin has its own home, with no keys of the others; they vote where theirs are."""
    whole, own = Path(person.environment["ICHUB_LEDGER_HOME"]), tmp_path / "bank-a"
    shutil.copytree(whole, own, ignore=shutil.ignore_patterns("*.sock", "data", "guard"))
    for name in ("bank-b", "customs", "port"):
        shutil.rmtree(own / "organisations" / name)
    relayer = tmp_path / "relayer"
    assert ichub("relayer", "init", str(relayer), "--home", str(hub_home)).returncode == 0
    words = ("--ledger", str(own), "--relayer-file", str(relayer / "config.toml"), "--relayer-as", "bank-a/ferry")

    def add(*more: str) -> Done:
        return ichub("chain", "add", "trade", "--home", str(hub_home), *more, "--json")

    assert "--ledger HOME" in add().stderr
    assert "--relayer-as" in add(*words[:4]).stderr
    assert "leave them out" in add(*words, "--rpc", "http://127.0.0.1:1").stderr
    for proposals in (["1"], ["2", "3"]):
        for _ in range(2):
            waiting = add(*words)
            assert waiting.returncode == 1, waiting.stderr
            error = json.loads(waiting.stderr.splitlines()[-1])["error"]
            assert (error["reason"], error["proposals"]) == ("VOTES_AWAITED", ", ".join(proposals))
        for number in proposals:
            for name in ("bank-b", "customs"):
                person.type("proposal", "vote", number, "--yes", "--as", f"{name}/admin")
    done = add(*words)
    assert done.returncode == 0, done.stderr
    told = json.loads(ichub("chain", "list", "--home", str(hub_home), "--json").stdout)
    assert [(one["chain"], one["client"], one["status"]) for one in told] == [("trade", "quorum-0", "active")]
    target = load_relayer_config(relayer / "config.toml").chains["trade"]
    assert isinstance(target, LedgerTarget)
    assert target.identity.certificate == own / "organisations" / "bank-a" / "members" / "ferry.pem"
    assert "already" in add(*words).stderr
