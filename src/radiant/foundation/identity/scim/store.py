"""SQL of SCIM."""

from typing import Any
from uuid import UUID

from radiant.foundation.identity.scim.filters import Condition
from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId, UserId

# Each condition is compared in SQL, so that no statement is built from what a client wrote. What is most often asked
# for goes by an index besides.
_HOLDS = (
    " where not case c.operator when 'eq' then coalesce(lower(h.has) = lower(c.value), false)"
    " when 'sw' then coalesce(starts_with(lower(h.has), lower(c.value)), false)"
    " when 'co' then coalesce(position(lower(c.value) in lower(h.has)) > 0, false)"
    " else coalesce(h.has, '') <> '' end)"
)
_USERS = (
    " from users u where u.tenant_id = $1 and u.kind = 'person'"
    " and ($2::text is null or lower(u.scim ->> 'userName') = lower($2)"
    " or (u.scim ->> 'userName' is null and u.email = lower($2)))"
    " and ($3::text is null or u.external_id = $3) and ($4::uuid is null or u.id = $4)"
    " and not exists (select from unnest($5::text[], $6::text[], $7::text[]) as c(attribute, operator, value)"
    " cross join lateral (select case c.attribute when 'id' then u.id::text when 'externalId' then u.external_id"
    " when 'userName' then coalesce(u.scim ->> 'userName', u.email) when 'name' then u.name"
    " when 'givenName' then u.scim ->> 'givenName' when 'familyName' then u.scim ->> 'familyName'"
    " when 'email' then u.email when 'active' then (u.status = 'active')::text end as has) h" + _HOLDS
)
_GROUPS = (
    " from groups g where g.tenant_id = $1 and ($2::text is null or lower(g.name) = lower($2))"  # noqa: S608
    " and ($3::text is null or g.external_id = $3) and ($4::uuid is null or g.id = $4)"
    " and not exists (select from unnest($5::text[], $6::text[], $7::text[]) as c(attribute, operator, value)"
    " cross join lateral (select case c.attribute when 'id' then g.id::text when 'externalId' then g.external_id"
    " when 'displayName' then g.name when 'member' then (select m.user_id::text from group_members m"
    " where m.tenant_id = g.tenant_id and m.group_id = g.id and m.user_id::text = c.value) end as has) h" + _HOLDS
)


def _columns(conditions: list[Condition]) -> tuple[list[str], list[str], list[str | None]]:
    return [c.attribute for c in conditions], [c.operator for c in conditions], [c.value for c in conditions]


async def users(
    tx: Tx, name: str | None, external_id: str | None, id_: UUID | None, conditions: list[Condition], offset: int,
    limit: int,
) -> list[Row]:  # fmt: skip
    """People of the tenant that meet all conditions, the oldest first."""
    return await tx.all(
        "select u.id, u.email, u.name, u.status, u.external_id, u.scim, u.created_at, u.updated_at" + _USERS
        + " order by u.created_at, u.id offset $8 limit $9",
        tx.tenant_id, name, external_id, id_, *_columns(conditions), offset, limit,
    )  # fmt: skip


async def count_users(
    tx: Tx, name: str | None, external_id: str | None, id_: UUID | None, conditions: list[Condition]
) -> int:
    """How many they are."""
    return await tx.value(
        "select count(*)" + _USERS, tx.tenant_id, name, external_id, id_, *_columns(conditions)
    )  # fmt: skip


async def groups(
    tx: Tx, name: str | None, external_id: str | None, id_: UUID | None, conditions: list[Condition], offset: int,
    limit: int,
) -> list[Row]:  # fmt: skip
    """Groups of the tenant that meet all conditions, the oldest first."""
    return await tx.all(
        "select g.id, g.name, g.external_id, g.created_at, g.updated_at" + _GROUPS
        + " order by g.created_at, g.id offset $8 limit $9",
        tx.tenant_id, name, external_id, id_, *_columns(conditions), offset, limit,
    )  # fmt: skip


async def count_groups(
    tx: Tx, name: str | None, external_id: str | None, id_: UUID | None, conditions: list[Condition]
) -> int:
    """How many they are."""
    return await tx.value(
        "select count(*)" + _GROUPS, tx.tenant_id, name, external_id, id_, *_columns(conditions)
    )  # fmt: skip


async def groups_of(tx: Tx, user_ids: list[UserId]) -> list[Row]:
    """Which groups those people are in."""
    return await tx.all(
        "select m.user_id, g.id, g.name from group_members m join groups g on g.tenant_id = m.tenant_id"
        " and g.id = m.group_id where m.tenant_id = $1 and m.user_id = any($2::uuid[]) order by lower(g.name)",
        tx.tenant_id, user_ids,
    )  # fmt: skip


async def members_of(tx: Tx, group_ids: list[UUID]) -> list[Row]:
    """Who is in those groups."""
    return await tx.all(
        "select m.group_id, u.id, u.email, u.name from group_members m join users u on u.tenant_id = m.tenant_id"
        " and u.id = m.user_id where m.tenant_id = $1 and m.group_id = any($2::uuid[]) order by u.email",
        tx.tenant_id, group_ids,
    )  # fmt: skip


async def known_people(tx: Tx, user_ids: list[UUID]) -> list[UserId]:
    """Which of those ids are people of the tenant."""
    rows = await tx.all(
        "select id from users where tenant_id = $1 and id = any($2::uuid[]) and kind = 'person'", tx.tenant_id, user_ids
    )
    return [row["id"] for row in rows]


# System transactions


async def owners(tx: Tx, tenant_id: TenantId) -> list[UserId]:
    """The active owners, locked. System transaction."""
    rows = await tx.all(
        "select id from users where tenant_id = $1 and role = 'owner' and status = 'active' order by id for update",
        tenant_id,
    )
    return [row["id"] for row in rows]


async def person(tx: Tx, tenant_id: TenantId, user_id: UserId) -> Row | None:
    """A person, locked. System transaction."""
    return await tx.one_or_none(
        "select id, email, name, role, is_operator, status, external_id, scim, created_at, updated_at from users"
        " where tenant_id = $1 and id = $2 and kind = 'person' for update",
        tenant_id, user_id,
    )  # fmt: skip


async def taken(tx: Tx, tenant_id: TenantId, user_name: str, email: str, but: UserId | None) -> bool:
    """Whether somebody else has that name or address. System transaction."""
    return await tx.value(
        "select exists (select from users where tenant_id = $1 and id is distinct from $4"
        " and (email = $3 or lower(scim ->> 'userName') = lower($2)))",
        tenant_id, user_name, email, but,
    )  # fmt: skip


async def insert(
    tx: Tx, tenant_id: TenantId, user_id: UserId, email: str, name: str, role: str, status: str,
    external_id: str | None, scim: dict[str, Any],
) -> None:  # fmt: skip
    """Keep a person. System transaction."""
    await tx.run(
        "insert into users (id, tenant_id, email, name, role, status, external_id, scim)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        user_id, tenant_id, email, name, role, status, external_id, scim,
    )  # fmt: skip


async def change(
    tx: Tx, tenant_id: TenantId, user_id: UserId, email: str, name: str, status: str, external_id: str | None,
    scim: dict[str, Any],
) -> None:  # fmt: skip
    """Set everything that SCIM may. System transaction."""
    await tx.run(
        "update users set email = $3, name = $4, status = $5, external_id = $6, scim = $7,"
        " updated_at = current_timestamp where tenant_id = $1 and id = $2",
        tenant_id, user_id, email, name, status, external_id, scim,
    )  # fmt: skip


async def delete(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Remove a person and what was theirs alone. System transaction."""
    await tx.run("delete from users where tenant_id = $1 and id = $2", tenant_id, user_id)


async def revoke_keys(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Revoke all keys of somebody. System transaction."""
    await tx.run(
        "update api_keys set revoked_at = current_timestamp"
        " where tenant_id = $1 and user_id = $2 and revoked_at is null",
        tenant_id, user_id,
    )  # fmt: skip


async def default_role(tx: Tx, tenant_id: TenantId) -> str:
    """The role of newcomers, as set for the identity provider. System transaction."""
    found = await tx.value("select default_role from sso_connections where tenant_id = $1", tenant_id)
    return found or "member"


async def save_token(
    tx: Tx, tenant_id: TenantId, token_hash: bytes, prefix: str, created_by: UserId
) -> None:  # fmt: skip
    """Set the tenant's token in place of the one before. System transaction."""
    await tx.run(
        "insert into scim_tokens (tenant_id, token_hash, prefix, created_by) values ($1, $2, $3, $4)"
        " on conflict (tenant_id) do update set token_hash = $2, prefix = $3, created_by = $4,"
        " created_at = current_timestamp, last_used_at = null",
        tenant_id, token_hash, prefix, created_by,
    )  # fmt: skip


async def delete_token(tx: Tx, tenant_id: TenantId) -> bool:
    """Take the tenant's token away. System transaction."""
    return await tx.run("delete from scim_tokens where tenant_id = $1", tenant_id) == 1


async def token(tx: Tx) -> Row | None:
    """The tenant's token, without what it is."""
    return await tx.one_or_none(
        "select prefix, created_at, last_used_at from scim_tokens where tenant_id = $1", tx.tenant_id
    )


async def tenant_of(tx: Tx, token_hash: bytes) -> TenantId | None:
    """Whose token that is, noting its use once a minute. System transaction."""
    row = await tx.one_or_none(
        "select s.tenant_id, s.last_used_at is null or s.last_used_at < current_timestamp - interval '1 minute' as stale"
        " from scim_tokens s join tenants t on t.id = s.tenant_id where s.token_hash = $1 and t.status = 'active'",
        token_hash,
    )
    if row is None:
        return None
    if row["stale"]:
        await tx.run("update scim_tokens set last_used_at = current_timestamp where tenant_id = $1", row["tenant_id"])
    return row["tenant_id"]
