"""SQL of what is learnt from: messages that no one has learnt from yet."""

from collections.abc import Sequence
from uuid import UUID

from radiant.infra.db import Row, Tx


async def waiting(tx: Tx, limit: int) -> list[Row]:
    """Chats with questions that are ten seconds old and not learnt from, whoever's; those of a day, the oldest first."""
    return await tx.all(
        "select m.tenant_id, m.user_id, m.chat_id, u.role from (select tenant_id, user_id, chat_id,"
        "  min(created_at) as since from messages where learned_at is null and role = 'user'"
        "  and created_at between current_timestamp - interval '1 day' and current_timestamp - interval '10 seconds'"
        "  group by tenant_id, user_id, chat_id order by since limit $1) m"
        " join users u on u.tenant_id = m.tenant_id and u.id = m.user_id",
        limit,
    )


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
