"""A relayer's cursor: what it spares a relayer that starts again, and that it is never believed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path as FilePath
from typing import Any, cast

import pytest

from adapters.chain import Chain
from adapters.errors import NotProvable
from hub.client import HubClient
from hub.events import AcknowledgementWritten, PacketReceived, PacketSent, PacketTimedOut
from hub.ibc.identifiers import ClientId
from hub.messages import RespondService
from hub.quantities import Hash, Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from hub.services import requests
from hub.signer import KeySigner
from relayers.cursor import CursorFile
from relayers.metrics import RelayerMetrics
from relayers.packets import PacketRelayer, Path, Rhythm
from relayers.world import World as Knowledge
from tests.unit.hub_chain import PROVIDER, RELAYER
from tests.unit.ledger_adapter_world import World
from tests.vectors.generate_quorum import KEYS

GENESIS = Hash(b"\x01" * 32)
AT_HUB, OF_HUB = ClientId("attested-0"), ClientId("quorum-0")


class BlocksAlone:
    """Of a chain only its final blocks, from 10 to 50."""

    name = "alpha"
    client_at_hub, client_of_hub = AT_HUB, OF_HUB
    first_height = Height(10)

    def __init__(self, history: bytes = b"\x07", *, newest: int = 50, silent: bool = False) -> None:
        self.history, self.newest, self.silent = history, Height(newest), silent

    async def certified(self, height: Height) -> Hash:
        if self.silent or height > self.newest:
            raise NotProvable(self.name, height, "nobody signs")
        return Hash(self.history * 31 + bytes([height]))


def chain(**given: Any) -> Chain:
    return cast(Chain, BlocksAlone(**given))


async def saved(file: FilePath, height: int = 40) -> CursorFile:
    cursor = CursorFile(file, GENESIS)
    cursor.save(chain(), Height(height), await chain().certified(Height(height)))
    return cursor


async def test_what_was_kept_is_gone_on_from(tmp_path: FilePath) -> None:
    file = tmp_path / "cursors" / "attested-0.json"
    cursor = await saved(file)
    assert await cursor.resume(chain()) == 41
    await saved(file, 45)
    assert await cursor.resume(chain()) == 46
    assert list(file.parent.iterdir()) == [file]


def a_folder(file: FilePath) -> None:
    file.unlink()
    file.mkdir()


NOT_USED: dict[str, tuple[Callable[[FilePath], object], dict[str, Any]]] = {
    "none": (FilePath.unlink, {}),
    "empty": (lambda file: file.write_bytes(b""), {}),
    "cut off": (lambda file: file.write_bytes(file.read_bytes()[:40]), {}),
    "no text": (lambda file: file.write_bytes(b"\xff\x00"), {}),
    "no number": (lambda file: file.write_text(file.read_text().replace("40", '"forty"')), {}),
    "a field more": (lambda file: file.write_text(file.read_text().replace("{", '{"more":1,')), {}),
    "below the first block": (lambda file: file.write_text(file.read_text().replace("40", "-40")), {}),
    "of another hub": (lambda file: file.write_text(file.read_text().replace("0101", "0202")), {}),
    "of another client": (lambda file: file.write_text(file.read_text().replace("attested-0", "attested-1")), {}),
    "of another counterparty": (lambda file: file.write_text(file.read_text().replace("quorum-0", "quorum-1")), {}),
    "of another height": (lambda file: file.write_text(file.read_text().replace("40", "41", 1)), {}),
    "of another history": (lambda _: None, {"history": b"\x08"}),
    "of a chain that has begun anew": (lambda _: None, {"newest": 20}),
    "a folder": (a_folder, {}),
}


@pytest.mark.parametrize("case", NOT_USED)
async def test_a_cursor_that_is_not_the_path_s_has_all_read_again(tmp_path: FilePath, case: str) -> None:
    file = tmp_path / "attested-0.json"
    cursor = await saved(file)
    spoil, given = NOT_USED[case]
    spoil(file)
    assert await cursor.resume(chain(**given)) == 10


async def test_while_nobody_can_tell_nothing_is_taken_for_granted(tmp_path: FilePath) -> None:
    """And nothing waits: what is told to a chain of its old packets needs nobody who signs for it."""
    cursor = await saved(tmp_path / "attested-0.json")
    assert await cursor.resume(chain(silent=True)) == 10
    assert await cursor.resume(chain()) == 41


def sent(sequence: int, source: ClientId, destination: ClientId) -> PacketSent:
    return PacketSent(source, destination, PacketSequence(sequence), UnixSeconds(99), "p", "p", "1", "e", b"v", 1)


def test_nothing_that_is_open_is_left_behind() -> None:
    """Each thing that a relayer which starts again must read, alone and with those before it."""
    known = Knowledge(AT_HUB, OF_HUB)
    known.read_up_to = Height(100)
    assert known.settled_up_to(None) == 100
    known.to_chain.learn(sent(1, AT_HUB, OF_HUB), Height(3))
    assert known.settled_up_to(None) == 100, "the hub lists its own open packets"
    assert known.settled_up_to(Height(90)) == 89
    known.to_chain.learn(PacketReceived(AT_HUB, OF_HUB, PacketSequence(1)), Height(80))
    assert known.settled_up_to(None) == 79, "or it would be taken for one that can time out"
    known.to_chain.learn(AcknowledgementWritten(AT_HUB, OF_HUB, PacketSequence(1), b"\x01"), Height(85))
    assert known.settled_up_to(None) == 79
    known.to_hub.learn(sent(1, OF_HUB, AT_HUB), Height(70))
    assert known.settled_up_to(None) == 69
    known.to_hub.learn(PacketReceived(OF_HUB, AT_HUB, PacketSequence(1)), Height(2))
    assert known.settled_up_to(None) == 69, "a height of the hub"
    known.to_hub.learn(PacketTimedOut(OF_HUB, AT_HUB, PacketSequence(1)), Height(95))
    known.to_chain.learn(PacketTimedOut(AT_HUB, OF_HUB, PacketSequence(1)), Height(6))
    assert known.settled_up_to(Height(90)) == 89
    assert known.settled_up_to(None) == 100


QUICK = Rhythm(poll_s=0.01, retry_s=0.01, hold_s=0.01, cursor_s=0.01)


@asynccontextmanager
async def relaying(world: World, cursor: CursorFile, rhythm: Rhythm = QUICK) -> AsyncIterator[None]:
    path = Path(
        cast(HubClient, world.hub_node),
        KeySigner(KEYS[RELAYER]),
        cast(Chain, world.chain),
        rhythm=rhythm,
        cursor=cursor,
    )
    running = asyncio.create_task(PacketRelayer(path, RelayerMetrics()).run())
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(what: Callable[[], bool]) -> None:
    while not what():  # noqa: ASYNC110  # a machine tells nobody
        await asyncio.sleep(0.01)


async def test_a_relayer_that_starts_again_reads_from_what_is_open(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member's call that the hub answers late holds the cursor; what was settled before it is not read again."""
    world = World()
    cursor = CursorFile(tmp_path / "quorum-0.json", world.hub.app.genesis_hash)
    lowest: list[Height] = []
    scan = world.chain.scan

    async def recorded(first: Height, last: Height) -> Any:
        lowest.append(first)
        return await scan(first, last)

    monkeypatch.setattr(world.chain, "scan", recorded)
    compared: list[Height] = []
    certified = world.chain.certified

    async def comparing(height: Height) -> Hash:
        compared.append(height)
        return await certified(height)

    monkeypatch.setattr(world.chain, "certified", comparing)
    settled_id, settled = world.member_calls()
    async with relaying(world, cursor):
        await until(lambda: requests.request(world.hub.state, settled_id) is not None)
        world.hub.do(PROVIDER, RespondService(settled_id, 200, b'{"text":"back"}', ""))
        while await world.chain.committed({settled.sequence}):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        waiting_id, waiting = world.member_calls()
        sent_at = world.ledger.header.height
        await until(lambda: requests.request(world.hub.state, waiting_id) is not None)
        for _ in range(3):
            world.ledger.block()
        held = f'"height":{sent_at - 1},'
        await until(lambda: held in (tmp_path / "quorum-0.json").read_text())
        await until(lambda: max(compared) > sent_at)  # what was read is compared as far as it was read
    assert min(lowest) == 1

    lowest.clear()
    async with relaying(world, CursorFile(tmp_path / "quorum-0.json", world.hub.app.genesis_hash)):
        world.hub.do(PROVIDER, RespondService(waiting_id, 200, b'{"text":"back"}', ""))
        while await world.chain.committed({waiting.sequence}):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        newest = world.ledger.header.height
        await until(lambda: f'"height":{newest},' in (tmp_path / "quorum-0.json").read_text())
    assert min(lowest) == sent_at


async def test_what_old_blocks_need_holds_the_first_cursor(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept as soon as all is read, before the chain is looked at again."""
    world = World()
    file = tmp_path / "quorum-0.json"
    world.hub_calls("carried")
    async with relaying(world, CursorFile(tmp_path / "other.json", world.hub.app.genesis_hash)):
        while await world.hub_node.commitments(world.at_hub):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    kept: list[Height] = []
    scan = world.chain.scan

    async def keeping(first: Height, last: Height) -> Any:
        """As an EVM chain keeps acknowledgements, to prove those that follow in their window."""
        observed = await scan(first, last)
        kept.extend(entry.height for entry in observed if isinstance(entry.event, AcknowledgementWritten))
        return observed

    monkeypatch.setattr(world.chain, "scan", keeping)
    monkeypatch.setattr(world.chain, "settled", lambda *_: min(kept, default=None))
    world.ledger.block()
    async with relaying(world, CursorFile(file, world.hub.app.genesis_hash), Rhythm(poll_s=600.0)):
        await until(file.exists)
    assert f'"height":{min(kept) - 1},' in file.read_text()
