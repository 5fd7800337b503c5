"""SQL of what was brought up for an answer."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def note(tx: Tx, message_id: UUID, applied: dict[str, Any]) -> None:
    """Keep with the answer what it was told."""
    await tx.run(
        "update messages set applied = $4 where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, message_id, applied,
    )  # fmt: skip


async def of_message(tx: Tx, message_id: UUID) -> Row | None:
    """An answer of the person's, and what it was told."""
    return await tx.one_or_none(
        "select id, applied from messages where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, message_id,
    )  # fmt: skip


async def of_chat(tx: Tx, chat_id: UUID) -> Row | None:
    """The chat's last answer, and what it was told; no id where nothing was answered yet. None where there is no such chat."""
    return await tx.one_or_none(
        "select m.id, m.applied from chats c left join lateral (select id, applied from messages where tenant_id = $1"
        "  and user_id = $2 and chat_id = c.id and role = 'assistant' order by created_at desc, id desc limit 1) m on true"
        " where c.tenant_id = $1 and c.user_id = $2 and c.id = $3 and c.deleted_at is null",
        tx.tenant_id, tx.user_id, chat_id,
    )  # fmt: skip


async def of_decision(tx: Tx, decision_id: UUID) -> Row | None:
    """The answer that a decision led to, where it was told anything."""
    return await tx.one_or_none(
        "select id, applied from messages where tenant_id = $1 and user_id = $2 and decision_id = $3"
        " and applied is not null limit 1",
        tx.tenant_id, tx.user_id, decision_id,
    )  # fmt: skip


async def preferences(tx: Tx, ids: Sequence[UUID]) -> list[Row]:
    """Those that are still known."""
    return await tx.all(
        "select id, preference_key, preference_value, lasting from user_preferences"
        " where tenant_id = $1 and user_id = $2 and id = any($3::uuid[]) order by preference_key",
        tx.tenant_id, tx.user_id, ids,
    )  # fmt: skip


async def forget_verdict(tx: Tx, session: str) -> None:
    """What was said of an answer before."""
    await tx.run(
        "delete from user_preference_evidence where tenant_id = $1 and user_id = $2 and session = $3",
        tx.tenant_id, tx.user_id, session,
    )  # fmt: skip
