"""How a chain's client of the hub gives way to another: what is to be done next, pure, from what router and hub say."""

from dataclasses import dataclass
from typing import TypeAlias

from adapters.evm.quorum_client import RouterClient
from console.amounts import moment
from hub.quantities import Address, UnixSeconds


@dataclass(frozen=True, slots=True)
class Deploy:
    """A new contract, and propose it to the router. ``instead``: of one that was announced and cannot take over."""

    instead: bool


@dataclass(frozen=True, slots=True)
class Propose:
    """To the router the contract that the hub knows of."""

    contract: Address


@dataclass(frozen=True, slots=True)
class Schedule:
    """At the hub: its checkpoints shall be for the contract."""

    contract: Address


@dataclass(frozen=True, slots=True)
class Wait:
    """For the router, the hub, or both; 0 where for one of them nobody waits."""

    router_until: UnixSeconds
    hub_until: UnixSeconds
    seconds: int
    """How long, by their own times."""

    def __str__(self) -> str:
        ends = (("the router", self.router_until), ("the hub", self.hub_until))
        return " and ".join(f"for {name} until {moment(until)}" for name, until in ends if until)


@dataclass(frozen=True, slots=True)
class Replace:
    """At the router."""


@dataclass(frozen=True, slots=True)
class Follow:
    """At the hub: its checkpoints are for the new contract from now on."""


Step: TypeAlias = Deploy | Propose | Schedule | Wait | Replace | Follow


@dataclass(frozen=True, slots=True)
class Standing:
    """What router and hub say at one moment."""

    router: RouterClient
    router_time: UnixSeconds
    hub_contract: Address
    """For which the hub's checkpoints are."""
    scheduled: Address | None
    """For which they shall be."""
    applicable_from: UnixSeconds
    hub_time: UnixSeconds
    fit: frozenset[Address]
    """Those of the contracts named here that believe the hub's present validators, and will still when they may take
    over.
    """

    @property
    def pending(self) -> bool:
        """Whether a replacement has begun and is not at its end."""
        return bool(self.router.proposed or self.scheduled) or self.router.light_client != self.hub_contract


def next_step(at: Standing, *, wanted: bool) -> Step | None:
    """None: all is done. ``wanted``: a replacement is to begin where none has."""
    if not at.pending:
        return Deploy(instead=False) if wanted else None
    chosen = _chosen(at)
    if chosen is None or chosen not in at.fit:
        return Deploy(instead=True)
    if chosen not in (at.router.light_client, at.router.proposed):
        return Propose(chosen)
    if chosen not in (at.hub_contract, at.scheduled):
        return Schedule(chosen)
    if (wait := _wait(at, chosen)) is not None:
        return wait
    return Replace() if at.router.proposed is not None else Follow()


def _chosen(at: Standing) -> Address | None:
    """The contract that it is about: the router's word goes first, for on it the contract must be active and bound."""
    if at.router.proposed is not None:
        return at.router.proposed
    return at.scheduled if at.router.light_client == at.hub_contract else at.router.light_client


def _wait(at: Standing, chosen: Address) -> Wait | None:
    router = at.router.replaceable_from if at.router.proposed is not None else UnixSeconds(0)
    hub = at.applicable_from if chosen != at.hub_contract else UnixSeconds(0)
    left = max(router - at.router_time, hub - at.hub_time)
    if left <= 0:
        return None
    none = UnixSeconds(0)
    return Wait(router if router > at.router_time else none, hub if hub > at.hub_time else none, left)
