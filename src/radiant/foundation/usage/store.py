"""SQL of the ledger as people read it."""

from datetime import datetime
from uuid import UUID

from radiant.foundation.usage.schemas import ByDay, ByModel, Call, CallFilter, Totals
from radiant.infra.db import Tx


async def totals(tx: Tx, days: int, of: CallFilter) -> Totals:
    """Sums over the last days."""
    row = await tx.one(
        "select count(*) as requests, coalesce(sum(input_tokens), 0) as input_tokens,"
        " coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost), 0) as cost from usage_ledger"
        " where tenant_id = $1 and created_at > current_timestamp - make_interval(days => $2)"
        " and ($3::uuid is null or user_id = $3) and ($4::uuid is null or api_key_id = $4)"
        " and ($5::text is null or model = $5) and ($6::jsonb is null or tags @> $6) and state <> 'reserved'",
        tx.tenant_id, days, of.user_id, of.api_key_id, of.model, of.tags,
    )  # fmt: skip
    return Totals.model_validate(dict(row))


async def by_model(tx: Tx, days: int, of: CallFilter) -> list[ByModel]:
    """Sums per model, the dearest first."""
    rows = await tx.all(
        "select model, count(*) as requests, coalesce(sum(input_tokens), 0) as input_tokens,"
        " coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost), 0) as cost from usage_ledger"
        " where tenant_id = $1 and created_at > current_timestamp - make_interval(days => $2)"
        " and ($3::uuid is null or user_id = $3) and ($4::uuid is null or api_key_id = $4)"
        " and ($5::text is null or model = $5) and ($6::jsonb is null or tags @> $6) and state <> 'reserved'"
        " group by model order by sum(cost) desc nulls last, count(*) desc limit 200",
        tx.tenant_id, days, of.user_id, of.api_key_id, of.model, of.tags,
    )  # fmt: skip
    return [ByModel.model_validate(dict(row)) for row in rows]


async def by_day(tx: Tx, days: int, of: CallFilter) -> list[ByDay]:
    """Requests and cost per UTC day, days without any included."""
    rows = await tx.all(
        "select d::date as day, count(u.id) as requests, coalesce(sum(u.cost), 0) as cost"
        " from generate_series(date_trunc('day', current_timestamp, 'UTC') - make_interval(days => $2 - 1),"
        "  date_trunc('day', current_timestamp, 'UTC'), interval '1 day') d"
        " left join usage_ledger u on u.tenant_id = $1 and u.created_at >= d and u.created_at < d + interval '1 day'"
        "  and ($3::uuid is null or u.user_id = $3) and ($4::uuid is null or u.api_key_id = $4)"
        "  and ($5::text is null or u.model = $5) and ($6::jsonb is null or u.tags @> $6) and u.state <> 'reserved'"
        " group by d order by d",
        tx.tenant_id, days, of.user_id, of.api_key_id, of.model, of.tags,
    )  # fmt: skip
    return [ByDay.model_validate(dict(row)) for row in rows]


async def calls(tx: Tx, of: CallFilter, before: tuple[datetime, UUID] | None, limit: int) -> list[Call]:
    """Calls, the newest first."""
    rows = await tx.all(
        "select l.id, l.user_id, u.email as user_email, l.api_key_id, k.name as key_name, l.run_id, l.decision_id,"
        " l.request_id, l.kind, l.protocol, l.route, l.provider, l.model, l.state, l.ended, l.streamed, l.cached,"
        " l.estimated, l.reserved_cost, l.cost, l.input_tokens, l.output_tokens, l.cache_read_tokens,"
        " l.cache_write_tokens, l.reasoning_tokens, l.first_token_ms, l.duration_ms, l.stop_reason, l.error_kind,"
        " l.tags, l.decision ->> 'task' as task, l.decision ->> 'reason' as route_reason, l.created_at, l.settled_at"
        " from usage_ledger l"
        " left join users u on u.tenant_id = l.tenant_id and u.id = l.user_id"
        " left join api_keys k on k.tenant_id = l.tenant_id and k.id = l.api_key_id"
        " where l.tenant_id = $1 and ($2::uuid is null or l.user_id = $2)"
        " and ($3::uuid is null or l.api_key_id = $3) and ($4::text is null or l.model = $4)"
        " and ($5::text is null or l.state = $5) and ($6::text is null or l.error_kind = $6)"
        " and ($7::jsonb is null or l.tags @> $7)"
        " and ($8::timestamptz is null or (l.created_at, l.id) < ($8, $9::uuid))"
        " and ($10::text is null or l.provider = $10) and ($11::timestamptz is null or l.created_at >= $11)"
        " and ($12::timestamptz is null or l.created_at < $12)"
        " order by l.created_at desc, l.id desc limit $13",
        tx.tenant_id, of.user_id, of.api_key_id, of.model, of.state, of.error_kind, of.tags,
        before[0] if before else None, before[1] if before else None, of.provider, of.start, of.end, limit,
    )  # fmt: skip
    return [Call.model_validate(dict(row)) for row in rows]
