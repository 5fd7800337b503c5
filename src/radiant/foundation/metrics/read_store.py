"""SQL of roll-ups and of spend as admins read them."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

from radiant.foundation.metrics.schemas import Aggregate, Group, MetricType, PeriodType, Requests, Spent
from radiant.infra.db import Row, Tx


async def aggregated(
    tx: Tx,
    period_type: PeriodType,
    start: datetime,
    end: datetime,
    metric_type: MetricType | None,
    group_by: Group | None,
    after: tuple[datetime, str, str] | None,
    limit: int,
) -> list[Aggregate]:
    """Rows of periods that lie wholly between two moments, in the order of beginning, metric type and group."""
    rows = await tx.all(
        "select * from (select a.period_type, a.period_start, a.period_end, a.metric_type, a.total_requests,"
        "  a.total_tokens, a.input_tokens, a.output_tokens, a.total_cost, a.error_count, a.unique_users,"
        "  a.avg_latency_ms, a.p50_latency_ms, a.p95_latency_ms, a.p99_latency_ms,"
        "  case when a.dimension <> '' then coalesce(a.user_id::text, a.value) end as group,"
        "  case when a.dimension <> '' then coalesce(u.email, k.name, a.value) end as name"
        "  from aggregated_metrics a left join users u on u.tenant_id = a.tenant_id and u.id = a.user_id"
        "  left join api_keys k on a.dimension = 'key' and k.tenant_id = a.tenant_id and k.id::text = a.value"
        "  where a.tenant_id = $1 and a.period_type = $2 and a.period_start >= $3 and a.period_end <= $4"
        "   and ($5::text is null or a.metric_type = $5) and a.dimension = $6) found"
        " where $7::timestamptz is null or (period_start, metric_type, coalesce(found.group, '')) > ($7, $8, $9)"
        " order by period_start, metric_type, coalesce(found.group, '') limit $10",
        tx.tenant_id, period_type, start, end, metric_type, group_by or "", *(after or (None, None, None)), limit,
    )  # fmt: skip
    return [Aggregate.model_validate(dict(row)) for row in rows]


async def parts(
    tx: Tx, period_type: PeriodType, start: datetime, end: datetime, dimension: str, groups: Sequence[str]
) -> AsyncGenerator[Row]:
    """Rows of a dimension with their sketches, of these groups, in the order of time."""
    async for row in tx.each(
        "select period_start, metric_type, coalesce(user_id::text, value) as group, total_requests, error_count,"
        " input_tokens, output_tokens, total_cost, latency_count, latency_ms_sum, latency_sketch, users_sketch"
        " from aggregated_metrics where tenant_id = $1 and period_type = $2 and period_start >= $3 and period_start < $4"
        " and dimension = $5 and coalesce(user_id::text, value) = any ($6::text[]) order by period_start, metric_type",
        tx.tenant_id, period_type, start, end, dimension, list(groups),
    ):  # fmt: skip
        yield row


async def top(
    tx: Tx, period_type: PeriodType, start: datetime, end: datetime, dimension: str, most: int
) -> dict[str, str]:
    """The dearest groups of a dimension, then the busiest, with their names."""
    rows = await tx.all(
        "select coalesce(a.user_id::text, a.value) as group, coalesce(min(u.email), min(a.value)) as name"
        " from aggregated_metrics a left join users u on u.tenant_id = a.tenant_id and u.id = a.user_id"
        " where a.tenant_id = $1 and a.period_type = $2 and a.period_start >= $3 and a.period_start < $4"
        " and a.dimension = $5 group by 1 order by coalesce(sum(a.total_cost), 0) desc,"
        " coalesce(sum(a.total_requests) filter (where a.metric_type = 'api_request'), 0) desc, 1 limit $6",
        tx.tenant_id, period_type, start, end, dimension, most,
    )  # fmt: skip
    return {row["group"]: row["name"] for row in rows}


async def spent(tx: Tx, start: datetime, end: datetime, group_by: Group | None, most: int) -> list[Spent]:
    """What the ledger's calls between two moments cost, the dearest first."""
    rows = await tx.all(
        "with sums as (select case $4::text when 'model' then model when 'provider' then provider"
        "   when 'user' then coalesce(user_id::text, '(nobody)') when 'key' then coalesce(api_key_id::text, '(no key)')"
        "   end as group, count(*) as calls, coalesce(sum(cost), 0) as cost from usage_ledger"
        "  where tenant_id = $1 and created_at >= $2 and created_at < $3 and state <> 'reserved' group by 1)"
        " select s.group, coalesce(u.email, k.name, s.group) as name, s.calls, s.cost from sums s"
        " left join users u on $4 = 'user' and u.tenant_id = $1 and u.id::text = s.group"
        " left join api_keys k on $4 = 'key' and k.tenant_id = $1 and k.id::text = s.group"
        " order by s.cost desc, s.calls desc, s.group limit $5",
        tx.tenant_id, start, end, group_by, most,
    )  # fmt: skip
    return [Spent.model_validate(dict(row)) for row in rows]


async def requests(tx: Tx, start: datetime, end: datetime, most: int) -> list[Requests]:
    """Requests and jobs besides the calls, by what they were and how they ended, the most frequent first."""
    rows = await tx.all(
        "select case metric_name when 'http_requests' then 'api' when 'jobs' then 'job' else 'refused' end as kind,"
        " dimensions ->> 'what' as what, dimensions ->> 'result' as result, dimensions ->> 'error' as error,"
        " sum(metric_value)::bigint as count from usage_metrics"
        " where tenant_id = $1 and recorded_at >= $2 and recorded_at < $3 and dimensions ? 'what'"
        " and metric_name in ('requests', 'http_requests', 'jobs')"
        " group by 1, 2, 3, 4 order by count desc, 1, 2, 3, 4 limit $4",
        tx.tenant_id, start, end, most,
    )  # fmt: skip
    return [Requests.model_validate(dict(row)) for row in rows]


async def month(tx: Tx, now: datetime) -> Row:
    """Of the month that holds `now`: spent, its beginning and end; spent in the seven days before, and since when."""
    return await tx.one(
        "select date_trunc('month', $2::timestamptz, 'UTC') as start,"
        " date_add(date_trunc('month', $2, 'UTC'), '1 month', 'UTC') as end,"
        " coalesce(sum(cost) filter (where created_at >= date_trunc('month', $2, 'UTC')), 0) as spent,"
        " coalesce(sum(cost) filter (where created_at >= $2 - interval '7 days'), 0) as recent,"
        " min(created_at) filter (where created_at >= $2 - interval '7 days') as since from usage_ledger"
        " where tenant_id = $1 and state <> 'reserved' and created_at <= $2"
        " and created_at >= least(date_trunc('month', $2, 'UTC'), $2 - interval '7 days')",
        tx.tenant_id, now,
    )  # fmt: skip
