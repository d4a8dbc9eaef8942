"""A call that no relayer carries: the hub never has it, and its absence there, proven, times it out at its source."""

from console.tour.market import MAX_RESPONSE_SECONDS
from console.tour.outcome import require
from console.tour.stage import Stage
from hub.quantities import UnixSeconds

_ACCEPT_WITHIN = 8


async def timeout(stage: Stage) -> str:
    supervisor = stage.network.supervisor
    client = stage.a.chain.client_at_hub
    buyer = client, stage.a.buyer.address
    before = await stage.hub.balance(*buyer)
    supervisor.stop("relayer")
    try:
        (call,) = await stage.a.ask(
            stage.b.service, answer_within=60 + MAX_RESPONSE_SECONDS, accept_within=_ACCEPT_WITHIN
        )
        end = UnixSeconds((await stage.a.latest()).timestamp + _ACCEPT_WITHIN)
        await stage.hub_time_passes(end)
        require((await stage.a.outcome(call)).times == 0, "an outcome came though nobody carried anything")
    finally:
        supervisor.restart("relayer")
    (outcome,) = await stage.a.outcomes([call], patience=90)
    require(outcome.times == 1 and outcome.timed_out, f"{outcome} came, not one timeout")
    require(not await stage.accepted(call.request_id), "the hub accepted the call after all")
    unreceived = await stage.hub.unreceived(client, [call.sequence])
    require(call.sequence in unreceived, "the hub holds a receipt of a packet that timed out")
    require(await stage.hub.balance(*buyer) == before, "a call that never arrived cost money")
    return f"timed out at {stage.a.chain.name}, packet {call.sequence} proven absent at the hub"
