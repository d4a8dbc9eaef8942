"""The provider's chain stops after the provider has answered, before anyone could prove it: 504 by the deadline and the
grace. Then it comes back, and the late 200 settles the money and changes no result.
"""

from console.tour.market import FEE, GRACE_SECONDS, Call, Outcome
from console.tour.outcome import require
from console.tour.stage import Stage
from hub.answers import RequestState
from hub.events import AcknowledgementWritten
from hub.quantities import UnixSeconds

_ANSWER_WITHIN = 20
_WATCH_EVERY = 0.05
"""Far below the two blocks that pass until a block of the devnet's chains is final: only then can it be proven."""
_WAY_BACK = 60.0
_PUNCTUAL = 5


async def silent_chain(stage: Stage) -> str:
    supervisor = stage.network.supervisor
    shop = stage.b.chain.client_at_hub, stage.b.shop.address
    earned_before = await stage.hub.balance(*shop)
    (call,) = await stage.a.ask(stage.b.service, answer_within=_ANSWER_WITHIN)
    await stage.until("the shop is asked", lambda: _served(stage, call), 60, _WATCH_EVERY)
    supervisor.suspend("chain-b")
    try:
        (outcome,) = await stage.a.outcomes([call], patience=_ANSWER_WITHIN + GRACE_SECONDS + _WAY_BACK)
        _require_504(outcome)
        request = await stage.hub.request(call.request_id)
        require(request.state is RequestState.RESULTED, "the escrow did not wait for chain b's proof")
        late = await _decided_at(stage, call) - (request.deadline + GRACE_SECONDS)
        require(late <= _PUNCTUAL, f"the result came {late} s after deadline and grace")
    finally:
        supervisor.resume("chain-b")
    await stage.until("the late answer settles the escrow", lambda: stage.settled(call.request_id), 90)
    earned = await stage.hub.balance(*shop) - earned_before
    require(earned == FEE, f"the shop earned {earned} for its late answer, the price is {FEE}")
    _require_504(await stage.a.outcome(call))
    return f"504 ({outcome.message}); back again, the late 200 paid {earned} and changed nothing else"


async def _decided_at(stage: Stage, call: Call) -> UnixSeconds:
    """The hub's time at which it acknowledged the call."""
    client = stage.a.chain.client_at_hub
    history = await stage.hub.packet(stage.a.chain.client_of_hub, client, call.sequence)
    (written,) = [step for step in history.steps if isinstance(step.event, AcknowledgementWritten)]
    return (await stage.hub.block(written.height)).header.time


async def _served(stage: Stage, call: Call) -> bool:
    return bool(await stage.b.shop.read("served", call.request_id))


def _require_504(outcome: Outcome) -> None:
    require(outcome.times == 1, f"{outcome.times} outcomes came")
    require(outcome.code == 504, f"{outcome.code} came, not 504 ({outcome.message!r})")
