"""Many members of four banks ask a running node, all at once, to pledge the same receivables to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.interface import Record
from adapters.permissioned.ledger.contracts.values import read_json, write_json
from adapters.permissioned.ledger.messages import InvokeContract
from adapters.permissioned.ledger.node import replay_ledger
from adapters.permissioned.ledger.receivables.contract import ReceivablesContract
from adapters.permissioned.ledger.receivables.errors import AlreadyFinanced, NearDuplicatesPledged
from adapters.permissioned.ledger.receivables.identity import Receivable, identify
from adapters.permissioned.ledger.receivables.records import ById, Listing, Pledge, Standing, Standings, State
from hub.answers import ReceiptOf
from hub.chain_node import Node
from tests.unit.ledger_node_world import ORGANISATIONS, LedgerNodeWorld

RECEIVABLES = [Receivable("DE 811 128 135", f"buyer {n}", f"INV-{n}", 1000 + n, "EUR", "2026-11-02") for n in range(6)]


def message(method: str, argument: Record) -> InvokeContract:
    return InvokeContract("receivables", method, write_json(argument))


def pledge(invoice: Receivable) -> InvokeContract:
    return message("pledge", Pledge(identify(invoice).receivable_id))


@pytest.fixture
def world(tmp_path: Path) -> LedgerNodeWorld:
    return LedgerNodeWorld(tmp_path, ReceivablesContract)


@pytest.fixture
async def node(world: LedgerNodeWorld) -> AsyncIterator[Node]:
    async with world.running() as running:
        yield running


@asynccontextmanager
async def enrolled(world: LedgerNodeWorld, node: Node, *members: str) -> AsyncIterator[list[LedgerClient]]:
    async with AsyncExitStack() as stack:
        connections = [await world.connect(node, member, "member") for member in members]
        clients = [await stack.enter_async_context(one) for one in connections]
        await asyncio.gather(*(client.enrol() for client in clients))
        yield clients


@pytest.fixture
async def bankers(world: LedgerNodeWorld, node: Node) -> AsyncIterator[list[LedgerClient]]:
    """Three enrolled members of each bank, each with a connection of its own."""
    members = [f"{bank}/teller-{number}" for number in range(3) for bank in ORGANISATIONS]
    async with enrolled(world, node, *members) as clients:
        yield clients


async def test_of_all_who_pledge_at_once_one_bank_wins_each(
    world: LedgerNodeWorld, node: Node, bankers: list[LedgerClient]
) -> None:
    await bankers[0].submit([message("register", invoice) for invoice in RECEIVABLES])

    async def attempt(place: int, client: LedgerClient) -> list[ReceiptOf[Any] | BaseException]:
        """Each begins with another one, and sends without trying out: what collides does so in the block."""
        turned = RECEIVABLES[place % 6 :] + RECEIVABLES[: place % 6]
        sent = (client.submit([pledge(invoice)], simulate=False) for invoice in turned)
        done = await asyncio.gather(*sent, return_exceptions=True)
        return [*done[6 - place % 6 :], *done[: 6 - place % 6]]

    done = await asyncio.gather(*(attempt(place, client) for place, client in enumerate(bankers)))
    for number, invoice in enumerate(RECEIVABLES):
        outcomes = [each[number] for each in done]
        (winner,) = [at for at, one in enumerate(outcomes) if not isinstance(one, BaseException)]
        losers = [one for at, one in enumerate(outcomes) if at != winner]
        assert {type(one) for one in losers} == {AlreadyFinanced}
        bank = bankers[winner].member.partition("/")[0]
        receivable_id = identify(invoice).receivable_id
        asked = await bankers[winner].query("receivables", "status", write_json(ById(receivable_id)))
        found = read_json(Standing, asked)
        assert (found.state, found.holder) == (State.PLEDGED, bank)
        changes = await bankers[0].history("receivables", "receivables", "0x" + receivable_id.hex())
        assert [one.signers[0].member for one in changes] == [bankers[0].member, bankers[winner].member]
    held = []
    for client in bankers[:4]:
        found = read_json(Standings, await client.query("receivables", "held", write_json(Listing(100))))
        held += [one.receivable_id for one in found.receivables]
    assert sorted(held) == sorted(identify(invoice).receivable_id for invoice in RECEIVABLES)


async def test_of_near_duplicates_one_is_financed_and_the_others_banks_are_told(
    world: LedgerNodeWorld, node: Node, bankers: list[LedgerClient]
) -> None:
    alike = [
        Receivable("DE 811 128 135", "buyer", f"2026/004{end}", 1000, "EUR", "2026-11-02")
        for end in ("2", "2A", "2-B", "3")
    ]
    asked = [
        client.submit([message("register", invoice), pledge(invoice)], simulate=False)
        for client, invoice in zip(bankers, alike, strict=False)
    ]
    done = await asyncio.gather(*asked, return_exceptions=True)
    (winner,) = [at for at, one in enumerate(done) if not isinstance(one, BaseException)]
    for at, one in enumerate(done):
        if at != winner:
            assert isinstance(one, NearDuplicatesPledged)
            assert identify(alike[winner]).receivable_id.hex() in str(one)


async def test_the_race_replays_to_the_same_root(tmp_path: Path) -> None:
    world = LedgerNodeWorld(tmp_path, ReceivablesContract)
    both = [message("register", RECEIVABLES[0]), pledge(RECEIVABLES[0])]
    members = [f"{bank}/ann" for bank in ORGANISATIONS]
    async with world.running() as node, enrolled(world, node, *members) as clients:
        sent = (client.submit(both, simulate=False) for client in clients)
        done = await asyncio.gather(*sent, return_exceptions=True)
        assert sum(not isinstance(one, BaseException) for one in done) == 1
        head = node.ledger.head
    assert replay_ledger(world.config(world._genesis), world.installed, tmp_path / "again") >= head.height
