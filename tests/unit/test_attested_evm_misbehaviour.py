"""Attestors that contradict themselves: the client of their chain freezes, until it is begun anew."""

from typing import Any

import pytest

from hub.clients.attested_evm import Evidence, Proof
from hub.clients.base import ClientStatus
from hub.clients.errors import (
    ClientIsFrozen,
    ConflictingHeader,
    HeightNotStored,
    NoMisbehaviour,
    TimeRunsBackwards,
    WrongEpoch,
)
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.proofs.errors import TooLittlePower, WrongSigner
from hub.quantities import Epoch, Hash, Height
from tests.unit.attested_chain import (
    CLAIMED,
    CLIENT,
    CONFIG,
    FIVE,
    NEXT,
    NOW,
    SCOPE,
    STORED,
    World,
    header,
    point,
    replace,
    sign,
)
from tests.unit.refusals import refused
from tests.vectors.writing import label

OTHER_BLOCK = header(block_hash=Hash(label("another block 100")))
EQUIVOCATIONS = [
    ("another block at one number", header(), OTHER_BLOCK),
    ("another root at one number", header(), header(state_root=Hash(label("another root")))),
    ("another time at one number", header(), header(timestamp=NOW - 11)),
    ("time runs backwards", header(), header(number=101, timestamp=NOW - 11)),
    ("time runs backwards, seen from behind", header(), header(number=99, timestamp=NOW - 9)),
]


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(("shown", "first", "second"), EQUIVOCATIONS)
def test_evidence_of_two_headers_freezes(world: World, shown: str, first: Any, second: Any) -> None:
    world.client.freeze_on(world.state, CLIENT, Evidence(sign(first), sign(second)))
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.FROZEN
    refused(world, ClientIsFrozen, lambda: world.update(sign(header(number=200, timestamp=NOW))))
    refused(world, ClientIsFrozen, lambda: world.verify(Proof(sign(header()), STORED), CLAIMED))
    refused(world, ClientIsFrozen, lambda: world.verify(Proof(Height(100), STORED), CLAIMED))


@pytest.mark.parametrize(("shown", "first", "second"), EQUIVOCATIONS)
def test_an_update_that_contradicts_freezes(world: World, shown: str, first: Any, second: Any) -> None:
    world.update(sign(first))
    assert world.update(sign(second)) == point(100, NOW - 10)
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.FROZEN


@pytest.mark.parametrize(("shown", "first", "second"), EQUIVOCATIONS)
def test_a_proof_under_a_header_that_contradicts_is_refused(world: World, shown: str, first: Any, second: Any) -> None:
    world.update(sign(first))
    error = ConflictingHeader if second.number == 100 else TimeRunsBackwards
    refused(world, error, lambda: world.verify(Proof(sign(second), STORED), CLAIMED))


@pytest.mark.parametrize(
    ("fault", "error", "evidence"),
    [
        ("the same header twice", NoMisbehaviour, Evidence(sign(header()), sign(header()))),
        (
            "one header signed by others too",
            NoMisbehaviour,
            Evidence(sign(header()), sign(header(), count=5)),
        ),
        (
            "two heights in order",
            NoMisbehaviour,
            Evidence(sign(header()), sign(header(number=101))),
        ),
        ("too few signatures", TooLittlePower, Evidence(sign(header()), sign(OTHER_BLOCK, count=3))),
        (
            "another client's header",
            WrongSigner,
            Evidence(sign(header()), sign(OTHER_BLOCK, scope=replace(SCOPE, client=ClientId("attested-1")))),
        ),
        ("another epoch's header", WrongEpoch, Evidence(sign(header()), sign(header(epoch=Epoch(2))))),
    ],
)
def test_false_evidence_freezes_nothing(world: World, fault: str, error: type[HubError], evidence: Evidence) -> None:
    refused(world, error, lambda: world.client.freeze_on(world.state, CLIENT, evidence))


def test_an_unsigned_contradiction_freezes_nothing(world: World) -> None:
    world.update(sign(header()))
    refused(world, TooLittlePower, lambda: world.update(sign(OTHER_BLOCK, count=3)))
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.ACTIVE


def test_begun_anew_under_its_identifier_it_believes_nothing_of_before(world: World) -> None:
    world.update(sign(header()))
    world.client.freeze_on(world.state, CLIENT, Evidence(sign(header()), sign(OTHER_BLOCK)))
    world.client.create(world.state, CLIENT, replace(CONFIG, attestors=NEXT, threshold=5), NOW)
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.ACTIVE
    assert world.client.latest(world.state, CLIENT) == point(0, 0)
    refused(world, HeightNotStored, lambda: world.verify(Proof(Height(100), STORED), CLAIMED))
    refused(world, WrongEpoch, lambda: world.update(sign(header())))
    assert FIVE.hash() != NEXT.hash()
