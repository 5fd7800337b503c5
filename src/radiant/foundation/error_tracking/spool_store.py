"""SQL of the spool's writer: one function, one statement. All of it in system transactions: rows are of every tenant.

A group's row is locked before anything is counted for it, in the order of ids, so two writers never wait for each
other in a ring; not against references to it, which both have made by then.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.foundation.usage.journal import Position
from radiant.infra.db import Tx

_GIVEN = (
    "given as (select * from jsonb_to_recordset($1::text::jsonb) as g(id uuid, tenant_id uuid, user_id uuid,"
    "  of_platform boolean, project_id bigint, event_id uuid, at double precision, code text, type text, message text,"
    "  stack text, request_id text, service text, function text, context jsonb, severity text, release text,"
    "  environment text, affected text, trace_id text, template text, culprit text, fingerprint text,"
    "  grouping_version integer, owner_id uuid))"
)


async def place(tx: Tx, spool_id: UUID) -> Position:
    """How far a spool is in the tables. System transaction."""
    row = await tx.one_or_none("select segment, read_to from error_spools where id = $1", spool_id)
    return Position(row["segment"], row["read_to"]) if row else Position()


async def advance(tx: Tx, spool_id: UUID, before: Position, after: Position) -> bool:
    """Move on from `before`; False where the spool is not there: its frames were written already. System
    transaction."""
    moved = await tx.run(
        "insert into error_spools as s (id, segment, read_to) values ($1, $4, $5)"
        " on conflict (id) do update set segment = excluded.segment, read_to = excluded.read_to,"
        "  written_at = current_timestamp where (s.segment, s.read_to) = ($2, $3)",
        spool_id, before.segment, before.offset, after.segment, after.offset,
    )  # fmt: skip
    return moved == 1


async def forget(tx: Tx, spool_id: UUID) -> None:
    """A spool is in the tables to its end, and gone. System transaction."""
    await tx.run("delete from error_spools where id = $1", spool_id)


async def note_releases(tx: Tx, rows: str) -> None:
    """Releases that were heard of. System transaction."""
    await tx.run(
        "with " + _GIVEN + " insert into error_releases as r (tenant_id, project_id, release, first_seen, last_seen)"
        " select case when not g.of_platform then g.tenant_id end, g.project_id, g.release,"
        "  timestamptz 'epoch' + min(g.at) * interval '1 second', timestamptz 'epoch' + max(g.at) * interval '1 second'"
        " from given g left join error_projects p on p.owner_id = g.owner_id and p.id = g.project_id"
        "  left join tenants t on t.id = g.owner_id"
        " where g.release <> '' and (g.project_id is null or p.id is not null)"
        "  and (t.id is not null or g.of_platform or g.tenant_id is null)"
        " group by 1, 2, 3 order by 1, 2, 3"
        " on conflict (owner_id, project_id, release) do update set last_seen = greatest(r.last_seen, excluded.last_seen)"
        "  where r.last_seen < excluded.last_seen - interval '1 minute'",
        rows,
    )


async def make_patterns(tx: Tx, rows: str) -> list[UUID]:
    """A row for each fingerprint that had none, at a count of none yet; which ones. System transaction."""
    found = await tx.all(
        "with "
        + _GIVEN
        + " insert into error_patterns (tenant_id, project_id, grouping_version, fingerprint, pattern_name,"
        "  error_code_pattern, message_pattern, error_type, culprit, severity, occurrence_count, first_seen, last_seen)"
        " select distinct on (g.owner_id, g.project_id, g.grouping_version, g.fingerprint)"
        "  case when not g.of_platform then g.tenant_id end, g.project_id, g.grouping_version,"
        "  decode(g.fingerprint, 'hex'), left(g.type || coalesce(nullif(': ' || g.template, ': '), ''), 100),"
        "  left(g.code, 100), g.template, left(g.type, 50), left(g.culprit, 200), g.severity, 0,"
        "  timestamptz 'epoch' + g.at * interval '1 second', timestamptz 'epoch' + g.at * interval '1 second'"
        " from given g left join error_projects p on p.owner_id = g.owner_id and p.id = g.project_id"
        "  left join tenants t on t.id = g.owner_id"
        " where (g.project_id is null or p.id is not null) and (t.id is not null or g.of_platform or g.tenant_id is null)"
        " order by g.owner_id, g.project_id, g.grouping_version, g.fingerprint, g.at"
        " on conflict do nothing returning id",
        rows,
    )
    return [row["id"] for row in found]


async def insert_logs(tx: Tx, rows: str) -> list[UUID]:
    """The errors themselves, each once; ids of those that are new. What names a person, a project or a tenant that is
    gone goes without the person, and not at all without the others. System transaction."""
    found = await tx.all(
        "with "
        + _GIVEN
        + " insert into error_logs (id, tenant_id, user_id, error_code, error_type, error_message, stack_trace,"
        "  request_id, source_service, source_function, context, severity, created_at, project_id, pattern_id, event_id,"
        "  release, environment, of_platform, affected, trace_id)"
        " select g.id, t.id, u.id, left(g.code, 50), left(g.type, 50), g.message, nullif(g.stack, ''),"
        "  nullif(left(g.request_id, 100), ''), nullif(left(g.service, 100), ''), nullif(left(g.function, 200), ''),"
        "  g.context, g.severity, timestamptz 'epoch' + g.at * interval '1 second', g.project_id, e.id, g.event_id,"
        "  left(g.release, 200), left(g.environment, 64), g.of_platform, decode(nullif(g.affected, ''), 'hex'),"
        "  left(g.trace_id, 32)"
        " from given g left join tenants t on t.id = g.tenant_id"
        "  left join users u on u.tenant_id = g.tenant_id and u.id = g.user_id"
        "  left join error_projects p on p.owner_id = g.owner_id and p.id = g.project_id"
        "  left join error_patterns e on e.owner_id = g.owner_id and e.project_id is not distinct from g.project_id"
        "   and e.grouping_version = g.grouping_version and e.fingerprint = decode(g.fingerprint, 'hex')"
        " where (g.project_id is null or p.id is not null) and (t.id is not null or g.of_platform or g.tenant_id is null)"
        " order by g.at, g.id on conflict do nothing returning id",
        rows,
    )
    return [row["id"] for row in found]


async def lock_patterns(tx: Tx, log_ids: Sequence[UUID]) -> None:
    """Lock the groups of those errors, and the groups that these were put into. System transaction."""
    await tx.all(
        "with mine as (select distinct p.id, p.merged_into from error_logs l"
        "  join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id where l.id = any($1))"
        " select p.id from error_patterns p where p.id in (select id from mine union select merged_into from mine)"
        " order by p.id for no key update",
        list(log_ids),
    )


async def count(tx: Tx, log_ids: Sequence[UUID]) -> None:
    """Count those errors for their fingerprints. System transaction."""
    await tx.run(
        "update error_patterns p set occurrence_count = p.occurrence_count + n.errors,"
        "  first_seen = least(p.first_seen, n.first), last_seen = greatest(p.last_seen, n.last)"
        " from (select owner_id, pattern_id, count(*)::integer as errors, min(created_at) as first, max(created_at) as last"
        "  from error_logs where id = any($1) and pattern_id is not null group by 1, 2) n"
        " where p.owner_id = n.owner_id and p.id = n.pattern_id",
        list(log_ids),
    )


async def count_hours(tx: Tx, log_ids: Sequence[UUID]) -> None:
    """The same by the hour. System transaction."""
    await tx.run(
        "insert into error_hours as h (tenant_id, pattern_id, hour, occurrences)"
        " select case when not of_platform then tenant_id end, pattern_id, date_trunc('hour', created_at, 'UTC'), count(*)"
        " from error_logs where id = any($1) and pattern_id is not null group by 1, 2, 3 order by 1, 2, 3"
        " on conflict (owner_id, pattern_id, hour) do update set occurrences = h.occurrences + excluded.occurrences",
        list(log_ids),
    )


async def note_affected(tx: Tx, log_ids: Sequence[UUID]) -> None:
    """Whom they hit. System transaction."""
    await tx.run(
        "insert into error_affected as a (tenant_id, pattern_id, affected, last_seen)"
        " select case when not of_platform then tenant_id end, pattern_id, affected, max(created_at)"
        " from error_logs where id = any($1) and pattern_id is not null and affected is not null"
        " group by 1, 2, 3 order by 1, 2, 3"
        " on conflict (owner_id, pattern_id, affected) do update set last_seen = greatest(a.last_seen, excluded.last_seen)",
        list(log_ids),
    )


async def move_states(tx: Tx, log_ids: Sequence[UUID]) -> list[UUID]:
    """What their groups become: a resolved one regresses by an error that happened after it was resolved (of a release
    that was not known by then, where that was asked), an ignored one comes back when its time or count is over. Ids of
    those that regressed. System transaction."""
    found = await tx.all(
        "with fresh as (select l.owner_id, coalesce(p.merged_into, p.id) as head, l.created_at, l.severity, l.project_id,"
        "   l.release from error_logs l join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        "  where l.id = any($1)),"
        " was as (select h.owner_id, h.id, h.status, max(f.created_at) as last, min(f.created_at) as first,"
        "   (array_agg(f.severity order by f.created_at desc))[1] as severity,"
        "   h.status = 'resolved' and bool_or(f.created_at > h.resolved_at and (not h.in_next_release or r.first_seen >"
        "    h.resolved_at)) as regresses,"
        "   h.status = 'ignored' and (h.ignored_until <= current_timestamp or h.ignored_until_count <="
        "    (select sum(m.occurrence_count) from error_patterns m where m.owner_id = h.owner_id"
        "     and (m.id = h.id or m.merged_into = h.id))) as returns"
        "  from fresh f join error_patterns h on h.owner_id = f.owner_id and h.id = f.head"
        "  left join error_releases r on r.owner_id = f.owner_id and r.project_id is not distinct from f.project_id"
        "   and r.release = f.release group by h.owner_id, h.id)"
        " update error_patterns h set severity = was.severity, last_seen = greatest(h.last_seen, was.last),"
        "  first_seen = least(h.first_seen, was.first),"
        "  status = case when was.regresses then 'regressed' when was.returns then 'open' else h.status end,"
        "  resolved_at = case when not was.regresses then h.resolved_at end,"
        "  ignored_until = case when not coalesce(was.returns, false) then h.ignored_until end,"
        "  ignored_until_count = case when not coalesce(was.returns, false) then h.ignored_until_count end"
        " from was where h.owner_id = was.owner_id and h.id = was.id returning h.id, was.regresses",
        list(log_ids),
    )
    return [row["id"] for row in found if row["regresses"]]


async def mark_regressions(tx: Tx, log_ids: Sequence[UUID], heads: Sequence[UUID]) -> None:
    """The first of those errors in each group that regressed. System transaction."""
    await tx.run(
        "update error_logs set is_regression = true where id in (select distinct on (coalesce(p.merged_into, p.id)) l.id"
        "  from error_logs l join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        "  where l.id = any($1) and coalesce(p.merged_into, p.id) = any($2)"
        "  order by coalesce(p.merged_into, p.id), l.created_at, l.id)",
        list(log_ids), list(heads),
    )  # fmt: skip


async def claim_alerts(
    tx: Tx, log_ids: Sequence[UUID], made: Sequence[UUID], regressed: Sequence[UUID]
) -> list[dict[str, Any]]:
    """Which groups somebody is to be told of, by their owner's settings: {group, error, reason, suppressed, channel}, one
    for each way of telling, so that each fails alone. One that was told of lately is counted as kept back instead.
    System transaction."""
    rows = await tx.all(
        "with fresh as (select l.owner_id, coalesce(p.merged_into, p.id) as head, bool_or(l.severity = 'critical') as"
        "   critical, (array_agg(l.id order by (l.severity = 'critical') desc, l.created_at))[1] as log_id"
        "  from error_logs l join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        "  where l.id = any($1) group by 1, 2),"
        " due as (select h.owner_id, h.id, h.alerts_suppressed, f.log_id,"
        "   array_remove(array[case when cardinality(s.alert_emails) > 0 then 'email' end,"
        "    case when s.alert_webhook is not null then 'webhook' end,"
        "    case when s.alert_topic_arn is not null then 'sns' end], null) as channels,"
        "   coalesce(h.last_alert_at > current_timestamp - s.alert_minutes * interval '1 minute', false) as lately,"
        "   case when f.critical and 'critical' = any(s.alert_on) then 'critical'"
        "    when h.id = any($3) and 'regression' = any(s.alert_on) then 'regression'"
        "    when h.id = any($2) and 'new' = any(s.alert_on) then 'new' end as reason"
        "  from fresh f join error_patterns h on h.owner_id = f.owner_id and h.id = f.head"
        "  join error_settings s on s.owner_id = h.owner_id and (cardinality(s.alert_emails) > 0"
        "   or s.alert_webhook is not null or s.alert_topic_arn is not null)"
        "  where h.status <> 'ignored')"
        " update error_patterns h set last_alert_at = case when due.lately then h.last_alert_at else current_timestamp end,"
        "  alerts_suppressed = case when due.lately then h.alerts_suppressed + 1 else 0 end"
        " from due where due.reason is not null and h.owner_id = due.owner_id and h.id = due.id"
        " returning h.id, due.reason, due.lately, due.alerts_suppressed, due.log_id, due.channels",
        list(log_ids), list(made), list(regressed),
    )  # fmt: skip
    return [
        {
            "group": row["id"], "error": row["log_id"], "reason": row["reason"], "suppressed": row["alerts_suppressed"],
            "channel": channel,
        }
        for row in rows
        if not row["lately"]
        for channel in row["channels"]
    ]  # fmt: skip


async def claim_actions(tx: Tx, log_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Groups of those errors that have an action which is switched on: {group}. System transaction."""
    rows = await tx.all(
        "select distinct h.id from error_logs l"
        " join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        " join error_patterns h on h.owner_id = p.owner_id and h.id = coalesce(p.merged_into, p.id)"
        " join error_settings s on s.owner_id = h.owner_id and s.actions_enabled"
        " where l.id = any($1) and h.auto_resolve_enabled and h.auto_resolve_action is not null and h.status <> 'ignored'",
        list(log_ids),
    )
    return [{"group": row["id"]} for row in rows]


async def tally(tx: Tx, rows: str) -> None:
    """Count what is not kept. System transaction."""
    await tx.run(
        "with given as (select * from jsonb_to_recordset($1::text::jsonb) as g(tenant_id uuid, owner_id uuid,"
        "  project_id bigint, kind text, at double precision, items bigint))"
        " insert into error_tallies as a (tenant_id, project_id, kind, hour, items)"
        " select g.tenant_id, g.project_id, g.kind,"
        "  date_trunc('hour', timestamptz 'epoch' + g.at * interval '1 second', 'UTC'), sum(g.items)"
        " from given g left join error_projects p on p.owner_id = g.owner_id and p.id = g.project_id"
        "  left join tenants t on t.id = g.tenant_id"
        " where (g.project_id is null or p.id is not null) and (g.tenant_id is null or t.id is not null)"
        " group by 1, 2, 3, 4 order by 1, 2, 3, 4"
        " on conflict (owner_id, project_id, kind, hour) do update set items = a.items + excluded.items",
        rows,
    )
