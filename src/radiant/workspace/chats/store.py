"""SQL of chats. Every statement names the tenant and the person; row level security stands behind it."""

from datetime import datetime
from typing import Any

from radiant.infra.db import Tx
from radiant.kit.ids import ChatId, MessageId
from radiant.workspace.chats.schemas import Chat, ChatChange, ChatSummary, Folder, NewChat


async def insert(tx: Tx, chat_id: ChatId, new: NewChat, *, of_pane: bool = False) -> Chat:
    """Store a chat. `of_pane`: made for a pane, so `page` leaves it out for as long as one shows it."""
    row = await tx.one(
        "insert into chats (id, tenant_id, user_id, title, model, system_prompt, settings)"
        " values ($1, $2, $3, $4, $5, $6, case when $7 then '{\"of\": \"pane\"}'::jsonb else '{}' end"
        "  || case when $8::jsonb = '[]' then '{}' else jsonb_build_object('documents', $8::jsonb) end)"
        " returning id, title, model, pinned, folder, created_at, updated_at, system_prompt, leaf_message_id,"
        " coalesce((settings ->> 'memory')::boolean, true) as memory, coalesce(settings -> 'documents', '[]') as documents",
        chat_id, tx.tenant_id, tx.user_id, new.title, new.model, new.system_prompt, of_pane,
        [str(base) for base in new.documents],
    )  # fmt: skip
    return Chat.model_validate(dict(row))


async def get(tx: Tx, chat_id: ChatId) -> Chat | None:
    """A chat of the caller's, without its messages."""
    row = await tx.one_or_none(
        "select id, title, model, pinned, folder, created_at, updated_at, system_prompt, leaf_message_id,"
        " coalesce((settings ->> 'memory')::boolean, true) as memory, coalesce(settings -> 'documents', '[]') as documents from chats"
        " where tenant_id = $1 and user_id = $2 and id = $3 and deleted_at is null",
        tx.tenant_id, tx.user_id, chat_id,
    )  # fmt: skip
    return Chat.model_validate(dict(row)) if row else None


async def lock(tx: Tx, chat_id: ChatId) -> Chat | None:
    """The same, locked, so that two turns at once follow one another."""
    row = await tx.one_or_none(
        "select id, title, model, pinned, folder, created_at, updated_at, system_prompt, leaf_message_id,"
        " coalesce((settings ->> 'memory')::boolean, true) as memory, coalesce(settings -> 'documents', '[]') as documents from chats"
        " where tenant_id = $1 and user_id = $2 and id = $3 and deleted_at is null for update",
        tx.tenant_id, tx.user_id, chat_id,
    )  # fmt: skip
    return Chat.model_validate(dict(row)) if row else None


async def page(
    tx: Tx, folder: str | None, before: tuple[bool, datetime, ChatId] | None, limit: int
) -> list[ChatSummary]:
    """The caller's chats, or those of a folder: pinned ones first, then the latest. Those that were made for panes are
    with their panes, unless they were pinned or filed; once the pane is gone they are listed, if anything was said."""
    rows = await tx.all(
        "select id, title, model, pinned, folder, created_at, updated_at from chats"
        " where tenant_id = $1 and user_id = $2 and deleted_at is null"
        " and not (settings ->> 'of' is not distinct from 'pane' and not pinned and folder is null"
        "  and (leaf_message_id is null or exists (select from concurrent_panes p where p.chat_id = chats.id)))"
        " and ($3::boolean is null or (pinned, updated_at, id) < ($3, $4::timestamptz, $5::uuid))"
        " and ($7::text is null or folder = $7) order by pinned desc, updated_at desc, id desc limit $6",
        tx.tenant_id, tx.user_id, *(before or (None, None, None)), limit, folder,
    )  # fmt: skip
    return [ChatSummary.model_validate(dict(row)) for row in rows]


async def search(
    tx: Tx, words: str, folder: str | None, before: tuple[bool, datetime, ChatId] | None, limit: int
) -> list[ChatSummary]:
    """Chats whose title holds `words`, or a message of which holds them all as prefixes; in the order of `page`."""
    rows = await tx.all(
        "with query as (select to_tsquery('simple', string_agg(quote_literal(w) || ':*', ' & ')) as q"
        "  from regexp_split_to_table(lower($3), '[^[:alnum:]]+') w where w <> '')"
        " select c.id, c.title, c.model, c.pinned, c.folder, c.created_at, c.updated_at, hit.snippet from chats c"
        " left join lateral (select ts_headline('simple', left(coalesce((select string_agg(p ->> 'text', ' ')"
        "   from jsonb_array_elements(m.content) p where p ->> 'type' = 'text'), ''), 20000), query.q,"
        "   'MaxWords=16, MinWords=8, StartSel=\"\", StopSel=\"\"') as snippet"
        "  from messages m, query where m.tenant_id = $1 and m.user_id = $2 and m.chat_id = c.id and m.search @@ query.q"
        "  order by m.created_at desc limit 1) hit on true"
        " where c.tenant_id = $1 and c.user_id = $2 and c.deleted_at is null"
        " and (position(lower($3) in lower(c.title)) > 0 or hit.snippet is not null)"
        " and ($4::boolean is null or (c.pinned, c.updated_at, c.id) < ($4, $5::timestamptz, $6::uuid))"
        " and ($8::text is null or c.folder = $8) order by c.pinned desc, c.updated_at desc, c.id desc limit $7",
        tx.tenant_id, tx.user_id, words, *(before or (None, None, None)), limit, folder,
    )  # fmt: skip
    return [ChatSummary.model_validate(dict(row)) for row in rows]


async def folders(tx: Tx) -> list[Folder]:
    """The caller's folders by name, as long as a chat is in them."""
    rows = await tx.all(
        "select folder, count(*) as chats from chats where tenant_id = $1 and user_id = $2 and folder is not null"
        " and deleted_at is null group by folder order by lower(folder), folder",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip
    return [Folder.model_validate(dict(row)) for row in rows]


async def change(tx: Tx, chat_id: ChatId, change: ChatChange) -> Chat | None:
    """Title, model, system prompt, pin, folder, memory, documents, the branch that is shown."""
    row = await tx.one_or_none(
        "update chats set title = coalesce($4, title), model = coalesce($5, model),"
        " system_prompt = coalesce($6, system_prompt), pinned = coalesce($7, pinned),"
        " leaf_message_id = coalesce($8, leaf_message_id), folder = case when $9 then nullif($10, '') else folder end,"
        " settings = settings || case when $11::boolean is null then '{}' else jsonb_build_object('memory', $11::boolean) end"
        "  || case when $12::jsonb is null then '{}' else jsonb_build_object('documents', $12::jsonb) end"
        " where tenant_id = $1 and user_id = $2 and id = $3 and deleted_at is null"
        " returning id, title, model, pinned, folder, created_at, updated_at, system_prompt, leaf_message_id,"
        " coalesce((settings ->> 'memory')::boolean, true) as memory, coalesce(settings -> 'documents', '[]') as documents",
        tx.tenant_id, tx.user_id, chat_id, change.title, change.model, change.system_prompt, change.pinned,
        change.leaf_message_id, "folder" in change.model_fields_set, change.folder, change.memory,
        None if change.documents is None else [str(base) for base in change.documents],
    )  # fmt: skip
    return Chat.model_validate(dict(row)) if row else None


async def advance(tx: Tx, chat_id: ChatId, leaf: Any, title: str, model: str | None) -> None:
    """Show the branch that ends in `leaf`; an untitled chat takes `title`."""
    await tx.run(
        "update chats set leaf_message_id = $4, updated_at = current_timestamp,"
        " title = case when title = '' then $5 else title end, model = coalesce($6, model)"
        " where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, chat_id, leaf, title, model,
    )  # fmt: skip


async def show(tx: Tx, chat_id: ChatId, leaf: MessageId) -> None:
    """Show the branch that ends in `leaf`."""
    await tx.run(
        "update chats set leaf_message_id = $4, updated_at = current_timestamp"
        " where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, chat_id, leaf,
    )  # fmt: skip


async def set_deleted(tx: Tx, chat_id: ChatId, *, deleted: bool) -> Chat | None:
    """Delete or bring back."""
    row = await tx.one_or_none(
        "update chats set deleted_at = case when $4 then current_timestamp end"
        " where tenant_id = $1 and user_id = $2 and id = $3 and (deleted_at is null) = $4"
        " returning id, title, model, pinned, folder, created_at, updated_at, system_prompt, leaf_message_id,"
        " coalesce((settings ->> 'memory')::boolean, true) as memory, coalesce(settings -> 'documents', '[]') as documents",
        tx.tenant_id, tx.user_id, chat_id, deleted,
    )  # fmt: skip
    return Chat.model_validate(dict(row)) if row else None
