"""A ledger's node that is brought back from a backup: with the private values of then, and honest to what it signed."""

import shutil
import stat
from pathlib import Path

import pytest

from adapters.permissioned.ledger.actions import Connect
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.private import salted_hash
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.genesis import LedgerGenesis
from adapters.permissioned.ledger.messages import InvokeContract
from adapters.permissioned.ledger.private.errors import PrivateValueMissing, PrivateValueUnknown
from console.backups import Holdings, make_backup, restore_backup
from console.exits import Misused
from hub.chain_node import Node
from hub.clients.quorum import Config
from hub.engine.errors import CheckpointWithheld
from hub.ibc.identifiers import ClientId
from hub.messages import CreateQuorumClient, RegisterCounterparty
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Hash, Height, Seconds
from tests.unit.ledger_node_world import LedgerNodeWorld, Note, Sealed, chiefs, decide
from tests.unit.node_world import ADDRESSES

HUB = Config("hub-test", Hash(b"\x07" * 32), SignerSet.of_equals(1, ADDRESSES[:1]), Seconds(86_400), Seconds(3600))
CLIENT = ClientId("quorum-0")
SALT = bytes(range(32))


class World:
    """A ledger's files, and what is done at its node."""

    def __init__(self, folder: Path) -> None:
        self.ledger = LedgerNodeWorld(folder)
        (folder / "genesis.json").write_bytes(self.ledger.genesis.to_json())
        (folder / "config.toml").write_text("")
        node = folder / "node"
        files = (node / "store", folder / "genesis.json", folder / "config.toml")
        self.node = node
        self.holdings = Holdings("ledger", folder, *files, LedgerGenesis.from_json, node / "private.db")

    async def member(self, node: Node) -> LedgerClient:
        known = "bank-a/ann" in self.ledger.members
        ann = await self.ledger.connect(node, "bank-a/ann", None if known else "member")
        if not known:
            await ann.enrol()
        return ann

    async def know_a_hub(self, node: Node) -> None:
        """So that the node has somebody to sign blocks for."""
        by = await chiefs(self.ledger, node)
        await decide(by, Connect(CreateQuorumClient(HUB)))
        await decide(by, Connect(RegisterCounterparty(CLIENT, CLIENT, 0, Address(b""), Hash(b"\x07" * 32))))
        for chief in by.values():
            await chief.close()

    def modes(self) -> dict[str, int]:
        """Of the store's folder, and of the private values."""
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (self.holdings.data, self.node / "private.db")}


async def seal(ann: LedgerClient, name: str) -> None:
    sealed = Sealed(name, salted_hash(SALT, name.encode()), ("bank-a",), 3600)
    await ann.submit([InvokeContract("board", "seal", write_json(sealed))])
    await ann.put_private("board", "sealed", (name,), value=name.encode(), salt=SALT)


async def test_private_values_come_back_with_the_ledger_of_then(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.ledger.running() as node, await world.member(node) as ann:
        await seal(ann, "early")
        world.holdings.data.chmod(0o700)
        modes = world.modes()
        node.store.backup(tmp_path / "copy")  # the console's backup asks a node of its home; here it is in this process
        await seal(ann, "late")
    note = make_backup(world.holdings, tmp_path / "all")
    assert note.kind == "ledger"
    assert stat.S_IMODE((tmp_path / "all" / "private.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "all").stat().st_mode) == 0o700
    shutil.rmtree(tmp_path / "all" / "store")
    (tmp_path / "copy").rename(tmp_path / "all" / "store")  # values are copied later: there may be more of them
    with pytest.raises(Misused, match=r"store and .*private.db would be replaced"):
        restore_backup(world.holdings, tmp_path / "all", replace=False)
    restored = restore_backup(world.holdings, tmp_path / "all", replace=True)
    assert sorted(path.name.partition(".replaced-")[0] for path in restored.moved) == ["private.db", "store"]
    assert world.modes() == modes == {"store": 0o700, "private.db": 0o600}
    async with world.ledger.running() as node, await world.member(node) as ann:
        assert (await ann.get_private("board", "sealed", ("early",))).value == b"early"
        with pytest.raises(PrivateValueUnknown):
            await ann.get_private("board", "sealed", ("late",))


async def test_a_value_that_was_never_given_is_missing_by_name(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.ledger.running() as node, await world.member(node) as ann:
        await seal(ann, "early")
    (world.node / "private.db").unlink()
    make_backup(world.holdings, tmp_path / "backup")
    assert not (tmp_path / "backup" / "private.db").exists()
    restore_backup(world.holdings, tmp_path / "backup", replace=True)
    async with world.ledger.running() as node, await world.member(node) as ann:
        with pytest.raises(PrivateValueMissing):
            await ann.get_private("board", "sealed", ("early",))


async def test_an_old_backup_signs_nothing_twice_differently(tmp_path: Path) -> None:
    """The store is copied, goes on, is lost and brought back: the guard, not in it, keeps the validator honest."""
    world = World(tmp_path)
    async with world.ledger.running() as node, await world.member(node) as ann:
        await world.know_a_hub(node)
        before = (await ann.status()).height
        early = await ann.checkpoint(CLIENT, before)
    make_backup(world.holdings, tmp_path / "backup")
    async with world.ledger.running() as node, await world.member(node) as ann:
        for number in range(3):
            await ann.submit([InvokeContract("board", "pin", write_json(Note("tide", f"high {number}")))])
        late = await ann.checkpoint(CLIENT, Height(before + 3))
    restore_backup(world.holdings, tmp_path / "backup", replace=True)
    async with world.ledger.running() as node, await world.member(node) as ann:
        assert (await ann.status()).height == before
        # What was signed, and lies in the past that both histories share, is signed again, and just so.
        assert await ann.checkpoint(CLIENT, before) == early
        # The lost blocks are made anew, differently: none of them is signed, nor anything built upon them.
        for number in range(1, 5):
            await ann.submit([InvokeContract("board", "pin", write_json(Note("tide", f"low {number}")))])
            with pytest.raises(CheckpointWithheld):
                await ann.checkpoint(CLIENT, Height(before + number))
        assert (await ann.block(Height(before + 3))).hash != late.checkpoint.block_hash
