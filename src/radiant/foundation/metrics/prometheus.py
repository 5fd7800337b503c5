"""What one process counts, as Prometheus reads it: /metrics.

Calls are counted when they are in the ledger, a batch at a time, so nothing is done for it on a call's own path. Counters
begin at 0 with the process, as Prometheus expects.
"""

from collections import Counter as Counted
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics import exposition as _untyped

from radiant.foundation.metrics.schemas import Received
from radiant.foundation.usage.records import Row
from radiant.kit.ids import TenantId

# This part of the library carries no types.
_openmetrics: Any = _untyped
CONTENT_TYPE: str = _openmetrics.CONTENT_TYPE_LATEST
Label = Literal["provider", "model", "tenant"]
OTHER = "other"
# Seconds: of an answer, and of its first word.
_LONG = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300)
_SHORT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Exposition:
    """The metrics of a process. `labels`: what calls are told apart by; `most`: how many combinations of them there may
    be, the others being counted together."""

    def __init__(self, labels: Sequence[Label], most: int) -> None:
        self._labels = tuple(labels)
        self._most = most
        self._known: set[tuple[str, ...]] = set()
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "radiant_calls", "Calls of models that ended, by how", (*self._labels, "outcome"), registry=self.registry
        )
        self._tokens = Counter(
            "radiant_call_tokens", "Tokens of calls", (*self._labels, "direction"), registry=self.registry
        )
        self._cost = Counter(
            "radiant_call_cost_dollars", "What calls cost, in US dollars", self._labels, registry=self.registry
        )
        self._duration = Histogram(
            "radiant_call_duration_seconds", "From the admission of a call to the end of its answer", self._labels,
            buckets=_LONG, registry=self.registry,
        )  # fmt: skip
        self._first = Histogram(
            "radiant_call_first_token_seconds", "From the admission of a call to its first token", self._labels,
            buckets=_SHORT, registry=self.registry,
        )  # fmt: skip
        self._requests = Histogram(
            "radiant_http_request_duration_seconds", "Requests of the API, by route", ("method", "route", "status"),
            buckets=_SHORT, registry=self.registry,
        )  # fmt: skip
        self._events = Counter(
            "radiant_metrics_events", "Usage events from outside, by what became of them", ("result",),
            registry=self.registry,
        )  # fmt: skip
        self._behind = Gauge(
            "radiant_metrics_rollup_behind_seconds", "For how long the oldest hour has waited for its roll-up",
            registry=self.registry,
        )  # fmt: skip

    def count_calls(self, rows: Sequence[Row]) -> None:
        """Rows that are in the ledger now; those of calls still under way are left out."""
        # Added up before a counter is looked for, which costs more than the adding.
        like: dict[tuple[str, str, TenantId], list[Row]] = defaultdict(list)
        for row in rows:
            if row.state != "reserved":
                like[row.provider, row.model, row.tenant_id].append(row)
        for (provider, model, tenant_id), of_one in like.items():
            self._count_alike(self._labels_of(provider, model, tenant_id), of_one)

    def _count_alike(self, labels: tuple[str, ...], rows: Sequence[Row]) -> None:
        for ended, count in Counted(row.ended or "failed" for row in rows).items():
            self._calls.labels(*labels, ended).inc(count)
        self._tokens.labels(*labels, "input").inc(sum(row.input_tokens or 0 for row in rows))
        self._tokens.labels(*labels, "output").inc(sum(row.output_tokens or 0 for row in rows))
        self._cost.labels(*labels).inc(float(sum(row.cost or 0 for row in rows)))
        duration, first = self._duration.labels(*labels), self._first.labels(*labels)
        for row in rows:
            if row.ended == "answered" and not row.cached:
                if row.duration_ms is not None:
                    duration.observe(row.duration_ms / 1000)
                if row.first_token_ms is not None:
                    first.observe(row.first_token_ms / 1000)

    def _labels_of(self, provider: str, model: str, tenant_id: TenantId) -> tuple[str, ...]:
        values = {"provider": provider, "model": model, "tenant": str(tenant_id)}
        labels = tuple(values[name] for name in self._labels)
        if labels not in self._known:
            if len(self._known) >= self._most:
                return (OTHER,) * len(labels)
            self._known.add(labels)
        return labels

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request of the API. `route`: its template, never its path; there are only so many."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def count_events(self, received: Received) -> None:
        """A batch of events from outside."""
        self._events.labels("accepted").inc(received.accepted)
        self._events.labels("duplicate").inc(received.duplicates)
        self._events.labels("refused").inc(len(received.refused))

    def text(self, behind_seconds: float) -> bytes:
        """All of it, as OpenMetrics."""
        self._behind.set(behind_seconds)
        return _openmetrics.generate_latest(self.registry)
