"""From a journal into the ledger: rows, budgets and the place in the journal, in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg
import structlog

from radiant.foundation.identity import trail
from radiant.foundation.usage import ledger_store as store
from radiant.foundation.usage.journal import Position
from radiant.foundation.usage.ledger_store import Due
from radiant.foundation.usage.noted import TOPIC, sums_of
from radiant.foundation.usage.records import Row, as_json, rows_of
from radiant.infra.db import Database, Tx
from radiant.kit.money import plain

log = structlog.get_logger()

# Frames a transaction: some two hundred milliseconds' worth at full load.
BATCH = 1000
_LARGE = 20


@dataclass(frozen=True, slots=True)
class Short:
    """Calls of a budget's period cost more than this process held of it."""

    budget_id: UUID
    period_start: datetime
    amount: Decimal


@dataclass(slots=True)
class Written:
    """What a transaction wrote."""

    position: Position
    shorts: list[Short] = field(default_factory=list[Short])
    key_ids: set[UUID] = field(default_factory=set[UUID])
    rows: Sequence[Row] = ()


async def place(database: Database, journal_id: UUID) -> Position:
    """How far a journal is in the ledger."""
    async with database.system("usage journal").tx() as tx:
        return await store.position(tx, journal_id)


async def write(
    database: Database, journal_id: UUID, before: Position, frames: Sequence[bytes], after: Position
) -> Written:
    """Write the frames that lie between two places. Nothing is written twice: where the ledger is at another place
    already (the answer to a commit was lost), that place is returned and nothing is done."""
    # What takes longer than a hop to a thread and back is read apart, so that calls under way are not held up.
    batch = _read(frames) if len(frames) < _LARGE else await asyncio.to_thread(_read, frames)
    try:
        return await _write(database, journal_id, before, batch, after, singly=False)
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        log.warning("usage.batch_refused", journal=str(journal_id), calls=len(batch.rows), error=str(error))
        return await _write(database, journal_id, before, batch, after, singly=True)


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: list[Row]
    calls: str
    """The rows as the ledger takes them."""
    events: str


def _read(frames: Sequence[bytes]) -> _Batch:
    rows, events = rows_of(frames), sums_of(frames)
    return _Batch(rows, as_json(rows) if rows else "", as_json(events) if events else "")


async def _write(
    database: Database, journal_id: UUID, before: Position, batch: _Batch, after: Position, *, singly: bool
) -> Written:
    rows = batch.rows
    async with database.system("usage journal").tx() as tx:
        if not await store.advance(tx, journal_id, before, after):
            return Written(await store.position(tx, journal_id))
        if singly:
            due = await _write_singly(tx, journal_id, rows)
        else:
            due = await store.write(tx, journal_id, batch.calls) if rows else []
        if batch.events:
            await store.tell(tx, TOPIC, batch.events)
        shorts = await charge(tx, str(journal_id), due)
    return Written(after, shorts, {row.api_key_id for row in rows if row.api_key_id is not None}, rows)


async def _write_singly(tx: Tx, journal_id: UUID, rows: list[Row]) -> list[Due]:
    """One row that the ledger refuses keeps no other out: it goes to the log, whole."""
    sums: dict[tuple[UUID, datetime], Due] = {}
    for row in rows:
        try:
            async with tx.savepoint():
                found = await store.write(tx, journal_id, as_json([row]))
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            log.error("usage.call_refused", row=as_json([row]), error=str(error))
            continue
        for due in found:
            key = due.budget_id, due.period_start
            known = sums.get(key)
            sums[key] = due if known is None else Due(
                due.tenant_id, due.budget_id, due.period_start, known.cost + due.cost, known.leased + due.leased
            )  # fmt: skip
    return [sums[key] for key in sorted(sums)]


async def charge(tx: Tx, holder: str, due: Sequence[Due]) -> list[Short]:
    """Move what calls cost from reserved to spent; tell the trail of budgets that crossed their warning. System
    transaction."""
    if not due:
        return []
    await store.spend(tx, due)
    rows = await store.use_leases(tx, holder, due)
    for crossed in await store.note_warnings(tx, due):
        await trail.record_system(
            tx, crossed["tenant_id"], "budget.warned", target=("budget", crossed["budget_id"]),
            spent=plain(crossed["spent"]), amount=plain(crossed["amount"]), scope=crossed["scope"],
            period_start=crossed["period_start"].isoformat(),
        )  # fmt: skip
    return [Short(row["budget_id"], row["period_start"], row["short"]) for row in rows if row["short"] > 0]
