"""Events beside the calls of models: refused requests, other requests of the API, jobs."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from radiant.foundation.metrics.events import emit_due
from radiant.foundation.metrics.rollup import roll_up
from radiant.foundation.metrics.topics import Told
from radiant.foundation.usage import noted
from radiant.infra import jobs
from radiant.infra.db import Database
from radiant.infra.events import emit_for
from radiant.infra.jobs import Job, Registry
from radiant.infra.jobs_worker import run_worker
from radiant.kit.ids import TenantId
from radiant.worker import _tell  # pyright: ignore[reportPrivateUsage]
from tests.foundation.metrics.kit import deliver
from tests.foundation.usage.test_budgets import budget
from tests.kit import postgres
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant
from tests.kit.server import Client, Server
from tests.kit.upstream import Refuse, Say, Upstream

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is the capital of France?"}]}


async def _written(owner: Any, name: str, count: int) -> None:
    """Wait until the journal of the server under test has brought so many events of that name to the outbox."""
    query = (
        "select coalesce(sum((event ->> 'value')::int), 0) from outbox, jsonb_array_elements(payload -> 'events') event"
        " where topic = 'usage.noted' and event ->> 'name' = $1"
    )
    async with asyncio.timeout(10):
        while await owner.fetchval(query, name) < count:
            await asyncio.sleep(0.05)


async def test_refused_requests_are_requests_and_errors_and_an_answered_one_is_counted_once(
    server: Server, key: Client, callers: Callers, upstream: Upstream, owner: Any, db: Database
) -> None:
    upstream.plan(Say("Paris."))
    assert (await key.post("/v1/chat/completions", ASK)).status == 200
    assert (await key.post("/v1/chat/completions", {**ASK, "model": "no-such-model"})).status == 404
    assert (await key.post("/v1/chat/completions", {**ASK, "messages": 3})).status == 400
    await budget(owner, callers.tenant, "0")
    await server.app.state.changes.caught_up()
    for _ in range(3):
        assert (await key.post("/v1/chat/completions", ASK)).status == 429
    await _written(owner, noted.REFUSED, 5)
    for _ in range(2):
        await deliver(db)
    async with asyncio.timeout(10):
        while await emit_due(db) == 0:
            await asyncio.sleep(0.05)
    await roll_up(db)
    total = (await callers.owner.get("/api/metrics/overview")).json()["total"]
    assert (total["total_requests"], total["error_count"], total["unique_users"]) == (6, 5, 1)
    seen = (await callers.owner.get("/api/metrics/requests")).json()
    refused = {(one["error"], one["result"]): one["count"] for one in seen if one["kind"] == "refused"}
    assert refused == {("model-not-found", "404"): 1, ("bad-request", "400"): 1, ("budget-exceeded", "429"): 3}
    assert {one["what"] for one in seen if one["kind"] == "refused"} == {"POST /v1/chat/completions"}
    assert (await callers.foreign_owner.get("/api/metrics/requests")).json() == []


async def test_a_call_that_fails_upstream_is_in_the_ledger_and_not_counted_beside_it(
    key: Client, upstream: Upstream, owner: Any, db: Database
) -> None:
    upstream.plan(Refuse(400))
    assert (await key.post("/v1/chat/completions", ASK)).status >= 400
    assert (await key.get("/v1/models")).status == 200
    assert (await key.get("/v1/nothing/of/the/kind")).status in (401, 404)
    await _written(owner, noted.REQUESTS, 1)
    await deliver(db)
    events = await owner.fetch("select metric_name, dimensions from usage_metrics where call_id is null")
    assert {row["metric_name"] for row in events} == {noted.REQUESTS}
    async with asyncio.timeout(10):
        while not await owner.fetchval("select count(*) from usage_ledger where error_kind is not null"):
            await asyncio.sleep(0.05)


async def test_requests_of_the_page_are_counted_by_template_and_never_by_path(
    callers: Callers, owner: Any, db: Database
) -> None:
    for _ in range(2):
        await callers.owner.get(f"/api/chats/{uuid4()}")
    await callers.owner.get(f"/api/{uuid4()}")
    await _written(owner, noted.REQUESTS, 2)
    await deliver(db)
    seen = (await callers.owner.get("/api/metrics/requests", params={"limit": 500})).json()
    counts = {(one["kind"], one["what"], one["result"]): one["count"] for one in seen}
    assert counts["api", "GET /api/chats/{chat_id}", "404"] == 2
    assert not any("-" in what for _, what, _ in counts), "an id is no name of a request"


async def test_hours_with_nothing_to_roll_up_are_not_read_again(owner: Any, db: Database, tenant: Tenant) -> None:
    await _noted(db, tenant, noted.REQUESTS)
    await deliver(db)
    assert await owner.fetchval("select count(*) from aggregated_metrics_due") == 0
    await _noted(db, tenant, noted.REFUSED)
    await deliver(db)
    assert await owner.fetchval("select count(*) from aggregated_metrics_due") == 1


async def test_sinks_hear_of_them_as_of_other_events(owner: Any, db: Database, tenant: Tenant) -> None:
    await _noted(db, tenant, noted.REFUSED, value=7)
    await deliver(db, Told(sums=True))
    sums = await owner.fetchval("select payload -> 'sums' from outbox where topic = 'metrics.recorded'")
    assert [(one["name"], one["sum"], one["tenant"]) for one in json.loads(sums)] == [("requests", 7, str(tenant.id))]


async def _noted(db: Database, tenant: Tenant, name: str, value: int = 1) -> None:
    event = noted.event(uuid4(), name, {"what": "POST /v1/rerank", "result": "429", "error": "rate-limited"}, 10**15)
    async with db.system("test").tx() as tx:
        await emit_for(tx, tenant.id, noted.TOPIC, {"events": [{**event, "value": value}]})


async def test_jobs_of_a_tenant_are_counted_by_how_their_tries_ended(
    callers: Callers, owner: Any, db: Database, dsns: postgres.Dsns
) -> None:
    async def unlucky_once(job: Job) -> None:
        if job.attempt == 1:
            raise RuntimeError("not yet")

    async def never(_: Job) -> None:
        raise RuntimeError("no")

    ended: list[str] = []

    async def tell(job: Job, ending: jobs.Ending) -> None:
        await _tell(db, job, ending)
        ended.append(ending)

    registry = Registry(on_end=tell)
    registry.handle("unlucky once", unlucky_once)
    registry.handle("never", never, attempts=1)
    async with db.tenant(callers.tenant.id).tx() as tx:
        await jobs.enqueue(tx, "unlucky once")
        await jobs.enqueue(tx, "never")
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(dsns.system, registry, stop))
    async with asyncio.timeout(20):
        while len(ended) < 3:
            await asyncio.sleep(0.05)
    stop.set()
    await working
    await deliver(db)
    seen = (await callers.owner.get("/api/metrics/requests")).json()
    assert {(one["what"], one["result"]): one["count"] for one in seen if one["kind"] == "job"} == {
        ("unlucky once", "failed"): 1, ("unlucky once", "done"): 1, ("never", "gave_up"): 1,
    }  # fmt: skip


def test_a_thousand_refusals_of_a_kind_are_one_event_of_a_thousand() -> None:
    tenant, other = TenantId(uuid4()), TenantId(uuid4())
    minute = timedelta(minutes=1).total_seconds() * 1e6

    def frame(whose: TenantId, at: int, **dimensions: str) -> bytes:
        return noted.encode(noted.Noted(whose, at, noted.REFUSED, dimensions))

    frames = [frame(tenant, n, result="429") for n in range(1000)]
    frames += [frame(tenant, int(minute), result="429"), frame(tenant, 1, result="404"), frame(other, 1, result="429")]
    sums = noted.sums_of(frames)
    assert [(one["tenant_id"], one["event"]["value"]) for one in sums] == [
        (tenant, 1000), (tenant, 1), (tenant, 1), (other, 1),
    ]  # fmt: skip
    assert noted.sums_of(frames) == sums, "read again, they are the same events"
    assert Decimal(sum(one["event"]["value"] for one in sums)) == len(frames)
