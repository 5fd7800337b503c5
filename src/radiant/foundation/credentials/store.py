"""SQL of credentials and their versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.infra.kms import Sealed

_LISTED = (
    "select c.id, c.vault_id, v.vault_name, c.credential_name, c.credential_type, c.metadata, c.expires_at,"
    " c.last_rotated, c.rotation_schedule, c.next_rotation_at, coalesce(c.is_active, true) as is_active, c.created_by,"
    " c.created_at, c.updated_at, c.current_version, c.last_version, c.grace_seconds, c.deleted_at, c.purge_after,"
    " used.created_at as last_used_at, used.accessed_by as last_used_by, u.email as last_used_by_email,"
    " used.actor_kind as last_used_by_kind"
    " from stored_credentials c join credential_vaults v on v.tenant_id = c.tenant_id and v.id = c.vault_id"
    " left join lateral (select l.created_at, l.accessed_by, l.actor_kind from credential_access_log l"
    "  where l.tenant_id = c.tenant_id and l.credential_id = c.id and l.success and l.access_type in ('use', 'read')"
    "  order by l.seq desc limit 1) used on true"
    " left join users u on u.tenant_id = c.tenant_id and u.id = used.accessed_by"
)


async def insert(
    tx: Tx, credential_id: UUID, vault_id: UUID, name: str, kind: str, payload: bytes, metadata: dict[str, Any],
    expires_at: datetime | None, rotation_schedule: str | None, grace_seconds: int, user_id: UUID | None,
) -> bool:  # fmt: skip
    """Keep a credential at version 1; False where the vault has one of that name."""
    touched = await tx.run(
        "insert into stored_credentials (id, tenant_id, vault_id, credential_name, credential_type, encrypted_value,"
        " metadata, expires_at, rotation_schedule, grace_seconds, created_by)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " on conflict (tenant_id, vault_id, credential_name) where deleted_at is null do nothing",
        credential_id, tx.tenant_id, vault_id, name, kind, payload, metadata, expires_at, rotation_schedule,
        grace_seconds, user_id,
    )  # fmt: skip
    return touched == 1


async def page(tx: Tx, vault_id: UUID, deleted: bool, after: tuple[str, UUID] | None, limit: int) -> list[Row]:
    """A vault's credentials by name, without values; those that were deleted and can be had back, or the others."""
    return await tx.all(
        _LISTED + " where c.tenant_id = $1 and c.vault_id = $2 and (c.deleted_at is not null) = $3"
        " and ($4::text is null or (lower(c.credential_name), c.id) > ($4, $5::uuid))"
        " order by lower(c.credential_name), c.id limit $6",
        tx.tenant_id, vault_id, deleted, after[0] if after else None, after[1] if after else None, limit,
    )  # fmt: skip


async def get(tx: Tx, credential_id: UUID) -> Row | None:
    """A credential without its value, deleted or not."""
    return await tx.one_or_none(_LISTED + " where c.tenant_id = $1 and c.id = $2", tx.tenant_id, credential_id)


async def lock(tx: Tx, credential_id: UUID) -> Row | None:
    """A credential that was not deleted, held against other changes until the transaction ends."""
    return await tx.one_or_none(
        "select id, last_version, grace_seconds from stored_credentials"
        " where tenant_id = $1 and id = $2 and deleted_at is null for update",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def insert_version(
    tx: Tx, credential_id: UUID, version: int, sealed: Sealed, stage: str, user_id: UUID | None
) -> None:
    """Keep a version, the last of its credential."""
    await tx.run(
        "update stored_credentials set last_version = $3 where tenant_id = $1 and id = $2",
        tx.tenant_id, credential_id, version,
    )  # fmt: skip
    await tx.run(
        "insert into credential_versions (tenant_id, credential_id, version, kek_id, sealed_under, wrapped_key, sealed,"
        " stage, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.tenant_id, credential_id, version, sealed.kek, sealed.sealed_under, sealed.wrapped, sealed.payload, stage,
        user_id,
    )  # fmt: skip


async def retire(tx: Tx, credential_id: UUID, stage: str) -> None:
    """Retire the version of that stage, where there is one."""
    await tx.run(
        "update credential_versions set stage = 'retired', retired_at = current_timestamp, valid_until = null"
        " where tenant_id = $1 and credential_id = $2 and stage = $3",
        tx.tenant_id, credential_id, stage,
    )  # fmt: skip


async def end_current(tx: Tx, credential_id: UUID, grace_seconds: int) -> None:
    """The current version becomes the previous one, served for so long."""
    await tx.run(
        "update credential_versions set stage = 'previous',"
        " valid_until = current_timestamp + make_interval(secs => $3::int)"
        " where tenant_id = $1 and credential_id = $2 and stage = 'current'",
        tx.tenant_id, credential_id, grace_seconds,
    )  # fmt: skip


async def make_current(tx: Tx, credential_id: UUID, version: int) -> bool:
    """Make a version the current one, in both tables; False where there is no such version."""
    payload: bytes | None = await tx.value(
        "update credential_versions set stage = 'current', retired_at = null, valid_until = null"
        " where tenant_id = $1 and credential_id = $2 and version = $3 returning sealed",
        tx.tenant_id, credential_id, version,
    )  # fmt: skip
    if payload is None:
        return False
    await tx.run(
        "update stored_credentials set encrypted_value = $4, current_version = $3, last_rotated = current_timestamp,"
        " updated_at = current_timestamp where tenant_id = $1 and id = $2",
        tx.tenant_id, credential_id, version, payload,
    )  # fmt: skip
    return True


async def stage_of(tx: Tx, credential_id: UUID, version: int) -> str | None:
    """The stage of a version."""
    return await tx.value(
        "select stage from credential_versions where tenant_id = $1 and credential_id = $2 and version = $3",
        tx.tenant_id, credential_id, version,
    )  # fmt: skip


async def last_before(tx: Tx, credential_id: UUID) -> int | None:
    """The version to roll back to: the previous one, else the newest that was retired from before the current."""
    return await tx.value(
        "select version from credential_versions v where v.tenant_id = $1 and v.credential_id = $2"
        " and (v.stage = 'previous' or v.stage = 'retired' and v.version < (select current_version from"
        "  stored_credentials where tenant_id = $1 and id = $2))"
        " order by v.stage = 'previous' desc, v.version desc limit 1",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def versions(tx: Tx, credential_id: UUID, before: int | None, limit: int) -> list[Row]:
    """Versions without values, the newest first."""
    return await tx.all(
        "select version, stage, kek_id, valid_until, created_by, created_at, retired_at from credential_versions"
        " where tenant_id = $1 and credential_id = $2 and ($3::int is null or version < $3)"
        " order by version desc limit $4",
        tx.tenant_id, credential_id, before, limit,
    )  # fmt: skip


async def pending(tx: Tx, credential_id: UUID) -> int | None:
    """The number of the pending version."""
    return await tx.value(
        "select version from credential_versions where tenant_id = $1 and credential_id = $2 and stage = 'pending'",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def sealed(
    tx: Tx, credential_id: UUID, version: int | None, stage: str | None, user_id: UUID | None, api_key_id: UUID | None
) -> Row | None:
    """A credential with the sealed value of a version (of that number, of that stage, or the current one), and its vault
    as `vaults_store.reach` gives it: one trip, since this is what uses and showings wait for."""
    return await tx.one_or_none(
        "select c.credential_name, c.credential_type, c.expires_at, coalesce(c.is_active, true) as is_active,"
        " c.deleted_at, v.version, v.stage, v.valid_until, v.kek_id, v.sealed_under, v.wrapped_key,"
        " case when v.stage = 'current' then c.encrypted_value else v.sealed end as payload,"
        " t.id, t.vault_name, t.description, t.encryption_key_arn, t.reveal_roles, t.second_person,"
        " t.reveal_window_seconds, t.recovery_days, t.created_at,"
        " (select m.role from credential_vault_members m where m.tenant_id = t.tenant_id and m.vault_id = t.id"
        "  and m.user_id = $5) as person_role,"
        " (select m.role from credential_vault_members m where m.tenant_id = t.tenant_id and m.vault_id = t.id"
        "  and m.api_key_id = $6) as key_role"
        " from stored_credentials c"
        " join credential_vaults t on t.tenant_id = c.tenant_id and t.id = c.vault_id"
        " left join credential_versions v on v.tenant_id = c.tenant_id and v.credential_id = c.id"
        "  and case when $3::int is not null then v.version = $3"
        "  when $4::text is not null then v.stage = $4 else v.version = c.current_version end"
        " where c.tenant_id = $1 and c.id = $2",
        tx.tenant_id, credential_id, version, stage, user_id, api_key_id,
    )  # fmt: skip


async def change(
    tx: Tx, credential_id: UUID, name: str | None, metadata: dict[str, Any] | None, expires_at: datetime | None,
    sets_expiry: bool, is_active: bool | None, rotation_schedule: str | None, sets_schedule: bool,
    grace_seconds: int | None,
) -> None:  # fmt: skip
    """Write what is not null; expiry and schedule as given where they are set."""
    await tx.run(
        "update stored_credentials set credential_name = coalesce($3, credential_name),"
        " metadata = coalesce($4::jsonb, metadata), expires_at = case when $6 then $5::timestamptz else expires_at end,"
        " is_active = coalesce($7, is_active), rotation_schedule = case when $9 then $8 else rotation_schedule end,"
        " grace_seconds = coalesce($10, grace_seconds), updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, credential_id, name, metadata, expires_at, sets_expiry, is_active, rotation_schedule,
        sets_schedule, grace_seconds,
    )  # fmt: skip


async def name_taken(tx: Tx, vault_id: UUID, name: str, but: UUID) -> bool:
    """Whether another credential of the vault, not deleted, has that name."""
    return await tx.value(
        "select exists (select from stored_credentials where tenant_id = $1 and vault_id = $2 and credential_name = $3"
        " and id <> $4 and deleted_at is null)",
        tx.tenant_id, vault_id, name, but,
    )  # fmt: skip


async def delete(tx: Tx, credential_id: UUID, recovery_days: int) -> bool:
    """Delete a credential so that it can be had back for so long."""
    touched = await tx.run(
        "update stored_credentials set deleted_at = current_timestamp,"
        " purge_after = current_timestamp + make_interval(days => $3::int), updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and deleted_at is null",
        tx.tenant_id, credential_id, recovery_days,
    )  # fmt: skip
    return touched == 1


async def restore(tx: Tx, credential_id: UUID) -> bool:
    """Have a deleted credential back."""
    touched = await tx.run(
        "update stored_credentials set deleted_at = null, purge_after = null, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and deleted_at is not null",
        tx.tenant_id, credential_id,
    )  # fmt: skip
    return touched == 1


async def purge(tx: Tx, credential_id: UUID) -> bool:
    """Destroy a deleted credential and all its versions."""
    touched = await tx.run(
        "delete from stored_credentials where tenant_id = $1 and id = $2 and deleted_at is not null",
        tx.tenant_id, credential_id,
    )  # fmt: skip
    return touched == 1


async def purge_due(tx: Tx, limit: int) -> list[Row]:
    """Destroy the tenant's deleted credentials whose time to be had back has passed."""
    return await tx.all(
        "delete from stored_credentials where (tenant_id, id) in (select tenant_id, id from stored_credentials"
        " where tenant_id = $1 and purge_after <= current_timestamp order by purge_after limit $2)"
        " returning id, vault_id, credential_name",
        tx.tenant_id, limit,
    )  # fmt: skip


async def tenants_to_purge(tx: Tx) -> list[UUID]:
    """Tenants with deleted credentials whose time has passed. System transaction."""
    rows = await tx.all("select distinct tenant_id from stored_credentials where purge_after <= current_timestamp")
    return [row["tenant_id"] for row in rows]
