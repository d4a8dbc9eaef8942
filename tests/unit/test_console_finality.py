"""What whoever adds a chain is told of its finality, measured on a real one, and what they choose."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from msgspec.structs import replace

from adapters.evm.endpoints import Endpoints
from console.exits import Misused
from console.finality import chosen_finality_time, proposed_finality_time
from console.replacing import Changes, replacement
from hub.answers import ClientInfo
from hub.clients.base import ClientStatus
from hub.messages import ScheduleAttestedReplacement
from hub.quantities import Height, Seconds, UnixSeconds
from tests.anvil_chain import AnvilChain, running_anvil
from tests.unit.attested_chain import CONFIG


@pytest.fixture(scope="module")
def anvil() -> Iterator[AnvilChain]:
    with running_anvil(31337, "--no-mining") as chain:
        asyncio.run(chain.rpc("anvil_mine", "0x5", "0xc"))
        yield chain


@pytest.fixture
async def endpoints(anvil: AnvilChain) -> AsyncIterator[Endpoints]:
    found = Endpoints("polygon", [anvil.url])
    yield found
    await found.close()


async def chosen(endpoints: Endpoints, rule: str, time: int | None) -> tuple[Seconds, list[str]]:
    told: list[str] = []
    return await chosen_finality_time(endpoints, rule, None if time is None else Seconds(time), told.append), told


async def test_who_chose_nothing_is_told_what_is_measured_and_what_to_choose(endpoints: Endpoints) -> None:
    with pytest.raises(
        Misused, match=r"final by depth:3 is 3 blocks and 36 s behind the head.*--finality-time 54$"
    ) as told:
        await chosen(endpoints, "depth:3", None)
    assert (told.value.reason, told.value.values) == ("FINALITY_TIME_MISSING", {"proposed": "54"})


async def test_a_choice_holds_and_is_told_what_is_measured(endpoints: Endpoints) -> None:
    told = "polygon: the block that is final by finalized is 2 blocks and 24 s behind the head"
    assert await chosen(endpoints, "finalized", 24) == (24, [told])
    assert await chosen(endpoints, "finalized", 23) == (23, [f"{told}: MORE than the 23 s that you gave"])


async def test_a_young_chain_cannot_be_measured(endpoints: Endpoints) -> None:
    with pytest.raises(Misused, match=r"no block but the first is final by depth:5 yet.*--finality-time SECONDS"):
        await chosen(endpoints, "depth:5", None)
    assert (await chosen(endpoints, "depth:5", 9))[0] == 9


async def test_a_rule_that_is_none_is_said_before_anything_is_done(endpoints: Endpoints) -> None:
    with pytest.raises(Misused, match="--finality"):
        await chosen(endpoints, "latest", 9)


async def test_a_lag_beyond_what_the_hub_takes_is_told() -> None:
    """A chain that stood still for weeks: what is proposed the hub takes, and what is measured is doubted."""
    with running_anvil(31337, "--no-mining") as slow:
        await slow.rpc("anvil_mine", "0x5", hex(10**6))
        endpoints = Endpoints("polygon", [slow.url])
        doubt = "3000000 s behind the head, more than the 604800 s that the hub takes: has the chain stood still"
        with pytest.raises(Misused, match=f"{doubt}.*--finality-time 604800$") as told:
            await chosen(endpoints, "depth:3", None)
        assert told.value.values == {"proposed": "604800"}
        assert doubt in (await chosen(endpoints, "depth:3", 9))[1][0]
        await endpoints.close()


@pytest.mark.parametrize(
    ("lag", "proposed"), [(0, 1), (1, 2), (2, 3), (3, 5), (768, 1152), (403_201, 604_800), (10**7, 604_800)]
)
def test_half_as_much_again_is_proposed_up_to_what_the_hub_takes(lag: int, proposed: int) -> None:
    assert proposed_finality_time(Seconds(lag)) == proposed


def test_a_replacement_changes_the_time_alone_and_begins_the_next_epoch() -> None:
    info = ClientInfo(
        "attested-0", "attested", ClientStatus.ACTIVE, Height(9), UnixSeconds(9), CONFIG, "quorum-0", 31337,
        b"\x11" * 20, b"", UnixSeconds(0), None, (), CONFIG.finality_time,
    )  # fmt: skip
    announced = replacement(info, Changes(finality_time=1800))
    next_epoch = replace(CONFIG.attestors, epoch=CONFIG.attestors.epoch + 1)
    wanted = replace(CONFIG, attestors=next_epoch, finality_time=Seconds(1800))
    assert announced == ScheduleAttestedReplacement("attested-0", wanted)
