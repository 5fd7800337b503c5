"""SQL of the proof that ledger, events and roll-ups agree. Each is one statement, so it sees one moment."""

from datetime import datetime

from radiant.infra.db import Row, Tx


async def calls_and_events(tx: Tx, since: datetime) -> list[Row]:
    """Hours in which the ledger and the events of its calls differ, calls aside whose events are due. System
    transaction."""
    return await tx.all(
        "with due as (select unnest(calls) as call_id from usage_metrics_due),"
        " ledger as (select tenant_id, date_trunc('hour', created_at, 'UTC') as hour, count(*) as calls,"
        "   coalesce(sum(cost), 0) as cost, coalesce(sum(input_tokens), 0)::numeric as input_tokens,"
        "   coalesce(sum(output_tokens), 0)::numeric as output_tokens from usage_ledger"
        "  where state <> 'reserved' and created_at >= $1 and id not in (select call_id from due) group by 1, 2),"
        " events as (select tenant_id, date_trunc('hour', recorded_at, 'UTC') as hour,"
        "   count(*) filter (where metric_name = 'requests') as calls,"
        "   coalesce(sum(metric_value) filter (where metric_name = 'cost'), 0) as cost,"
        "   coalesce(sum(metric_value) filter (where metric_name = 'input_tokens'), 0) as input_tokens,"
        "   coalesce(sum(metric_value) filter (where metric_name = 'output_tokens'), 0) as output_tokens"
        "  from usage_metrics where call_id is not null and recorded_at >= $1"
        "   and call_id not in (select call_id from due) group by 1, 2)"
        " select coalesce(l.tenant_id, e.tenant_id) as tenant_id, coalesce(l.hour, e.hour) as start,"
        "  'ledger and events' as what, concat_ws(', ', l.calls || ' calls', '$' || l.cost) as one,"
        "  concat_ws(', ', e.calls || ' calls', '$' || e.cost) as other"
        " from ledger l full join events e on e.tenant_id = l.tenant_id and e.hour = l.hour"
        " where (l.calls, l.cost, l.input_tokens, l.output_tokens)"
        "  is distinct from (e.calls, e.cost, e.input_tokens, e.output_tokens) order by 1, 2 limit 100",
        since,
    )


async def events_and_hours(tx: Tx, since: datetime) -> list[Row]:
    """Hours whose events and roll-up differ, hours aside that are due. System transaction."""
    return await tx.all(
        "with events as (select tenant_id, date_trunc('hour', recorded_at, 'UTC') as hour,"
        "   coalesce(sum(metric_value) filter (where metric_name = 'cost'), 0) as cost,"
        "   coalesce(sum(metric_value) filter (where metric_name in ('input_tokens', 'output_tokens')), 0) as tokens,"
        "   count(*) filter (where metric_name = 'latency_ms') as timed"
        "  from usage_metrics where recorded_at >= $1"
        "   and app.is_rolled_up(metric_name) group by 1, 2),"
        " hours as (select tenant_id, period_start as hour, sum(total_cost) as cost, sum(total_tokens) as tokens,"
        "   sum(latency_count) as timed from aggregated_metrics"
        "  where period_type = 'hourly' and dimension = '' and period_start >= $1 group by 1, 2)"
        " select coalesce(e.tenant_id, h.tenant_id) as tenant_id, coalesce(e.hour, h.hour) as start,"
        "  'events and hours' as what, '$' || e.cost as one, '$' || h.cost as other"
        " from events e full join hours h on h.tenant_id = e.tenant_id and h.hour = e.hour"
        " where (e.cost, e.tokens, e.timed) is distinct from (h.cost, h.tokens, h.timed)"
        "  and not exists (select from aggregated_metrics_due d where d.tenant_id = coalesce(e.tenant_id, h.tenant_id)"
        "   and d.hour = coalesce(e.hour, h.hour)) order by 1, 2 limit 100",
        since,
    )


async def shorter_and_longer(tx: Tx, since: datetime) -> list[Row]:
    """Days, weeks and months that are not the sum of what they are made of, and periods whose models, people or
    providers come to more than the whole. System transaction."""
    return await tx.all(
        "with whole as (select tenant_id, period_type, period_start, period_end, sum(total_cost) as cost,"
        "   sum(total_tokens) as tokens from aggregated_metrics"
        "  where dimension = '' and period_start >= $1 group by 1, 2, 3, 4),"
        " made_of as (values ('daily', 'hourly'), ('weekly', 'daily'), ('monthly', 'daily'))"
        " select l.tenant_id, l.period_start as start, m.column2 || ' and ' || l.period_type as what,"
        "  '$' || coalesce(sum(s.cost), 0) as one, '$' || l.cost as other"
        " from whole l join made_of m on m.column1 = l.period_type"
        " left join whole s on s.tenant_id = l.tenant_id and s.period_type = m.column2"
        "  and s.period_start >= l.period_start and s.period_start < l.period_end"
        " group by l.tenant_id, l.period_start, l.period_type, m.column2, l.cost, l.tokens"
        " having (coalesce(sum(s.cost), 0), coalesce(sum(s.tokens), 0)) <> (l.cost, l.tokens)"
        " order by 1, 2 limit 100",
        since,
    )
