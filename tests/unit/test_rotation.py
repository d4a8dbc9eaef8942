"""Validator sets hand over only when no counterparty would be left behind."""

from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from hub import messages as m
from hub.accounts.errors import RotationCheckpointNotFound
from hub.block import ResultCode
from hub.clients.quorum import SignedCheckpoint, Update
from hub.events import RotationCheckpointStored, ValidatorSetChanged, ValidatorSetProposed, ValidatorSetWithdrawn
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import EvmDomain
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.quantities import Address, Epoch, Hash, Height
from hub.validators import (
    hand_over,
    next_validators,
    proposed_validators,
    rotation_checkpoint,
    validators,
    validators_of,
    was_validator,
)
from tests.unit import attested_chain
from tests.unit.hub_chain import OPERATOR, RELAYER, VALIDATOR, HubChain
from tests.unit.hub_world import World, one
from tests.vectors.generate_quorum import ADDRESSES, KEYS
from tests.vectors.writing import label

OLD = SignerSet.of_equals(1, [ADDRESSES[VALIDATOR]])
NEW = SignerSet.of_equals(2, ADDRESSES[14:17])


def propose(signers: SignerSet = NEW) -> m.ProposeValidatorSet:
    return m.ProposeValidatorSet(tuple((member.address, member.power) for member in signers.members))


@pytest.fixture
def world() -> World:
    world = World()
    world.hub.do(OPERATOR, propose())
    return world


def store(world: World, client: ClientId, who: int = RELAYER, **changes: Any) -> Any:
    signed = world.hub.checkpoint(client, **changes)
    return world.hub.try_(who, m.StoreRotationCheckpoint(client, signed))


def test_a_proposal_is_named_in_the_header_of_its_own_block(world: World) -> None:
    assert one(world.hub.events, ValidatorSetProposed).set_hash == NEW.hash()
    assert world.hub.header.validator_set_hash == OLD.hash()
    assert world.hub.header.next_validator_set_hash == NEW.hash()
    assert validators(world.hub.state) == OLD
    assert next_validators(world.hub.state) == proposed_validators(world.hub.state) == NEW


def test_a_rotation_waits_for_every_counterparty(world: World) -> None:
    assert one(store(world, world.a.client).events, RotationCheckpointStored).client == world.a.client
    for _ in range(3):
        world.hub.block()
        assert world.hub.header.validator_set_hash == OLD.hash()
    outcome_events = store(world, world.b.client).events
    assert one(outcome_events, RotationCheckpointStored).epoch == 1
    assert one(world.hub.events, ValidatorSetChanged).epoch == 2
    assert world.hub.header.validator_set_hash == OLD.hash()
    assert world.hub.header.next_validator_set_hash == NEW.hash()
    outcome = world.hub.block()
    assert (outcome.epoch, outcome.validator_set_hash, outcome.next_validator_set_hash) == (2, NEW.hash(), NEW.hash())
    assert proposed_validators(world.hub.state) is None


def test_a_counterparty_whose_client_begins_with_former_validators_is_not_registered(world: World) -> None:
    """No hand-over was stored for it: its client would stay behind for good."""
    register = m.RegisterCounterparty("attested-0", "quorum-0", 31337, Address(b"\x01" * 20), b"")
    world.hub.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    for client in (world.a.client, world.b.client):
        store(world, client)
    assert validators(world.hub.state) == NEW
    for epoch in (1, 3):
        refused = world.hub.try_(OPERATOR, replace(register, epoch=Epoch(epoch)))
        assert (refused.reason, dict(refused.values)) == (
            "VALIDATORS_CHANGED",
            {"epoch": str(epoch), "present": "2"},
        )
    world.hub.do(OPERATOR, replace(register, epoch=Epoch(2)))


def test_a_counterparty_registered_meanwhile_is_waited_for(world: World) -> None:
    world.hub.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    register = m.RegisterCounterparty("attested-0", "quorum-0", 31337, Address(b"\x01" * 20), b"", epoch=Epoch(1))
    world.hub.do(OPERATOR, register)
    store(world, world.a.client)
    store(world, world.b.client)
    assert validators(world.hub.state) == OLD
    store(world, ClientId("attested-0"))
    assert validators(world.hub.state) == NEW


def test_without_counterparties_there_is_nobody_to_wait_for() -> None:
    hub = HubChain()
    hub.do(OPERATOR, propose())
    assert validators(hub.state) == NEW
    assert hub.header.next_validator_set_hash == NEW.hash()


def test_the_stored_checkpoint_shows_a_sleeping_counterparty_the_way(world: World) -> None:
    store(world, world.a.client)
    store(world, world.b.client)
    world.hub.block(advance=1000)
    stored = rotation_checkpoint(world.hub.state, Epoch(1), world.b.client)
    assert stored is not None
    ledger, ctx = world.b, world.b.begin()
    ledger.clients.update(ctx.state, ledger.hub_client, Update(stored, NEW), ledger.time)
    ledger.end(ctx)
    by_new = world.hub.checkpoint(ledger.client, signers=NEW)
    ctx = ledger.begin()
    ledger.clients.update(ctx.state, ledger.hub_client, Update(by_new), ledger.time)


def minus_one_key(world: World) -> SignedCheckpoint:
    shown = world.hub.checkpoint(world.a.client).checkpoint
    stranger = SignerSet.of_equals(1, [ADDRESSES[15]])
    domain = world.hub.app.clients.counterparty(world.hub.state, world.a.client).domain
    return SignedCheckpoint(shown, sign_quorum(stranger, {ADDRESSES[15]: KEYS[15]}, shown.digest(domain)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"chain": "other"}, "chain"),
        ({"genesis_hash": Hash(label("x"))}, "genesis_hash"),
        ({"source_client": "quorum-7"}, "source_client"),
        ({"destination_client": "quorum-7"}, "destination_client"),
        ({"epoch": Epoch(2)}, "epoch"),
        ({"next_validator_set_hash": OLD.hash()}, "next_validator_set_hash"),
        ({"next_validator_set_hash": Hash(label("x"))}, "next_validator_set_hash"),
        ({"block_hash": Hash(label("x"))}, "block_hash"),
        ({"height": Height(1)}, "block_hash"),
        ({"height": Height(10**6)}, "block_hash"),
    ],
)
def test_a_checkpoint_for_anything_else_is_refused(world: World, changes: dict[str, Any], field: str) -> None:
    result = store(world, world.a.client, **changes)
    assert result.reason == "WRONG_ROTATION_CHECKPOINT"
    assert dict(result.values) == {"field": field}


def test_a_checkpoint_by_others_or_for_another_destination_is_refused(world: World) -> None:
    forged = m.StoreRotationCheckpoint(world.a.client, minus_one_key(world))
    assert world.hub.try_(RELAYER, forged).reason == "WRONG_SIGNER"
    for_b = world.hub.checkpoint(world.b.client)
    assert (
        world.hub.try_(RELAYER, m.StoreRotationCheckpoint(world.a.client, for_b)).reason == "WRONG_ROTATION_CHECKPOINT"
    )
    world.hub.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    world.hub.do(OPERATOR, m.RegisterCounterparty("attested-0", "quorum-0", 31337, Address(b"\x01" * 20), b""))
    signed = world.hub.checkpoint(ClientId("attested-0"))
    digest = signed.checkpoint.digest(EvmDomain(31338, Address(b"\x01" * 20)))
    other = SignedCheckpoint(signed.checkpoint, sign_quorum(OLD, {ADDRESSES[VALIDATOR]: KEYS[VALIDATOR]}, digest))
    assert world.hub.try_(RELAYER, m.StoreRotationCheckpoint("attested-0", other)).reason == "WRONG_SIGNER"


def test_a_checkpoint_of_before_the_proposal_hands_nothing_over(world: World) -> None:
    world.hub.block()
    old = world.hub.checkpoint(world.a.client, next_validator_set_hash=OLD.hash())
    result = world.hub.try_(RELAYER, m.StoreRotationCheckpoint(world.a.client, old))
    assert result.reason == "WRONG_ROTATION_CHECKPOINT"


def test_storing_twice_is_a_no_op_and_needs_a_rotation(world: World) -> None:
    assert store(world, world.a.client).code is ResultCode.OK
    assert store(world, world.a.client).code is ResultCode.NO_OP
    store(world, world.b.client)
    assert store(world, world.a.client).reason == "NO_ROTATION_PENDING"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ((), "INVALID_SIGNER_SET"),
        (((ADDRESSES[0], 1), (ADDRESSES[0], 1)), "INVALID_SIGNER_SET"),
        (((ADDRESSES[0], 0),), "INVALID_SIGNER_SET"),
        (((Address(bytes(20)), 1),), "INVALID_SIGNER_SET"),
        (((Address(b"x"), 1),), "INVALID_SIGNER_SET"),
    ],
)
def test_a_proposal_is_refused(members: Any, reason: str) -> None:
    assert HubChain().try_(OPERATOR, m.ProposeValidatorSet(members)).reason == reason


def test_one_rotation_at_a_time(world: World) -> None:
    assert world.hub.try_(OPERATOR, propose()).reason == "ROTATION_PENDING"


def test_packets_flow_on_after_a_rotation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for client in (world.a.client, world.b.client):
        store(world, client)
    stored = rotation_checkpoint(world.hub.state, Epoch(1), world.b.client)
    assert stored is not None
    ctx = world.b.begin()
    world.b.clients.update(ctx.state, world.b.hub_client, Update(stored, NEW), world.b.time)
    world.b.end(ctx)
    _, sent = world.forwarded()
    monkeypatch.setattr(world.hub, "checkpoint", partial(world.hub.checkpoint, signers=NEW))
    assert world.answer(sent)


# --- withdrawing a proposal -------------------------------------------------------------------------------------------


def test_a_withdrawn_set_never_signs_and_another_may_be_proposed(world: World) -> None:
    store(world, world.a.client)
    world.hub.do(OPERATOR, m.WithdrawValidatorSet())
    assert one(world.hub.events, ValidatorSetWithdrawn).set_hash == NEW.hash()
    assert proposed_validators(world.hub.state) is None
    assert world.hub.header.next_validator_set_hash == OLD.hash()
    other = SignerSet.of_equals(2, ADDRESSES[10:12])
    world.hub.do(OPERATOR, propose(other))
    assert rotation_checkpoint(world.hub.state, Epoch(1), world.a.client) is None
    store(world, world.b.client)
    assert validators(world.hub.state) == OLD  # what was stored for the withdrawn set does not count for this one
    store(world, world.a.client)
    assert validators(world.hub.state) == other


def test_only_an_operator_withdraws_and_only_what_is_proposed(world: World) -> None:
    assert world.hub.try_(RELAYER, m.WithdrawValidatorSet()).reason == "ROLE_MISSING"
    assert proposed_validators(world.hub.state) == NEW
    world.hub.do(OPERATOR, m.WithdrawValidatorSet())
    assert world.hub.try_(OPERATOR, m.WithdrawValidatorSet()).reason == "NO_ROTATION_PENDING"


# --- what is kept of rotations ----------------------------------------------------------------------------------------


def test_every_finished_rotation_can_be_shown_to_one_that_slept_through_several(world: World) -> None:
    with pytest.raises(RotationCheckpointNotFound):
        hand_over(world.hub.state, Epoch(1), world.a.client)
    store(world, world.a.client)
    with pytest.raises(RotationCheckpointNotFound):  # it is stored, but the rotation may still be withdrawn
        hand_over(world.hub.state, Epoch(1), world.a.client)
    store(world, world.b.client)
    world.hub.block()
    third = SignerSet.of_equals(3, ADDRESSES[4:5])
    world.hub.do(OPERATOR, propose(third))
    for client in (world.a.client, world.b.client):
        store(world, client, signers=NEW)
    assert validators(world.hub.state) == third
    for epoch, (old, new) in {1: (OLD, NEW), 2: (NEW, third)}.items():
        signed, after = hand_over(world.hub.state, Epoch(epoch), world.b.client)
        assert (signed.checkpoint.epoch, signed.checkpoint.next_validator_set_hash, after) == (epoch, new.hash(), new)
        assert validators_of(world.hub.state, Epoch(epoch)) == old
    for epoch in (0, 3, 4, 2**64 - 1):
        with pytest.raises(RotationCheckpointNotFound):
            hand_over(world.hub.state, Epoch(epoch), world.b.client)


def test_who_was_ever_a_validator_is_known(world: World) -> None:
    for client in (world.a.client, world.b.client):
        store(world, client)
    assert was_validator(world.hub.state, ADDRESSES[VALIDATOR])
    assert was_validator(world.hub.state, ADDRESSES[14])
    assert not was_validator(world.hub.state, ADDRESSES[4])
