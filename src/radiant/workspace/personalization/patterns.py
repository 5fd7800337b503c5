"""What a person does more, or less, often than evenly: counted in SQL, by one statement."""

from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.workspace.personalization.schemas import Pattern, PatternData

# Seen so often at least, before it is called a habit.
_SHOWN_FROM = 5
# 95 %; for the hours of a week 95 % for all 168 together (Bonferroni), for among so many some stand out by chance.
_Z, _Z_OF_HOURS = 1.96, 3.62


async def refresh(tx: Tx) -> int:
    """Count the person's last 10,000 messages of 400 days anew; how many patterns there are. Shares with Wilson intervals;
    the lift is the share over 1/k, k being the hours of a week, the kinds of task and of length, and of the rest as many
    as the person has used, two at least."""
    return await tx.run(
        "with since as (select greatest(current_timestamp - interval '400 days', (select patterns_since"
        "   from personalization_settings where tenant_id = $1 and user_id = $2)) as at),"
        " recent as (select m.role, m.content, m.model, m.language, m.created_at as at from messages m, since"
        "  where m.tenant_id = $1 and m.user_id = $2 and m.created_at >= since.at"
        "  order by m.created_at desc limit 10000),"
        " asked as (select at, language, (select coalesce(sum(length(p ->> 'text')), 0)"
        "   from jsonb_array_elements(content) p where p ->> 'type' = 'text') as characters"
        "  from recent where role = 'user'),"
        " seen as ("
        "  select 'hour_of_week' as type, ((extract(isodow from at at time zone 'UTC') - 1) * 24"
        "   + extract(hour from at at time zone 'UTC'))::int::text as key, at from asked"
        "  union all select 'length', case when characters < 100 then 'short' when characters < 600 then 'medium'"
        "   else 'long' end, at from asked where characters > 0"
        "  union all select 'language', language, at from asked where language is not null"
        "  union all select 'model', model, at from recent where role = 'assistant' and model is not null"
        "  union all select 'tool', left(p ->> 'name', 200), at from recent, jsonb_array_elements(content) p"
        "   where role = 'assistant' and p ->> 'type' = 'tool_call' and p ->> 'name' is not null"
        "  union all select 'task_type', h.task_type, h.created_at from brain_routing_history h, since"
        "   where h.tenant_id = $1 and h.user_id = $2 and h.created_at >= since.at and h.task_type is not null),"
        " counted as (select type, key, count(*)::float8 as n, max(at) as last,"
        "   (sum(count(*)) over (partition by type))::float8 as total,"
        "   case type when 'hour_of_week' then 168 when 'length' then 3 when 'task_type' then 6"
        "    else greatest(2, count(*) over (partition by type)) end as k,"
        "   case type when 'hour_of_week' then $3::float8 else $4::float8 end as z"
        "  from seen group by type, key),"
        " shares as (select *, n / total as share, (n / total + z * z / (2 * total)) / (1 + z * z / total) as centre,"
        "   z * sqrt(n / total * (1 - n / total) / total + z * z / (4 * total * total)) / (1 + z * z / total) as reach"
        "  from counted)"
        " insert into user_behavior_patterns as b (tenant_id, user_id, pattern_type, pattern_key, pattern_data,"
        "  occurrence_count, last_occurred)"
        " select $1, $2, type, key, jsonb_build_object('count', n::int, 'total', total::int, 'share', share,"
        "  'interval', jsonb_build_array(greatest(centre - reach, 0), least(centre + reach, 1)), 'lift', share * k),"
        "  n::int, last from shares"
        " on conflict (tenant_id, user_id, pattern_type, pattern_key) do update set pattern_data = excluded.pattern_data,"
        "  occurrence_count = excluded.occurrence_count, last_occurred = excluded.last_occurred where not b.hidden",
        tx.tenant_id, tx.user_id, _Z_OF_HOURS, _Z,
    )  # fmt: skip


async def patterns(tx: Tx, after: tuple[int, UUID] | None, limit: int) -> list[Pattern]:
    """A page, the most frequent first."""
    rows = await tx.all(
        "select id, pattern_type, pattern_key, pattern_data, occurrence_count, last_occurred from user_behavior_patterns"
        " where tenant_id = $1 and user_id = $2 and not hidden"
        " and ($3::int is null or (occurrence_count, id) < ($3, $4::uuid))"
        " order by occurrence_count desc, id desc limit $5",
        tx.tenant_id, tx.user_id, *(after or (None, None)), limit,
    )  # fmt: skip
    return [_pattern(row) for row in rows]


def _pattern(row: Row) -> Pattern:
    data = PatternData.model_validate(row["pattern_data"])
    fields: dict[str, Any] = dict(row) | {"pattern_data": data, "shown": shown(data)}
    return Pattern.model_validate(fields)


def shown(data: PatternData) -> bool:
    """Whether it is a habit: often enough, and the interval of its lift excludes 1."""
    if data.count < _SHOWN_FROM:
        return False
    even = data.share / data.lift
    low, high = data.interval
    return low > even or high < even


async def hide(tx: Tx, pattern_id: UUID) -> bool:
    """Forget a pattern, and do not count it again."""
    touched = await tx.run(
        "update user_behavior_patterns set hidden = true, pattern_data = '{}', occurrence_count = 0"
        " where tenant_id = $1 and user_id = $2 and id = $3 and not hidden",
        tx.tenant_id, tx.user_id, pattern_id,
    )  # fmt: skip
    return touched == 1


async def forget(tx: Tx) -> int:
    """Forget all; what is counted from now on begins anew."""
    await tx.run(
        "insert into personalization_settings (tenant_id, user_id, patterns_since) values ($1, $2, clock_timestamp())"
        " on conflict (tenant_id, user_id) do update set patterns_since = excluded.patterns_since",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip
    return await tx.run(
        "delete from user_behavior_patterns where tenant_id = $1 and user_id = $2", tx.tenant_id, tx.user_id
    )
