"""Carrying batches: one bad packet, one slow answer or one dead end stops nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from adapters.errors import ApplicationRefused, ClaimDisproved, DeliveryRefused, EndpointsFailed
from hub.errors import HubError
from hub.ibc.errors import TimeoutElapsed
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.quantities import Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from relayers import courier as couriers
from relayers.courier import Courier, Refused
from relayers.plan import Kind, Task


def task(sequence: int) -> Task:
    payload = Payload(PortId("p"), PortId("p"), "1", "e", b"v")
    packet = Packet(PacketSequence(sequence), ClientId("quorum-0"), ClientId("attested-0"), UnixSeconds(9), payload)
    return Task(Kind.RECEIVE, packet, 1, Height(1), backlog=False)


@dataclass
class Place:
    """Where batches are carried to, and what it says to each."""

    verdict: Callable[[set[int]], HubError | None] = lambda _: None
    tried: list[set[int]] = field(default_factory=list)
    fails: set[int] = field(default_factory=set)
    """Those whose application fails, which costs no other anything."""
    taken: set[int] = field(default_factory=set)
    errors: list[HubError] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry(self, tasks: tuple[Task, ...], _: Height | None) -> Refused:
        numbers = {int(one.packet.sequence) for one in tasks}
        self.tried.append(numbers)
        await self.gate.wait()
        if (error := self.verdict(numbers)) is not None:
            raise error
        self.taken |= numbers - self.fails
        return {
            one.key: ApplicationRefused("chain", one.packet.sequence, "closed")
            for one in tasks
            if one.packet.sequence in self.fails
        }


@pytest.fixture
def place() -> Place:
    made = Place()
    made.gate.set()
    return made


@pytest.fixture
async def courier(place: Place) -> AsyncIterator[Courier]:
    made = Courier("test", place.carry, place.errors.append, at_once=2)
    yield made
    await made.stop()


async def carried(courier: Courier, *numbers: int) -> None:
    done = asyncio.Event()
    courier.launch(tuple(task(number) for number in numbers), None, done.set)
    await done.wait()


def refused(bad: set[int]) -> Callable[[set[int]], HubError | None]:
    return lambda numbers: TimeoutElapsed(UnixSeconds(9), UnixSeconds(10)) if numbers & bad else None


@pytest.mark.parametrize("bad", [{1}, {5}, {8}, {2, 3}, {1, 8}, set(range(1, 9))])
async def test_bad_packets_are_found_and_all_others_carried(courier: Courier, place: Place, bad: set[int]) -> None:
    place.verdict = refused(bad)
    await carried(courier, *range(1, 9))
    assert place.taken == set(range(1, 9)) - bad
    assert courier.blocked() == {task(number).key for number in bad}


async def test_one_bad_packet_of_many_costs_few_tries(courier: Courier, place: Place) -> None:
    place.verdict = refused({17})
    await carried(courier, *range(1, 65))
    assert len(place.tried) == 1 + 2 * 6


@pytest.mark.parametrize(
    "error",
    [EndpointsFailed("chain", ()), DeliveryRefused("chain", "ClientFrozen"), DeliveryRefused("chain", "WrongEpoch")],
)
async def test_what_is_no_packet_s_fault_is_not_halved(courier: Courier, place: Place, error: HubError) -> None:
    place.verdict = lambda _: error
    await carried(courier, 1, 2, 3, 4)
    assert place.tried == [{1, 2, 3, 4}]
    assert len(courier.blocked()) == 4
    assert place.errors == [error]


async def test_what_the_state_disproves_is_one_packet_s_fault(courier: Courier, place: Place) -> None:
    place.verdict = lambda tried: ClaimDisproved("chain", Height(1), "its slot holds another") if 2 in tried else None
    await carried(courier, 1, 2, 3, 4)
    assert place.taken == {1, 3, 4}


async def test_a_packet_that_its_application_fails_waits_alone_and_longer_each_time(
    courier: Courier, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(couriers, "monotonic", lambda: now[0])
    place.fails = {2}
    await carried(courier, 1, 2, 3, 4)
    assert place.tried == [{1, 2, 3, 4}], "one try finds it"
    assert place.taken == {1, 3, 4}
    assert courier.blocked() == courier.alone() == {task(2).key}
    assert [str(error).split(":")[1] for error in place.errors] == [" closed; the packet waits, and is tried again"]
    waits: list[float] = []
    for _ in range(12):
        waits.append(0)
        while courier.blocked():
            now[0] += 1
            waits[-1] += 1
        await carried(courier, 2)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    place.fails = set()
    now[0] += 600
    await carried(courier, 2)
    assert 2 in place.taken
    assert not courier.blocked() | courier.alone()
    place.fails = {2}
    await carried(courier, 2)
    now[0] += 1
    assert not courier.blocked(), "it begins anew"


async def test_a_packet_that_is_refused_alone_for_its_application_goes_alone_as_well(
    courier: Courier, place: Place
) -> None:
    def verdict(numbers: set[int]) -> HubError | None:
        if numbers == {2}:
            return ApplicationRefused("chain", PacketSequence(2), "closed")
        return DeliveryRefused("chain", "ApplicationReverted") if numbers == {1, 2} else None

    place.verdict = verdict
    await carried(courier, 1, 2)
    assert place.taken == {1}
    assert courier.alone() == {task(2).key}


async def test_of_those_that_their_applications_fail_one_is_carried_at_a_time(
    courier: Courier, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(couriers, "monotonic", lambda: now[0])
    place.fails = {1, 2, 3}
    await carried(courier, 1, 2, 3, 4)
    now[0] += 1
    assert not courier.blocked()
    place.gate.clear()
    done = asyncio.Event()
    courier.launch((task(2),), None, done.set)
    assert courier.blocked() == {task(1).key, task(2).key, task(3).key}, "a slow one leaves the others their places"
    place.gate.set()
    await done.wait()
    assert courier.blocked() == {task(2).key}


async def test_what_others_settled_is_forgotten(courier: Courier, place: Place) -> None:
    place.fails = {1, 2}
    await carried(courier, 1, 2)
    courier.forget_unless(lambda key: key == task(2).key)
    assert courier.alone() == {task(2).key}
    courier.forget_unless(lambda _: False)
    assert not courier.alone()
    assert not vars(courier)["_wait_s"], "a relayer that runs for years keeps nothing of what is done"


async def test_what_is_under_way_is_not_carried_twice(courier: Courier, place: Place) -> None:
    place.gate.clear()
    done = asyncio.Event()
    courier.launch((task(1), task(2)), None, done.set)
    assert courier.blocked() == {task(1).key, task(2).key}
    place.gate.set()
    await done.wait()
    assert not courier.blocked()


async def test_a_slow_batch_holds_up_no_other(courier: Courier, place: Place) -> None:
    slow = Place()
    place.verdict = lambda _: None

    async def carry(tasks: tuple[Task, ...], height: Height | None) -> Refused:
        return await (slow if tasks[0].packet.sequence == 1 else place).carry(tasks, height)

    mixed = Courier("test", carry, place.errors.append, at_once=2)
    mixed.launch((task(1),), None, lambda: None)
    await carried(mixed, 2)
    await carried(mixed, 3)
    assert place.taken == {2, 3}
    await mixed.stop()


async def test_a_fault_of_ours_stops_nothing(courier: Courier, place: Place) -> None:
    def broken(_: set[int]) -> HubError | None:
        raise ZeroDivisionError

    place.verdict = broken
    await carried(courier, 1)
    place.verdict = lambda _: None
    await carried(courier, 2)
    assert place.taken == {2}
