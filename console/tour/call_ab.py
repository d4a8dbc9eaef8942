"""A contract on chain a calls a service that a contract on chain b provides."""

from console.tour.quotes import answered
from console.tour.stage import Stage


async def call_ab(stage: Stage) -> str:
    return await answered(stage, stage.a, stage.b)
