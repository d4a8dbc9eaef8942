"""The other way round."""

from console.tour.quotes import answered
from console.tour.stage import Stage


async def call_ba(stage: Stage) -> str:
    return await answered(stage, stage.b, stage.a)
