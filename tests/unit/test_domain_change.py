"""Where a counterparty's checkpoints are valid changes by announcement and delay, and from one height on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger.events import ProposalFailed
from hub import messages as m
from hub.block import ResultCode
from hub.client import HubClient
from hub.clients.domain_change import domain_at
from hub.clients.errors import ClientNotFound, DomainChangeNotRipe, DomainChangeNotScheduled
from hub.clients.quorum import Config
from hub.engine.embedded import EngineOptions
from hub.events import (
    ClientReplacementScheduled,
    DomainChangeCancelled,
    DomainChanged,
    DomainChangeScheduled,
    ValidatorSetChanged,
)
from hub.ibc.identifiers import ClientId
from hub.node import NodeConfig, running_node
from hub.proofs.eip712 import EvmDomain, SaltDomain
from hub.proofs.quorum import SignerSet, verify_quorum
from hub.quantities import MAX_U64, Address, Hash, Height, UnixSeconds
from hub.validators import rotation_checkpoint, validators
from tests.unit import attested_chain, node_world
from tests.unit.hub_chain import MEMBER, OPERATOR, PARAMETERS, RELAYER, VALIDATOR, HubChain
from tests.unit.hub_world import one
from tests.unit.member_ledger import MemberLedger
from tests.vectors.generate_quorum import ADDRESSES

CLIENT = attested_chain.CLIENT
CHAIN_ID = attested_chain.CONFIG.chain_id
OLD, NEW, THIRD = (Address(bytes([number]) * 20) for number in (1, 2, 3))
DELAY = PARAMETERS.replacement_delay
NEXT_SET = SignerSet.of_equals(2, ADDRESSES[14:17])
PROPOSE = m.ProposeValidatorSet(tuple((member.address, member.power) for member in NEXT_SET.members))
APPLY, CANCEL = m.ApplyDomainChange(CLIENT), m.CancelDomainChange(CLIENT)


def change(contract: Address = NEW, **fields: Any) -> m.ScheduleDomainChange:
    sound = m.ScheduleDomainChange(CLIENT, CHAIN_ID, contract, b"")
    return msgspec.structs.replace(sound, **fields)


@pytest.fixture
def hub() -> HubChain:
    hub = HubChain()
    hub.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    hub.do(OPERATOR, m.RegisterCounterparty(CLIENT, "quorum-0", CHAIN_ID, OLD, b""))
    return hub


def domain(hub: HubChain) -> object:
    return hub.app.clients.counterparty(hub.state, CLIENT).domain


def test_a_change_is_announced_waits_and_holds_from_its_block_on(hub: HubChain) -> None:
    scheduled = one(hub.do(OPERATOR, change()).events, DomainChangeScheduled)
    assert scheduled == DomainChangeScheduled(CLIENT, CHAIN_ID, NEW, b"", UnixSeconds(hub.now + DELAY))
    early = hub.try_(OPERATOR, APPLY, advance=DELAY - 1)
    assert (early.reason, domain(hub)) == ("DOMAIN_CHANGE_NOT_RIPE", EvmDomain(CHAIN_ID, OLD))
    assert one(hub.do(OPERATOR, APPLY).events, DomainChanged).client == CLIENT
    assert domain(hub) == EvmDomain(CHAIN_ID, NEW)
    changed_at = hub.header.height
    for height in (1, changed_at - 1):
        assert domain_at(hub.state, CLIENT, Height(height)) == EvmDomain(CHAIN_ID, OLD)
    for height in (changed_at, changed_at + 1, 10**9):
        assert domain_at(hub.state, CLIENT, Height(height)) == EvmDomain(CHAIN_ID, NEW)
    assert hub.try_(OPERATOR, APPLY).reason == "DOMAIN_CHANGE_NOT_SCHEDULED"
    assert hub.app.clients.counterparty(hub.state, CLIENT).client == "quorum-0"


def test_every_height_keeps_its_domain_through_many_changes(hub: HubChain) -> None:
    of_height = {}
    for contract in (NEW, THIRD, OLD):
        hub.do(OPERATOR, change(contract))
        for _ in range(2):
            of_height[hub.header.height] = domain(hub)
            hub.block(advance=DELAY)
        of_height[hub.header.height] = domain(hub)
        hub.do(OPERATOR, APPLY)
    of_height[hub.header.height] = EvmDomain(CHAIN_ID, OLD)
    assert {height: domain_at(hub.state, CLIENT, height) for height in of_height} == of_height
    assert len(set(of_height.values())) == 3


def test_two_changes_in_one_block_leave_the_former_domain_of_before(hub: HubChain) -> None:
    at_once = HubChain(parameters=msgspec.structs.replace(PARAMETERS, replacement_delay=0))
    at_once.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    at_once.do(OPERATOR, m.RegisterCounterparty(CLIENT, "quorum-0", CHAIN_ID, OLD, b""))
    before = at_once.header.height
    at_once.do(OPERATOR, change(THIRD), APPLY, change(NEW), APPLY)
    assert domain_at(at_once.state, CLIENT, before) == EvmDomain(CHAIN_ID, OLD)
    assert domain_at(at_once.state, CLIENT, at_once.header.height) == EvmDomain(CHAIN_ID, NEW)


def test_a_delay_of_all_bits_is_never_over() -> None:
    hub = HubChain(parameters=msgspec.structs.replace(PARAMETERS, replacement_delay=MAX_U64))
    hub.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    hub.do(OPERATOR, m.RegisterCounterparty(CLIENT, "quorum-0", CHAIN_ID, OLD, b""))
    assert one(hub.do(OPERATOR, change()).events, DomainChangeScheduled).ripe_at == MAX_U64
    later = msgspec.structs.replace(attested_chain.CONFIG, attestors=SignerSet.of_equals(9, ADDRESSES[:5]))
    replaced = hub.do(OPERATOR, m.ScheduleAttestedReplacement(CLIENT, later))
    assert one(replaced.events, ClientReplacementScheduled).ripe_at == MAX_U64


def test_a_change_is_taken_back(hub: HubChain) -> None:
    assert hub.try_(OPERATOR, CANCEL).reason == "DOMAIN_CHANGE_NOT_SCHEDULED"
    hub.do(OPERATOR, change())
    assert one(hub.do(OPERATOR, CANCEL).events, DomainChangeCancelled).client == CLIENT
    assert hub.try_(OPERATOR, APPLY, advance=DELAY).reason == "DOMAIN_CHANGE_NOT_SCHEDULED"
    assert domain(hub) == EvmDomain(CHAIN_ID, OLD)


def test_a_second_announcement_begins_the_delay_anew(hub: HubChain) -> None:
    hub.do(OPERATOR, change(THIRD))
    hub.do(OPERATOR, change(NEW), advance=10)
    assert hub.try_(OPERATOR, APPLY, advance=DELAY - 5).reason == "DOMAIN_CHANGE_NOT_RIPE"
    hub.do(OPERATOR, APPLY, advance=5)
    assert domain(hub) == EvmDomain(CHAIN_ID, NEW)


@pytest.mark.parametrize("who", [MEMBER, RELAYER])
def test_only_an_operator_changes_a_domain(hub: HubChain, who: int) -> None:
    hub.do(OPERATOR, change())
    for message in (change(THIRD), APPLY, CANCEL):
        assert hub.try_(who, message, advance=DELAY).reason == "ROLE_MISSING"
    assert domain(hub) == EvmDomain(CHAIN_ID, OLD)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"client": "attested-9"}, "CLIENT_NOT_FOUND"),
        ({"client": "x"}, "INVALID_IDENTIFIER"),
        ({"client_contract": OLD}, "DOMAIN_UNCHANGED"),
        ({"client_contract": bytes(20)}, "INVALID_COUNTERPARTY"),
        ({"client_contract": b"\x02" * 19}, "INVALID_COUNTERPARTY"),
        ({"client_contract": b""}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": CHAIN_ID + 1}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": 0}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": 2**64}, "INVALID_COUNTERPARTY"),
        ({"salt": b"\x01" * 32}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": 0, "client_contract": b"", "salt": b"\x01" * 32}, "INVALID_COUNTERPARTY"),
    ],
)
def test_what_can_never_be_a_domain_is_refused_when_it_is_announced(
    hub: HubChain, fields: dict[str, Any], reason: str
) -> None:
    assert hub.try_(OPERATOR, change(**fields)).reason == reason
    assert hub.try_(OPERATOR, APPLY, advance=DELAY).reason == "DOMAIN_CHANGE_NOT_SCHEDULED"


def test_a_client_without_a_counterparty_has_no_domain_to_change() -> None:
    hub = HubChain()
    hub.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    assert hub.try_(OPERATOR, change()).reason == "COUNTERPARTY_NOT_REGISTERED"


def test_a_domain_stays_on_its_chain_and_no_replacement_leads_to_another(hub: HubChain) -> None:
    attestors = msgspec.structs.replace(attested_chain.FIVE, epoch=2)
    forked = msgspec.structs.replace(attested_chain.CONFIG, chain_id=CHAIN_ID + 1, attestors=attestors)
    there = change(evm_chain_id=CHAIN_ID + 1)
    assert hub.try_(OPERATOR, there).reason == "INVALID_COUNTERPARTY"
    assert hub.try_(OPERATOR, m.ScheduleAttestedReplacement(CLIENT, forked), there).reason == "INVALID_CLIENT_CONFIG"


# --- rotation ---------------------------------------------------------------------------------------------------------


def store(hub: HubChain, **changes: Any) -> Any:
    return hub.try_(RELAYER, m.StoreRotationCheckpoint(CLIENT, hub.checkpoint(CLIENT, **changes)))


def test_a_rotation_waits_until_a_scheduled_change_is_over(hub: HubChain) -> None:
    """The client that is to take over believes the present set: nothing could lead it on if that set went now."""
    hub.do(OPERATOR, change())
    hub.do(OPERATOR, PROPOSE)
    assert store(hub).code is ResultCode.OK
    hub.block(advance=DELAY)
    assert validators(hub.state).epoch == 1
    hub.do(OPERATOR, APPLY)
    assert rotation_checkpoint(hub.state, validators(hub.state).epoch, ClientId(CLIENT)) is None
    hub.block()
    assert validators(hub.state).epoch == 1
    assert store(hub).code is ResultCode.OK
    assert validators(hub.state).epoch == 2
    signed = rotation_checkpoint(hub.state, SignerSet.of_equals(1, ADDRESSES[:1]).epoch, ClientId(CLIENT))
    assert signed is not None
    old = SignerSet.of_equals(1, [ADDRESSES[VALIDATOR]])
    verify_quorum(old, signed.checkpoint.digest(EvmDomain(CHAIN_ID, NEW)), signed.signature)


def test_a_change_that_is_taken_back_lets_the_rotation_go_on(hub: HubChain) -> None:
    hub.do(OPERATOR, change())
    hub.do(OPERATOR, PROPOSE)
    store(hub)
    assert validators(hub.state).epoch == 1
    hub.do(OPERATOR, CANCEL)
    assert validators(hub.state).epoch == 2
    assert one(hub.events, ValidatorSetChanged).epoch == 2


def test_a_hand_over_for_the_former_domain_is_refused(hub: HubChain) -> None:
    hub.do(OPERATOR, PROPOSE)
    hub.do(OPERATOR, change())
    of_before = m.StoreRotationCheckpoint(CLIENT, hub.checkpoint(CLIENT))
    hub.do(OPERATOR, APPLY, advance=DELAY)
    refused = hub.try_(RELAYER, of_before)
    assert (refused.reason, dict(refused.values)) == ("WRONG_ROTATION_CHECKPOINT", {"field": "domain"})
    assert store(hub).code is ResultCode.OK


# --- a node, and what its validator signs -----------------------------------------------------------------------------


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[tuple[HubClient, node_world.StillClock]]:
    clock = node_world.StillClock()
    config = NodeConfig(
        node_world.genesis(),
        tmp_path / "store",
        tmp_path / "guard",
        listen="127.0.0.1:0",
        engine=EngineOptions(gather=0.0),
    )
    async with (
        running_node(config, node_world.SIGNERS[node_world.VALIDATOR], clock) as running,
        await HubClient.connect(f"127.0.0.1:{running.port}", insecure=True) as hub,
    ):
        register = m.RegisterCounterparty(CLIENT, "quorum-0", CHAIN_ID, OLD, b"")
        await hub.submit([m.CreateAttestedClient(attested_chain.CONFIG), register], OPERATOR_OF_NODE)
        yield hub, clock


OPERATOR_OF_NODE = node_world.SIGNERS[node_world.OPERATOR]


async def test_a_validator_signs_each_height_for_one_domain_whenever_it_is_asked(
    node: tuple[HubClient, node_world.StillClock],
) -> None:
    hub, clock = node
    validator = SignerSet.of(1, {node_world.ADDRESSES[node_world.VALIDATOR]: 1})
    await hub.submit([change()], OPERATOR_OF_NODE)
    before = await hub.checkpoint(CLIENT)
    never_asked = before.checkpoint.height - 1
    clock.advance(int((await hub.parameters())["replacement_delay"]))
    await hub.submit([APPLY], OPERATOR_OF_NODE)
    after = await hub.checkpoint(CLIENT)
    assert await hub.checkpoint(CLIENT, before.checkpoint.height) == before
    early = await hub.checkpoint(CLIENT, Height(never_asked))
    for signed, contract in ((early, OLD), (before, OLD), (after, NEW)):
        verify_quorum(validator, signed.checkpoint.digest(EvmDomain(CHAIN_ID, contract)), signed.signature)


async def test_what_is_scheduled_and_what_was_is_shown(node: tuple[HubClient, node_world.StillClock]) -> None:
    hub, clock = node
    assert ((await hub.client(CLIENT)).scheduled_domain, (await hub.client(CLIENT)).former_domains) == (None, ())
    await hub.submit([change(), PROPOSE], OPERATOR_OF_NODE)
    delay = int((await hub.parameters())["replacement_delay"])
    shown = (await hub.client(CLIENT)).scheduled_domain
    assert shown is not None
    assert (shown.evm_chain_id, shown.client_contract, shown.salt) == (CHAIN_ID, NEW, b"")
    assert shown.applicable_from == node_world.START + delay
    assert (await hub.rotation()).changing == (CLIENT,)
    with pytest.raises(DomainChangeNotRipe):
        await hub.submit([APPLY], OPERATOR_OF_NODE)
    clock.advance(delay)
    height = (await hub.submit([APPLY], OPERATOR_OF_NODE)).height
    info = await hub.client(CLIENT)
    assert (info.client_contract, info.scheduled_domain) == (NEW, None)
    assert [(one.client_contract, one.last_height) for one in info.former_domains] == [(OLD, height - 1)]
    assert (await hub.rotation()).changing == ()
    with pytest.raises(DomainChangeNotScheduled):
        await hub.submit([CANCEL], OPERATOR_OF_NODE)
    with pytest.raises(ClientNotFound):
        await hub.submit([m.CancelDomainChange("attested-7")], OPERATOR_OF_NODE)


# --- a permissioned ledger --------------------------------------------------------------------------------------------


def test_no_vote_lets_a_ledger_follow_another_hub_or_sign_for_it() -> None:
    """What it answered the former hub would be shown to the other one as answers to its own packets."""
    hub, ledger = HubChain(), MemberLedger()
    ledger.connect(hub)
    client = ledger.hub_client
    config = ledger.machine.clients.config(ledger.state, client)
    assert isinstance(config, Config)
    other = msgspec.structs.replace(config, genesis_hash=Hash(b"\x77" * 32))
    for message, reason in (
        (m.ScheduleDomainChange(client, 0, b"", b"\x77" * 32), "INVALID_COUNTERPARTY"),
        (m.ScheduleDomainChange(client, 0, b"", hub.app.genesis_hash), "DOMAIN_UNCHANGED"),
        (m.ScheduleQuorumReplacement(client, other), "INVALID_CLIENT_CONFIG"),
    ):
        assert one(ledger.decide(a.Connect(message)).events, ProposalFailed).reason == reason
    assert ledger.machine.clients.counterparty(ledger.state, client).domain == SaltDomain(hub.app.genesis_hash)
    assert ledger.machine.clients.config(ledger.state, client) == config
