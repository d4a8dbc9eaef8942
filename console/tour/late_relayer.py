"""The relayer is killed (-9) with packets in flight and starts again with an empty disk: everything arrives, once."""

from console.tour.outcome import require
from console.tour.quotes import require_quote, require_served_once
from console.tour.stage import Stage

_COUNT = 10


async def late_relayer(stage: Stage) -> str:
    network = stage.network
    calls = await stage.a.ask(stage.b.service, count=_COUNT, answer_within=120, accept_within=120)
    await stage.until("the hub has a packet in flight", lambda: stage.accepted(calls[0].request_id), 60, 0.05)
    network.supervisor.kill("relayer")
    waiting = [call for call in calls if (await stage.a.outcome(call)).times == 0]
    require(bool(waiting), "nothing was in flight when the relayer was killed")
    removed = network.empty_relayer()
    network.supervisor.restart("relayer")
    outcomes = await stage.a.outcomes(calls, patience=120)
    for call, outcome in zip(calls, outcomes, strict=True):
        require_quote(call, outcome)
    await require_served_once(stage.b, calls)
    return f"{len(waiting)} in flight at the kill, disk emptied ({removed} files), {_COUNT} answered once each"
