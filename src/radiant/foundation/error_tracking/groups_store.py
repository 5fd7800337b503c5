"""SQL of errors and their groups as people see them: one function, one statement. Rows are found by their owner, the
tenant or (zeros) the platform; a group is a fingerprint that was not put into another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from radiant.infra.db import Row, Tx

# Of a page of groups `g` (each with its key `k`): the sums over its fingerprints, its users, its curve, its assignee.
_DRESSED: LiteralString = (
    "p.id, p.project_id, p.pattern_name, p.error_code_pattern, p.message_pattern, p.error_type, p.culprit,"
    "  p.severity, p.status, p.last_seen, p.assigned_to, a.name as assignee, p.resolved_at, p.resolved_by,"
    "  p.resolution_notes, p.in_next_release, p.ignored_until, p.ignored_until_count, p.grouping_version,"
    "  p.auto_resolve_enabled, p.auto_resolve_action, m.occurrence_count, m.first_seen, m.members, u.users, c.curve"
    " from g join error_patterns p on p.owner_id = $1 and p.id = g.id"
    " left join users a on a.id = p.assigned_to"
    " cross join lateral (select sum(f.occurrence_count)::integer as occurrence_count, min(f.first_seen) as first_seen,"
    "   count(*)::integer as members, array_agg(f.id) as ids from error_patterns f"
    "   where f.owner_id = $1 and (f.id = p.id or f.merged_into = p.id)) m"
    " cross join lateral (select count(*)::integer as users from (select distinct affected from error_affected"
    "   where owner_id = $1 and pattern_id = any(m.ids) limit 10000) d) u"
    " cross join lateral (select array_agg(coalesce(h.n, 0)::integer order by s) as curve"
    "   from generate_series(date_trunc('hour', current_timestamp, 'UTC') - interval '23 hours', current_timestamp,"
    "    interval '1 hour') s left join (select hour, sum(occurrences) as n from error_hours where owner_id = $1"
    "    and pattern_id = any(m.ids) and hour > current_timestamp - interval '25 hours' group by hour) h on h.hour = s) c"
)
_LOG: LiteralString = (
    "l.id, coalesce(p.merged_into, p.id) as group_id, l.project_id, l.event_id, l.error_code, l.error_type,"
    " l.error_message, l.stack_trace, l.request_id, l.trace_id, l.source_service, l.source_function, l.context,"
    " l.severity, l.release, l.environment, l.is_regression, l.resolved, l.resolved_at, l.resolved_by,"
    " l.resolution_notes, l.created_at"
)
_RANK: LiteralString = (
    "case l.severity when 'critical' then 1 when 'error' then 2 when 'warning' then 3 when 'info' then 4 else 5 end"
)


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Which groups; None: any. `search` is in the name, the template, the culprit, or is the code."""

    statuses: Sequence[str] | None = None
    severities: Sequence[str] | None = None
    project_id: int | None = None
    assigned_to: UUID | None = None
    search: str | None = None
    release: str | None = None
    environment: str | None = None
    since: datetime | None = None
    newest_first: bool = False


async def groups(
    tx: Tx, owner_id: UUID, of: GroupFilter, after: tuple[int, datetime, UUID] | None, limit: int
) -> list[Row]:
    """Groups behind `after`: by severity and then the newest, or by the newest alone."""
    rank, seen, last = after or (0, None, None)
    return await tx.all(
        "with g as (select p.id from error_patterns p where p.owner_id = $1 and p.merged_into is null"
        "  and ($2::text[] is null or p.status = any($2)) and ($3::text[] is null or p.severity = any($3))"
        "  and ($4::bigint is null or p.project_id = $4) and ($5::uuid is null or p.assigned_to = $5)"
        "  and ($6::text is null or p.pattern_name ilike $6 or p.message_pattern ilike $6 or p.culprit ilike $6"
        "   or p.error_code_pattern ilike $6)"
        "  and (($7::text is null and $8::text is null) or exists (select from error_logs l where l.owner_id = $1"
        "   and l.pattern_id = p.id and ($7 is null or l.release = $7) and ($8 is null or l.environment = $8)))"
        "  and ($9::timestamptz is null or p.last_seen >= $9)"
        "  and ($12::timestamptz is null or case when $10 then 0 else p.rank end > $11"
        "   or (case when $10 then 0 else p.rank end = $11 and (p.last_seen, p.id) < ($12, $13::uuid)))"
        "  order by case when $10 then 0 else p.rank end, p.last_seen desc, p.id desc limit $14)"
        + " select " + _DRESSED + " order by case when $10 then 0 else p.rank end, p.last_seen desc, p.id desc",
        owner_id, of.statuses, of.severities, of.project_id, of.assigned_to, _like(of.search), of.release,
        of.environment, of.since, of.newest_first, rank, seen, last, limit,
    )  # fmt: skip


def _like(search: str | None) -> str | None:
    if not search:
        return None
    return "%" + search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"


async def group(tx: Tx, owner_id: UUID, group_id: UUID) -> Row | None:
    """One group."""
    return await tx.one_or_none(
        "with g as (select id from error_patterns where owner_id = $1 and id = $2 and merged_into is null) select " + _DRESSED,
        owner_id, group_id,
    )  # fmt: skip


async def counts(tx: Tx, owner_id: UUID) -> dict[str, int]:
    """How many groups have each status."""
    rows = await tx.all(
        "select status, count(*)::integer as groups from error_patterns where owner_id = $1 and merged_into is null"
        " group by status",
        owner_id,
    )
    return {row["status"]: row["groups"] for row in rows}


async def fingerprints(tx: Tx, owner_id: UUID, group_id: UUID) -> list[Row]:
    """What a group is put together of."""
    return await tx.all(
        "select id, pattern_name, culprit, occurrence_count, last_seen from error_patterns"
        " where owner_id = $1 and (id = $2 or merged_into = $2) order by last_seen desc limit 200",
        owner_id, group_id,
    )  # fmt: skip


async def days(tx: Tx, owner_id: UUID, pattern_ids: Sequence[UUID]) -> list[int]:
    """How many on each of the last 30 days, the oldest first."""
    found = await tx.value(
        "select array_agg(coalesce(h.n, 0)::integer order by s) from generate_series("
        "  date_trunc('day', current_timestamp, 'UTC') - interval '29 days', current_timestamp, interval '1 day') s"
        " left join (select date_trunc('day', hour, 'UTC') as day, sum(occurrences) as n from error_hours"
        "  where owner_id = $1 and pattern_id = any($2) and hour > current_timestamp - interval '31 days' group by 1) h"
        " on h.day = s",
        owner_id, list(pattern_ids),
    )  # fmt: skip
    return list(found)


async def tags(tx: Tx, owner_id: UUID, pattern_ids: Sequence[UUID]) -> list[Row]:
    """The values of tags in the latest 200 errors, the most frequent first."""
    return await tx.all(
        "with latest as (select context, release, environment from error_logs where owner_id = $1"
        "  and pattern_id = any($2) order by created_at desc, id desc limit 200),"
        " said as (select t.key, t.value from latest, jsonb_each_text(coalesce(context -> 'tags', '{}')) t"
        "  union all select 'release', release from latest where release <> ''"
        "  union all select 'environment', environment from latest where environment <> '')"
        " select key, value, count(*)::integer as errors from said group by 1, 2 order by 3 desc, 1, 2 limit 500",
        owner_id, list(pattern_ids),
    )  # fmt: skip


async def releases(tx: Tx, owner_id: UUID, pattern_ids: Sequence[UUID]) -> Row:
    """The first and the last release with such an error, as far as errors are kept."""
    return await tx.one(
        "select (array_agg(release order by created_at))[1] as first,"
        " (array_agg(release order by created_at desc))[1] as last"
        " from error_logs where owner_id = $1 and pattern_id = any($2) and release <> ''",
        owner_id, list(pattern_ids),
    )  # fmt: skip


async def logs_of_group(
    tx: Tx, owner_id: UUID, pattern_ids: Sequence[UUID], before: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Errors of a group, the newest first."""
    at, last = before or (None, None)
    return await tx.all(
        "select " + _LOG + " from error_logs l join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        " where l.owner_id = $1 and l.pattern_id = any($2)"
        " and ($3::timestamptz is null or (l.created_at, l.id) < ($3, $4::uuid))"
        " order by l.created_at desc, l.id desc limit $5",
        owner_id, list(pattern_ids), at, last, limit,
    )  # fmt: skip


async def logs(
    tx: Tx, owner_id: UUID, resolved: bool | None, severities: Sequence[str] | None, project_id: int | None,
    trace_id: str | None, after: tuple[int, datetime, UUID] | None, limit: int,
) -> list[Row]:  # fmt: skip
    """Errors, the most severe and then the newest first."""
    rank, at, last = after or (0, None, None)
    return await tx.all(
        "select " + _LOG + ", " + _RANK + " as rank"
        " from error_logs l left join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        " where l.owner_id = $1 and ($2::boolean is null or l.resolved = $2) and ($3::text[] is null or l.severity = any($3))"
        " and ($4::bigint is null or l.project_id = $4) and ($5::text is null or l.trace_id = $5)"
        " and ($7::timestamptz is null or " + _RANK + " > $6 or (" + _RANK + " = $6 and (l.created_at, l.id) < ($7, $8::uuid)))"
        " order by " + _RANK + ", l.created_at desc, l.id desc limit $9",
        owner_id, resolved, severities, project_id, trace_id, rank, at, last, limit,
    )  # fmt: skip


async def log(tx: Tx, owner_id: UUID, log_id: UUID) -> Row | None:
    """One error."""
    return await tx.one_or_none(
        "select " + _LOG + " from error_logs l"
        " left join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        " where l.owner_id = $1 and l.id = $2",
        owner_id, log_id,
    )  # fmt: skip


async def resolve_log(tx: Tx, owner_id: UUID, log_id: UUID, by: UUID, notes: str) -> bool:
    """One error is over."""
    touched = await tx.run(
        "update error_logs set resolved = true, resolved_at = current_timestamp, resolved_by = $3, resolution_notes = $4"
        " where owner_id = $1 and id = $2",
        owner_id, log_id, by, notes,
    )  # fmt: skip
    return touched == 1


async def resolve(
    tx: Tx, owner_id: UUID, group_ids: Sequence[UUID], by: UUID, notes: str, *, in_next_release: bool
) -> int:
    """Groups are over."""
    return await tx.run(
        "update error_patterns set status = 'resolved', resolved_at = current_timestamp, resolved_by = $3,"
        " resolution_notes = $4, in_next_release = $5, ignored_until = null, ignored_until_count = null"
        " where owner_id = $1 and id = any($2) and merged_into is null",
        owner_id, list(group_ids), by, notes, in_next_release,
    )  # fmt: skip


async def resolve_logs_of(tx: Tx, owner_id: UUID, group_ids: Sequence[UUID], by: UUID, notes: str) -> int:
    """And their errors with them."""
    return await tx.run(
        "update error_logs l set resolved = true, resolved_at = current_timestamp, resolved_by = $3, resolution_notes = $4"
        " from error_patterns p where l.owner_id = $1 and p.owner_id = $1 and l.pattern_id = p.id and not l.resolved"
        " and (p.id = any($2) or p.merged_into = any($2))",
        owner_id, list(group_ids), by, notes,
    )  # fmt: skip


async def reopen(tx: Tx, owner_id: UUID, group_ids: Sequence[UUID]) -> int:
    """Groups are not over, or not to be ignored."""
    return await tx.run(
        "update error_patterns set status = 'open', resolved_at = null, resolved_by = null, resolution_notes = null,"
        " in_next_release = false, ignored_until = null, ignored_until_count = null"
        " where owner_id = $1 and id = any($2) and merged_into is null",
        owner_id, list(group_ids),
    )  # fmt: skip


async def ignore(tx: Tx, owner_id: UUID, group_ids: Sequence[UUID], until: datetime | None, more: int | None) -> int:
    """Groups are to be ignored: until then, or until so many more happened, or for good."""
    return await tx.run(
        "update error_patterns p set status = 'ignored', resolved_at = null, ignored_until = $3,"
        " ignored_until_count = $4 + (select sum(m.occurrence_count) from error_patterns m where m.owner_id = $1"
        "  and (m.id = p.id or m.merged_into = p.id))::integer"
        " where p.owner_id = $1 and p.id = any($2) and p.merged_into is null",
        owner_id, list(group_ids), until, more,
    )  # fmt: skip


async def reopen_due(tx: Tx) -> int:
    """Groups whose time of being ignored is over, whoever's. System transaction."""
    return await tx.run(
        "update error_patterns set status = 'open', ignored_until = null, ignored_until_count = null"
        " where status = 'ignored' and ignored_until <= current_timestamp"
    )


async def assign(tx: Tx, owner_id: UUID, group_ids: Sequence[UUID], to: UUID | None) -> int:
    """Groups are somebody's, or nobody's."""
    return await tx.run(
        "update error_patterns set assigned_to = $3 where owner_id = $1 and id = any($2) and merged_into is null",
        owner_id, list(group_ids), to,
    )  # fmt: skip


async def may_be_assigned(tx: Tx, user_id: UUID, *, of_platform: bool) -> bool:
    """Whether that is an active admin here (of the platform: an operator)."""
    return bool(
        await tx.value(
            "select exists(select from users where id = $1 and status = 'active'"
            " and case when $2 then is_operator else role in ('admin', 'owner') end)",
            user_id, of_platform,
        )
    )  # fmt: skip


async def assignees(tx: Tx, *, of_platform: bool) -> list[Row]:
    """Who may be assigned."""
    return await tx.all(
        "select id, name, email from users where status = 'active' and kind = 'person'"
        " and case when $1 then is_operator else role in ('admin', 'owner') end order by name, id limit 500",
        of_platform,
    )


async def lock_groups(tx: Tx, owner_id: UUID, group_ids: Sequence[UUID]) -> list[UUID]:
    """Groups of that owner, locked in one order; those that are there."""
    rows = await tx.all(
        "select id from error_patterns where owner_id = $1 and id = any($2) and merged_into is null order by id for no key update",
        owner_id, list(group_ids),
    )  # fmt: skip
    return [row["id"] for row in rows]


async def merge(tx: Tx, owner_id: UUID, into: UUID, group_ids: Sequence[UUID]) -> int:
    """Groups become fingerprints of another, with all that were put into them."""
    return await tx.run(
        "update error_patterns set merged_into = $2 where owner_id = $1 and id <> $2"
        " and (id = any($3) or merged_into = any($3))",
        owner_id, into, list(group_ids),
    )  # fmt: skip


async def split(tx: Tx, owner_id: UUID, group_id: UUID, pattern_ids: Sequence[UUID]) -> int:
    """Fingerprints become groups again."""
    return await tx.run(
        "update error_patterns set merged_into = null, status = 'open' where owner_id = $1 and merged_into = $2"
        " and id = any($3)",
        owner_id, group_id, list(pattern_ids),
    )  # fmt: skip


async def neighbours(tx: Tx, owner_id: UUID, group_id: UUID, limit: int) -> list[Row]:
    """The latest other groups, and what they are like."""
    return await tx.all(
        "select id, pattern_name, message_pattern, error_type, culprit, status, occurrence_count from error_patterns"
        " where owner_id = $1 and id <> $2 and merged_into is null order by last_seen desc limit $3",
        owner_id, group_id, limit,
    )  # fmt: skip


async def set_action(tx: Tx, owner_id: UUID, group_id: UUID, enabled: bool, action: dict[str, Any] | None) -> bool:
    """What is done by itself when a group's error happens."""
    touched = await tx.run(
        "update error_patterns set auto_resolve_enabled = $3, auto_resolve_action = $4 where owner_id = $1 and id = $2"
        " and merged_into is null",
        owner_id, group_id, enabled, action,
    )  # fmt: skip
    return touched == 1


async def actions(tx: Tx, owner_id: UUID, group_id: UUID | None, limit: int) -> list[Row]:
    """Actions that ran, the latest first."""
    return await tx.all(
        "select id, action, succeeded, detail, started_at, finished_at from error_actions where owner_id = $1"
        " and ($2::uuid is null or pattern_id = $2) order by started_at desc, id desc limit $3",
        owner_id, group_id, limit,
    )  # fmt: skip
