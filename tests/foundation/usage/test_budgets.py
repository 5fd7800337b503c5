"""Budgets: what is reserved never overshoots, what is settled is given back, whoever calls at once."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from radiant.foundation.usage.schemas import NewCall, Outcome, Reservation
from radiant.foundation.usage.service import BudgetExceeded, reserve, settle, settle_abandoned
from radiant.infra.db import Database
from radiant.kit.ids import ApiKeyId, UserId, uuid7
from tests.kit.people import Tenant

DIME = Decimal("0.10")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def budget(owner: Any, tenant: Tenant, amount: str, scope: str = "tenant", period: str = "day", **whose: Any):
    """A budget of that tenant; `user_id` or `api_key_id` for the narrower scopes."""
    return await owner.fetchval(
        "insert into budgets (tenant_id, scope, user_id, api_key_id, period, amount) values ($1, $2, $3, $4, $5, $6)"
        " returning id",
        tenant.id, scope, whose.get("user_id"), whose.get("api_key_id"), period, Decimal(amount),
    )  # fmt: skip


async def state(owner: Any, budget_id: UUID) -> tuple[Decimal, Decimal]:
    """(spent, reserved) of its only period."""
    rows = await owner.fetch("select spent, reserved from budget_periods where budget_id = $1", budget_id)
    assert len(rows) <= 1
    return (rows[0]["spent"], rows[0]["reserved"]) if rows else (Decimal(0), Decimal(0))


def call(user_id: UserId, amount: Decimal = DIME, **more: Any) -> NewCall:
    return NewCall(user_id=user_id, provider="openai", model="gpt-4o", reserved=amount, **more)


def cost(amount: str, **more: Any) -> Outcome:
    return Outcome(cost=Decimal(amount), input_tokens=10, output_tokens=5, **more)


async def try_all(tenant: Tenant, calls: Sequence[NewCall]) -> list[Reservation]:
    """Reserve all at once; those that were admitted."""
    results = await asyncio.gather(*(reserve(tenant.db, new) for new in calls), return_exceptions=True)
    admitted = [result for result in results if isinstance(result, Reservation)]
    refused = [result for result in results if isinstance(result, BudgetExceeded)]
    assert len(admitted) + len(refused) == len(calls), results
    return admitted


async def test_sixty_four_callers_at_once_never_overshoot(tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "1.05")
    admitted = await try_all(tenant, [call(tenant.user_id)] * 64)
    assert len(admitted) == 10
    assert await state(owner, budget_id) == (0, Decimal("1.00"))
    assert await owner.fetchval("select count(*) from usage_ledger") == 10, "a refused call leaves no row"


async def test_callers_under_several_budgets_at_once_never_overshoot_any_and_never_deadlock(
    tenant: Tenant, owner: Any
) -> None:
    whole = await budget(owner, tenant, "2.00")
    month = await budget(owner, tenant, "1.50", period="month")
    first = await budget(owner, tenant, "0.70", "user", user_id=tenant.user_id)
    second = await budget(owner, tenant, "0.40", "user", period="total", user_id=tenant.other_user_id)
    calls = [call(tenant.user_id)] * 32 + [call(tenant.other_user_id)] * 32
    random.Random(11).shuffle(calls)
    admitted = await try_all(tenant, calls)
    assert len(admitted) == 11
    states = [await state(owner, one) for one in (whole, month, first, second)]
    assert [reserved for _, reserved in states] == [Decimal(n) for n in ("1.1", "1.1", "0.7", "0.4")]


async def test_settling_gives_back_what_was_not_spent_and_makes_room(tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "0.10")
    reservation = await reserve(tenant.db, call(tenant.user_id))
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id, Decimal("0.01")))
    await settle(tenant.db, reservation, cost("0.02"))
    assert await state(owner, budget_id) == (Decimal("0.02"), 0)
    await reserve(tenant.db, call(tenant.user_id, Decimal("0.08")))
    with pytest.raises(BudgetExceeded, match=r"\$0\.000000001"):
        await reserve(tenant.db, call(tenant.user_id, Decimal("0.000000001")))


async def test_a_failed_call_gives_everything_back_and_is_kept_as_failed(tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "0.10")
    reservation = await reserve(tenant.db, call(tenant.user_id))
    await settle(tenant.db, reservation, Outcome(cost=Decimal(0), input_tokens=0, output_tokens=0, error_kind="no"))
    assert await state(owner, budget_id) == (0, 0)
    row = await owner.fetchrow("select state, error_kind, cost from usage_ledger where id = $1", reservation.id)
    assert tuple(row) == ("failed", "no", 0)


async def test_settling_twice_or_from_two_sides_at_once_counts_once(tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "1")
    reservation = await reserve(tenant.db, call(tenant.user_id))
    await asyncio.gather(*(settle(tenant.db, reservation, cost("0.03")) for _ in range(8)))
    await settle(tenant.db, reservation, cost("0.09"))
    assert await state(owner, budget_id) == (Decimal("0.03"), 0)
    assert await owner.fetchval("select cost from usage_ledger where id = $1", reservation.id) == Decimal("0.03")


async def test_a_call_that_cost_more_than_its_estimate_is_counted_in_full(tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "0.10")
    await settle(tenant.db, await reserve(tenant.db, call(tenant.user_id)), cost("0.15"))
    assert await state(owner, budget_id) == (Decimal("0.15"), 0)
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id, Decimal("0.000000001")))


@pytest.mark.parametrize("period", ["day", "month"])
async def test_the_next_period_has_room_again(tenant: Tenant, owner: Any, period: str) -> None:
    budget_id = await budget(owner, tenant, "0.10", period=period)
    await settle(tenant.db, await reserve(tenant.db, call(tenant.user_id)), cost("0.10"))
    start = await owner.fetchval("select period_start from budget_periods where budget_id = $1", budget_id)
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert start == (now if period == "day" else now.replace(day=1))
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id))
    await owner.execute("update budget_periods set period_start = period_start - interval '40 days'")
    await reserve(tenant.db, call(tenant.user_id))


async def test_a_total_has_one_period_for_ever(tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "0.10", period="total")
    await settle(tenant.db, await reserve(tenant.db, call(tenant.user_id)), cost("0.10"))
    assert await owner.fetchval("select period_start from budget_periods where budget_id = $1", budget_id) == EPOCH
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id))


async def test_what_was_reserved_before_midnight_is_settled_in_its_own_day(tenant: Tenant, owner: Any) -> None:
    await budget(owner, tenant, "0.20")
    await owner.execute("update budgets set created_at = created_at - interval '2 days'")
    late = await reserve(tenant.db, call(tenant.user_id))
    await owner.execute("update budget_periods set period_start = period_start - interval '1 day'")
    await owner.execute("update usage_ledger set created_at = created_at - interval '1 day'")
    await reserve(tenant.db, call(tenant.user_id))
    await settle(tenant.db, late, cost("0.07"))
    rows = await owner.fetch("select spent, reserved from budget_periods order by period_start")
    assert [tuple(row) for row in rows] == [(Decimal("0.07"), 0), (0, DIME)]


async def test_a_budget_made_during_a_call_keeps_the_reservations_of_the_calls_after_it(
    tenant: Tenant, owner: Any
) -> None:
    before = await reserve(tenant.db, call(tenant.user_id))
    budget_id = await budget(owner, tenant, "0.10")
    await reserve(tenant.db, call(tenant.user_id))
    await settle(tenant.db, before, cost("0.10"))
    assert await state(owner, budget_id) == (0, DIME)
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id))


async def test_a_persons_budget_bounds_that_person_alone(tenant: Tenant, owner: Any) -> None:
    await budget(owner, tenant, "0.10", "user", user_id=tenant.user_id)
    await reserve(tenant.db, call(tenant.user_id))
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id))
    await reserve(tenant.db, call(tenant.other_user_id, Decimal(5)))


async def test_a_keys_budget_bounds_that_key_alone(tenant: Tenant, owner: Any) -> None:
    keys = [ApiKeyId(uuid7()), ApiKeyId(uuid7())]
    for number, key_id in enumerate(keys):
        await owner.execute(
            "insert into api_keys (id, tenant_id, user_id, name, prefix, secret_hash, scopes)"
            " values ($1, $2, $3, 'k', $4, $5, '{inference}')",
            key_id, tenant.id, tenant.user_id, f"rad_{number}", bytes([number]) * 32,
        )  # fmt: skip
    await budget(owner, tenant, "0.10", "api_key", api_key_id=keys[0])
    await reserve(tenant.db, call(tenant.user_id, api_key_id=keys[0]))
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id, api_key_id=keys[0]))
    await reserve(tenant.db, call(tenant.user_id, api_key_id=keys[1]))
    await reserve(tenant.db, call(tenant.user_id))


async def test_one_budget_without_room_takes_nothing_from_the_others(tenant: Tenant, owner: Any) -> None:
    wide = await budget(owner, tenant, "100")
    await budget(owner, tenant, "0.05", "user", user_id=tenant.user_id)
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id))
    assert await state(owner, wide) == (0, 0)


async def test_a_budget_that_is_switched_off_bounds_nothing_and_zero_lets_nothing_through(
    tenant: Tenant, owner: Any
) -> None:
    budget_id = await budget(owner, tenant, "0")
    with pytest.raises(BudgetExceeded):
        await reserve(tenant.db, call(tenant.user_id))
    await owner.execute("update budgets set is_active = false where id = $1", budget_id)
    await reserve(tenant.db, call(tenant.user_id))


async def test_budgets_of_another_tenant_are_neither_asked_nor_touched(
    two_tenants: tuple[Tenant, Tenant], owner: Any
) -> None:
    ours, theirs = two_tenants
    their_budget = await budget(owner, theirs, "0.10")
    reservation = await reserve(ours.db, call(ours.user_id, Decimal(7)))
    assert await state(owner, their_budget) == (0, 0)
    kept = await reserve(theirs.db, call(theirs.user_id))
    await settle(ours.db, kept, cost("0.01"))
    row = await owner.fetchval("select state from usage_ledger where id = $1", kept.id)
    assert row == "reserved", "another tenant's call cannot be settled"
    await settle(ours.db, reservation, cost("3"))
    assert await state(owner, their_budget) == (0, DIME)


async def test_what_costs_nothing_passes_a_budget_that_is_used_up(tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "0")
    free = await reserve(tenant.db, call(tenant.user_id, Decimal(0)))
    await settle(tenant.db, free, cost("0"))
    assert await state(owner, budget_id) == (0, 0)
    assert await owner.fetchval("select state from usage_ledger where id = $1", free.id) == "settled"


async def test_a_call_whose_process_died_is_settled_at_its_estimate_and_marked(
    db: Database, two_tenants: tuple[Tenant, Tenant], owner: Any
) -> None:
    ours, _theirs = two_tenants
    budgets = [await budget(owner, one, "1") for one in two_tenants]
    await owner.execute("update budgets set created_at = created_at - interval '1 day'")
    dead = [await reserve(one.db, call(one.user_id)) for one in two_tenants]
    await owner.execute("update usage_ledger set created_at = created_at - interval '2 hours'")
    # Two hours ago may have been yesterday.
    await owner.execute("update budget_periods set period_start = date_trunc('day', now() - interval '2 hours', 'UTC')")
    fresh = await reserve(ours.db, call(ours.user_id))
    assert await settle_abandoned(db, timedelta(hours=1)) == 2
    assert await settle_abandoned(db, timedelta(hours=1)) == 0
    for one in dead:
        row = await owner.fetchrow("select state, error_kind, estimated, cost from usage_ledger where id = $1", one.id)
        assert tuple(row) == ("failed", "abandoned", True, DIME)
    assert await owner.fetchval("select state from usage_ledger where id = $1", fresh.id) == "reserved"
    spent = await owner.fetch("select budget_id, sum(spent) as spent from budget_periods group by 1")
    assert {row["budget_id"]: row["spent"] for row in spent} == dict.fromkeys(budgets, DIME)
