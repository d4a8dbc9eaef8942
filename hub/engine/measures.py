"""What an operator watches of an engine, as Prometheus metrics."""

from collections import Counter as Tally
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from hub.engine.ledger import MadeBlock

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_COUNTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class CallMeasures:
    """Of an API: how often it is called, how long it takes, why it refuses. ``daemon``: what its metrics begin with."""

    def __init__(self, registry: CollectorRegistry, daemon: str) -> None:
        self.registry = registry
        self.calls = Counter(
            f"{daemon}_rpc_calls", "Calls of the API, by method and status.", ["method", "code"], registry=registry
        )
        self.rpc_errors = Counter(
            f"{daemon}_rpc_errors", "Calls of the API refused, by reason.", ["reason"], registry=registry
        )
        self.rpc_seconds = Histogram(
            f"{daemon}_rpc_seconds", "Time to answer a call.", ["method"], buckets=_SECONDS, registry=registry
        )


class Measures(CallMeasures):
    """One engine's, and its API's. Each node has a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__(registry or CollectorRegistry(), "hub")
        self.height = Gauge("hub_height", "Height of the latest committed block.", registry=self.registry)
        self.block_time = Gauge(
            "hub_block_time_seconds", "Time of the latest block, in Unix seconds.", registry=self.registry
        )
        self.pending = Gauge("hub_pending_transactions", "Transactions that wait for a block.", registry=self.registry)
        self.transactions = Counter(
            "hub_transactions", "Transactions that stand in blocks, by result.", ["result"], registry=self.registry
        )
        self.refusals = Counter("hub_refusals", "Transactions refused, by reason.", ["reason"], registry=self.registry)
        self.commit = Histogram(
            "hub_block_seconds",
            "From the first transaction taken to the durable commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.block_size = Histogram(
            "hub_block_transactions", "Transactions in a block.", buckets=_COUNTS, registry=self.registry
        )
        self.events = Counter("hub_events", "Events, by kind.", ["kind"], registry=self.registry)
        self.checkpoints = Counter(
            "hub_checkpoints", "Checkpoints signed, by client.", ["client"], registry=self.registry
        )
        self.watchers = Gauge("hub_watchers", "Open Watch streams.", registry=self.registry)

    def block(self, made: "MadeBlock", seconds: float) -> None:
        """A block was committed."""
        self.height.set(made.head.height)
        self.block_time.set(made.head.time)
        self.commit.observe(seconds)
        self.block_size.observe(len(made.record.results))
        for code, count in Tally(result.code for result in made.record.results).items():
            self.transactions.labels(code.name.lower()).inc(count)
        for kind, count in Tally(map(type, made.record.bare_events())).items():
            self.events.labels(kind.__name__).inc(count)

    def refused(self, reason: str) -> None:
        """A transaction was refused, in a block or before."""
        self.refusals.labels(reason).inc()
