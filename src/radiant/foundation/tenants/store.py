"""SQL of tenants."""

from radiant.foundation.tenants.schemas import NewTenant, OperatorTenantChange, Tenant, TenantChange
from radiant.infra.db import Tx
from radiant.kit.ids import TenantId


async def insert(tx: Tx, tenant_id: TenantId, new: NewTenant) -> Tenant | None:
    """The stored tenant, or None if the slug is taken. System transaction."""
    row = await tx.one_or_none(
        "insert into tenants (id, name, slug, plan) values ($1, $2, $3, $4) on conflict (slug) do nothing"
        " returning id, name, slug, plan, status, created_at",
        tenant_id, new.name, new.slug, new.plan,
    )  # fmt: skip
    return Tenant.model_validate(dict(row)) if row else None


async def get(tx: Tx, tenant_id: TenantId) -> Tenant | None:
    """A tenant by id."""
    row = await tx.one_or_none("select id, name, slug, plan, status, created_at from tenants where id = $1", tenant_id)
    return Tenant.model_validate(dict(row)) if row else None


async def get_by_slug(tx: Tx, slug: str) -> Tenant | None:
    """A tenant by slug. System transaction."""
    row = await tx.one_or_none("select id, name, slug, plan, status, created_at from tenants where slug = $1", slug)
    return Tenant.model_validate(dict(row)) if row else None


async def page(tx: Tx, after: str, limit: int) -> list[Tenant]:
    """Tenants by slug, after the one given. System transaction."""
    rows = await tx.all(
        "select id, name, slug, plan, status, created_at from tenants where slug > $1 order by slug limit $2",
        after, limit,
    )  # fmt: skip
    return [Tenant.model_validate(dict(row)) for row in rows]


async def rename(tx: Tx, change: TenantChange) -> Tenant | None:
    """Change the caller's own tenant."""
    row = await tx.one_or_none(
        "update tenants set name = coalesce($2, name), updated_at = current_timestamp where id = $1"
        " returning id, name, slug, plan, status, created_at",
        tx.tenant_id, change.name,
    )  # fmt: skip
    return Tenant.model_validate(dict(row)) if row else None


async def set_setting(tx: Tx, name: str, value: object) -> None:
    """Set one of the caller's own tenant's settings."""
    await tx.run(
        "update tenants set settings = settings || jsonb_build_object($2::text, $3::jsonb),"
        " updated_at = current_timestamp where id = $1",
        tx.tenant_id, name, value,
    )  # fmt: skip


async def change(tx: Tx, tenant_id: TenantId, change: OperatorTenantChange) -> Tenant | None:
    """Change any tenant. System transaction."""
    row = await tx.one_or_none(
        "update tenants set name = coalesce($2, name), plan = coalesce($3, plan), status = coalesce($4, status),"
        " updated_at = current_timestamp where id = $1 returning id, name, slug, plan, status, created_at",
        tenant_id, change.name, change.plan, change.status,
    )  # fmt: skip
    return Tenant.model_validate(dict(row)) if row else None
