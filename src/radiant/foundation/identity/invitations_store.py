"""SQL of invitations."""

from datetime import datetime
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId, UserId


async def page(tx: Tx, before: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """Open invitations of the caller's tenant, the newest first."""
    return await tx.all(
        "select i.id, i.email, i.name, i.role, i.mailed_at, i.expires_at, i.created_at, u.email as invited_by"
        " from invitations i left join users u on u.tenant_id = i.tenant_id and u.id = i.invited_by"
        " where i.tenant_id = $1 and ($2::timestamptz is null or (i.created_at, i.id) < ($2, $3::uuid))"
        " order by i.created_at desc, i.id desc limit $4",
        tx.tenant_id, before[0] if before else None, before[1] if before else None, limit,
    )  # fmt: skip


async def get(tx: Tx, invitation_id: UUID) -> Row | None:
    """An invitation of the caller's tenant."""
    return await tx.one_or_none(
        "select i.id, i.email, i.name, i.role, i.mailed_at, i.expires_at, i.created_at, u.email as invited_by"
        " from invitations i left join users u on u.tenant_id = i.tenant_id and u.id = i.invited_by"
        " where i.tenant_id = $1 and i.id = $2",
        tx.tenant_id, invitation_id,
    )  # fmt: skip


async def delete(tx: Tx, invitation_id: UUID) -> bool:
    """Take an invitation of the caller's tenant back."""
    return await tx.run("delete from invitations where tenant_id = $1 and id = $2", tx.tenant_id, invitation_id) == 1


async def save(
    tx: Tx, invitation_id: UUID, tenant_id: TenantId, email: str, name: str, role: str, token_hash: bytes,
    invited_by: UserId, expires_at: datetime,
) -> UUID:  # fmt: skip
    """Keep an invitation; one of that address there was is replaced, so its link is void. System transaction."""
    return await tx.value(
        "insert into invitations (id, tenant_id, email, name, role, token_hash, invited_by, expires_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, email) do update set name = $4, role = $5,"
        " token_hash = $6, invited_by = $7, expires_at = $8, mailed_at = null, created_at = current_timestamp"
        " returning id",
        invitation_id, tenant_id, email, name, role, token_hash, invited_by, expires_at,
    )  # fmt: skip


async def mailed(tx: Tx, tenant_id: TenantId, invitation_id: UUID) -> None:
    """Note that the mail server took it. System transaction."""
    await tx.run(
        "update invitations set mailed_at = current_timestamp where tenant_id = $1 and id = $2",
        tenant_id, invitation_id,
    )  # fmt: skip


async def has_person(tx: Tx, tenant_id: TenantId, email: str) -> bool:
    """Whether somebody of that address is there already. System transaction."""
    return await tx.value("select exists (select from users where tenant_id = $1 and email = $2)", tenant_id, email)


async def by_token(tx: Tx, token_hash: bytes) -> Row | None:
    """The open invitation of that token. System transaction."""
    return await tx.one_or_none(
        "select i.id, i.tenant_id, i.email, i.name, i.role, t.name as tenant_name, t.slug,"
        " coalesce(c.required and c.is_active, false) and i.role <> 'owner' as sso_required,"
        " coalesce(c.is_active, false) as has_sso from invitations i join tenants t on t.id = i.tenant_id"
        " left join sso_connections c on c.tenant_id = i.tenant_id"
        " where i.token_hash = $1 and i.expires_at > current_timestamp and t.status = 'active'",
        token_hash,
    )


async def take(tx: Tx, token_hash: bytes) -> Row | None:
    """The open invitation of that token, which is gone with that. System transaction."""
    return await tx.one_or_none(
        "delete from invitations i using tenants t where i.token_hash = $1 and i.expires_at > current_timestamp"
        " and t.id = i.tenant_id and t.status = 'active' returning i.id, i.tenant_id, i.email, i.name, i.role",
        token_hash,
    )


async def forget(tx: Tx, tenant_id: TenantId, email: str) -> None:
    """Who got in by another way needs no invitation any more. System transaction."""
    await tx.run("delete from invitations where tenant_id = $1 and email = $2", tenant_id, email)
