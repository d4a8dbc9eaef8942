"""A ledger is joined by votes: what one admin may do, where it stops, and that it goes on."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.permissioned.ledger import messages as m
from console.exits import Misused
from console.ledger_joining import JoinedLedger, NewLedger, VotesAwaited, add_ledger
from hub.client import HubClient
from tests.e2e.node import devnet_node
from tests.e2e.trade import TRUST, Trade, trade_with


@pytest.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    """A ledger and a hub that know nothing of each other."""
    async with (
        devnet_node(tmp_path / "hub") as node,
        await HubClient.connect(node.target, insecure=True) as hub,
        trade_with(hub, tmp_path / "ledger", joined=False) as made,
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
