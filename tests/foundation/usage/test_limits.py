"""Rate limits: requests, tokens and calls at once, in windows, over processes."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from radiant.foundation.usage.bounds import RateLimited
from radiant.foundation.usage.meter import Meter, Ticket
from radiant.foundation.usage.schemas import Outcome
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from tests.foundation.usage.test_budgets import budget, call, cost, key_of, state
from tests.kit.people import Tenant

NOON = 1_800_000_000.0 - 1_800_000_000 % 86400 + 43200


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def meter(db: Database, tmp_path: Path, clock: Clock) -> AsyncIterator[Meter]:
    async with Meter(db, tmp_path / "journal", Changes.never(), clock=clock) as running:
        yield running


async def limit(owner: Any, tenant: Tenant, meter: str, allowed: int, period: str = "minute", **more: Any):
    """A limit of the tenant's, or of whom or what `scope`, `user_id`, `api_key_id`, `model` say."""
    return await owner.fetchval(
        "insert into rate_limits (tenant_id, scope, user_id, api_key_id, model, meter, period, allowed)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        tenant.id, more.get("scope", "tenant"), more.get("user_id"), more.get("api_key_id"), more.get("model"), meter,
        "now" if meter == "concurrency" else period, allowed,
    )  # fmt: skip


def used(tokens: int) -> Outcome:
    return Outcome(cost=Decimal(0), input_tokens=tokens, output_tokens=0)


async def test_requests_are_counted_and_the_headers_say_what_is_left(
    meter: Meter, clock: Clock, tenant: Tenant, owner: Any
) -> None:
    await limit(owner, tenant, "requests", 3)
    for left in (2, 1, 0):
        clock.now = NOON + 20
        ticket = await meter.admit(tenant.id, call(tenant.user_id))
        assert dict(ticket.headers) == {
            "x-ratelimit-limit-requests": "3",
            "x-ratelimit-remaining-requests": str(left),
            "x-ratelimit-reset-requests": "40s",
        }
        ticket.finish(used(1))
    clock.now = NOON + 48.5
    with pytest.raises(RateLimited, match="3 requests a minute; try again in 12 s") as refused:
        await meter.admit(tenant.id, call(tenant.user_id))
    assert refused.value.headers["Retry-After"] == "12"
    assert refused.value.headers["x-ratelimit-remaining-requests"] == "0"
    await meter.flush()
    assert await owner.fetchval("select count(*) from usage_ledger") == 3


async def test_the_next_minute_has_room_again(meter: Meter, clock: Clock, tenant: Tenant, owner: Any) -> None:
    await limit(owner, tenant, "requests", 2)
    for minute in range(3):
        clock.now = NOON + 60 * minute + 30
        for _ in range(2):
            (await meter.admit(tenant.id, call(tenant.user_id))).finish(used(1))
        with pytest.raises(RateLimited):
            await meter.admit(tenant.id, call(tenant.user_id))
    clock.now = NOON + 60 * 3
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(used(1))


async def test_tokens_are_taken_as_estimated_and_put_right_at_the_end(meter: Meter, tenant: Tenant, owner: Any) -> None:
    await limit(owner, tenant, "tokens", 1000)
    first = await meter.admit(tenant.id, call(tenant.user_id, tokens=900))
    assert first.headers["x-ratelimit-remaining-tokens"] == "100"
    with pytest.raises(RateLimited):
        await meter.admit(tenant.id, call(tenant.user_id, tokens=200))
    first.finish(used(300))
    second = await meter.admit(tenant.id, call(tenant.user_id, tokens=700))
    second.finish(used(700))
    with pytest.raises(RateLimited):
        await meter.admit(tenant.id, call(tenant.user_id, tokens=1))


async def test_tokens_beyond_the_estimate_are_counted_for_every_process(
    db: Database, tmp_path: Path, clock: Clock, tenant: Tenant, owner: Any
) -> None:
    await limit(owner, tenant, "tokens", 1000)
    async with (
        Meter(db, tmp_path, Changes.never(), clock=clock) as one,
        Meter(db, tmp_path, Changes.never(), clock=clock) as two,
    ):
        (await one.admit(tenant.id, call(tenant.user_id, tokens=10))).finish(used(1000))
        async with asyncio.timeout(5):
            while await owner.fetchval("select max(used) from rate_limit_windows") < 1000:
                await asyncio.sleep(0.05)
        with pytest.raises(RateLimited):
            await two.admit(tenant.id, call(tenant.user_id, tokens=10))


async def test_a_call_larger_than_the_limit_is_told_so(meter: Meter, tenant: Tenant, owner: Any) -> None:
    await limit(owner, tenant, "tokens", 100)
    with pytest.raises(RateLimited, match="this call asks for 500"):
        await meter.admit(tenant.id, call(tenant.user_id, tokens=500))


async def test_calls_at_once_are_bounded_and_an_end_makes_room(meter: Meter, tenant: Tenant, owner: Any) -> None:
    await limit(owner, tenant, "concurrency", 5)
    results = await asyncio.gather(
        *(meter.admit(tenant.id, call(tenant.user_id)) for _ in range(64)), return_exceptions=True
    )
    tickets = [result for result in results if isinstance(result, Ticket)]
    assert len(tickets) == 5
    refused = [result for result in results if isinstance(result, RateLimited)]
    assert len(refused) == 59
    assert refused[0].headers["Retry-After"] == "1"
    tickets[0].finish(used(1))
    another = await meter.admit(tenant.id, call(tenant.user_id))
    for ticket in [*tickets[1:], another]:
        ticket.finish(used(1))


@pytest.mark.parametrize("kind", ["requests", "concurrency"])
async def test_three_processes_together_keep_to_the_limit(
    db: Database, tmp_path: Path, clock: Clock, tenant: Tenant, owner: Any, kind: str
) -> None:
    await limit(owner, tenant, kind, 10)
    async with (
        Meter(db, tmp_path, Changes.never(), clock=clock) as one,
        Meter(db, tmp_path, Changes.never(), clock=clock) as two,
        Meter(db, tmp_path, Changes.never(), clock=clock) as three,
    ):
        results = await asyncio.gather(
            *((one, two, three)[number % 3].admit(tenant.id, call(tenant.user_id)) for number in range(64)),
            return_exceptions=True,
        )
        tickets = [result for result in results if isinstance(result, Ticket)]
        assert len(tickets) == 10
        assert all(isinstance(result, Ticket | RateLimited) for result in results)
        for ticket in tickets:
            ticket.finish(used(1))
    held = await owner.fetchval("select coalesce(sum(slots), 0) from rate_limit_holders")
    assert held == 0


async def test_slots_of_a_process_that_died_are_free_when_they_expire(meter: Meter, tenant: Tenant, owner: Any) -> None:
    limit_id = await limit(owner, tenant, "concurrency", 1)
    await owner.execute(
        "insert into rate_limit_holders (tenant_id, rate_limit_id, holder, slots, expires_at)"
        " values ($1, $2, 'dead', 1, now() + interval '1 second')",
        tenant.id, limit_id,
    )  # fmt: skip
    with pytest.raises(RateLimited):
        await meter.admit(tenant.id, call(tenant.user_id))
    await asyncio.sleep(1.2)
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(used(1))


async def test_a_limit_binds_whom_it_names(meter: Meter, tenant: Tenant, owner: Any) -> None:
    key_id = await key_of(owner, tenant)
    await limit(owner, tenant, "requests", 1, scope="api_key", api_key_id=key_id)
    await limit(owner, tenant, "requests", 1, scope="user", user_id=tenant.other_user_id, model="gpt-4o")
    await limit(owner, tenant, "requests", 1, scope="model", model="o3")
    bound = [
        call(tenant.user_id, api_key_id=key_id),
        call(tenant.other_user_id),
        call(tenant.user_id, model="o3"),
    ]
    for new in bound:
        (await meter.admit(tenant.id, new)).finish(used(1))
        with pytest.raises(RateLimited):
            await meter.admit(tenant.id, new)
    for free in (call(tenant.user_id), call(tenant.other_user_id, model="gpt-4.1")):
        for _ in range(3):
            (await meter.admit(tenant.id, free)).finish(used(1))


async def test_a_call_that_a_limit_refuses_takes_nothing_of_a_budget(meter: Meter, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "10")
    await limit(owner, tenant, "requests", 0)
    with pytest.raises(RateLimited):
        await meter.admit(tenant.id, call(tenant.user_id))
    assert await state(owner, budget_id) == (0, 0)


async def test_limits_of_another_tenant_bind_nobody_here(
    meter: Meter, two_tenants: tuple[Tenant, Tenant], owner: Any
) -> None:
    ours, theirs = two_tenants
    await limit(owner, theirs, "requests", 0)
    (await meter.admit(ours.id, call(ours.user_id))).finish(cost(0))
