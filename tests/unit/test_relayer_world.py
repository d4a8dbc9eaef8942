"""What a relayer knows: a task's packet is open until it is settled at its source, wherever the task is done."""

import pytest

from hub.events import PacketSent, PacketTimedOut
from hub.ibc.identifiers import ClientId
from hub.quantities import Height, Sequence, UnixSeconds
from relayers.plan import Kind, TaskKey
from relayers.world import World

NAME = ClientId("quorum-0")
"""Of both clients: which way a packet goes is told by where its events happened."""


@pytest.mark.parametrize("to_hub", [True, False])
def test_a_packet_is_open_for_the_tasks_of_its_own_way_until_it_is_settled(to_hub: bool) -> None:
    world = World(NAME, NAME)
    flow = world.to_hub if to_hub else world.to_chain
    flow.learn(PacketSent(NAME, NAME, Sequence(1), UnixSeconds(9), "p", "p", "1", "e", b"v", 1), Height(1))
    there, back = (world.open_at_hub, world.open_at_chain) if to_hub else (world.open_at_chain, world.open_at_hub)
    expected = {Kind.RECEIVE: (True, False), Kind.ACKNOWLEDGE: (False, True), Kind.TIME_OUT: (False, True)}
    keys: dict[Kind, TaskKey] = {kind: (NAME, kind, Sequence(1)) for kind in Kind}
    assert {kind: (there(key), back(key)) for kind, key in keys.items()} == expected
    flow.learn(PacketTimedOut(NAME, NAME, Sequence(1)), Height(2))
    assert not any(there(key) or back(key) for key in keys.values())
