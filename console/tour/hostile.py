"""What hostile steps have in common: an attempt that must be refused, by a name that is expected."""

from collections.abc import Awaitable

from adapters.errors import DeliveryRefused
from console.tour.outcome import StepFailed, require
from console.tour.stage import Stage
from hub.errors import HubError
from hub.ibc.identifiers import ClientId


async def refused(what: str, attempt: Awaitable[object], *expected: type[HubError] | str) -> str:
    """The name of the refusal; raises StepFailed for another one, or where there was none."""
    names = {one if isinstance(one, str) else one.__name__ for one in expected}
    try:
        await attempt
    except HubError as error:
        name = error.error if isinstance(error, DeliveryRefused) else type(error).__name__
        require(name in names, f"{what} was refused as {name} ({error}), not as {' or '.join(sorted(names))}")
        return name
    raise StepFailed(f"{what} was accepted")


async def lane_at_hub(stage: Stage, source: ClientId, destination: ClientId) -> int:
    """The number of a lane there; raises StepFailed where there is none."""
    for lane in await stage.hub.lanes():
        if (lane.source_client, lane.destination_client) == (source, destination):
            return lane.lane
    raise StepFailed(f"the hub has no lane from {source} to {destination}")
