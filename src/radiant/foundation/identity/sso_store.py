"""SQL of tenants' identity providers and of who is who there."""

from typing import Any

from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId, UserId

SEALED_DUE = (
    "select tenant_id as id, client_secret as sealed from sso_connections where client_secret ->> 'kek' <> $1"
    " and ($2::uuid is null or tenant_id > $2) order by tenant_id limit $3"
)
SEALED_PUT = (
    "update sso_connections t set client_secret = d.sealed from unnest($1::uuid[], $2::jsonb[], $3::text[]) as d(id, sealed, key)"
    " where t.tenant_id = d.id and t.client_secret ->> 'key' = d.key"
)
TOKENS_DUE = (
    "select id as id, tenant_id, sso_token as sealed from sessions where sso_token ->> 'kek' <> $1"
    " and ($2::uuid is null or id > $2) order by id limit $3"
)
TOKENS_PUT = (
    "update sessions t set sso_token = d.sealed from unnest($1::uuid[], $2::jsonb[], $3::text[]) as d(id, sealed, key)"
    " where t.id = d.id and t.sso_token ->> 'key' = d.key"
)


async def own(tx: Tx) -> Row | None:
    """The tenant's connection, without its secret."""
    return await tx.one_or_none(
        "select issuer, client_id, allowed_domains, default_role, groups_claim, group_roles, extra_scopes,"
        " creates_people, required, allow_private, is_active, updated_at from sso_connections where tenant_id = $1",
        tx.tenant_id,
    )


async def by_tenant(tx: Tx, tenant_id: TenantId) -> Row | None:
    """A tenant's connection with its sealed secret, if it is in use. System transaction."""
    return await tx.one_or_none(
        "select c.tenant_id, c.issuer, c.client_id, c.client_secret, c.allowed_domains, c.default_role, c.groups_claim,"
        " c.group_roles, c.extra_scopes, c.creates_people, c.required, c.allow_private from sso_connections c"
        " join tenants t on t.id = c.tenant_id where c.tenant_id = $1 and c.is_active and t.status = 'active'",
        tenant_id,
    )


async def by_slug(tx: Tx, slug: str) -> Row | None:
    """Which active tenant of that slug has an identity provider in use. System transaction."""
    return await tx.one_or_none(
        "select t.id, t.name, c.required from tenants t join sso_connections c on c.tenant_id = t.id"
        " where t.slug = $1 and t.status = 'active' and c.is_active",
        slug,
    )


async def secret(tx: Tx, tenant_id: TenantId) -> Row | None:
    """The sealed client secret and the issuer that it is for, whether the connection is in use or not. System
    transaction."""
    return await tx.one_or_none("select issuer, client_secret from sso_connections where tenant_id = $1", tenant_id)


async def save(
    tx: Tx, tenant_id: TenantId, issuer: str, client_id: str, client_secret: dict[str, Any] | None,
    allowed_domains: list[str], default_role: str, groups_claim: str, group_roles: dict[str, str], extra_scopes: str,
    creates_people: bool, required: bool, allow_private: bool, is_active: bool,
) -> None:  # fmt: skip
    """Set the tenant's connection. System transaction."""
    await tx.run(
        "insert into sso_connections (tenant_id, issuer, client_id, client_secret, allowed_domains, default_role,"
        " groups_claim, group_roles, extra_scopes, creates_people, required, allow_private, is_active)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        " on conflict (tenant_id) do update set issuer = $2, client_id = $3, client_secret = $4, allowed_domains = $5,"
        " default_role = $6, groups_claim = $7, group_roles = $8, extra_scopes = $9, creates_people = $10,"
        " required = $11, allow_private = $12, is_active = $13, updated_at = current_timestamp",
        tenant_id, issuer, client_id, client_secret, allowed_domains, default_role, groups_claim, group_roles,
        extra_scopes, creates_people, required, allow_private, is_active,
    )  # fmt: skip


async def delete(tx: Tx, tenant_id: TenantId) -> bool:
    """Take the tenant's connection away. System transaction."""
    return await tx.run("delete from sso_connections where tenant_id = $1", tenant_id) == 1


async def end_other_sessions(tx: Tx, tenant_id: TenantId) -> None:
    """End the sessions of all but owners that were not opened by the identity provider. System transaction."""
    await tx.run(
        "delete from sessions s using users u where s.tenant_id = $1 and s.method <> 'sso'"
        " and u.tenant_id = s.tenant_id and u.id = s.user_id and u.role <> 'owner'",
        tenant_id,
    )


async def person_of(tx: Tx, tenant_id: TenantId, issuer: str, subject: str) -> Row | None:
    """Whose account that is, noting its use. System transaction."""
    return await tx.one_or_none(
        "with used as (update user_identities set last_used_at = current_timestamp"
        " where tenant_id = $1 and issuer = $2 and subject = $3 returning user_id)"
        " select u.id, u.role, u.status, u.is_operator, u.kind from users u join used on u.id = used.user_id"
        " where u.tenant_id = $1",
        tenant_id, issuer, subject,
    )  # fmt: skip


async def person_by_email(tx: Tx, tenant_id: TenantId, email: str) -> Row | None:
    """The person of that address, and whether they are linked at this issuer already. System transaction."""
    return await tx.one_or_none(
        "select id, role, status, is_operator, kind from users where tenant_id = $1 and email = $2", tenant_id, email
    )


async def linked(tx: Tx, tenant_id: TenantId, user_id: UserId, issuer: str) -> bool:
    """Whether that person already is another subject at that issuer. System transaction."""
    return await tx.value(
        "select exists (select from user_identities where tenant_id = $1 and user_id = $2 and issuer = $3)",
        tenant_id, user_id, issuer,
    )  # fmt: skip


async def link(tx: Tx, tenant_id: TenantId, user_id: UserId, issuer: str, subject: str) -> None:
    """Remember that this subject is that person. System transaction."""
    await tx.run(
        "insert into user_identities (tenant_id, user_id, issuer, subject) values ($1, $2, $3, $4)"
        " on conflict (tenant_id, issuer, subject) do nothing",
        tenant_id, user_id, issuer, subject,
    )  # fmt: skip


async def sealed_token(tx: Tx, tenant_id: TenantId, session_id: Any) -> dict[str, Any] | None:
    """The sealed ID token of a session. System transaction."""
    return await tx.value("select sso_token from sessions where tenant_id = $1 and id = $2", tenant_id, session_id)
