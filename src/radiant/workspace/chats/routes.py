"""/api/chats: the list and the chats themselves. Turns are taken in workspace/turns."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from radiant.foundation.identity.dependencies import AnyCaller, Db, MemberCaller
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.errors import NotFound
from radiant.kit.ids import ChatId, uuid7
from radiant.kit.page import decode_cursor, encode_cursor, moment
from radiant.workspace.chats import messages_store, store
from radiant.workspace.chats.export import markdown, whole
from radiant.workspace.chats.problems import NoSuchChat
from radiant.workspace.chats.schemas import Chat, ChatChange, ChatSummary, Folder, NewChat

router = APIRouter(prefix="/api/chats", tags=["chats"])


def _position(cursor: str | None) -> tuple[bool, datetime, ChatId] | None:
    if cursor is None:
        return None
    pinned, *rest = decode_cursor(cursor, 3)
    at, chat_id = moment(*rest)
    return pinned == "1", at, ChatId(chat_id)


@router.get("")
async def list_chats(
    db: Db,
    search: Annotated[str | None, Query(max_length=200)] = None,
    folder: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[ChatSummary]:
    """The caller's chats, or those in whose title or messages the words are found."""
    words = (search or "").strip()
    async with db.tx() as tx:
        if words:
            items = await store.search(tx, words, folder or None, _position(cursor), limit)
        else:
            items = await store.page(tx, folder or None, _position(cursor), limit)
    last = items[-1] if len(items) == limit else None
    following = encode_cursor("1" if last.pinned else "0", last.updated_at.isoformat(), str(last.id)) if last else None
    return PageOf(items=items, next=following)


@router.post("", status_code=201)
async def make(db: Db, caller: MemberCaller, new: NewChat) -> Chat:
    """Start a chat."""
    async with db.tx() as tx:
        return await store.insert(tx, ChatId(uuid7()), new)


@router.get("/folders")
async def list_folders(db: Db, caller: AnyCaller) -> ItemsOf[Folder]:
    """The caller's folders, with how many chats are in each."""
    del caller
    async with db.tx() as tx:
        return ItemsOf(items=await store.folders(tx))


@router.get("/{chat_id}/export", response_class=Response)
async def export(
    db: Db, caller: AnyCaller, chat_id: ChatId, format: Literal["markdown", "json"] = "markdown"
) -> Response:
    """A file of the chat: the branch that is shown as Markdown, or all of it as JSON."""
    chat = await read(db, chat_id)
    del caller
    name, kind, text = markdown(chat) if format == "markdown" else whole(chat)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
    return Response(text, media_type=kind, headers=headers)


@router.get("/{chat_id}")
async def read(db: Db, chat_id: ChatId) -> Chat:
    """A chat with every message of its tree."""
    async with db.tx() as tx:
        chat = await store.get(tx, chat_id)
        if chat is None:
            raise NoSuchChat("there is no such chat")
        messages = await messages_store.tree(tx, chat_id)
    return chat.model_copy(update={"messages": messages})


@router.patch("/{chat_id}")
async def change(db: Db, caller: MemberCaller, chat_id: ChatId, change: ChatChange) -> Chat:
    """Rename, pin, put into a folder, set model or system prompt, or show another branch (its end is found from any message of it)."""
    async with db.tx() as tx:
        if change.leaf_message_id is not None:
            leaf = await messages_store.deepest_leaf(tx, chat_id, change.leaf_message_id)
            if leaf is None:
                raise NotFound("leaf_message_id: there is no such message in this chat")
            change = change.model_copy(update={"leaf_message_id": leaf[0]})
        chat = await store.change(tx, chat_id, change)
    if chat is None:
        raise NoSuchChat("there is no such chat")
    return chat


@router.delete("/{chat_id}", status_code=204)
async def delete(db: Db, caller: MemberCaller, chat_id: ChatId) -> None:
    """Delete a chat; it can be brought back for thirty days."""
    async with db.tx() as tx:
        if await store.set_deleted(tx, chat_id, deleted=True) is None:
            raise NoSuchChat("there is no such chat")


@router.post("/{chat_id}/restore")
async def restore(db: Db, caller: MemberCaller, chat_id: ChatId) -> Chat:
    """Bring a deleted chat back."""
    async with db.tx() as tx:
        chat = await store.set_deleted(tx, chat_id, deleted=False)
    if chat is None:
        raise NoSuchChat("there is no such deleted chat")
    return chat
