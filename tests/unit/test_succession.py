"""How a chain's client of the hub gives way to another: all ways in which both ends may stand, and what follows."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.evm.quorum_client import RouterClient
from console.succession import Deploy, Follow, Propose, Replace, Schedule, Standing, Step, Wait, next_step
from hub.quantities import Address, UnixSeconds

OLD, NEW, OTHER = (Address(bytes([number]) * 20) for number in (1, 2, 3))
NONE, ROUTER_FROM, HUB_FROM = UnixSeconds(0), UnixSeconds(1100), UnixSeconds(1200)
EARLY, LATE = UnixSeconds(1000), UnixSeconds(2000)

AT_REST = Standing(
    router=RouterClient(1, OLD, None, NONE),
    router_time=EARLY,
    hub_contract=OLD,
    scheduled=None,
    applicable_from=NONE,
    hub_time=EARLY,
    fit=frozenset({OLD, NEW, OTHER}),
)


def standing(light_client: Address = OLD, proposed: Address | None = None, **changes: Any) -> Standing:
    router = RouterClient(1, light_client, proposed, ROUTER_FROM if proposed else NONE)
    if changes.get("scheduled"):
        changes.setdefault("applicable_from", HUB_FROM)
    return replace(AT_REST, router=router, **changes)


ANNOUNCED = standing(proposed=NEW, scheduled=NEW)


@pytest.mark.parametrize(
    ("shown", "at", "step"),
    [
        ("proposed, the hub does not know", standing(proposed=NEW), Schedule(NEW)),
        ("scheduled, the router does not know", standing(scheduled=NEW), Propose(NEW)),
        ("announced", ANNOUNCED, Wait(ROUTER_FROM, HUB_FROM, 200)),
        ("the router is ready", replace(ANNOUNCED, router_time=LATE), Wait(NONE, HUB_FROM, 200)),
        ("the hub is ready", replace(ANNOUNCED, hub_time=LATE), Wait(ROUTER_FROM, NONE, 100)),
        ("the router, to the second", replace(ANNOUNCED, router_time=ROUTER_FROM, hub_time=HUB_FROM), Replace()),
        (
            "a second too early",
            replace(ANNOUNCED, router_time=UnixSeconds(ROUTER_FROM - 1), hub_time=LATE),
            Wait(ROUTER_FROM, NONE, 1),
        ),
        ("both are ready", replace(ANNOUNCED, router_time=LATE, hub_time=LATE), Replace()),
        ("the router has passed on", standing(light_client=NEW, scheduled=NEW, hub_time=LATE), Follow()),
        ("the router before the hub's time", standing(light_client=NEW, scheduled=NEW), Wait(NONE, HUB_FROM, 200)),
        ("the router alone, by hand", standing(light_client=NEW), Schedule(NEW)),
        ("the hub first, the router waits", standing(proposed=NEW, hub_contract=NEW), Wait(ROUTER_FROM, NONE, 100)),
        ("the hub first", standing(proposed=NEW, hub_contract=NEW, router_time=LATE), Replace()),
        ("two different ones", standing(proposed=NEW, scheduled=OTHER), Schedule(NEW)),
        ("the hub is about to follow a third", standing(light_client=NEW, scheduled=OTHER), Schedule(NEW)),
        ("unfit at both", replace(ANNOUNCED, fit=frozenset({OLD})), Deploy(instead=True)),
        ("unfit at the router", standing(proposed=NEW, fit=frozenset({OLD})), Deploy(instead=True)),
        ("unfit at the hub", standing(scheduled=NEW, fit=frozenset({OLD})), Deploy(instead=True)),
        ("unfit, and at work", standing(light_client=NEW, scheduled=NEW, fit=frozenset()), Deploy(instead=True)),
        (
            "unfit, the hub knows a fit one",
            standing(proposed=NEW, scheduled=OTHER, fit=frozenset({OTHER})),
            Deploy(True),
        ),
    ],
)
@pytest.mark.parametrize("wanted", [False, True])
def test_what_is_under_way_goes_on(shown: str, at: Standing, step: Step, wanted: bool) -> None:
    assert at.pending, shown
    assert next_step(at, wanted=wanted) == step, shown


@pytest.mark.parametrize(
    "at", [AT_REST, standing(light_client=NEW, hub_contract=NEW), replace(AT_REST, fit=frozenset())]
)
def test_nothing_begins_unless_it_is_wanted(at: Standing) -> None:
    assert next_step(at, wanted=False) is None
    assert next_step(at, wanted=True) == Deploy(instead=False)


def test_from_its_beginning_it_ends_and_is_then_at_rest() -> None:
    """Whatever is done, the next look finds what follows; and each end waits for its own time alone."""
    at, steps = AT_REST, [next_step(AT_REST, wanted=True)]
    while (step := steps[-1]) is not None and len(steps) < 10:
        at = done(at, step)
        steps.append(next_step(at, wanted=False))
    assert [type(step) for step in steps] == [Deploy, Schedule, Wait, Replace, Follow, type(None)]
    assert (at.router.light_client, at.hub_contract) == (NEW, NEW)


def done(at: Standing, step: Step) -> Standing:
    """How it stands after a step."""
    match step:
        case Deploy() | Propose():
            return replace(at, router=RouterClient(1, at.router.light_client, NEW, ROUTER_FROM))
        case Schedule(contract):
            return replace(at, scheduled=contract, applicable_from=HUB_FROM)
        case Wait():
            return replace(at, router_time=LATE, hub_time=LATE)
        case Replace():
            return replace(at, router=RouterClient(1, NEW, None, NONE))
        case Follow():
            return replace(at, hub_contract=NEW, scheduled=None, applicable_from=NONE)


def test_what_is_waited_for_reads_well() -> None:
    both = next_step(ANNOUNCED, wanted=False)
    assert str(both) == "for the router until 1970-01-01 00:18:20 and for the hub until 1970-01-01 00:20:00"
    assert str(next_step(replace(ANNOUNCED, router_time=LATE), wanted=False)) == "for the hub until 1970-01-01 00:20:00"
