"""A rotation and a client's replacement through the gRPC API, at a node whose next key takes over without a pause."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub import messages as m
from hub.accounts.errors import NoRotationPending, RotationCheckpointNotFound
from hub.answers import Rotation
from hub.client import HubClient
from hub.clients.errors import ClientNotFound, ReplacementNotScheduled
from hub.clients.quorum import Config
from hub.engine.embedded import EngineOptions
from hub.engine.errors import GuardMissing, NotAValidator
from hub.node import NodeConfig, running_node
from hub.proofs.eip712 import SaltDomain
from hub.proofs.quorum import SignerSet, verify_quorum
from hub.quantities import Epoch, Hash, Seconds
from hub.signer import Signer
from tests.unit.node_world import ADDRESSES, OPERATOR, SIGNERS, SOMEONE, START, VALIDATOR, StillClock, genesis

SALT = Hash(b"\x5a" * 32)
CLIENT = "quorum-0"
NEXT = 5
OLD_SET = SignerSet.of(1, {ADDRESSES[VALIDATOR]: 1})
NEW_SET = SignerSet.of(2, {ADDRESSES[NEXT]: 1})
CONFIG = Config("ledger-1", SALT, SignerSet.of(1, {ADDRESSES[3]: 1}), Seconds(10**6), Seconds(10), True)
PROPOSE = m.ProposeValidatorSet(((ADDRESSES[NEXT], 1),))


def config(folder: Path) -> NodeConfig:
    return NodeConfig(
        genesis(), folder / "store", folder / "guard", listen="127.0.0.1:0", engine=EngineOptions(gather=0.0)
    )


@asynccontextmanager
async def node_of(folder: Path, signer: Signer, next_signer: Signer | None = None) -> AsyncIterator[HubClient]:
    async with (
        running_node(config(folder), signer, StillClock(), next_signer=next_signer) as node,
        await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as hub,
    ):
        yield hub


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubClient]:
    async with node_of(tmp_path, SIGNERS[VALIDATOR], SIGNERS[NEXT]) as connected:
        register = m.RegisterCounterparty(CLIENT, "quorum-8", 0, b"", SALT)
        await connected.submit([m.CreateQuorumClient(CONFIG), register], SIGNERS[OPERATOR])
        yield connected


async def rotate(hub: HubClient) -> None:
    await hub.submit([PROPOSE], SIGNERS[OPERATOR])
    signed = await hub.checkpoint(CLIENT)
    await hub.submit([m.StoreRotationCheckpoint(CLIENT, signed)], SIGNERS[SOMEONE])


async def test_a_rotation_is_followed_from_its_proposal_to_its_end(hub: HubClient) -> None:
    assert await hub.rotation() == Rotation(OLD_SET, None, (), (), ())
    await hub.submit([PROPOSE], SIGNERS[OPERATOR])
    assert await hub.rotation() == Rotation(OLD_SET, NEW_SET, (), (CLIENT,), ())
    with pytest.raises(RotationCheckpointNotFound, match="no finished rotation"):
        await hub.rotation_checkpoint(CLIENT, Epoch(1))
    signed = await hub.checkpoint(CLIENT)
    await hub.submit([m.StoreRotationCheckpoint(CLIENT, signed)], SIGNERS[SOMEONE])
    assert await hub.rotation() == Rotation(NEW_SET, None, (), (), ())
    found = await hub.rotation_checkpoint(CLIENT, Epoch(1))
    assert (found.client, found.signed, found.next_set) == (CLIENT, signed, NEW_SET)
    for epoch in (0, 2, 2**64 - 1):
        with pytest.raises(RotationCheckpointNotFound):
            await hub.rotation_checkpoint(CLIENT, Epoch(epoch))
    with pytest.raises(ClientNotFound):
        await hub.rotation_checkpoint("quorum-7", Epoch(1))


async def test_a_withdrawn_proposal_is_gone(hub: HubClient) -> None:
    await hub.submit([PROPOSE], SIGNERS[OPERATOR])
    await hub.submit([m.WithdrawValidatorSet()], SIGNERS[OPERATOR])
    assert await hub.rotation() == Rotation(OLD_SET, None, (), (), ())
    with pytest.raises(NoRotationPending):
        await hub.submit([m.WithdrawValidatorSet()], SIGNERS[OPERATOR])


async def test_the_next_key_signs_from_the_first_block_of_its_set_on(hub: HubClient) -> None:
    await rotate(hub)
    domain = SaltDomain(SALT)
    last_of_old = await hub.checkpoint(CLIENT)
    verify_quorum(OLD_SET, last_of_old.checkpoint.digest(domain), last_of_old.signature)
    assert last_of_old.checkpoint.next_validator_set_hash == NEW_SET.hash()
    await hub.request_block()
    first_of_new = await hub.checkpoint(CLIENT)
    assert first_of_new.checkpoint.epoch == 2
    verify_quorum(NEW_SET, first_of_new.checkpoint.digest(domain), first_of_new.signature)


async def test_a_node_with_the_old_key_alone_signs_nothing_of_the_new_set(tmp_path: Path) -> None:
    async with node_of(tmp_path, SIGNERS[VALIDATOR]) as hub:
        register = m.RegisterCounterparty(CLIENT, "quorum-8", 0, b"", SALT)
        await hub.submit([m.CreateQuorumClient(CONFIG), register], SIGNERS[OPERATOR])
        await rotate(hub)
        await hub.request_block()
        with pytest.raises(NotAValidator):
            await hub.checkpoint(CLIENT)


async def test_a_guard_is_begun_late_only_for_a_key_that_was_never_a_validator_s(tmp_path: Path) -> None:
    async with node_of(tmp_path, SIGNERS[VALIDATOR]) as hub:
        await hub.request_block()
    (tmp_path / "guard").unlink()
    async with node_of(tmp_path, SIGNERS[NEXT]) as hub:
        await hub.submit([PROPOSE], SIGNERS[OPERATOR])
        await hub.request_block()
        assert (await hub.rotation()).validators == NEW_SET
    (tmp_path / "guard").unlink()
    for signers in ((SIGNERS[NEXT], None), (SIGNERS[VALIDATOR], None), (SIGNERS[SOMEONE], SIGNERS[VALIDATOR])):
        with pytest.raises(GuardMissing):
            async with node_of(tmp_path, *signers):
                pass
    assert not (tmp_path / "guard").exists()


async def test_a_scheduled_replacement_is_seen_and_taken_back(hub: HubClient) -> None:
    assert (await hub.client(CLIENT)).replaceable_from == 0
    await hub.submit([m.ScheduleQuorumReplacement(CLIENT, CONFIG)], SIGNERS[OPERATOR])
    assert (await hub.client(CLIENT)).replaceable_from == START + int((await hub.parameters())["replacement_delay"])
    await hub.submit([m.CancelClientReplacement(CLIENT)], SIGNERS[OPERATOR])
    assert (await hub.client(CLIENT)).replaceable_from == 0
    with pytest.raises(ReplacementNotScheduled):
        await hub.submit([m.CancelClientReplacement(CLIENT)], SIGNERS[OPERATOR])
