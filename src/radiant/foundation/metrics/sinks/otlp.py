"""OpenTelemetry over OTLP/HTTP in JSON: a span of each call, and its tokens and durations as delta histograms."""

import bisect
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from radiant import __version__
from radiant.foundation.metrics import store
from radiant.foundation.metrics.sinks import semconv
from radiant.foundation.metrics.topics import CALLS
from radiant.infra.db import Database, Row
from radiant.infra.events import Event
from radiant.infra.httpclient import HttpClient

_AT_ONCE = 500
_TIMEOUT = 20.0
_CLIENT, _OK, _ERROR, _DELTA = 3, 1, 2, 1
Attributes = tuple[tuple[str, str | int], ...]


def read_headers(text: str) -> dict[str, str]:
    """Headers of `name=value,name=value`, as OpenTelemetry's own settings have them."""
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


class Refused(Exception):
    """The collector did not take it."""


def _nanos(at: datetime) -> str:
    return str(round(at.timestamp() * 1_000_000) * 1000)


def _attributes(pairs: Attributes) -> list[dict[str, Any]]:
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in pairs
    ]


_RESOURCE = {
    "attributes": _attributes((("service.name", "radiant"), ("service.version", __version__))),
}
_SCOPE = {"name": semconv.SCOPE, "version": __version__}


def _common(row: Row) -> Attributes:
    pairs: list[tuple[str, str | int]] = [
        (semconv.OPERATION, semconv.OPERATIONS.get(row["kind"], row["kind"])),
        (semconv.PROVIDER, semconv.PROVIDERS.get(row["provider"], row["provider"])),
        (semconv.REQUEST_MODEL, row["model"]),
    ]
    if row["error_kind"] is not None:
        pairs.append((semconv.ERROR, row["error_kind"]))
    return tuple(pairs)


def span(row: Row) -> dict[str, Any]:
    """A call as a span. A trace is a request; its id follows from the request's, so that what else logs it agrees."""
    failed = row["ended"] in ("failed", "abandoned")
    pairs: list[tuple[str, str | int]] = [
        *_common(row),
        (semconv.RESPONSE_MODEL, row["model"]),
        (semconv.INPUT_TOKENS, row["input_tokens"] or 0),
        (semconv.OUTPUT_TOKENS, row["output_tokens"] or 0),
    ]
    attributes = _attributes(tuple(pairs))
    if row["stop_reason"] is not None:
        reasons = {"arrayValue": {"values": [{"stringValue": row["stop_reason"]}]}}
        attributes.append({"key": semconv.FINISH_REASONS, "value": reasons})
    id_: UUID = row["id"]
    trace = hashlib.blake2b((row["request_id"] or str(id_)).encode(), digest_size=16).hexdigest()
    return {
        "traceId": trace,
        "spanId": id_.bytes[8:].hex(),
        "name": f"{semconv.OPERATIONS.get(row['kind'], row['kind'])} {row['model']}",
        "kind": _CLIENT,
        "startTimeUnixNano": _nanos(row["created_at"]),
        "endTimeUnixNano": _nanos(row["settled_at"] or row["created_at"]),
        "attributes": attributes,
        "status": {"code": _ERROR, "message": row["error_kind"] or ""} if failed else {"code": _OK},
    }


@dataclass(slots=True)
class _Histogram:
    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list[int])
    sum: float = 0.0
    least: float = 0.0
    most: float = 0.0

    def add(self, value: float) -> None:
        if not self.counts:
            self.counts = [0] * (len(self.bounds) + 1)
            self.least = self.most = value
        self.counts[bisect.bisect_left(self.bounds, value)] += 1
        self.sum += value
        self.least, self.most = min(self.least, value), max(self.most, value)

    def point(self, attributes: Attributes, start: str, end: str) -> dict[str, Any]:
        return {
            "attributes": _attributes(attributes), "startTimeUnixNano": start, "timeUnixNano": end,
            "count": str(sum(self.counts)), "sum": self.sum, "min": self.least, "max": self.most,
            "bucketCounts": [str(count) for count in self.counts], "explicitBounds": list(self.bounds),
        }  # fmt: skip


def histograms(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Tokens and durations of calls as delta histograms, over the time in which they ended."""
    found: dict[str, dict[Attributes, _Histogram]] = {}

    def add(name: str, attributes: Attributes, bounds: Sequence[float], value: float) -> None:
        found.setdefault(name, {}).setdefault(attributes, _Histogram(bounds)).add(value)

    for row in rows:
        common = _common(row)
        for type_, tokens in (("input", row["input_tokens"]), ("output", row["output_tokens"])):
            if tokens is not None:
                add(semconv.TOKEN_USAGE, (*common, (semconv.TOKEN_TYPE, type_)), semconv.TOKEN_BOUNDS, tokens)
        if row["duration_ms"] is not None:
            add(semconv.DURATION, common, semconv.SECOND_BOUNDS, row["duration_ms"] / 1000)
        if row["first_token_ms"] is not None:
            add(semconv.FIRST_CHUNK, common, semconv.SECOND_BOUNDS, row["first_token_ms"] / 1000)
    start = _nanos(min(row["created_at"] for row in rows))
    end = _nanos(max(row["settled_at"] or row["created_at"] for row in rows))
    return [
        {
            "name": name,
            "unit": "{token}" if name == semconv.TOKEN_USAGE else "s",
            "histogram": {
                "aggregationTemporality": _DELTA,
                "dataPoints": [one.point(attributes, start, end) for attributes, one in points.items()],
            },
        }
        for name, points in found.items()
    ]


class Otlp:
    """A sink. `endpoint`: of a collector, without /v1/…; `headers`: as it wants them."""

    def __init__(self, database: Database, http: HttpClient, endpoint: str, headers: Mapping[str, str]) -> None:
        self._database = database
        self._http = http
        self._endpoint = endpoint.rstrip("/")
        self._headers = {**headers, "content-type": "application/json"}

    async def deliver(self, events: Sequence[Event]) -> None:
        """Send the calls that these events name. Raises Refused, HttpError; then they are delivered again."""
        ids = [UUID(id_) for event in events if event.topic == CALLS for id_ in event.payload["calls"]]
        for begin in range(0, len(ids), _AT_ONCE):
            async with self._database.system("otlp sink").tx() as tx:
                rows = await store.calls(tx, ids[begin : begin + _AT_ONCE])
            if not rows:
                continue
            spans = {"resource": _RESOURCE, "scopeSpans": [{"scope": _SCOPE, "spans": [span(row) for row in rows]}]}
            await self._post("/v1/traces", {"resourceSpans": [spans]})
            metrics = {"resource": _RESOURCE, "scopeMetrics": [{"scope": _SCOPE, "metrics": histograms(rows)}]}
            await self._post("/v1/metrics", {"resourceMetrics": [metrics]})

    async def _post(self, path: str, body: Mapping[str, Any]) -> None:
        response = await self._http.request(
            "POST", self._endpoint + path, headers=self._headers, body=msgspec.json.encode(body), allow_private=True,
            first=_TIMEOUT,
        )  # fmt: skip
        said = await response.read(64 * 1024)
        if response.status != 200:
            raise Refused(f"{self._endpoint}{path} answered {response.status}: {said[:500].decode(errors='replace')}")
