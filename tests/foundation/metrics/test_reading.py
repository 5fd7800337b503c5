"""Roll-ups, overview and spend over HTTP; the proof that they agree with the ledger."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from radiant.foundation.metrics.check import Difference, differences
from radiant.foundation.metrics.events import emit_due
from radiant.foundation.metrics.rollup import period, roll_up
from radiant.foundation.metrics.service import forecast
from radiant.infra.db import Database
from radiant.kit.clock import utc_now
from tests.foundation.metrics.kit import NOW, body, call, event
from tests.kit.fixtures import Callers

DAY = timedelta(days=1)


async def _rolled_up(database: Database) -> None:
    await emit_due(database)
    await roll_up(database)


async def _some_calls(owner: Any, callers: Callers) -> None:
    mine, theirs = callers.tenant.id, callers.other_tenant.id
    await call(owner, mine, callers.owner_id, cost=Decimal("1.5"), model="a", duration_ms=100)
    await call(owner, mine, callers.member_id, cost=Decimal("0.25"), model="b", duration_ms=900)
    await call(
        owner, mine, callers.member_id, cost=Decimal(0), model="b", state="failed", ended="failed",
        error_kind="upstream-down", duration_ms=None,
    )  # fmt: skip
    await call(owner, mine, callers.owner_id, cost=Decimal(4), model="a", created_at=NOW - 40 * DAY)
    await call(owner, theirs, callers.other_tenant.user_id, cost=Decimal(77), model="a")


async def test_an_overview_tells_of_a_time_and_of_the_one_before(owner: Any, callers: Callers, db: Database) -> None:
    await _some_calls(owner, callers)
    await _rolled_up(db)
    seen = (await callers.owner.get("/api/metrics/overview")).json()
    total = seen["total"]
    assert (total["total_cost"], total["total_requests"], total["error_count"]) == ("1.75", 3, 1)
    assert (total["total_tokens"], total["unique_users"]) == (45, 2)
    assert total["p50_latency_ms"] == pytest.approx(100, rel=0.01)
    assert total["p99_latency_ms"] == pytest.approx(900, rel=0.01)
    assert seen["before"]["total_cost"] == "4"
    assert (seen["step"], len(seen["series"])) == ("daily", 31)
    assert seen["series"][-1]["total_cost"] == "1.75"
    assert [(one["name"], one["total_cost"], one["error_count"]) for one in seen["by_model"]] == [
        ("a", "1.5", 0), ("b", "0.25", 1),
    ]  # fmt: skip
    assert [one["group"] for one in seen["by_user"]] == [str(callers.owner_id), str(callers.member_id)]
    assert "@" in seen["by_user"][0]["name"]
    hours = (await callers.owner.get("/api/metrics/overview", params={"start": (utc_now() - DAY).isoformat()})).json()
    assert (hours["step"], len(hours["series"])) == ("hourly", 25)
    assert hours["total"] == total
    nothing = (await callers.foreign_owner.get("/api/metrics/overview")).json()
    assert nothing["total"]["total_cost"] == "77"


async def test_aggregates_come_by_period_type_and_group_and_page_by_page(
    owner: Any, callers: Callers, db: Database
) -> None:
    await _some_calls(owner, callers)
    await _rolled_up(db)
    end = (NOW + 40 * DAY).isoformat()
    asked = {"period_type": "monthly", "start": (NOW - 80 * DAY).isoformat(), "end": end, "metric_type": "billing"}
    rows = (await callers.owner.get("/api/metrics/aggregated", params=asked)).json()["items"]
    assert [(row["period_start"][:10], row["total_cost"], row["group"]) for row in rows] == [
        ((NOW - 40 * DAY).replace(day=1).date().isoformat(), "4", None),
        (NOW.replace(day=1).date().isoformat(), "1.75", None),
    ]
    for group, expected in (
        ("model", {"a": "1.5", "b": "0.25"}),
        ("provider", {"openai": "1.75"}),
        ("user", {str(callers.owner_id): "1.5", str(callers.member_id): "0.25"}),
        ("key", {}),
    ):
        asked = {"period_type": "daily", "metric_type": "billing", "group_by": group, "end": (NOW + DAY).isoformat()}
        rows = (await callers.owner.get("/api/metrics/aggregated", params=asked)).json()["items"]
        assert {row["group"]: row["total_cost"] for row in rows} == expected
    asked = {"period_type": "hourly", "group_by": "model", "limit": 3, "end": (NOW + DAY).isoformat()}
    seen: list[Any] = []
    while True:
        page = (await callers.owner.get("/api/metrics/aggregated", params=asked)).json()
        seen += [(row["period_start"], row["metric_type"], row["group"]) for row in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    # Of the four types `a` has all, and so has `b`.
    assert len(seen) == len(set(seen)) == 8


async def test_spend_is_what_the_ledger_says_by_each_group(owner: Any, callers: Callers) -> None:
    await _some_calls(owner, callers)
    for group, expected in (
        ("model", [("a", 1, "1.5"), ("b", 2, "0.25")]),
        ("provider", [("openai", 3, "1.75")]),
        ("key", [("(no key)", 3, "1.75")]),
    ):
        seen = (await callers.owner.get("/api/metrics/spend", params={"group_by": group})).json()
        assert (seen["total"], seen["calls"]) == ("1.75", 3)
        assert [(one["group"], one["calls"], one["cost"]) for one in seen["items"]] == expected
    assert (await callers.owner.get("/api/metrics/spend")).json()["items"] == []
    month = seen["month"]
    assert month["start"][:10] == NOW.replace(day=1).date().isoformat()
    assert Decimal(month["forecast"]) >= Decimal(month["spent"]) >= Decimal("1.75")


def test_a_months_forecast_goes_on_at_the_pace_of_the_last_days() -> None:
    now, end = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    assert forecast(now, end, Decimal(30), Decimal(14), now - timedelta(days=7)) == 30 + 2 * 11
    assert forecast(now, end, Decimal(3), Decimal(3), now - timedelta(days=1)) == 3 + 3 * 11, "a day old"
    assert forecast(now, end, Decimal(1), Decimal(1), now) == 1 + 24 * 11, "not by a single call's second"
    assert forecast(now, end, Decimal(9), Decimal(0), None) == 9


@pytest.mark.parametrize(
    ("path", "asked", "says"),
    [
        ("overview", {"start": "2026-11-01T00:00:00"}, "zone"),
        ("overview", {"start": "2026-11-02T00:00:00Z", "end": "2026-11-01T00:00:00Z"}, "after the start"),
        ("overview", {"start": "2020-01-01T00:00:00Z"}, "366 days"),
        ("overview", {"end": "0001-01-01T00:00:00Z"}, "years"),
        ("spend", {"group_by": "weather"}, "group_by"),
        ("aggregated", {}, "period_type"),
        ("aggregated", {"period_type": "daily", "cursor": "x"}, "cursor"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(callers: Callers, path: str, asked: Any, says: str) -> None:
    answer = await callers.owner.get(f"/api/metrics/{path}", params=asked)
    assert answer.status == 422, answer.body
    assert says in answer.json()["detail"]


@pytest.mark.parametrize("path", ["overview", "spend", "aggregated?period_type=daily"])
async def test_figures_of_the_workspace_are_its_admins(callers: Callers, path: str) -> None:
    for client in (callers.member, callers.viewer):
        assert (await client.get(f"/api/metrics/{path}")).status == 403


async def _found(db: Database) -> list[Difference]:
    return [one async for one in differences(db, NOW, 30)]


async def test_the_check_proves_that_ledger_events_and_roll_ups_agree(
    owner: Any, callers: Callers, db: Database
) -> None:
    await _some_calls(owner, callers)
    sent = await callers.owner.send("POST", "/api/metrics/events", data=body([event("cost", "0.5")]))
    assert sent.status == 200
    assert await _found(db) == []
    hour = period("hourly", NOW)[0]
    await owner.execute("update usage_metrics set metric_value = metric_value + 0.000000001 where metric_name = 'cost'"
                        " and tenant_id = $1 and call_id is not null", callers.other_tenant.id)  # fmt: skip
    found = await _found(db)
    assert {(one.tenant_id, one.start, one.what) for one in found} == {
        (callers.other_tenant.id, hour, "ledger and events"), (callers.other_tenant.id, hour, "events and hours"),
    }  # fmt: skip
    assert (found[0].one, found[0].other) == ("1 calls, $77.000000000", "1 calls, $77.000000001")
    await owner.execute("update aggregated_metrics set total_cost = total_cost + 1 where period_type = 'daily'"
                        " and tenant_id = $1 and metric_type = 'billing'", callers.tenant.id)  # fmt: skip
    whats = {one.what for one in await _found(db) if one.tenant_id == callers.tenant.id}
    assert whats == {"hourly and daily", "daily and weekly", "daily and monthly"}


async def test_the_check_finds_a_call_without_events(owner: Any, callers: Callers, db: Database) -> None:
    id_ = await call(owner, callers.tenant.id, callers.owner_id)
    await owner.execute("delete from usage_metrics_due where $1 = any (calls)", id_)
    (found,) = await _found(db)
    assert (found.what, found.other) == ("ledger and events", "-")
