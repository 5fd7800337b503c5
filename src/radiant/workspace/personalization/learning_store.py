"""SQL of what is learnt from: messages that no one has learnt from yet."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from radiant.infra.db import Row, Tx


async def waiting(tx: Tx, but: Sequence[UUID], limit: int, lease: timedelta) -> list[Row]:
    """Chats with questions that are ten seconds old and not learnt from, whoever's; those of a day, the oldest first. They
    are the taker's for the time of the lease. `but`: chats that are left alone. System transaction."""
    return await tx.all(
        "with due as (select tenant_id, user_id, chat_id, min(created_at) as since from messages"
        "  where learned_at is null and role = 'user'"
        "  and created_at between current_timestamp - interval '1 day' and current_timestamp - interval '10 seconds'"
        "  and chat_id <> all($3::uuid[]) group by tenant_id, user_id, chat_id order by since limit $1),"
        " taken as (insert into learning_leases as l (chat_id, tenant_id, until)"
        "  select chat_id, tenant_id, current_timestamp + $2::interval from due order by chat_id"
        "  on conflict (chat_id) do update set until = excluded.until where l.until < current_timestamp"
        "  returning chat_id)"
        " select due.tenant_id, due.user_id, due.chat_id, u.role from due join taken using (chat_id)"
        " join users u on u.tenant_id = due.tenant_id and u.id = due.user_id order by due.since",
        limit, lease, but,
    )  # fmt: skip


async def release(tx: Tx, chat_id: UUID) -> None:
    """Whoever had the chat is done with it. System transaction."""
    await tx.run("delete from learning_leases where chat_id = $1", chat_id)


async def unlearned(tx: Tx, chat_id: UUID, limit: int) -> list[Row]:
    """Its questions that were not learnt from, the oldest first. `session`: panes that were asked together are one."""
    return await tx.all(
        "select m.id, m.created_at, coalesce((select string_agg(p ->> 'text', E'\\n') from"
        "  jsonb_array_elements(m.content) p where p ->> 'type' = 'text'), '') as text,"
        " coalesce((select p.session_id from concurrent_panes p where p.tenant_id = $1 and p.user_id = $2"
        "  and p.chat_id = m.chat_id limit 1), m.chat_id) as session,"
        " coalesce((c.settings ->> 'memory')::boolean, true) as memory"
        " from messages m join chats c on c.tenant_id = $1 and c.user_id = $2 and c.id = m.chat_id"
        " where m.tenant_id = $1 and m.user_id = $2 and m.chat_id = $3 and m.learned_at is null and m.role = 'user'"
        " order by m.created_at, m.id limit $4",
        tx.tenant_id, tx.user_id, chat_id, limit,
    )  # fmt: skip


async def state(tx: Tx, messages: Sequence[UUID]) -> dict[UUID, bool]:
    """Which of these are the person's own questions, and whether each was learnt from."""
    rows = await tx.all(
        "select id, learned_at is not null as learned from messages where tenant_id = $1 and user_id = $2"
        " and role = 'user' and id = any($3::uuid[])",
        tx.tenant_id, tx.user_id, messages,
    )  # fmt: skip
    return {row["id"]: row["learned"] for row in rows}


async def chat_remembers(tx: Tx, chat_id: UUID) -> bool | None:
    """Whether the chat may be learnt from and be told what is known; None where there is no such chat."""
    return await tx.value(
        "select coalesce((settings ->> 'memory')::boolean, true) from chats"
        " where tenant_id = $1 and user_id = $2 and id = $3 and deleted_at is null",
        tx.tenant_id, tx.user_id, chat_id,
    )  # fmt: skip


async def mark(tx: Tx, messages: Sequence[UUID], languages: Sequence[str | None]) -> set[UUID]:
    """They are learnt from, and in these languages; those that nobody had learnt from before."""
    rows = await tx.all(
        "update messages m set learned_at = current_timestamp, language = n.language"
        " from unnest($3::uuid[], $4::text[]) as n(id, language)"
        " where m.tenant_id = $1 and m.user_id = $2 and m.id = n.id and m.learned_at is null returning m.id",
        tx.tenant_id, tx.user_id, messages, languages,
    )  # fmt: skip
    return {row["id"] for row in rows}
