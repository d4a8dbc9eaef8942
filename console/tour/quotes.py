"""A call that is answered: what several steps show."""

from collections.abc import Sequence

from console.tour.market import FEE, PRICE_A_PIECE, Call, Outcome, Site
from console.tour.outcome import require
from console.tour.stage import Stage
from hub.quantities import Amount


async def answered(stage: Stage, buyer: Site, shop: Site, patience: float = 90) -> str:
    """One call from chain to chain: answered once, paid once. Raises StepFailed."""
    client = shop.chain.client_at_hub
    before = await stage.hub.balance(client, shop.shop.address)
    (call,) = await buyer.ask(shop.service)
    (outcome,) = await buyer.outcomes([call], patience)
    require_quote(call, outcome)
    await stage.until("the fee is paid", lambda: stage.settled(call.request_id), patience)
    earned = Amount(await stage.hub.balance(client, shop.shop.address) - before)
    require(earned == FEE, f"the shop earned {earned}, the price is {FEE}")
    blocks = await buyer.blocks_taken(call)
    return f"200, {outcome.total} for {call.pieces}, after {blocks} blocks of {buyer.chain.name}; {earned} paid"


def require_quote(call: Call, outcome: Outcome) -> None:
    """Exactly one result, a 200 with the right sum; raises StepFailed."""
    require(outcome.times == 1, f"call {call.sequence} got {outcome.times} outcomes")
    require(outcome.code == 200, f"call {call.sequence} got {outcome.code} {outcome.message!r}")
    require(outcome.total == PRICE_A_PIECE * call.pieces, f"call {call.sequence} got a wrong sum, {outcome.total}")


async def require_served_once(shop: Site, calls: Sequence[Call]) -> None:
    """Every request was carried out once; raises StepFailed."""
    for call in calls:
        times = await shop.shop.read("served", call.request_id)
        require(times == 1, f"the shop was asked {times} times for call {call.sequence}")
