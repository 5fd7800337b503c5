"""Amazon CloudWatch: `PutMetricData` within its limits of 1,000 metrics and 1 MB a call; botocore gzips what is large.

Sums of a minute go as statistic sets, at the minute of the events. A delivery that failed half-way is repeated whole:
CloudWatch tells no repetitions, so after an outage a minute may count twice there (never in the database).
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog

from radiant.foundation.metrics.topics import RECORDED
from radiant.infra import aws
from radiant.infra.events import Event
from radiant.kit.clock import Clock, utc_now

log = structlog.get_logger()

MOST_METRICS = 1000
# Of a metric at most so many bytes are counted in a call of 1 MB: names of 30 dimensions are far from it.
_MOST_BYTES = 900_000
# CloudWatch refuses what is older.
_OLDEST = timedelta(days=14)
_THREADS = 2

Dimension = Literal["type", "provider", "model", "tenant"]
_NAMES: Mapping[Dimension, str] = {"type": "MetricType", "provider": "Provider", "model": "Model", "tenant": "TenantId"}
_Key = tuple[str, int, tuple[str, ...]]


@dataclass(slots=True)
class _Statistics:
    count: float
    sum: float
    least: float
    most: float

    def join(self, other: "_Statistics") -> None:
        self.count += other.count
        self.sum += other.sum
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)


def unit_of(name: str) -> str:
    """CloudWatch's unit of a metric."""
    return "Milliseconds" if name.endswith("_ms") else "None" if name == "cost" else "Count"


def joined(sums: Sequence[Mapping[str, Any]], dimensions: Sequence[Dimension]) -> dict[_Key, _Statistics]:
    """Sums told apart by no more than these dimensions."""
    found: dict[_Key, _Statistics] = {}
    for one in sums:
        key = one["name"], int(one["minute"]), tuple(str(one.get(name) or "") for name in dimensions)
        part = _Statistics(float(one["count"]), float(one["sum"]), float(one["min"]), float(one["max"]))
        known = found.get(key)
        if known is None:
            found[key] = part
        else:
            known.join(part)
    return found


def data(
    found: Mapping[_Key, _Statistics], dimensions: Sequence[Dimension], oldest: datetime
) -> Iterator[dict[str, Any]]:
    """As `PutMetricData` takes it, without what is too old for it."""
    for (name, minute, values), sums in found.items():
        at = datetime.fromtimestamp(minute * 60, UTC)
        if at < oldest:
            log.warning("metrics.too_old_for_cloudwatch", name=name, at=at.isoformat(), events=sums.count)
            continue
        yield {
            "MetricName": name,
            "Dimensions": [
                {"Name": _NAMES[dimension], "Value": value.encode("ascii", "replace").decode()[:1024]}
                for dimension, value in zip(dimensions, values, strict=True)
                if value
            ],
            "Timestamp": at,
            "StatisticValues": {
                "SampleCount": sums.count, "Sum": sums.sum, "Minimum": sums.least, "Maximum": sums.most,
            },
            "Unit": unit_of(name),
        }  # fmt: skip


def calls(metrics: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Metrics as so many calls as the limits ask for."""
    batch: list[dict[str, Any]] = []
    size = 0
    for metric in metrics:
        # Names, values and what any of CloudWatch's protocols adds around them.
        length = 600 + sum(100 + len(each["Value"]) for each in metric["Dimensions"])
        if batch and (len(batch) == MOST_METRICS or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(metric)
        size += length
    if batch:
        yield batch


class CloudWatch:
    """A sink. `async with CloudWatch(namespace, dimensions) as sink`; `sink.deliver` is what the outbox calls."""

    def __init__(
        self, namespace: str, dimensions: Sequence[Dimension], *, endpoint_url: str | None = None,
        region: str | None = None, clock: Clock = utc_now,
    ) -> None:  # fmt: skip
        self._namespace = namespace
        self._dimensions = dimensions
        self._endpoint_url = endpoint_url
        self._region = region
        self._clock = clock
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="cloudwatch")
        self._made: Any = None

    async def __aenter__(self) -> "CloudWatch":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _client(self) -> Any:
        if self._made is None:
            self._made = aws.client(
                "cloudwatch", self._region, self._endpoint_url, read_timeout=20, request_min_compression_size_bytes=1024
            )
        return self._made

    def _put(self, metrics: list[dict[str, Any]]) -> None:
        self._client().put_metric_data(Namespace=self._namespace, MetricData=metrics)

    async def deliver(self, events: Sequence[Event]) -> None:
        """Put what these events tell. Raises what boto3 raises; then they are delivered again."""
        sums = [one for event in events if event.topic == RECORDED for one in event.payload["sums"]]
        loop = asyncio.get_running_loop()
        oldest = self._clock() - _OLDEST
        for metrics in calls(data(joined(sums, self._dimensions), self._dimensions, oldest)):
            await loop.run_in_executor(self._pool, self._put, metrics)
