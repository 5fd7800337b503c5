"""Budgets: no overshoot, nothing leaks, whoever calls at once and in however many processes."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from radiant.foundation.usage import meter as meter_module
from radiant.foundation.usage.bounds import BudgetExceeded
from radiant.foundation.usage.meter import Meter, Ticket
from radiant.foundation.usage.schemas import NewCall, Outcome
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from radiant.kit.ids import ApiKeyId, UserId, uuid7
from tests.kit.people import Tenant

DIME = Decimal("0.10")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NANO = Decimal("0.000000001")


class Clock:
    """The real time, moved on by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return datetime.now(UTC).timestamp() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def meter(db: Database, tmp_path: Path, clock: Clock) -> AsyncIterator[Meter]:
    async with Meter(db, tmp_path / "journal", Changes.never(), clock=clock) as running:
        yield running


async def budget(owner: Any, tenant: Tenant, amount: str, scope: str = "tenant", period: str = "day", **more: Any):
    """A budget of that tenant; `user_id`, `api_key_id` or `model` for the narrower scopes."""
    return await owner.fetchval(
        "insert into budgets (tenant_id, scope, user_id, api_key_id, model, period, amount, warn_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        tenant.id, scope, more.get("user_id"), more.get("api_key_id"), more.get("model"), period, Decimal(amount),
        more.get("warn_at"),
    )  # fmt: skip


async def key_of(owner: Any, tenant: Tenant, number: int = 1) -> ApiKeyId:
    """An API key of the tenant's first person."""
    key_id = ApiKeyId(uuid7())
    await owner.execute(
        "insert into api_keys (id, tenant_id, user_id, name, prefix, secret_hash, scopes)"
        " values ($1, $2, $3, 'k', $4, $5, '{inference}')",
        key_id, tenant.id, tenant.user_id, f"rad_{number}", bytes([number]) * 32,
    )  # fmt: skip
    return key_id


async def state(owner: Any, budget_id: UUID) -> tuple[Decimal, Decimal]:
    """(spent, reserved) of its only period."""
    rows = await owner.fetch("select spent, reserved from budget_periods where budget_id = $1", budget_id)
    assert len(rows) <= 1
    return (rows[0]["spent"], rows[0]["reserved"]) if rows else (Decimal(0), Decimal(0))


async def leased(owner: Any, budget_id: UUID) -> Decimal:
    """What all processes hold of it."""
    return await owner.fetchval("select coalesce(sum(amount), 0) from budget_leases where budget_id = $1", budget_id)


def call(user_id: UserId, amount: Decimal = DIME, **more: Any) -> NewCall:
    return NewCall(user_id=user_id, provider="openai", model=more.pop("model", "gpt-4o"), reserved=amount, **more)


def cost(amount: str | Decimal, **more: Any) -> Outcome:
    return Outcome(cost=Decimal(amount), input_tokens=10, output_tokens=5, **more)


async def try_all(meter: Meter, tenant: Tenant, calls: Sequence[NewCall]) -> list[Ticket]:
    """Admit all at once; those that were let in."""
    results = await asyncio.gather(*(meter.admit(tenant.id, new) for new in calls), return_exceptions=True)
    admitted = [result for result in results if isinstance(result, Ticket)]
    refused = [result for result in results if isinstance(result, BudgetExceeded)]
    assert len(admitted) + len(refused) == len(calls), results
    return admitted


async def test_sixty_four_callers_at_once_never_overshoot(meter: Meter, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "1.05")
    admitted = await try_all(meter, tenant, [call(tenant.user_id)] * 64)
    assert len(admitted) == 10
    await meter.flush()
    assert await owner.fetchval("select count(*) from usage_ledger") == 10, "a refused call leaves no row"
    for ticket in admitted:
        ticket.finish(cost(DIME))
    await meter.flush()
    assert (await state(owner, budget_id))[0] == Decimal("1.00")


async def test_callers_under_several_budgets_at_once_never_overshoot_any_and_never_deadlock(
    meter: Meter, tenant: Tenant, owner: Any
) -> None:
    whole = await budget(owner, tenant, "2.00")
    month = await budget(owner, tenant, "1.50", period="month")
    first = await budget(owner, tenant, "0.70", "user", user_id=tenant.user_id)
    second = await budget(owner, tenant, "0.40", "user", period="total", user_id=tenant.other_user_id)
    calls = [call(tenant.user_id)] * 32 + [call(tenant.other_user_id)] * 32
    random.Random(11).shuffle(calls)
    admitted = await try_all(meter, tenant, calls)
    assert len(admitted) == 11
    for ticket in admitted:
        ticket.finish(cost(DIME))
    await meter.flush()
    states = [await state(owner, one) for one in (whole, month, first, second)]
    assert [spent for spent, _ in states] == [Decimal(n) for n in ("1.1", "1.1", "0.7", "0.4")]


async def test_what_is_reserved_is_what_processes_hold_and_goes_back_when_they_close(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Looked at on a busy machine, a share might be idle for long enough.
    monkeypatch.setattr(meter_module, "_IDLE_SECONDS", 600.0)
    budget_id = await budget(owner, tenant, "10")
    async with Meter(db, tmp_path, Changes.never()) as meter:
        ticket = await meter.admit(tenant.id, call(tenant.user_id))
        spent, reserved = await state(owner, budget_id)
        assert spent == 0
        assert DIME <= reserved <= 2
        assert await leased(owner, budget_id) == reserved
        ticket.finish(cost("0.03"))
        await meter.flush()
        spent, reserved_then = await state(owner, budget_id)
        assert (spent, reserved_then) == (Decimal("0.03"), reserved - Decimal("0.03"))
    assert await state(owner, budget_id) == (Decimal("0.03"), 0)
    assert list(tmp_path.iterdir()) == []
    assert await owner.fetchval("select count(*) from usage_journals") == 0


async def test_an_idle_process_gives_back_what_it_holds(meter: Meter, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "10")
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.03"))
    async with asyncio.timeout(5):
        while (await state(owner, budget_id)) != (Decimal("0.03"), 0):
            await asyncio.sleep(0.05)
    assert await leased(owner, budget_id) == 0


async def test_settling_gives_back_what_was_not_spent_and_makes_room(meter: Meter, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "0.10")
    first = await meter.admit(tenant.id, call(tenant.user_id))
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id, Decimal("0.01")))
    first.finish(cost("0.02"))
    await meter.flush()
    assert (await state(owner, budget_id))[0] == Decimal("0.02")
    second = await meter.admit(tenant.id, call(tenant.user_id, Decimal("0.08")))
    with pytest.raises(BudgetExceeded, match=r"\$0\.000000001"):
        await meter.admit(tenant.id, call(tenant.user_id, NANO))
    second.finish(cost("0.08"))


async def test_a_failed_call_gives_everything_back_and_is_kept_as_failed(
    meter: Meter, tenant: Tenant, owner: Any
) -> None:
    budget_id = await budget(owner, tenant, "0.10")
    ticket = await meter.admit(tenant.id, call(tenant.user_id))
    ticket.finish(Outcome(cost=Decimal(0), input_tokens=0, output_tokens=0, error_kind="no"))
    await meter.flush()
    assert (await state(owner, budget_id))[0] == 0
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost(0))
    row = await owner.fetchrow("select state, ended, error_kind, cost from usage_ledger where id = $1", ticket.id)
    assert tuple(row) == ("failed", "failed", "no", 0)


async def test_a_ticket_is_finished_once(meter: Meter, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "1")
    ticket = await meter.admit(tenant.id, call(tenant.user_id))
    for _ in range(3):
        ticket.finish(cost("0.03"))
    ticket.finish(cost("0.09"))
    await meter.flush()
    assert (await state(owner, budget_id))[0] == Decimal("0.03")
    assert await owner.fetchval("select cost from usage_ledger where id = $1", ticket.id) == Decimal("0.03")


async def test_a_call_that_cost_more_than_its_estimate_is_counted_in_full(
    meter: Meter, tenant: Tenant, owner: Any
) -> None:
    budget_id = await budget(owner, tenant, "0.10")
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.15"))
    await meter.flush()
    assert await state(owner, budget_id) == (Decimal("0.15"), 0)
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id, NANO))


async def test_after_a_call_dearer_than_its_estimate_the_rest_can_be_spent_to_the_last_cent(
    meter: Meter, tenant: Tenant, owner: Any
) -> None:
    budget_id = await budget(owner, tenant, "1.00")
    for _ in range(3):
        (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.25"))
        await meter.flush()
    (await meter.admit(tenant.id, call(tenant.user_id, Decimal("0.25")))).finish(cost("0.25"))
    await meter.flush()
    assert (await state(owner, budget_id))[0] == 1
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id, NANO))


@pytest.mark.parametrize(("period", "days"), [("day", 1), ("month", 31)])
async def test_the_next_period_has_room_again(
    meter: Meter, clock: Clock, tenant: Tenant, owner: Any, period: str, days: int
) -> None:
    budget_id = await budget(owner, tenant, "0.10", period=period)
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.10"))
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id))
    clock.ahead = days * 86400
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.04"))
    await meter.flush()
    rows = await owner.fetch(
        "select period_start, spent from budget_periods where budget_id = $1 order by period_start", budget_id
    )
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert rows[0]["period_start"] == (now if period == "day" else now.replace(day=1))
    assert [row["spent"] for row in rows] == [Decimal("0.10"), Decimal("0.04")]


async def test_a_total_has_one_period_for_ever(meter: Meter, clock: Clock, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "0.10", period="total")
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.10"))
    clock.ahead = 400 * 86400
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id))
    await meter.flush()
    assert await owner.fetchval("select period_start from budget_periods where budget_id = $1", budget_id) == EPOCH


async def test_what_was_admitted_before_midnight_is_charged_to_its_own_day(
    meter: Meter, clock: Clock, tenant: Tenant, owner: Any
) -> None:
    await budget(owner, tenant, "0.20")
    late = await meter.admit(tenant.id, call(tenant.user_id))
    clock.ahead = 86400
    early = await meter.admit(tenant.id, call(tenant.user_id))
    late.finish(cost("0.07"))
    early.finish(cost("0.01"))
    await meter.flush()
    rows = await owner.fetch("select spent from budget_periods order by period_start")
    assert [row["spent"] for row in rows] == [Decimal("0.07"), Decimal("0.01")]


async def test_a_budget_made_during_a_call_is_not_charged_for_it(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    changes = Changes.never()
    async with Meter(db, tmp_path, changes) as meter:
        before = await meter.admit(tenant.id, call(tenant.user_id))
        budget_id = await budget(owner, tenant, "0.10")
        changes._heard(f"budgets {tenant.id}")
        after = await meter.admit(tenant.id, call(tenant.user_id))
        before.finish(cost("0.10"))
        await meter.flush()
        assert await state(owner, budget_id) == (0, DIME)
        with pytest.raises(BudgetExceeded):
            await meter.admit(tenant.id, call(tenant.user_id))
        after.finish(cost("0.10"))


async def test_a_budget_that_is_raised_lowered_or_deleted_holds_from_the_next_call_on(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    changes = Changes.never()
    budget_id = await budget(owner, tenant, "0.10")
    async with Meter(db, tmp_path, changes) as meter:
        (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.10"))
        with pytest.raises(BudgetExceeded):
            await meter.admit(tenant.id, call(tenant.user_id))
        await owner.execute("update budgets set amount = 0.30")
        changes._heard(f"budgets {tenant.id}")
        (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.10"))
        await owner.execute("update budgets set amount = 0.20")
        changes._heard(f"budgets {tenant.id}")
        await meter.flush()
        await asyncio.sleep(0.6)
        with pytest.raises(BudgetExceeded):
            await meter.admit(tenant.id, call(tenant.user_id))
        await owner.execute("delete from budgets where id = $1", budget_id)
        # Not told: the next draw finds out.
        await asyncio.sleep(0.6)
        (await meter.admit(tenant.id, call(tenant.user_id, Decimal(5)))).finish(cost("5"))


async def test_a_persons_budget_bounds_that_person_alone(meter: Meter, tenant: Tenant, owner: Any) -> None:
    await budget(owner, tenant, "0.10", "user", user_id=tenant.user_id)
    mine = await meter.admit(tenant.id, call(tenant.user_id))
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id))
    (await meter.admit(tenant.id, call(tenant.other_user_id, Decimal(5)))).finish(cost(1))
    mine.finish(cost(0))


async def test_a_keys_budget_bounds_that_key_alone(meter: Meter, tenant: Tenant, owner: Any) -> None:
    keys = [await key_of(owner, tenant, number) for number in (1, 2)]
    await budget(owner, tenant, "0.10", "api_key", api_key_id=keys[0])
    (await meter.admit(tenant.id, call(tenant.user_id, api_key_id=keys[0]))).finish(cost("0.1"))
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id, api_key_id=keys[0]))
    (await meter.admit(tenant.id, call(tenant.user_id, api_key_id=keys[1]))).finish(cost(1))
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost(1))


async def test_a_models_budget_bounds_that_model_alone_also_for_one_person(
    meter: Meter, tenant: Tenant, owner: Any
) -> None:
    await budget(owner, tenant, "0.20", "model", model="gpt-4o")
    await budget(owner, tenant, "0.10", "user", user_id=tenant.user_id, model="gpt-4o")
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.1"))
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id))
    (await meter.admit(tenant.id, call(tenant.user_id, model="o3"))).finish(cost("1"))
    (await meter.admit(tenant.id, call(tenant.other_user_id))).finish(cost("0.1"))
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.other_user_id))


async def test_one_budget_without_room_takes_nothing_from_the_others(meter: Meter, tenant: Tenant, owner: Any) -> None:
    wide = await budget(owner, tenant, "100")
    await budget(owner, tenant, "0.05", "user", user_id=tenant.user_id)
    with pytest.raises(BudgetExceeded):
        await meter.admit(tenant.id, call(tenant.user_id))
    async with asyncio.timeout(5):
        while (await state(owner, wide)) != (0, 0):
            await asyncio.sleep(0.05)


async def test_a_budget_that_is_switched_off_bounds_nothing_and_zero_lets_nothing_through(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    changes = Changes.never()
    budget_id = await budget(owner, tenant, "0")
    async with Meter(db, tmp_path, changes) as meter:
        with pytest.raises(BudgetExceeded):
            await meter.admit(tenant.id, call(tenant.user_id))
        await owner.execute("update budgets set is_active = false where id = $1", budget_id)
        changes._heard(f"budgets {tenant.id}")
        (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost(1))


async def test_budgets_of_another_tenant_are_neither_asked_nor_touched(
    meter: Meter, two_tenants: tuple[Tenant, Tenant], owner: Any
) -> None:
    ours, theirs = two_tenants
    their_budget = await budget(owner, theirs, "0.10")
    (await meter.admit(ours.id, call(ours.user_id, Decimal(7)))).finish(cost("3"))
    await meter.flush()
    assert await state(owner, their_budget) == (0, 0)
    assert await owner.fetchval("select tenant_id from usage_ledger") == ours.id


async def test_what_costs_nothing_passes_a_budget_that_is_used_up(meter: Meter, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "0")
    free = await meter.admit(tenant.id, call(tenant.user_id, Decimal(0)))
    free.finish(cost("0"))
    await meter.flush()
    assert await state(owner, budget_id) == (0, 0)
    assert await owner.fetchval("select state from usage_ledger where id = $1", free.id) == "settled"


async def test_a_warning_is_in_the_headers_and_once_a_period_in_the_trail(
    meter: Meter, tenant: Tenant, owner: Any
) -> None:
    budget_id = await budget(owner, tenant, "1.00", warn_at=Decimal("0.5"))
    first = await meter.admit(tenant.id, call(tenant.user_id, Decimal("0.40")))
    assert first.headers["x-radiant-budget-remaining"] == "0.6"
    assert "x-radiant-warning" not in first.headers
    first.finish(cost("0.40"))
    for _ in range(3):
        ticket = await meter.admit(tenant.id, call(tenant.user_id))
        assert "of the budget of the workspace, $1 a day" in ticket.headers["x-radiant-warning"]
        ticket.finish(cost("0.10"))
        await meter.flush()
    rows = await owner.fetch("select payload from outbox where topic = 'audit'")
    assert len(rows) == 1
    assert str(budget_id) in rows[0]["payload"]
    assert "budget.warned" in rows[0]["payload"]


async def test_sixty_four_callers_over_three_processes_never_overshoot_and_spend_the_last_cent(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    budget_id = await budget(owner, tenant, "1.05")
    async with (
        Meter(db, tmp_path, Changes.never()) as one,
        Meter(db, tmp_path, Changes.never()) as two,
        Meter(db, tmp_path, Changes.never()) as three,
    ):
        meters = [one, two, three]
        tickets = await asyncio.gather(
            *(try_all(meters[number % 3], tenant, [call(tenant.user_id)]) for number in range(64))
        )
        admitted = [ticket for some in tickets for ticket in some]
        assert len(admitted) == 10
        for ticket in admitted:
            ticket.finish(cost(DIME))
        for meter in meters:
            await meter.flush()
    assert await state(owner, budget_id) == (1, 0)


async def test_what_one_process_holds_idle_another_gets_within_two_seconds(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    await budget(owner, tenant, "1.00")
    async with (
        Meter(db, tmp_path, Changes.never()) as one,
        Meter(db, tmp_path, Changes.never()) as two,
    ):
        (await one.admit(tenant.id, call(tenant.user_id, Decimal("0.01")))).finish(cost("0.01"))
        rest = call(tenant.user_id, Decimal("0.99"))
        began = asyncio.get_running_loop().time()
        ticket = None
        while ticket is None:
            try:
                ticket = await two.admit(tenant.id, rest)
            except BudgetExceeded:
                await asyncio.sleep(0.05)
        assert asyncio.get_running_loop().time() - began < 2.5
        ticket.finish(cost("0.99"))
