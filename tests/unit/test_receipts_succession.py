"""The hub's sets of validators, from its genesis to the present one: each proven by the quorum of the one before."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from console.commands.receipt import _gaps, _missing, _unproven
from console.earlier_sets import founders, with_hub_sets
from console.receipts import trust_of
from hub import messages as m
from hub.client import HubClient
from hub.clients.quorum import SignedCheckpoint
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import SaltDomain
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.quantities import Epoch, Hash, Height
from hub.receipts.errors import AnchorMissing, InvalidTrust
from hub.receipts.succession import HandOver, succession, with_hub
from hub.receipts.trust import Anchor, OwnChain, Trust
from hub.validators import hand_over, validators
from tests.unit import test_client_rotation as rotating
from tests.unit.hub_chain import OPERATOR
from tests.unit.hub_world import World
from tests.unit.node_world import OPERATOR as NODE_OPERATOR
from tests.unit.node_world import SIGNERS, VALIDATOR, genesis
from tests.unit.test_rotation import NEW, OLD, propose, store
from tests.vectors.generate_quorum import ADDRESSES, KEYS

THIRD = SignerSet.of_equals(3, ADDRESSES[4:5])


@pytest.fixture(scope="module")
def world() -> World:
    """Whose hub has had three sets."""
    made = World()
    for proposed, signers in ((NEW, OLD), (THIRD, NEW)):
        made.hub.do(OPERATOR, propose(proposed))
        for client in (made.a.client, made.b.client):
            store(made, client, signers=signers)
        made.hub.block()
    assert validators(made.hub.state) == THIRD
    return made


def chain(world: World, signers: SignerSet) -> OwnChain:
    return OwnChain(world.hub.app.chain_id, world.hub.app.genesis_hash, signers)


def told(world: World) -> Trust:
    """As the hub tells it now."""
    state, clients = world.hub.state, world.hub.app.clients
    anchors = [
        Anchor(ledger.client, clients.counterparty(state, ledger.client), chain(world, OLD))
        for ledger in (world.a, world.b)
    ]
    return Trust(hub=(chain(world, THIRD),), chains=tuple(anchors))


def steps(world: World) -> list[HandOver]:
    counterparty = told(world).counterparty(world.a.client)
    ends = world.a.client, counterparty.client, counterparty.domain
    return [HandOver(*ends, *hand_over(world.hub.state, Epoch(epoch), world.a.client)) for epoch in (1, 2)]


def followed(trust: Trust, first: OwnChain, steps: list[HandOver]) -> Trust:
    return with_hub(trust, succession(first, steps))


def test_all_sets_from_the_first_on_are_known(world: World) -> None:
    found = followed(told(world), chain(world, OLD), steps(world))
    assert [one.validators for one in found.hub] == [OLD, NEW, THIRD]
    assert found.chains == told(world).chains
    assert followed(told(world), chain(world, THIRD), []) == told(world)
    incomplete = followed(told(world), chain(world, OLD), steps(world)[:1])
    assert [one.epoch for one in incomplete.hub] == [1, 2, 3]


def signed_by_others(world: World, steps: list[HandOver]) -> list[HandOver]:
    shown = steps[0].signed.checkpoint
    domain = told(world).domain(world.a.client, shown.height)
    stranger = SignerSet.of_equals(1, [ADDRESSES[15]])
    forged = SignedCheckpoint(shown, sign_quorum(stranger, {ADDRESSES[15]: KEYS[15]}, shown.digest(domain)))
    return [steps[0]._replace(signed=forged), steps[1]]


FALSE: dict[str, tuple[Callable[[World, list[HandOver]], list[HandOver]], str]] = {
    "another set than was named": (
        lambda w, s: [s[0]._replace(next_set=SignerSet.of_equals(2, ADDRESSES[:1]))],
        "hash",
    ),
    "a later epoch": (lambda w, s: [s[1]], "epoch"),
    "the same step twice": (lambda w, s: [s[0], s[0]], "epoch"),
    "signed by others": (signed_by_others, "sign"),
    "for another counterparty": (lambda w, s: [s[0]._replace(source=w.b.client)], "client"),
    "shown to another counterparty": (lambda w, s: [s[0]._replace(destination=ClientId("quorum-7"))], "client"),
    "under another domain": (lambda w, s: [s[0]._replace(domain=SaltDomain(Hash(b"\x07" * 32)))], "sign"),
    "a changed checkpoint": (
        lambda w, s: [
            s[0]._replace(signed=replace(s[0].signed, checkpoint=replace(s[0].signed.checkpoint, height=Height(1))))
        ],
        "sign",
    ),
}


@pytest.mark.parametrize(("change", "said"), FALSE.values(), ids=FALSE)
def test_a_false_hand_over_is_refused(
    world: World, change: Callable[[World, list[HandOver]], list[HandOver]], said: str
) -> None:
    with pytest.raises(InvalidTrust, match=rf"hand-over of .* from epoch \d does not hold: .*{said}"):
        followed(told(world), chain(world, OLD), change(world, steps(world)))


def test_what_the_hub_tells_and_what_its_genesis_leads_to_are_the_same(world: World) -> None:
    lie = replace(told(world), hub=(chain(world, SignerSet.of_equals(3, ADDRESSES[:1])),))
    with pytest.raises(InvalidTrust, match="other validators in epoch 3"):
        followed(lie, chain(world, OLD), steps(world))
    elsewhere = replace(chain(world, OLD), genesis_hash=Hash(bytes(32)))
    with pytest.raises(InvalidTrust):
        followed(told(world), elsewhere, steps(world))


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubClient]:
    async with rotating.node_of(tmp_path, SIGNERS[VALIDATOR], SIGNERS[rotating.NEXT]) as connected:
        register = m.RegisterCounterparty(rotating.CLIENT, "quorum-8", 0, b"", rotating.SALT)
        await connected.submit([m.CreateQuorumClient(rotating.CONFIG), register], SIGNERS[NODE_OPERATOR])
        yield connected


async def test_a_trust_file_of_today_knows_who_signed_before(hub: HubClient) -> None:
    await rotating.rotate(hub)
    await hub.request_block()
    now = await trust_of(hub)
    with pytest.raises(AnchorMissing):
        now.validators(Epoch(1))
    first = founders(genesis().to_json())
    found, proven_to = await with_hub_sets(hub, now, first)
    assert proven_to == 2
    assert found.validators(Epoch(1)).validators == rotating.OLD_SET
    assert found.validators(Epoch(2)).validators == rotating.NEW_SET
    assert await with_hub_sets(hub, now, now.hub[0]) == (now, 2)


async def test_a_set_that_changed_before_any_chain_was_connected_is_told_and_not_proven(tmp_path: Path) -> None:
    async with rotating.node_of(tmp_path, SIGNERS[VALIDATOR], SIGNERS[rotating.NEXT]) as hub:
        await hub.submit([rotating.PROPOSE], SIGNERS[NODE_OPERATOR])
        await hub.request_block()
        found, proven_to = await with_hub_sets(hub, await trust_of(hub), founders(genesis().to_json()))
        assert [one.epoch for one in found.hub] == [1, 2]
        assert proven_to == 1
        (warning,) = _unproven("the hub", proven_to, found.hub[-1].epoch)
        assert "epoch 1 to those of epoch 2" in warning


def test_a_hub_that_names_an_epoch_beyond_all_counting_wears_nobody_out(world: World) -> None:
    trust, first = told(world), chain(world, OLD)
    later = replace(first, validators=SignerSet.of_equals(2**62, ADDRESSES[:1]))
    assert _missing(replace(trust, hub=(first, later))).startswith(
        f"who signed then is not in the file: the hub of epoch 2 to {2**62 - 1}. Give"
    )
    assert _missing(replace(trust, hub=(first,))) == ""
    assert _gaps([2, 3, 5, 9]) == ["1", "4", "6 to 8"]
