"""What a relayer counts, for Prometheus."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.chain import Delivered
from relayers.plan import Task

_SECONDS = (0.5, 1, 2, 3, 5, 8, 13, 30, 60, 300, 1800)


class RelayerMetrics:
    """All metrics of one daemon; ``path`` is the name of the chain at the other end of the hub."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.backlog = Gauge("relayer_backlog_packets", "Open packets.", ("path", "source"), registry=registry)
        self.oldest = Gauge(
            "relayer_oldest_packet_seconds", "Age of the oldest open packet.", ("path", "source"), registry=registry
        )
        self.height = Gauge("relayer_height", "Newest provable height.", ("path", "side"), registry=registry)
        self._carried = Counter("relayer_tasks_carried", "Tasks carried out.", ("path", "hop"), registry=registry)
        self._latency = Histogram(
            "relayer_hop_seconds",
            "From the first sight of a packet to the end of each hop.",
            ("path", "hop"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._gas = Counter("relayer_gas", "Gas used.", ("path", "source", "lane", "hop"), registry=registry)
        self._transactions = Counter("relayer_transactions", "Transactions on the chain.", ("path",), registry=registry)
        self._redundant = Counter(
            "relayer_redundant_tasks", "Tasks that another had done already.", ("path", "hop"), registry=registry
        )
        self._errors = Counter("relayer_errors", "Errors, by reason.", ("path", "reason"), registry=registry)
        self._rebuilds = Counter("relayer_rebuilds", "How often all was learned anew.", ("path",), registry=registry)

    def carried(self, path: str, hop: str, ages_s: Sequence[float]) -> None:
        """Tasks have taken place, so long after their packets were first seen."""
        self._carried.labels(path, hop).inc(len(ages_s))
        for age in ages_s:
            self._latency.labels(path, hop).observe(age)

    def spent(self, path: str, tasks: Sequence[Task], delivered: Delivered) -> None:
        """A transaction's gas, in equal parts to the lanes of its tasks."""
        self._transactions.labels(path).inc()
        for task in tasks:
            labels = (path, task.packet.source_client, str(task.lane), f"{task.kind.value}_at_chain")
            self._gas.labels(*labels).inc(delivered.gas / len(tasks))

    def redundant(self, path: str, hop: str, count: int) -> None:
        self._redundant.labels(path, hop).inc(count)

    def failed(self, path: str, reason: str) -> None:
        self._errors.labels(path, reason).inc()

    def rebuilt(self, path: str) -> None:
        self._rebuilds.labels(path).inc()
