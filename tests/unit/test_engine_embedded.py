"""The embedded engine: when blocks are made, who waits for them, and what happens to those who wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub import messages as m
from hub.accounts.errors import NonceUsed, RoleMissing, TransactionExpired, WrongSignature
from hub.block import ResultCode
from hub.engine.embedded import EmbeddedEngine, EngineOptions
from hub.engine.engine import Inclusion
from hub.engine.errors import MempoolFull, NodeStopping, NoncePending, RateLimited
from hub.engine.ledger import Ledger
from hub.engine.measures import Measures
from hub.engine.mempool import MempoolLimits
from hub.events import ServiceResulted
from hub.messages import AnyMessage, SignedTransaction, Transfer
from hub.quantities import Amount, Gas, Height, UnixSeconds
from hub.rpc.wire import decode_transaction
from hub.services import application
from hub.services.payload import InputEncoding
from tests.unit.node_world import ADDRESSES, OPERATOR, SOMEONE, START, VALIDATOR, StillClock, opened, sign

OPTIONS = EngineOptions(heartbeat=30.0, gather=0.0)


def pay(amount: int = 5) -> Transfer:
    return Transfer(ADDRESSES[VALIDATOR], Amount(amount))


class World:
    def __init__(self, ledger: Ledger, options: EngineOptions) -> None:
        self.ledger = ledger
        self.clock = StillClock()
        self.measures = Measures()
        self.engine = EmbeddedEngine(ledger, self.clock, options, self.measures)

    async def do(self, who: int, nonce: int, *messages: AnyMessage) -> Inclusion:
        inclusion = await self.engine.submit(sign(who, nonce, *messages))
        assert inclusion.result.code is not ResultCode.REFUSED, inclusion.result.text
        return inclusion

    def send(self, *transactions: SignedTransaction) -> list[asyncio.Task[Inclusion]]:
        """Submitted, and not waited for."""
        return [asyncio.ensure_future(self.engine.submit(signed)) for signed in transactions]

    async def advance(self, seconds: int) -> None:
        """Time passes, and the engine looks at the clock."""
        self.clock.advance(seconds)
        self.engine.poke()

    async def settle(self) -> None:
        """Until nothing is left that could be done without more time: another account's transaction is in a block."""
        nonce = self.settled
        self.settled += 1
        await self.engine.submit(sign(11, nonce, pay(1), expiry=self.clock.now() + 60))

    async def idle(self) -> None:
        """Turns enough for the engine to do all that it would do now."""
        for _ in range(50):
            await asyncio.sleep(0)

    settled = 0


@asynccontextmanager
async def running(path: Path, options: EngineOptions = OPTIONS) -> AsyncIterator[World]:
    with opened(path / "store") as ledger:
        world = World(ledger, options)
        await world.engine.start()
        try:
            yield world
        finally:
            await world.engine.stop()


async def test_a_submitter_is_answered_from_a_committed_block(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        inclusion = await world.engine.submit(sign(OPERATOR, 0, pay()))
        assert (inclusion.height, inclusion.time, inclusion.index, inclusion.repeated) == (1, START, 0, False)
        assert world.engine.head.height == 1
    with opened(tmp_path / "store") as ledger:
        assert ledger.inclusion(inclusion.result.hash) is not None


async def test_those_who_come_together_share_blocks(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        inclusions = await asyncio.gather(*world.send(*(sign(who, 0, pay()) for who in range(10))))
        assert {inclusion.result.code for inclusion in inclusions} == {ResultCode.OK}
        assert len({(inclusion.height, inclusion.index) for inclusion in inclusions}) == 10
        assert world.engine.head.height <= 2


async def test_a_block_holds_no_more_than_it_may(tmp_path: Path) -> None:
    async with running(tmp_path, EngineOptions(gather=0.0, block_transactions=3)) as world:
        inclusions = await asyncio.gather(*world.send(*(sign(who, 0, pay()) for who in range(10))))
        sizes = [len(world.ledger.record(Height(height)).results) for height in range(1, 5)]
        assert sum(sizes) == 10
        assert max(sizes) == 3
        assert max(inclusion.height for inclusion in inclusions) == 4


async def test_the_same_transaction_twice_at_once_stands_once(tmp_path: Path) -> None:
    signed = sign(OPERATOR, 0, pay())
    async with running(tmp_path) as world:
        first, second = await asyncio.gather(*world.send(signed, signed))
        assert first == second
        assert [len(world.ledger.record(Height(1)).results), world.engine.head.height] == [1, 1]


async def test_the_same_transaction_again_later_is_answered_with_where_it_stands(tmp_path: Path) -> None:
    signed = sign(OPERATOR, 0, pay())
    async with running(tmp_path) as world:
        first = await world.engine.submit(signed)
        again = await world.engine.submit(signed)
        assert (again.height, again.index, again.result, again.repeated) == (1, 0, first.result, True)
        assert world.engine.head.height == 1
    async with running(tmp_path) as world:
        assert (await world.engine.submit(signed)).repeated


async def test_nonces_may_come_in_any_order(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        later = world.send(sign(OPERATOR, 2, pay()), sign(OPERATOR, 1, pay()))
        await world.settle()
        assert not any(task.done() for task in later)
        first = await world.engine.submit(sign(OPERATOR, 0, pay()))
        second, third = (await later[1], await later[0])
        places = [(inclusion.height, inclusion.index) for inclusion in (first, second, third)]
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("signed", "error"),
    [
        (sign(OPERATOR, 0, pay(), expiry=START), TransactionExpired),
        (sign(SOMEONE, 0, m.GrantRole(ADDRESSES[SOMEONE], m.Role.OPERATOR)), RoleMissing),
        (decode_transaction(sign(OPERATOR, 0, pay()).body, sign(SOMEONE, 0, pay()).signature), WrongSignature),
    ],
)
async def test_what_may_not_wait_is_refused_at_once(
    tmp_path: Path, signed: SignedTransaction, error: type[Exception]
) -> None:
    async with running(tmp_path) as world:
        with pytest.raises(error):
            await world.engine.submit(signed)
        assert (world.engine.pending, world.engine.head.height) == (0, 0)


async def test_another_transaction_with_a_nonce_that_waits_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.send(sign(OPERATOR, 1, pay()))
        await asyncio.sleep(0)
        with pytest.raises(NoncePending):
            await world.engine.submit(sign(OPERATOR, 1, pay(6)))
        assert world.measures.registry.get_sample_value("hub_pending_transactions") == 1


async def test_a_full_mempool_refuses_by_name(tmp_path: Path) -> None:
    options = EngineOptions(gather=0.0, mempool=MempoolLimits(transactions=1))
    async with running(tmp_path, options) as world:
        world.send(sign(OPERATOR, 1, pay()))
        await asyncio.sleep(0)
        with pytest.raises(MempoolFull):
            await world.engine.submit(sign(SOMEONE, 1, pay()))


async def test_what_cannot_go_into_a_block_keeps_nobody_out(tmp_path: Path) -> None:
    """Transactions behind a missing nonce cost nothing, and would fill the mempool until they expire, a day later."""
    options = EngineOptions(gather=0.0, mempool=MempoolLimits(transactions=20))
    async with running(tmp_path, options) as world:
        flood = [world.send(sign(who, nonce, pay()))[0] for who in (OPERATOR, VALIDATOR) for nonce in range(1, 11)]
        await asyncio.sleep(0)
        included = await world.engine.submit(sign(SOMEONE, 0, pay()))
        assert included.result.code is ResultCode.OK
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {MempoolFull}
        assert (await world.engine.submit(sign(SOMEONE, 1, pay()))).result.code is ResultCode.OK


async def test_waiting_behind_a_gap_ends_with_the_expiry(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        (gapped,) = world.send(sign(OPERATOR, 1, pay(), expiry=START + 10))
        await asyncio.sleep(0)
        await world.advance(10)
        await world.settle()
        with pytest.raises(TransactionExpired):
            await gapped


async def test_waiting_ends_when_the_nonce_is_used_by_another(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        (late,) = world.send(sign(OPERATOR, 1, pay(6)))
        await asyncio.sleep(0)
        world.ledger.make_block([sign(OPERATOR, 0, pay()), sign(OPERATOR, 1, pay(7))], START)
        await world.settle()
        with pytest.raises(NonceUsed):
            await late


async def test_who_stops_waiting_stops_nothing_else(tmp_path: Path) -> None:
    signed = sign(OPERATOR, 0, pay())
    async with running(tmp_path, EngineOptions(gather=0.05)) as world:
        impatient, patient = world.send(signed, signed)
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait([impatient])
        assert list(map(len, world.engine._waiting.values())) == [1]  # nothing is kept for who has gone
        assert (await patient).height == 1
        assert not world.engine._waiting


async def test_a_heartbeat_makes_a_block_without_transactions(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await world.advance(29)
        await world.idle()
        assert world.engine.head.height == 0
        await world.advance(1)
        head = await world.engine.wait_beyond(Height(0))
        assert (head.height, head.time) == (1, START + 30)


async def test_time_never_runs_backwards(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.clock.advance(20)
        await world.do(OPERATOR, 0, pay())
        world.clock.set_back(15)
        assert (await world.do(OPERATOR, 1, pay())).time == START + 20
        world.clock.advance(16)
        assert (await world.do(OPERATOR, 2, pay())).time == START + 21


async def test_a_block_is_made_on_request_and_requests_are_limited(tmp_path: Path) -> None:
    async with running(tmp_path, EngineOptions(heartbeat=1e9, request_interval=5)) as world:
        assert await world.engine.request_block() == 1
        with pytest.raises(RateLimited):
            await world.engine.request_block()
        assert world.engine.head.height == 1
        world.clock.advance(5)
        assert [*await asyncio.gather(world.engine.request_block(), world.engine.request_block())] == [2, 2]


def service(deadline: int) -> tuple[m.DefineService, m.BindService, m.CallService]:
    schema = '{"type":"integer","minimum":0,"maximum":9}'
    define = m.DefineService("count", "", (), schema, schema, "", "")
    bind = m.BindService("count", "", ADDRESSES[OPERATOR], InputEncoding.JSON, Amount(3), Gas(0), 5, 5)
    call = m.CallService("count", "", b"", InputEncoding.JSON, b"1", Amount(3), UnixSeconds(deadline))
    return define, bind, call


async def test_a_block_is_made_when_something_falls_due(tmp_path: Path) -> None:
    async with running(tmp_path, EngineOptions(heartbeat=1e9, gather=0.0)) as world:
        await world.do(OPERATOR, 0, *service(START + 20))
        await world.advance(24)
        await world.idle()
        assert world.engine.head.height == 1
        await world.advance(1)
        head = await world.engine.wait_beyond(Height(1))
        assert head.time == START + 25
        codes = [
            e.event.code for e in world.ledger.record(head.height).events() if isinstance(e.event, ServiceResulted)
        ]
        assert codes == [504]


async def test_what_is_left_over_is_decided_at_once_even_where_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "MAX_DUE", 1)
    async with running(tmp_path, EngineOptions(heartbeat=1e9, gather=0.0)) as world:
        define, bind, call = service(START + 20)
        await world.do(OPERATOR, 0, define, bind, call, call)
        make_block = world.ledger.make_block

        def made_before_the_clock_is_set_back(*block: Any) -> Any:
            made = make_block(*block)
            world.clock.set_back(10)
            return made

        monkeypatch.setattr(world.ledger, "make_block", made_before_the_clock_is_set_back)
        await world.advance(25)
        async with asyncio.timeout(10):
            assert (await world.engine.wait_beyond(Height(2))).time == START + 25


async def test_stopping_tells_all_who_wait_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        (gapped,) = world.send(sign(OPERATOR, 1, pay()))
        await world.settle()
        watching = asyncio.ensure_future(world.engine.wait_beyond(Height(99)))
        await asyncio.sleep(0)
        await world.engine.stop()
        for waiting in (gapped, watching):
            with pytest.raises(NodeStopping):
                await waiting
        with pytest.raises(NodeStopping):
            await world.engine.submit(sign(OPERATOR, 0, pay()))
        assert not world.engine.running


async def test_a_disk_that_fails_stops_the_engine_and_acknowledges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as world:

        def fail(*_: Any, **__: Any) -> None:
            raise OSError("no space left on device")

        monkeypatch.setattr(world.ledger._store, "commit", fail)
        with pytest.raises(NodeStopping):
            await world.engine.submit(sign(OPERATOR, 0, pay()))
        await asyncio.wait([world.engine.ended])
        assert isinstance(world.engine.ended.exception(), OSError)
        assert not world.engine.running
        with pytest.raises(NodeStopping):
            await world.engine.submit(sign(SOMEONE, 0, pay()))
    with opened(tmp_path / "store") as ledger:
        assert ledger.head.height == 0


async def test_simulation_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        assert world.engine.simulate(sign(OPERATOR, 0, pay())).code is ResultCode.OK
        assert world.engine.simulate(sign(OPERATOR, 7, pay(10**9))).reason == "INSUFFICIENT_FUNDS"
        await world.idle()
        assert world.engine.head.height == 0
