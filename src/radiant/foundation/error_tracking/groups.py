"""Errors and their groups as admins see them, and what they make of them."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from radiant.foundation.error_tracking import groups_store as store
from radiant.foundation.error_tracking.groups_store import GroupFilter
from radiant.foundation.error_tracking.reach import Reach
from radiant.foundation.error_tracking.schemas import (
    ErrorActionRun,
    ErrorFingerprint,
    ErrorGroup,
    ErrorGroupAction,
    ErrorGroupDetail,
    ErrorLog,
    ErrorMerge,
    ErrorResolution,
    ErrorSplit,
    ErrorTagValue,
    ErrorTriage,
    SimilarErrors,
)
from radiant.foundation.identity import trail
from radiant.infra.db import Row, Tx
from radiant.kit.errors import Invalid, NotFound

_NEIGHBOURS, _MOST_SIMILAR, _LEAST_LIKENESS = 500, 10, 0.35
_MOST_VALUES = 10
_WORD = re.compile(r"[A-Za-z_]{2,40}")
NO_GROUP = "there is no such group of errors"


def _log(row: Row) -> ErrorLog:
    return ErrorLog(**{name: row[name] for name in ErrorLog.model_fields})


async def groups(
    reach: Reach, of: GroupFilter, after: tuple[int, datetime, UUID] | None, limit: int
) -> list[ErrorGroup]:
    """Behind `after`: unresolved ones by severity and then the newest, unless the filter says otherwise."""
    async with reach.db.tx() as tx:
        return [ErrorGroup(**dict(row)) for row in await store.groups(tx, reach.owner_id, of, after, limit)]


async def counts(reach: Reach) -> dict[str, int]:
    """How many groups have each status."""
    async with reach.db.tx() as tx:
        return await store.counts(tx, reach.owner_id)


async def group(reach: Reach, group_id: UUID) -> ErrorGroupDetail:
    """One group with all that is told of it. Raises NotFound."""
    async with reach.db.tx() as tx:
        row = await store.group(tx, reach.owner_id, group_id)
        if row is None:
            raise NotFound(NO_GROUP)
        parts = await store.fingerprints(tx, reach.owner_id, group_id)
        ids = [part["id"] for part in parts]
        latest = await store.logs_of_group(tx, reach.owner_id, ids, None, 1)
        releases = await store.releases(tx, reach.owner_id, ids)
        return ErrorGroupDetail(
            **dict(row),
            latest=_log(latest[0]) if latest else None,
            days=await store.days(tx, reach.owner_id, ids),
            tags=_by_key(await store.tags(tx, reach.owner_id, ids)),
            fingerprints=[ErrorFingerprint(**dict(part)) for part in parts],
            first_release=releases["first"],
            last_release=releases["last"],
            actions=[ErrorActionRun(**dict(each)) for each in await store.actions(tx, reach.owner_id, group_id, 20)],
        )


def _by_key(rows: Sequence[Row]) -> dict[str, list[ErrorTagValue]]:
    found: dict[str, list[ErrorTagValue]] = {}
    for row in rows:
        values = found.setdefault(row["key"], [])
        if len(values) < _MOST_VALUES:
            values.append(ErrorTagValue(value=row["value"], errors=row["errors"]))
    return found


async def errors_of_group(
    reach: Reach, group_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[ErrorLog]:
    """The newest first. Raises NotFound."""
    async with reach.db.tx() as tx:
        parts = await store.fingerprints(tx, reach.owner_id, group_id)
        if not parts:
            raise NotFound(NO_GROUP)
        ids = [part["id"] for part in parts]
        return [_log(row) for row in await store.logs_of_group(tx, reach.owner_id, ids, before, limit)]


async def errors(
    reach: Reach, *, resolved: bool | None, severities: Sequence[str] | None, project_id: int | None,
    trace_id: str | None, after: tuple[int, datetime, UUID] | None, limit: int,
) -> list[tuple[int, ErrorLog]]:  # fmt: skip
    """Each with its rank: the most severe and then the newest first."""
    async with reach.db.tx() as tx:
        rows = await store.logs(tx, reach.owner_id, resolved, severities, project_id, trace_id, after, limit)
    return [(row["rank"], _log(row)) for row in rows]


async def error(reach: Reach, log_id: UUID) -> ErrorLog:
    """Raises NotFound."""
    async with reach.db.tx() as tx:
        row = await store.log(tx, reach.owner_id, log_id)
    if row is None:
        raise NotFound("there is no such error")
    return _log(row)


async def resolve_error(reach: Reach, log_id: UUID, said: ErrorResolution) -> ErrorLog:
    """One error is over; its group is not, unless it is resolved too. Raises NotFound."""
    async with reach.db.tx() as tx:
        if not await store.resolve_log(tx, reach.owner_id, log_id, reach.caller.user_id, said.notes):
            raise NotFound("there is no such error")
        await trail.record(tx, reach.caller, "error.resolved", target=("error", log_id), notes=said.notes)
    return await error(reach, log_id)


async def triage(reach: Reach, asked: ErrorTriage) -> int:
    """What becomes of some groups; how many there were of them. Raises Invalid."""
    async with reach.db.tx() as tx:
        there = await store.lock_groups(tx, reach.owner_id, asked.groups)
        touched = await _triage(tx, reach, asked, there)
        if touched:
            await trail.record(
                tx, reach.caller, f"error_group.{asked.action}", target=("error_group", there[0]),
                groups=[str(each) for each in there], notes=asked.notes,
                assignee=str(asked.assignee) if asked.assignee else None,
            )  # fmt: skip
    return touched


async def _triage(tx: Tx, reach: Reach, asked: ErrorTriage, there: list[UUID]) -> int:
    owner, by = reach.owner_id, reach.caller.user_id
    if asked.action in ("resolve", "resolve_in_next_release"):
        await store.resolve_logs_of(tx, owner, there, by, asked.notes)
        return await store.resolve(
            tx, owner, there, by, asked.notes, in_next_release=asked.action == "resolve_in_next_release"
        )
    if asked.action == "reopen":
        return await store.reopen(tx, owner, there)
    if asked.action == "ignore":
        return await store.ignore(tx, owner, there, asked.until, asked.count)
    of_platform = reach.tenant_id is None
    if asked.assignee is not None and not await store.may_be_assigned(tx, asked.assignee, of_platform=of_platform):
        who = "an operator of the platform" if of_platform else "an admin of the workspace"
        raise Invalid(f"assignee: not {who}, who alone could look at it")
    return await store.assign(tx, owner, there, asked.assignee)


async def assignees(reach: Reach) -> list[Row]:
    """Who may be assigned."""
    async with reach.db.tx() as tx:
        return await store.assignees(tx, of_platform=reach.tenant_id is None)


async def merge(reach: Reach, asked: ErrorMerge) -> int:
    """Put groups into another. Raises NotFound."""
    wanted = {asked.into, *asked.groups}
    async with reach.db.tx() as tx:
        there = await store.lock_groups(tx, reach.owner_id, sorted(wanted))
        if set(there) != wanted:
            raise NotFound(NO_GROUP)
        others = [each for each in there if each != asked.into]
        if not others:
            raise Invalid("groups: name another group than the one that they are put into")
        await store.merge(tx, reach.owner_id, asked.into, others)
        await trail.record(
            tx, reach.caller, "error_group.merged", target=("error_group", asked.into),
            groups=[str(each) for each in others],
        )  # fmt: skip
    return len(others)


async def split(reach: Reach, group_id: UUID, asked: ErrorSplit) -> int:
    """Take fingerprints out of a group again. Raises NotFound."""
    async with reach.db.tx() as tx:
        if not await store.lock_groups(tx, reach.owner_id, [group_id]):
            raise NotFound(NO_GROUP)
        touched = await store.split(tx, reach.owner_id, group_id, asked.fingerprints)
        if touched:
            await trail.record(
                tx, reach.caller, "error_group.split", target=("error_group", group_id),
                fingerprints=[str(each) for each in asked.fingerprints],
            )  # fmt: skip
    return touched


async def set_action(reach: Reach, group_id: UUID, asked: ErrorGroupAction) -> ErrorGroupDetail:
    """Raises NotFound, Invalid."""
    if asked.enabled and asked.action is None:
        raise Invalid("action: say which, to enable it")
    if asked.action is not None and asked.action.kind != "webhook" and reach.tenant_id is not None:
        raise Invalid("action.kind: a workspace's errors call a webhook; the rest are the platform's to do")
    action = asked.action.model_dump(mode="json", exclude_none=True) if asked.action else None
    async with reach.db.tx() as tx:
        if not await store.set_action(tx, reach.owner_id, group_id, asked.enabled, action):
            raise NotFound(NO_GROUP)
        await trail.record(
            tx, reach.caller, "error_group.action_set", target=("error_group", group_id), enabled=asked.enabled,
            done=action,
        )  # fmt: skip
    return await group(reach, group_id)


async def actions(reach: Reach) -> list[ErrorActionRun]:
    """The latest hundred that ran."""
    async with reach.db.tx() as tx:
        return [ErrorActionRun(**dict(row)) for row in await store.actions(tx, reach.owner_id, None, 100)]


async def similar(reach: Reach, group_id: UUID) -> list[SimilarErrors]:
    """Groups that look like it, the likest first. Raises NotFound."""
    async with reach.db.tx() as tx:
        row = await store.group(tx, reach.owner_id, group_id)
        if row is None:
            raise NotFound(NO_GROUP)
        others = await store.neighbours(tx, reach.owner_id, group_id, _NEIGHBOURS)
    words = _words(row)
    found = [(likeness(words, _words(other), same_place=_same_place(row, other)), other) for other in others]
    best = sorted((pair for pair in found if pair[0] >= _LEAST_LIKENESS), key=lambda pair: -pair[0])[:_MOST_SIMILAR]
    return [
        SimilarErrors(
            id=other["id"], pattern_name=other["pattern_name"], culprit=other["culprit"], status=other["status"],
            occurrence_count=other["occurrence_count"], likeness=round(like, 3),
        )
        for like, other in best
    ]  # fmt: skip


def _words(row: Row) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(f"{row['error_type']} {row['message_pattern'] or ''}"))


def _same_place(one: Row, other: Row) -> bool:
    return bool(one["culprit"]) and one["culprit"] == other["culprit"]


def likeness(one: frozenset[str], other: frozenset[str], *, same_place: bool) -> float:
    """0..1: the share of their words that two have in common (Jaccard); that they are in one place counts for a third."""
    joined = len(one | other)
    return min(1.0, (len(one & other) / joined if joined else 0.0) * 2 / 3 + (1 / 3 if same_place else 0.0))
