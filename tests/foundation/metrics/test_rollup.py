"""Roll-ups against brute force: late, repeated and corrected events, in whatever batches they come."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from radiant.foundation.metrics import rollup
from radiant.foundation.metrics.ingest import Ingest
from radiant.foundation.metrics.rollup import period, roll_up
from radiant.infra.db import Database
from tests.foundation.metrics.kit import NOW, body, event, rows
from tests.kit.people import Tenant, insert_tenant, insert_user

PERIODS = ("hourly", "daily", "weekly", "monthly")
KINDS = [
    ("api_request", "requests"), ("token_usage", "input_tokens"), ("token_usage", "output_tokens"),
    ("model_inference", "latency_ms"), ("billing", "cost"), ("billing", "other"),
]  # fmt: skip


@st.composite
def _events(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 60))):
        type_, name = draw(st.sampled_from(KINDS))
        value: Any
        if name == "latency_ms":
            value = draw(st.floats(0.01, 900_000).map(lambda number: round(number, 3)))
        elif name == "cost":
            value = str(Decimal(draw(st.integers(0, 10**12))).scaleb(-9))
        else:
            value = draw(st.integers(0, 5000))
        dimensions = {"model": draw(st.sampled_from(["a", "b"]))}
        if draw(st.booleans()):
            dimensions |= {"error": "timeout"}
        at = NOW - timedelta(minutes=draw(st.integers(0, 6 * 24 * 60)))
        found.append(event(name, value, type_=type_, dimensions=dimensions, recorded_at=at))
        found[-1]["person"] = draw(st.integers(0, 3))
    return found


class BruteForce:
    """Everything anew from all events."""

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self.events = list(events)

    def of(self, period_type: Any, dimension: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
        sums: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
        for one in self.events:
            if one["metric_name"] == "other":
                continue
            value = {"": "", "model": one["dimensions"]["model"], "user": one.get("user_id")}[dimension]
            if value is not None:
                start = period(period_type, one["recorded_at"])[0]
                sums[one["metric_type"], UUID(value) if dimension == "user" else value, start].append(one)
        return sums

    def check(self, period_type: str, dimension: str, found: dict[tuple[Any, ...], dict[str, Any]]) -> None:
        expected = self.of(period_type, dimension)
        assert set(found) == set(expected)
        for key, events in expected.items():
            row, named = found[key], _named(events)
            assert row["total_cost"] == sum(map(Decimal, named("cost")), Decimal(0))
            assert (row["input_tokens"], row["output_tokens"]) == (
                sum(named("input_tokens")), sum(named("output_tokens")),
            )  # fmt: skip
            assert row["total_tokens"] == row["input_tokens"] + row["output_tokens"]
            assert row["error_count"] == sum(
                one["value"] for one in events if one["metric_name"] == "requests" and "error" in one["dimensions"]
            )
            everybody = [one for one in self.events if one["metric_type"] == key[0] and one.get("user_id")
                         and one["metric_name"] != "other"]  # fmt: skip
            there = {one["user_id"] for one in everybody if period(period_type, one["recorded_at"])[0] == key[2]
                     and (dimension != "model" or one["dimensions"]["model"] == key[1])
                     and (dimension != "user" or one["user_id"] == str(key[1]))}  # fmt: skip
            assert row["unique_users"] == len(there)
            latencies = sorted(named("latency_ms"))
            assert row["latency_count"] == len(latencies)
            for column, q in (("p50_latency_ms", 0.5), ("p95_latency_ms", 0.95), ("p99_latency_ms", 0.99)):
                if latencies:
                    exact = latencies[max(0, math.ceil(q * len(latencies)) - 1)]
                    assert float(row[column]) == pytest.approx(exact, rel=0.0101, abs=0.001)
                else:
                    assert row[column] is None


def _named(events: list[dict[str, Any]]) -> Callable[[str], list[Any]]:
    return lambda name: [one["value"] for one in events if one["metric_name"] == name]


async def _tenant_of_four(owner: Any, db: Database) -> tuple[Any, list[str | None]]:
    tenant_id = await insert_tenant(owner)
    people = [str(await insert_user(owner, tenant_id)) for _ in range(3)]
    return db.tenant(tenant_id), [*people, None]


@settings(
    max_examples=20, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(events=_events(), size=st.integers(1, 30), again=st.randoms(use_true_random=False))
async def test_f12_3_roll_ups_are_what_brute_force_finds_whatever_comes_late_or_twice(
    owner: Any, db: Database, events: list[dict[str, Any]], size: int, again: Any
) -> None:
    tenant, people = await _tenant_of_four(owner, db)
    for one in events:
        if (person := people[one.pop("person")]) is not None:
            one["user_id"] = person
    ingest = Ingest()
    again.shuffle(events)
    for begin in range(0, len(events), size):
        # Each batch says again something that was said before.
        batch = [*events[begin : begin + size], again.choice(events[: begin + size])]
        received = await ingest.receive(tenant, body(batch))
        assert received.refused == []
        await roll_up(db)
    brute = BruteForce(events)
    for period_type in PERIODS:
        for dimension in ("", "model", "user"):
            brute.check(period_type, dimension, await rows(tenant, period_type, dimension))


async def _sent(tenant: Tenant, *events: dict[str, Any]) -> None:
    assert (await Ingest().receive(tenant.db, body(events))).accepted == len(events)


async def test_f12_3_a_rerun_changes_nothing(owner: Any, db: Database, tenant: Tenant) -> None:
    await _sent(tenant, event("latency_ms", 12, type_="model_inference"), event("cost", "0.000000001"))
    await roll_up(db)
    before = await owner.fetch("select * from aggregated_metrics order by id")
    await owner.execute(
        "insert into aggregated_metrics_due (tenant_id, hour) select tenant_id, period_start from aggregated_metrics"
        " where period_type = 'hourly'"
    )
    assert await roll_up(db) == 1
    assert await owner.fetch("select * from aggregated_metrics order by id") == before


async def test_f12_3_what_came_while_nobody_rolled_up_is_rolled_up_later(
    owner: Any, db: Database, tenant: Tenant
) -> None:
    await _sent(tenant, *(event(recorded_at=NOW - timedelta(hours=hours)) for hours in range(0, 140, 7)))
    assert await rows(tenant.db) == {}
    assert await roll_up(db) == 20
    assert len(await rows(tenant.db)) == 20
    assert await owner.fetchval("select count(*) from aggregated_metrics_due") == 0


async def test_a_roll_up_ends_under_any_load(owner: Any, db: Database, tenant: Tenant) -> None:
    """What is marked while it works is for the next one."""
    await _sent(tenant, event())
    await owner.execute("update aggregated_metrics_due set noted_at = now() + interval '1 second'")
    assert await roll_up(db) == 0
    await owner.execute("update aggregated_metrics_due set noted_at = now()")
    assert await roll_up(db) == 1


def test_f12_8_periods_are_utc_and_weeks_are_iso_weeks() -> None:
    at = datetime(2027, 1, 1, 13, 45, 9, tzinfo=UTC)
    assert period("hourly", at) == (at.replace(minute=0, second=0), at.replace(hour=14, minute=0, second=0))
    assert period("daily", at) == (datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC))
    assert period("weekly", at) == (datetime(2026, 12, 28, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC))
    assert period("weekly", at)[0].isocalendar()[:2] == (2026, 53)
    assert period("monthly", at) == (datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))


async def test_f12_8_an_event_with_a_zone_of_its_own_is_in_its_utc_hour(db: Database, tenant: Tenant) -> None:
    at = (NOW - timedelta(days=1)).replace(hour=23, minute=30)
    await _sent(tenant, event(recorded_at=(at + timedelta(hours=2)).isoformat().replace("+00:00", "+02:00")))
    await roll_up(db)
    assert [key[2] for key in await rows(tenant.db)] == [period("hourly", at)[0]]


async def test_a_tenant_whose_hour_cannot_be_rolled_up_keeps_nobody_waiting(
    owner: Any, db: Database, two_tenants: tuple[Tenant, Tenant]
) -> None:
    for tenant in two_tenants:
        await _sent(tenant, event())
    await owner.execute(
        f"alter table aggregated_metrics add constraint unlucky check (tenant_id <> '{two_tenants[0].id}')"
    )
    try:
        assert await roll_up(db) == 1
    finally:
        await owner.execute("alter table aggregated_metrics drop constraint unlucky")
    assert await rows(two_tenants[0].db) == {}
    assert len(await rows(two_tenants[1].db)) == 1
    assert await roll_up(db) == 1, "its mark is still there"


async def test_values_past_the_most_that_an_hour_keeps_stand_together(
    db: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "MOST_VALUES", 2)
    people = [tenant.user_id, tenant.other_user_id]
    named = ["a", "a", "b", "b", "c", "d"]
    await _sent(
        tenant,
        *(
            event(dimensions={"model": name}, user_id=str(people[place % 2]))
            for place, name in enumerate(named)
        ),
    )  # fmt: skip
    await roll_up(db)
    found = {key[1]: row for key, row in (await rows(tenant.db, dimension="model")).items()}
    assert {name: row["total_cost"] for name, row in found.items()} == {"a": 2, "b": 2, "(other)": 2}
    assert {name: row["unique_users"] for name, row in found.items()} == {"a": 2, "b": 2, "(other)": 2}


async def test_a_call_of_nobody_is_counted_without_a_person(db: Database, tenant: Tenant) -> None:
    await _sent(tenant, event())
    await roll_up(db)
    (row,) = (await rows(tenant.db)).values()
    assert (row["unique_users"], row["total_requests"]) == (0, 1)
