"""SQL of people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.foundation.identity.schemas import NewUser, ProfileChange, User, UserChange
from radiant.infra.db import Row, Tx
from radiant.kit.ids import SessionId, TenantId, UserId


def _user(row: Row | None) -> User | None:
    return User.model_validate(dict(row)) if row else None


async def insert(tx: Tx, user_id: UserId, tenant_id: TenantId, new: NewUser, password_hash: str) -> User | None:
    """The stored person, or None if the tenant already has that e-mail. System transaction: it sets a password."""
    return _user(
        await tx.one_or_none(
            "insert into users (id, tenant_id, email, name, role, password_hash, must_change_password)"
            " values ($1, $2, $3, $4, $5, $6, true) on conflict (tenant_id, email) do nothing"
            " returning id, email, name, role, is_operator, kind, must_change_password, status, preferences, last_seen_at,"
            " created_at",
            user_id, tenant_id, new.email, new.name, new.role, password_hash,
        )
    )  # fmt: skip


async def insert_without_password(
    tx: Tx, user_id: UserId, tenant_id: TenantId, email: str, name: str, role: str
) -> bool:
    """A person who signs in by other means; False if the tenant already has that e-mail. System transaction."""
    return (
        await tx.run(
            "insert into users (id, tenant_id, email, name, role) values ($1, $2, $3, $4, $5)"
            " on conflict (tenant_id, email) do nothing",
            user_id, tenant_id, email, name, role,
        )
        == 1
    )  # fmt: skip


async def insert_service(tx: Tx, user_id: UserId, email: str, name: str, role: str) -> None:
    """Keep a service account of the caller's tenant."""
    await tx.run(
        "insert into users (id, tenant_id, email, name, role, kind) values ($1, $2, $3, $4, $5, 'service')",
        user_id, tx.tenant_id, email, name, role,
    )  # fmt: skip


async def set_role(tx: Tx, tenant_id: TenantId, user_id: UserId, role: str) -> bool:
    """Give a person that is no owner another role; whether it was another. System transaction."""
    touched = await tx.run(
        "update users set role = $3, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and role not in ($3, 'owner')",
        tenant_id, user_id, role,
    )  # fmt: skip
    return touched == 1


async def get(tx: Tx, user_id: UserId) -> User | None:
    """A person of this tenant."""
    return _user(
        await tx.one_or_none(
            "select id, email, name, role, is_operator, kind, must_change_password, status, preferences, last_seen_at,"
            " created_at from users where tenant_id = $1 and id = $2 and kind <> 'group'",
            tx.tenant_id, user_id,
        )
    )  # fmt: skip


async def page(
    tx: Tx, after: tuple[datetime, UUID] | None, limit: int, *, kind: str | None = None
) -> list[User]:  # fmt: skip
    """People and service accounts of this tenant, or those of one kind, the oldest first."""
    rows = await tx.all(
        "select id, email, name, role, is_operator, kind, must_change_password, status, preferences, last_seen_at,"
        " created_at from users where tenant_id = $1 and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid))"
        " and kind <> 'group' and ($5::text is null or kind = $5) order by created_at, id limit $4",
        tx.tenant_id, after[0] if after else None, after[1] if after else None, limit, kind,
    )  # fmt: skip
    return [User.model_validate(dict(row)) for row in rows]


async def change(tx: Tx, user_id: UserId, change: UserChange) -> User | None:
    """Name, role, status."""
    return _user(
        await tx.one_or_none(
            "update users set name = coalesce($3, name), role = coalesce($4, role), status = coalesce($5, status),"
            " updated_at = current_timestamp where tenant_id = $1 and id = $2 and kind <> 'group'"
            " returning id, email, name, role, is_operator, kind, must_change_password, status, preferences, last_seen_at,"
            " created_at",
            tx.tenant_id, user_id, change.name, change.role, change.status,
        )
    )  # fmt: skip


async def change_profile(tx: Tx, change: ProfileChange) -> User | None:
    """A person's own name and preferences (merged key by key)."""
    return _user(
        await tx.one_or_none(
            "update users set name = coalesce($3, name), preferences = preferences || coalesce($4::jsonb, '{}'),"
            " updated_at = current_timestamp where tenant_id = $1 and id = $2"
            " returning id, email, name, role, is_operator, kind, must_change_password, status, preferences, last_seen_at,"
            " created_at",
            tx.tenant_id, tx.user_id, change.name, change.preferences,
        )
    )  # fmt: skip


async def delete(tx: Tx, user_id: UserId) -> bool:
    """Remove a person and, by cascade, what was theirs alone."""
    touched = await tx.run(
        "delete from users where tenant_id = $1 and id = $2 and kind <> 'group'", tx.tenant_id, user_id
    )
    return touched == 1


async def lock_owners(tx: Tx) -> list[UserId]:
    """The active owners of this tenant, locked, so that two at once cannot remove the last two."""
    rows = await tx.all(
        "select id from users where tenant_id = $1 and role = 'owner' and status = 'active' order by id for update",
        tx.tenant_id,
    )
    return [row["id"] for row in rows]


# System transactions: they touch what the application may not read


async def sign_in_candidates(tx: Tx, email: str, tenant_slug: str | None) -> list[Row]:
    """Accounts of that e-mail with their hashes, in all tenants or the one named. At most ten are tried."""
    return await tx.all(
        "select u.id, u.tenant_id, u.password_hash, u.role, t.slug, t.name as tenant_name,"
        " coalesce(c.required and c.is_active, false) as sso_required from users u"
        " join tenants t on t.id = u.tenant_id left join sso_connections c on c.tenant_id = t.id"
        " where u.email = $1 and u.kind = 'person' and u.status = 'active' and t.status = 'active'"
        " and ($2::text is null or t.slug = $2) order by u.created_at limit 10",
        email, tenant_slug,
    )  # fmt: skip


async def is_active(tx: Tx, tenant_id: TenantId, user_id: UserId) -> bool:
    """Whether that person may sign in just now. System transaction."""
    return await tx.value(
        "select exists (select from users u join tenants t on t.id = u.tenant_id where u.tenant_id = $1 and u.id = $2"
        " and u.status = 'active' and u.kind = 'person' and t.status = 'active')",
        tenant_id, user_id,
    )  # fmt: skip


async def session_opened_at(tx: Tx, tenant_id: TenantId, session_id: SessionId) -> datetime | None:
    """When a session was opened. System transaction."""
    return await tx.value("select created_at from sessions where tenant_id = $1 and id = $2", tenant_id, session_id)


async def password_hash(tx: Tx, tenant_id: TenantId, user_id: UserId) -> str | None:
    """A person's password hash."""
    return await tx.value("select password_hash from users where tenant_id = $1 and id = $2", tenant_id, user_id)


async def set_password(tx: Tx, tenant_id: TenantId, user_id: UserId, password_hash: str, *, one_time: bool) -> bool:
    """Store a hash; a one-time password must be changed at the next sign-in."""
    touched = await tx.run(
        "update users set password_hash = $3, must_change_password = $4, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tenant_id, user_id, password_hash, one_time,
    )  # fmt: skip
    return touched == 1


async def make_operator(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Make a person the platform's operator."""
    await tx.run("update users set is_operator = true where tenant_id = $1 and id = $2", tenant_id, user_id)


async def count(tx: Tx) -> int:
    """How many people there are on the platform."""
    return await tx.value("select count(*) from users")


async def export_person(tx: Tx) -> dict[str, Any]:
    """Everything kept about the person of this transaction, by table."""
    rows = await tx.all("select table_name, content from app.export_person()")
    return {row["table_name"]: row["content"] for row in rows}
