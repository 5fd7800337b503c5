"""SQL of the journal's writer. Locks are taken in one order everywhere: calls, then budget periods, then leases, each
by id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from radiant.foundation.usage.journal import Position
from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId


@dataclass(frozen=True, slots=True)
class Due:
    """What calls of one budget's period cost; `leased`: the part of it that is to be taken from leases, without what
    corrects a call that was settled as abandoned."""

    tenant_id: TenantId
    budget_id: UUID
    period_start: datetime
    cost: Decimal
    leased: Decimal


def _due(rows: list[Row]) -> list[Due]:
    return [Due(row["tenant_id"], row["budget_id"], row["period_start"], row["cost"], row["leased"]) for row in rows]


async def register(tx: Tx, journal_id: UUID, host: str, written: Position, alive_for: timedelta) -> None:
    """Say that the process of this journal lives. `written`: how far it knows the journal to be in the ledger, should
    the ledger have lost it. System transaction."""
    await tx.run(
        "insert into usage_journals as j (id, host, segment, read_to, alive_until)"
        " values ($1, $2, $3, $4, current_timestamp + $5::interval)"
        " on conflict (id) do update set alive_until = excluded.alive_until",
        journal_id, host, written.segment, written.offset, alive_for,
    )  # fmt: skip


async def position(tx: Tx, journal_id: UUID) -> Position:
    """How far the journal is in the ledger. System transaction."""
    row = await tx.one_or_none("select segment, read_to from usage_journals where id = $1", journal_id)
    return Position(row["segment"], row["read_to"]) if row else Position()


async def advance(tx: Tx, journal_id: UUID, before: Position, after: Position) -> bool:
    """Move on from `before`; False where the journal is not there: its frames were written already. System
    transaction."""
    moved = await tx.run(
        "insert into usage_journals as j (id, segment, read_to, alive_until)"
        " values ($1, $4, $5, current_timestamp + interval '1 minute')"
        " on conflict (id) do update set segment = excluded.segment, read_to = excluded.read_to"
        " where (j.segment, j.read_to) = ($2, $3)",
        journal_id, before.segment, before.offset, after.segment, after.offset,
    )  # fmt: skip
    return moved == 1


async def tell(tx: Tx, topic: str, events: str) -> None:
    """Report events, a JSON array of {tenant_id, event}, one entry of the outbox for each tenant; those of tenants that
    are gone are left out. System transaction."""
    await tx.run(
        "with given as (select * from jsonb_to_recordset($2::text::jsonb) as g(tenant_id uuid, event jsonb)),"
        " written as (insert into outbox (tenant_id, topic, payload)"
        "  select t.id, $1, jsonb_build_object('events', jsonb_agg(g.event)) from given g"
        "  join tenants t on t.id = g.tenant_id group by t.id)"
        " select pg_notify('radiant_outbox', '')",
        topic, events,
    )  # fmt: skip


async def write(tx: Tx, journal_id: UUID, rows: str) -> list[Due]:
    """Write calls, a JSON array of records.Row; what those that ended with it cost their budgets.

    People and keys that are gone are left out of their calls, and calls of tenants that are gone altogether. A call
    that was given up and did end is put right. `advance` goes before: it keeps the reconciler out. System transaction.
    """
    found = await tx.all(
        "with given as (select * from jsonb_to_recordset($2::text::jsonb) as g(id uuid, tenant_id uuid, at bigint,"
        "  ended_at bigint, user_id uuid, api_key_id uuid, run_id uuid, decision_id uuid, request_id text, kind text,"
        "  provider text, model text, protocol text, route text, streamed boolean, tags jsonb, budgets uuid[],"
        "  reserved_cost numeric, state text, ended text, cost numeric, input_tokens integer, output_tokens integer,"
        "  cache_read_tokens integer, cache_write_tokens integer, reasoning_tokens integer, first_token_ms integer,"
        "  duration_ms integer, stop_reason text, error_kind text, estimated boolean, cached boolean,"
        "  decision jsonb)),"
        " given_up as (select l.id, l.cost from usage_ledger l join given g on g.id = l.id where l.ended = 'abandoned'),"
        " written as (insert into usage_ledger as l (id, tenant_id, user_id, api_key_id, run_id, decision_id,"
        "   request_id, kind, provider, model, state, estimated, reserved_cost, cost, input_tokens, output_tokens,"
        "   cache_read_tokens, cache_write_tokens, reasoning_tokens, first_token_ms, duration_ms, stop_reason,"
        "   error_kind, created_at, settled_at, journal_id, protocol, route, streamed, cached, tags, ended, budgets,"
        "   decision)"
        "  select g.id, g.tenant_id, u.id, k.id, g.run_id, g.decision_id, left(g.request_id, 64), left(g.kind, 30),"
        "   left(g.provider, 50), left(g.model, 200), g.state, g.estimated, g.reserved_cost, g.cost, g.input_tokens,"
        "   g.output_tokens, g.cache_read_tokens, g.cache_write_tokens, g.reasoning_tokens, g.first_token_ms,"
        "   g.duration_ms, left(g.stop_reason, 30), left(g.error_kind, 50),"
        "   timestamptz 'epoch' + g.at * interval '1 microsecond',"
        "   timestamptz 'epoch' + g.ended_at * interval '1 microsecond', $1, left(g.protocol, 30), left(g.route, 30),"
        "   g.streamed, g.cached, g.tags, g.ended, g.budgets, g.decision"
        "  from given g join tenants t on t.id = g.tenant_id"
        "  left join users u on u.tenant_id = g.tenant_id and u.id = g.user_id"
        "  left join api_keys k on k.tenant_id = g.tenant_id and k.id = g.api_key_id order by g.id"
        "  on conflict (id) do update set state = excluded.state, estimated = excluded.estimated, cost = excluded.cost,"
        "   input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,"
        "   cache_read_tokens = excluded.cache_read_tokens, cache_write_tokens = excluded.cache_write_tokens,"
        "   reasoning_tokens = excluded.reasoning_tokens, first_token_ms = excluded.first_token_ms,"
        "   duration_ms = excluded.duration_ms, stop_reason = excluded.stop_reason, error_kind = excluded.error_kind,"
        "   settled_at = excluded.settled_at, cached = excluded.cached, ended = excluded.ended"
        "  where (l.state = 'reserved' or l.ended = 'abandoned') and excluded.state <> 'reserved'"
        "  returning l.id, l.tenant_id, l.state, l.budgets, l.created_at, l.cost)"
        " select w.tenant_id, b.id as budget_id, case b.period when 'total' then 'epoch'::timestamptz"
        "   else date_trunc(b.period, w.created_at, 'UTC') end as period_start,"
        "  sum(w.cost - coalesce(a.cost, 0)) as cost, coalesce(sum(w.cost) filter (where a.id is null), 0) as leased"
        " from written w left join given_up a on a.id = w.id cross join lateral unnest(w.budgets) as n(id)"
        " join budgets b on b.tenant_id = w.tenant_id and b.id = n.id"
        " where w.state <> 'reserved' group by 1, 2, 3 order by 2, 3",
        journal_id, rows,
    )  # fmt: skip
    return _due(found)


async def settle_open(tx: Tx, journal_id: UUID) -> tuple[int, list[Due]]:
    """Settle the open calls of a journal whose process is gone, at their estimate and marked so; how many they were,
    and what they cost their budgets. System transaction."""
    ids = await tx.all(
        "with dead as (select id from usage_ledger where journal_id = $1 and state = 'reserved' order by id for update)"
        " update usage_ledger l set state = 'failed', cost = l.reserved_cost, input_tokens = 0, output_tokens = 0,"
        "  estimated = true, error_kind = 'abandoned', ended = 'abandoned', settled_at = current_timestamp"
        " from dead where l.id = dead.id returning l.id",
        journal_id,
    )
    found = await tx.all(
        "select l.tenant_id, b.id as budget_id, case b.period when 'total' then 'epoch'::timestamptz"
        "   else date_trunc(b.period, l.created_at, 'UTC') end as period_start, sum(l.cost) as cost,"
        "  sum(l.cost) as leased from usage_ledger l cross join lateral unnest(l.budgets) as n(id)"
        " join budgets b on b.tenant_id = l.tenant_id and b.id = n.id"
        " where l.id = any ($1::uuid[]) group by 1, 2, 3 order by 2, 3",
        [row["id"] for row in ids],
    )
    return len(ids), _due(found)


async def spend(tx: Tx, due: Sequence[Due]) -> None:
    """Add to what was spent; the periods stay locked. System transaction."""
    await tx.run(
        "insert into budget_periods as p (tenant_id, budget_id, period_start, spent)"
        # A correction may be negative, which a new row may not.
        " select d.tenant_id, d.budget_id, d.period_start, greatest(d.cost, 0)"
        " from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::numeric[])"
        "  as d(tenant_id, budget_id, period_start, cost) order by d.budget_id, d.period_start"
        " on conflict (budget_id, period_start) do update set spent = greatest(0, p.spent + ("
        "  select d.cost from unnest($2::uuid[], $3::timestamptz[], $4::numeric[]) as d(budget_id, period_start, cost)"
        "  where d.budget_id = p.budget_id and d.period_start = p.period_start))",
        *_columns(due),
        [one.cost for one in due],
    )


async def use_leases(tx: Tx, holder: str, due: Sequence[Due]) -> list[Row]:
    """Take what was spent from the holder's leases; what it spent beyond them, by budget_id and period_start. `spend`
    goes before. System transaction."""
    return await tx.all(
        "with held as (select l.id, l.budget_id, l.period_start, least(l.amount, d.leased) as taken,"
        "   d.leased - least(l.amount, d.leased) as short"
        "  from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::numeric[])"
        "   as d(tenant_id, budget_id, period_start, leased)"
        "  join budget_leases l on l.holder = $1 and l.tenant_id = d.tenant_id and l.budget_id = d.budget_id"
        "   and l.period_start = d.period_start),"
        " less as (update budget_leases l set amount = l.amount - h.taken from held h where l.id = h.id)"
        " update budget_periods p set reserved = greatest(p.reserved - h.taken, 0) from held h"
        " where p.budget_id = h.budget_id and p.period_start = h.period_start"
        " returning p.budget_id, p.period_start, h.short",
        holder, *_columns(due), [one.leased for one in due],
    )  # fmt: skip


async def note_warnings(tx: Tx, due: Sequence[Due]) -> list[Row]:
    """Budgets that crossed their warning with this, each once a period. System transaction."""
    return await tx.all(
        "update budget_periods p set warned_at = current_timestamp from budgets b,"
        " unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as d(tenant_id, budget_id, period_start)"
        " where p.tenant_id = d.tenant_id and p.budget_id = d.budget_id and p.period_start = d.period_start"
        " and b.tenant_id = p.tenant_id and b.id = p.budget_id and p.warned_at is null and b.warn_at is not null"
        " and p.spent >= b.amount * b.warn_at"
        " returning p.tenant_id, p.budget_id, p.period_start, p.spent, b.amount, b.scope",
        *_columns(due),
    )  # fmt: skip


def _columns(due: Sequence[Due]) -> tuple[list[TenantId], list[UUID], list[datetime]]:
    return (
        [one.tenant_id for one in due],
        [one.budget_id for one in due],
        [one.period_start for one in due],
    )


async def free_leases(tx: Tx, holder: str) -> None:
    """Give back whatever that process holds. System transaction."""
    await tx.all(
        "select 1 from budget_periods p where (p.budget_id, p.period_start) in"
        " (select l.budget_id, l.period_start from budget_leases l where l.holder = $1)"
        " order by p.budget_id, p.period_start for update",
        holder,
    )
    await tx.run(
        "with gone as (delete from budget_leases where holder = $1 returning budget_id, period_start, amount)"
        " update budget_periods p set reserved = greatest(p.reserved - g.amount, 0) from gone g"
        " where p.budget_id = g.budget_id and p.period_start = g.period_start",
        holder,
    )
    await tx.run("delete from rate_limit_holders where holder = $1", holder)


async def lock_silent(tx: Tx, journal_id: UUID, for_longer_than: timedelta) -> bool:
    """Keep the journal's writer out; False where it was heard of after all. System transaction."""
    return await tx.value(
        "select alive_until < current_timestamp - $2::interval from usage_journals where id = $1 for update",
        journal_id, for_longer_than,
    ) is True  # fmt: skip


async def forget(tx: Tx, journal_id: UUID) -> None:
    """The journal is in the ledger to its end and its files go. System transaction."""
    await tx.run("delete from usage_journals where id = $1", journal_id)


async def silent(tx: Tx, for_longer_than: timedelta) -> list[UUID]:
    """Journals of processes that have not been heard of and that still hold something. System transaction."""
    rows = await tx.all(
        "select j.id from usage_journals j where j.alive_until < current_timestamp - $1::interval and"
        " (exists (select from usage_ledger l where l.journal_id = j.id and l.state = 'reserved')"
        "  or exists (select from budget_leases b where b.holder = j.id::text)) order by j.id limit 100",
        for_longer_than,
    )
    return [row["id"] for row in rows]


async def ownerless(tx: Tx, for_longer_than: timedelta) -> list[str]:
    """Holders of leases long expired that are no journal's. System transaction."""
    rows = await tx.all(
        "select distinct l.holder from budget_leases l where l.expires_at < current_timestamp - $1::interval"
        " and not exists (select from usage_journals j where j.id::text = l.holder) limit 100",
        for_longer_than,
    )
    return [row["holder"] for row in rows]


async def settle_without_journal(tx: Tx, for_longer_than: timedelta) -> int:
    """Settle calls that were reserved before there were journals; how many. System transaction."""
    return await tx.value(
        "with dead as (select id from usage_ledger where journal_id is null and state = 'reserved'"
        "  and created_at < current_timestamp - $1::interval order by id for update),"
        " settled as (update usage_ledger l set state = 'failed', cost = l.reserved_cost, input_tokens = 0,"
        "  output_tokens = 0, estimated = true, error_kind = 'abandoned', ended = 'abandoned',"
        "  settled_at = current_timestamp from dead where l.id = dead.id"
        "  returning l.tenant_id, l.user_id, l.api_key_id, l.reserved_cost, l.created_at),"
        " due as (select b.id, case b.period when 'total' then 'epoch'::timestamptz"
        "   else date_trunc(b.period, s.created_at, 'UTC') end as period_start, sum(s.reserved_cost) as cost"
        "  from settled s join budgets b on b.tenant_id = s.tenant_id and b.created_at <= s.created_at"
        "   and b.model is null and (b.scope = 'tenant' or b.user_id = s.user_id or b.api_key_id = s.api_key_id)"
        "  group by 1, 2),"
        " moved as (update budget_periods p set reserved = greatest(p.reserved - d.cost, 0), spent = p.spent + d.cost"
        "  from due d where p.budget_id = d.id and p.period_start = d.period_start)"
        " select count(*) from settled",
        for_longer_than,
    )


async def touch_keys(tx: Tx, key_ids: Sequence[UUID]) -> None:
    """Note that keys were used. Whatever is locked is left for the next time. System transaction."""
    await tx.run(
        "with used as (select id from api_keys where id = any ($1::uuid[])"
        "  and (last_used_at is null or last_used_at < current_timestamp - interval '1 minute')"
        "  order by id for no key update skip locked)"
        " update api_keys k set last_used_at = current_timestamp from used where k.id = used.id",
        list(key_ids),
    )
