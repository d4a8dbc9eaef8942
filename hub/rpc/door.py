"""Who may ask a service how much that is open to all: anyone may ask, and nobody may wear it out.

One allowance an address (a token bucket), for as many addresses as a bounded memory holds; of IPv6 a whole /64 is one,
because whoever has one address of it has all.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from hub.engine.errors import RateLimited

MOST_PEERS = 4_096
"""Addresses that are remembered; the one that was silent longest is forgotten first, and then begins anew."""
_IPV6_PREFIX = 64


@dataclass(slots=True)
class _Allowance:
    left: float
    at_s: float


class Door:
    """Counts what each address asks; ``per_second`` on the long run, twice as many at once."""

    def __init__(self, per_second: int, now: Callable[[], float] = monotonic, most_peers: int = MOST_PEERS) -> None:
        self._per_second = per_second
        self._burst = 2.0 * per_second
        self._now = now
        self._most_peers = most_peers
        self._allowances: OrderedDict[str, _Allowance] = OrderedDict()

    def admit(self, peer: str) -> None:
        """``peer``: as gRPC names it, as ``ipv4:127.0.0.1:4711``. Raises RateLimited."""
        host, now = host_of(peer), self._now()
        allowance = self._allowances.pop(host, None) or _Allowance(self._burst, now)
        allowance.left = min(self._burst, allowance.left + (now - allowance.at_s) * self._per_second)
        allowance.at_s = now
        self._allowances[host] = allowance
        if len(self._allowances) > self._most_peers:
            self._allowances.popitem(last=False)
        if allowance.left < 1:
            raise RateLimited(host, "answers")
        allowance.left -= 1


def host_of(peer: str) -> str:
    """The address without its port, or the /64 that it belongs to; what is no address of the internet as it is."""
    scheme, _, rest = peer.partition(":")
    if scheme not in ("ipv4", "ipv6"):
        return scheme
    text = rest.rpartition(":")[0].replace("%5B", "[").replace("%5D", "]").strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return rest
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
