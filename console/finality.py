"""How long a chain takes to make a block final: measured for whoever adds the chain, and chosen by them.

The hub keeps the time in its client of the chain and promises by it (hub/services/ways.py). Chosen too short, answers
come after their 504; too long, calls with short deadlines are refused.
"""

from collections.abc import Callable

from adapters.evm.endpoints import Endpoints
from adapters.evm.finality import FinalityLag, finality_lag, finality_rule
from console.exits import Misused
from hub.clients.attested_evm import MAX_FINALITY_TIME
from hub.quantities import Seconds


async def chosen_finality_time(
    endpoints: Endpoints, rule: str, chosen: Seconds | None, report: Callable[[str], None]
) -> Seconds:
    """The time that was chosen, beside what is measured now; raises Misused, with what to choose, where none was.

    Raises EndpointsFailed, CallRefused where nothing was chosen and nothing can be measured.
    """
    try:
        parsed = finality_rule(rule)
    except ValueError as error:
        raise Misused(f"--finality: {error}") from error
    lag = await endpoints.attempt(lambda endpoint: finality_lag(endpoint, parsed))
    told = _told(endpoints.chain, rule, lag)
    if chosen is None:
        proposed = "SECONDS" if lag is None else str(proposed_finality_time(lag.seconds))
        text = f"{told}; say how many seconds it may take: --finality-time {proposed}"
        raise Misused(text, "FINALITY_TIME_MISSING", proposed="" if lag is None else proposed)
    report(told if lag is None or lag.seconds <= chosen else f"{told}: MORE than the {chosen} s that you gave")
    return chosen


def proposed_finality_time(lag: Seconds) -> Seconds:
    """Half as much again as it is now, rounded up: between two steps of finality the lag grows, on a chain that makes
    32 blocks final at once from two such steps to three. Never more than the hub takes.
    """
    return Seconds(min(max(1, -(-lag * 3 // 2)), MAX_FINALITY_TIME))


def _told(chain: str, rule: str, lag: FinalityLag | None) -> str:
    if lag is None:
        return f"{chain}: no block but the first is final by {rule} yet"
    told = f"{chain}: the block that is final by {rule} is {lag.blocks} blocks and {lag.seconds} s behind the head"
    if lag.seconds > MAX_FINALITY_TIME:
        told += f", more than the {MAX_FINALITY_TIME} s that the hub takes: has the chain stood still, or its node?"
    return told
