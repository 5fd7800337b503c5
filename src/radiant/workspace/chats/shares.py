"""Links by which anybody may read a chat, without signing in: the branch and the title as they were when it was made.

Whoever has the link reads the words and sees the pictures, and learns nothing else of the person or the workspace.
"""

import secrets
from datetime import timedelta
from typing import Any

from radiant.foundation.files import service as files
from radiant.foundation.files.schemas import Asset
from radiant.foundation.identity.sessions import hash_token
from radiant.infra.db import Database, Row, TenantDb
from radiant.kit.clock import Clock, utc_now
from radiant.kit.ids import AssetId, ChatId, uuid7
from radiant.workspace.chats import messages_store, store
from radiant.workspace.chats import shares_store as shares
from radiant.workspace.chats.problems import NoSuchChat, NothingToShare, NotShared
from radiant.workspace.chats.schemas import (
    Message,
    NewShare,
    Share,
    SharedChat,
    SharedImage,
    SharedMessage,
    SharedText,
)


async def share(db: TenantDb, base_url: str, chat_id: ChatId, new: NewShare, clock: Clock = utc_now) -> Share:
    """Make the chat's link, in place of the one before. Raises NoSuchChat, NothingToShare."""
    token = secrets.token_urlsafe(32)
    expires_at = None if new.expires_in_days is None else clock() + timedelta(days=new.expires_in_days)
    async with db.tx() as tx:
        chat = await store.lock(tx, chat_id)
        if chat is None:
            raise NoSuchChat("there is no such chat")
        if chat.leaf_message_id is None:
            raise NothingToShare("nothing was said in this chat yet; ask something first")
        await shares.delete(tx, chat_id)
        made = await shares.insert(
            tx, uuid7(), chat_id, hash_token(token), chat.title, chat.leaf_message_id, expires_at
        )
    return made.model_copy(update={"url": f"{base_url.rstrip('/')}/shared/{token}"})


async def get_share(db: TenantDb, chat_id: ChatId) -> Share:
    """The chat's link, without its address. Raises NoSuchChat, NotShared."""
    async with db.tx() as tx:
        if await store.get(tx, chat_id) is None:
            raise NoSuchChat("there is no such chat")
        found = await shares.get(tx, chat_id)
    if found is None:
        raise NotShared("this chat is not shared")
    return found


async def take_back(db: TenantDb, chat_id: ChatId) -> None:
    """Let the link lead nowhere. Raises NotShared."""
    async with db.tx() as tx:
        if not await shares.delete(tx, chat_id):
            raise NotShared("this chat is not shared")


async def read(database: Database, token: str) -> SharedChat:
    """What the link shows. Raises NotShared."""
    row, messages = await _branch(database, token)
    number = 0
    shown: list[SharedMessage] = []
    for message in messages:
        content: list[SharedText | SharedImage] = []
        for part in message.content:
            if part["type"] == "text":
                content.append(SharedText(text=part["text"]))
            elif _is_picture(part):
                content.append(SharedImage(url=f"/api/shared/{token}/pictures/{number}"))
                number += 1
        if content and message.role in ("user", "assistant"):
            model = message.model if message.role == "assistant" else None
            shown.append(SharedMessage(role=message.role, content=content, model=model, created_at=message.created_at))
    return SharedChat(title=row["title"], messages=shown, shared_at=row["created_at"])


async def picture(database: Database, token: str, number: int) -> Asset:
    """The picture of that number, from 0, on the branch. Raises NotShared."""
    row, messages = await _branch(database, token)
    pictures = [part["asset_id"] for message in messages for part in message.content if _is_picture(part)]
    if number < len(pictures):
        async with database.tenant(row["tenant_id"], row["user_id"]).tx() as tx:
            asset = await files.find(tx, AssetId(pictures[number]))
        if asset is not None and asset.media_type.startswith("image/") and asset.may_be_shown:
            return asset
    raise NotShared("there is no such picture")


def _is_picture(part: dict[str, Any]) -> bool:
    return part["type"] == "image" and "asset_id" in part


async def _branch(database: Database, token: str) -> tuple[Row, list[Message]]:
    # Whose the chat is, the link alone says.
    async with database.system("shared chat").tx() as tx:
        row = await shares.of_token(tx, hash_token(token))
    if row is None:
        raise NotShared("this link leads nowhere: it was taken back, has run out, or was never one; ask for a new one")
    async with database.tenant(row["tenant_id"], row["user_id"]).tx() as tx:
        return row, await messages_store.path(tx, row["chat_id"], row["leaf_message_id"])
