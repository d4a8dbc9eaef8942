"""Validators hand over, the hub's and a ledger's, while chains run, while one of them is looked after by nobody, and
after it has slept through several rotations. Keys are the test's, chains are real.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest

from adapters.chain import Receive
from adapters.errors import DeliveryRefused
from adapters.evm.contract import Contract
from adapters.evm.endpoints import Endpoints
from adapters.evm.quorum_client import view_quorum_client
from adapters.permissioned.ledger.machine import LedgerMachine
from console.amounts import address_text, parse_address
from console.earlier_sets import founders, with_ledger_sets
from console.joining import Attestor, NewChain, Target, add_chain
from console.receipts import trust_of
from hub.answers import Receipt
from hub.client import HubClient
from hub.clients.errors import WrongEpoch
from hub.clients.quorum import SignedCheckpoint, Update
from hub.messages import (
    AnyMessage,
    ProposeValidatorSet,
    RegisterCounterparty,
    StoreRotationCheckpoint,
    UpdateQuorumClient,
)
from hub.proofs.eip712 import EvmDomain
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Address, Epoch, Seconds
from hub.receipts.trust import OwnChain
from hub.signer import KeySigner, Signer
from relayers.hub_side import HubSide
from relayers.ledger_chain import ledger_chain
from relayers.rotation import ChainRotation
from tests.anvil_chain import account, running_anvil
from tests.e2e.network import QUICK, RHYTHM, SETUP, Network, Site, running_network, until
from tests.e2e.node import OPERATOR_KEY, VALIDATOR_KEY, devnet_node
from tests.e2e.trade import FERRYMAN, Trade, running_trade
from tests.evm_hub import JoinedChain, joined_chain
from tests.unit.node_world import SIGNERS

NEXT_KEY = b"\x23" * 32
SLOW_LOOKS = replace(RHYTHM, clients_s=3600.0)
"""So that what happens quickly was set off by the hub's news."""


async def propose(network: Network, key: bytes) -> None:
    await network.hub.submit([ProposeValidatorSet(((address_of(key), 1),))], network.operator)


async def epoch(network: Network) -> int:
    return (await network.hub.rotation()).validators.epoch


async def believed(site: Site) -> int:
    """The epoch that a chain's client of the hub believes."""
    client = Contract(site.endpoints, "QuorumClient", Address(bytes.fromhex(site.chain.quorum_client[2:])))
    found: int = (await client.read("validatorSet"))[0]
    return found


async def test_a_rotation_waits_for_a_chain_that_nobody_looks_after_and_leads_it_on_when_it_wakes(
    tmp_path: Path,
) -> None:
    async with running_network(tmp_path, "a", "b", next_key=NEXT_KEY) as network:
        a, b = network.a, network.b
        async with network.relayer(rhythm=SLOW_LOOKS, only="a"):
            await propose(network, NEXT_KEY)
            await until(lambda: stored(network, a.client))
            assert (await network.hub.rotation()).missing == (b.client,)
            call = await a.greet(a.service, "by the old set")
            assert await until(lambda: a.answer(call)) == "by the old set"
            assert (await epoch(network), await believed(a)) == (1, 1)
            signed = await network.hub.checkpoint(b.client)
            await network.hub.submit([StoreRotationCheckpoint(b.client, signed)], network.operator)
            assert await epoch(network) == 2
            call = await a.greet(a.service, "by the new set")
            assert await until(lambda: a.answer(call)) == "by the new set"
            assert (await believed(a), await believed(b)) == (2, 1)
            await propose(network, VALIDATOR_KEY)  # a third set, of the first one's key: b sleeps on
            signed = await network.hub.checkpoint(b.client)
            await network.hub.submit([StoreRotationCheckpoint(b.client, signed)], network.operator)
            await until(lambda: reached(network, 3))
            call = await a.greet(a.service, "by the third")
            assert await until(lambda: a.answer(call)) == "by the third"
        assert await believed(b) == 1
        async with network.relayer(rhythm=SLOW_LOOKS):
            call = await b.greet(b.service, "after a long sleep")
            assert await until(lambda: b.answer(call)) == "after a long sleep"
            assert (await believed(a), await believed(b)) == (3, 3)


async def stored(network: Network, client: str) -> bool:
    return client in (await network.hub.rotation()).stored


async def reached(network: Network, wanted: int) -> bool:
    return await epoch(network) == wanted


async def test_a_chain_that_is_added_while_a_rotation_takes_effect_begins_with_those_who_sign_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could lead its client on from the set before: it was not registered when that one signed."""
    operator, told = KeySigner(OPERATOR_KEY), list[str]()
    with running_anvil() as anvil:
        async with (
            devnet_node(tmp_path, next_key=NEXT_KEY) as node,
            await HubClient.connect(node.target, insecure=True) as hub,
        ):
            submit, turns = hub.submit, iter([NEXT_KEY])

            async def first_turn(messages: Sequence[AnyMessage], signer: Signer) -> Receipt:
                """With no chain to wait for, a rotation takes effect in the block in which it is proposed."""
                if isinstance(messages[0], RegisterCounterparty) and (key := next(turns, None)):
                    await submit([ProposeValidatorSet(((address_of(key), 1),))], operator)
                return await submit(messages, signer)

            monkeypatch.setattr(hub, "submit", first_turn)
            attestor = Attestor(address_of(VALIDATOR_KEY), Target("127.0.0.1:1"))
            plan = NewChain("c", [anvil.url], "depth:1", [attestor], finality_time=Seconds(2))
            chain = await add_chain(plan, hub, operator, account(SETUP), report=told.append, pace=QUICK)
            assert [text for text in told if "once more" in text] == [
                "c: the hub's validators have become those of epoch 2: once more"
            ]
            endpoints = Endpoints("c", [anvil.url])
            client = Contract(endpoints, "QuorumClient", parse_address(chain.quorum_client))
            assert (await view_quorum_client(client, "c")).set_hash == (await hub.rotation()).validators.hash()
            assert address_text(Address((await hub.client(chain.client_at_hub)).client_contract)) == chain.quorum_client
            await endpoints.close()


# --- a ledger's validators, by vote -----------------------------------------------------------------------------------

FIRST, SECOND, THIRD = SIGNERS[:3]


@pytest.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    """Its nodes hold all keys; who signs is what was voted for."""
    async with running_trade(tmp_path, [FIRST, SECOND, THIRD], next_hub_key=NEXT_KEY) as running:
        yield running


async def store_by_hand(trade: Trade) -> None:
    """Any member may bring it: this one is no relayer."""
    await trade.ann.submit([StoreRotationCheckpoint(trade.of_hub, await trade.ann.checkpoint(trade.of_hub))])


async def test_a_ledger_s_validators_change_by_vote_and_calls_pass_both_ways(trade: Trade) -> None:
    async with trade.relayer() as relayer:
        await trade.call_both_ways("by the first")
        assert await trade.epochs() == (1, 1)
        await trade.propose_validators(SECOND, THIRD)
        await trade.call_both_ways("while they hand over")
        await until(lambda: stand(trade, 2, 2))
        assert [one.address for one in (await trade.ann.status()).validators] == sorted((SECOND.address, THIRD.address))
        assert {one.organisation for one in await trade.ann.validators()} == {"bank-b"}
        await trade.call_both_ways("by the second and the third")
        await trade.propose_validators(THIRD)
        await until(lambda: stand(trade, 3, 3))
        await trade.call_both_ways("by the third alone")
        await _trust_file_knows_all_sets(trade)
        assert relayer.health() == {}
        assert not relayer.metrics.registry.get_sample_value("relayer_rebuilds_total", {"path": "trade"})


async def _trust_file_knows_all_sets(trade: Trade) -> None:
    """Made when the third set signs, from the ledger's genesis and what its node still shows."""
    now = await trust_of(trade.hub)
    (anchor,) = [one for one in now.chains if one.client == trade.at_hub]
    machine = trade.node.ledger.machine
    assert isinstance(machine, LedgerMachine)
    genesis = founders(machine.genesis.to_json())
    found, proven_to = await with_ledger_sets(trade.ann, now, anchor, genesis)
    assert proven_to == anchor.chain.epoch
    sets = [one.chain for one in found.chains if one.client == trade.at_hub]
    assert [[member.address for member in one.validators.members] for one in sets if isinstance(one, OwnChain)] == [
        [FIRST.address],
        sorted((SECOND.address, THIRD.address)),
        [THIRD.address],
    ]


async def stand(trade: Trade, ledger: int, believed: int) -> bool:
    return await trade.epochs() == (ledger, believed)


async def test_a_ledger_waits_for_what_leads_the_hub_on_and_the_hub_catches_up_with_it(trade: Trade) -> None:
    """No relayer for two rotations; the hub's client of the ledger sleeps through both."""
    call = await trade.ask_hub("before they rotate")
    await trade.propose_validators(SECOND)
    assert (await trade.ann.rotation()).missing == (trade.of_hub,)
    await trade.ann.request_block()
    assert await trade.epochs() == (1, 1)
    await store_by_hand(trade)
    assert await trade.epochs() == (2, 1)
    await trade.propose_validators(FIRST)
    await store_by_hand(trade)
    assert await trade.epochs() == (3, 1)
    with pytest.raises(WrongEpoch):
        await trade.hub.submit([await shown(trade)], trade.operator)
    async with trade.relayer() as relayer:
        await trade.answer(call)
        assert await trade.answered_by_hub(call) == b'{"text":"back"}'
        assert await trade.epochs() == (3, 3)
        await trade.call_both_ways("caught up")
        assert relayer.health() == {}


async def shown(trade: Trade) -> UpdateQuorumClient:
    """The ledger's newest block, for the hub's client."""
    return UpdateQuorumClient(trade.at_hub, Update(await trade.ann.checkpoint(trade.of_hub)))


async def test_two_relayers_lead_the_hub_on_side_by_side(trade: Trade) -> None:
    trade.world.issue(FERRYMAN, "member")
    async with trade.relayer() as one, trade.relayer(FERRYMAN, key=b"\x34" * 32) as other:
        for epoch, signer in ((2, SECOND), (3, THIRD), (4, FIRST)):
            await trade.propose_validators(signer)
            await until(partial(stand, trade, epoch, epoch))
            await trade.call_both_ways(f"in epoch {epoch}")
        await until(lambda: true(one.health() == other.health() == {}))


async def true(value: bool) -> bool:
    return value


async def test_a_relayer_killed_between_the_steps_of_a_hand_over_is_followed_by_one_that_knows_nothing(
    trade: Trade,
) -> None:
    await trade.propose_validators(SECOND)
    async with one_step(trade) as rotation:
        await rotation.store()
    assert await trade.epochs() == (2, 1)
    async with trade.relayer():
        await until(lambda: stand(trade, 2, 2))
    await trade.propose_validators(THIRD)
    await store_by_hand(trade)
    await trade.propose_validators(FIRST)
    async with one_step(trade) as rotation:
        await rotation.store()
        await rotation.store()  # nothing waits any more: nothing is sent
        found = await trade.ann.rotation_checkpoint(trade.of_hub, Epoch(2))
        update = UpdateQuorumClient(trade.at_hub, Update(found.signed, found.next_set))
        await trade.hub.submit([update], trade.operator)
    assert await trade.epochs() == (4, 3)
    assert (await trade.ann.status()).epoch == 3
    async with one_step(trade) as rotation:

        async def shown() -> bool:
            """An idle ledger is asked for a block that the hub now believes, and again if it just made one."""
            await rotation.hand_over()
            return (await trade.ann.status()).epoch == 4

        await until(shown)
    async with trade.relayer():
        await trade.call_both_ways("by one that knows nothing")
    assert await trade.epochs() == (4, 4)


@asynccontextmanager
async def one_step(trade: Trade) -> AsyncIterator[ChainRotation]:
    """What a relayer does for the ledger's rotations, and no more than it is asked for."""
    chain = await ledger_chain(trade.hub, trade.target())
    try:
        yield ChainRotation(trade.hub, HubSide(trade.hub, trade.operator, chain), chain)
    finally:
        await chain.close()


async def test_the_hub_and_a_ledger_hand_over_at_once(trade: Trade) -> None:
    async with trade.relayer() as relayer:
        await trade.hub.submit([ProposeValidatorSet(((address_of(NEXT_KEY), 1),))], trade.operator)
        await trade.propose_validators(SECOND)
        await trade.call_both_ways("meanwhile")
        await until(lambda: stand(trade, 2, 2))
        await until(lambda: hub_stands(trade, 2, 2))
        await trade.call_both_ways("afterwards")
        assert relayer.health() == {}


async def hub_stands(trade: Trade, hub: int, believed: int) -> bool:
    return await trade.hub_epochs() == (hub, believed)


async def test_a_ledger_that_slept_is_led_through_the_hub_s_rotations(trade: Trade) -> None:
    for key in (NEXT_KEY, VALIDATOR_KEY):
        await trade.hub.submit([ProposeValidatorSet(((address_of(key), 1),))], trade.operator)
        signed = await trade.hub.checkpoint(trade.at_hub)
        await trade.hub.submit([StoreRotationCheckpoint(trade.at_hub, signed)], trade.operator)
    assert await trade.hub_epochs() == (3, 1)
    async with trade.relayer() as relayer:
        await trade.call_both_ways("after a long sleep")
        assert relayer.health() == {}
    assert await trade.hub_epochs() == (3, 3)


# --- many keys, held by the test --------------------------------------------------------------------------------------

NEXT_KEYS = {address_of(key): key for key in (bytes([number]) * 32 for number in range(11, 16))}
NEXT_SET = SignerSet.of_equals(2, list(NEXT_KEYS))
NOBODY = SignerSet.of_equals(2, [Address(b"\x77" * 20)])


@pytest.fixture
async def joined() -> AsyncIterator[JoinedChain]:
    with running_anvil() as anvil:
        async with joined_chain(anvil) as chain:
            yield chain


def resigned(joined: JoinedChain, checkpoint: SignedCheckpoint, signers: int) -> SignedCheckpoint:
    """The same checkpoint of the next epoch, signed by so many of the next set's five."""
    shown = msgspec.structs.replace(checkpoint.checkpoint, epoch=Epoch(2), next_validator_set_hash=NEXT_SET.hash())
    digest = shown.digest(EvmDomain(joined.anvil.chain_id, joined.hub.client_contract))
    keys = dict(sorted(NEXT_KEYS.items())[:signers])
    return SignedCheckpoint(shown, sign_quorum(NEXT_SET, keys, digest))


async def test_a_client_passes_from_four_keys_to_five_others_and_believes_these_alone(joined: JoinedChain) -> None:
    naming = joined.hub.checkpoint(next_validator_set_hash=NEXT_SET.hash())
    for wrong in (NOBODY, SignerSet.of_equals(3, list(NEXT_KEYS)), SignerSet.of_equals(2, list(NEXT_KEYS)[:4])):
        with pytest.raises(DeliveryRefused, match="WrongValidatorSet"):
            await joined.chain.rotate(naming, wrong)
    with pytest.raises(DeliveryRefused):  # a checkpoint that names no other set hands over to none
        await joined.chain.rotate(joined.hub.checkpoint(), NEXT_SET)
    with pytest.raises(DeliveryRefused, match="WrongEpoch"):
        await joined.chain.update(resigned(joined, naming, 5))
    assert (await joined.chain.hub_client()).epoch == 1

    await joined.chain.rotate(naming, NEXT_SET)
    assert (await joined.chain.hub_client()).epoch == 2
    with pytest.raises(DeliveryRefused, match="WrongEpoch"):
        await joined.chain.deliver(joined.hub.by_batch([Receive(joined.hub.packet(1))]))
    newer = joined.hub.checkpoint()
    for few in (1, 3):
        with pytest.raises(DeliveryRefused, match="TooLittlePower"):
            await joined.chain.update(resigned(joined, newer, few))
    await joined.chain.update(resigned(joined, newer, 4))
    assert (await joined.chain.hub_client()).latest.height == newer.checkpoint.height
