"""A record's history: every change of it, who made it, by which certificates, in which block."""

from collections.abc import Sequence

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


def places_of(ledger: Ledger, contract: str, collection: str, key: str) -> tuple[PlacedEvent, ...]:
    """The events of a record's changes, the oldest first; raises RecordHasNoHistory."""
    found = ledger.placed_events(record_key(contract, collection, key))
    if not found:
        raise RecordHasNoHistory(contract, collection, key)
    return found


def record_change(ledger: Ledger, placed: PlacedEvent) -> RecordChange:
    """One change, with all that the ledger knows of who made it."""
    kind, value_hash, contract = _change(placed.event)
    invoked = _invocation(ledger, placed, contract)
    return RecordChange(
        height=placed.height,
        time=ledger.record(placed.height).header.time,
        transaction_hash=placed.transaction_hash,
        kind=kind,
        value_hash=value_hash,
        caller=invoked.caller if invoked else "",
        method=invoked.method if invoked else "",
        signers=_signers(ledger, placed.height, placed.transaction_hash),
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


def _invocation(ledger: Ledger, placed: PlacedEvent, contract: str) -> ContractInvoked | None:
    """The invocation that made the change: it is told right after the changes that it made."""
    if not placed.transaction_hash:
        return None
    for other in ledger.record(placed.height).events():
        if other.index <= placed.index or other.transaction_hash != placed.transaction_hash:
            continue
        if isinstance(other.event, ContractInvoked) and other.event.contract == contract:
            return other.event
    return None


def _signers(ledger: Ledger, height: Height, transaction_hash: bytes) -> tuple[SignerInfo, ...]:
    """Who signed the transaction; that they did was checked when it was put into its block."""
    found = ledger.inclusion(Hash(transaction_hash)) if transaction_hash else None
    if found is None:
        return ()
    _, signature = ledger.record(height).transactions[found[2]]
    state = ledger.state
    signers: list[SignerInfo] = []
    for one in decode_signatures(signature):
        record = registry.certificate(state, one.certificate)
        signers.append(SignerInfo(record.identity.member if record else "", one.certificate))
    return tuple(signers)


def page_of(places: Sequence[PlacedEvent], after: int) -> Sequence[tuple[int, PlacedEvent]]:
    """Numbered from 1 on, beyond ``after``."""
    return [(number, one) for number, one in enumerate(places, 1) if number > after]
