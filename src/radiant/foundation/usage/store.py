"""SQL of the ledger and of budgets."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from radiant.foundation.usage.schemas import ByDay, ByModel, NewCall, Outcome, Totals
from radiant.infra.db import Row, Tx
from radiant.kit.ids import ApiKeyId, UserId


async def insert(tx: Tx, call_id: UUID, call: NewCall) -> None:
    """Admit a call."""
    await tx.run(
        "insert into usage_ledger (id, tenant_id, user_id, api_key_id, run_id, decision_id, request_id, kind, provider,"
        " model, reserved_cost) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        call_id, tx.tenant_id, call.user_id, call.api_key_id, call.run_id, call.decision_id, call.request_id,
        call.kind, call.provider, call.model, call.reserved,
    )  # fmt: skip


async def reserve(tx: Tx, user_id: UserId, api_key_id: ApiKeyId | None, amount: Decimal) -> tuple[int, int]:
    """Take `amount` from every budget that applies; (how many apply, how many had room).

    The conditional update is atomic, so callers at once cannot overshoot; taken in the order of ids, so they cannot
    deadlock. If one had no room the caller rolls back.
    """
    row = await tx.one(
        "with due as (select id, amount, case period when 'total' then 'epoch'::timestamptz"
        "   else date_trunc(period, current_timestamp, 'UTC') end as period_start"
        "  from budgets where tenant_id = $1 and is_active"
        "   and (scope = 'tenant' or user_id = $2 or api_key_id = $3) order by id),"
        " taken as (insert into budget_periods as p (tenant_id, budget_id, period_start, reserved)"
        "  select $1, id, period_start, $4 from due where $4 <= amount order by id"
        "  on conflict (budget_id, period_start) do update set reserved = p.reserved + excluded.reserved"
        "  where p.spent + p.reserved + excluded.reserved <= (select b.amount from budgets b"
        "   where b.tenant_id = p.tenant_id and b.id = p.budget_id)"
        "  returning 1)"
        " select (select count(*) from due) as due, (select count(*) from taken) as taken",
        tx.tenant_id, user_id, api_key_id, amount,
    )  # fmt: skip
    return row["due"], row["taken"]


async def settle(tx: Tx, call_id: UUID, outcome: Outcome) -> Row | None:
    """Write how a call ended, once; the row, or None if it was settled before."""
    return await tx.one_or_none(
        "update usage_ledger set state = case when $12::text is null then 'settled' else 'failed' end, cost = $3,"
        " input_tokens = $4, output_tokens = $5, cache_read_tokens = $6, cache_write_tokens = $7,"
        " reasoning_tokens = $8, first_token_ms = $9, duration_ms = $10, stop_reason = $11, error_kind = $12,"
        " estimated = $13, settled_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and state = 'reserved'"
        " returning user_id, api_key_id, reserved_cost, cost, created_at",
        tx.tenant_id, call_id, outcome.cost, outcome.input_tokens, outcome.output_tokens, outcome.cache_read_tokens,
        outcome.cache_write_tokens, outcome.reasoning_tokens, outcome.first_token_ms, outcome.duration_ms,
        outcome.stop_reason, outcome.error_kind, outcome.estimated,
    )  # fmt: skip


async def release(tx: Tx, settled: Row) -> None:
    """Turn a reservation into what was spent, in every budget period that it was taken from.

    Not in a budget that is younger than the call: it would take another call's reservation for this one's.
    """
    await tx.run(
        "update budget_periods p set reserved = greatest(p.reserved - $5, 0), spent = p.spent + $6"
        " from budgets b where p.tenant_id = $1 and b.tenant_id = $1 and b.id = p.budget_id"
        " and b.created_at <= $4 and (b.scope = 'tenant' or b.user_id = $2 or b.api_key_id = $3)"
        " and p.period_start = case b.period when 'total' then 'epoch'::timestamptz"
        "  else date_trunc(b.period, $4::timestamptz, 'UTC') end",
        tx.tenant_id, settled["user_id"], settled["api_key_id"], settled["created_at"], settled["reserved_cost"],
        settled["cost"],
    )  # fmt: skip


async def abandoned(tx: Tx, older_than: timedelta, limit: int) -> list[Row]:
    """Reservations that nobody settled. System transaction."""
    return await tx.all(
        "select id, tenant_id, reserved_cost from usage_ledger"
        " where state = 'reserved' and journal_id is null and created_at < current_timestamp - $1::interval order by created_at limit $2",
        older_than, limit,
    )  # fmt: skip


async def totals(tx: Tx, days: int, user_id: UserId | None) -> Totals:
    """Sums over the last days, of one person or of all."""
    row = await tx.one(
        "select count(*) as requests, coalesce(sum(input_tokens), 0) as input_tokens,"
        " coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost), 0) as cost from usage_ledger"
        " where tenant_id = $1 and created_at > current_timestamp - make_interval(days => $2)"
        " and ($3::uuid is null or user_id = $3) and state <> 'reserved'",
        tx.tenant_id, days, user_id,
    )  # fmt: skip
    return Totals.model_validate(dict(row))


async def by_model(tx: Tx, days: int, user_id: UserId | None) -> list[ByModel]:
    """Sums per model, the dearest first."""
    rows = await tx.all(
        "select model, count(*) as requests, coalesce(sum(input_tokens), 0) as input_tokens,"
        " coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost), 0) as cost from usage_ledger"
        " where tenant_id = $1 and created_at > current_timestamp - make_interval(days => $2)"
        " and ($3::uuid is null or user_id = $3) and state <> 'reserved'"
        " group by model order by sum(cost) desc nulls last, count(*) desc limit 200",
        tx.tenant_id, days, user_id,
    )  # fmt: skip
    return [ByModel.model_validate(dict(row)) for row in rows]


async def by_day(tx: Tx, days: int, user_id: UserId | None) -> list[ByDay]:
    """Requests and cost per UTC day, days without any included."""
    rows = await tx.all(
        "select d::date as day, count(u.id) as requests, coalesce(sum(u.cost), 0) as cost"
        " from generate_series(date_trunc('day', current_timestamp, 'UTC') - make_interval(days => $2 - 1),"
        "  date_trunc('day', current_timestamp, 'UTC'), interval '1 day') d"
        " left join usage_ledger u on u.tenant_id = $1 and u.created_at >= d and u.created_at < d + interval '1 day'"
        "  and ($3::uuid is null or u.user_id = $3) and u.state <> 'reserved'"
        " group by d order by d",
        tx.tenant_id, days, user_id,
    )  # fmt: skip
    return [ByDay.model_validate(dict(row)) for row in rows]
