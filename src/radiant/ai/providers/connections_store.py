"""SQL of provider connections: a tenant's own, and the platform's (tenant_id null)."""

from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId, UserId

SEALED_DUE = (
    "select id as id, tenant_id, provider, sealed from provider_connections where sealed ->> 'kek' <> $1"
    " and ($2::uuid is null or id > $2) order by id limit $3"
)
SEALED_PUT = (
    "update provider_connections t set sealed = d.sealed from unnest($1::uuid[], $2::jsonb[], $3::text[]) as d(id, sealed, key)"
    " where t.id = d.id and t.sealed ->> 'key' = d.key"
)


async def own(tx: Tx) -> list[Row]:
    """The tenant's connections."""
    return await tx.all(
        "select id, tenant_id, provider, name, base_url, sealed, hint, settings, is_active, checked_at, check_error"
        " from provider_connections where tenant_id = $1 order by provider, name <> 'default', name",
        tx.tenant_id,
    )


async def platform(tx: Tx) -> list[Row]:
    """The platform's connections. System transaction."""
    return await tx.all(
        "select id, tenant_id, provider, name, base_url, sealed, hint, settings, is_active, checked_at, check_error"
        " from provider_connections where tenant_id is null order by provider, name <> 'default', name"
    )


async def of_credential(tx: Tx, credential_id: UUID) -> list[Row]:
    """The tenant's connections whose key is that credential of the vault."""
    return await tx.all(
        "select id, provider, name from provider_connections where tenant_id = $1 and settings ->> 'credential' = $2"
        " order by provider, name",
        tx.tenant_id, str(credential_id),
    )  # fmt: skip


async def save(
    tx: Tx,
    tenant_id: TenantId | None,
    provider: str,
    base_url: str | None,
    sealed: dict[str, Any] | None,
    hint: str,
    settings: dict[str, Any],
    user_id: UserId | None,
    name: str,
) -> None:
    """Store a connection that was just tested, in place of the one before."""
    await tx.run(
        "insert into provider_connections (tenant_id, provider, base_url, sealed, hint, settings, created_by, name, checked_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, current_timestamp)"
        " on conflict (tenant_id, provider, name) do update set base_url = excluded.base_url,"
        " sealed = excluded.sealed, hint = excluded.hint, settings = excluded.settings, is_active = true,"
        " checked_at = current_timestamp, check_error = null, updated_at = current_timestamp",
        tenant_id, provider, base_url, sealed, hint, settings, user_id, name,
    )  # fmt: skip


async def note_check(
    tx: Tx,
    tenant_id: TenantId | None,
    provider: str,
    name: str,
    error: str | None,
    models: list[dict[str, Any]] | None,
) -> None:
    """Write how the last test went, and the models that the provider listed."""
    await tx.run(
        "update provider_connections set checked_at = current_timestamp, check_error = $4,"
        " settings = case when $5::jsonb is null then settings else settings || jsonb_build_object('models', $5::jsonb) end"
        " where tenant_id is not distinct from $1 and provider = $2 and name = $3",
        tenant_id, provider, name, error, models,
    )  # fmt: skip


async def delete(tx: Tx, tenant_id: TenantId | None, provider: str, name: str | None) -> bool:
    """Forget a connection and its key, or all that the provider has; whether there was one."""
    touched = await tx.run(
        "delete from provider_connections"
        " where tenant_id is not distinct from $1 and provider = $2 and ($3::text is null or name = $3)",
        tenant_id, provider, name,
    )  # fmt: skip
    return touched > 0
