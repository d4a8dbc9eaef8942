"""All clients under one roof: identifiers, kinds, counterparties, replacement under the same identifier."""

from typing import Any

import pytest
from msgspec.structs import replace

from hub.clients import attested_evm, quorum, registry
from hub.clients.base import Claims, ClientStatus
from hub.clients.counterparty import Counterparty
from hub.clients.errors import (
    ClientKindMismatch,
    ClientNotFound,
    HeightNotStored,
    InvalidClientConfig,
    ReplacementNotRipe,
    ReplacementNotScheduled,
    WrongEpoch,
    WrongNextSet,
)
from hub.clients.host import Host
from hub.clients.registry import Clients, Kind
from hub.ibc.errors import CounterpartyAlreadyRegistered, CounterpartyNotRegistered, InvalidIdentifier
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import EvmDomain, SaltDomain
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Hash, Height, Seconds, UnixSeconds
from hub.state.branch import Branch, MemoryState
from tests.unit import attested_chain, quorum_chain
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.writing import label

NOW = UnixSeconds(1_760_000_000)
DAY = Seconds(86_400)
ATTESTED, QUORUM = ClientId("attested-0"), ClientId("quorum-0")
HEADER = attested_chain.sign(attested_chain.header())
OTHER = attested_chain.sign(attested_chain.header(block_hash=Hash(label("other"))))
CHECKPOINT = quorum.Update(quorum_chain.sign(quorum_chain.checkpoint()))
PLACE = EvmDomain(31337, Address(b"\x11" * 20))


class World:
    """A state with one client of each kind."""

    def __init__(self) -> None:
        self.clients = Clients(Host(attested_chain.GENESIS, devnet=False))
        self.state = Branch(MemoryState())
        assert self.clients.create(self.state, attested_chain.CONFIG, NOW) == ATTESTED
        assert self.clients.create(self.state, quorum_chain.CONFIG, NOW) == QUORUM
        place = Counterparty(quorum_chain.THERE, SaltDomain(quorum_chain.CONFIG.genesis_hash))
        self.clients.register_counterparty(self.state, QUORUM, place)

    def freeze(self) -> None:
        self.clients.update(self.state, ATTESTED, HEADER, NOW)
        self.clients.update(self.state, ATTESTED, OTHER, NOW)
        assert self.clients.status(self.state, ATTESTED, NOW) is ClientStatus.FROZEN


@pytest.fixture
def world() -> World:
    return World()


def test_each_kind_is_counted_by_itself(world: World) -> None:
    assert world.clients.create(world.state, attested_chain.CONFIG, NOW) == "attested-1"
    assert world.clients.create(world.state, quorum_chain.CONFIG, NOW) == "quorum-1"
    assert world.clients.create(world.state, quorum_chain.CONFIG, NOW) == "quorum-2"
    assert set(world.clients.all(world.state)) == {ATTESTED, QUORUM, "attested-1", "quorum-1", "quorum-2"}
    assert world.clients.kind(world.state, ATTESTED) is Kind.ATTESTED
    assert world.clients.kind(world.state, QUORUM) is Kind.QUORUM


def test_a_refused_client_takes_no_number(world: World) -> None:
    unsafe = attested_chain.replace(attested_chain.CONFIG, threshold=3)
    before = dict(world.state.changes)
    with pytest.raises(InvalidClientConfig):
        world.clients.create(world.state, unsafe, NOW)
    assert dict(world.state.changes) == before


def test_each_kind_believes_its_own(world: World) -> None:
    assert world.clients.update(world.state, ATTESTED, HEADER, NOW).height == 100
    assert world.clients.update(world.state, QUORUM, CHECKPOINT, NOW).height == 100
    assert world.clients.latest(world.state, ATTESTED) == world.clients.latest(world.state, QUORUM)
    assert (world.clients.finality_time(world.state, ATTESTED), world.clients.finality_time(world.state, QUORUM)) == (
        attested_chain.CONFIG.finality_time,
        0,
    )
    assert world.clients.config(world.state, ATTESTED) == attested_chain.CONFIG
    assert world.clients.config(world.state, QUORUM) == quorum_chain.CONFIG
    assert world.clients.max_value_bytes(world.state, ATTESTED) == 16 * 1024
    assert world.clients.max_value_bytes(world.state, QUORUM) == 64 * 1024 - 1


@pytest.mark.parametrize("client", [ATTESTED, QUORUM])
def test_what_is_for_another_kind_is_refused(world: World, client: ClientId) -> None:
    of_attested = client == QUORUM
    update: Any = HEADER if of_attested else CHECKPOINT
    proof: Any = attested_evm.Proof(Height(1), attested_chain.STORAGE.proof([]))
    evidence: Any = attested_evidence()
    config: Any = attested_chain.CONFIG
    if not of_attested:
        proof = quorum_chain.whole(quorum_chain.sign(quorum_chain.checkpoint()))
        evidence, config = quorum_evidence(), quorum_chain.CONFIG
    before = dict(world.state.changes)
    kinds = ("quorum", "attested") if of_attested else ("attested", "quorum")
    told = f"{client} is a client of kind {kinds[0]}, what was given is for kind {kinds[1]}"
    with pytest.raises(ClientKindMismatch, match=told):
        world.clients.update(world.state, client, update, NOW)
    with pytest.raises(ClientKindMismatch, match=told):
        world.clients.verify(world.state, client, proof, Claims(), NOW)
    with pytest.raises(ClientKindMismatch, match=told):
        world.clients.freeze_on(world.state, client, evidence)
    with pytest.raises(ClientKindMismatch, match=told):
        world.clients.schedule_replacement(world.state, client, config, NOW, DAY)
    assert dict(world.state.changes) == before


def attested_evidence() -> Any:
    return attested_evm.Evidence(HEADER, OTHER)


def quorum_evidence() -> Any:
    shown = quorum_chain.elsewhere(quorum_chain.checkpoint(), quorum_chain.EVM_DOMAIN)
    return quorum.Evidence(
        shown, quorum_chain.elsewhere(quorum_chain.checkpoint(height=9, timestamp=NOW), quorum_chain.DOMAIN)
    )


def test_evidence_reaches_the_client_of_its_kind(world: World) -> None:
    world.clients.freeze_on(world.state, ATTESTED, attested_evidence())
    world.clients.freeze_on(world.state, QUORUM, quorum_evidence())
    assert world.clients.status(world.state, ATTESTED, NOW) is ClientStatus.FROZEN
    assert world.clients.status(world.state, QUORUM, NOW) is ClientStatus.FROZEN


@pytest.mark.parametrize("client", ["attested-1", "quorum-1", "quorum-00", "other-0"])
def test_an_unknown_client_is_refused(world: World, client: str) -> None:
    unknown = ClientId(client)
    for ask in (
        lambda: world.clients.kind(world.state, unknown),
        lambda: world.clients.config(world.state, unknown),
        lambda: world.clients.status(world.state, unknown, NOW),
        lambda: world.clients.latest(world.state, unknown),
        lambda: world.clients.finality_time(world.state, unknown),
        lambda: world.clients.max_value_bytes(world.state, unknown),
        lambda: world.clients.update(world.state, unknown, HEADER, NOW),
        lambda: world.clients.freeze_on(world.state, unknown, attested_evidence()),
        lambda: world.clients.register_counterparty(world.state, unknown, Counterparty(ClientId("quorum-0"), PLACE)),
        lambda: world.clients.schedule_replacement(world.state, unknown, attested_chain.CONFIG, NOW, DAY),
    ):
        with pytest.raises(ClientNotFound):
            ask()


# --- counterparties ---------------------------------------------------------------------------------------------------


def test_a_counterparty_is_registered_once(world: World) -> None:
    with pytest.raises(CounterpartyNotRegistered):
        world.clients.counterparty(world.state, ATTESTED)
    first = Counterparty(ClientId("quorum-0"), PLACE)
    world.clients.register_counterparty(world.state, ATTESTED, first)
    for again in (first, Counterparty(ClientId("quorum-1"), PLACE)):
        with pytest.raises(CounterpartyAlreadyRegistered):
            world.clients.register_counterparty(world.state, ATTESTED, again)
    assert world.clients.counterparty(world.state, ATTESTED) == first


@pytest.mark.parametrize("name", ["", "short", "x" * 65, "with space", "quorum/0"])
def test_a_counterparty_without_a_name_is_refused(world: World, name: str) -> None:
    with pytest.raises(InvalidIdentifier):
        world.clients.register_counterparty(world.state, ATTESTED, Counterparty(ClientId(name), PLACE))


# --- replacement ------------------------------------------------------------------------------------------------------

SECOND = attested_chain.replace(attested_chain.FIVE, epoch=2)
NEW = attested_chain.replace(
    attested_chain.CONFIG,
    attestors=attested_chain.replace(SECOND, members=SECOND.members[1:]),
    threshold=3,
    finality_rule="safe",
    trusting_period=Seconds(2 * 86_400),
    max_clock_drift=Seconds(60),
    finality_time=Seconds(60),
)
"""All that may be another."""


def test_a_frozen_client_is_replaced_under_its_identifier_after_the_delay(world: World) -> None:
    world.freeze()
    assert world.clients.schedule_replacement(world.state, ATTESTED, NEW, NOW, DAY) == NOW + DAY
    assert world.clients.replacement(world.state, ATTESTED) == NOW + DAY
    assert world.clients.status(world.state, ATTESTED, NOW) is ClientStatus.FROZEN
    with pytest.raises(ReplacementNotRipe):
        world.clients.apply_replacement(world.state, ATTESTED, UnixSeconds(NOW + DAY - 1))
    assert world.clients.status(world.state, ATTESTED, NOW) is ClientStatus.FROZEN
    later = UnixSeconds(NOW + DAY)
    world.clients.apply_replacement(world.state, ATTESTED, later)
    assert world.clients.status(world.state, ATTESTED, later) is ClientStatus.ACTIVE
    assert world.clients.config(world.state, ATTESTED) == NEW
    assert world.clients.latest(world.state, ATTESTED).height == 0
    proof = attested_evm.Proof(Height(100), attested_chain.STORAGE.proof([]))
    with pytest.raises(HeightNotStored):
        world.clients.verify(world.state, ATTESTED, proof, Claims(present=(attested_chain.commitment(1),)), later)
    with pytest.raises(ReplacementNotScheduled):
        world.clients.apply_replacement(world.state, ATTESTED, later)


def test_an_expired_client_is_replaced_too_and_its_counterparty_stays(world: World) -> None:
    later = UnixSeconds(NOW + 2 * 86_400)
    assert world.clients.status(world.state, QUORUM, later) is ClientStatus.EXPIRED
    counterparty = world.clients.counterparty(world.state, QUORUM)
    world.clients.schedule_replacement(world.state, QUORUM, quorum_chain.CONFIG, later, Seconds(1))
    world.clients.apply_replacement(world.state, QUORUM, UnixSeconds(later + 1))
    assert world.clients.status(world.state, QUORUM, UnixSeconds(later + 1)) is ClientStatus.ACTIVE
    assert world.clients.counterparty(world.state, QUORUM) == counterparty


def test_a_second_announcement_begins_the_delay_anew(world: World) -> None:
    first = attested_chain.replace(attested_chain.CONFIG, attestors=SECOND)
    world.clients.schedule_replacement(world.state, ATTESTED, first, NOW, DAY)
    world.clients.schedule_replacement(world.state, ATTESTED, NEW, UnixSeconds(NOW + 10), DAY)
    with pytest.raises(ReplacementNotRipe):
        world.clients.apply_replacement(world.state, ATTESTED, UnixSeconds(NOW + DAY))
    world.clients.apply_replacement(world.state, ATTESTED, UnixSeconds(NOW + 10 + DAY))
    assert world.clients.config(world.state, ATTESTED) == NEW


def test_a_replacement_that_was_taken_back_cannot_be_applied(world: World) -> None:
    with pytest.raises(ReplacementNotScheduled):
        world.clients.cancel_replacement(world.state, ATTESTED)
    world.clients.schedule_replacement(world.state, ATTESTED, NEW, NOW, DAY)
    world.clients.cancel_replacement(world.state, ATTESTED)
    assert world.clients.replacement(world.state, ATTESTED) is None
    with pytest.raises(ReplacementNotScheduled):
        world.clients.apply_replacement(world.state, ATTESTED, UnixSeconds(NOW + DAY))
    assert world.clients.config(world.state, ATTESTED) == attested_chain.CONFIG


def test_a_replacement_that_was_never_announced_is_refused(world: World) -> None:
    assert world.clients.replacement(world.state, ATTESTED) is None
    with pytest.raises(ReplacementNotScheduled):
        world.clients.apply_replacement(world.state, ATTESTED, NOW)


def test_a_replacement_that_is_not_safe_is_refused_when_it_is_announced(world: World) -> None:
    before = dict(world.state.changes)
    with pytest.raises(InvalidClientConfig):
        world.clients.schedule_replacement(
            world.state, ATTESTED, attested_chain.replace(NEW, finality_rule="latest"), NOW, DAY
        )
    assert dict(world.state.changes) == before


@pytest.mark.parametrize("other", [{"chain": "another-1"}, {"genesis_hash": Hash(label("another genesis"))}])
def test_a_client_of_a_chain_of_our_own_begins_anew_with_no_other_chain(world: World, other: dict[str, Any]) -> None:
    """What stands acknowledged under its identifier would be shown to that chain as answers to its own packets."""
    before = dict(world.state.changes)
    with pytest.raises(InvalidClientConfig, match="another chain gets a client of its own"):
        world.clients.schedule_replacement(world.state, QUORUM, replace(quorum_chain.CONFIG, **other), NOW, DAY)
    assert dict(world.state.changes) == before
    world.clients.schedule_replacement(world.state, QUORUM, replace(quorum_chain.CONFIG, trusting_period=DAY), NOW, DAY)


ANOTHER_ROUTER = [
    ("another address", {"router": Address(b"\xbb" * 20)}),
    ("other code", {"router_code_hash": Hash(label("other code"))}),
    ("one of the same address on another EVM chain", {"chain_id": 1}),
]


@pytest.mark.parametrize(("other", "changes"), ANOTHER_ROUTER)
def test_an_attested_client_begins_anew_with_no_other_router(world: World, other: str, changes: dict[str, Any]) -> None:
    """Its packets begin at sequence 1: they would be no-ops, and what stands acknowledged would answer them."""
    before = dict(world.state.changes)
    with pytest.raises(InvalidClientConfig, match="another router gets a client of its own"):
        world.clients.schedule_replacement(world.state, ATTESTED, replace(NEW, **changes), NOW, DAY)
    assert dict(world.state.changes) == before


@pytest.mark.parametrize(("other", "changes"), ANOTHER_ROUTER)
def test_another_router_that_was_announced_before_this_was_refused_is_not_put_in(
    world: World, monkeypatch: pytest.MonkeyPatch, other: str, changes: dict[str, Any]
) -> None:
    with monkeypatch.context() as before:
        before.setattr(registry, "_refuse_another_router", lambda *_: None)
        world.clients.schedule_replacement(world.state, ATTESTED, replace(NEW, **changes), NOW, DAY)
    with pytest.raises(InvalidClientConfig, match="another router gets a client of its own"):
        world.clients.apply_replacement(world.state, ATTESTED, UnixSeconds(NOW + DAY))
    assert world.clients.config(world.state, ATTESTED) == attested_chain.CONFIG


def test_what_was_signed_before_a_replacement_counts_no_more(world: World) -> None:
    """In the same epoch an old hand-over, or the history that was left behind, could be replayed."""
    same = attested_chain.replace(NEW, attestors=attested_chain.FIVE, threshold=4)
    with pytest.raises(InvalidClientConfig, match="epoch 1 was used"):
        world.clients.schedule_replacement(world.state, ATTESTED, same, NOW, DAY)
    world.clients.schedule_replacement(world.state, ATTESTED, NEW, NOW, Seconds(0))
    world.clients.apply_replacement(world.state, ATTESTED, NOW)
    old = attested_chain.change(SignerSet.of_equals(2, ADDRESSES[5:10]))
    for spent in (attested_chain.sign(attested_chain.header()), old):
        with pytest.raises((WrongEpoch, WrongNextSet)):
            world.clients.update(world.state, ATTESTED, spent, NOW)
        assert world.clients.config(world.state, ATTESTED) == NEW


def test_a_hand_over_while_a_replacement_waits_spends_its_epoch(world: World) -> None:
    world.clients.schedule_replacement(world.state, ATTESTED, NEW, NOW, DAY)
    world.clients.update(world.state, ATTESTED, attested_chain.change(SECOND), NOW)
    with pytest.raises(InvalidClientConfig, match="epoch 2 was used"):
        world.clients.apply_replacement(world.state, ATTESTED, UnixSeconds(NOW + DAY))
