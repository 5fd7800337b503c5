"""SQL of turns that panes take together, and of the history that they have in common."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import ChatId, MessageId, PaneId, PanesId


async def last_turn(tx: Tx, session_id: PanesId) -> Row | None:
    """The newest turn and, by pane, the newest of its questions: {turn, mode, common, questions}."""
    return await tx.one_or_none(
        "select t.turn, t.sync_mode as mode, t.common_message_id is not null or t.turn <= y.sync_cursor as common,"
        " coalesce((select jsonb_object_agg(q.pane_id, q.message_id) from (select distinct on (q.pane_id) q.pane_id,"
        "   q.message_id from concurrent_turn_questions q join messages m on m.id = q.message_id"
        "   where q.tenant_id = $1 and q.user_id = $2 and q.session_id = $3 and q.turn = t.turn"
        "   order by q.pane_id, m.created_at desc, m.id desc) q), '{}') as questions"
        " from concurrent_turns t join concurrent_sync_state y on y.tenant_id = t.tenant_id and y.user_id = t.user_id"
        "  and y.session_id = t.session_id"
        " where t.tenant_id = $1 and t.user_id = $2 and t.session_id = $3 order by t.turn desc limit 1",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip


async def insert_turn(
    tx: Tx, session_id: PanesId, turn: int, mode: str, questions: Sequence[tuple[PaneId, MessageId]]
) -> None:
    """A turn and its question in each pane."""
    await tx.run(
        "insert into concurrent_turns (tenant_id, user_id, session_id, turn, sync_mode) values ($1, $2, $3, $4, $5)",
        tx.tenant_id, tx.user_id, session_id, turn, mode,
    )  # fmt: skip
    await tx.run(
        "insert into concurrent_turn_questions (tenant_id, user_id, session_id, turn, pane_id, message_id)"
        " select $1, $2, $3, $4, * from unnest($5::uuid[], $6::uuid[])",
        tx.tenant_id, tx.user_id, session_id, turn, [pane for pane, _ in questions], [each for _, each in questions],
    )  # fmt: skip


async def add_question(tx: Tx, session_id: PanesId, like: MessageId, pane_id: PaneId, message_id: MessageId) -> None:
    """A question asked otherwise belongs to the turn of the first, if that has one."""
    await tx.run(
        "insert into concurrent_turn_questions (tenant_id, user_id, session_id, turn, pane_id, message_id)"
        " select $1, $2, $3, turn, $5, $6 from concurrent_turn_questions"
        " where tenant_id = $1 and user_id = $2 and session_id = $3 and message_id = $4",
        tx.tenant_id, tx.user_id, session_id, like, pane_id, message_id,
    )  # fmt: skip


async def answers(tx: Tx, session_id: PanesId, turn: int) -> list[Row]:
    """Every answer to the turn, in every pane: {id, chat_id, pane_id, question_id, asked, status, said, decision_id}.
    `asked`: the question's content; `said`: whether it has words."""
    return await tx.all(
        "select a.id, a.chat_id, q.pane_id, q.message_id as question_id, u.content as asked, a.status,"
        " a.content <> '[]' as said, a.decision_id from concurrent_turn_questions q"
        " join messages u on u.tenant_id = q.tenant_id and u.user_id = q.user_id and u.id = q.message_id"
        " join messages a on a.tenant_id = u.tenant_id and a.chat_id = u.chat_id and a.parent_id = u.id"
        "  and a.user_id = u.user_id and a.role = 'assistant'"
        " where q.tenant_id = $1 and q.user_id = $2 and q.session_id = $3 and q.turn = $4 order by a.created_at, a.id",
        tx.tenant_id, tx.user_id, session_id, turn,
    )  # fmt: skip


async def turn_of_answer(tx: Tx, session_id: PanesId, message_id: MessageId) -> int | None:
    """The turn that the message answers."""
    return await tx.value(
        "select q.turn from messages a join concurrent_turn_questions q on q.tenant_id = a.tenant_id"
        " and q.user_id = a.user_id and q.message_id = a.parent_id"
        " where a.tenant_id = $1 and a.user_id = $2 and a.id = $4 and a.role = 'assistant' and q.session_id = $3",
        tx.tenant_id, tx.user_id, session_id, message_id,
    )  # fmt: skip


async def set_common(tx: Tx, session_id: PanesId, turn: int, message_id: MessageId, merge_id: UUID | None) -> None:
    """That answer is everybody's."""
    await tx.run(
        "update concurrent_turns set common_message_id = $5, merge_id = $6"
        " where tenant_id = $1 and user_id = $2 and session_id = $3 and turn = $4",
        tx.tenant_id, tx.user_id, session_id, turn, message_id, merge_id,
    )  # fmt: skip


async def merge_exists(tx: Tx, merge_id: UUID) -> bool:
    """Whether the caller has that merge."""
    return await tx.value(
        "select exists (select from merge_sessions where tenant_id = $1 and user_id = $2 and id = $3)",
        tx.tenant_id, tx.user_id, merge_id,
    )  # fmt: skip


async def insert_copies(tx: Tx, chat_id: ChatId, copies: Sequence[dict[str, Any]]) -> None:
    """Messages with {id, parent_id, role, content, reasoning, model, decision_id}, in their order. What they took was
    paid for where they come from."""
    await tx.run(
        "insert into messages (tenant_id, user_id, chat_id, id, parent_id, role, content, reasoning, model, decision_id,"
        " created_at) select $1, $2, $3, c.id, c.parent_id, c.role, c.content, c.reasoning, c.model, c.decision_id,"
        "  clock_timestamp() from rows from (jsonb_to_recordset($4) as (id uuid, parent_id uuid, role text, content jsonb,"
        "  reasoning text, model text, decision_id uuid)) with ordinality as c order by c.ordinality",
        tx.tenant_id, tx.user_id, chat_id, list(copies),
    )  # fmt: skip


async def moment(tx: Tx) -> Any:
    """The database's clock."""
    return await tx.value("select clock_timestamp()")


async def runs_to_follow(tx: Tx, session_id: PanesId, since: Any, known: Sequence[UUID], limit: int) -> list[Row]:
    """Answers of the panes' chats that are being written, began after `since`, or are `known`, the oldest first; the
    newest, where there are more: {run_id, pane_id, created_at, status}."""
    return await tx.all(
        "select * from (select m.run_id, p.id as pane_id, m.created_at, m.status from concurrent_panes p"
        "  join messages m on m.tenant_id = p.tenant_id and m.user_id = p.user_id and m.chat_id = p.chat_id"
        "  where p.tenant_id = $1 and p.user_id = $2 and p.session_id = $3 and m.status = 'streaming'"
        "   and m.run_id is not null"
        " union select m.run_id, p.id, m.created_at, m.status from concurrent_panes p"
        "  join messages m on m.tenant_id = p.tenant_id and m.user_id = p.user_id and m.chat_id = p.chat_id"
        "  where p.tenant_id = $1 and p.user_id = $2 and p.session_id = $3 and m.created_at > $4"
        "   and m.run_id is not null"
        " union select m.run_id, p.id, m.created_at, m.status from messages m"
        "  join concurrent_panes p on p.tenant_id = m.tenant_id and p.user_id = m.user_id and p.chat_id = m.chat_id"
        "  where p.tenant_id = $1 and p.user_id = $2 and p.session_id = $3 and m.run_id = any ($5::uuid[])"
        " order by created_at desc, run_id desc limit $6) as newest order by created_at, run_id",
        tx.tenant_id, tx.user_id, session_id, since, list(known), limit,
    )  # fmt: skip
