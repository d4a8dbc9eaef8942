"""Fifty calls at once travel in few transactions: batches, proven together."""

import asyncio

from console.tour.outcome import require
from console.tour.quotes import require_quote, require_served_once
from console.tour.stage import Stage

_COUNT = 50
_MOST_DELIVERIES = 10


async def burst_50(stage: Stage) -> str:
    began = asyncio.get_running_loop().time()
    since = (await stage.b.latest()).number
    calls = await stage.a.ask(stage.b.service, count=_COUNT, answer_within=120, accept_within=120)
    outcomes = await stage.a.outcomes(calls, patience=180)
    took = asyncio.get_running_loop().time() - began
    for call, outcome in zip(calls, outcomes, strict=True):
        require_quote(call, outcome)
    await require_served_once(stage.b, calls)
    delivered = await stage.b.logs(stage.b.shop, "Quoted(bytes32,string,bytes,uint256)", since)
    deliveries = len({transaction for _, transaction in delivered})
    require(deliveries <= _MOST_DELIVERIES, f"{_COUNT} packets took {deliveries} deliveries: they were not batched")
    return f"{_COUNT} answered in {took:.1f} s, {deliveries} deliveries to {stage.b.chain.name}"
