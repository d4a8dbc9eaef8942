"""What must always hold, looked at when a chain of our own has stopped: its blocks, executed again, give the same roots
and events; a packet is received at most once and ends at most once; a call has one result; no money came or went.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.permissioned.ledger.contracts.packages import Installed
from adapters.permissioned.ledger.node import NodeConfig as LedgerConfig
from adapters.permissioned.ledger.node import ledger_kind, replay_ledger
from adapters.permissioned.ledger.service.events import CallEnded
from hub.accounts import money
from hub.engine.ledger import Ledger
from hub.engine.store import Store, StoreOptions
from hub.events import (
    AcknowledgementWritten,
    Event,
    PacketAcknowledged,
    PacketReceived,
    PacketStep,
    PacketTimedOut,
    ServiceResulted,
    packet_key,
)
from hub.node import NodeConfig as HubConfig
from hub.node import hub_kind, replay_node
from hub.quantities import Hash, Height

LOOKED_AT = 8
"""States in which the money is summed: the latest, and so many before it."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the events of a chain say, by packet (``hub.events.packet_key``) and by request."""

    received: Counter[bytes] = field(default_factory=Counter)
    answered: Counter[bytes] = field(default_factory=Counter)
    acknowledged: Counter[bytes] = field(default_factory=Counter)
    timed_out: Counter[bytes] = field(default_factory=Counter)
    resulted: Counter[bytes] = field(default_factory=Counter)

    def hold(self) -> None:
        for counted in (self.received, self.answered, self.acknowledged + self.timed_out, self.resulted):
            assert max(counted.values(), default=1) == 1, counted


def hold_at_hub(config: HubConfig) -> Past:
    """Of a hub's node that has stopped."""
    with TemporaryDirectory(dir=config.store.parent) as folder:
        replayed = Path(folder) / "store"
        height = replay_node(config, replayed)
        with _opened(replayed, config.genesis.hash()) as store:
            assert store.height == height
            for looked_at in range(store.oldest, height + 1, max(1, (height - store.oldest) // LOOKED_AT)):
                _hold_money(store, Height(looked_at))
            _hold_money(store, height)
            return _past(Ledger(hub_kind(config.genesis), store))


def hold_at_ledger(config: LedgerConfig, installed: Installed) -> Past:
    """Of a ledger's node that has stopped."""
    with TemporaryDirectory(dir=config.store.parent) as folder:
        replayed = Path(folder) / "store"
        replay_ledger(config, installed, replayed)
        with _opened(replayed, config.genesis.hash()) as store:
            return _past(Ledger(ledger_kind(config.genesis, installed), store))


def hold_between(one: Past, other: Past) -> None:
    """No packet was both received and timed out: not even where two chains give their clients the same names, for what
    is received is the other's.
    """
    assert not (one.received | one.answered) & other.timed_out
    assert not (other.received | other.answered) & one.timed_out


def _hold_money(store: Store, height: Height) -> None:
    state = store.view(height)
    assert money.balances_sum(state) + money.escrowed(state) == money.supply(state), height


def _past(ledger: Ledger) -> Past:
    heights = range(1, ledger.head.height + 1)
    return past_of(event for height in heights for event in ledger.record(Height(height)).bare_events())


def past_of(events: Iterable[Event]) -> Past:
    """Of all that one chain tells."""
    past = Past()
    for event in events:
        match event:
            case PacketReceived():
                past.received[_name(event)] += 1
            case AcknowledgementWritten():
                past.answered[_name(event)] += 1
            case PacketAcknowledged():
                past.acknowledged[_name(event)] += 1
            case PacketTimedOut():
                past.timed_out[_name(event)] += 1
            case ServiceResulted(request_id=name) | CallEnded(call_id=name):
                past.resulted[name] += 1
            case _:
                pass
    past.hold()
    return past


def _name(step: PacketStep) -> bytes:
    return packet_key(step.source_client, step.destination_client, step.sequence)


@contextmanager
def _opened(path: Path, genesis: Hash) -> Iterator[Store]:
    store = Store.open(path, genesis, StoreOptions())
    try:
        yield store
    finally:
        store.close()
