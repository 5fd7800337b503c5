"""SQL of links to chats."""

from datetime import datetime
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import ChatId, MessageId
from radiant.workspace.chats.schemas import Share


async def insert(
    tx: Tx, share_id: UUID, chat_id: ChatId, token_hash: bytes, title: str, leaf: MessageId, expires_at: datetime | None
) -> Share:
    """The link of a chat that has none."""
    row = await tx.one(
        "insert into chat_shares (id, tenant_id, user_id, chat_id, token_hash, title, leaf_message_id, expires_at)"
        " values ($3, $1, $2, $4, $5, $6, $7, $8) returning id, created_at, expires_at",
        tx.tenant_id, tx.user_id, share_id, chat_id, token_hash, title, leaf, expires_at,
    )  # fmt: skip
    return Share.model_validate(dict(row))


async def get(tx: Tx, chat_id: ChatId) -> Share | None:
    """The chat's link, if it has one that holds."""
    row = await tx.one_or_none(
        "select id, created_at, expires_at from chat_shares where tenant_id = $1 and user_id = $2 and chat_id = $3"
        " and (expires_at is null or expires_at > current_timestamp)",
        tx.tenant_id, tx.user_id, chat_id,
    )  # fmt: skip
    return Share.model_validate(dict(row)) if row else None


async def delete(tx: Tx, chat_id: ChatId) -> bool:
    """Take the link back."""
    touched = await tx.run(
        "delete from chat_shares where tenant_id = $1 and user_id = $2 and chat_id = $3",
        tx.tenant_id, tx.user_id, chat_id,
    )  # fmt: skip
    return touched == 1


async def of_token(tx: Tx, token_hash: bytes) -> Row | None:
    """What the link opens: {tenant_id, user_id, chat_id, title, leaf_message_id, created_at}; None once the chat, its
    person or the tenant is not there any more. System transaction."""
    return await tx.one_or_none(
        "select s.tenant_id, s.user_id, s.chat_id, s.title, s.leaf_message_id, s.created_at from chat_shares s"
        " join chats c on c.tenant_id = s.tenant_id and c.user_id = s.user_id and c.id = s.chat_id"
        " join users u on u.tenant_id = s.tenant_id and u.id = s.user_id"
        " join tenants t on t.id = s.tenant_id"
        " where s.token_hash = $1 and (s.expires_at is null or s.expires_at > current_timestamp)"
        " and c.deleted_at is null and u.status = 'active' and t.status = 'active'",
        token_hash,
    )
