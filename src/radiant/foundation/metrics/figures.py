"""What events add up to, and how that adds up. Pure.

Counts, tokens and cost are sums; latencies are a sketch, since percentiles cannot be averaged (measured: an averaged p95
was 19 % off for a day); people are a set that is joined, since who came twice is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from radiant.foundation.metrics.schemas import Sums
from radiant.infra.db import Row
from radiant.kit.distinct import Distinct
from radiant.kit.money import ZERO
from radiant.kit.sketch import Sketch, log_gamma

ACCURACY = 0.01
LOG_GAMMA = log_gamma(ACCURACY)
# The sketch takes whole units: microseconds.
_PER_MS = 1000
# Errors stop at what the column of the specification, an integer, can hold.
_MOST_ERRORS = 2**31 - 1
# By these a type counts its requests, where it does not say how many an event stands for.
_PRINCIPAL = {"token_usage": "input_tokens", "model_inference": "latency_ms", "billing": "cost"}
Key = tuple[str, str, str, UUID | None]
"""Metric type, dimension, value, person: what one row is of."""


def sketch() -> Sketch:
    """An empty one of the accuracy that roll-ups have."""
    return Sketch(ACCURACY)


@dataclass(slots=True)
class Figures:
    """Of one time and one key. Cost in dollars, latencies in milliseconds."""

    requests: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = ZERO
    latency_count: int = 0
    latency_sum: Decimal = ZERO
    latency: Sketch = field(default_factory=sketch)
    users: Distinct = field(default_factory=Distinct)

    def count(
        self, metric_type: str, name: str, events: int, total: Decimal, *, failed: bool, bin_: int | None
    ) -> None:
        """Add so many events of one name, which come to `total`; `bin_`: where their latency lies."""
        if name == "requests":
            self.requests += int(total)
            self.errors += int(total) if failed else 0
        elif _PRINCIPAL.get(metric_type) == name:
            self.requests += events
        if name == "input_tokens":
            self.input_tokens += int(total)
        elif name == "output_tokens":
            self.output_tokens += int(total)
        elif name == "cost":
            self.cost += total
        elif name == "latency_ms" and bin_ is not None:
            self.latency_count += events
            self.latency_sum += total
            self.latency.count(bin_, events)

    def join(self, row: Mapping[str, Any] | Row) -> None:
        """Add a row of aggregated_metrics."""
        self.requests += row["total_requests"]
        self.errors += row["error_count"]
        self.input_tokens += row["input_tokens"]
        self.output_tokens += row["output_tokens"]
        self.cost += row["total_cost"]
        self.latency_count += row["latency_count"]
        self.latency_sum += row["latency_ms_sum"]
        self.latency.join(Sketch.of_bytes(row["latency_sketch"], ACCURACY))
        self.users.join(Distinct.of_bytes(row["users_sketch"]))

    def percentile(self, q: float) -> float | None:
        """Milliseconds; None where nothing was timed."""
        found = self.latency.quantile(q)
        return None if found is None else round(found / _PER_MS, 3)

    @property
    def average(self) -> float | None:
        """Milliseconds; None where nothing was timed."""
        return round(float(self.latency_sum / self.latency_count), 3) if self.latency_count else None

    def as_sums(self) -> Sums:
        """As people read it."""
        return Sums(
            total_requests=self.requests, total_tokens=self.input_tokens + self.output_tokens,
            input_tokens=self.input_tokens, output_tokens=self.output_tokens, total_cost=self.cost,
            error_count=self.errors, unique_users=len(self.users), avg_latency_ms=self.average,
            p50_latency_ms=self.percentile(0.5), p95_latency_ms=self.percentile(0.95),
            p99_latency_ms=self.percentile(0.99),
        )  # fmt: skip

    def as_row(self, key: Key) -> Mapping[str, Any]:
        """As the table takes it, in JSON."""
        metric_type, dimension, value, user_id = key
        return {
            "metric_type": metric_type, "dimension": dimension, "value": value,
            "user_id": str(user_id) if user_id else None, "total_requests": self.requests,
            "input_tokens": self.input_tokens, "output_tokens": self.output_tokens, "total_cost": str(self.cost),
            "error_count": min(self.errors, _MOST_ERRORS), "unique_users": len(self.users), "latency_count": self.latency_count,
            "latency_ms_sum": str(self.latency_sum), "avg": self.average, "p50": self.percentile(0.5),
            "p95": self.percentile(0.95), "p99": self.percentile(0.99),
            "latency": self.latency.to_bytes().hex() if self.latency_count else None,
            "users": self.users.to_bytes().hex(),
        }  # fmt: skip
