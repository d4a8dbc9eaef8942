"""A chain of our own changes its validators: whom the client believes from then on, and hand-overs that lie."""

import pytest

from hub.clients.errors import InvalidClientConfig, WrongEpoch, WrongNextSet
from hub.clients.quorum import SignedCheckpoint
from hub.errors import HubError
from hub.proofs.errors import TooLittlePower, WrongSigner
from hub.proofs.quorum import SignerSet
from hub.quantities import Epoch
from tests.unit.quorum_chain import (
    CLAIMED,
    CLIENT,
    DEVNET,
    EVM_DOMAIN,
    NEXT,
    NOW,
    World,
    checkpoint,
    point,
    replace,
    sign,
    whole,
)
from tests.unit.refusals import refused
from tests.vectors.generate_quorum import ADDRESSES

THIRD = replace(NEXT, epoch=Epoch(3))
LAST = checkpoint(height=110, next_validator_set_hash=NEXT.hash())


@pytest.fixture
def world() -> World:
    return World()


def test_the_old_quorum_hands_over_to_the_set_that_it_names(world: World) -> None:
    world.update(sign(checkpoint()))
    assert world.update(sign(LAST), NEXT) == point(110, NOW - 10)
    newer = checkpoint(epoch=Epoch(2), height=111, next_validator_set_hash=NEXT.hash())
    refused(world, WrongEpoch, lambda: world.update(sign(checkpoint(height=111))))
    refused(world, TooLittlePower, lambda: world.update(sign(newer, NEXT, 4)))
    assert world.verify(whole(sign(newer, NEXT, 5)), CLAIMED) == point(111, NOW - 10)


def test_a_repeated_hand_over_changes_nothing(world: World) -> None:
    world.update(sign(LAST), NEXT)
    before = world.written()
    assert world.update(sign(LAST), NEXT) == point(110, NOW - 10)
    assert world.written() == before


def test_a_client_that_lags_is_led_through_each_epoch(world: World) -> None:
    third = SignerSet.of_equals(3, ADDRESSES[10:14])
    world.update(sign(LAST), NEXT)
    last = checkpoint(epoch=Epoch(2), height=120, next_validator_set_hash=third.hash())
    world.update(sign(last, NEXT, 5), third)
    assert world.client.config(world.state, CLIENT).validators == third


@pytest.mark.parametrize(
    ("attack", "error", "signed", "next_set"),
    [
        ("a set that is not named", WrongNextSet, sign(checkpoint()), NEXT),
        ("another set than is named", WrongNextSet, sign(LAST), SignerSet.of_equals(2, ADDRESSES[4:9])),
        ("another epoch than is named", WrongNextSet, sign(LAST), replace(NEXT, epoch=Epoch(3))),
        ("an epoch left out", WrongNextSet, sign(checkpoint(next_validator_set_hash=THIRD.hash())), THIRD),
        ("one signature too few", TooLittlePower, sign(LAST, count=3), NEXT),
        ("named by the next set itself", WrongSigner, sign(LAST, SignerSet.of_equals(1, ADDRESSES[3:8])), NEXT),
        ("named for another chain", WrongSigner, sign(LAST, domain=EVM_DOMAIN), NEXT),
    ],
)
def test_a_hand_over_that_lies_is_refused(
    world: World, attack: str, error: type[HubError], signed: SignedCheckpoint, next_set: SignerSet
) -> None:
    refused(world, error, lambda: world.update(signed, next_set))


def test_no_rotation_leads_to_a_single_operator_unseen(world: World) -> None:
    single = SignerSet.of_equals(2, ADDRESSES[:1])
    signed = sign(checkpoint(next_validator_set_hash=single.hash()))
    refused(world, InvalidClientConfig, lambda: world.update(signed, single))
    assert World(host=DEVNET).update(signed, single)
