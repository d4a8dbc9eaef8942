"""A packet whose application failed: its life tells so, by the events of the hub, of a ledger, of an EVM chain."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.chain import Receive, TimeOut
from adapters.permissioned.ledger.service.gateway import ServiceGateway
from console import trace
from console.chains import LedgerFile
from console.failures import Failure, PacketHere, failures_here, first_and_last
from console.output import cell
from console.trace import Tracer
from hub.answers import BlockInfo
from hub.client import HubClient
from hub.ibc.errors import InvalidPacket
from hub.quantities import Height
from hub.services.application import ServiceApplication
from hub.services.errors import RequestNotFound
from relayers.flow import packet_of
from relayers.plan import Kind
from tests.unit.ledger_adapter_world import HubNode, World, prove_to_hub

HOSTILE = "closed\n\x1b[2J " + "for ever " * 100


@pytest.fixture(params=[0, 2], ids=["both clients are quorum-0", "the hub's client is quorum-2"])
def world(request: pytest.FixtureRequest) -> World:
    return World(other_clients=request.param)


def failing(*_: object) -> None:
    raise InvalidPacket(HOSTILE)


def sound(what: str, begins: str) -> bool:
    """In one line, bounded, and harmless as it is shown."""
    return (
        what.startswith(begins)
        and len(what) < 280
        and what == " ".join(what.split())
        and "\x1b" not in cell(what).plain
    )


async def test_of_two_packets_of_one_number_each_has_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both fail in one transaction of the ledger, and the events name the client and the number alone."""
    (_, out), (_, other) = world.member_calls(), world.member_calls()
    world.hub.block(advance=other.timeout - world.hub.now)
    (inward,) = world.hub_calls("hi")
    assert inward.sequence == out.sequence
    world.ledger.block(advance=world.hub.now - world.ledger.now)
    late = TimeOut(packet_of(out))
    with monkeypatch.context() as patched:
        patched.setattr(ServiceGateway, "on_timeout", failing)
        patched.setattr(ServiceGateway, "on_receive", failing)
        await world.chain.deliver(world.delivery(Receive(packet_of(inward)), late, TimeOut(packet_of(other))))

    async def told(received: bool, sequence: int = out.sequence) -> list[Failure]:
        here = PacketHere(world.of_hub, world.at_hub, sequence, received)  # type: ignore[arg-type]
        return await failures_here(world.node, here)  # type: ignore[arg-type]

    (arrived,), (sent,) = await told(True), await told(False)
    assert sound(arrived.what, "refused by its application: INVALID_PACKET (")
    assert sound(sent.what, "not settled, its application failed: INVALID_PACKET (")
    assert arrived.height == sent.height == world.ledger.header.height
    assert arrived.index < sent.index
    assert arrived.transaction == sent.transaction == world.ledger.outcomes[-1].results[0].hash
    assert [one.index > sent.index for one in await told(False, other.sequence)] == [True]
    assert await told(True, other.sequence) == []

    with monkeypatch.context() as patched:
        patched.setattr(ServiceGateway, "on_timeout", failing)
        for _ in range(2):
            await world.chain.deliver(world.delivery(late))
    await world.chain.deliver(world.delivery(late))
    first, newest = await told(False)
    assert first == sent
    assert newest.what == f"{sent.what} (tried 3 times)"
    assert await told(True) == [arrived]


class TracedHub(HubNode):
    """The hub in memory, as ``HubClient`` gives it to who traces."""

    async def request(self, identifier: bytes) -> None:
        raise RequestNotFound(identifier)

    async def block(self, height: Height | None = None) -> BlockInfo:
        header = self._hub.blocks[(height or self._hub.header.height) - 1][0]
        return BlockInfo(header, header.hash(), ())


def traced(world: World, monkeypatch: pytest.MonkeyPatch) -> Tracer:
    @asynccontextmanager
    async def ledger() -> AsyncIterator[object]:
        yield world.node

    async def opened(answer: Any) -> Any:
        return answer

    async def time(height: Height) -> int:
        return world.ledger.blocks[height - 1][0].time

    async def close() -> None:
        pass

    monkeypatch.setattr(trace, "open_chain", lambda *_: opened(world.chain))
    monkeypatch.setattr(trace, "open_blocks", lambda _: SimpleNamespace(time=time, close=close))
    monkeypatch.setattr(trace, "ledger_client", lambda _: opened(ledger()))
    file = LedgerFile("trade", "trade-1", "", "", "", "", world.at_hub, world.of_hub)
    return Tracer(cast(HubClient, TracedHub(world.hub)), [file])


async def test_a_life_tells_of_each_side_s_application(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (out,) = world.hub_calls("hi")
    _, inward = world.member_calls()
    tracer = traced(world, monkeypatch)

    async def life(name: str) -> list[tuple[str, str]]:
        steps = (await tracer.trace(f"{world.at_hub}/{name}/1")).steps
        assert {step.packet for step in steps} == {f"{world.at_hub}/{name}/1"}
        return [(step.place, step.what.split(":")[0]) for step in steps]

    assert await life("out") == [("hub", "packet sent")]
    monkeypatch.setattr(ServiceApplication, "on_receive", failing)
    monkeypatch.setattr(ServiceApplication, "on_timeout", failing)
    world.hub.block(advance=world.ledger.now - world.hub.now)
    await prove_to_hub(world, Kind.RECEIVE, inward)
    world.ledger.block(advance=out.timeout - world.ledger.now)
    world.hub.block(advance=out.timeout - world.hub.now)
    await prove_to_hub(world, Kind.TIME_OUT, out)
    assert await life("out") == [("hub", "packet sent"), ("hub", "not settled, its application failed")]
    arrived = [("hub", "packet received"), ("hub", "refused by its application"), ("hub", "acknowledgement written")]
    assert await life("in") == [("trade", "packet sent"), *arrived]


async def test_a_life_tells_of_the_ledger_s_application(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (out,) = world.hub_calls("hi")
    monkeypatch.setattr(ServiceGateway, "on_receive", failing)
    await world.chain.deliver(world.delivery(Receive(packet_of(out))))
    steps = (await traced(world, monkeypatch).trace(f"{world.at_hub}/out/1")).steps
    told = [step for step in steps if step.what.startswith("refused by its application: INVALID_PACKET")]
    assert [(step.place, step.height) for step in told] == [("trade", world.ledger.header.height)]
    assert len(steps) == 4


@pytest.mark.parametrize(
    ("tries", "shown"), [(0, []), (1, ["no"]), (2, ["no", "no"]), (9, ["no", "no (tried 9 times)"])]
)
def test_a_packet_that_is_tried_again_and_again_fills_no_screen(tries: int, shown: list[str]) -> None:
    failures = [Failure(Height(number), 0, b"", "no") for number in range(tries)]
    assert [failure.what for failure in first_and_last(failures)] == shown
