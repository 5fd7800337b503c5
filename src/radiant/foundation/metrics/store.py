"""SQL of events: those of calls, made from the ledger, and those from outside."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from radiant.foundation.metrics.topics import Told
from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId


async def emit(tx: Tx, most: int, told: Told) -> int:
    """Make the events of calls that were settled or corrected; how many calls those were, `most` or some more. An
    event's id follows from its call and name, so that a call that is corrected corrects its events. Sinks hear of both.
    System transaction."""
    return await tx.value(
        "with free as (select id, calls from usage_metrics_due order by id limit $1 for update skip locked),"
        " taken as (delete from usage_metrics_due where id in (select id from (select id,"
        "   sum(cardinality(calls)) over (order by id) - cardinality(calls) as before from free) f where before < $1)"
        "  returning calls),"
        " due as (select unnest(calls) as call_id from taken),"
        " calls as (select l.*, l.ended in ('failed', 'abandoned') as went_wrong from usage_ledger l"
        "  where l.id in (select call_id from due) and l.state <> 'reserved'),"
        " made as (insert into usage_metrics (id, event_id, tenant_id, user_id, call_id, metric_type, metric_name,"
        "   metric_value, dimensions, recorded_at)"
        "  select e.id, e.id, c.tenant_id, c.user_id, c.id, v.metric_type, v.metric_name, v.metric_value,"
        "   jsonb_strip_nulls(jsonb_build_object('model', c.model, 'provider', c.provider, 'key', c.api_key_id,"
        "    'error', case when c.went_wrong then coalesce(c.error_kind, 'unknown') end,"
        "    'kind', case when v.metric_name = 'requests' then c.kind end)), c.created_at"
        "  from calls c cross join lateral (values ('api_request', 'requests', 1::numeric),"
        "   ('token_usage', 'input_tokens', c.input_tokens), ('token_usage', 'output_tokens', c.output_tokens),"
        "   ('token_usage', 'cache_read_tokens', nullif(c.cache_read_tokens, 0)),"
        "   ('model_inference', 'latency_ms', case when c.ended = 'answered' and not c.cached then c.duration_ms end),"
        "   ('model_inference', 'first_token_ms', case when c.ended = 'answered' and not c.cached"
        "     then c.first_token_ms end),"
        "   ('billing', 'cost', c.cost)) as v(metric_type, metric_name, metric_value)"
        "  cross join lateral (select md5(c.id::text || v.metric_name)::uuid as id) e"
        "  where v.metric_value is not null"
        "  on conflict (id, recorded_at) do update set metric_value = excluded.metric_value,"
        "   dimensions = excluded.dimensions returning tenant_id, metric_type, metric_name, metric_value, dimensions,"
        "   recorded_at),"
        " sums as (select jsonb_build_object('type', metric_type, 'name', metric_name,"
        "   'minute', floor(extract(epoch from recorded_at) / 60)::bigint, 'provider', dimensions ->> 'provider',"
        "   'model', dimensions ->> 'model', 'tenant', tenant_id, 'count', count(*), 'sum', sum(metric_value),"
        "   'min', min(metric_value), 'max', max(metric_value)) as one from made where $2"
        "  group by metric_type, metric_name, floor(extract(epoch from recorded_at) / 60), dimensions ->> 'provider',"
        "   dimensions ->> 'model', tenant_id),"
        " told_sums as (insert into outbox (topic, payload)"
        "  select 'metrics.recorded', jsonb_build_object('sums', jsonb_agg(one)) from sums having count(*) > 0),"
        " told_calls as (insert into outbox (topic, payload)"
        "  select 'metrics.calls', jsonb_build_object('calls', jsonb_agg(id)) from calls where $3 having count(*) > 0),"
        " marked as (insert into aggregated_metrics_due (tenant_id, hour)"
        "  select distinct tenant_id, date_trunc('hour', created_at, 'UTC') from calls)"
        " select count(*) from due",
        most, told.sums, told.calls,
    )  # fmt: skip


async def calls(tx: Tx, ids: Sequence[UUID]) -> list[Row]:
    """Calls of the ledger as sinks tell of them. System transaction."""
    return await tx.all(
        "select id, tenant_id, request_id, kind, provider, model, ended, stop_reason, error_kind, input_tokens,"
        " output_tokens, first_token_ms, duration_ms, created_at, settled_at from usage_ledger"
        " where id = any ($1::uuid[]) order by created_at, id",
        list(ids),
    )


async def people(tx: Tx, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are people of the tenant. None of them goes before the transaction ends."""
    rows = await tx.all(
        "select id from users where tenant_id = $1 and id = any ($2::uuid[]) order by id for key share",
        tx.tenant_id, list(ids),
    )  # fmt: skip
    return {row["id"] for row in rows}


# What follows from events that were `made` for the tenant $1: sinks hear of their sums where $2, their hours are due.
_AFTER_MADE = (
    " sums as (select jsonb_build_object('type', metric_type, 'name', metric_name,"
    "   'minute', floor(extract(epoch from recorded_at) / 60)::bigint, 'provider', dimensions ->> 'provider',"
    "   'model', dimensions ->> 'model', 'tenant', $1::uuid, 'count', count(*), 'sum', sum(metric_value),"
    "   'min', min(metric_value), 'max', max(metric_value)) as one from made where $2::boolean"
    "  group by metric_type, metric_name, floor(extract(epoch from recorded_at) / 60), dimensions ->> 'provider',"
    "   dimensions ->> 'model'),"
    " told as (insert into outbox (tenant_id, topic, payload)"
    "  select $1, 'metrics.recorded', jsonb_build_object('sums', jsonb_agg(one)) from sums having count(*) > 0),"
    " marked as (insert into aggregated_metrics_due (tenant_id, hour)"
    "  select distinct $1::uuid, date_trunc('hour', recorded_at, 'UTC') from made where app.is_rolled_up(metric_name))"
)


async def insert(
    tx: Tx,
    event_ids: Sequence[UUID],
    user_ids: Sequence[UUID | None],
    types: Sequence[str],
    names: Sequence[str],
    values: Sequence[Decimal],
    dimensions: Sequence[str],
    times: Sequence[datetime],
    *,
    told: Told,
) -> int:
    """Store events whose ids the tenant has not sent before, and note their hours; how many those were. Sinks hear of
    them."""
    return await tx.value(
        "with given as (select * from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::numeric[], $8::text[],"
        "   $9::timestamptz[]) as g(event_id, user_id, metric_type, metric_name, metric_value, dimensions, recorded_at)),"
        " fresh as (insert into usage_metric_events_seen (tenant_id, event_id)"
        "  select $1, event_id from given order by event_id on conflict do nothing returning event_id),"
        " made as (insert into usage_metrics (event_id, tenant_id, user_id, metric_type, metric_name, metric_value,"
        "   dimensions, recorded_at)"
        "  select event_id, $1, user_id, metric_type, metric_name, metric_value, dimensions::jsonb, recorded_at"
        "  from given join fresh using (event_id) returning metric_type, metric_name, metric_value, dimensions,"
        "   recorded_at),"
        + _AFTER_MADE
        + " select count(*) from made",
        tx.tenant_id, told.sums, event_ids, user_ids, types, names, values, dimensions, times,
    )  # fmt: skip


async def keep(tx: Tx, tenant_id: TenantId, events: Sequence[Mapping[str, Any]], told: Told) -> int:
    """Store events as usage.noted tells them, once each; how many those were. People that are gone are left out.
    System transaction."""
    return await tx.value(
        "with given as (select * from jsonb_to_recordset($3::jsonb) as g(id uuid, name text, value numeric,"
        "   user_id uuid, dimensions jsonb, at timestamptz)),"
        " made as (insert into usage_metrics (id, event_id, tenant_id, user_id, metric_type, metric_name, metric_value,"
        "   dimensions, recorded_at)"
        "  select g.id, g.id, t.id, u.id, 'api_request', g.name, g.value, g.dimensions, g.at from given g"
        "  join tenants t on t.id = $1 left join users u on u.tenant_id = $1 and u.id = g.user_id"
        "  on conflict (id, recorded_at) do nothing returning metric_type, metric_name, metric_value, dimensions,"
        "   recorded_at),"
        + _AFTER_MADE
        + " select count(*) from made",
        tenant_id, told.sums, list(events),
    )  # fmt: skip


async def set_aside(tx: Tx, events: Sequence[Any], reasons: Sequence[str]) -> None:
    """Keep what could not be taken, with why."""
    await tx.run(
        "insert into usage_metrics_rejected (tenant_id, event, reason)"
        " select $1, event, reason from unnest($2::jsonb[], $3::text[]) as g(event, reason)",
        tx.tenant_id, events, reasons,
    )  # fmt: skip


async def behind(tx: Tx) -> timedelta:
    """For how long the oldest hour has waited for its roll-up. System transaction."""
    return await tx.value(
        "select coalesce(current_timestamp - min(noted_at), interval '0') from aggregated_metrics_due"
    )
