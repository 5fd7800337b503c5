"""SQL of roll-ups."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId


async def alone(tx: Tx) -> bool:
    """Whether nobody else rolls up until this transaction ends. System transaction."""
    return await tx.value("select pg_try_advisory_xact_lock(hashtextextended('metrics roll-up', 0))")


async def now(tx: Tx) -> datetime:
    """The database's time."""
    return await tx.value("select current_timestamp")


async def take_due(tx: Tx, until: datetime, but: Sequence[UUID], hours: int) -> tuple[TenantId, list[datetime]] | None:
    """The tenant that waits longest, since before `until` and none of `but`, with at most so many of its hours; their
    marks go. What is marked from now on stays marked. System transaction."""
    rows = await tx.all(
        "with first as (select tenant_id from aggregated_metrics_due where tenant_id <> all ($1::uuid[])"
        "  and noted_at <= $3 order by id limit 1),"
        " due as (select distinct d.tenant_id, d.hour from aggregated_metrics_due d join first using (tenant_id)"
        "  where d.noted_at <= $3 order by d.hour desc limit $2),"
        " gone as (delete from aggregated_metrics_due d using due"
        "  where d.tenant_id = due.tenant_id and d.hour = due.hour)"
        " select tenant_id, hour from due order by hour",
        list(but), hours, until,
    )  # fmt: skip
    return (rows[0]["tenant_id"], [row["hour"] for row in rows]) if rows else None


async def cells(tx: Tx, tenant_id: TenantId, hour: datetime, log_gamma: float, most: int) -> AsyncGenerator[Row]:
    """What the events of an hour add up to, by what a row is of, name, failure and bin of latency, in that order. Of a
    dimension the `most` largest values stand for themselves, the others together. System transaction."""
    async for row in tx.each(
        "with cells as (select metric_type, metric_name, dimensions ? 'error' as failed, dimensions ->> 'model' as model,"
        "   dimensions ->> 'provider' as provider, dimensions ->> 'key' as key, user_id,"
        # The bins of kit.sketch, of microseconds.
        "   case when metric_name = 'latency_ms' then case when metric_value < 0.001 then 0"
        "    else 1 + floor(ln((metric_value * 1000)::float8) / $3)::integer end end as bin,"
        "   count(*) as events, sum(metric_value) as total"
        "  from usage_metrics where tenant_id = $1 and recorded_at >= $2 and recorded_at < $2 + interval '1 hour'"
        "   and app.is_rolled_up(metric_name)"
        "  group by 1, 2, 3, 4, 5, 6, 7, 8),"
        " spread as (select c.*, d.dimension, d.value, d.person from cells c cross join lateral (values"
        "   ('', '', null::uuid), ('model', model, null), ('provider', provider, null), ('key', key, null),"
        "   ('user', case when user_id is not null then '' end, user_id)) as d(dimension, value, person)"
        "  where d.value is not null),"
        " ranked as (select metric_type, dimension, value, person, row_number() over ("
        "   partition by metric_type, dimension order by sum(events) desc, value, person) as place"
        "  from spread group by 1, 2, 3, 4)"
        " select s.metric_type, s.dimension, case when r.place <= $4 then s.value else '(other)' end as value,"
        "  case when r.place <= $4 then s.person end as user_id, s.metric_name, s.failed, s.bin,"
        "  sum(s.events)::bigint as events, sum(s.total) as total"
        " from spread s join ranked r on r.metric_type = s.metric_type and r.dimension = s.dimension"
        "  and r.value = s.value and r.person is not distinct from s.person"
        " group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6, 7",
        tenant_id, hour, log_gamma, most,
    ):  # fmt: skip
        yield row


async def people(tx: Tx, tenant_id: TenantId, hour: datetime) -> AsyncGenerator[Row]:
    """Who was there in an hour, by metric type, model, provider and key. System transaction."""
    async for row in tx.each(
        "select distinct metric_type, dimensions ->> 'model' as model, dimensions ->> 'provider' as provider,"
        " dimensions ->> 'key' as key, user_id from usage_metrics"
        " where tenant_id = $1 and recorded_at >= $2 and recorded_at < $2 + interval '1 hour' and user_id is not null"
        " and app.is_rolled_up(metric_name)",
        tenant_id, hour,
    ):  # fmt: skip
        yield row


async def parts(tx: Tx, tenant_id: TenantId, period_type: str, start: datetime, end: datetime) -> AsyncGenerator[Row]:
    """The rows of a time, by what they are of. System transaction."""
    async for row in tx.each(
        "select metric_type, dimension, value, user_id, total_requests, error_count, input_tokens, output_tokens,"
        " total_cost, latency_count, latency_ms_sum, latency_sketch, users_sketch from aggregated_metrics"
        " where tenant_id = $1 and period_type = $2 and period_start >= $3 and period_start < $4"
        " order by metric_type, dimension, value, user_id, period_start",
        tenant_id, period_type, start, end,
    ):  # fmt: skip
        yield row


async def put(
    tx: Tx, tenant_id: TenantId, period_type: str, start: datetime, end: datetime, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write rows of a period; those that are so already are left alone. System transaction."""
    await tx.run(
        "insert into aggregated_metrics as a (tenant_id, period_type, period_start, period_end, metric_type, dimension,"
        "  value, user_id, total_requests, total_tokens, input_tokens, output_tokens, total_cost, error_count,"
        "  unique_users, latency_count, latency_ms_sum, avg_latency_ms, p50_latency_ms, p95_latency_ms, p99_latency_ms,"
        "  latency_sketch, users_sketch)"
        " select $1, $2, $3, $4, metric_type, dimension, value, user_id, total_requests, input_tokens + output_tokens,"
        "  input_tokens, output_tokens, total_cost, error_count, unique_users, latency_count, latency_ms_sum, avg, p50,"
        "  p95, p99, decode(latency, 'hex'), decode(users, 'hex')"
        " from jsonb_to_recordset($5::jsonb) as g(metric_type text, dimension text, value text, user_id uuid,"
        "  total_requests bigint, input_tokens bigint, output_tokens bigint, total_cost numeric, error_count integer,"
        "  unique_users integer, latency_count bigint, latency_ms_sum numeric, avg numeric, p50 numeric, p95 numeric,"
        "  p99 numeric, latency text, users text)"
        " on conflict on constraint aggregated_metrics_one do update set total_requests = excluded.total_requests,"
        "  total_tokens = excluded.total_tokens, input_tokens = excluded.input_tokens,"
        "  output_tokens = excluded.output_tokens, total_cost = excluded.total_cost, error_count = excluded.error_count,"
        "  unique_users = excluded.unique_users, latency_count = excluded.latency_count,"
        "  latency_ms_sum = excluded.latency_ms_sum, avg_latency_ms = excluded.avg_latency_ms,"
        "  p50_latency_ms = excluded.p50_latency_ms, p95_latency_ms = excluded.p95_latency_ms,"
        "  p99_latency_ms = excluded.p99_latency_ms, latency_sketch = excluded.latency_sketch,"
        "  users_sketch = excluded.users_sketch, updated_at = current_timestamp"
        " where (a.total_requests, a.input_tokens, a.output_tokens, a.total_cost, a.error_count, a.latency_ms_sum,"
        "  a.latency_sketch, a.users_sketch) is distinct from (excluded.total_requests, excluded.input_tokens,"
        "  excluded.output_tokens, excluded.total_cost, excluded.error_count, excluded.latency_ms_sum,"
        "  excluded.latency_sketch, excluded.users_sketch)",
        tenant_id, period_type, start, end, list(rows),
    )  # fmt: skip


async def keys(tx: Tx, tenant_id: TenantId, period_type: str, start: datetime) -> list[Row]:
    """What a period has rows of. System transaction."""
    return await tx.all(
        "select metric_type, dimension, value, user_id from aggregated_metrics"
        " where tenant_id = $1 and period_type = $2 and period_start = $3",
        tenant_id, period_type, start,
    )  # fmt: skip


async def drop(tx: Tx, tenant_id: TenantId, period_type: str, start: datetime, gone: Sequence[Any]) -> None:
    """Take away rows of a period by what they are of. System transaction."""
    await tx.run(
        "delete from aggregated_metrics a using"
        " unnest($4::text[], $5::text[], $6::text[], $7::uuid[]) as g(metric_type, dimension, value, user_id)"
        " where a.tenant_id = $1 and a.period_type = $2 and a.period_start = $3 and a.metric_type = g.metric_type"
        " and a.dimension = g.dimension and a.value = g.value and a.user_id is not distinct from g.user_id",
        tenant_id, period_type, start, *([key[place] for key in gone] for place in range(4)),
    )  # fmt: skip
