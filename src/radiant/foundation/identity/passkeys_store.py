"""SQL of passkeys."""

from datetime import datetime
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId, UserId


async def own(tx: Tx) -> list[Row]:
    """The caller's passkeys, the oldest first."""
    return await tx.all(
        "select id, name, credential_id, transports, backed_up, created_at, last_used_at from passkeys"
        " where tenant_id = $1 and user_id = $2 order by created_at, id",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip


async def rename(tx: Tx, passkey_id: UUID, name: str | None) -> Row | None:
    """Give one of the caller's another name."""
    return await tx.one_or_none(
        "update passkeys set name = coalesce($4, name) where tenant_id = $1 and user_id = $2 and id = $3"
        " returning id, name, credential_id, transports, backed_up, created_at, last_used_at",
        tx.tenant_id, tx.user_id, passkey_id, name,
    )  # fmt: skip


async def delete(tx: Tx, passkey_id: UUID) -> bool:
    """Take one of the caller's away."""
    touched = await tx.run(
        "delete from passkeys where tenant_id = $1 and user_id = $2 and id = $3", tx.tenant_id, tx.user_id, passkey_id
    )
    return touched == 1


async def insert(
    tx: Tx, passkey_id: UUID, tenant_id: TenantId, user_id: UserId, name: str, credential_id: bytes,
    public_key: bytes, sign_count: int, transports: list[str], backed_up: bool,
) -> Row | None:  # fmt: skip
    """The stored passkey, or None where that credential is registered already. System transaction."""
    return await tx.one_or_none(
        "insert into passkeys (id, tenant_id, user_id, name, credential_id, public_key, sign_count, transports,"
        " backed_up) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (credential_id) do nothing"
        " returning id, name, credential_id, transports, backed_up, created_at, last_used_at",
        passkey_id, tenant_id, user_id, name, credential_id, public_key, sign_count, transports, backed_up,
    )  # fmt: skip


async def by_credential(tx: Tx, credential_id: bytes) -> Row | None:
    """Whose passkey that is, if they may sign in. System transaction."""
    return await tx.one_or_none(
        "select p.id, p.tenant_id, p.user_id, p.public_key, p.sign_count, u.role, t.slug,"
        " coalesce(c.required and c.is_active, false) as sso_required from passkeys p"
        " join users u on u.tenant_id = p.tenant_id and u.id = p.user_id join tenants t on t.id = p.tenant_id"
        " left join sso_connections c on c.tenant_id = p.tenant_id"
        " where p.credential_id = $1 and u.status = 'active' and u.kind = 'person' and t.status = 'active'",
        credential_id,
    )


async def used(tx: Tx, passkey_id: UUID, before: int, sign_count: int, at: datetime) -> bool:
    """Note a use; False where another use was faster with the same counter. System transaction."""
    touched = await tx.run(
        "update passkeys set sign_count = $3, last_used_at = $4 where id = $1 and sign_count = $2",
        passkey_id, before, sign_count, at,
    )  # fmt: skip
    return touched == 1
