"""What happened in a time, as an admin reads it: roll-ups, an overview of them, and spend by the ledger."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from radiant.foundation.metrics import read_store as store
from radiant.foundation.metrics.figures import Figures
from radiant.foundation.metrics.rollup import period
from radiant.foundation.metrics.schemas import Group, GroupSums, Month, Overview, Point, Spend
from radiant.infra.db import Row, TenantDb, Tx
from radiant.kit.errors import Invalid
from radiant.kit.money import ZERO, nano

LONGEST = timedelta(days=366)
# A line of hours for so long a time, of days beyond it.
_HOURLY_UP_TO = timedelta(days=8)
_TOP = 20
_MOST_SPENT = 1000
_PACE = timedelta(days=7)
_LEAST_PACE = timedelta(hours=1)
Step = Literal["hourly", "daily"]
_OF_TYPE = {
    "api_request": {"total_requests", "error_count", "users_sketch"},
    "token_usage": {"input_tokens", "output_tokens"},
    "model_inference": {"latency_count", "latency_ms_sum", "latency_sketch"},
    "billing": {"total_cost"},
}
_NOTHING: Mapping[str, Any] = {
    "total_requests": 0, "error_count": 0, "input_tokens": 0, "output_tokens": 0, "total_cost": ZERO,
    "latency_count": 0, "latency_ms_sum": ZERO, "latency_sketch": None, "users_sketch": None,
}  # fmt: skip


def between(start: datetime | None, end: datetime | None, days: int, now: datetime) -> tuple[datetime, datetime]:
    """Two moments in UTC: as given, else the last `days`. Raises Invalid."""
    for name, at in (("start", start), ("end", end)):
        if at is not None and at.tzinfo is None:
            raise Invalid(f"{name}: with its zone, as 2026-11-26T20:00:00Z")
    last = (end or now).astimezone(UTC)
    try:
        first = start.astimezone(UTC) if start is not None else last - timedelta(days=days)
    except OverflowError as error:
        raise Invalid("start, end: within the years 1 to 9999") from error
    if not timedelta(0) < last - first <= LONGEST:
        raise Invalid(f"start, end: the end lies after the start, by {LONGEST.days} days at most")
    return first, last


def _take(figures: Figures, row: Row) -> None:
    """Add from a row what its type is for, so that nothing is counted once a type."""
    mine = _OF_TYPE[row["metric_type"]]
    figures.join({name: row[name] if name in mine else nothing for name, nothing in _NOTHING.items()})


async def overview(db: TenantDb, start: datetime, end: datetime) -> Overview:
    """A time at a glance. It is widened to whole hours or days; the time before is as long."""
    step: Step = "hourly" if end - start <= _HOURLY_UP_TO else "daily"
    first = period(step, start)[0]
    last = period(step, end - timedelta(microseconds=1))[1]
    async with db.tx() as tx:
        total, points = Figures(), dict[datetime, Figures]()
        async for row in store.parts(tx, step, first, last, "", [""]):
            _take(total, row)
            _take(points.setdefault(row["period_start"], Figures()), row)
        before = Figures()
        async for row in store.parts(tx, step, first - (last - first), first, "", [""]):
            _take(before, row)
        by_model = await _groups(tx, step, first, last, "model")
        by_user = await _groups(tx, step, first, last, "user")
    series: list[Point] = []
    at, length = first, period(step, first)[1] - first
    while at < last:
        series.append(Point(at=at, **points.get(at, Figures()).as_sums().model_dump()))
        at += length
    return Overview(
        start=first, end=last, step=step, total=total.as_sums(), before=before.as_sums(), series=series,
        by_model=by_model, by_user=by_user,
    )  # fmt: skip


async def _groups(tx: Tx, step: Step, start: datetime, end: datetime, dimension: Group) -> list[GroupSums]:
    names = await store.top(tx, step, start, end, dimension, _TOP)
    found = {group: Figures() for group in names}
    async for row in store.parts(tx, step, start, end, dimension, list(names)):
        _take(found[row["group"]], row)
    return [GroupSums(group=group, name=names[group], **found[group].as_sums().model_dump()) for group in names]


async def spend(db: TenantDb, start: datetime, end: datetime, group_by: Group | None, now: datetime) -> Spend:
    """What calls cost, by the ledger, and where this month leads."""
    async with db.tx() as tx:
        (whole,) = await store.spent(tx, start, end, None, 1) or [None]
        items = await store.spent(tx, start, end, group_by, _MOST_SPENT) if group_by else []
        month = await store.month(tx, now)
    return Spend(
        total=whole.cost if whole else ZERO, calls=whole.calls if whole else 0, items=items,
        month=Month(
            spent=month["spent"], start=month["start"], end=month["end"],
            forecast=forecast(now, month["end"], month["spent"], month["recent"], month["since"]),
        ),
    )  # fmt: skip


def forecast(now: datetime, end: datetime, spent: Decimal, recent: Decimal, since: datetime | None) -> Decimal:
    """What will have been spent by `end`, at the pace of the last seven days; of fewer where the first call of these
    days (`since`) is younger, of an hour at least."""
    if since is None:
        return spent
    # A call of the first of seven days is one of a workspace that worked all along, as far as one can tell.
    past = min(max(now - since, _LEAST_PACE), _PACE)
    return spent + nano(recent * Decimal((end - now).total_seconds()) / Decimal(past.total_seconds()))
