"""SQL of messages."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from radiant.infra.db import Tx
from radiant.kit.ids import ChatId, MessageId, RunId
from radiant.workspace.chats.schemas import Message


async def insert_user(
    tx: Tx, message_id: MessageId, chat_id: ChatId, parent_id: MessageId | None, content: list[dict[str, Any]]
) -> Message:
    """A question."""
    row = await tx.one(
        "insert into messages (id, tenant_id, user_id, chat_id, parent_id, role, content)"
        " values ($1, $2, $3, $4, $5, 'user', $6)"
        " returning id, parent_id, role, content, reasoning, status, stop_reason, model, run_id, decision_id,"
        " input_tokens, output_tokens, cost, first_token_ms, duration_ms, error, created_at",
        message_id, tx.tenant_id, tx.user_id, chat_id, parent_id, content,
    )  # fmt: skip
    return Message.model_validate(dict(row))


async def insert_merged(tx: Tx, message_id: MessageId, chat_id: ChatId, parent_id: MessageId, text: str) -> None:
    """An answer that no single model gave."""
    await tx.run(
        "insert into messages (id, tenant_id, user_id, chat_id, parent_id, role, content, model, created_at)"
        " values ($3, $1, $2, $4, $5, 'assistant', $6, 'merged', clock_timestamp())",
        tx.tenant_id, tx.user_id, message_id, chat_id, parent_id, [{"type": "text", "text": text}],
    )  # fmt: skip


async def insert_answer(
    tx: Tx, message_id: MessageId, chat_id: ChatId, parent_id: MessageId, model: str, run_id: RunId
) -> Message:
    """An answer that is about to stream."""
    row = await tx.one(
        "insert into messages (id, tenant_id, user_id, chat_id, parent_id, role, status, model, run_id, created_at)"
        " values ($1, $2, $3, $4, $5, 'assistant', 'streaming', $6, $7, clock_timestamp())"
        " returning id, parent_id, role, content, reasoning, status, stop_reason, model, run_id, decision_id,"
        " input_tokens, output_tokens, cost, first_token_ms, duration_ms, error, created_at",
        message_id, tx.tenant_id, tx.user_id, chat_id, parent_id, model, run_id,
    )  # fmt: skip
    return Message.model_validate(dict(row))


async def finish(
    tx: Tx, run_id: RunId, status: str, content: list[dict[str, Any]], reasoning: str, error: dict[str, Any] | None,
    stop_reason: str | None = None, model: str | None = None, decision_id: object = None,
    input_tokens: int | None = None, output_tokens: int | None = None, cost: Decimal | None = None,
    first_token_ms: int | None = None, duration_ms: int | None = None,
) -> Message | None:  # fmt: skip
    """Write an answer's end; None where its message was deleted meanwhile."""
    row = await tx.one_or_none(
        "update messages set status = $4, content = $5, reasoning = $6, error = $7, stop_reason = $8,"
        " model = coalesce($9, model), decision_id = $10, input_tokens = $11, output_tokens = $12, cost = $13,"
        " first_token_ms = $14, duration_ms = $15"
        " where tenant_id = $1 and user_id = $2 and run_id = $3 and status = 'streaming'"
        " returning id, parent_id, role, content, reasoning, status, stop_reason, model, run_id, decision_id,"
        " input_tokens, output_tokens, cost, first_token_ms, duration_ms, error, created_at,"
        " coalesce(jsonb_array_length(applied -> 'preferences'), 0)"
        "  + coalesce(jsonb_array_length(applied -> 'memories'), 0) as recalled,"
        " coalesce(jsonb_array_length(cited -> 'items'), 0) as cited,"
        " coalesce((cited ->> 'left_out')::boolean, false) as left_out",
        tx.tenant_id, tx.user_id, run_id, status, content, reasoning, error, stop_reason, model, decision_id,
        input_tokens, output_tokens, cost, first_token_ms, duration_ms,
    )  # fmt: skip
    return Message.model_validate(dict(row)) if row else None


async def cut(tx: Tx, message_id: UUID, content: list[dict[str, Any]]) -> bool:
    """Leave of an answer that has ended what was heard of it, and say that it was interrupted; whether there was one."""
    return bool(
        await tx.run(
            "update messages set content = $4, stop_reason = 'interrupted',"
            " status = case status when 'failed' then 'failed' else 'stopped' end"
            " where tenant_id = $1 and user_id = $2 and id = $3 and role = 'assistant' and status <> 'streaming'",
            tx.tenant_id, tx.user_id, message_id, content,
        )
    )  # fmt: skip


async def get(tx: Tx, chat_id: ChatId, message_id: MessageId) -> Message | None:
    """A message of the chat."""
    row = await tx.one_or_none(
        "select id, parent_id, role, content, reasoning, status, stop_reason, model, run_id, decision_id,"
        " input_tokens, output_tokens, cost, first_token_ms, duration_ms, error, created_at from messages"
        " where tenant_id = $1 and user_id = $2 and chat_id = $3 and id = $4",
        tx.tenant_id, tx.user_id, chat_id, message_id,
    )  # fmt: skip
    return Message.model_validate(dict(row)) if row else None


async def tree(tx: Tx, chat_id: ChatId) -> list[Message]:
    """Every message of the chat, the oldest first."""
    rows = await tx.all(
        "select id, parent_id, role, content, reasoning, status, stop_reason, model, run_id, decision_id,"
        " input_tokens, output_tokens, cost, first_token_ms, duration_ms, error, created_at,"
        " coalesce(jsonb_array_length(applied -> 'preferences'), 0)"
        "  + coalesce(jsonb_array_length(applied -> 'memories'), 0) as recalled,"
        " coalesce(jsonb_array_length(cited -> 'items'), 0) as cited,"
        " coalesce((cited ->> 'left_out')::boolean, false) as left_out from messages"
        " where tenant_id = $1 and user_id = $2 and chat_id = $3 order by created_at, id",
        tx.tenant_id, tx.user_id, chat_id,
    )  # fmt: skip
    return [Message.model_validate(dict(row)) for row in rows]


async def path(tx: Tx, chat_id: ChatId, leaf: MessageId) -> list[Message]:
    """The messages from the root to `leaf`, in order."""
    rows = await tx.all(
        "with recursive up as ("
        "  select m.*, 0 as depth from messages m where m.tenant_id = $1 and m.user_id = $2 and m.chat_id = $3"
        "   and m.id = $4"
        "  union all"
        "  select m.*, up.depth + 1 from messages m join up on m.chat_id = up.chat_id and m.id = up.parent_id"
        "   where m.tenant_id = $1 and m.user_id = $2)"
        " select id, parent_id, role, content, reasoning, status, stop_reason, model, run_id, decision_id,"
        " input_tokens, output_tokens, cost, first_token_ms, duration_ms, error, created_at from up order by depth desc",
        tx.tenant_id, tx.user_id, chat_id, leaf,
    )  # fmt: skip
    return [Message.model_validate(dict(row)) for row in rows]


async def deepest_leaf(tx: Tx, chat_id: ChatId, message_id: MessageId) -> tuple[MessageId, datetime] | None:
    """The latest message at or below `message_id`: the end of the branch that goes through it."""
    row = await tx.one_or_none(
        "with recursive down as ("
        "  select id, created_at from messages where tenant_id = $1 and user_id = $2 and chat_id = $3 and id = $4"
        "  union all"
        "  select m.id, m.created_at from messages m join down on m.chat_id = $3 and m.parent_id = down.id"
        "   where m.tenant_id = $1 and m.user_id = $2)"
        " select id, created_at from down order by created_at desc, id desc limit 1",
        tx.tenant_id, tx.user_id, chat_id, message_id,
    )  # fmt: skip
    return (row["id"], row["created_at"]) if row else None


async def decisions_of(tx: Tx, messages: list[UUID]) -> dict[UUID, UUID]:
    """The calls that gave these messages, of the caller's, by message."""
    rows = await tx.all(
        "select id, decision_id from messages where tenant_id = $1 and user_id = $2 and id = any($3::uuid[])"
        " and decision_id is not null",
        tx.tenant_id, tx.user_id, messages,
    )  # fmt: skip
    return {row["id"]: row["decision_id"] for row in rows}
