"""Sinks: each gets what happened, within its service's limits, and none suffers from another."""

import asyncio
import base64
import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp.web
import boto3
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from radiant.foundation.metrics.events import emit_due
from radiant.foundation.metrics.ingest import Ingest
from radiant.foundation.metrics.sinks import cloudwatch
from radiant.foundation.metrics.sinks.cloudwatch import CloudWatch, calls, data, joined
from radiant.foundation.metrics.sinks.otlp import Otlp, read_headers
from radiant.foundation.metrics.topics import Told
from radiant.infra.db import Database
from radiant.infra.events import Event, OutboxReader, Sink, forget_sinks
from radiant.infra.httpclient import HttpClient
from tests.foundation.metrics.kit import NOW, body, call, event
from tests.kit import postgres
from tests.kit.people import Tenant

EVERYTHING = Told(sums=True, calls=True)


def _sum(name: str = "cost", **more: Any) -> dict[str, Any]:
    return {
        "type": "billing", "name": name, "minute": int(NOW.timestamp()) // 60, "provider": "p", "model": "m",
        "tenant": "t", "count": 1, "sum": 2, "min": 2, "max": 2,
    } | more  # fmt: skip


@contextlib.asynccontextmanager
async def _reading(db: Database, dsn: str, sinks: dict[str, Sink], **options: Any) -> AsyncIterator[None]:
    reader = asyncio.create_task(OutboxReader(db.system("test"), dsn, sinks, poll=0.05, **options).run())
    try:
        yield
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


async def _until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not happened():
            await asyncio.sleep(0.02)


async def test_f12_2_one_sink_that_fails_keeps_neither_the_events_nor_another_sink(
    owner: Any, db: Database, dsns: postgres.Dsns, tenant: Tenant
) -> None:
    got: list[Event] = []

    async def good(events: Any) -> None:
        got.extend(events)

    async def bad(_: Any) -> None:
        raise ConnectionError("away")

    async with _reading(db, dsns.system, {"good": good, "bad": bad}, attempts=2):
        await _reading_starts(owner, 2)
        await call(owner, tenant.id, tenant.user_id)
        await emit_due(db, EVERYTHING)
        await _until(lambda: len(got) == 2)

        async def set_aside() -> int:
            return await owner.fetchval("select count(*) from outbox_refused where sink = 'bad'")

        async with asyncio.timeout(20):
            while await set_aside() < 2:
                await asyncio.sleep(0.05)
    assert await owner.fetchval("select count(*) from usage_metrics") == 6
    assert await owner.fetchval("select count(*) from outbox_refused where sink = 'good'") == 0


async def _reading_starts(owner: Any, sinks: int) -> None:
    async with asyncio.timeout(20):
        while await owner.fetchval("select count(*) from outbox_sinks") < sinks:
            await asyncio.sleep(0.02)


async def test_where_no_sink_is_switched_on_nothing_waits_for_one(owner: Any, db: Database, tenant: Tenant) -> None:
    await call(owner, tenant.id, tenant.user_id)
    await emit_due(db)
    await Ingest().receive(tenant.db, body([event()]))
    assert await owner.fetchval("select count(*) from outbox where topic like 'metrics.%'") == 0
    await owner.execute("insert into outbox_sinks (name) values ('otlp'), ('audit')")
    await forget_sinks(db.system("test"), ["otlp", "cloudwatch"])
    assert [row["name"] for row in await owner.fetch("select name from outbox_sinks")] == ["audit"]


async def test_sums_of_calls_and_of_events_from_outside_arrive_in_cloudwatch(
    owner: Any, db: Database, tenant: Tenant, aws_endpoint: str
) -> None:
    await call(owner, tenant.id, tenant.user_id, cost=Decimal("0.5"))
    await call(owner, tenant.id, tenant.user_id, cost=Decimal("0.25"))
    await emit_due(db, EVERYTHING)
    sent = [event("cost", 4, dimensions={"model": "gpt-4o"}, recorded_at=NOW)]
    await Ingest(told=EVERYTHING).receive(tenant.db, body(sent))
    rows = await owner.fetch("select * from outbox order by id")
    events = [
        Event(row["id"], row["tenant_id"], row["topic"], _json(row["payload"]), row["created_at"]) for row in rows
    ]
    async with CloudWatch("R1", ["type", "model"], endpoint_url=aws_endpoint, region="eu-central-1") as sink:
        await sink.deliver(events)
    client = boto3.client("cloudwatch", region_name="eu-central-1", endpoint_url=aws_endpoint)
    found = await asyncio.to_thread(
        client.get_metric_statistics, Namespace="R1", MetricName="cost", Statistics=["Sum", "SampleCount", "Maximum"],
        Dimensions=[{"Name": "MetricType", "Value": "billing"}, {"Name": "Model", "Value": "gpt-4o"}], Period=60,
        StartTime=NOW - timedelta(minutes=5), EndTime=NOW + timedelta(minutes=5),
    )  # fmt: skip
    assert sum(point["Sum"] for point in found["Datapoints"]) == 4.75
    assert max(point["Maximum"] for point in found["Datapoints"]) == 4
    names = await asyncio.to_thread(client.list_metrics, Namespace="R1")
    assert {one["MetricName"] for one in names["Metrics"]} == {
        "requests", "input_tokens", "output_tokens", "latency_ms", "first_token_ms", "cost",
    }  # fmt: skip


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def test_f12_5_what_cloudwatch_tells_apart_is_a_setting() -> None:
    sums = [_sum(tenant=f"t{number}", model=f"m{number % 3}") for number in range(100)]
    assert len(joined(sums, [])) == 1
    assert len(joined(sums, ["type"])) == 1
    assert len(joined(sums, ["model"])) == 3
    assert len(joined(sums, ["tenant", "model"])) == 100
    (whole,) = joined(sums, []).values()
    assert (whole.count, whole.sum, whole.least, whole.most) == (100, 200, 2, 2)


def test_f12_6_a_call_holds_a_thousand_metrics_and_a_megabyte() -> None:
    sums = [_sum(f"n{number}", model="m" * 200) for number in range(2500)]
    dimensions: list[cloudwatch.Dimension] = ["type", "model"]
    batches = list(calls(data(joined(sums, dimensions), dimensions, datetime(2020, 1, 1, tzinfo=UTC))))
    assert sum(map(len, batches)) == 2500
    assert max(map(len, batches)) <= 1000
    client = boto3.client("cloudwatch", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    sizes: list[int] = []

    def measure(request: Any, **_: Any) -> Any:
        raw = request.body if isinstance(request.body, bytes) else request.body.encode()
        assert request.headers.get("Content-Encoding") in ("gzip", b"gzip")
        sizes.append(len(gzip.decompress(raw)))
        raise InterruptedError

    client.meta.events.register("before-send.cloudwatch.PutMetricData", measure)
    for batch in batches:
        with pytest.raises(Exception, match=r".*"):
            client.put_metric_data(Namespace="R", MetricData=batch)
    assert len(sizes) == len(batches)
    assert max(sizes) <= 1_000_000


def test_f12_11_cloudwatch_gets_the_time_of_the_events_and_nothing_that_it_would_refuse_as_too_old() -> None:
    minute = int(NOW.timestamp()) // 60
    sums = [_sum(minute=minute - 5), _sum(minute=minute - 60 * 24 * 20)]
    (one,) = data(joined(sums, []), [], NOW - timedelta(days=14))
    assert one["Timestamp"] == datetime.fromtimestamp((minute - 5) * 60, UTC)
    assert one["Unit"] == "None"


class Collector:
    """An OpenTelemetry collector that reads what it gets by the protocol's own definitions."""

    def __init__(self) -> None:
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.headers: Any = {}
        self.status = 200

    async def _take(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        self.headers = request.headers
        said = await request.json()
        if self.status == 200 and request.path == "/v1/traces":
            for one in said["resourceSpans"][0]["scopeSpans"][0]["spans"]:
                # JSON of the protocol writes ids in hex, where protobuf's own has base64.
                one["traceId"], one["spanId"] = _base64(one["traceId"]), _base64(one["spanId"])
            self.traces.append(ParseDict(said, ExportTraceServiceRequest()))
        elif self.status == 200:
            self.metrics.append(ParseDict(said, ExportMetricsServiceRequest()))
        return aiohttp.web.json_response({}, status=self.status)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        app = aiohttp.web.Application()
        app.router.add_post("/v1/{what}", self._take)
        runner = aiohttp.web.AppRunner(app)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


def _base64(hex_: str) -> str:
    return base64.b64encode(bytes.fromhex(hex_)).decode()


async def test_calls_arrive_at_a_collector_as_spans_and_histograms_by_the_names_of_the_conventions(
    owner: Any, db: Database, dsns: postgres.Dsns, tenant: Tenant
) -> None:
    collector = Collector()
    async with collector.listening() as url, HttpClient() as http:
        sink = Otlp(db, http, url + "/", read_headers("Authorization=Bearer abc, x-team=blue"))
        collector.status = 503
        async with _reading(db, dsns.system, {"otlp": sink.deliver}, attempts=50):
            await _reading_starts(owner, 1)
            await call(owner, tenant.id, tenant.user_id, request_id="req_1", settled_at=NOW + timedelta(seconds=2))
            await call(
                owner, tenant.id, tenant.user_id, state="failed", ended="failed", error_kind="upstream-down",
                kind="embedding", provider="bedrock",
            )  # fmt: skip
            await emit_due(db, EVERYTHING)
            await asyncio.sleep(0.3)
            assert collector.traces == []
            collector.status = 200
            await _until(lambda: bool(collector.metrics))
    assert (collector.headers["authorization"], collector.headers["x-team"]) == ("Bearer abc", "blue")
    spans = {one.name: one for one in collector.traces[-1].resource_spans[0].scope_spans[0].spans}
    assert set(spans) == {"chat gpt-4o", "embeddings gpt-4o"}
    chat = spans["chat gpt-4o"]
    assert (len(chat.trace_id), len(chat.span_id)) == (16, 8)
    assert chat.end_time_unix_nano - chat.start_time_unix_nano == 2_000_000_000
    facts = {one.key: one.value for one in chat.attributes}
    assert facts["gen_ai.provider.name"].string_value == "openai"
    assert facts["gen_ai.usage.input_tokens"].int_value == 10
    failed = spans["embeddings gpt-4o"]
    assert {one.key: one.value.string_value for one in failed.attributes}["error.type"] == "upstream-down"
    assert (chat.status.code, failed.status.code) == (1, 2)
    metrics = {one.name: one for one in collector.metrics[-1].resource_metrics[0].scope_metrics[0].metrics}
    assert set(metrics) == {
        "gen_ai.client.token.usage", "gen_ai.client.operation.duration", "gen_ai.client.operation.time_to_first_chunk",
    }  # fmt: skip
    duration = metrics["gen_ai.client.operation.duration"]
    assert (duration.unit, duration.histogram.aggregation_temporality) == ("s", 1)
    point = duration.histogram.data_points[0]
    assert (point.count, point.sum) == (1, 1.2)
    assert sum(point.bucket_counts) == 1
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
