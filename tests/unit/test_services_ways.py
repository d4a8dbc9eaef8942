"""What a provider's chain takes to make a block final: how long a grace, and how far a deadline, must be."""

from typing import Any

import msgspec
import pytest

from hub import messages as m
from hub.events import ServiceCalled, ServiceResulted
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import SignerSet
from hub.quantities import MAX_U64, Amount, Seconds, UnixSeconds
from hub.services import requests
from hub.services.payload import ResultCode as Code
from hub.services.requests import ServiceRequest
from tests.unit.attested_chain import CONFIG
from tests.unit.hub_chain import CONSUMER, MEMBER, OPERATOR, PARAMETERS, PROVIDER
from tests.unit.hub_world import PRICE, PROVIDER_CONTRACT, World, bind, hub_call, none_of, one
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.generate_quorum import ADDRESSES as ATTESTORS

RESPONSE = 30
"""What providers may take themselves, in seconds."""
ROUTE, GRACE = PARAMETERS.route_margin, PARAMETERS.grace_margin
SLOW, QUICK = Seconds(900), Seconds(12)
replace = msgspec.structs.replace


@pytest.fixture
def world() -> World:
    return World()


def evm_chain(world: World, finality_time: int) -> ClientId:
    """An EVM chain that takes so long; the hub's client of it."""
    clients, state = world.hub.app.clients, world.hub.state
    known = set(clients.all(state))
    config = replace(CONFIG, finality_time=Seconds(finality_time))
    world.hub.do(OPERATOR, m.CreateAttestedClient(config))
    (client,) = set(clients.all(state)) - known
    world.hub.do(OPERATOR, m.RegisterCounterparty(client, "quorum-0", config.chain_id, b"\x11" * 20, b""))
    return client


def chain(world: World, finality_time: int | None) -> ClientId:
    """An EVM chain that takes so long, or the ledger."""
    return world.b.client if finality_time is None else evm_chain(world, finality_time)


def ask(world: World, client: str, within: int, **changes: Any) -> ServiceRequest | dict[str, str]:
    """Call the provider on that chain: the request, or the values of the refusal DEADLINE_TOO_SHORT."""
    provider = PROVIDER_CONTRACT if client else ADDRESSES[PROVIDER]
    call = hub_call(client=client, provider=provider, deadline=UnixSeconds(world.hub.now + 1 + within), **changes)
    result = world.hub.try_(CONSUMER, call)
    if result.reason:
        assert result.reason == "DEADLINE_TOO_SHORT"
        return dict(result.values)
    return kept(world, one(result.events, ServiceCalled).request_id)


def kept(world: World, request_id: bytes) -> ServiceRequest:
    found = requests.request(world.hub.state, request_id)
    assert found is not None
    return found


def replaced(world: World, client: ClientId, epoch: int, finality_time: int) -> None:
    """The operator replaces the client by one that says another time."""
    config = replace(CONFIG, attestors=SignerSet.of_equals(epoch, ATTESTORS[:5]), finality_time=Seconds(finality_time))
    world.hub.do(OPERATOR, m.ScheduleAttestedReplacement(client, config))
    world.hub.do(OPERATOR, m.ApplyClientReplacement(client), advance=PARAMETERS.replacement_delay)


@pytest.mark.parametrize("finality_time", [None, 0, QUICK, SLOW])
def test_a_grace_is_at_least_the_chains_finality_and_the_margin(world: World, finality_time: int | None) -> None:
    client = chain(world, finality_time)
    least = (finality_time or 0) + GRACE
    refused = world.hub.try_(MEMBER, bind(client, grace_seconds=least - 1))
    assert refused.reason == "GRACE_TOO_SHORT"
    assert dict(refused.values) == {
        "grace_seconds": str(least - 1),
        "least": str(least),
        "finality_time": str(finality_time or 0),
        "margin": str(GRACE),
    }
    world.hub.do(MEMBER, bind(client, grace_seconds=least, price=Amount(1)))


@pytest.mark.parametrize("finality_time", [None, 0, QUICK, SLOW])
def test_a_deadline_leaves_the_providers_time_the_chains_finality_and_the_margin(
    world: World, finality_time: int | None
) -> None:
    client = chain(world, finality_time)
    world.hub.do(MEMBER, bind(client, grace_seconds=2000, price=Amount(1)))
    least = RESPONSE + (finality_time or 0) + ROUTE
    now = world.hub.now + 1
    assert ask(world, client, least - 1) == {
        "deadline": str(now + least - 1),
        "earliest": str(now + least),
        "max_response_seconds": str(RESPONSE),
        "finality_time": str(finality_time or 0),
        "margin": str(ROUTE),
    }
    accepted = ask(world, client, least)
    assert isinstance(accepted, ServiceRequest)
    assert accepted.due == accepted.deadline + 2000


def test_a_hub_account_has_no_way_to_go(world: World) -> None:
    world.hub.do(PROVIDER, bind("", provider=ADDRESSES[PROVIDER], encoding=2, grace_seconds=0))
    refused = ask(world, "", RESPONSE - 1)
    assert isinstance(refused, dict)
    assert (refused["finality_time"], refused["margin"]) == ("0", "0")
    accepted = ask(world, "", RESPONSE)
    assert isinstance(accepted, ServiceRequest)
    assert accepted.due == accepted.deadline


def test_each_binding_is_held_to_its_own_chain(world: World) -> None:
    """The cheapest that can make it: what is slow to become final serves only calls that can wait."""
    slow, quick = evm_chain(world, SLOW), evm_chain(world, QUICK)
    world.hub.do(MEMBER, bind(slow, grace_seconds=SLOW + GRACE, price=Amount(1)))
    world.hub.do(MEMBER, bind(quick, grace_seconds=QUICK + GRACE, price=Amount(2)))
    for within, client, price in (
        (RESPONSE + ROUTE, world.b.client, PRICE),
        (RESPONSE + QUICK + ROUTE - 1, world.b.client, PRICE),
        (RESPONSE + QUICK + ROUTE, quick, 2),
        (RESPONSE + SLOW + ROUTE - 1, quick, 2),
        (RESPONSE + SLOW + ROUTE, slow, 1),
    ):
        called = world.accept(deadline=UnixSeconds(world.hub.now + 1 + within))[1]
        assert (one(called, ServiceCalled).client, one(called, ServiceCalled).fee) == (client, price)


def test_a_contract_is_told_of_which_times_its_deadline_falls_short(world: World) -> None:
    world.hub.do(MEMBER, bind(evm_chain(world, QUICK), grace_seconds=2000, max_response_seconds=7))
    world.hub.do(MEMBER, bind(evm_chain(world, SLOW), grace_seconds=2000, max_response_seconds=1))
    world.hub.do(MEMBER, bind(world.b.client, max_response_seconds=60))
    deadline = world.hub.now + 1 + 20
    _, events = world.accept(deadline=UnixSeconds(deadline))
    result = world.result(events)
    assert result.code is Code.INPUT_REFUSED
    assert result.message == (
        f"the deadline {deadline} cannot be met: use {deadline + 9} at least, for the provider may take 7 s, "
        f"its chain makes a block final after {QUICK} s, and {ROUTE} s are left for the way"
    )


def test_a_chain_that_became_slower_is_waited_for_although_its_bindings_stay(world: World) -> None:
    client = evm_chain(world, QUICK)
    world.hub.do(MEMBER, bind(client, grace_seconds=QUICK + GRACE, price=Amount(1)))
    before = ask(world, client, 800)
    assert isinstance(before, ServiceRequest)
    assert before.due == before.deadline + QUICK + GRACE
    replaced(world, client, 2, 500)
    assert isinstance(ask(world, client, RESPONSE + 500 + ROUTE - 1), dict)
    after = ask(world, client, RESPONSE + 500 + ROUTE)
    assert isinstance(after, ServiceRequest)
    assert after.due == after.deadline + 500 + GRACE
    assert kept(world, before.request_id).due == before.due  # what was promised, in seconds, stays promised
    assert world.hub.try_(MEMBER, bind(client, grace_seconds=QUICK + GRACE, price=Amount(2))).reason == (
        "GRACE_TOO_SHORT"
    )
    events = world.pass_time(after.due - 1)
    assert after.request_id not in [event.request_id for event in events if isinstance(event, ServiceResulted)]
    assert one(world.pass_time(after.due), ServiceResulted).code == Code.NO_ANSWER


def test_a_chain_that_became_quicker_is_waited_for_as_was_offered(world: World) -> None:
    client = evm_chain(world, 500)
    world.hub.do(MEMBER, bind(client, grace_seconds=500 + GRACE, price=Amount(1)))
    replaced(world, client, 2, QUICK)
    after = ask(world, client, RESPONSE + QUICK + ROUTE)
    assert isinstance(after, ServiceRequest)
    assert after.due == after.deadline + 500 + GRACE


def test_what_is_announced_for_a_client_does_not_hold_yet(world: World) -> None:
    client = evm_chain(world, QUICK)
    world.hub.do(MEMBER, bind(client, grace_seconds=QUICK + GRACE, price=Amount(1)))
    config = replace(CONFIG, attestors=SignerSet.of_equals(2, ATTESTORS[:5]), finality_time=Seconds(500))
    world.hub.do(OPERATOR, m.ScheduleAttestedReplacement(client, config))
    accepted = ask(world, client, RESPONSE + QUICK + ROUTE)
    assert isinstance(accepted, ServiceRequest)
    assert accepted.due == accepted.deadline + QUICK + GRACE


def test_the_last_second_of_all_is_no_overflow() -> None:
    world = World(parameters=replace(PARAMETERS, call_time_limit=Seconds(MAX_U64)))
    world.hub.do(PROVIDER, bind("", provider=ADDRESSES[PROVIDER], encoding=2, grace_seconds=5))
    result = world.hub.do(CONSUMER, hub_call(provider=ADDRESSES[PROVIDER], deadline=UnixSeconds(MAX_U64)))
    assert kept(world, one(result.events, ServiceCalled).request_id).due == MAX_U64
    assert none_of(result.events, ServiceResulted)
