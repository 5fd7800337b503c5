"""SQL of sessions, their panes and how they go together. Every statement names the tenant and the person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import ChatId, PaneId, PanesId
from radiant.workspace.concurrent_chat.schemas import Pane, SessionSummary, SyncChange


async def insert_session(
    tx: Tx, session_id: PanesId, name: str | None, layout: dict[str, Any], max_panes: int, mode: str,
    documents: Sequence[UUID],
) -> None:  # fmt: skip
    """A session and how its panes go together; its panes are yet to come."""
    await tx.run(
        "with session as (insert into concurrent_sessions (id, tenant_id, user_id, session_name, layout_config, max_panes,"
        "  documents) values ($3, $1, $2, $4, $5, $6, $8))"
        " insert into concurrent_sync_state (tenant_id, user_id, session_id, sync_mode) values ($1, $2, $3, $7)",
        tx.tenant_id, tx.user_id, session_id, name, layout, max_panes, mode, documents,
    )  # fmt: skip


async def insert_panes(tx: Tx, session_id: PanesId, first_index: int, panes: Sequence[dict[str, Any]]) -> None:
    """Panes with {id, chat_id, model, system_prompt, parameters}, at successive places."""
    await tx.run(
        "insert into concurrent_panes"
        "  (tenant_id, user_id, session_id, pane_index, id, chat_id, model, system_prompt, parameters, status)"
        " select $1, $2, $3, $4 + n - 1, id, chat_id, model, system_prompt, parameters, app.pane_status_of(chat_id, 'complete')"
        " from unnest($5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::jsonb[]) with ordinality"
        "  as p (id, chat_id, model, system_prompt, parameters, n)",
        tx.tenant_id, tx.user_id, session_id, first_index, [p["id"] for p in panes], [p["chat_id"] for p in panes],
        [p["model"] for p in panes], [p["system_prompt"] for p in panes], [p["parameters"] for p in panes],
    )  # fmt: skip


async def session(tx: Tx, session_id: PanesId) -> Row | None:
    """A session of the caller's, with how its panes go together."""
    return await tx.one_or_none(
        "select s.id, s.session_name, s.layout_config, s.max_panes, s.is_active, s.documents, s.created_at, s.updated_at,"
        " y.sync_mode, y.shared_context, y.sync_cursor"
        " from concurrent_sessions s join concurrent_sync_state y on y.tenant_id = s.tenant_id and y.user_id = s.user_id"
        "  and y.session_id = s.id where s.tenant_id = $1 and s.user_id = $2 and s.id = $3",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip


async def lock(tx: Tx, session_id: PanesId) -> Row | None:
    """The same, locked: changes of a session, and its turns, follow one another."""
    locked = await tx.one_or_none(
        "select id from concurrent_sessions where tenant_id = $1 and user_id = $2 and id = $3 for update",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip
    return await session(tx, session_id) if locked else None


async def panes(tx: Tx, session_id: PanesId) -> list[Pane]:
    """The panes in their order. A deleted chat is none."""
    rows = await tx.all(
        "select p.id, p.pane_index, c.id as chat_id, coalesce(p.model, c.model, 'auto') as model, p.system_prompt,"
        " p.parameters, p.status, p.last_activity,"
        " (select m.run_id from messages m where m.chat_id = c.id and m.status = 'streaming'"
        "   order by m.created_at desc limit 1) as run_id"
        " from concurrent_panes p left join chats c on c.tenant_id = p.tenant_id and c.user_id = p.user_id"
        "  and c.id = p.chat_id and c.deleted_at is null"
        " where p.tenant_id = $1 and p.user_id = $2 and p.session_id = $3 order by p.pane_index",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip
    return [Pane.model_validate(dict(row)) for row in rows]


async def page(tx: Tx, words: str | None, before: tuple[datetime, PanesId] | None, limit: int) -> list[SessionSummary]:
    """The caller's sessions, the latest first; those whose name, or a chat of which, holds the words."""
    rows = await tx.all(
        "select s.id, s.session_name as name, s.layout_config ->> 'type' as type, y.sync_mode as mode, s.is_active,"
        " s.created_at, s.updated_at, array(select coalesce(p.model, 'auto') from concurrent_panes p"
        "  where p.tenant_id = $1 and p.user_id = $2 and p.session_id = s.id order by p.pane_index) as models"
        " from concurrent_sessions s join concurrent_sync_state y on y.tenant_id = s.tenant_id and y.user_id = s.user_id"
        "  and y.session_id = s.id where s.tenant_id = $1 and s.user_id = $2"
        " and ($3::text is null or position(lower($3) in lower(s.session_name)) > 0 or exists ("
        "  select from concurrent_panes p join chats c on c.tenant_id = p.tenant_id and c.user_id = p.user_id"
        "   and c.id = p.chat_id and c.deleted_at is null"
        "  where p.tenant_id = $1 and p.user_id = $2 and p.session_id = s.id"
        "   and position(lower($3) in lower(c.title)) > 0))"
        " and ($4::timestamptz is null or (s.updated_at, s.id) < ($4, $5::uuid))"
        " order by s.updated_at desc, s.id desc limit $6",
        tx.tenant_id, tx.user_id, words, *(before or (None, None)), limit,
    )  # fmt: skip
    return [SessionSummary.model_validate(dict(row)) for row in rows]


async def change_session(
    tx: Tx, session_id: PanesId, name: str | None = None, layout: dict[str, Any] | None = None,
    max_panes: int | None = None, is_active: bool | None = None, documents: Sequence[UUID] | None = None,
) -> None:  # fmt: skip
    """What is given is changed; in any case the session was used now."""
    await tx.run(
        "update concurrent_sessions set session_name = coalesce($4, session_name),"
        " layout_config = coalesce($5, layout_config), max_panes = coalesce($6, max_panes),"
        " is_active = coalesce($7, is_active), documents = coalesce($8::uuid[], documents),"
        " updated_at = clock_timestamp()"
        " where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, session_id, name, layout, max_panes, is_active, documents,
    )  # fmt: skip


async def delete_session(tx: Tx, session_id: PanesId) -> bool:
    """Delete a session; the chats of its panes stay."""
    return bool(
        await tx.run(
            "delete from concurrent_sessions where tenant_id = $1 and user_id = $2 and id = $3",
            tx.tenant_id, tx.user_id, session_id,
        )
    )  # fmt: skip


async def change_pane(
    tx: Tx, pane_id: PaneId, model: str | None, system_prompt: str | None, parameters: dict[str, Any] | None,
    chat_id: ChatId | None,
) -> None:  # fmt: skip
    """What is given is changed."""
    await tx.run(
        "update concurrent_panes set model = coalesce($4, model), system_prompt = coalesce($5, system_prompt),"
        " parameters = coalesce($6, parameters), chat_id = coalesce($7, chat_id),"
        " status = case when $7 is distinct from chat_id and $7 is not null"
        "  then app.pane_status_of($7, 'complete') else status end,"
        " last_activity = clock_timestamp() where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, pane_id, model, system_prompt, parameters, chat_id,
    )  # fmt: skip


async def delete_pane(tx: Tx, pane_id: PaneId) -> None:
    """Delete a pane; its chat stays."""
    await tx.run(
        "delete from concurrent_panes where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, pane_id,
    )  # fmt: skip


async def place_panes(tx: Tx, session_id: PanesId, order: Sequence[PaneId]) -> None:
    """Put the panes in this order, from place 0 on, without a gap."""
    await tx.run(
        "update concurrent_panes p set pane_index = o.n - 1 from unnest($4::uuid[]) with ordinality as o (id, n)"
        " where p.tenant_id = $1 and p.user_id = $2 and p.session_id = $3 and p.id = o.id and p.pane_index <> o.n - 1",
        tx.tenant_id, tx.user_id, session_id, list(order),
    )  # fmt: skip


async def change_sync(tx: Tx, session_id: PanesId, change: SyncChange) -> None:
    """Mode, and the shared context where it is given."""
    await tx.run(
        "update concurrent_sync_state set sync_mode = $4,"
        " shared_context = case when $5 then nullif($6, '') else shared_context end, updated_at = clock_timestamp()"
        " where tenant_id = $1 and user_id = $2 and session_id = $3",
        tx.tenant_id, tx.user_id, session_id, change.mode, "shared_context" in change.model_fields_set,
        change.shared_context,
    )  # fmt: skip


async def move_cursor(tx: Tx, session_id: PanesId, turn: int) -> None:
    """That turn's answer is common now."""
    await tx.run(
        "update concurrent_sync_state set sync_cursor = $4, updated_at = clock_timestamp()"
        " where tenant_id = $1 and user_id = $2 and session_id = $3",
        tx.tenant_id, tx.user_id, session_id, turn,
    )  # fmt: skip


async def shown_in(tx: Tx, pane_id: PaneId) -> Row | None:
    """What the pane shows: {session_id, chat_id, leaf_message_id}; None where it has no chat."""
    return await tx.one_or_none(
        "select p.session_id, c.id as chat_id, c.leaf_message_id from concurrent_panes p join chats c"
        " on c.tenant_id = p.tenant_id and c.user_id = p.user_id and c.id = p.chat_id and c.deleted_at is null"
        " where p.tenant_id = $1 and p.user_id = $2 and p.id = $3",
        tx.tenant_id, tx.user_id, pane_id,
    )  # fmt: skip
