"""The same blocks give the same roots and events, whatever else a node was asked meanwhile."""

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings

from hub.app import App
from hub.errors import HubError
from hub.events import Event
from hub.quantities import Height, UnixSeconds
from hub.state.branch import MemoryState
from tests.properties.test_money_conserved import blocks, market, message
from tests.unit.hub_chain import HubChain, genesis, tree_of


def distract(hub: HubChain, signed: Any) -> None:
    """What a node does besides: simulate, check, and begin a block that is never finished or committed."""
    hub.app.simulate(hub.state, signed, hub.now, hub.header.hash())
    with suppress(HubError):
        hub.app.check(hub.state, signed, hub.now)
    abandoned = hub.app.begin(hub.state, Height(hub.header.height + 1), UnixSeconds(hub.now + 9), hub.header.hash())
    abandoned.apply(signed)
    abandoned.finish()


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(blocks)
def test_replaying_the_blocks_gives_the_same_roots_and_events(plan: list[Any]) -> None:
    hub = market()
    for deeds, advance in plan:
        signed = [hub.sign(who, *(message(hub, deed) for deed in todo)) for who, todo in deeds]
        for each in signed:
            distract(hub, each)
        hub.block(*signed, advance=advance)
    app, state = App(genesis()), MemoryState()
    state.apply(app.genesis_changes())
    parent, events = app.genesis_header(tree_of(state).root), list[Event]()
    for header, transactions in hub.blocks:
        block = app.begin(state, header.height, header.time, parent.hash())
        for each in transactions:
            block.apply(each)
        outcome = block.finish()
        state.apply(outcome.changes)
        parent = app.header(outcome, tree_of(state).root)
        assert parent == header
        events += outcome.events
    assert events == hub.events
    assert dict(state.scan(b"\0", b"\xff")) == dict(hub.state.scan(b"\0", b"\xff"))
