"""SQL of files."""

from datetime import datetime

from radiant.foundation.files.schemas import Asset
from radiant.infra.db import Row, Tx
from radiant.infra.objects import ObjectKey, Stored
from radiant.kit.ids import AssetId, UserId


async def insert_incomplete(
    tx: Tx, asset_id: AssetId, user_id: UserId | None, key: ObjectKey, name: str, purpose: str, give_up_at: datetime
) -> None:
    """A file that is about to be written. If its upload never ends, retention removes row and object."""
    await tx.run(
        "insert into assets (id, tenant_id, user_id, shared, key, name, media_type, bytes, sha256, purpose, complete,"
        " expires_at) values ($1, $2, $3, $3::uuid is null, $4, $5, '', 0, decode(repeat('00', 32), 'hex'), $6, false,"
        " $7)",
        asset_id, tx.tenant_id, user_id, key, name, purpose, give_up_at,
    )  # fmt: skip


async def complete(
    tx: Tx, asset_id: AssetId, stored: Stored, media_type: str, expires_at: datetime | None
) -> Asset | None:
    """The file is whole; None where it was given up meanwhile."""
    row = await tx.one_or_none(
        "update assets set bytes = $3, sha256 = $4, media_type = $5, complete = true, expires_at = $6"
        " where tenant_id = $1 and id = $2 and not complete"
        " returning id, key, user_id, shared, name, media_type, bytes, purpose, created_at",
        tx.tenant_id, asset_id, stored.size, stored.sha256, media_type, expires_at,
    )  # fmt: skip
    return Asset(**row) if row else None


async def find(tx: Tx, asset_id: AssetId) -> Asset | None:
    """A whole file that the caller may see."""
    row = await tx.one_or_none(
        "select id, key, user_id, shared, name, media_type, bytes, purpose, created_at from assets"
        " where tenant_id = $1 and id = $2 and complete and (expires_at is null or expires_at > current_timestamp)",
        tx.tenant_id, asset_id,
    )  # fmt: skip
    return Asset(**row) if row else None


async def own_of_purpose(
    tx: Tx, user_id: UserId, purposes: list[str], after: AssetId | None, limit: int, *, newest_first: bool
) -> list[Asset]:
    """A person's whole files that were made for something, by time, after that one."""
    rows = await tx.all(
        "select id, key, user_id, shared, name, media_type, bytes, purpose, created_at from assets a"
        " where a.tenant_id = $1 and a.user_id = $2 and a.purpose = any($3::text[]) and a.complete"
        " and (a.expires_at is null or a.expires_at > current_timestamp)"
        " and ($4::uuid is null or (select case when $6 then (a.created_at, a.id) < (b.created_at, b.id)"
        " else (a.created_at, a.id) > (b.created_at, b.id) end from assets b where b.tenant_id = $1 and b.id = $4))"
        " order by case when $6 then a.created_at end desc, case when $6 then a.id end desc, a.created_at, a.id"
        " limit $5",
        tx.tenant_id, user_id, purposes, after, limit, newest_first,
    )  # fmt: skip
    return [Asset(**row) for row in rows]


async def delete(tx: Tx, asset_id: AssetId, user_id: UserId | None) -> bool:
    """Remove a file of the person's own, or of the tenant's own (None). Its object is queued for removal."""
    touched = await tx.run(
        "delete from assets where tenant_id = $1 and id = $2 and user_id is not distinct from $3",
        tx.tenant_id, asset_id, user_id,
    )  # fmt: skip
    return touched == 1


async def next_deletions(tx: Tx, limit: int) -> list[Row]:
    """Objects that wait to be removed, oldest first. For a system transaction."""
    return await tx.all("select id, key from object_deletions order by id limit $1", limit)


async def forget_deletions(tx: Tx, ids: list[int]) -> None:
    """They are gone. For a system transaction."""
    await tx.run("delete from object_deletions where id = any($1::bigint[])", ids)
