"""A provider that reverts: the caller gets 500 and the reason, and its money back."""

from console.tour.market import UNICORN
from console.tour.outcome import require
from console.tour.stage import Stage

_REASON = "unicorns are sold out"


async def provider_reverts(stage: Stage) -> str:
    buyer = stage.a.chain.client_at_hub, stage.a.buyer.address
    before = await stage.hub.balance(*buyer)
    (call,) = await stage.a.ask(stage.b.service, UNICORN)
    (outcome,) = await stage.a.outcomes([call], patience=90)
    require(outcome.times == 1, f"{outcome.times} outcomes came")
    require(outcome.code == 500, f"{outcome.code} came, not 500 ({outcome.message!r})")
    require(_REASON in outcome.message, f"the reason is {outcome.message!r}, not {_REASON!r}")
    await stage.until("the fee is refunded", lambda: stage.settled(call.request_id), 60)
    after = await stage.hub.balance(*buyer)
    require(after == before, f"the buyer had {before} and has {after}: a failure must cost nothing")
    return f"500, {outcome.message!r}; fee refunded"
