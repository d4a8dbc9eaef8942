"""Validators of a chain of our own that contradict themselves: whomever they signed it for, the client freezes."""

from typing import Any

import pytest

from hub.clients.base import ClientStatus
from hub.clients.errors import ClientIsFrozen, NoMisbehaviour, WrongChain, WrongEpoch
from hub.clients.quorum import Evidence
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import SaltDomain
from hub.proofs.errors import TooLittlePower, WrongSigner
from hub.quantities import Epoch, Hash, Height, UnixSeconds
from tests.unit.quorum_chain import (
    CLAIMED,
    CLIENT,
    CONFIG,
    EVM_DOMAIN,
    FIVE,
    GENESIS,
    NEXT,
    NOW,
    World,
    checkpoint,
    elsewhere,
    point,
    replace,
    sign,
    whole,
)
from tests.unit.refusals import refused
from tests.vectors.writing import label

OTHER_BLOCK = checkpoint(block_hash=Hash(label("another block 100")))
TO_ANOTHER_CHAIN = replace(OTHER_BLOCK, source_client=ClientId("attested-3"), destination_client=ClientId("quorum-0"))
BACKWARDS = replace(TO_ANOTHER_CHAIN, height=Height(101), timestamp=UnixSeconds(NOW - 11))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("shown", "evidence"),
    [
        (
            "two blocks shown to us",
            Evidence(elsewhere(checkpoint(), SaltDomain(GENESIS)), elsewhere(OTHER_BLOCK, SaltDomain(GENESIS))),
        ),
        (
            "two blocks shown to two different chains",
            Evidence(elsewhere(checkpoint(), SaltDomain(GENESIS)), elsewhere(TO_ANOTHER_CHAIN, EVM_DOMAIN)),
        ),
        (
            "two blocks, neither shown to us",
            Evidence(
                elsewhere(checkpoint(), SaltDomain(Hash(label("third")))), elsewhere(TO_ANOTHER_CHAIN, EVM_DOMAIN)
            ),
        ),
        (
            "time that runs backwards, shown to two chains",
            Evidence(elsewhere(BACKWARDS, EVM_DOMAIN), elsewhere(checkpoint(), SaltDomain(GENESIS))),
        ),
    ],
)
def test_equivocation_freezes_for_whomever_it_was_signed(world: World, shown: str, evidence: Evidence) -> None:
    world.client.freeze_on(world.state, CLIENT, evidence)
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.FROZEN
    refused(world, ClientIsFrozen, lambda: world.update(sign(checkpoint(height=101))))
    refused(world, ClientIsFrozen, lambda: world.verify(whole(sign(checkpoint())), CLAIMED))


@pytest.mark.parametrize(
    ("fault", "error", "first", "second"),
    [
        ("the same twice", NoMisbehaviour, elsewhere(checkpoint(), EVM_DOMAIN), elsewhere(checkpoint(), EVM_DOMAIN)),
        (
            "one block shown to two chains",
            NoMisbehaviour,
            elsewhere(checkpoint(), SaltDomain(GENESIS)),
            elsewhere(replace(TO_ANOTHER_CHAIN, block_hash=checkpoint().block_hash), EVM_DOMAIN),
        ),
        (
            "two heights in order",
            NoMisbehaviour,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(replace(OTHER_BLOCK, height=Height(101)), EVM_DOMAIN),
        ),
        (
            "too few signatures",
            TooLittlePower,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(OTHER_BLOCK, EVM_DOMAIN, count=3),
        ),
        (
            "another domain than was signed",
            WrongSigner,
            elsewhere(checkpoint(), EVM_DOMAIN),
            replace(elsewhere(OTHER_BLOCK, EVM_DOMAIN), domain=SaltDomain(GENESIS)),
        ),
        (
            "another chain's block",
            WrongChain,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(replace(OTHER_BLOCK, chain="ledger-2"), EVM_DOMAIN),
        ),
        (
            "another genesis",
            WrongChain,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(replace(OTHER_BLOCK, genesis_hash=Hash(label("other"))), EVM_DOMAIN),
        ),
        (
            "another epoch",
            WrongEpoch,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(replace(OTHER_BLOCK, epoch=Epoch(2)), EVM_DOMAIN),
        ),
    ],
)
def test_false_evidence_freezes_nothing(
    world: World, fault: str, error: type[HubError], first: Any, second: Any
) -> None:
    refused(world, error, lambda: world.client.freeze_on(world.state, CLIENT, Evidence(first, second)))
    refused(world, error, lambda: world.client.freeze_on(world.state, CLIENT, Evidence(second, first)))


def test_begun_anew_under_its_identifier_it_believes_nothing_of_before(world: World) -> None:
    world.update(sign(checkpoint()))
    world.client.freeze_on(
        world.state, CLIENT, Evidence(elsewhere(checkpoint(), EVM_DOMAIN), elsewhere(OTHER_BLOCK, EVM_DOMAIN))
    )
    world.client.create(world.state, CLIENT, replace(CONFIG, validators=NEXT), NOW)
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.ACTIVE
    assert world.client.latest(world.state, CLIENT) == point(0, 0)
    refused(world, WrongEpoch, lambda: world.update(sign(checkpoint())))
    assert FIVE.hash() != NEXT.hash()
