"""The chat that a session's turns are kept in."""

from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import ChatId, uuid7
from radiant.workspace.chats import store as chats_store
from radiant.workspace.chats.schemas import NewChat
from radiant.workspace.voice import store


async def chat_of(tx: Tx, session: Row, title: str = "") -> ChatId:
    """The session's chat; a new one of that title where it has none, or had one that was deleted."""
    chat_id: UUID | None = session["chat_id"]
    if chat_id is not None and await store.chat_exists(tx, chat_id):
        return ChatId(chat_id)
    made = await chats_store.insert(tx, ChatId(uuid7()), NewChat(title=title))
    await store.give_chat(tx, session["id"], made.id)
    return made.id
