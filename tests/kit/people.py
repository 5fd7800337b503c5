"""Tenants and people for tests, made by the owner of the tables, without a service in between."""

from dataclasses import dataclass
from typing import Any

from radiant.infra.db import Database, TenantDb
from radiant.kit.ids import TenantId, UserId, uuid7


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant with two members, and handles on the database as each of them and as none."""

    id: TenantId
    slug: str
    user_id: UserId
    other_user_id: UserId
    db: TenantDb
    other_db: TenantDb
    nobody_db: TenantDb


async def insert_tenant(owner: Any, *, slug: str | None = None, plan: str = "standard") -> TenantId:
    """A new tenant."""
    tenant_id = TenantId(uuid7())
    slug = slug or f"t-{tenant_id.hex[-12:]}"
    await owner.execute(
        "insert into tenants (id, name, slug, plan) values ($1, $2, $3, $4)",
        tenant_id,
        slug.title(),
        slug,
        plan,
    )
    return tenant_id


async def insert_user(
    owner: Any,
    tenant_id: TenantId,
    *,
    email: str | None = None,
    role: str = "member",
    is_operator: bool = False,
    password_hash: str | None = None,
) -> UserId:
    """A new person in that tenant."""
    user_id = UserId(uuid7())
    await owner.execute(
        "insert into users (id, tenant_id, email, name, role, is_operator, password_hash)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        user_id,
        tenant_id,
        email or f"{user_id.hex[-12:]}@example.org",
        "Somebody",
        role,
        is_operator,
        password_hash,
    )
    return user_id


async def tenant_of_two(owner: Any, database: Database, slug: str | None = None) -> Tenant:
    """A tenant with an owner and a member."""
    tenant_id = await insert_tenant(owner, slug=slug)
    first = await insert_user(owner, tenant_id, role="owner")
    second = await insert_user(owner, tenant_id)
    return Tenant(
        id=tenant_id,
        slug=slug or f"t-{tenant_id.hex[-12:]}",
        user_id=first,
        other_user_id=second,
        db=database.tenant(tenant_id, first),
        other_db=database.tenant(tenant_id, second),
        nobody_db=database.tenant(tenant_id),
    )
