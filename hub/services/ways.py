"""The way to a provider and back, in time: what a call's deadline must leave for it, and what the hub waits beyond.

An answer counts once it is proven, and it can be proven only once its chain has made it final. So both times begin with
that chain's finality, as the hub's client of it says at that moment, and a margin for the carrying comes on top. A hub
account answers the hub itself: its way takes no time.
"""

from dataclasses import dataclass

from hub.ibc.identifiers import ClientId
from hub.ibc.light_clients import LightClients
from hub.ibc.packet import MAX_TIMEOUT_SECONDS
from hub.parameters import Parameters
from hub.quantities import Seconds, UnixSeconds
from hub.state.branch import StateReader


@dataclass(frozen=True, slots=True)
class Way:
    """``finality``: of the provider's chain; the margins are the hub's parameters."""

    finality: Seconds
    route_margin: Seconds
    grace_margin: Seconds

    @property
    def least_route(self) -> Seconds:
        """What a call's deadline leaves at least, besides the provider's own time."""
        return Seconds(self.finality + self.route_margin)

    @property
    def least_grace(self) -> Seconds:
        """What the hub waits at least beyond a call's deadline, so that an answer given at its end still comes."""
        return Seconds(self.finality + self.grace_margin)


def way_to(state: StateReader, clients: LightClients, parameters: Parameters, client: ClientId) -> Way:
    """To the chain behind a client as it is now; to a hub account where there is none. Raises ClientNotFound."""
    if not client:
        return Way(Seconds(0), Seconds(0), Seconds(0))
    return Way(clients.finality_time(state, client), parameters.route_margin, parameters.grace_margin)


def request_timeout(deadline: UnixSeconds, now: UnixSeconds) -> UnixSeconds:
    """When a request's packet times out: at the call's deadline, or as late as a packet may."""
    return UnixSeconds(min(deadline, now + MAX_TIMEOUT_SECONDS))
