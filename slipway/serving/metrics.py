"""What a server counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from slipway.serving.service import Answer

BUCKETS_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
STATUSES = (200, 400, 413, 422)


class Metrics:
    """The counters of one server, in a registry of their own, since a process may hold several servers."""

    def __init__(self, release: str, identity: str) -> None:
        self._registry = CollectorRegistry()
        requests = Counter("slipway_requests", "Requests to /predict", ["status"], registry=self._registry)
        self._requests = {status: requests.labels(str(status)) for status in STATUSES}
        self._records = Counter("slipway_records", "Records that were answered", registry=self._registry)
        self._seconds = Histogram(
            "slipway_request_seconds", "Time of a request to /predict", buckets=BUCKETS_SECONDS, registry=self._registry
        )
        info = Gauge("slipway_release", "The release that serves", ["release", "manifest"], registry=self._registry)
        info.labels(release, identity).set(1)

    def observe(self, answer: Answer, seconds: float) -> None:
        """Count one answered request."""
        self._requests[answer.status].inc()
        self._records.inc(answer.num_records)
        self._seconds.observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
