"""Metrics for Prometheus. They hold counts only: no customer, no amount, no secret."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Metrics of one process, in a separate registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "munshi_requests", "HTTP requests answered", ["path", "status"], registry=self.registry
        )
        self.unreadable = Counter(
            "munshi_webhooks_unreadable", "signed webhooks that are no JSON", ["path"], registry=self.registry
        )
        self.elsewhere = Counter(
            "munshi_messages_elsewhere", "messages for another number of ours", registry=self.registry
        )
        self.wrong_tokens = Counter(
            "munshi_wrong_tokens", "requests with a wrong token", ["setting"], registry=self.registry
        )
        self.arrived = Counter("munshi_events_arrived", "events stored", registry=self.registry)
        self.handled = Counter("munshi_events_handled", "events stepped", registry=self.registry)
        self.performed = Counter(
            "munshi_deliveries", "outbox entries tried", ["lane", "outcome"], registry=self.registry
        )
        self.messages_failed = Counter(
            "munshi_messages_failed", "messages accepted, then not delivered", registry=self.registry
        )
        self.limited = Counter(
            "munshi_limited", "events of customers that were refused as too many", registry=self.registry
        )
        self.batch = Histogram(
            "munshi_ingest_batch", "requests that shared one commit", buckets=(1, 2, 5, 10, 20, 50, 100, 200),
            registry=self.registry,
        )  # fmt: skip
        self._circuit_open = Gauge(
            "munshi_circuit_open", "1 while a lane's account is refused", ["lane"], registry=self.registry
        )
        self._connections_open = Gauge(
            "munshi_connections_open", "connections open now", registry=self.registry
        )
        self._gave_way = Gauge(
            "munshi_connections_gave_way", "connections closed for others or for slowness",
            registry=self.registry,
        )  # fmt: skip
        self.waiting = Gauge("munshi_waiting", "rows that wait", ["what"], registry=self.registry)

        self._answers: dict[tuple[str, int], Counter] = {}

    def answered(self, path: str, status: int) -> None:
        """Count one HTTP answer. Looking up a labelled counter costs more than counting, so it is cached."""
        counter = self._answers.get((path, status))
        if counter is None:
            counter = self._answers[path, status] = self.requests.labels(path, status)
        counter.inc()

    def watch_connections(self, count: Callable[[], int], gave_way: Callable[[], int]) -> None:
        """Report the open connections, and those closed early, by calling these functions at each scrape."""
        self._connections_open.set_function(count)
        self._gave_way.set_function(gave_way)

    def watch_circuit(self, lane: str, is_open: Callable[[], bool]) -> None:
        """Report whether the circuit of `lane` is open, by calling `is_open` at each scrape."""
        self._circuit_open.labels(lane).set_function(is_open)

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self.registry)
