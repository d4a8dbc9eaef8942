"""Applications that fail when they are told what became of their packets: only those packets wait, and not for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from adapters.chain import TimeOut
from adapters.permissioned.ledger.service import calls
from adapters.permissioned.ledger.service.calls import CallState
from adapters.permissioned.ledger.service.gateway import ServiceGateway
from adapters.refusals import refused_by_applications
from hub.client import HubClient
from hub.events import ApplicationFailed, PacketAcknowledged, PacketTimedOut, ServiceResulted
from hub.ibc.errors import InvalidPacket
from hub.ibc.identifiers import ClientId
from hub.ibc.packet import Packet
from hub.quantities import Sequence
from hub.services.application import ServiceApplication
from hub.signer import KeySigner
from hub.state.context import Context
from relayers import courier
from relayers.flow import packet_of
from relayers.metrics import RelayerMetrics
from relayers.packets import PacketRelayer, Path, Rhythm
from tests.unit.hub_chain import RELAYER
from tests.unit.ledger_adapter_world import World
from tests.vectors.generate_quorum import KEYS

HERE, THERE = ClientId("quorum-1"), ClientId("quorum-2")


def failed(sequence: int, client: ClientId = HERE) -> ApplicationFailed:
    return ApplicationFailed(client, Sequence(sequence), "service", "OUT_OF_ORDER", "it is out of order")


@pytest.mark.parametrize(
    ("events", "refused"),
    [
        ([], set()),
        ([PacketAcknowledged(HERE, THERE, Sequence(1)), failed(2)], {2}),
        ([failed(1), failed(2), PacketTimedOut(HERE, THERE, Sequence(3))], {1, 2}),
        ([failed(1, THERE)], set()),  # of another client's packet
        # Packet 1 that came in failed; packet 1 that was sent from here was settled.
        ([PacketAcknowledged(HERE, THERE, Sequence(1)), failed(1)], set()),
        ([failed(1), PacketTimedOut(HERE, THERE, Sequence(1))], set()),
        ([PacketAcknowledged(THERE, HERE, Sequence(1)), failed(1)], {1}),  # another client's was settled
    ],
)
def test_what_is_left_unsettled_is_read_from_a_transaction_s_events(events: list[Any], refused: set[int]) -> None:
    found = refused_by_applications("trade", HERE, events)
    assert set(found) == refused
    for sequence, error in found.items():
        assert (error.chain, error.sequence) == ("trade", sequence)
        assert "OUT_OF_ORDER (it is out of order); the packet waits" in str(error)


def failing(method: Callable[..., None], at: Callable[[Packet], bool]) -> Callable[..., None]:
    """An application's method that does its work and then fails, at some packets."""

    def wrapped(self: Any, ctx: Context, packet: Packet, *rest: Any) -> None:
        method(self, ctx, packet, *rest)
        if at(packet):
            raise InvalidPacket("the application does not like it")

    return wrapped


async def test_a_ledger_tells_whose_application_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    (first_id, first), (second_id, second) = world.member_calls(), world.member_calls()
    world.hub.block(advance=second.timeout - world.hub.now)
    world.ledger.block(advance=world.hub.now - world.ledger.now)
    steps = [TimeOut(packet_of(first)), TimeOut(packet_of(second))]
    with monkeypatch.context() as patched:
        bad = failing(ServiceGateway.on_timeout, lambda packet: packet.sequence == second.sequence)
        patched.setattr(ServiceGateway, "on_timeout", bad)
        delivered = await world.chain.deliver(world.delivery(*steps))
    assert set(delivered.refused) == {second.sequence}
    assert "INVALID_PACKET" in delivered.refused[second.sequence].cause
    assert await world.chain.committed({first.sequence, second.sequence}) == {second.sequence}

    def state_of(call_id: bytes) -> CallState:
        record = calls.call(world.ledger.state, call_id)
        assert record is not None
        return record.state

    assert (state_of(first_id), state_of(second_id)) == (CallState.TIMED_OUT, CallState.WAITING)
    delivered = await world.chain.deliver(world.delivery(*steps))
    assert not delivered.refused
    assert state_of(second_id) is CallState.TIMED_OUT


@asynccontextmanager
async def relaying(world: World, metrics: RelayerMetrics) -> AsyncIterator[None]:
    rhythm = Rhythm(poll_s=0.01, retry_s=0.01, hold_s=0.01)
    path = Path(cast(HubClient, world.hub_node), KeySigner(KEYS[RELAYER]), world.chain, rhythm=rhythm)
    running = asyncio.create_task(PacketRelayer(path, metrics).run())
    try:
        async with asyncio.timeout(60):
            yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_relayer_settles_the_others_at_the_hub_and_tries_the_failed_one_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courier, "_FIRST_WAIT_S", 0.1)
    world, metrics = World(), RelayerMetrics()
    whole = ServiceApplication.on_acknowledge
    monkeypatch.setattr(
        ServiceApplication, "on_acknowledge", failing(whole, lambda packet: b"dislike" in packet.payload.value)
    )
    sent = world.hub_calls("one", "dislike", "two")

    def count(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(name, {"path": "trade", **labels}) or 0

    async with relaying(world, metrics):
        while count("relayer_errors_total", reason="APPLICATION_REFUSED") < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await world.hub_node.commitments(world.at_hub) == (sent[1].sequence,)
        assert count("relayer_tasks_carried_total", hop="acknowledge_at_hub") == 2
        tried = sum(isinstance(event, ApplicationFailed) for event in world.hub.events)
        assert 3 <= tried <= 4, "not once for each look"
        monkeypatch.setattr(ServiceApplication, "on_acknowledge", whole)
        while await world.hub_node.commitments(world.at_hub):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert [event.code for event in world.hub.events if isinstance(event, ServiceResulted)] == [200, 200, 200]
