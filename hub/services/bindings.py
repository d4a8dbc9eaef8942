"""Service bindings: who provides a service, where, at what price and how fast; and which of them serves a call."""

from collections.abc import Iterator

import msgspec

from hub.clients.base import ClientStatus
from hub.events import ServiceBound
from hub.ibc.errors import CounterpartyNotRegistered
from hub.ibc.identifiers import ClientId, client_id
from hub.ibc.light_clients import LightClients
from hub.messages import BindService
from hub.parameters import Parameters
from hub.quantities import MAX_U32, MAX_U64, Address, Amount, Gas, Seconds, UnixSeconds
from hub.services.definitions import definition
from hub.services.errors import (
    BindingNotOwned,
    DeadlineTooShort,
    EncodingNotOffered,
    FeeCapTooLow,
    GraceTooShort,
    InvalidBinding,
    NoAvailableBinding,
    ServiceNotFound,
)
from hub.services.payload import InputEncoding, caller_account, input_encoding
from hub.services.ways import Way, request_timeout, way_to
from hub.state.branch import StateReader
from hub.state.collections import Records, Room, text
from hub.state.context import Context

MAX_BINDINGS = 64
"""Of one service: a call looks at each."""
MAX_PROVIDER_BYTES = 255
MAX_RESPONSE_SECONDS = 30 * 24 * 3600


class Binding(msgspec.Struct, frozen=True, array_like=True):
    """An offer. ``client`` is the hub's client of the provider's chain, empty where the provider is a hub account."""

    service: str
    client: ClientId
    provider: bytes
    owner: Address
    encoding: InputEncoding
    price: Amount
    gas_limit: Gas
    max_response_seconds: Seconds
    grace_seconds: Seconds
    available: bool = True

    @property
    def payee(self) -> Address:
        """The hub account that earns."""
        return caller_account(self.client, self.provider) if self.client else Address(self.provider)

    def least_time(self, way: Way) -> Seconds:
        """The least time from a call to its deadline."""
        return Seconds(self.max_response_seconds + way.least_route)

    def grace(self, way: Way) -> Seconds:
        """What the hub waits beyond a call's deadline: what was offered, and never less than the way takes now, for
        the provider's chain may have become slower since.
        """
        return max(self.grace_seconds, way.least_grace)


_BINDINGS = Records(Room.SERVICE_BINDINGS, Binding, remembered=64)


def bind(ctx: Context, clients: LightClients, parameters: Parameters, owner: Address, message: BindService) -> bool:
    """Offer a service, or change one's own offer for calls to come; False where it is what stands there already.

    Raises ServiceNotFound, InvalidBinding, GraceTooShort, EncodingNotOffered, UnknownInputEncoding, BindingNotOwned,
    ClientNotFound, CounterpartyNotRegistered.
    """
    offered = definition(ctx.state, message.service)
    if offered is None:
        raise ServiceNotFound(message.service)
    encoding = input_encoding(message.encoding)
    if encoding not in offered.input.encodings():
        raise EncodingNotOffered(encoding.name)
    _validate(ctx, clients, parameters, owner, message)
    binding = Binding(
        message.service,
        ClientId(message.client),
        message.provider,
        owner,
        encoding,
        message.price,
        message.gas_limit,
        Seconds(message.max_response_seconds),
        Seconds(message.grace_seconds),
    )
    key = _key(binding.service, binding.client, binding.provider)
    before = _BINDINGS.get(ctx.state, key)
    if before is None and sum(1 for _ in bindings(ctx.state, message.service)) >= MAX_BINDINGS:
        raise InvalidBinding(f"service {message.service} has {MAX_BINDINGS} bindings, and no room for more")
    if before is not None and before.owner != owner:
        raise BindingNotOwned(message.service, message.provider, before.owner)
    if before == binding:
        return False
    _BINDINGS.put(ctx.state, key, binding)
    ctx.emit(ServiceBound(binding.service, binding.client, binding.provider, binding.price))
    return True


def bindings(state: StateReader, service: str = "", after: Binding | None = None) -> Iterator[Binding]:
    """The bindings of a service, or of all, in order, beyond ``after``."""
    beyond = None if after is None else _key(after.service, after.client, after.provider)
    return (record for _, record in _BINDINGS.scan(state, text(service) if service else b"", beyond))


def choose(
    ctx: Context,
    clients: LightClients,
    parameters: Parameters,
    service: str,
    *,
    wanted: tuple[str, bytes] | None,
    deadline: UnixSeconds,
    fee_cap: Amount,
) -> Binding:
    """The cheapest binding that can serve a call, the first of equals; ``wanted`` names a client and provider.

    Raises NoAvailableBinding, DeadlineTooShort, FeeCapTooLow.
    """
    offers = [
        binding
        for binding in bindings(ctx.state, service)
        if binding.available and (wanted is None or wanted == (binding.client, binding.provider))
    ]
    ways = {
        client: way_to(ctx.state, clients, parameters, client)
        for client in sorted({binding.client for binding in offers})
        if _reaches(ctx, clients, client, deadline)
    }
    reachable = [(binding, ways[binding.client]) for binding in offers if binding.client in ways]
    if not reachable:
        raise NoAvailableBinding(service)
    quick = [binding for binding, way in reachable if ctx.time + binding.least_time(way) <= deadline]
    if not quick:
        binding, way = min(reachable, key=lambda offer: offer[0].least_time(offer[1]))
        raise DeadlineTooShort(
            deadline,
            UnixSeconds(ctx.time + binding.least_time(way)),
            binding.max_response_seconds,
            way.finality,
            way.route_margin,
        )
    cheapest = min(quick, key=lambda binding: binding.price)
    if cheapest.price > fee_cap:
        raise FeeCapTooLow(fee_cap, cheapest.price)
    return cheapest


def _reaches(ctx: Context, clients: LightClients, client: ClientId, deadline: UnixSeconds) -> bool:
    """Whether a packet can be sent to the provider's chain at all, or none is needed."""
    if not client:
        return True
    active = clients.status(ctx.state, client, ctx.time) is ClientStatus.ACTIVE
    return active and clients.latest(ctx.state, client).time < request_timeout(deadline, ctx.time)


def _validate(
    ctx: Context, clients: LightClients, parameters: Parameters, owner: Address, message: BindService
) -> None:
    for holds, rule in (
        (0 <= message.price <= MAX_U64, "the price is 0 to 2**64 - 1"),
        (0 <= message.gas_limit <= MAX_U32, "gas_limit is 0 to 2**32 - 1"),
        (1 <= message.max_response_seconds <= MAX_RESPONSE_SECONDS, "max_response_seconds is 1 to 30 days"),
        (0 <= message.grace_seconds <= MAX_RESPONSE_SECONDS, "grace_seconds is 0 to 30 days"),
        (1 <= len(message.provider) <= MAX_PROVIDER_BYTES, f"a provider has 1 to {MAX_PROVIDER_BYTES} bytes"),
    ):
        if not holds:
            raise InvalidBinding(rule)
    if not message.client:
        if message.provider != owner:
            raise InvalidBinding("a hub account offers for itself alone: the provider must be the sender")
        return
    client = client_id(message.client)
    clients.latest(ctx.state, client)
    try:
        clients.counterparty(ctx.state, client)
    except CounterpartyNotRegistered:
        raise InvalidBinding(f"client {client} has no counterparty yet: register one first") from None
    if not message.gas_limit:
        raise InvalidBinding("a contract needs gas: give a gas_limit")
    if message.price > parameters.rate_cap:
        raise InvalidBinding(f"no call over {client} may put more than {parameters.rate_cap}, the rate cap, at stake")
    way = way_to(ctx.state, clients, parameters, client)
    if message.grace_seconds < way.least_grace:
        raise GraceTooShort(Seconds(message.grace_seconds), way.least_grace, way.finality, way.grace_margin)


def _key(service: str, client: ClientId, provider: bytes) -> bytes:
    return text(service) + text(client) + provider
