"""Usage events: how many a second over HTTP, lost over kill -9, and what a month's percentiles are off by (goals.md).

    ./radiant bench metrics [--seconds N] [--kills N] [--quick] [--json]

One API process over the embedded Postgres with fsync; batches of 1,000 from four connections. An event counts once its
batch was acknowledged, and then it is in the table: what is acknowledged is committed.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp
import numpy as np
from bench.kit.figures import Figure, report
from bench.kit.setup import connect_openai, environment, free_port, key_with_scopes

from radiant.config import Settings
from radiant.foundation.metrics.rollup import roll_up
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.kit.ids import TenantId, uuid7
from radiant.runtime import open_runtime

CONNECTIONS, EVENTS = 4, 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where the process listens, over what, and as whom to ask."""

    settings: Settings
    environment: dict[str, str]
    key: str
    tenant_id: TenantId

    @property
    def url(self) -> str:
        """The door of events."""
        return f"http://127.0.0.1:{self.settings.port}/api/metrics/events"


async def _prepare(folder: Path) -> Place:
    port = free_port()
    settings = Settings(
        data_dir=folder, port=port, models="none", master_key_file=folder / "bench-master.key"
    )  # fmt: skip
    await connect_openai(settings, "http://127.0.0.1:9/v1")
    secret, tenant_id = await key_with_scopes(settings, "write", "admin")
    return Place(settings, environment(folder, port, RADIANT_LOG_LEVEL="error"), secret, tenant_id)


def _start(place: Place) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "radiant", "serve"], env=place.environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


async def _until_up(place: Place, http: aiohttp.ClientSession) -> None:
    started = time.perf_counter()
    while time.perf_counter() - started < 60:
        try:
            async with http.get(f"http://127.0.0.1:{place.settings.port}/api/health") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            await asyncio.sleep(0.02)
    raise SystemExit("the process did not answer within a minute")


_NAMES = (
    ("api_request", "requests"),
    ("token_usage", "input_tokens"),
    ("model_inference", "latency_ms"),
    ("billing", "cost"),
)


def _batch() -> tuple[list[str], bytes]:
    ids = [str(uuid7()) for _ in range(EVENTS)]
    now = datetime.now(UTC).isoformat()
    events = [
        {
            "event_id": id_, "metric_type": _NAMES[place % 4][0], "metric_name": _NAMES[place % 4][1],
            "value": place % 977, "dimensions": {"model": f"model-{place % 7}", "provider": "bench"}, "recorded_at": now,
        }
        for place, id_ in enumerate(ids)
    ]  # fmt: skip
    return ids, json.dumps({"events": events}).encode()


async def _send(
    place: Place, http: aiohttp.ClientSession, batches: list[tuple[list[str], bytes]], acknowledged: set[str]
) -> int:
    """Send until there is no batch more; how many events were accepted."""
    accepted = 0
    headers = {"Authorization": f"Bearer {place.key}", "Content-Type": "application/json"}
    while batches:
        ids, body = batches.pop()
        while True:
            async with http.post(place.url, data=body, headers=headers) as answer:
                if answer.status == 429:
                    await asyncio.sleep(float(answer.headers["Retry-After"]))
                    continue
                said = await answer.json()
                if answer.status != 200:
                    raise SystemExit(f"refused: {said}")
                accepted += said["accepted"]
                acknowledged.update(ids)
                break
    return accepted


async def _throughput(place: Place, seconds: float) -> Figure:
    process = _start(place)
    try:
        async with aiohttp.ClientSession() as http:
            await _until_up(place, http)
            await _send(place, http, [_batch()], set())
            rate, rates = 12_000.0, list[float]()
            for _ in range(3):
                batches = [_batch() for _ in range(max(4, int(rate * seconds / 3 / EVENTS)))]
                began = time.perf_counter()
                sent = await asyncio.gather(*(_send(place, http, batches, set()) for _ in range(CONNECTIONS)))
                rate = sum(sent) / (time.perf_counter() - began)
                rates.append(rate)
    finally:
        process.terminate()
        process.wait(30)
    note = f"three rounds: {', '.join(f'{one:,.0f}' for one in rates)}; the best counts, the machine is shared"
    return Figure("events a second, acknowledged and in the table", max(rates), 10_000, True, note)


async def _kills(place: Place, kills: int) -> Figure:
    """Kill the process in the middle of batches, again and again; what was acknowledged and is not there once."""
    chance, acknowledged = random.Random(7), set[str]()
    waiting: list[tuple[list[str], bytes]] = []
    for _ in range(kills):
        process = _start(place)
        try:
            async with aiohttp.ClientSession() as http:
                await _until_up(place, http)
                waiting += [_batch() for _ in range(20)]
                senders = [
                    asyncio.create_task(_send(place, http, waiting, acknowledged)) for _ in range(CONNECTIONS)
                ]  # fmt: skip
                await asyncio.sleep(0.2 + chance.random())
                process.kill()
                await asyncio.gather(*senders, return_exceptions=True)
        finally:
            process.kill()
            process.wait(30)
    runtime = await open_runtime(place.settings)
    try:
        async with runtime.database.system("bench").tx() as tx:
            stored = await tx.all("select event_id, count(*) as times from usage_metrics group by 1")
    finally:
        await runtime.close()
    times = {str(row["event_id"]): row["times"] for row in stored}
    lost = sum(times.get(id_, 0) != 1 for id_ in acknowledged) + sum(many > 1 for many in times.values())
    return Figure(
        "events lost or doubled", lost, 0, False, f"{len(acknowledged):,} acknowledged, {kills} kills"
    )  # fmt: skip


async def _month(place: Place, events: int) -> list[Figure]:
    """A month of latencies, log-normal with two slow hours a day, rolled up from hours; what its percentiles are off by."""
    random_ = np.random.default_rng(7)
    start = datetime(2026, 10, 1, tzinfo=UTC)
    offsets = random_.integers(0, 31 * 86_400, events)
    slow = (offsets // 3600) % 24 < 2
    latencies = np.round(random_.lognormal(6.5, 0.9, events) * np.where(slow, 6, 1), 3)
    runtime = await open_runtime(place.settings)
    try:
        async with runtime.database.system("bench").tx() as tx:
            for at in range(0, events, 20_000):
                await tx.run(
                    "insert into usage_metrics (tenant_id, metric_type, metric_name, metric_value, recorded_at)"
                    " select $1, 'model_inference', 'latency_ms', v, t from unnest($2::numeric[], $3::timestamptz[])"
                    " as g(v, t)",
                    place.tenant_id, [str(one) for one in latencies[at : at + 20_000]],
                    [start + timedelta(seconds=int(one)) for one in offsets[at : at + 20_000]],
                )  # fmt: skip
            await tx.run(
                "insert into aggregated_metrics_due (tenant_id, hour)"
                " select $1, generate_series($2::timestamptz, $2 + interval '743 hours', interval '1 hour')",
                place.tenant_id, start,
            )  # fmt: skip
        began = time.perf_counter()
        hours = await roll_up(runtime.database)
        took = time.perf_counter() - began
        async with runtime.database.system("bench").tx() as tx:
            row = await tx.one(
                "select p95_latency_ms as p95, p99_latency_ms as p99 from aggregated_metrics where tenant_id = $1"
                " and period_type = 'monthly' and period_start = $2 and dimension = ''",
                place.tenant_id, start,
            )  # fmt: skip
    finally:
        await runtime.close()
    note = f"{events:,} events, {hours} hours rolled up in {took:.1f} s"
    return [
        Figure(
            f"month's {name}: relative error, %",
            100 * abs(float(row[name]) / float(np.quantile(latencies, q, method="inverted_cdf")) - 1), 1.0, False, note,
        )
        for name, q in (("p95", 0.95), ("p99", 0.99))
    ]  # fmt: skip


async def measure(seconds: float, kills: int, events: int) -> list[Figure]:
    """Every line of the table."""
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        data.mkdir()
        postgres = EmbeddedPostgres(data)
        await asyncio.to_thread(postgres.start)
        try:
            place = await _prepare(data)
            return [
                await _throughput(place, seconds),
                *await _month(place, events),
                await _kills(place, kills),
            ]
        finally:
            await asyncio.to_thread(postgres.stop)


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="radiant bench metrics")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="10 kills, 6 seconds")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    quick = arguments.quick
    figures = asyncio.run(
        measure(6.0 if quick else arguments.seconds, 10 if quick else arguments.kills, 60_000 if quick else 300_000)
    )
    return report(figures, as_json=arguments.json)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
