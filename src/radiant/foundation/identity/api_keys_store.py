"""SQL of API keys."""

from datetime import datetime
from uuid import UUID

from radiant.foundation.identity.schemas import ApiKey, NewApiKey
from radiant.infra.db import Row, Tx
from radiant.kit.ids import ApiKeyId, UserId


async def insert(tx: Tx, key_id: ApiKeyId, new: NewApiKey, prefix: str, secret_hash: bytes) -> None:
    """Keep a key of the caller's."""
    await tx.run(
        "insert into api_keys (id, tenant_id, user_id, name, prefix, secret_hash, scopes, expires_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        key_id, tx.tenant_id, tx.user_id, new.name, prefix, secret_hash, new.scopes, new.expires_at,
    )  # fmt: skip


async def get(tx: Tx, key_id: ApiKeyId) -> ApiKey | None:
    """A key of this tenant."""
    row = await tx.one_or_none(
        "select k.id, k.name, k.prefix, k.scopes, k.expires_at, k.last_used_at, k.revoked_at, k.created_at, k.user_id,"
        " u.email as user_email from api_keys k join users u on u.tenant_id = k.tenant_id and u.id = k.user_id"
        " where k.tenant_id = $1 and k.id = $2",
        tx.tenant_id, key_id,
    )  # fmt: skip
    return ApiKey.model_validate(dict(row)) if row else None


async def page(tx: Tx, owner: UserId | None, before: tuple[datetime, UUID] | None, limit: int) -> list[ApiKey]:
    """Keys of one person, or of all, the newest first."""
    rows = await tx.all(
        "select k.id, k.name, k.prefix, k.scopes, k.expires_at, k.last_used_at, k.revoked_at, k.created_at, k.user_id,"
        " u.email as user_email from api_keys k join users u on u.tenant_id = k.tenant_id and u.id = k.user_id"
        " where k.tenant_id = $1 and ($2::uuid is null or k.user_id = $2)"
        " and ($3::timestamptz is null or (k.created_at, k.id) < ($3, $4::uuid))"
        " order by k.created_at desc, k.id desc limit $5",
        tx.tenant_id, owner, before[0] if before else None, before[1] if before else None, limit,
    )  # fmt: skip
    return [ApiKey.model_validate(dict(row)) for row in rows]


async def revoke(tx: Tx, key_id: ApiKeyId, owner: UserId | None) -> bool:
    """Revoke a key of one person, or of anybody in the tenant; the row stays for the trail."""
    touched = await tx.run(
        "update api_keys set revoked_at = coalesce(revoked_at, current_timestamp)"
        " where tenant_id = $1 and id = $2 and ($3::uuid is null or user_id = $3)",
        tx.tenant_id, key_id, owner,
    )  # fmt: skip
    return touched == 1


async def lookup(tx: Tx, secret_hash: bytes) -> Row | None:
    """The live key of that hash with its person; `stale` where its last use is a minute old. System transaction."""
    return await tx.one_or_none(
        "select k.id, k.tenant_id, k.user_id, k.scopes, k.expires_at, u.role, u.is_operator,"
        " k.last_used_at is null or k.last_used_at < current_timestamp - interval '1 minute' as stale"
        " from api_keys k join users u on u.tenant_id = k.tenant_id and u.id = k.user_id"
        " join tenants t on t.id = k.tenant_id"
        " where k.secret_hash = $1 and k.revoked_at is null"
        " and (k.expires_at is null or k.expires_at > current_timestamp) and u.status = 'active'"
        " and t.status = 'active'",
        secret_hash,
    )


async def touch(tx: Tx, key_id: ApiKeyId) -> None:
    """Note that the key was used. System transaction."""
    await tx.run("update api_keys set last_used_at = current_timestamp where id = $1", key_id)
