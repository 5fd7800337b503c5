"""A chat that begins with a question and an answer that were made elsewhere."""

from radiant.infra.db import Tx
from radiant.kit.ids import ChatId, MessageId, uuid7
from radiant.kit.text import shorten
from radiant.workspace.chats import messages_store, store
from radiant.workspace.chats.schemas import Chat, NewChat


async def begin_with(tx: Tx, question: str, answer: str) -> Chat:
    """The chat, to go on from there."""
    chat_id, asked, answered = ChatId(uuid7()), MessageId(uuid7()), MessageId(uuid7())
    await store.insert(tx, chat_id, NewChat(title=shorten(question, 60)))
    await messages_store.insert_user(tx, asked, chat_id, None, [{"type": "text", "text": question}])
    await messages_store.insert_merged(tx, answered, chat_id, asked, answer)
    await store.show(tx, chat_id, answered)
    chat = await store.get(tx, chat_id)
    assert chat is not None
    return chat
