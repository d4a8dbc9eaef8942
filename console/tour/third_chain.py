"""A third chain joins while all runs, by the function behind `ichub chain add`; and is called, and calls."""

from console.devnet.wiring import connect
from console.tour.market import open_site
from console.tour.quotes import answered
from console.tour.stage import Stage


async def third_chain(stage: Stage) -> str:
    stage.network.start_chain("c")
    await stage.network.chain_ready("c")
    chain = await connect(stage.network, "c", stage.hub, stage.operator)
    stage.sites["c"] = await open_site(chain, stage.hub, stage.operator)
    there = await answered(stage, stage.a, stage.sites["c"], patience=120)
    await answered(stage, stage.sites["c"], stage.a, patience=120)
    return f"{chain.client_at_hub} joined; a to c: {there}; and back"
