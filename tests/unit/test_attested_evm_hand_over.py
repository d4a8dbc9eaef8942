"""An EVM chain's attestors give way to others: whom the client believes from then on, and hand-overs that lie."""

from typing import Any

import pytest

from hub.clients.attested_evm import Proof
from hub.clients.errors import WrongEpoch, WrongNextSet
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.proofs.errors import TooLittlePower, WrongSigner
from hub.proofs.quorum import SignerSet
from hub.quantities import Epoch, Hash, Height
from tests.unit.attested_chain import (
    CLAIMED,
    CLIENT,
    CONFIG,
    NEXT,
    NOW,
    SCOPE,
    STORED,
    World,
    change,
    header,
    point,
    replace,
    sign,
)
from tests.unit.refusals import refused
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.writing import label


@pytest.fixture
def world() -> World:
    return World()


def test_the_old_set_hands_over_to_the_next(world: World) -> None:
    world.update(sign(header()))
    assert world.update(change(NEXT)) == point(100, NOW - 10)
    newer = header(epoch=Epoch(2), number=101)
    refused(world, WrongEpoch, lambda: world.update(sign(header(number=101))))
    refused(world, TooLittlePower, lambda: world.update(sign(newer, NEXT, 4)))
    assert world.update(sign(newer, NEXT, 5)) == point(101, NOW - 10)
    assert world.verify(Proof(Height(100), STORED), CLAIMED) == point(100, NOW - 10)


def test_a_repeated_hand_over_changes_nothing(world: World) -> None:
    world.update(change(NEXT))
    before = world.written()
    world.update(change(NEXT))
    assert world.written() == before


def test_a_threshold_never_falls() -> None:
    world = World(replace(CONFIG, threshold=5))
    five = SignerSet.of_equals(2, ADDRESSES[1:6])
    world.update(change(five, count=5))
    assert world.client.config(world.state, CLIENT).threshold == 5
    world.update(change(SignerSet.of_equals(3, ADDRESSES[:9]), five, 5))
    assert world.client.config(world.state, CLIENT).threshold == 7


@pytest.mark.parametrize(
    ("attack", "error", "handover"),
    [
        ("one signature too few", TooLittlePower, change(NEXT, count=3)),
        ("signed by the next set itself", WrongSigner, change(NEXT, SignerSet.of_equals(1, ADDRESSES[3:8]))),
        ("an epoch left out", WrongNextSet, change(replace(NEXT, epoch=Epoch(3)))),
        ("the same epoch", WrongNextSet, change(replace(NEXT, epoch=Epoch(1)))),
        (
            "unequal powers",
            WrongNextSet,
            change(SignerSet.of(2, {a: 1 + (i == 0) for i, a in enumerate(ADDRESSES[:6])})),
        ),
        ("fewer than the threshold", WrongNextSet, change(SignerSet.of_equals(2, ADDRESSES[:3]))),
        (
            "another set than was signed",
            WrongSigner,
            replace(change(NEXT), next_set=SignerSet.of_equals(2, ADDRESSES[:6])),
        ),
        ("another client's", WrongSigner, change(NEXT, scope=replace(SCOPE, client=ClientId("attested-1")))),
        ("another hub's", WrongSigner, change(NEXT, scope=replace(SCOPE, hub_genesis_hash=Hash(label("other"))))),
        ("a header's signature", WrongSigner, replace(change(NEXT), signature=sign(header()).signature)),
    ],
)
def test_a_hand_over_that_lies_is_refused(world: World, attack: str, error: type[HubError], handover: Any) -> None:
    refused(world, error, lambda: world.update(handover))
