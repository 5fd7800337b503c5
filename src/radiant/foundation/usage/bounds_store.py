"""SQL of budgets and rate limits as people see and change them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from radiant.foundation.usage.bounds_schemas import NewBudget, NewLimit
from radiant.infra.db import Row, Tx


async def budgets(tx: Tx, user_id: UUID | None, budget_id: UUID | None) -> list[Row]:
    """Budgets with what their period has spent and reserved: all, or those that bind one person; or just one."""
    return await tx.all(
        "select b.id, b.scope, b.user_id, u.email as user_email, b.api_key_id, k.name as key_name, b.model, b.period,"
        " s.at as period_start, case b.period when 'total' then null else s.at + ('1 ' || b.period)::interval end"
        "  as period_end, b.amount, coalesce(p.spent, 0) as spent, coalesce(p.reserved, 0) as reserved, b.warn_at,"
        " b.is_active, b.created_at from budgets b"
        " cross join lateral (select case b.period when 'total' then 'epoch'::timestamptz"
        "  else date_trunc(b.period, current_timestamp, 'UTC') end as at) s"
        " left join budget_periods p on p.tenant_id = b.tenant_id and p.budget_id = b.id and p.period_start = s.at"
        " left join users u on u.tenant_id = b.tenant_id and u.id = b.user_id"
        " left join api_keys k on k.tenant_id = b.tenant_id and k.id = b.api_key_id"
        " where b.tenant_id = $1 and ($3::uuid is null or b.id = $3)"
        " and ($2::uuid is null or b.scope in ('tenant', 'model') or b.user_id = $2 or k.user_id = $2)"
        " order by b.scope, b.created_at, b.id",
        tx.tenant_id, user_id, budget_id,
    )  # fmt: skip


async def spent_by_day(tx: Tx, budget_ids: list[UUID]) -> list[Row]:
    """What calls under these budgets cost on each of the last 31 days."""
    return await tx.all(
        "select b.id as budget_id, date_trunc('day', l.created_at, 'UTC')::date as day, sum(l.cost) as cost"
        " from budgets b join usage_ledger l on l.tenant_id = b.tenant_id and b.id = any (l.budgets)"
        "  and l.created_at >= date_trunc('day', current_timestamp, 'UTC') - interval '30 days' and l.cost > 0"
        " where b.tenant_id = $1 and b.id = any ($2::uuid[]) group by 1, 2 order by 1, 2",
        tx.tenant_id, budget_ids,
    )  # fmt: skip


async def has(tx: Tx, user_id: UUID | None, api_key_id: UUID | None) -> bool:
    """Whether the person and the key are this tenant's."""
    return await tx.value(
        "select ($2::uuid is null or exists (select from users where tenant_id = $1 and id = $2))"
        " and ($3::uuid is null or exists (select from api_keys where tenant_id = $1 and id = $3))",
        tx.tenant_id, user_id, api_key_id,
    )  # fmt: skip


async def insert_budget(tx: Tx, budget_id: UUID, new: NewBudget) -> bool:
    """Store a budget; False where there is one for the same calls and period."""
    return await tx.run(
        "insert into budgets (id, tenant_id, scope, user_id, api_key_id, model, period, amount, warn_at, is_active)"
        " values ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        tx.tenant_id, budget_id, new.scope, new.user_id, new.api_key_id, new.model, new.period, new.amount,
        new.warn_at, new.is_active,
    ) == 1  # fmt: skip


async def change_budget(
    tx: Tx, budget_id: UUID, amount: Decimal | None, is_active: bool | None, warn_at: Decimal | None, warns: bool
) -> bool:
    """Change what is given (`warn_at` where `warns`); False where there is no such budget."""
    return await tx.run(
        "update budgets set amount = coalesce($3, amount), is_active = coalesce($4, is_active),"
        " warn_at = case when $6 then $5 else warn_at end, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, budget_id, amount, is_active, warn_at, warns,
    ) == 1  # fmt: skip


async def delete_budget(tx: Tx, budget_id: UUID) -> bool:
    """Delete a budget with what it counted."""
    return await tx.run("delete from budgets where tenant_id = $1 and id = $2", tx.tenant_id, budget_id) == 1


async def limits(tx: Tx, user_id: UUID | None, limit_id: UUID | None) -> list[Row]:
    """Rate limits with what was drawn in this window: all, or those that bind one person; or just one."""
    return await tx.all(
        "select r.id, r.scope, r.user_id, u.email as user_email, r.api_key_id, k.name as key_name, r.model, r.meter,"
        " r.period, r.allowed as amount, r.is_active, r.created_at, case r.period when 'now' then"
        "  (select coalesce(sum(h.slots), 0)::bigint from rate_limit_holders h where h.tenant_id = r.tenant_id"
        "   and h.rate_limit_id = r.id and h.expires_at > current_timestamp)"
        "  else coalesce((select w.used from rate_limit_windows w where w.tenant_id = r.tenant_id"
        "   and w.rate_limit_id = r.id and w.window_start = date_trunc(r.period, current_timestamp, 'UTC')), 0) end as used"
        " from rate_limits r left join users u on u.tenant_id = r.tenant_id and u.id = r.user_id"
        " left join api_keys k on k.tenant_id = r.tenant_id and k.id = r.api_key_id"
        " where r.tenant_id = $1 and ($3::uuid is null or r.id = $3)"
        " and ($2::uuid is null or r.scope in ('tenant', 'model') or r.user_id = $2 or k.user_id = $2)"
        " order by r.scope, r.created_at, r.id",
        tx.tenant_id, user_id, limit_id,
    )  # fmt: skip


async def insert_limit(tx: Tx, limit_id: UUID, new: NewLimit) -> bool:
    """Store a limit; False where there is one for the same calls, meter and period."""
    return await tx.run(
        "insert into rate_limits (id, tenant_id, scope, user_id, api_key_id, model, meter, period, allowed, is_active)"
        " values ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        tx.tenant_id, limit_id, new.scope, new.user_id, new.api_key_id, new.model, new.meter, new.period, new.amount,
        new.is_active,
    ) == 1  # fmt: skip


async def change_limit(tx: Tx, limit_id: UUID, amount: int | None, is_active: bool | None) -> bool:
    """Change what is given; False where there is no such limit."""
    return await tx.run(
        "update rate_limits set allowed = coalesce($3, allowed), is_active = coalesce($4, is_active),"
        " updated_at = current_timestamp where tenant_id = $1 and id = $2",
        tx.tenant_id, limit_id, amount, is_active,
    ) == 1  # fmt: skip


async def delete_limit(tx: Tx, limit_id: UUID) -> bool:
    """Delete a limit with what it counted."""
    return await tx.run("delete from rate_limits where tenant_id = $1 and id = $2", tx.tenant_id, limit_id) == 1


async def now(tx: Tx) -> datetime:
    """The database's time, by which periods begin."""
    return await tx.value("select current_timestamp")
