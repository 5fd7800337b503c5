"""Budgets and rate limits as people see and change them. Writes are an admin's, and are in the trail."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.usage import bounds_store as store
from radiant.foundation.usage.bounds_schemas import (
    Budget,
    BudgetChange,
    DaySpend,
    Limit,
    LimitChange,
    NewBudget,
    NewLimit,
    given,
)
from radiant.infra.db import Database, Row, Tx
from radiant.kit.errors import Conflict, Invalid, NotFound
from radiant.kit.ids import uuid7

_FORECAST_DAYS = 30


class NoSuchBudget(NotFound):
    """No budget of that id is the caller's to see."""

    slug = "no-such-budget"


class NoSuchLimit(NotFound):
    """No rate limit of that id is the caller's to see."""

    slug = "no-such-limit"


class BudgetExists(Conflict):
    """There is a budget for the same calls and period."""

    slug = "budget-exists"


class LimitExists(Conflict):
    """There is a limit for the same calls, meter and period."""

    slug = "limit-exists"


def used_up_at(
    now: datetime, start: datetime, end: datetime | None, amount: Decimal, spent: Decimal, recent: Decimal
) -> datetime | None:
    """When a budget is used up at the pace so far: of its period, or for a total of the last 30 days (`recent`).
    None: not in this period, or nothing is spent."""
    if spent >= amount:
        return now
    past, base = (now - start, spent) if end is not None else (timedelta(days=_FORECAST_DAYS), recent)
    if base <= 0 or past <= timedelta(0):
        return None
    seconds = float((amount - spent) / base) * past.total_seconds()
    if seconds > timedelta(days=3650).total_seconds():
        return None
    at = now + timedelta(seconds=seconds)
    return at if end is None or at < end else None


async def budgets(database: Database, caller: Caller, budget_id: UUID | None = None) -> list[Budget]:
    """All of them for an admin, and those that bind them for others. With an id that one, or none."""
    async with caller.db(database).tx() as tx:
        rows = await store.budgets(tx, _of(caller), budget_id)
        days = await store.spent_by_day(tx, [row["id"] for row in rows])
        now = await store.now(tx)
    by_budget: dict[UUID, list[DaySpend]] = defaultdict(list)
    for row in days:
        by_budget[row["budget_id"]].append(DaySpend(day=row["day"], cost=row["cost"]))
    return [_budget(row, by_budget[row["id"]], now) for row in rows]


def _of(caller: Caller) -> UUID | None:
    return None if caller.role >= Role.ADMIN else caller.user_id


def _budget(row: Row, by_day: list[DaySpend], now: datetime) -> Budget:
    start, end, amount, spent = row["period_start"], row["period_end"], row["amount"], row["spent"]
    first: date = (start if end is not None else now - timedelta(days=_FORECAST_DAYS)).astimezone(UTC).date()
    shown = [one for one in by_day if one.day >= first]
    recent = sum((one.cost for one in shown), Decimal(0))
    facts = dict(row) | {
        "period_start": start if end is not None else None,
        "remaining": max(amount - spent - row["reserved"], Decimal(0)),
        "by_day": shown,
        "used_up_at": used_up_at(now, start, end, amount, spent, recent),
    }
    return Budget.model_validate(facts)


async def _one_budget(database: Database, caller: Caller, budget_id: UUID) -> Budget:
    found = await budgets(database, caller, budget_id)
    if not found:
        raise NoSuchBudget("there is no such budget")
    return found[0]


async def make_budget(database: Database, caller: Caller, new: NewBudget) -> Budget:
    """Raises Invalid where whom it names is not here, BudgetExists."""
    budget_id = uuid7()
    async with caller.db(database).tx() as tx:
        await _check_whom(tx, new.user_id, new.api_key_id)
        if not await store.insert_budget(tx, budget_id, new):
            raise BudgetExists("there is a budget for these calls and this period already; change that one")
        await trail.record(tx, caller, "budget.made", target=("budget", budget_id), **new.model_dump(mode="json"))
    return await _one_budget(database, caller, budget_id)


async def change_budget(database: Database, caller: Caller, budget_id: UUID, change: BudgetChange) -> Budget:
    """Raises NoSuchBudget."""
    named = given(change)
    async with caller.db(database).tx() as tx:
        if not await store.change_budget(
            tx, budget_id, change.amount, change.is_active, change.warn_at, "warn_at" in named
        ):
            raise NoSuchBudget("there is no such budget")
        detail = change.model_dump(mode="json", exclude_unset=True)
        await trail.record(tx, caller, "budget.changed", target=("budget", budget_id), **detail)
    return await _one_budget(database, caller, budget_id)


async def delete_budget(database: Database, caller: Caller, budget_id: UUID) -> None:
    """Raises NoSuchBudget."""
    async with caller.db(database).tx() as tx:
        if not await store.delete_budget(tx, budget_id):
            raise NoSuchBudget("there is no such budget")
        await trail.record(tx, caller, "budget.deleted", target=("budget", budget_id))


async def limits(database: Database, caller: Caller, limit_id: UUID | None = None) -> list[Limit]:
    """All of them for an admin, and those that bind them for others. With an id that one, or none."""
    async with caller.db(database).tx() as tx:
        rows = await store.limits(tx, _of(caller), limit_id)
    return [Limit.model_validate(dict(row)) for row in rows]


async def _one_limit(database: Database, caller: Caller, limit_id: UUID) -> Limit:
    found = await limits(database, caller, limit_id)
    if not found:
        raise NoSuchLimit("there is no such limit")
    return found[0]


async def make_limit(database: Database, caller: Caller, new: NewLimit) -> Limit:
    """Raises Invalid where whom it names is not here, LimitExists."""
    limit_id = uuid7()
    async with caller.db(database).tx() as tx:
        await _check_whom(tx, new.user_id, new.api_key_id)
        if not await store.insert_limit(tx, limit_id, new):
            raise LimitExists("there is a limit for these calls, this meter and this period already; change that one")
        await trail.record(tx, caller, "limit.made", target=("rate_limit", limit_id), **new.model_dump(mode="json"))
    return await _one_limit(database, caller, limit_id)


async def change_limit(database: Database, caller: Caller, limit_id: UUID, change: LimitChange) -> Limit:
    """Raises NoSuchLimit."""
    async with caller.db(database).tx() as tx:
        if not await store.change_limit(tx, limit_id, change.amount, change.is_active):
            raise NoSuchLimit("there is no such limit")
        detail = change.model_dump(mode="json", exclude_unset=True)
        await trail.record(tx, caller, "limit.changed", target=("rate_limit", limit_id), **detail)
    return await _one_limit(database, caller, limit_id)


async def delete_limit(database: Database, caller: Caller, limit_id: UUID) -> None:
    """Raises NoSuchLimit."""
    async with caller.db(database).tx() as tx:
        if not await store.delete_limit(tx, limit_id):
            raise NoSuchLimit("there is no such limit")
        await trail.record(tx, caller, "limit.deleted", target=("rate_limit", limit_id))


async def _check_whom(tx: Tx, user_id: UUID | None, api_key_id: UUID | None) -> None:
    if not await store.has(tx, user_id, api_key_id):
        raise Invalid("user_id, api_key_id: there is no such person or key here")
