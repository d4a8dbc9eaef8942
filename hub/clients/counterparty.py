"""Who stands at the other end of a client (ICS-2, IBC v2 ``RegisterCounterparty``): written once.

Only where its client stands may change (hub/clients/domain_change.py).
"""

import msgspec

from hub.ibc.errors import CounterpartyAlreadyRegistered, CounterpartyNotRegistered
from hub.ibc.identifiers import ClientId, counterparty_client_id
from hub.proofs.eip712 import Domain
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room, text


class Counterparty(msgspec.Struct, frozen=True, array_like=True):
    """The counterparty's client of us, and the EIP-712 domain in which our checkpoints for it are valid."""

    client: ClientId
    domain: Domain


_COUNTERPARTIES = Records(Room.COUNTERPARTIES, Counterparty, remembered=64)


def register_counterparty(state: Branch, client: ClientId, counterparty: Counterparty) -> None:
    """Once a client; raises CounterpartyAlreadyRegistered, InvalidIdentifier."""
    counterparty_client_id(counterparty.client)
    registered = _COUNTERPARTIES.get(state, text(client))
    if registered is not None:
        raise CounterpartyAlreadyRegistered(client, registered.client)
    _COUNTERPARTIES.put(state, text(client), counterparty)


def counterparty_of(state: StateReader, client: ClientId) -> Counterparty:
    """The client's counterparty; raises CounterpartyNotRegistered."""
    counterparty = _COUNTERPARTIES.get(state, text(client))
    if counterparty is None:
        raise CounterpartyNotRegistered(client)
    return counterparty


def put_domain(state: Branch, client: ClientId, domain: Domain) -> Counterparty:
    """Let our checkpoints be valid elsewhere from now on; raises CounterpartyNotRegistered."""
    counterparty = msgspec.structs.replace(counterparty_of(state, client), domain=domain)
    _COUNTERPARTIES.put(state, text(client), counterparty)
    return counterparty
