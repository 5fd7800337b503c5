"""Errors: what Sentry's SDK sends is accepted and grouped; nothing acknowledged is lost by kill -9; what taking costs.

    ./radiant bench errors [--events N] [--kills N] [--json]

Goals (goals.md, Metrics and errors): events of the SDK accepted and grouped 100 %; lost over kill -9: 0 of those
acknowledged. The rate is told beside, without a goal: one API process, one project, a stack of five frames each.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp
import sentry_sdk
from bench.kit.setup import api_process, connect_openai, cpu_of, free_port

from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.runtime import open_runtime

KEY, KINDS = "0123456789abcdef0123456789abcdef", 20


async def _rows(settings: Settings, query: Any) -> list[Any]:
    runtime = await open_runtime(settings)
    try:
        async with runtime.database.system("bench").tx() as tx:
            return [dict(row) for row in await tx.all(query)]
    finally:
        await runtime.close()


def _by_sdk(dsn: str, events: int) -> None:
    client = sentry_sdk.Client(dsn=dsn, default_integrations=False, shutdown_timeout=30)
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        for number in range(events):
            scope.fingerprint = [f"kind {number % KINDS}"]
            try:
                raise ValueError(f"order {number} failed")
            except ValueError as error:
                sentry_sdk.capture_exception(error)
            if number % 50 == 49:
                client.flush(30)
        client.close(30)


def _envelope() -> tuple[str, bytes]:
    event_id = uuid4().hex
    frames = [
        {"function": f"f{n}", "module": "shop", "lineno": n, "in_app": True, "context_line": f"call({n})"}
        for n in range(5)
    ]
    value = {"type": "BenchError", "value": f"order {random.randrange(10**6)} failed", "stacktrace": {"frames": frames}}
    event = json.dumps({"event_id": event_id, "exception": {"values": [value]}}).encode()
    return event_id, b'{}\n{"type":"event"}\n' + event


async def _send(port: int, until: float, acknowledged: set[str], workers: int = 16) -> None:
    headers = {"X-Sentry-Auth": f"Sentry sentry_key={KEY}"}
    async with aiohttp.ClientSession(headers=headers) as http:

        async def work() -> None:
            while time.monotonic() < until:
                event_id, body = _envelope()
                try:
                    async with http.post(f"http://127.0.0.1:{port}/api/1/envelope/", data=body) as answer:
                        if answer.status == 200:
                            acknowledged.add(event_id)
                        else:
                            await asyncio.sleep(0.05)
                except (aiohttp.ClientError, OSError):
                    return

        await asyncio.gather(*(work() for _ in range(workers)))


async def measure(events: int, kills: int) -> dict[str, float]:
    """Every figure."""
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        settings = Settings(
            data_dir=folder / "data", models="none", master_key_file=folder / "data" / "bench-master.key"
        )
        postgres = EmbeddedPostgres(settings.data_dir)
        await asyncio.to_thread(postgres.start)
        try:
            return await _measure(settings, events, kills)
        finally:
            await asyncio.to_thread(postgres.stop)


async def _measure(settings: Settings, events: int, kills: int) -> dict[str, float]:
    await connect_openai(settings, "http://127.0.0.1:9")
    runtime = await open_runtime(settings)
    async with runtime.database.system("bench").tx() as tx:
        await tx.run(
            "insert into error_projects (tenant_id, name, slug, public_key, events_per_minute)"
            " select id, 'bench', 'bench', $1, 100000 from tenants limit 1",
            KEY,
        )
    await runtime.close()
    figures: dict[str, float] = {}
    port = free_port()
    async with api_process(settings.data_dir, port) as process:
        await asyncio.to_thread(_by_sdk, f"http://{KEY}@127.0.0.1:{port}/1", events)
        await asyncio.sleep(1)
        rows = await _rows(settings, "select occurrence_count from error_patterns")
        figures["SDK events accepted and grouped (%)"] = 100 * sum(row["occurrence_count"] for row in rows) / events
        figures["groups made of 20 kinds"] = len(rows)
        acknowledged: set[str] = set()
        cpu, began = cpu_of(process.pid), time.monotonic()
        await _send(port, began + 5, acknowledged)
        wall = time.monotonic() - began
        figures["events a second, taken"] = len(acknowledged) / wall
        figures["CPU an event (µs)"] = (cpu_of(process.pid) - cpu) / max(1, len(acknowledged)) * 1e6
    for _ in range(kills):
        async with api_process(settings.data_dir, port) as process:
            sending = asyncio.create_task(_send(port, time.monotonic() + 10, acknowledged))
            await asyncio.sleep(0.2 + random.random() * 0.5)
            process.kill()
            await sending
    async with api_process(settings.data_dir, port):
        await asyncio.sleep(2)
    rows = await _rows(settings, "select event_id from error_logs where error_type = 'BenchError'")
    kept = {row["event_id"].hex for row in rows}
    figures["acknowledged"] = len(acknowledged)
    figures[f"lost over {kills} kill -9"] = len(acknowledged - kept)
    figures["doubled"] = len(rows) - len(kept)
    return figures


def main() -> int:
    """Print figures; 1 where a goal is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.events, options.kills))
    goals = {
        "SDK events accepted and grouped (%)": (100, 100), "groups made of 20 kinds": (KINDS, KINDS),
        f"lost over {options.kills} kill -9": (0, 0), "doubled": (0, 0),
    }  # fmt: skip
    if options.json:
        print(json.dumps(figures))
    missed = False
    for name, figure in figures.items():
        least, most = goals.get(name, (float("-inf"), float("inf")))
        fails = not least <= figure <= most
        missed |= fails
        if not options.json:
            print(
                f"{name:<42} {figure:>12,.1f}  {f'goal {least}' if name in goals else '':<10} {'MISSED' if fails else ''}"
            )
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
