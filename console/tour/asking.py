"""A contract on chain a asks the ledger, and keeps the proven answer."""

from typing import Any

from console.devnet.contracts import Deployed
from console.tour.market import FEE, Call, kept_of
from console.tour.outcome import require
from console.tour.stage import Stage

_ANSWER_WITHIN = 120


async def ask_ledger(stage: Stage, asker: Deployed, key: bytes) -> tuple[Call, Any]:
    """The call, and the answer as its struct, a tuple; it must come once, and be one."""
    (call,) = stage.a.calls_in(await asker.send("ask", key, _ANSWER_WITHIN, FEE))

    async def answered() -> bool:
        return (await kept_of(asker, call)).times > 0

    await stage.until("the ledger's answer came", answered, _ANSWER_WITHIN)
    kept = await kept_of(asker, call)
    require((kept.times, kept.code) == (1, 200), f"{kept.times} outcomes came, {kept.code} {kept.message!r}")
    return call, await asker.read("answer", call.call_id)
