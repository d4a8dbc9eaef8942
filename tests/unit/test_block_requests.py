"""A chain is asked for a block that shows the time as often as that can help, and no oftener."""

import pytest

from adapters.errors import EndpointFault
from hub.clients.base import ProvenPoint
from hub.errors import HubError
from hub.quantities import Height, UnixSeconds
from relayers.block_requests import BlockRequests


@pytest.mark.parametrize(
    ("shown", "waits_s"),
    [
        (ProvenPoint(Height(1), UnixSeconds(1000)), 0.5),
        (ProvenPoint(Height(1), UnixSeconds(1010)), 0.5),
        (ProvenPoint(Height(1), UnixSeconds(993)), 7.0),
        (ProvenPoint(Height(1), UnixSeconds(1)), 30.0),
        (None, 0.5),
        (EndpointFault("ledger", "gone"), 2.0),
    ],
    ids=["in time", "later", "its clock lags", "its clock is of another time", "blocks come by themselves", "a fault"],
)
async def test_how_long_the_next_request_waits(shown: ProvenPoint | HubError | None, waits_s: float) -> None:
    now, asked, faults = 100.0, 0, list[HubError]()

    async def ask() -> ProvenPoint | None:
        nonlocal asked
        asked += 1
        if isinstance(shown, HubError):
            raise shown
        return shown

    requests = BlockRequests(ask, faults.append, clock=lambda: now)
    for later, expected in ((0.0, 1), (waits_s - 0.25, 1), (waits_s, 2)):
        now = 100.0 + later
        await requests.ask(UnixSeconds(1000))
        assert asked == expected
    assert faults == ([shown] * 2 if isinstance(shown, HubError) else [])
