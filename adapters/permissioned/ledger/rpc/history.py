"""A record's history: every change of it, who made it, by which certificates, in which block."""

from collections.abc import Iterator, Sequence
from itertools import chain

from adapters.permissioned.ledger.answers import ChangeKind, RecordChange, SignerInfo
from adapters.permissioned.ledger.contracts.events import (
    ContractInvoked,
    PrivateHashWritten,
    PrivateValueDue,
    RecordDeleted,
    RecordWritten,
    record_key,
)
from adapters.permissioned.ledger.membership import registry
from adapters.permissioned.ledger.rpc.errors import RecordHasNoHistory
from adapters.permissioned.ledger.transactions import decode_signatures
from hub.engine.ledger import Ledger
from hub.engine.records import PlacedEvent
from hub.events import Event
from hub.quantities import Hash, Height
from hub.state.branch import StateReader

Place = tuple[Height, int]
"""A block, and an event's place in it."""


def places_of(ledger: Ledger, contract: str, collection: str, key: str, after: Place | None) -> Iterator[Place]:
    """Where a record's changes are, the oldest first, beyond ``after``; raises RecordHasNoHistory."""
    index_key = record_key(contract, collection, key)
    start = (Height(0), 0) if after is None else (after[0], after[1] + 1)
    places = ledger.event_places(index_key, start)
    first = next(places, None)
    if first is None and after is None:
        raise RecordHasNoHistory(contract, collection, key)
    return places if first is None else chain((first,), places)


def record_change(ledger: Ledger, place: Place) -> RecordChange:
    """One change, with all that the ledger knows of who made it."""
    placed, record = ledger.event(*place), ledger.record(place[0])
    kind, value_hash, contract = _change(placed.event)
    found = ledger.inclusion(Hash(placed.transaction_hash)) if placed.transaction_hash else None
    invoked = None if found is None else _invocation(record.events_of(found[2]), placed.index, contract)
    return RecordChange(
        height=placed.height,
        time=record.header.time,
        transaction_hash=placed.transaction_hash,
        kind=kind,
        value_hash=value_hash,
        caller=invoked.caller if invoked else "",
        method=invoked.method if invoked else "",
        signers=() if found is None else _signers(ledger.state, record.transactions[found[2]][1]),
    )


def _change(event: Event) -> tuple[ChangeKind, bytes, str]:
    match event:
        case RecordWritten():
            return ChangeKind.WRITTEN, event.value_hash, event.contract
        case RecordDeleted():
            return ChangeKind.DELETED, b"", event.contract
        case PrivateHashWritten():
            return ChangeKind.PRIVATE_WRITTEN, event.salted_hash, event.contract
        case PrivateValueDue():
            return ChangeKind.PRIVATE_DUE, event.salted_hash, event.contract
        case _:
            raise LookupError(f"{type(event).__name__} is no change of a record")


def _invocation(events: Sequence[PlacedEvent], change: int, contract: str) -> ContractInvoked | None:
    """The invocation that made a change: of its contract, and told after the changes that it made."""
    for placed in events:
        if placed.index > change and isinstance(placed.event, ContractInvoked) and placed.event.contract == contract:
            return placed.event
    return None


def _signers(state: StateReader, signature: bytes) -> tuple[SignerInfo, ...]:
    """Who signed a transaction; that they did was checked when it was put into its block."""
    signers: list[SignerInfo] = []
    for one in decode_signatures(signature):
        record = registry.certificate(state, one.certificate)
        signers.append(SignerInfo(record.identity.member if record else "", one.certificate))
    return tuple(signers)
