"""SQL of what a plan bounds."""

from typing import Any

from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId


async def locked_plan(tx: Tx, tenant_id: TenantId) -> Row:
    """A tenant's plan and settings, locked against another who counts at the same time; references to the tenant go
    on."""
    return await tx.one("select plan, settings from tenants where id = $1 for no key update", tenant_id)


async def plan(tx: Tx, tenant_id: TenantId) -> Row | None:
    """A tenant's plan and settings."""
    return await tx.one_or_none("select plan, settings from tenants where id = $1", tenant_id)


async def seats(tx: Tx, tenant_id: TenantId) -> int:
    """Active people; service accounts take no seat."""
    return await tx.value(
        "select count(*) from users where tenant_id = $1 and kind = 'person' and status = 'active'", tenant_id
    )


async def keys(tx: Tx, tenant_id: TenantId) -> int:
    """Keys that still work."""
    return await tx.value(
        "select count(*) from api_keys where tenant_id = $1 and revoked_at is null"
        " and (expires_at is null or expires_at > current_timestamp)",
        tenant_id,
    )


async def storage_bytes(tx: Tx, tenant_id: TenantId) -> int:
    """What all files of the tenant take. System transaction: they are people's own."""
    return await tx.value("select coalesce(sum(bytes), 0)::bigint from assets where tenant_id = $1", tenant_id)


async def set_own(tx: Tx, tenant_id: TenantId, limits: dict[str, Any]) -> bool:
    """Set a tenant's own figures. System transaction."""
    touched = await tx.run(
        "update tenants set settings = settings || jsonb_build_object('limits', $2::jsonb),"
        " updated_at = current_timestamp where id = $1",
        tenant_id, limits,
    )  # fmt: skip
    return touched == 1
