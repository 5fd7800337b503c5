"""Budgets, limits and calls over HTTP: who may see and change what."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from radiant.foundation.usage.bounds_service import used_up_at
from radiant.foundation.usage.schemas import NewCall, Outcome
from tests.kit.fixtures import Callers
from tests.kit.server import Server


async def spend(server: Server, callers: Callers, amount: str, **more: Any) -> str:
    """A call of our member's that cost so much."""
    new = NewCall(
        user_id=more.pop("user_id", callers.member_id), provider="openai", model=more.pop("model", "gpt-4o"),
        reserved=Decimal(amount), tags=more.pop("tags", {}),
    )  # fmt: skip
    ticket = await server.app.state.meter.admit(more.pop("tenant_id", callers.tenant.id), new)
    ticket.finish(Outcome(cost=Decimal(amount), input_tokens=10, output_tokens=5, **more))
    return str(ticket.id)


async def test_a_budget_is_made_seen_with_its_burn_down_changed_and_deleted(server: Server, callers: Callers) -> None:
    answer = await callers.owner.post("/api/budgets", {"period": "month", "amount": "10.00", "warn_at": "0.8"})
    assert answer.status == 201, answer.body
    made = answer.json()
    assert (made["amount"], made["spent"], made["remaining"], made["used_up_at"]) == ("10", "0", "10", None)
    await spend(server, callers, "2.5")
    await server.app.state.meter.flush()
    (seen,) = (await callers.member.get("/api/budgets")).json()["items"]
    assert (seen["id"], seen["spent"]) == (made["id"], "2.5")
    today = datetime.now(UTC).date().isoformat()
    assert seen["by_day"] == [{"day": today, "cost": "2.5"}]
    assert seen["period_start"] < today < seen["period_end"] or seen["period_start"].startswith(today)
    changed = await callers.owner.patch(f"/api/budgets/{made['id']}", {"amount": "2", "warn_at": None})
    assert (changed.json()["amount"], changed.json()["warn_at"]) == ("2", None)
    assert changed.json()["used_up_at"] is not None, "it is used up already"
    assert (await callers.owner.post("/api/budgets", {"period": "month", "amount": "1"})).status == 409
    assert (await callers.owner.delete(f"/api/budgets/{made['id']}")).status == 204
    assert (await callers.owner.delete(f"/api/budgets/{made['id']}")).status == 404
    trail = [row["action"] for row in await outbox(server)]
    assert [action for action in trail if action.startswith("budget.")] == [
        "budget.made", "budget.changed", "budget.deleted",
    ]  # fmt: skip


async def outbox(server: Server) -> list[dict[str, Any]]:
    """What went to the trail."""
    async with server.database.system("test").tx() as tx:
        rows = await tx.all("select payload from outbox where topic = 'audit' order by id")
    return [row["payload"] for row in rows]


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("/api/budgets", {"period": "day", "amount": "1"}),
        ("/api/limits", {"meter": "requests", "period": "minute", "amount": 5}),
    ],
)
async def test_an_admin_writes_a_member_sees_what_binds_them_and_another_tenant_nothing(
    callers: Callers, path: str, new: dict[str, Any]
) -> None:
    everybodys = (await callers.owner.post(path, new)).json()
    owners = (await callers.owner.post(path, new | {"scope": "user", "user_id": str(callers.owner_id)})).json()
    members = (await callers.owner.post(path, new | {"scope": "user", "user_id": str(callers.member_id)})).json()

    async def seen(client: Any) -> set[str]:
        return {one["id"] for one in (await client.get(path)).json()["items"]}

    assert await seen(callers.owner) == {everybodys["id"], owners["id"], members["id"]}
    assert await seen(callers.member) == {everybodys["id"], members["id"]}
    assert await seen(callers.viewer) == {everybodys["id"]}
    assert await seen(callers.foreign_owner) == set()
    for client, status in ((callers.member, 403), (callers.viewer, 403), (callers.foreign_owner, 404)):
        assert (await client.patch(f"{path}/{everybodys['id']}", {"is_active": False})).status == status
        assert (await client.delete(f"{path}/{everybodys['id']}")).status == status
    assert (await callers.member.post(path, new)).status == 403
    foreign = new | {"scope": "user", "user_id": str(callers.owner_id)}
    assert (await callers.foreign_owner.post(path, foreign)).status == 422, "a person of another tenant"


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/api/budgets", {"period": "year", "amount": "1"}),
        ("/api/budgets", {"period": "day", "amount": "-1"}),
        ("/api/budgets", {"period": "day", "amount": "1", "scope": "user"}),
        ("/api/budgets", {"period": "day", "amount": "1", "scope": "model"}),
        ("/api/budgets", {"period": "day", "amount": "1", "warn_at": "1.5"}),
        ("/api/budgets", {"period": "day", "amount": "1", "model": "a\0b"}),
        ("/api/limits", {"meter": "concurrency", "period": "minute", "amount": 1}),
        ("/api/limits", {"meter": "tokens", "period": "now", "amount": 1}),
        ("/api/limits", {"meter": "tokens", "period": "day", "amount": 1, "period_": "day"}),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(callers: Callers, path: str, wrong: dict[str, Any]) -> None:
    answer = await callers.owner.post(path, wrong)
    assert answer.status == 422, answer.body


async def test_a_limit_is_made_used_changed_and_deleted(server: Server, callers: Callers) -> None:
    made = (await callers.owner.post("/api/limits", {"meter": "requests", "period": "day", "amount": 7})).json()
    assert (made["amount"], made["used"], made["scope"]) == (7, 0, "tenant")
    await spend(server, callers, "0")
    (seen,) = (await callers.member.get("/api/limits")).json()["items"]
    assert 1 <= seen["used"] <= 7
    changed = (await callers.owner.patch(f"/api/limits/{made['id']}", {"amount": 9})).json()
    assert changed["amount"] == 9
    assert (await callers.owner.delete(f"/api/limits/{made['id']}")).status == 204
    assert (await callers.owner.patch(f"/api/limits/{made['id']}", {"amount": 9})).status == 404


async def test_usage_counts_what_has_just_ended_and_is_filtered(server: Server, callers: Callers) -> None:
    await spend(server, callers, "0.5", tags={"team": "blue", "app": "x"})
    await spend(server, callers, "0.25", model="o3")
    await spend(server, callers, "0.125", user_id=callers.owner_id)

    async def total(client: Any, query: str = "") -> tuple[int, str]:
        found = (await client.get(f"/api/usage?days=2{query}")).json()["total"]
        return found["requests"], found["cost"]

    assert await total(callers.owner) == (3, "0.875")
    assert await total(callers.member) == (2, "0.75")
    assert await total(callers.owner, f"&user_id={callers.owner_id}") == (1, "0.125")
    assert await total(callers.owner, "&model=o3") == (1, "0.25")
    assert await total(callers.owner, "&tag=team:blue") == (1, "0.5")
    assert await total(callers.owner, "&tag=team:red") == (0, "0")
    assert await total(callers.foreign_owner) == (0, "0")
    assert (await callers.member.get(f"/api/usage?user_id={callers.owner_id}")).status == 403
    assert (await callers.owner.get("/api/usage?tag=nothing")).status == 422


async def test_calls_come_in_pages_newest_first_and_those_under_way_are_told(server: Server, callers: Callers) -> None:
    ids = [await spend(server, callers, "0.01") for _ in range(5)]
    failed = await spend(server, callers, "0", error_kind="upstream-timeout")
    live = await server.app.state.meter.admit(
        callers.tenant.id,
        NewCall(user_id=callers.member_id, provider="openai", model="o3", reserved=Decimal("0.3"), streamed=True),
    )
    found: list[str] = []
    path = "/api/usage/calls?limit=3"
    cursor: str | None = ""
    while cursor is not None:
        page = (await callers.member.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert found == [str(live.id), failed, *reversed(ids)]
    (now,) = (await callers.owner.get("/api/usage/calls?state=reserved")).json()["items"]
    assert (now["id"], now["cost"], now["reserved_cost"], now["streamed"]) == (str(live.id), None, "0.3", True)
    assert now["user_email"] is not None
    live.finish(Outcome(cost=Decimal("0.2"), input_tokens=1, output_tokens=1, stop_reason="cancelled"))
    assert (await callers.owner.get("/api/usage/calls?state=reserved")).json()["items"] == []
    (ended,) = (await callers.owner.get("/api/usage/calls?model=o3")).json()["items"]
    assert (ended["state"], ended["ended"], ended["cost"]) == ("settled", "cancelled", "0.2")
    (broken,) = (await callers.owner.get("/api/usage/calls?error_kind=upstream-timeout")).json()["items"]
    assert broken["id"] == failed
    assert (await callers.foreign_owner.get("/api/usage/calls")).json()["items"] == []
    other = await server.signed_in(callers.tenant.id, callers.owner_id)
    assert len((await other.get(f"/api/usage/calls?user_id={callers.owner_id}")).json()["items"]) == 0
    assert (await callers.viewer.get("/api/usage/calls")).json()["items"] == []
    assert (await callers.viewer.get(f"/api/usage/calls?user_id={callers.member_id}")).status == 403
    assert (await callers.owner.get("/api/usage/calls?cursor=x")).status == 422


def test_a_projection_goes_on_as_it_went_so_far() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    end, now = start + timedelta(days=30), start + timedelta(days=10)
    assert used_up_at(now, start, end, Decimal(20), Decimal(10), Decimal(0)) == start + timedelta(days=20)
    assert used_up_at(now, start, end, Decimal(40), Decimal(10), Decimal(0)) is None
    assert used_up_at(now, start, end, Decimal(10), Decimal(10), Decimal(0)) == now
    assert used_up_at(now, start, end, Decimal(10), Decimal(0), Decimal(0)) is None
    assert used_up_at(now, start, None, Decimal(100), Decimal(70), Decimal(30)) == now + timedelta(days=30)


async def test_sixty_four_callers_of_the_running_application_keep_to_a_budget(server: Server, callers: Callers) -> None:
    await callers.owner.post("/api/budgets", {"period": "day", "amount": "1.05"})
    results = await asyncio.gather(*(spend(server, callers, "0.1") for _ in range(64)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 10
