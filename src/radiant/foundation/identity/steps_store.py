"""SQL of sign-ins that wait for their next step. All in system transactions: nobody is known yet."""

from datetime import datetime
from typing import Any

from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId, UserId


async def insert(
    tx: Tx, token_hash: bytes, kind: str, tenant_id: TenantId | None, user_id: UserId | None,
    content: dict[str, Any], expires_at: datetime,
) -> None:  # fmt: skip
    """Keep a step under the hash of its token. System transaction."""
    await tx.run(
        "insert into sign_in_steps (token_hash, kind, tenant_id, user_id, content, expires_at)"
        " values ($1, $2, $3, $4, $5, $6)",
        token_hash, kind, tenant_id, user_id, content, expires_at,
    )  # fmt: skip


async def take(tx: Tx, token_hash: bytes, kind: str) -> Row | None:
    """The step, which is gone with that: it serves once. System transaction."""
    return await tx.one_or_none(
        "delete from sign_in_steps where token_hash = $1 and kind = $2 and expires_at > current_timestamp"
        " returning tenant_id, user_id, content",
        token_hash, kind,
    )  # fmt: skip


async def count_try(tx: Tx, token_hash: bytes, kind: str, most: int) -> Row | None:
    """The step with one more try counted, or None when it has expired or had `most`. System transaction."""
    return await tx.one_or_none(
        "update sign_in_steps set tries = tries + 1 where token_hash = $1 and kind = $2"
        " and expires_at > current_timestamp and tries < $3 returning tenant_id, user_id, content",
        token_hash, kind, most,
    )  # fmt: skip


async def forget(tx: Tx, tenant_id: TenantId, user_id: UserId, kind: str) -> None:
    """End all steps of that kind of one person. System transaction."""
    await tx.run(
        "delete from sign_in_steps where tenant_id = $1 and user_id = $2 and kind = $3", tenant_id, user_id, kind
    )
