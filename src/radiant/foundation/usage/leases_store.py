"""SQL of shares: what a process draws of a budget's period, a limit's window, or slots, and gives back.

Each draw locks the row that holds the sum, so what is read of it stays true until the transaction ends.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import ApiKeyId, UserId


async def applicable(tx: Tx, user_id: UserId, api_key_id: ApiKeyId | None) -> list[Row]:
    """Every budget and limit that may bind calls of this person with this key, of whichever model."""
    return await tx.all(
        "select 'budget' as meter, id, scope, model, period, amount as allowed, warn_at from budgets"
        " where tenant_id = $1 and is_active and (scope in ('tenant', 'model') or user_id = $2 or api_key_id = $3)"
        " union all select meter, id, scope, model, period, allowed, null from rate_limits"
        " where tenant_id = $1 and is_active and (scope in ('tenant', 'model') or user_id = $2 or api_key_id = $3)"
        " order by id",
        tx.tenant_id, user_id, api_key_id,
    )  # fmt: skip


async def lock_period(tx: Tx, budget_id: UUID, start: datetime) -> Row | None:
    """amount, spent, reserved of a budget's period, made where it is new; None where the budget is gone."""
    await tx.run(
        "insert into budget_periods (tenant_id, budget_id, period_start)"
        " select tenant_id, id, $3 from budgets where tenant_id = $1 and id = $2 on conflict do nothing",
        tx.tenant_id, budget_id, start,
    )  # fmt: skip
    return await tx.one_or_none(
        "select b.amount, p.spent, p.reserved from budget_periods p"
        " join budgets b on b.tenant_id = p.tenant_id and b.id = p.budget_id"
        " where p.tenant_id = $1 and p.budget_id = $2 and p.period_start = $3 for update of p",
        tx.tenant_id, budget_id, start,
    )  # fmt: skip


async def lease(tx: Tx, holder: str, budget_id: UUID, start: datetime, amount: Decimal, lasts: timedelta) -> Row:
    """Move `amount` of a locked period to this holder; the amount that its lease holds now, and whether it is fresh."""
    await tx.run(
        "update budget_periods set reserved = reserved + $4"
        " where tenant_id = $1 and budget_id = $2 and period_start = $3",
        tx.tenant_id, budget_id, start, amount,
    )  # fmt: skip
    return await tx.one(
        "insert into budget_leases as l (tenant_id, budget_id, period_start, holder, amount, expires_at)"
        " values ($1, $2, $3, $4, $5, current_timestamp + $6::interval)"
        " on conflict (holder, budget_id, period_start) do update set amount = l.amount + excluded.amount,"
        "  expires_at = excluded.expires_at returning amount, xmax = 0 as fresh",
        tx.tenant_id, budget_id, start, holder, amount, lasts,
    )  # fmt: skip


async def give_back(tx: Tx, holder: str, budget_id: UUID, start: datetime, amount: Decimal | None) -> None:
    """Return `amount` of a lease, or with None all of it and the lease itself."""
    await lock_period(tx, budget_id, start)
    if amount is None:
        await tx.run(
            "with gone as (delete from budget_leases where tenant_id = $1 and budget_id = $2 and period_start = $3"
            "  and holder = $4 returning amount)"
            " update budget_periods p set reserved = greatest(p.reserved - g.amount, 0) from gone g"
            " where p.tenant_id = $1 and p.budget_id = $2 and p.period_start = $3",
            tx.tenant_id, budget_id, start, holder,
        )  # fmt: skip
        return
    await tx.run(
        "with held as (select id, least(amount, $5) as back from budget_leases where tenant_id = $1"
        "  and budget_id = $2 and period_start = $3 and holder = $4),"
        " less as (update budget_leases l set amount = l.amount - h.back from held h where l.id = h.id)"
        " update budget_periods p set reserved = greatest(p.reserved - h.back, 0) from held h"
        " where p.tenant_id = $1 and p.budget_id = $2 and p.period_start = $3",
        tx.tenant_id, budget_id, start, holder, amount,
    )  # fmt: skip


async def lock_window(tx: Tx, limit_id: UUID, start: datetime) -> Row | None:
    """allowed, used of a limit's window, made where it is new; None where the limit is gone."""
    await tx.run(
        "insert into rate_limit_windows (tenant_id, rate_limit_id, window_start)"
        " select tenant_id, id, $3 from rate_limits where tenant_id = $1 and id = $2 on conflict do nothing",
        tx.tenant_id, limit_id, start,
    )  # fmt: skip
    return await tx.one_or_none(
        "select r.allowed, w.used from rate_limit_windows w"
        " join rate_limits r on r.tenant_id = w.tenant_id and r.id = w.rate_limit_id"
        " where w.tenant_id = $1 and w.rate_limit_id = $2 and w.window_start = $3 for update of w",
        tx.tenant_id, limit_id, start,
    )  # fmt: skip


async def use_window(tx: Tx, limit_id: UUID, start: datetime, amount: int) -> None:
    """Draw from a window, or give back with a negative amount."""
    await tx.run(
        "update rate_limit_windows set used = used + $4"
        " where tenant_id = $1 and rate_limit_id = $2 and window_start = $3",
        tx.tenant_id, limit_id, start, amount,
    )  # fmt: skip


async def lock_slots(tx: Tx, limit_id: UUID, holder: str) -> Row | None:
    """allowed, used by all, and used by this holder of a concurrency limit; None where the limit is gone."""
    locked = await tx.value(
        "select allowed from rate_limits where tenant_id = $1 and id = $2 for no key update", tx.tenant_id, limit_id
    )
    if locked is None:
        return None
    # A statement of its own: it sees what was committed while the lock was waited for.
    return await tx.one(
        "select $4::bigint as allowed, coalesce(sum(slots), 0)::bigint as used,"
        " coalesce(sum(slots) filter (where holder = $3), 0)::bigint as own from rate_limit_holders"
        " where tenant_id = $1 and rate_limit_id = $2 and (expires_at > current_timestamp or holder = $3)",
        tx.tenant_id, limit_id, holder, locked,
    )  # fmt: skip


async def hold_slots(tx: Tx, limit_id: UUID, holder: str, slots: int, lasts: timedelta) -> None:
    """Hold that many slots from now on, none to let go."""
    await tx.run(
        "insert into rate_limit_holders (tenant_id, rate_limit_id, holder, slots, expires_at)"
        " values ($1, $2, $3, $4, current_timestamp + $5::interval)"
        " on conflict (rate_limit_id, holder) do update set slots = excluded.slots, expires_at = excluded.expires_at",
        tx.tenant_id, limit_id, holder, slots, lasts,
    )  # fmt: skip


async def renew(tx: Tx, holder: str, lasts: timedelta) -> set[UUID]:
    """Keep what this holder has; the budgets of which it still has a lease. System transaction."""
    await tx.run(
        "update rate_limit_holders set expires_at = current_timestamp + $2::interval where holder = $1 and slots > 0",
        holder, lasts,
    )  # fmt: skip
    rows = await tx.all(
        "update budget_leases set expires_at = current_timestamp + $2::interval where holder = $1"
        " returning budget_id",
        holder, lasts,
    )  # fmt: skip
    return {row["budget_id"] for row in rows}
