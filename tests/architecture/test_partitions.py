"""Tables kept by months: made ahead, dropped whole, closed to direct reading, and never refusing a row."""

import datetime
import uuid
from typing import Any

import asyncpg
import pytest

from radiant.infra.db import Database
from tests.kit.people import Tenant

NOW = datetime.datetime.now(datetime.UTC)


async def _months(owner: Any) -> list[str]:
    rows = await owner.fetch(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = 'usage_metrics'::regclass order by 1"
    )
    return [row[0].removeprefix("usage_metrics_") for row in rows]


async def _drop_extra(owner: Any, kept: list[str]) -> None:
    for month in await _months(owner):
        if month not in kept:
            await owner.execute(f"drop table usage_metrics_{month}")


async def _insert(tenant: Tenant, at: datetime.datetime) -> None:
    async with tenant.db.tx() as tx:
        await tx.run(
            "insert into usage_metrics (tenant_id, user_id, metric_type, metric_name, metric_value, recorded_at)"
            " values ($1, $2, 'api_request', 'requests', 1, $3)",
            tx.tenant_id, tx.user_id, at,
        )  # fmt: skip


def _month(ahead: int) -> str:
    at = NOW.year * 12 + NOW.month - 1 + ahead
    return f"{at // 12}{at % 12 + 1:02}"


async def test_f12_7_partitions_are_there_ahead_of_time_and_old_ones_can_be_dropped(
    owner: Any, db: Database, tenant: Tenant
):
    before = await _months(owner)
    assert before == [*(_month(n) for n in range(-1, 4)), "default"]
    try:
        async with db.system("test").tx() as tx:
            assert await tx.value("select app.create_month_partitions(3)") == 0
            assert await tx.value("select app.create_month_partitions(5)") == 2
            old = (NOW - datetime.timedelta(days=31 * 16)).date().replace(day=1)
            assert await tx.value("select app.create_month_partition('usage_metrics', $1)", old)
        await _insert(tenant, datetime.datetime(old.year, old.month, 3, tzinfo=datetime.UTC))
        async with db.system("test").tx() as tx:
            assert await tx.value("select app.drop_month_partitions()") == 1
        assert await owner.fetchval("select count(*) from usage_metrics") == 0
        assert await _months(owner) == [*(_month(n) for n in range(-1, 6)), "default"]
    finally:
        await _drop_extra(owner, before)


async def test_f12_12_a_time_without_a_partition_is_kept_and_moves_when_its_month_is_made(
    owner: Any, db: Database, tenant: Tenant
):
    before = await _months(owner)
    far = datetime.datetime(2035, 7, 15, tzinfo=datetime.UTC)
    try:
        await _insert(tenant, far)
        await _insert(tenant, far.replace(month=8))
        assert await owner.fetchval("select count(*) from usage_metrics_default") == 2

        async with db.system("test").tx() as tx:
            assert await tx.value("select app.create_month_partition('usage_metrics', '2035-07-01')")

        assert await owner.fetchval("select count(*) from usage_metrics_default") == 1
        assert await owner.fetchval("select count(*) from usage_metrics_203507") == 1
        # The new partition has the parent's keys, and its references too.
        keys = await owner.fetchval(
            "select count(*) from pg_constraint where conrelid = 'usage_metrics_203507'::regclass"
            " and contype in ('f', 'p')"
        )
        assert keys >= 3
    finally:
        await _drop_extra(owner, before)


async def test_f12_12_an_event_id_counts_once_in_its_window(tenant: Tenant):
    event = uuid.uuid4()
    for expected in (1, 0):
        async with tenant.db.tx() as tx:
            taken = await tx.run(
                "with fresh as (insert into usage_metric_events_seen (tenant_id, event_id) values ($1, $2)"
                " on conflict do nothing returning event_id)"
                " insert into usage_metrics (tenant_id, metric_type, metric_name, metric_value, event_id)"
                " select $1, 'billing', 'cost', 1, event_id from fresh",
                tx.tenant_id, event,
            )  # fmt: skip
        assert taken == expected


async def test_f0_1_a_partition_cannot_be_read_past_its_parent(tenant: Tenant):
    await _insert(tenant, NOW)
    for name in (f"usage_metrics_{_month(0)}", "usage_metrics_default"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant.db.tx() as tx:
                await tx.connection.fetch(f"select * from {name}")


async def test_the_application_cannot_make_or_drop_partitions(tenant: Tenant):
    for statement in ("select app.create_month_partitions(3)", "select app.drop_month_partitions()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant.db.tx() as tx:
                await tx.connection.fetch(statement)


async def test_f12_7_a_plan_that_keeps_less_loses_its_older_events_and_no_other_does(
    owner: Any, db: Database, two_tenants: tuple[Tenant, Tenant]
):
    small, large = two_tenants
    await owner.execute("update tenants set plan = 'free' where id = $1", small.id)
    for tenant in two_tenants:
        for days in (1, 150):
            await _insert(tenant, NOW - datetime.timedelta(days=days))

    async with db.system("test").tx() as tx:
        assert await tx.value("select app.delete_events_past_plan(1)") == 1
        assert await tx.value("select app.delete_events_past_plan(1)") == 0

    left = await owner.fetch("select tenant_id, count(*) as events from usage_metrics group by 1")
    assert {row["tenant_id"]: row["events"] for row in left} == {small.id: 1, large.id: 2}
