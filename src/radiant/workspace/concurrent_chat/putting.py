"""A pane's answer as canvases take it."""

from uuid import UUID

from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database
from radiant.kit.ids import MessageId, PaneId
from radiant.workspace.canvas.problems import NothingToPut
from radiant.workspace.canvas.putting import Put, Source, put_of
from radiant.workspace.chats import messages_store
from radiant.workspace.concurrent_chat import store


def source_of(database: Database) -> Source:
    """What a pane of the caller's says: the message that is named, or its last answer. Raises NothingToPut."""

    async def found(caller: Caller, pane_id: UUID, message_id: UUID | None) -> Put:
        async with caller.db(database).tx() as tx:
            shown = await store.shown_in(tx, PaneId(pane_id))
            if shown is None:
                raise NothingToPut("from: there is no such pane of yours, or it has no chat yet")
            if message_id is not None:
                message = await messages_store.get(tx, shown["chat_id"], MessageId(message_id))
            else:
                leaf = shown["leaf_message_id"]
                path = [] if leaf is None else await messages_store.path(tx, shown["chat_id"], leaf)
                message = next((one for one in reversed(path) if one.role == "assistant"), None)
        if message is None:
            raise NothingToPut("from: there is no such answer in the pane")
        return put_of(message, "pane", message.model, shown["session_id"])

    return found
