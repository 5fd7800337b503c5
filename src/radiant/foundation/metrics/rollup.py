"""Hours from events, days from hours, ISO weeks and months from days; all in UTC.

An hour with new events is marked in the transaction that brought them, and is computed anew from all of its events:
late ones are folded in, a second run changes nothing, and what was missed while nobody ran is still marked.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from radiant.foundation.metrics import rollup_store as store
from radiant.foundation.metrics.figures import LOG_GAMMA, Figures, Key
from radiant.foundation.metrics.schemas import PeriodType
from radiant.infra.db import Database, Row, Tx
from radiant.kit.ids import TenantId

log = structlog.get_logger()

# Of each dimension so many values an hour stand for themselves: what outsiders name is not bounded otherwise.
MOST_VALUES = 1000
_HOURS_AT_ONCE = 24
_ROWS_AT_ONCE = 200


def period(period_type: PeriodType, at: datetime) -> tuple[datetime, datetime]:
    """The beginning and the end of the period that holds a moment, which is in UTC."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    if period_type == "hourly":
        return hour, hour + timedelta(hours=1)
    if period_type == "daily":
        return day, day + timedelta(days=1)
    if period_type == "weekly":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


async def roll_up(database: Database) -> int:
    """Work off the hours that are marked now, so that it ends under any load; how many those were. A tenant whose
    hours cannot be rolled up keeps nobody else waiting."""
    total, failed = 0, list[UUID]()
    async with database.system("metrics roll-up").tx() as tx:
        until = await store.now(tx)
    while True:
        try:
            async with database.system("metrics roll-up").tx() as tx:
                due = await store.take_due(tx, until, failed, _HOURS_AT_ONCE) if await store.alone(tx) else None
                if due is None:
                    return total
                tenant_id, hours = due
                try:
                    await _roll_up(tx, tenant_id, hours)
                except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
                    failed.append(tenant_id)
                    log.error("metrics.not_rolled_up", tenant=str(tenant_id), exc_info=error)
                    raise
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            continue
        total += len(hours)


async def _roll_up(tx: Tx, tenant_id: TenantId, hours: list[datetime]) -> None:
    for hour in hours:
        await _hour(tx, tenant_id, hour)
    days = sorted({period("daily", hour)[0] for hour in hours})
    for day in days:
        await _longer(tx, tenant_id, "daily", "hourly", day)
    for period_type in ("weekly", "monthly"):
        for start in sorted({period(period_type, day)[0] for day in days}):
            await _longer(tx, tenant_id, period_type, "daily", start)


async def _hour(tx: Tx, tenant_id: TenantId, hour: datetime) -> None:
    found: dict[Key, Figures] = {}
    async for row in store.cells(tx, tenant_id, hour, LOG_GAMMA, MOST_VALUES):
        figures = found.setdefault(_key(row), Figures())
        figures.count(
            row["metric_type"], row["metric_name"], row["events"], row["total"], failed=row["failed"], bin_=row["bin"]
        )
    async for row in store.people(tx, tenant_id, hour):
        for key in _keys_of_person(row):
            figures = found.get(key) or found.get((key[0], key[1], "(other)", None))
            if figures is not None:
                figures.users.add(row["user_id"].bytes)

    async def all_found() -> AsyncIterator[tuple[Key, Figures]]:
        for key, figures in found.items():
            yield key, figures

    await _replace(tx, tenant_id, "hourly", hour, all_found())


def _key(row: Row) -> Key:
    return row["metric_type"], row["dimension"], row["value"], row["user_id"]


def _keys_of_person(row: Row) -> Iterator[Key]:
    metric_type = row["metric_type"]
    yield metric_type, "", "", None
    yield metric_type, "user", "", row["user_id"]
    for dimension in ("model", "provider", "key"):
        if row[dimension] is not None:
            yield metric_type, dimension, row[dimension], None


async def _longer(tx: Tx, tenant_id: TenantId, period_type: PeriodType, of: PeriodType, start: datetime) -> None:
    """Join the rows of shorter periods, one key after another."""
    _, end = period(period_type, start)

    async def joined() -> AsyncIterator[tuple[Key, Figures]]:
        key, figures = None, Figures()
        async for row in store.parts(tx, tenant_id, of, start, end):
            if _key(row) != key:
                if key is not None:
                    yield key, figures
                key, figures = _key(row), Figures()
            figures.join(row)
        if key is not None:
            yield key, figures

    await _replace(tx, tenant_id, period_type, start, joined())


async def _replace(
    tx: Tx, tenant_id: TenantId, period_type: PeriodType, start: datetime, rows: AsyncIterator[tuple[Key, Figures]]
) -> None:
    """Let a period have these rows and no others."""
    before = {_key(row) for row in await store.keys(tx, tenant_id, period_type, start)}
    _, end = period(period_type, start)
    batch: list[Mapping[str, Any]] = []
    async for key, figures in rows:
        before.discard(key)
        batch.append(figures.as_row(key))
        if len(batch) == _ROWS_AT_ONCE:
            await store.put(tx, tenant_id, period_type, start, end, batch)
            batch = []
    if batch:
        await store.put(tx, tenant_id, period_type, start, end, batch)
    if before:
        await store.drop(tx, tenant_id, period_type, start, sorted(before, key=str))
