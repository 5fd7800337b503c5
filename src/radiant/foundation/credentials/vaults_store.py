"""SQL of vaults and of who is in them."""

from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def insert(
    tx: Tx, vault_id: UUID, name: str, description: str | None, key_id: str, user_id: UUID | None,
    reveal_roles: list[Any], second_person: bool, window: int, recovery_days: int,
) -> bool:  # fmt: skip
    """Keep a vault; False where the tenant has one of that name."""
    touched = await tx.run(
        "insert into credential_vaults (id, tenant_id, vault_name, description, encryption_key_arn, created_by,"
        " reveal_roles, second_person, reveal_window_seconds, recovery_days)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (tenant_id, vault_name) do nothing",
        vault_id, tx.tenant_id, name, description, key_id, user_id, reveal_roles, second_person, window, recovery_days,
    )  # fmt: skip
    return touched == 1


async def reach(tx: Tx, vault_id: UUID, user_id: UUID | None, api_key_id: UUID | None) -> Row | None:
    """A vault, with the role in it of that person and of that key."""
    return await tx.one_or_none(
        "select v.id, v.vault_name, v.description, v.encryption_key_arn, v.reveal_roles, v.second_person,"
        " v.reveal_window_seconds, v.recovery_days, v.created_at,"
        " (select m.role from credential_vault_members m where m.tenant_id = v.tenant_id and m.vault_id = v.id"
        "  and m.user_id = $3) as person_role,"
        " (select m.role from credential_vault_members m where m.tenant_id = v.tenant_id and m.vault_id = v.id"
        "  and m.api_key_id = $4) as key_role"
        " from credential_vaults v where v.tenant_id = $1 and v.id = $2",
        tx.tenant_id, vault_id, user_id, api_key_id,
    )  # fmt: skip


async def page(
    tx: Tx, user_id: UUID | None, api_key_id: UUID | None, everything: bool, after: tuple[str, UUID] | None, limit: int
) -> list[Row]:
    """Vaults by name, those that the person or key is in or all; as `reach` gives them, with how much is in each."""
    return await tx.all(
        "select v.id, v.vault_name, v.description, v.encryption_key_arn, v.reveal_roles, v.second_person,"
        " v.reveal_window_seconds, v.recovery_days, v.created_at, p.role as person_role, k.role as key_role,"
        " (select count(*) from stored_credentials c where c.tenant_id = v.tenant_id and c.vault_id = v.id"
        "  and c.deleted_at is null) as credentials"
        " from credential_vaults v"
        " left join credential_vault_members p on p.tenant_id = v.tenant_id and p.vault_id = v.id and p.user_id = $2"
        " left join credential_vault_members k on k.tenant_id = v.tenant_id and k.vault_id = v.id and k.api_key_id = $3"
        " where v.tenant_id = $1 and ($4 or p.role is not null or k.role is not null)"
        " and ($5::text is null or (v.vault_name, v.id) > ($5, $6::uuid)) order by v.vault_name, v.id limit $7",
        tx.tenant_id, user_id, api_key_id, everything, after[0] if after else None, after[1] if after else None, limit,
    )  # fmt: skip


async def change(
    tx: Tx, vault_id: UUID, name: str | None, description: str | None, reveal_roles: list[Any] | None,
    second_person: bool | None, window: int | None, recovery_days: int | None,
) -> None:  # fmt: skip
    """Write what is not null."""
    await tx.run(
        "update credential_vaults set vault_name = coalesce($3, vault_name),"
        " description = coalesce($4, description), reveal_roles = coalesce($5::text[], reveal_roles),"
        " second_person = coalesce($6, second_person), reveal_window_seconds = coalesce($7, reveal_window_seconds),"
        " recovery_days = coalesce($8, recovery_days), updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, vault_id, name, description, reveal_roles, second_person, window, recovery_days,
    )  # fmt: skip


async def name_taken(tx: Tx, name: str, but: UUID) -> bool:
    """Whether another vault of the tenant has that name."""
    return await tx.value(
        "select exists (select from credential_vaults where tenant_id = $1 and vault_name = $2 and id <> $3)",
        tx.tenant_id, name, but,
    )  # fmt: skip


async def delete(tx: Tx, vault_id: UUID) -> bool:
    """Delete a vault that holds nothing, not even what was deleted and can be had back; False where it does."""
    touched = await tx.run(
        "delete from credential_vaults v where v.tenant_id = $1 and v.id = $2 and not exists"
        " (select from stored_credentials c where c.tenant_id = v.tenant_id and c.vault_id = v.id)",
        tx.tenant_id, vault_id,
    )  # fmt: skip
    return touched == 1


async def members(tx: Tx, vault_id: UUID, after: UUID | None, limit: int) -> list[Row]:
    """Who is in a vault, in the order of their ids."""
    return await tx.all(
        "select m.id, m.user_id, m.api_key_id, m.role, m.added_by, m.added_at, coalesce(u.email, k.name) as name"
        " from credential_vault_members m"
        " left join users u on u.tenant_id = m.tenant_id and u.id = m.user_id"
        " left join api_keys k on k.tenant_id = m.tenant_id and k.id = m.api_key_id"
        " where m.tenant_id = $1 and m.vault_id = $2 and ($3::uuid is null or m.id > $3) order by m.id limit $4",
        tx.tenant_id, vault_id, after, limit,
    )  # fmt: skip


async def member(tx: Tx, vault_id: UUID, user_id: UUID | None, api_key_id: UUID | None) -> Row | None:
    """The membership of that person or key."""
    return await tx.one_or_none(
        "select m.id, m.user_id, m.api_key_id, m.role, m.added_by, m.added_at, coalesce(u.email, k.name) as name"
        " from credential_vault_members m"
        " left join users u on u.tenant_id = m.tenant_id and u.id = m.user_id"
        " left join api_keys k on k.tenant_id = m.tenant_id and k.id = m.api_key_id"
        " where m.tenant_id = $1 and m.vault_id = $2"
        " and m.user_id is not distinct from $3 and m.api_key_id is not distinct from $4",
        tx.tenant_id, vault_id, user_id, api_key_id,
    )  # fmt: skip


async def is_here(tx: Tx, user_id: UUID | None, api_key_id: UUID | None) -> bool:
    """Whether that person is in the tenant, or that key is one of it that was not revoked."""
    return await tx.value(
        "select exists (select from users where tenant_id = $1 and id = $2)"
        " or exists (select from api_keys where tenant_id = $1 and id = $3 and revoked_at is null)",
        tx.tenant_id, user_id, api_key_id,
    )  # fmt: skip


async def put_member(
    tx: Tx, member_id: UUID, vault_id: UUID, user_id: UUID | None, api_key_id: UUID | None, role: str,
    added_by: UUID | None,
) -> None:  # fmt: skip
    """Give a role in the vault, in place of the one before."""
    await tx.run(
        "insert into credential_vault_members (id, tenant_id, vault_id, user_id, api_key_id, role, added_by)"
        " values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, vault_id, user_id, api_key_id) do update"
        " set role = excluded.role, added_by = excluded.added_by, added_at = current_timestamp",
        member_id, tx.tenant_id, vault_id, user_id, api_key_id, role, added_by,
    )  # fmt: skip


async def remove_member(tx: Tx, member_id: UUID) -> None:
    """Take a role away."""
    await tx.run("delete from credential_vault_members where tenant_id = $1 and id = $2", tx.tenant_id, member_id)


async def has_other_owner(tx: Tx, vault_id: UUID, but: UUID) -> bool:
    """Whether a person besides that membership owns the vault. The vault's row is locked, so that two owners cannot
    leave at once."""
    await tx.run("select from credential_vaults where tenant_id = $1 and id = $2 for update", tx.tenant_id, vault_id)
    return await tx.value(
        "select exists (select from credential_vault_members where tenant_id = $1 and vault_id = $2"
        " and role = 'owner' and user_id is not null and id <> $3)",
        tx.tenant_id, vault_id, but,
    )  # fmt: skip


async def with_trail(tx: Tx, user_id: UUID | None, api_key_id: UUID | None) -> list[UUID]:
    """Vaults whose trail that key reads in its own role, or else that person."""
    rows = await tx.all(
        "select vault_id from credential_vault_members m where tenant_id = $1"
        " and role in ('owner', 'manager', 'auditor') and (api_key_id = $3 or user_id = $2 and not exists"
        "  (select from credential_vault_members k where k.tenant_id = m.tenant_id and k.vault_id = m.vault_id"
        "  and k.api_key_id = $3))",
        tx.tenant_id, user_id, api_key_id,
    )  # fmt: skip
    return [row["vault_id"] for row in rows]
