"""A real node process, killed -9 under load: nothing acknowledged is lost, no event is seen twice or never, and the
blocks executed again give the same roots."""

import asyncio
import shutil
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.answers import Receipt
from hub.chain_node import open_store
from hub.client import HubClient
from hub.engine.cells import META_FORMAT
from hub.engine.database import synced
from hub.engine.errors import CheckpointWithheld, GuardMissing, StoreLost, StoreMissing
from hub.engine.store import COMMIT_STEPS, Store
from hub.events import Transferred
from hub.messages import Transfer
from hub.node import Node, NodeConfig, replay_node, running_node
from hub.quantities import Amount, Hash, Height
from tests.faults.killable import Killable, ended, killed_at_the_end, reached
from tests.unit.counting_service import connected
from tests.unit.node_world import ADDRESSES, BALANCE, KEYS, SIGNERS, VALIDATOR, genesis

PAYERS = [number for number in range(len(KEYS)) if number != VALIDATOR]


class Home(Killable):
    """Where a node keeps what it has, and the process that has it open."""

    def __init__(self, folder: Path) -> None:
        super().__init__("tests.faults.node_process")
        self.store, self.guard = folder / "store", folder / "guard.sqlite"
        self.began = int(time.time())

    async def start(self, die_at: str = "") -> None:
        await self.launch(self.store, self.guard, self.port, self.began, die_at)

    async def connect(self) -> HubClient:
        return await HubClient.connect(f"127.0.0.1:{self.port}", insecure=True)

    def config(self) -> NodeConfig:
        return NodeConfig(genesis(self.began), self.store, self.guard, listen="127.0.0.1:0")


@asynccontextmanager
async def in_process(home: Home) -> AsyncIterator[tuple[Node, HubClient]]:
    async with (
        running_node(home.config(), SIGNERS[VALIDATOR]) as node,
        await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as hub,
    ):
        yield node, hub


async def pay_on(hub: HubClient, who: int, acknowledged: list[tuple[int, Receipt]], until: asyncio.Event) -> None:
    """One payment after another, each of another amount, through whatever happens to the node."""
    amount = 0
    while not until.is_set():
        amount += 1
        payment = Transfer(ADDRESSES[VALIDATOR], Amount(amount))
        acknowledged.append((amount, await hub.submit([payment], SIGNERS[who], valid_seconds=600)))


async def watch_all(hub: HubClient, seen: list[tuple[int, int, Transferred]], heights: list[int]) -> None:
    async for block in hub.watch(Height(1), [Transferred]):
        heights.append(block.height)
        for record in block.events:
            assert isinstance(record.event, Transferred)
            seen.append((record.height, record.index, record.event))


async def check_all(
    home: Home, acknowledged: dict[int, list[tuple[int, Receipt]]], seen: list[tuple[int, int, Transferred]]
) -> None:
    """Every acknowledged payment stands where it was said to stand, once; and every event was seen, once, in order."""
    async with await home.connect() as hub:
        for who, payments in acknowledged.items():
            for amount, receipt in payments:
                found, sent = await hub.transaction(receipt.hash)
                assert (found.height, found.index) == (receipt.height, receipt.index)
                assert sent.transaction.messages == (Transfer(ADDRESSES[VALIDATOR], Amount(amount)),)
            paid = sum(amount for amount, _ in payments)
            account = await hub.account(ADDRESSES[who])
            assert (account.balance, account.nonce) == (BALANCE - paid, len(payments))
    assert seen == sorted(seen, key=lambda one: one[:2])
    assert len({one[:2] for one in seen}) == len(seen)
    paid_by = {who: [event.amount for _, _, event in seen if event.sender == ADDRESSES[who]] for who in acknowledged}
    assert paid_by == {who: [amount for amount, _ in payments] for who, payments in acknowledged.items()}


async def load(home: Home, faults: int) -> None:
    """Payments and a watcher, while the node is killed and started again and again."""
    acknowledged: dict[int, list[tuple[int, Receipt]]] = {who: [] for who in PAYERS[:4]}
    seen: list[tuple[int, int, Transferred]] = []
    heights: list[int] = []
    until = asyncio.Event()
    async with await home.connect() as hub, await home.connect() as watcher:
        payers = [asyncio.create_task(pay_on(hub, who, paid, until)) for who, paid in acknowledged.items()]
        watching = asyncio.create_task(watch_all(watcher, seen, heights))
        for fault in range(faults):
            enough = 20 * (fault + 1)
            await reached(lambda: sum(map(len, acknowledged.values())) >= enough, *payers, watching)  # noqa: B023
            await home.kill()
            await home.start()
        until.set()
        await asyncio.gather(*payers)
        last = max(receipt.height for paid in acknowledged.values() for _, receipt in paid)
        await reached(lambda: bool(heights) and heights[-1] >= last, watching)
        await ended(watching)
    assert heights == sorted(set(heights))
    await check_all(home, acknowledged, seen)


async def test_killed_under_load_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    async with killed_at_the_end(Home(tmp_path)) as home:
        await home.start()
        await load(home, faults=3)
        assert await home.kill(signal.SIGTERM) == 0
    replayed = replay_node(home.config(), tmp_path / "again")
    assert replayed > 0


@pytest.mark.parametrize("step", COMMIT_STEPS)
async def test_killed_at_each_step_of_a_commit(tmp_path: Path, step: str) -> None:
    """What was acknowledged is there; what was not is there whole or not at all, and sending it again does it once."""
    async with killed_at_the_end(Home(tmp_path)) as home:
        await home.start(die_at=f"{step}:4")
        acknowledged: list[tuple[int, Receipt]] = []
        until = asyncio.Event()
        async with await home.connect() as hub:
            paying = asyncio.create_task(pay_on(hub, 0, acknowledged, until))
            await home.died()
            before = len(acknowledged)
            await home.start()
            await reached(lambda: len(acknowledged) >= before + 2, paying)
            until.set()
            await paying
            account = await hub.account(ADDRESSES[0])
            assert account.nonce == len(acknowledged)
            assert account.balance == BALANCE - sum(amount for amount, _ in acknowledged)
        await home.kill(signal.SIGTERM)
    assert replay_node(home.config(), tmp_path / "again") >= len(acknowledged)


async def test_stopped_with_open_streams_it_ends_at_once_and_soundly(tmp_path: Path) -> None:
    async with killed_at_the_end(Home(tmp_path)) as home:
        await home.start()
        seen: list[tuple[int, int, Transferred]] = []
        heights: list[int] = []
        async with await home.connect() as hub:
            watching = asyncio.create_task(watch_all(hub, seen, heights))
            await hub.submit([Transfer(ADDRESSES[VALIDATOR], Amount(1))], SIGNERS[0])
            await reached(lambda: bool(seen), watching)
            began = time.monotonic()
            assert await home.kill(signal.SIGTERM) == 0
            assert time.monotonic() - began < 10
            await home.start()
            await hub.submit([Transfer(ADDRESSES[VALIDATOR], Amount(2))], SIGNERS[0])
            await reached(lambda: len(seen) == 2, watching)
            await ended(watching)
        assert [event.amount for _, _, event in seen] == [1, 2]


async def test_an_old_backup_signs_nothing_twice_differently(tmp_path: Path) -> None:
    """The store is copied, goes on, is lost and brought back: the guard, not in it, keeps the validator honest."""
    home = Home(tmp_path)
    async with in_process(home) as (node, hub):
        await connected(hub)
        early = await hub.checkpoint("quorum-0", Height(1))
        node.store.backup(tmp_path / "backup")
        for _ in range(3):
            await hub.submit([Transfer(ADDRESSES[VALIDATOR], Amount(1))], SIGNERS[0])
        late = await hub.checkpoint("quorum-0", Height(3))
    shutil.rmtree(home.store)
    (tmp_path / "backup").rename(home.store)
    async with in_process(home) as (_, hub):
        assert (await hub.status()).height == 1
        # What was signed, and lies in the past that both histories share, is signed again, and just so.
        assert await hub.checkpoint("quorum-0", Height(1)) == early
        # The lost blocks are made anew, differently: none of them is signed, nor anything built upon them.
        for height in (2, 3, 4):
            await hub.submit([Transfer(ADDRESSES[VALIDATOR], Amount(7))], SIGNERS[0])
            with pytest.raises(CheckpointWithheld):
                await hub.checkpoint("quorum-0", Height(height))
        assert (await hub.block(Height(3))).hash != late.checkpoint.block_hash


async def test_a_node_whose_store_is_gone_begins_no_second_history(tmp_path: Path) -> None:
    """A disk that was not mounted: what was accepted then would be lost when it is."""
    home = Home(tmp_path)
    async with in_process(home) as (_, hub):
        await connected(hub)
        await hub.checkpoint("quorum-0", Height(1))
    home.store.rename(tmp_path / "elsewhere")
    home.store.mkdir()
    for signer in (SIGNERS[VALIDATOR], None):
        with pytest.raises(StoreLost) as refusal:
            async with running_node(home.config(), signer):
                pass
        assert (refusal.value.signed, list(home.store.iterdir())) == (1, [])
    home.store.rmdir()
    (tmp_path / "elsewhere").rename(home.store)
    async with in_process(home) as (_, hub):
        assert (await hub.status()).height == 1


def left_by_a_creation(store: Path, genesis_hash: Hash, what: str) -> None:
    """What is on the disk after a start that was killed before the first block."""
    match what:
        case "an empty folder":
            store.mkdir()
        case "another's folder":  # of a disk that was made just now
            (store / "lost+found").mkdir(parents=True)
        case "no database yet":
            Store.create(store, genesis_hash).close()
            for file in store.iterdir():
                if file.name == "CURRENT" or file.suffix in (".log", ".sst"):
                    file.unlink()
        case "no marks yet":
            made = Store.create(store, genesis_hash)
            made._database.delete(META_FORMAT, synced())
            made.close()


@pytest.mark.parametrize("left", ["an empty folder", "another's folder", "no database yet", "no marks yet"])
def test_a_start_that_was_cut_short_is_begun_again(tmp_path: Path, left: str) -> None:
    config = Home(tmp_path).config()
    left_by_a_creation(config.store, config.genesis.hash(), left)
    for _ in range(2):
        open_store(config).close()


def test_a_store_that_has_lost_its_first_file_is_not_begun_again(tmp_path: Path) -> None:
    config = Home(tmp_path).config()
    open_store(config).close()
    (config.store / "CURRENT").unlink()
    before = sorted(file.name for file in config.store.iterdir())
    with pytest.raises(StoreMissing):
        open_store(config)
    assert sorted(file.name for file in config.store.iterdir()) == before


async def test_a_node_whose_guard_is_gone_does_not_start(tmp_path: Path) -> None:
    home = Home(tmp_path)
    async with running_node(home.config(), SIGNERS[VALIDATOR]) as node:
        await node.engine.request_block()
    home.guard.unlink()
    with pytest.raises(GuardMissing):
        async with running_node(home.config(), SIGNERS[VALIDATOR]):
            pass
    async with running_node(home.config(), None) as node:  # without its key it may read and serve
        assert node.ledger.head.height == 1
