"""A ledger's node, killed -9 at every step of what it commits, on the ledger and beside it: what was acknowledged is
there, what was not is there whole or not at all, private values are given to nobody else and are gone in time.
"""

import asyncio
import signal
import sqlite3
import stat
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.permissioned.ledger.answers import Receipt
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.events import RecordWritten
from adapters.permissioned.ledger.contracts.private import private_place, salted_hash
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.messages import InvokeContract
from adapters.permissioned.ledger.node import replay_ledger
from adapters.permissioned.ledger.private.errors import PrivateValueMissing, PrivateValueOver
from adapters.permissioned.ledger.private.store import WRITE_STEPS
from hub.engine.store import COMMIT_STEPS
from hub.quantities import Height
from hub.rpc.calling import BUSY, OUT_OF_REACH
from tests.faults.killable import Killable, ended, killed_at_the_end, reached
from tests.faults.ledger_process import node_config
from tests.unit.ledger_node_world import Board, LedgerNodeWorld, Note, Sealed, installed_with

ANN, BEN, STRANGER = "bank-a/ann", "bank-b/ben", "port/pat"
KEEPERS = ("bank-a", "bank-b")


class Home(Killable):
    """A ledger's files, and the process that has them open."""

    def __init__(self, folder: Path) -> None:
        super().__init__("tests.faults.ledger_process")
        self.world = LedgerNodeWorld(folder)
        (folder / "genesis.json").write_bytes(self.world.genesis.to_json())
        for member in (ANN, BEN, STRANGER):
            self.world.issue(member)
        self.folder = folder

    async def start(self, die_at: str = "") -> None:
        await self.launch(self.folder, self.port, die_at)

    async def connect(self, member: str) -> LedgerClient:
        certificate, key = self.world.files(member)
        return await LedgerClient.connect(
            f"localhost:{self.port}", authorities=self.world.authorities, certificate=certificate, key=key
        )

    def replay(self, into: Path) -> Height:
        """Execute all blocks of the stopped node again: roots, results and events must be equal."""
        return replay_ledger(node_config(self.folder), installed_with(Board), into)

    def kept(self) -> set[tuple[bytes, bytes, bytes]]:
        """What the stopped node has on its disk: place, hash, value."""
        with closing(sqlite3.connect(self.folder / "node" / "private.db")) as database:
            return set(database.execute("SELECT place, salted_hash, value FROM kept_values"))

    def disk(self) -> bytes:
        """All bytes of private values' files, journals too; each is its owner's alone."""
        files = list((self.folder / "node").glob("private.db*"))
        assert [stat.S_IMODE(file.stat().st_mode) & 0o077 for file in files] == [0] * len(files)
        return b"".join(file.read_bytes() for file in files)


def name_of(member: str, number: int) -> str:
    """Of a note, and of a private value."""
    return f"{member.partition('/')[2]} {number}"


def value_of(number: int) -> bytes:
    return b"the price of shipment %d is a secret" % number


def salt_of(number: int) -> bytes:
    return sha256(b"salt %d" % number).digest()


class Writer:
    """A member that pins notes, seals values and gives them, one after the other, whatever happens to the node."""

    def __init__(self, ledger: LedgerClient, keep_for: int = 3600) -> None:
        self._ledger = ledger
        self._keep_for = keep_for
        self.sealed: list[Receipt] = []
        self.given = 0

    @property
    def tried(self) -> int:
        """How many values it has given, or tries to."""
        return self.given + 1

    async def one(self) -> None:
        number = self.tried
        name, hashed = name_of(self._ledger.member, number), salted_hash(salt_of(number), value_of(number))
        messages = [
            InvokeContract("board", "pin", write_json(Note(name, "shipped"))),
            InvokeContract("board", "seal", write_json(Sealed(name, hashed, KEEPERS, self._keep_for))),
        ]
        self.sealed.append(await self._ledger.submit(messages, valid_seconds=600))
        await patiently(
            lambda: self._ledger.put_private("board", "sealed", (name,), value=value_of(number), salt=salt_of(number))
        )
        self.given = number

    async def write_on(self, until: asyncio.Event) -> None:
        while not until.is_set():
            await self.one()


async def patiently(what: Callable[[], Awaitable[object]]) -> None:
    """Until the node is there again."""
    async with asyncio.timeout(60):
        while True:
            try:
                await what()
                return
            except (*OUT_OF_REACH, *BUSY):
                await asyncio.sleep(0.05)


async def check(home: Home, writers: dict[str, Writer], seen: list[RecordWritten]) -> None:
    """Everything acknowledged stands where it was said to stand; all values are whole, for their keepers alone."""
    async with await home.connect(ANN) as ann, await home.connect(BEN) as ben:
        assert (await ann.status()).height > 0
        for member, writer in writers.items():
            for receipt in writer.sealed:
                found, _ = await ann.transaction(receipt.hash)
                assert (found.height, found.index) == (receipt.height, receipt.index)
            for number in range(1, writer.given + 1):
                for keeper in (ann, ben):
                    given = await keeper.get_private("board", "sealed", (name_of(member, number),))
                    assert (given.value, given.salt) == (value_of(number), salt_of(number))
            changes = await ann.history("board", "notes", name_of(member, 1))
            assert [one.caller for one in changes] == [member]
    notes = [event.key for event in seen if event.collection == "notes"]
    assert len(notes) == len(set(notes)), "an event was seen twice"
    assert sorted(notes) == sorted(
        name_of(who, n + 1) for who, writer in writers.items() for n in range(len(writer.sealed))
    )


def check_disk(home: Home, writers: dict[str, Writer]) -> None:
    """On the stopped node's disk there is each value that was acknowledged, and none for which there is no hash."""
    kept = home.kept()
    at_least, at_most = (
        {
            (private_place("board", "sealed", (name_of(who, n),)), salted_hash(salt_of(n), value_of(n)), value_of(n))
            for who, writer in writers.items()
            for n in range(1, last(writer) + 1)
        }
        for last in (lambda writer: writer.given, lambda writer: len(writer.sealed))
    )
    assert at_least <= kept <= at_most
    home.disk()


async def work(home: Home, faults: int = 0) -> None:
    """Two members write while the node is killed and started again, a watcher sees all."""
    seen: list[RecordWritten] = []
    heights: list[int] = []
    until = asyncio.Event()
    async with await home.connect(ANN) as ann, await home.connect(BEN) as ben, await home.connect(BEN) as watcher:
        for member in (ann, ben):
            await member.enrol()

        async def watch() -> None:
            async for block in watcher.watch(Height(1), [RecordWritten]):
                heights.append(block.height)
                seen.extend(record.event for record in block.events if isinstance(record.event, RecordWritten))

        writers = {ANN: Writer(ann), BEN: Writer(ben)}
        writing = [asyncio.create_task(writer.write_on(until)) for writer in writers.values()]
        watching = asyncio.create_task(watch())
        for fault in range(faults):
            enough = 10 * (fault + 1)
            await reached(lambda: sum(one.given for one in writers.values()) >= enough, *writing, watching)  # noqa: B023
            await home.kill()
            await home.start()
        before = {who: writer.given for who, writer in writers.items()}
        await reached(lambda: all(one.given > before[who] for who, one in writers.items()), *writing, watching)
        until.set()
        await asyncio.gather(*writing)
        last = max(receipt.height for writer in writers.values() for receipt in writer.sealed)
        await reached(lambda: bool(heights) and heights[-1] >= last, watching)
        await ended(watching)
    assert heights == sorted(set(heights))
    await check(home, writers, seen)
    assert await home.kill(signal.SIGTERM) == 0
    check_disk(home, writers)
    assert home.replay(home.folder / "again") >= last


async def test_killed_under_load_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    async with killed_at_the_end(Home(tmp_path)) as home:
        await home.start()
        await work(home, faults=3)


async def at_step(home: Home, step: str, number: int) -> None:
    """The node dies at a step; what is sent again then is done once."""
    await home.start(f"{step}:{number}")
    until, seen = asyncio.Event(), list[RecordWritten]()
    async with await home.connect(ANN) as ann:
        await ann.enrol()
        writer = Writer(ann)
        writing = asyncio.create_task(writer.write_on(until))
        await home.died()
        before = writer.given
        await home.start()
        await reached(lambda: writer.given >= before + 2, writing)
        until.set()
        await writing
        assert (await ann.whoami()).nonce == len(writer.sealed) + 1
        last = writer.sealed[-1].height
        async for block in ann.watch(Height(1), [RecordWritten]):
            seen.extend(record.event for record in block.events if isinstance(record.event, RecordWritten))
            if block.height >= last:
                break
    await check(home, {ANN: writer}, seen)
    assert await home.kill(signal.SIGTERM) == 0
    check_disk(home, {ANN: writer})
    assert home.replay(home.folder / "again") >= last


@pytest.mark.parametrize("step", COMMIT_STEPS)
async def test_killed_at_each_step_of_a_commit(tmp_path: Path, step: str) -> None:
    async with killed_at_the_end(Home(tmp_path)) as home:
        await at_step(home, step, 4)


@pytest.mark.parametrize("step", WRITE_STEPS)
async def test_killed_at_each_step_of_keeping_a_private_value(tmp_path: Path, step: str) -> None:
    async with killed_at_the_end(Home(tmp_path)) as home:
        await at_step(home, f"put {step}", 2)


@pytest.mark.parametrize("step", ["changed", "written"])
async def test_killed_while_a_private_value_is_purged_it_is_gone_after(tmp_path: Path, step: str) -> None:
    """Neither given nor on the disk, in whatever state the deletion was left."""
    async with killed_at_the_end(Home(tmp_path)) as home:
        await home.start(f"purge {step}:1")
        async with await home.connect(ANN) as ann:
            await ann.enrol()
            writer = Writer(ann, keep_for=2)
            await writer.one()
            assert value_of(1) in home.disk()
            await home.died()
            await home.start()
            gone = time.monotonic() + 30
            while value_of(1) in home.disk():
                assert time.monotonic() < gone, "it was not purged"
                await asyncio.sleep(0.05)
            with pytest.raises((PrivateValueOver, PrivateValueMissing)):
                await ann.get_private("board", "sealed", (name_of(ANN, 1),))
        assert await home.kill(signal.SIGTERM) == 0
        assert home.kept() == set()
        assert value_of(1) not in home.disk()
