"""Events of calls: made from the ledger once, corrected with it, complete after a kill."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

from radiant.foundation.metrics.events import emit_due
from radiant.foundation.metrics.rollup import period, roll_up
from radiant.infra.db import Database
from radiant.periodic import every
from tests.foundation.metrics.kit import NOW, call, rows
from tests.kit.people import Tenant


async def _events(owner: Any) -> dict[str, Any]:
    found = await owner.fetch("select * from usage_metrics order by metric_name")
    return {row["metric_name"]: row for row in found}


async def test_a_call_becomes_events_of_the_four_kinds_at_its_own_time(
    owner: Any, db: Database, tenant: Tenant
) -> None:
    at = NOW - timedelta(days=2, minutes=7)
    await call(owner, tenant.id, tenant.user_id, created_at=at)
    assert await emit_due(db) == 1
    events = await _events(owner)
    assert {name: (row["metric_type"], row["metric_value"]) for name, row in events.items()} == {
        "requests": ("api_request", 1), "input_tokens": ("token_usage", 10), "output_tokens": ("token_usage", 5),
        "latency_ms": ("model_inference", 1200), "first_token_ms": ("model_inference", 300),
        "cost": ("billing", Decimal("0.000001234")),
    }  # fmt: skip
    assert {row["recorded_at"] for row in events.values()} == {at}
    assert await emit_due(db) == 0, "once"


async def test_f12_9_an_insert_that_fails_is_caught_and_done_again(owner: Any, db: Database, tenant: Tenant) -> None:
    await call(owner, tenant.id, tenant.user_id)
    tried = 0

    async def work() -> None:
        nonlocal tried
        tried += 1
        await emit_due(db)

    await owner.execute("alter table usage_metrics add constraint unlucky check (metric_name <> 'cost')")
    task = asyncio.create_task(every(0.02, "metrics events", work))
    try:
        async with asyncio.timeout(20):
            while tried < 3:
                await asyncio.sleep(0.01)
            assert await _events(owner) == {}
            await owner.execute("alter table usage_metrics drop constraint unlucky")
            while not await _events(owner):
                await asyncio.sleep(0.01)
        assert not task.done()
    finally:
        task.cancel()
        await owner.execute("alter table usage_metrics drop constraint if exists unlucky")
    assert (await _events(owner))["cost"]["metric_value"] == Decimal("0.000001234")


async def test_a_call_under_way_has_no_events_until_it_ends(owner: Any, db: Database, tenant: Tenant) -> None:
    id_ = await call(owner, tenant.id, tenant.user_id, state="reserved", ended=None, cost=None)
    assert await emit_due(db) == 0
    await owner.execute("update usage_ledger set state = 'settled', ended = 'answered', cost = 2 where id = $1", id_)
    assert await emit_due(db) == 1
    assert (await _events(owner))["cost"]["metric_value"] == 2


async def test_a_call_that_was_given_up_and_did_end_corrects_its_events_and_its_hour(
    owner: Any, db: Database, tenant: Tenant
) -> None:
    id_ = await call(
        owner, tenant.id, tenant.user_id, state="failed", ended="abandoned", error_kind="abandoned",
        cost=Decimal(9), input_tokens=0, output_tokens=0, duration_ms=None, first_token_ms=None,
    )  # fmt: skip
    await emit_due(db)
    await roll_up(db)
    hour = period("hourly", NOW)[0]
    found = await rows(tenant.db)
    assert found["billing", "", hour]["total_cost"] == 9
    assert found["api_request", "", hour]["error_count"] == 1
    await owner.execute(
        "update usage_ledger set state = 'settled', ended = 'answered', error_kind = null, cost = 1, input_tokens = 3,"
        " duration_ms = 50 where id = $1", id_,
    )  # fmt: skip
    await emit_due(db)
    await roll_up(db)
    found = await rows(tenant.db)
    assert found["billing", "", hour]["total_cost"] == 1
    assert found["api_request", "", hour]["error_count"] == 0
    assert found["api_request", "", hour]["total_requests"] == 1
    assert found["token_usage", "", hour]["total_tokens"] == 3


async def test_deleting_a_person_makes_no_events_anew_and_takes_their_rows_along(
    owner: Any, db: Database, tenant: Tenant
) -> None:
    await call(owner, tenant.id, tenant.other_user_id)
    await emit_due(db)
    await roll_up(db)
    assert len(await rows(tenant.db, dimension="user")) == 4
    async with tenant.db.tx() as tx:
        await tx.run("delete from users where tenant_id = $1 and id = $2", tx.tenant_id, tenant.other_user_id)
    assert await emit_due(db) == 0
    assert await rows(tenant.db, dimension="user") == {}
    assert (await rows(tenant.db))["billing", "", period("hourly", NOW)[0]]["total_requests"] == 1
