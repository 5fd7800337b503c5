"""From a spool into the tables: errors, groups, counts and the spool's place, in one transaction."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import structlog

from radiant.foundation.error_tracking import spool_store as store
from radiant.foundation.error_tracking.occurrence import Kept, Occurrence, Tally, decode
from radiant.foundation.usage.journal import Position
from radiant.infra.db import Database, Tx
from radiant.infra.jobs import enqueue_each_for_platform

log = structlog.get_logger()
T = TypeVar("T")

# Frames a transaction: of at most 200 kB each.
BATCH = 100
ALERT, ACT = "error-alert", "error-action"
_REFUSALS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError)


async def place(database: Database, spool_id: UUID) -> Position:
    """How far a spool is in the tables."""
    async with database.system("error spool").tx() as tx:
        return await store.place(tx, spool_id)


async def write(
    database: Database, spool_id: UUID, before: Position, frames: Sequence[bytes], after: Position
) -> Position:
    """Write the frames between two places; where the spool is then. Nothing is written twice: where the tables are at
    another place already (the answer to a commit was lost), nothing is done."""
    kept = _decoded(frames)
    try:
        return await _write(database, spool_id, before, kept, after, singly=False)
    except _REFUSALS as error:
        log.warning("errors.batch_refused", spool=str(spool_id), errors=len(kept), error=str(error))
        return await _write(database, spool_id, before, kept, after, singly=True)


def _decoded(frames: Sequence[bytes]) -> list[Kept]:
    found: list[Kept] = []
    for frame in frames:
        try:
            found.append(decode(frame))
        except msgspec.DecodeError as error:
            # Of another version of this program: it keeps no other out.
            log.warning("errors.frame_unreadable", error=str(error))
    return found


async def _write(
    database: Database, spool_id: UUID, before: Position, kept: list[Kept], after: Position, *, singly: bool
) -> Position:
    occurrences = [each for each in kept if isinstance(each, Occurrence)]
    tallies = [each for each in kept if isinstance(each, Tally)]
    async with database.system("error spool").tx() as tx:
        if not await store.advance(tx, spool_id, before, after):
            return await store.place(tx, spool_id)
        if singly:
            for occurrence in occurrences:
                await _write_errors(tx, [occurrence], _apart)
        elif occurrences:
            await _write_errors(tx, occurrences, _together)
        if tallies:
            await (_apart if singly else _together)(tx, lambda: store.tally(tx, _tallies_json(tallies)))
    return after


async def _together(tx: Tx, step: Callable[[], Awaitable[T]]) -> T | None:
    """A step of many errors at once: a failure fails them all, and they are tried one by one."""
    del tx
    return await step()


async def _apart(tx: Tx, step: Callable[[], Awaitable[T]]) -> T | None:
    """A step of one error, which fails alone: what comes after it is done all the same (F14.10)."""
    await tx.run("savepoint one_step")
    try:
        return await step()
    except _REFUSALS as error:
        await tx.run("rollback to savepoint one_step")
        log.warning("errors.step_refused", error=str(error))
        return None


async def _write_errors(tx: Tx, occurrences: list[Occurrence], step: Any) -> None:
    rows = _json(occurrences)
    await step(tx, lambda: store.note_releases(tx, rows))
    made: list[UUID] = await step(tx, lambda: store.make_patterns(tx, rows)) or []
    fresh: list[UUID] = await step(tx, lambda: store.insert_logs(tx, rows)) or []
    if not fresh:
        return
    await store.lock_patterns(tx, fresh)
    regressed: list[UUID] = await step(tx, lambda: _count(tx, fresh)) or []
    await step(tx, lambda: _tell(tx, fresh, made, regressed))


async def _count(tx: Tx, fresh: list[UUID]) -> list[UUID]:
    await store.count(tx, fresh)
    await store.count_hours(tx, fresh)
    await store.note_affected(tx, fresh)
    regressed = await store.move_states(tx, fresh)
    if regressed:
        await store.mark_regressions(tx, fresh, regressed)
    return regressed


async def _tell(tx: Tx, fresh: list[UUID], made: list[UUID], regressed: list[UUID]) -> None:
    for name, claimed in (
        (ALERT, await store.claim_alerts(tx, fresh, made, regressed)),
        (ACT, await store.claim_actions(tx, fresh)),
    ):
        if claimed:
            await enqueue_each_for_platform(tx, name, claimed)


def _as_text(rows: list[dict[str, Any]]) -> str:
    # jsonb holds no NUL.
    return msgspec.json.encode(rows).decode().replace("\\u0000", "\\ufffd")


def _json(occurrences: list[Occurrence]) -> str:
    return _as_text([
        {
            "id": each.id, "tenant_id": each.tenant_id, "user_id": each.user_id, "of_platform": each.of_platform,
            "owner_id": each.owner_id, "project_id": each.project_id, "event_id": each.event_id, "at": each.at,
            "code": each.code, "type": each.type, "message": each.message, "stack": each.stack,
            "request_id": each.request_id, "service": each.service, "function": each.function,
            "context": each.context(), "severity": each.severity, "release": each.release,
            "environment": each.environment, "affected": each.affected.hex(), "trace_id": each.trace_id,
            "template": each.template, "culprit": each.culprit, "fingerprint": each.fingerprint.hex(),
            "grouping_version": each.grouping_version,
        }
        for each in occurrences
    ])  # fmt: skip


def _tallies_json(tallies: list[Tally]) -> str:
    return _as_text([
        {
            "tenant_id": each.tenant_id, "owner_id": each.owner_id, "project_id": each.project_id, "kind": each.kind,
            "at": each.at, "items": each.items,
        }
        for each in tallies
    ])  # fmt: skip
